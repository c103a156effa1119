"""The options that all checks share, as they are declared.

Rule: what they mean together is none of this module's business; see options.py.
"""

from __future__ import annotations

import socket

from check_smtp_core import __version__, values
from check_smtp_core.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from check_smtp_core.parser import Parser, Section

DEFAULT_TIMEOUT = 8.0
"""Seconds; below the 10 of NRPE and of most engines, so that it is us who say what hung."""

_OF_CHECK_SMTP = {
    "-e": "use --expect or --expect-code of check_smtp_banner",
    "-C": "no commands of one's own are sent; see check_smtp_ehlo --require",
    "-R": "no commands of one's own are sent; see check_smtp_ehlo --require",
    "-f": "use --mail-from of check_smtp_rcpt",
    "-D": "days of validity are -w and -c of check_smtp_cert",
    "-A": "use check_smtp_auth --mechanism",
    "-U": "use check_smtp_auth --user",
    "-P": "passwords never stand here, see check_smtp_auth --password-file",
    "-q": "not needed, what happens at QUIT never changes the state",
    "-r": "use --proxy-protocol",
}


def add_shared_options(parser: Parser) -> None:
    """Add the options of every check; those for a server to all that talk to one."""
    if not parser.local:
        _add_server(parser)
    _add_time(parser)
    if not parser.local:
        _add_tls(parser)
    _add_output(parser)


def _add_server(parser: Parser) -> None:
    server = parser.section("server")
    server.values(
        "-H",
        "--hostname",
        dest="hostnames",
        convert=values.hostname,
        metavar="HOST",
        help="name or address of the server; IPv6 with or without brackets",
    )
    if not parser.one_endpoint:
        _add_endpoints(server)
    server.value(
        "-p",
        "--port",
        convert=values.port,
        metavar="PORT",
        default=0,
        help=f"port ({parser.default_port}; 465 with --tls). Port 465 means implicit TLS unless "
        "--starttls is given",
    )
    ipv4, ipv6 = int(socket.AF_INET), int(socket.AF_INET6)
    server.choice("-4", dest="family", const=ipv4, default=0, help="use IPv4 only")
    server.choice("-6", dest="family", const=ipv6, default=0, help="use IPv6 only")
    server.value(
        "--source-address",
        convert=values.address,
        metavar="ADDRESS",
        help="connect from this address of this machine",
    )
    server.value(
        "--proxy-protocol",
        convert=values.proxy_version,
        metavar="VERSION",
        default=0,
        help="open with a PROXY protocol header (v1 or v2) that names the real addresses",
    )
    server.value(
        "-F",
        "--ehlo-name",
        convert=values.ehlo_argument,
        metavar="NAME",
        help="name for EHLO (this machine's if it has a dot, else its address as a literal)",
    )
    server.flag("-L", "--lmtp", help="speak LMTP: LHLO instead of EHLO")
    for letter, advice in _OF_CHECK_SMTP.items():
        if not parser.knows(letter):
            server.refused(letter, advice)


def _add_endpoints(server: Section) -> None:
    server.flag(
        "--all-addresses", help="check every address of each host, not the first that answers"
    )
    server.value(
        "--mx",
        convert=values.hostname,
        metavar="DOMAIN",
        help="check every address of every mail exchanger of this domain; -H is then not asked",
    )
    server.values(
        "--ignore-mx",
        convert=values.hostname,
        metavar="HOST",
        help="a mail exchanger to leave out: one that never answers, on purpose",
    )
    server.value(
        "--quorum",
        convert=values.count,
        metavar="N",
        default=0,
        help="so many endpoints have to be well; the others are said, but alarm nobody",
    )
    server.flag("--perfdata-each", help="the time of each endpoint as perfdata too")


def _add_time(parser: Parser) -> None:
    time = parser.section("time")
    time.value(
        "-t",
        "--timeout",
        dest="timeout_and_state",
        convert=values.timeout,
        metavar="SECONDS[:STATE]",
        help=f"limit for the whole run ({DEFAULT_TIMEOUT:g}), and the state when it passes",
    )
    for letter, word in (("-w", "warning"), ("-c", "critical")):
        if parser.knows(letter):
            continue  # the check's own question is a better use of it
        time.value(
            letter,
            f"--{word}",
            convert=values.threshold,
            metavar="RANGE",
            help=f"{word.upper()} when the time in seconds is outside this range",
        )
    for word in ("warning", "critical"):
        time.values(
            f"--phase-{word}",
            convert=values.phase_threshold,
            metavar="PHASE=RANGE",
            help=f"{word.upper()} when a phase takes a time outside this range, in seconds: "
            "greeting=2 (repeatable, comma list)",
        )


def _add_tls(parser: Parser) -> None:
    tls = parser.section("TLS")
    tls.choice(
        "-s",
        "--tls",
        dest="tls_mode",
        const="implicit",
        default="",
        help="implicit TLS (RFC 8314)",
    )
    tls.choice(
        "-S",
        "--starttls",
        dest="tls_mode",
        const="starttls",
        default="",
        help="STARTTLS (RFC 3207), on port 465 too",
    )
    tls.value(
        "--servername",
        convert=values.hostname,
        metavar="NAME",
        help="name for SNI and for the certificate, instead of HOST",
    )
    tls.flag("--no-sni", dest="sni", const=False, help="send no SNI")
    tls.value(
        "--ca-file",
        convert=values.wire_text,
        metavar="PEM",
        help="trust anchors, for checks that judge the certificate",
    )
    tls.value(
        "--ca-path",
        convert=values.wire_text,
        metavar="FOLDER",
        help="hashed folder of trust anchors, for checks that judge the certificate",
    )
    tls.flag(
        "--no-verify",
        dest="verify",
        const=False,
        help="judge neither trust nor name of the certificate; most checks never do",
    )


def _add_output(parser: Parser) -> None:
    output = parser.section("output and help")
    output.values(
        "--state",
        dest="given_states",
        convert=values.finding_state,
        metavar="FINDING=STATE",
        help="another state for a finding: --state masked=ok (repeatable, comma list)",
    )
    output.places(
        "--extra-opts",
        const="@",
        metavar="SECTION@FILE",
        help="read more options from an ini file; the command line wins",
    )
    output.counter(
        "-v",
        "--verbose",
        help="more lines: all findings; -vv facts as well; -vvv the dialogue as well",
    )
    output.text_about(
        "--explain",
        text=_explanation,
        convert=values.finding_name,
        metavar="FINDING",
        help="what a finding means, usual causes, and what to do",
    )
    output.text(
        "-V",
        "--version",
        text=lambda parser, _: f"{parser.prog} {__version__}",
        help="print the version",
    )
    output.text(
        "-h",
        "--help",
        text=_help,
        help="print this help",
    )


def _help(parser: Parser, _: None) -> str:
    from check_smtp_core.manual import help_text

    return help_text(parser)


def _explanation(_: Parser, name: str) -> str:
    from check_smtp_core.explain import explanation

    return explanation(name)
