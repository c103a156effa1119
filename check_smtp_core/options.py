"""The command line that all checks that talk to a server share.

Rule: what leaves here is valid; whatever is not is a UsageError, one line and exit 3. An empty
value means "not given" (Icinga passes `--port ""`), a value given twice is a usage error, and
nothing that goes to the wire holds a control character.
"""

import argparse
import socket
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from check_smtp_core import __version__
from check_smtp_core.address import checked_host, literal_family
from check_smtp_core.deadline import PHASES
from check_smtp_core.findings import FIXED, VOCABULARY, State
from check_smtp_core.thresholds import check_range

DEFAULT_TIMEOUT = 8.0
"""Seconds; below the 10 of NRPE and of most engines, so that it is us who say what hung."""

_LONGEST_TIMEOUT = 3600.0

_OF_CHECK_SMTP = {
    "-e": "use --expect or --expect-code of check_smtp_banner",
    "-C": "no commands of one's own are sent; see check_smtp_ehlo and check_smtp_rcpt",
    "-R": "no commands of one's own are sent; see check_smtp_ehlo and check_smtp_rcpt",
    "-f": "the sender is an option of check_smtp_rcpt",
    "-D": "days of validity are -w and -c of check_smtp_cert",
    "-A": "logins are the question of check_smtp_auth",
    "-U": "logins are the question of check_smtp_auth",
    "-P": "logins are the question of check_smtp_auth, and passwords never stand here",
    "-q": "not needed: what happens at QUIT never changes the state",
    "-r": "use --proxy-protocol",
}


class UsageError(Exception):
    """The command line cannot be understood; the message says what is wrong with it."""


class Information(Exception):
    """The user asked for a text (--help, --version, --explain) and gets nothing but it."""


class Options(argparse.Namespace):
    """The shared options after parsing; a check's own stand beside them.

    `timeout` is in seconds; `thresholds` maps `time` and phases to (warning, critical) ranges;
    `states` are the user's own states; `tls_mode` is `implicit`, `starttls` or empty.
    """

    hostname: str
    port: int
    family: int
    timeout: float
    given_timeout: tuple[float, State | None] | None
    thresholds: dict[str, tuple[str, str]]
    ehlo_name: str
    lmtp: bool
    tls_mode: str
    servername: str
    sni: bool
    ca_file: str
    ca_path: str
    verify: bool
    source_address: str
    proxy_protocol: int
    states: dict[str, State]
    verbose: int


# -- converters: text from the command line -> value; ArgumentTypeError says what is wrong


def _reject(text: str, why: str) -> NoReturn:
    raise argparse.ArgumentTypeError(f'"{text}" is {why}')


def _wire_text(text: str) -> str:
    """Text without control characters: none may smuggle a line into the session."""
    if not text.isprintable():
        _reject(text, "not allowed: it holds control characters")
    return text


def hostname(text: str) -> str:
    """A host name or address, as it goes to the resolver."""
    try:
        return checked_host(_wire_text(text))
    except ValueError as error:
        _reject(text, str(error))


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= 65535):
        _reject(text, "not a port from 1 to 65535")
    return int(text)


def _ehlo_name(text: str) -> str:
    if not (_wire_text(text).isascii() and " " not in text and len(text) <= 255):
        _reject(text, "not a name or address literal for EHLO")
    return text


def _address(text: str) -> str:
    if not literal_family(_wire_text(text)):
        _reject(text, "not an address")
    return text


def _path(text: str) -> str:
    return _wire_text(text)


def _state(text: str) -> State:
    word = text.strip().upper()
    if word.isdecimal() and word in ("0", "1", "2", "3"):
        return State(int(word))
    try:
        return State[word]
    except KeyError:
        _reject(text, "not a state (ok, warning, critical or unknown)")


def _timeout(text: str) -> tuple[float, State | None]:
    number, colon, state = text.partition(":")
    try:
        seconds = float(number)
    except ValueError:
        seconds = 0.0
    if not (number.isascii() and 0 < seconds <= _LONGEST_TIMEOUT) or "_" in number:
        _reject(text, f"not a number of seconds above 0 and up to {_LONGEST_TIMEOUT:g}")
    return seconds, _state(state) if colon else None


