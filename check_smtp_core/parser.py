"""The command line of an executable, with a monitoring plugin's manners.

Rule: nothing here ends the process. What is wrong leaves as UsageError, a text that was asked for
as Information. No positional arguments, no abbreviations; an empty value means "not given"
(Icinga passes `--port ""`), and a single value may not be given twice. Options are declared here
and shown by argparse (see manual.py), whose import and start would be a tenth of a whole run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from check_smtp_core.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, NoReturn


_NOTHING, _ONE_VALUE, _PERHAPS_ONE = range(3)


class UsageError(Exception):
    """The command line cannot be understood; the message says what is wrong with it."""


class Information(Exception):
    """The user asked for a text (--help, --version, --explain) and gets nothing but it."""


class InvalidValue(Exception):
    """A converter's verdict on a value; the message says why it will not do."""


class Option:
    """One option: its names, where its value goes, and how --help shows it.

    `help` is empty for an option that --help does not show; `convert` makes a value of a text.
    """

    arity = _NOTHING

    def __init__(
        self,
        names: tuple[str, ...],
        help: str,
        dest: str = "",
        default: Any = None,
        metavar: str = "",
        convert: Callable[[str], Any] = str,
        const: Any = None,
    ) -> None:
        self.names = names
        self.help = help
        self.dest = dest or max(names, key=len).lstrip("-").replace("-", "_")
        self.default = default
        self.metavar = metavar
        self.convert = convert
        self.const = const

    @property
    def takes_value(self) -> bool:
        """Whether a value has to follow."""
        return self.arity == _ONE_VALUE

    @property
    def may_take_value(self) -> bool:
        """Whether a value may follow, or has to."""
        return self.arity != _NOTHING

    def take(self, parser: Parser, onto: Any, value: Any, name: str) -> None:
        """Do what giving the option by this name does."""
        setattr(onto, self.dest, self.const)


class SingleValue(Option):
    """An option that takes one value and may be given once."""

    arity = _ONE_VALUE

    def take(self, parser: Parser, onto: Any, value: Any, name: str) -> None:
        """Set the value; an empty one is none."""
        if value == "":
            return
        if self.dest in parser.given:
            parser.error(f"{name} is given twice")
        parser.given.add(self.dest)
        setattr(onto, self.dest, self.convert(value))


class ListOfValues(Option):
    """An option that adds to a tuple: it is repeatable and takes comma lists."""

    arity = _ONE_VALUE

    def take(self, parser: Parser, onto: Any, value: Any, name: str) -> None:
        """Add the values of a comma list."""
        more = tuple(self.convert(each.strip()) for each in value.split(",") if each.strip())
        setattr(onto, self.dest, getattr(onto, self.dest) + more)


class _Secret(SingleValue):
    def take(self, parser: Parser, onto: Any, value: Any, name: str) -> None:
        if not parser.secrets_allowed:
            parser.error(f"{name}: everybody on this machine can read it there; {self.const}")
        super().take(parser, onto, value, name)


class _Choice(Option):
    def take(self, parser: Parser, onto: Any, value: Any, name: str) -> None:
        if self.dest in parser.given and getattr(onto, self.dest) != self.const:
            parser.error(f"{name} contradicts another option")
        parser.given.add(self.dest)
        setattr(onto, self.dest, self.const)


class _Counter(Option):
    def take(self, parser: Parser, onto: Any, value: Any, name: str) -> None:
        setattr(onto, self.dest, getattr(onto, self.dest) + 1)


class _Places(Option):
    arity = _PERHAPS_ONE

    def take(self, parser: Parser, onto: Any, value: Any, name: str) -> None:
        place = self.const if value is None else value
        setattr(onto, self.dest, (*(getattr(onto, self.dest) or ()), place))


class _Text(Option):
    def take(self, parser: Parser, onto: Any, value: Any, name: str) -> None:
        raise Information(self.const(parser, self.convert(value) if self.takes_value else None))


class _TextAbout(_Text):
    arity = _ONE_VALUE


class _Refused(Option):
    arity = _PERHAPS_ONE

    def take(self, parser: Parser, onto: Any, value: Any, name: str) -> None:
        parser.error(f"{name} is an option of check_smtp: {self.const}")


