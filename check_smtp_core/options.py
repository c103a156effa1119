"""The command line that all checks that talk to a server share.

Rule: what leaves here is valid and complete; the command line wins over --extra-opts, and options
that contradict each other are a usage error.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

from check_smtp_core.address import literal_family, reference_name
from check_smtp_core.deadline import PHASES
from check_smtp_core.findings import State
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.parser import InvalidValue, Parser
from check_smtp_core.shared_options import DEFAULT_TIMEOUT, add_shared_options

if TYPE_CHECKING:
    from check_smtp_core.check import Check

SUBMISSIONS_PORT = 465


class Options(SimpleNamespace):
    """The shared options after parsing; a check's own stand beside them.

    `timeout` is in seconds; `thresholds` maps `time` and phases to (warning, critical) ranges;
    `states` are the user's own states; `tls_mode` is `implicit`, `starttls` or empty;
    `family` is the one address family that is wanted, or 0. `hostname` is the endpoint's own; at
    the start that is the only one of `hostnames`, or none.
    """

    hostnames: tuple[str, ...] = ()
    hostname: str = ""
    mx: str = ""
    ignore_mx: tuple[str, ...] = ()
    all_addresses: bool = False
    quorum: int = 0
    perfdata_each: bool = False
    port: int
    family: int
    source_address: str
    proxy_protocol: int
    ehlo_name: str
    lmtp: bool
    timeout: float = DEFAULT_TIMEOUT
    thresholds: dict[str, tuple[str, str]]
    tls_mode: str
    servername: str
    sni: bool
    ca_file: str
    ca_path: str
    verify: bool
    states: dict[str, State]
    verbose: int

    @property
    def several(self) -> bool:
        """Whether the run is about more than one endpoint, or may be."""
        return len(self.hostnames) > 1 or self.all_addresses or bool(self.mx)

    def at(self, host: str) -> Options:
        """The same options for one host."""
        options = Options(**vars(self))
        options.hostname = host
        return options

    @property
    def reference(self) -> str:
        """The reference identifier (RFC 9525): the name or address that we mean to reach."""
        return (self.servername or self.hostname).removesuffix(".")

    @property
    def sni_name(self) -> str:
        """The name to send by SNI; empty for none (RFC 6066 3: never an address)."""
        return reference_name(self.servername or self.hostname) if self.sni else ""


def parser_of(check: Check) -> Parser:
    """The parser of a check's executable: the check's own options, then those that all share."""
    name = f"check_smtp_{check.__name__.rpartition('.')[2]}"
    local = getattr(check, "LOCAL", False)
    parser = Parser(name, (check.__doc__ or "").partition("\n")[0], local)
    parser.tls_by_default = getattr(check, "TLS_BY_DEFAULT", False)
    parser.default_port = getattr(check, "DEFAULT_PORT", 25)
    parser.one_endpoint = getattr(check, "ONE_ENDPOINT", False)
    parser.complete = getattr(check, "complete", None)
    check.add_options(parser)
    add_shared_options(parser)
    return parser


def parse_options(parser: Parser, arguments: Sequence[str]) -> Options:
    """The valid options of these arguments, those of --extra-opts included.

    UsageError when they are not valid, Information when a text was asked for.
    """
    options = Options()
    _parse_source(parser, arguments, options)
    if options.extra_opts:
        more = _extra_arguments(parser, options.extra_opts)
        overridden = "-t" if options.timeout_and_state else ""
        options = Options()
        parser.secrets_allowed = True
        _parse_source(parser, more, options, overridden)
        parser.secrets_allowed = False
        if options.extra_opts:
            parser.error("--extra-opts does not work inside its file")
        _parse_source(parser, arguments, options)
    return _completed(parser, options)


def _extra_arguments(parser: Parser, places: tuple[str, ...]) -> list[str]:
    from check_smtp_core.extra_opts import ExtraOptsError, read_extra_opts

    try:
        given = [where for where in places if where]
        return [each for where in given for each in read_extra_opts(where, parser.prog)]
    except ExtraOptsError as error:
        parser.error(f"--extra-opts: {error}")


def _parse_source(
    parser: Parser, arguments: Sequence[str], options: Options, overridden: str = ""
) -> None:
    """Parse one source of options onto those of the source before, which it overrides.

    What is short for something longer is spelled out: -w and -c are thresholds of the phase
    `time`, the state of -t is one of --state. Within one source they must not contradict it.
    `overridden` is a short option that the next source will give.
    """
    lists = ("phase_warning", "phase_critical", "given_states")
    before = [len(getattr(options, name, ())) for name in lists]
    hosts, options.hostnames = options.hostnames, ()
    options.warning = options.critical = options.timeout_and_state = ""
    parser.parse(arguments, options)
    options.hostnames = options.hostnames or hosts
    state = None
    if options.timeout_and_state and overridden != "-t":
        options.timeout, state = options.timeout_and_state
    short = (
        ("time", options.warning, "-w contradicts another threshold for the time"),
        ("time", options.critical, "-c contradicts another threshold for the time"),
        ("timeout", state, "-t and --state give different states for timeout"),
    )
    for name, known, (key, value, contradiction) in zip(lists, before, short, strict=True):
        if value in ("", None):
            continue
        pairs = getattr(options, name)
        if dict(pairs[known:]).get(key, value) != value:
            parser.error(contradiction)
        setattr(options, name, (*pairs, (key, value)))


def _completed(parser: Parser, options: Options) -> Options:
    options.verbose = min(options.verbose, 3)
    options.states = dict(options.given_states)
    warning, critical = dict(options.phase_warning), dict(options.phase_critical)
    options.thresholds = {
        phase: (warning.get(phase, ""), critical.get(phase, ""))
        for phase in ("time", *PHASES)
        if phase in warning or phase in critical
    }
    if parser.complete is not None:
        try:
            parser.complete(options)
        except InvalidValue as error:
            parser.error(str(error))
    if not parser.local:
        _complete_server(parser, options)
    return options


def _complete_server(parser: Parser, options: Options) -> None:
    options.hostnames = tuple(dict.fromkeys(options.hostnames))
    if options.mx:
        options.hostnames = ()
    if literal_family(options.mx):
        parser.error("--mx is for a domain, not for an address")
    if options.ignore_mx and not options.mx:
        parser.error("--ignore-mx is for --mx")
    if not (options.hostnames or options.mx):
        parser.error("no hostname is given (-H)")
    if len(options.hostnames) > 1 and parser.one_endpoint:
        parser.error(f"{parser.prog} takes one host (-H)")
    if not options.several:
        (options.hostname,) = options.hostnames
        if options.quorum or options.perfdata_each:
            parser.error("--quorum and --perfdata-each are for several endpoints")
    elif not (options.all_addresses or options.mx) and options.quorum > len(options.hostnames):
        parser.error(f"--quorum {options.quorum} is more than there are hosts")
    if not options.tls_mode and options.port == SUBMISSIONS_PORT:
        options.tls_mode = "implicit"
    if not options.tls_mode and parser.tls_by_default:
        options.tls_mode = "starttls"
    implicit = options.tls_mode == "implicit"
    options.port = options.port or (SUBMISSIONS_PORT if implicit else parser.default_port)
    options.family = _family(parser, options)


def _family(parser: Parser, options: Options) -> int:
    """The one family that -4 or -6 and the source address agree on; 0 for any.

    A usage error for a host that is an address of another one.
    """
    wanted = {options.family, literal_family(options.source_address)} - {0}
    for host in options.hostnames:
        if len(wanted | ({literal_family(host)} - {0})) > 1:
            parser.error("host, source address and -4 or -6 are of different address families")
    if len(options.hostnames) == 1:
        wanted |= {literal_family(options.hostnames[0])} - {0}
    return wanted.pop() if wanted else 0