def threshold(text: str) -> str:
    """A threshold range of the Monitoring Plugins guidelines."""
    try:
        return check_range(text)
    except ValueError as error:
        _reject(text, str(error))


def _phase_threshold(text: str) -> tuple[str, str]:
    phase, equals, limits = text.partition("=")
    if not equals or phase not in ("time", *PHASES):
        _reject(text, f"not PHASE=RANGE; the phases are time, {', '.join(PHASES)}")
    return phase, threshold(limits)


def _finding_state(text: str) -> tuple[str, State]:
    name, equals, state = text.partition("=")
    finding_name(name)
    if not equals:
        _reject(text, "not FINDING=STATE")
    if name in FIXED:
        _reject(text, "not possible: a fault of this machine is always UNKNOWN")
    return name, _state(state)


def finding_name(text: str) -> str:
    """The name of a finding."""
    if text not in VOCABULARY:
        _reject(text, "no finding; --help lists them")
    return text


def _proxy_version(text: str) -> int:
    if text.lower().removeprefix("v") not in ("1", "2"):
        _reject(text, "not a version of the PROXY protocol (v1 or v2)")
    return int(text[-1])


# -- actions: what giving an option does


def optional(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    """A converter for which an empty value means that the option was not given."""

    def convert_unless_empty(text: str) -> Any:
        return convert(text) if text else text

    return convert_unless_empty


class _Single(argparse.Action):
    """A value that may be given once; many endpoints in one run come later."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if values == "":
            return
        assert isinstance(parser, Parser)
        if self.dest in parser.seen and getattr(namespace, self.dest) != self.const:
            parser.error(f"{option_string} is given twice or contradicts another option")
        parser.seen.add(self.dest)
        setattr(namespace, self.dest, values)


class _Choice(_Single):
    """A flag that stands for one of several values of the same option."""

    def __init__(self, option_strings: Sequence[str], dest: str, const: Any, **named: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, const=const, **named)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        super().__call__(parser, namespace, self.const, option_string)


class _Each(argparse.Action):
    """Values that add up: the option is repeatable and takes comma lists."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        convert = self.const
        try:
            more = tuple(convert(each.strip()) for each in values.split(",") if each.strip())
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        setattr(namespace, self.dest, getattr(namespace, self.dest) + more)


class _Tell(argparse.Action):
    """--help, --version and --explain: print a text and nothing else."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        raise Information(self.const(parser, values))


class _OfCheckSmtp(argparse.Action):
    """An option of the C plugin check_smtp that has no twin here."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        parser.error(f"{option_string}: {_OF_CHECK_SMTP[option_string or '']}")


class Parser(argparse.ArgumentParser):
    """The parser of one executable. A check adds its own options to it."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(
            prog=prog,
            usage=f"{prog} -H HOST [options]",
            description=description,
            epilog=_epilog(),
            add_help=False,
            allow_abbrev=False,
            formatter_class=_Help,
        )
        self.seen: set[str] = set()
        self.own = self.add_argument_group("options of this check")
        _add_shared(self)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of argparse's exit 2, which engines read as CRITICAL."""
        raise UsageError(message)

    def add_value(self, *names: str, convert: Callable[[str], Any], **named: Any) -> None:
        """Add an option of this check that takes one value."""
        self.own.add_argument(*names, type=optional(convert), action=_Single, **named)

    def add_values(self, *names: str, convert: Callable[[str], Any], **named: Any) -> None:
        """Add an option of this check that is repeatable and takes comma lists."""
        self.own.add_argument(*names, action=_Each, const=convert, default=(), **named)


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=79)


def _epilog() -> str:
    lines = ["findings and their default states (--explain FINDING says more):"]
    for state in (State.CRITICAL, State.WARNING, State.UNKNOWN, State.OK, None):
        names = [name for name, default in VOCABULARY.items() if default is state]
        label = "by threshold" if state is None else state.name
        lines += _wrapped(f"  {label}: ", names)
    lines += [
        "",
        "exit states: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (--help and usage errors too)",
    ]
    return "\n".join(lines)