class Section:
    """A titled section of a parser's options. A converter raises InvalidValue."""

    def __init__(self, parser: Parser, title: str) -> None:
        self.title = title
        self.options: list[Option] = []
        self._parser = parser

    def value(
        self,
        *names: str,
        convert: Callable[[str], Any],
        metavar: str,
        help: str,
        default: Any = "",
        dest: str = "",
    ) -> None:
        """An option that takes one value and may be given once; the default is ""."""
        self._add(SingleValue(names, help, dest, default, metavar, convert))

    def values(
        self,
        *names: str,
        convert: Callable[[str], Any],
        metavar: str,
        help: str,
        dest: str = "",
    ) -> None:
        """An option that adds to a tuple: it is repeatable and takes comma lists."""
        self._add(ListOfValues(names, help, dest, (), metavar, convert))

    def choice(self, *names: str, dest: str, const: Any, default: Any, help: str) -> None:
        """A flag that stands for one value of several that exclude each other."""
        self._add(_Choice(names, help, dest, default, const=const))

    def flag(self, *names: str, help: str, dest: str = "", const: bool = True) -> None:
        """A flag that sets `const`, whose opposite is the default."""
        self._add(Option(names, help, dest, not const, const=const))

    def counter(self, *names: str, help: str) -> None:
        """A flag that counts how often it is given."""
        self._add(_Counter(names, help, default=0))

    def places(self, *names: str, metavar: str, help: str, const: str) -> None:
        """An option that adds its value to a tuple, or `const` where it has none; else None."""
        self._add(_Places(names, help, metavar=metavar, const=const))

    def text(self, *names: str, text: Callable[[Parser, Any], str], help: str) -> None:
        """An option that prints a text and nothing else."""
        self._add(_Text(names, help, const=text))

    def text_about(
        self,
        *names: str,
        text: Callable[[Parser, Any], str],
        convert: Callable[[str], Any],
        metavar: str,
        help: str,
    ) -> None:
        """An option that prints a text about its value and nothing else."""
        self._add(_TextAbout(names, help, metavar=metavar, convert=convert, const=text))

    def secret(self, name: str, advice: str) -> None:
        """An option that only a file of --extra-opts may give: a command line is no secret."""
        self._add(_Secret((name,), "", default="", const=advice))

    def refused(self, letter: str, advice: str) -> None:
        """A letter that other plugins know; here it is a usage error that names its heir."""
        self._add(_Refused((letter,), "", const=advice))

    def _add(self, option: Option) -> None:
        self.options.append(option)
        self._parser.by_name.update(dict.fromkeys(option.names, option))


class Parser:
    """The parser of one executable; `own` is the section for the check's own options.

    `local` is true for a check of this machine, which has no host to name. `tls_by_default` is
    true for a check that makes no sense without TLS, `default_port` the port without it;
    `one_endpoint` for a check that makes no sense with more than one. While
    `secrets_allowed` is false, as on the command line, no option takes a secret. `complete` checks
    the check's own options together, and raises InvalidValue.
    """

    def __init__(self, prog: str, description: str, local: bool = False) -> None:
        self.prog = prog
        self.description = description
        self.usage = f"{prog} [options]" if local else f"{prog} -H HOST [options]"
        self.local = local
        self.tls_by_default = False
        self.default_port = 25
        self.one_endpoint = False
        self.secrets_allowed = False
        self.complete: Callable[[Any], None] | None = None
        self.given: set[str] = set()
        self.by_name: dict[str, Option] = {}
        self.sections: list[Section] = []
        self.own = self.section("options of this check")

    def section(self, title: str) -> Section:
        """A titled section of options."""
        section = Section(self, title)
        self.sections.append(section)
        return section

    def knows(self, option: str) -> bool:
        """Whether there is such an option already."""
        return option in self.by_name

    def error(self, message: str) -> NoReturn:
        """Raise UsageError, for which the caller ends with UNKNOWN."""
        raise UsageError(message)

    def parse(self, arguments: Sequence[str], onto: Any) -> None:
        """Parse arguments onto an object, whose attributes of before they override.

        UsageError when they are not valid; Information when a text was asked for.
        """
        if any("\ud800" <= char <= "\udfff" for each in arguments for char in each):
            self.error("an argument is not valid UTF-8")
        for section in self.sections:
            for option in section.options:
                if not hasattr(onto, option.dest):
                    setattr(onto, option.dest, option.default)
        self.given = set()
        words = _Words(arguments)
        unknown = [word for word in words if not self._took(words, word, onto)]
        if unknown:
            self.error(f'unknown argument "{unknown[0]}"')

    def _took(self, words: _Words, word: str, onto: Any) -> bool:
        """Take one word, with the value behind it; whether it is an option."""
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            if name not in self.by_name:
                return False
            self._take(words, name, value if equals else None, onto)
            return True
        letters = word[1:] if word.startswith("-") else ""
        while letters:
            name, letters = f"-{letters[0]}", letters[1:]
            if name not in self.by_name:
                return False
            if letters and self.by_name[name].may_take_value:
                self._take(words, name, letters.removeprefix("="), onto)
                return True
            self._take(words, name, None, onto)
        return len(word) > 1 and word.startswith("-")

    def _take(self, words: _Words, name: str, value: str | None, onto: Any) -> None:
        option = self.by_name[name]
        if value is not None and not option.may_take_value:
            self._wrong(option, f"ignored explicit argument '{value}'")
        if value is None and option.may_take_value:
            value = words.next_value()
        if value is None and option.takes_value:
            advice = "(a value that begins with - needs the form --option=-1:5)"
            self._wrong(option, f"expected one argument {advice}")
        try:
            option.take(self, onto, value, name)
        except InvalidValue as invalid:
            self._wrong(option, str(invalid))

    def _wrong(self, option: Option, message: str) -> NoReturn:
        self.error(f"argument {'/'.join(option.names)}: {message}")


class _Words:
    """The words of a command line, one after the other."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(reversed(words))

    def __iter__(self) -> _Words:
        return self

    def __next__(self) -> str:
        if not self._words:
            raise StopIteration
        return self._words.pop()

    def next_value(self) -> str | None:
        """The next word, unless it is an option."""
        if not self._words or (self._words[-1].startswith("-") and len(self._words[-1]) > 1):
            return None
        return self._words.pop()
