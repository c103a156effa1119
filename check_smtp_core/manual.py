"""The text of --help, from the declared options and the vocabulary of findings.

Rule: argparse is used for what it shows, never for what it reads; it is imported only by who asks
for help, a man page or completion.
"""

from argparse import SUPPRESS, ArgumentParser, RawDescriptionHelpFormatter, _ArgumentGroup

from check_smtp_core.findings import VOCABULARY, State
from check_smtp_core.parser import ListOfValues, Option, Parser

_WIDTH = 79


class _Help(RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=_WIDTH)


def help_text(parser: Parser) -> str:
    """The text of --help, with the vocabulary at its end."""
    return f"{argparse_parser(parser).format_help()}\n{_vocabulary()}"


def argparse_parser(parser: Parser) -> ArgumentParser:
    """The same options in an argparse parser, for tools that know no other; hidden ones too."""
    shown = ArgumentParser(
        prog=parser.prog,
        usage=parser.usage,
        description=parser.description,
        add_help=False,
        allow_abbrev=False,
        formatter_class=_Help,
    )
    for section in parser.sections:
        group = shown.add_argument_group(section.title)
        for option in section.options:
            _add(group, option)
    return shown


def _add(group: _ArgumentGroup, option: Option) -> None:
    text = option.help or SUPPRESS
    if not option.may_take_value:
        group.add_argument(
            *option.names,
            action="store_const",
            const=option.const,
            dest=option.dest,
            default=option.default,
            help=text,
        )
        return
    action = group.add_argument(
        *option.names,
        action="append" if isinstance(option, ListOfValues) else "store",
        type=option.convert,
        dest=option.dest,
        default=option.default,
        metavar=option.metavar or None,
        help=text,
    )
    if not option.takes_value:
        action.nargs = "?"


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