def _wrapped(label: str, words: list[str]) -> list[str]:
    lines = [label]
    for word in words:
        piece = word if word == words[-1] else f"{word}, "
        if len(lines[-1]) + len(piece) > 79:
            lines.append("    ")
        lines[-1] += piece
    return lines


def _add_shared(parser: Parser) -> None:
    add = parser.add_argument_group("server").add_argument
    add(
        "-H",
        "--hostname",
        metavar="HOST",
        type=optional(hostname),
        action=_Single,
        default="",
        help="name or address of the server; IPv6 with or without brackets",
    )
    add(
        "-p",
        "--port",
        metavar="PORT",
        type=optional(_port),
        action=_Single,
        default=0,
        help="port (25; 465 with --tls). Port 465 means implicit TLS unless --starttls is given",
    )
    add(
        "-4",
        dest="family",
        action=_Choice,
        const=socket.AF_INET.value,
        default=0,
        help="use IPv4 only",
    )
    add("-6", dest="family", action=_Choice, const=socket.AF_INET6.value, help="use IPv6 only")
    add(
        "--source-address",
        metavar="ADDRESS",
        type=optional(_address),
        action=_Single,
        default="",
        help="connect from this address of this machine",
    )
    add(
        "--proxy-protocol",
        metavar="VERSION",
        type=optional(_proxy_version),
        action=_Single,
        default=0,
        help="open with a PROXY protocol header (v1 or v2) that names the real addresses",
    )
    add(
        "-F",
        "--ehlo-name",
        metavar="NAME",
        type=optional(_ehlo_name),
        action=_Single,
        default="",
        help="name for EHLO (this machine's if it has a dot, else its address as a literal)",
    )
    add(
        "-L",
        "--lmtp",
        action="store_true",
        help="speak LMTP: LHLO instead of EHLO",
    )
    add = parser.add_argument_group("time").add_argument
    add(
        "-t",
        "--timeout",
        dest="given_timeout",
        metavar="SECONDS[:STATE]",
        type=optional(_timeout),
        action=_Single,
        help=f"limit for the whole run ({DEFAULT_TIMEOUT:g}), and the state when it passes",
    )
    add(
        "-w",
        "--warning",
        metavar="RANGE",
        type=optional(threshold),
        action=_Single,
        default="",
        help="WARNING when the time in seconds is outside this range",
    )
    add(
        "-c",
        "--critical",
        metavar="RANGE",
        type=optional(threshold),
        action=_Single,
        default="",
        help="CRITICAL when the time in seconds is outside this range",
    )
    for word in ("warning", "critical"):
        add(
            f"--phase-{word}",
            metavar="PHASE=RANGE[,...]",
            action=_Each,
            const=_phase_threshold,
            default=(),
            help=f"the same for one phase, as in --phase-{word} greeting=2 (repeatable)",
        )
    add = parser.add_argument_group("TLS").add_argument
    add(
        "-s",
        "--tls",
        dest="tls_mode",
        action=_Choice,
        const="implicit",
        default="",
        help="implicit TLS (RFC 8314)",
    )
    add(
        "-S",
        "--starttls",
        dest="tls_mode",
        action=_Choice,
        const="starttls",
        help="STARTTLS (RFC 3207), on port 465 too",
    )
    add(
        "--servername",
        metavar="NAME",
        type=optional(hostname),
        action=_Single,
        default="",
        help="name for SNI and for the certificate, instead of HOST",
    )
    add(
        "--no-sni",
        dest="sni",
        action="store_false",
        help="send no SNI",
    )
    add(
        "--ca-file",
        metavar="PEM",
        type=optional(_path),
        action=_Single,
        default="",
        help="trust anchors for checks that judge the certificate",
    )
    add(
        "--ca-path",
        metavar="FOLDER",
        type=optional(_path),
        action=_Single,
        default="",
        help="hashed folder of trust anchors for checks that judge the certificate",
    )
    add(
        "--no-verify",
        dest="verify",
        action="store_false",
        help="judge neither trust nor name of the certificate (most checks never do)",
    )
    add = parser.add_argument_group("output and help").add_argument
    add(
        "--state",
        metavar="FINDING=STATE[,...]",
        dest="given_states",
        action=_Each,
        const=_finding_state,
        default=(),
        help="another state for a finding, as in --state masked=ok (repeatable)",
    )
    add(
        "--extra-opts",
        metavar="[SECTION][@FILE]",
        nargs="?",
        const="",
        action="append",
        default=None,
        help="read more options from an ini file; the command line wins",
    )
    add(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="more lines: all findings; -vv facts as well; -vvv the dialogue as well",
    )
    add(
        "--explain",
        metavar="FINDING",
        type=finding_name,
        action=_Tell,
        const=_explanation,
        help="what a finding means, usual causes, and what to do",
    )
    add(
        "-V",
        "--version",
        nargs=0,
        action=_Tell,
        const=lambda parser, _: f"{parser.prog} {__version__}",
        help="print the version",
    )
    add(
        "-h",
        "--help",
        nargs=0,
        action=_Tell,
        const=lambda parser, _: parser.format_help().rstrip(),
        help="print this help",
    )
    for letter in _OF_CHECK_SMTP:
        parser.add_argument(letter, nargs="?", action=_OfCheckSmtp, help=argparse.SUPPRESS)


