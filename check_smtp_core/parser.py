"""The command-line parser of an executable: argparse with a monitoring plugin's manners.

Rule: nothing here ends the process. What is wrong leaves as UsageError, a text that was asked for
as Information. No positional arguments, no abbreviations; an empty value means "not given"
(Icinga passes `--port ""`), and a single value may not be given twice.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from check_smtp_core.findings import VOCABULARY, State

_WIDTH = 79


class UsageError(Exception):
    """The command line cannot be understood; the message says what is wrong with it."""


class Information(Exception):
    """The user asked for a text (--help, --version, --explain) and gets nothing but it."""


class Parser(argparse.ArgumentParser):
    """The parser of one executable; `own` is the section for the check's own options.

    `local` is true for a check of this machine, which has no host to name. `tls_by_default` is
    true for a check that makes no sense without TLS, `default_port` the port without it. While
    `secrets_allowed` is false, as on the command line, no option takes a secret. `complete` checks
    the check's own options together, and raises ArgumentTypeError.
    """

    def __init__(self, prog: str, description: str, local: bool = False) -> None:
        super().__init__(
            prog=prog,
            usage=f"{prog} [options]" if local else f"{prog} -H HOST [options]",
            description=description,
            add_help=False,
            allow_abbrev=False,
            formatter_class=_Help,
        )
        self.given: set[str] = set()
        self.local = local
        self.tls_by_default = False
        self.default_port = 25
        self.secrets_allowed = False
        self.complete: Callable[[Any], None] | None = None
        self.own = self.section("options of this check")

    def section(self, title: str) -> "Section":
        """A titled section of options."""
        return Section(self.add_argument_group(title))

    def knows(self, option: str) -> bool:
        """Whether there is such an option already."""
        return option in self._option_string_actions

    def format_help(self) -> str:
        """The text of --help, with the vocabulary at its end."""
        return f"{super().format_help()}\n{_vocabulary()}\n"

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of argparse's exit 2, which engines read as CRITICAL."""
        if message.endswith("expected one argument"):
            message += " (a value that begins with - needs the form --option=-1:5)"
        raise UsageError(message)

    def parse(self, arguments: Sequence[str], onto: argparse.Namespace) -> None:
        """Parse arguments onto a namespace, whose earlier values they override.

        UsageError when they are not valid; Information when a text was asked for.
        """
        if any("\ud800" <= char <= "\udfff" for each in arguments for char in each):
            self.error("an argument is not valid UTF-8")
        self.given = set()
        _, unknown = self.parse_known_args(list(arguments), onto)
        if unknown:
            self.error(f'unknown argument "{unknown[0]}"')


class Section:
    """A titled section of a parser's options. A converter raises ArgumentTypeError."""

    def __init__(self, group: argparse._ArgumentGroup) -> None:
        self._group = group

    def value(
        self, *names: str, convert: Callable[[str], Any], metavar: str, help: str, **more: Any
    ) -> None:
        """An option that takes one value and may be given once; the default is ""."""
        more = {"default": "", **more}
        self._group.add_argument(
            *names, type=_or_empty(convert), action=_Value, metavar=metavar, help=help, **more
        )

    def values(
        self, *names: str, convert: Callable[[str], Any], metavar: str, help: str, **more: Any
    ) -> None:
        """An option that adds to a tuple: it is repeatable and takes comma lists."""
        self._group.add_argument(
            *names, action=_Values, const=convert, default=(), metavar=metavar, help=help, **more
        )

    def choice(self, *names: str, dest: str, const: Any, default: Any, help: str) -> None:
        """A flag that stands for one value of several that exclude each other."""
        self._group.add_argument(
            *names, action=_Choice, nargs=0, dest=dest, const=const, default=default, help=help
        )

    def flag(self, *names: str, help: str, **more: Any) -> None:
        """Any other option that takes no value."""
        more = {"action": "store_true", **more}
        self._group.add_argument(*names, help=help, **more)

    def text(self, *names: str, text: Callable[[Parser, Any], str], **more: Any) -> None:
        """An option that prints a text and nothing else."""
        more = {"nargs": 0, **more}
        self._group.add_argument(*names, action=_Text, const=text, **more)

    def secret(self, name: str, advice: str) -> None:
        """An option that only a file of --extra-opts may give: a command line is no secret."""
        self._group.add_argument(
            name, action=_Secret, const=advice, default="", help=argparse.SUPPRESS
        )

    def refused(self, letter: str, advice: str) -> None:
        """A letter that other plugins know; here it is a usage error that names its heir."""
        self._group.add_argument(
            letter, action=_Refused, nargs="?", const=advice, help=argparse.SUPPRESS
        )


class _Action(argparse.Action):
    """argparse's action with the parser as what it is here."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        assert isinstance(parser, Parser)
        self.take(parser, namespace, values, option_string or self.dest)

    def take(self, parser: Parser, namespace: argparse.Namespace, value: Any, name: str) -> None:
        """Do what giving the option does."""
        raise NotImplementedError


class _Value(_Action):
    def take(self, parser: Parser, namespace: argparse.Namespace, value: Any, name: str) -> None:
        if value == "":
            return
        if self.dest in parser.given:
            parser.error(f"{name} is given twice")
        parser.given.add(self.dest)
        setattr(namespace, self.dest, value)


class _Secret(_Value):
    def take(self, parser: Parser, namespace: argparse.Namespace, value: Any, name: str) -> None:
        if not parser.secrets_allowed:
            parser.error(f"{name}: everybody on this machine can read it there; {self.const}")
        super().take(parser, namespace, value, name)


class _Choice(_Action):
    def take(self, parser: Parser, namespace: argparse.Namespace, value: Any, name: str) -> None:
        if self.dest in parser.given and getattr(namespace, self.dest) != self.const:
            parser.error(f"{name} contradicts another option")
        parser.given.add(self.dest)
        setattr(namespace, self.dest, self.const)


class _Values(_Action):
    def take(self, parser: Parser, namespace: argparse.Namespace, value: Any, name: str) -> None:
        convert: Callable[[str], Any] = self.const
        try:
            more = tuple(convert(each.strip()) for each in value.split(",") if each.strip())
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        setattr(namespace, self.dest, getattr(namespace, self.dest) + more)


class _Text(_Action):
    def take(self, parser: Parser, namespace: argparse.Namespace, value: Any, name: str) -> None:
        text: Callable[[Parser, Any], str] = self.const
        raise Information(text(parser, value))


class _Refused(_Action):
    def take(self, parser: Parser, namespace: argparse.Namespace, value: Any, name: str) -> None:
        parser.error(f"{name} is an option of check_smtp: {self.const}")


def _or_empty(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    def convert_unless_empty(text: str) -> Any:
        return convert(text) if text else text

    return convert_unless_empty


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=_WIDTH)


def _vocabulary() -> str:
    lines = ["findings of the whole suite and their default states (see --explain):"]
    for state in (State.CRITICAL, State.WARNING, State.UNKNOWN, State.OK, None):
        names = [name for name, default in VOCABULARY.items() if default is state]
        lines += _list_of_names("by threshold" if state is None else state.name, names)
    lines += [
        "",
        "exit states: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; this help exits with 3",
    ]
    return "\n".join(lines)


def _list_of_names(label: str, names: list[str]) -> list[str]:
    lines = [f"  {label}:"]
    for number, name in enumerate(names, 1):
        word = name if number == len(names) else f"{name},"
        if len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append("   ")
        lines[-1] += f" {word}"
    return lines