def _explanation(_: Parser, name: str) -> str:
    from check_smtp_core.explain import explanation

    return explanation(name)


# -- parsing


def parse_options(parser: Parser, arguments: Sequence[str]) -> Options:
    """The valid options of these arguments, those of --extra-opts included.

    UsageError when they are not valid, Information when a text was asked for.
    """
    options = _pass(parser, arguments, Options())
    if options.extra_opts is not None:
        more = _extra_arguments(parser, options.extra_opts)
        options = _pass(parser, arguments, _pass(parser, more, Options()))
    return _completed(parser, options)


def _extra_arguments(parser: Parser, places: list[str]) -> list[str]:
    from check_smtp_core.extra_opts import ExtraOptsError, read_extra_opts

    try:
        return [each for where in places for each in read_extra_opts(where, parser.prog)]
    except ExtraOptsError as error:
        parser.error(f"--extra-opts: {error}")


def _pass(parser: Parser, arguments: Sequence[str], onto: Options) -> Options:
    for argument in arguments:
        if not argument.isascii() and any("\ud800" <= char <= "\udfff" for char in argument):
            raise UsageError("an argument is not valid UTF-8")
    parser.seen = set()
    options, unknown = parser.parse_known_args(list(arguments), onto)
    if unknown:
        raise UsageError(f"unknown argument {unknown[0]}")
    return options


def _completed(parser: Parser, options: Options) -> Options:
    if not options.hostname:
        parser.error("no hostname is given (-H)")
    if not options.tls_mode and options.port == 465:
        options.tls_mode = "implicit"
    options.port = options.port or (465 if options.tls_mode == "implicit" else 25)
    options.verbose = min(options.verbose, 3)
    options.states = dict(options.given_states)
    options.timeout, state = options.given_timeout or (DEFAULT_TIMEOUT, None)
    if state is not None and options.states.setdefault("timeout", state) is not state:
        parser.error("-t and --state give different states for timeout")
    options.thresholds = _thresholds(parser, options)
    options.family = _family(parser, options)
    return options


def _thresholds(parser: Parser, options: Options) -> dict[str, tuple[str, str]]:
    both = []
    for short, phases in (
        (options.warning, options.phase_warning),
        (options.critical, options.phase_critical),
    ):
        ranges = dict(phases)
        if short and ranges.get("time", short) != short:
            parser.error("the time has two different thresholds of one kind")
        if short:
            ranges["time"] = short
        both.append(ranges)
    warning, critical = both
    phases = ("time", *PHASES)
    return {
        phase: (warning.get(phase, ""), critical.get(phase, ""))
        for phase in phases
        if phase in warning or phase in critical
    }


def _family(parser: Parser, options: Options) -> int:
    """The one family in which host, source address and -4 or -6 agree; 0 for any."""
    wanted = {
        family
        for family in (
            options.family,
            literal_family(options.hostname),
            literal_family(options.source_address),
        )
        if family
    }
    if len(wanted) > 1:
        parser.error("host, source address and -4 or -6 are of different address families")
    return wanted.pop() if wanted else 0
