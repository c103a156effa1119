"""The questions that are asked, and who answers them: our checks and their peers.

Rule: a peer is asked for as much of the answer as it can give, with the options that its own
documentation names for that; who cannot verify a certificate is marked by that in its label.
"""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from bench import installed

PLUGINS = Path("/usr/lib/nagios/plugins")

PACKAGES = (
    *("monitoring-plugins-basic", "monitoring-plugins-standard", "monitoring-plugins-contrib"),
    *("bind9-host", "bc", "curl", "file"),  # check_ssl_cert needs them
    *("swaks", "libnet-ssleay-perl", "openssl", "time", "valgrind", "postfix"),
    "prometheus-blackbox-exporter",
)
"""Debian's packages of them all, and of what measures."""

_SMTPLIB = Path(__file__).with_name("smtplib_client.py")


class Where(NamedTuple):
    """A server: its address, its ports for STARTTLS and implicit TLS, its name and authority."""

    address: str
    plain: int
    implicit_tls: int
    name: str
    ca_file: str


class Contender(NamedTuple):
    """Who answers a question, and the command for it."""

    label: str
    command: tuple[str, ...]


class Question(NamedTuple):
    """A question, and who answers it; ours is the first, the reference the second."""

    name: str
    contenders: tuple[Contender, ...]


def questions(where: Where, bin: Path) -> tuple[Question, ...]:
    """All questions, with those contenders that are installed here."""
    address, port, tls_port = where.address, str(where.plain), str(where.implicit_tls)

    def ours(check: str, *options: str, port: str = port) -> Contender:
        command = (str(bin / check), "-H", address, "-p", port, "-t", "60", *options)
        shown = ("CA" if option == where.ca_file else option for option in options)
        return Contender(" ".join((check, *shown)), command)

    def plugin(label: str, name: str, *options: str, port: str = port) -> Contender:
        return Contender(label, (str(PLUGINS / name), "-H", address, "-p", port, *options))

    def smtplib(mode: str, port: str) -> Contender:
        script = (sys.executable, str(_SMTPLIB), mode, address, port, where.name, where.ca_file)
        return Contender(f"smtplib script, {mode}", script)

    server = f"{address}:{port}"
    named = ("-servername", where.name, "-CAfile", where.ca_file, "-verify_return_error")
    client = ("openssl", "s_client", "-brief", "-no_ign_eof", *named)
    trusted = ("--servername", where.name, "--ca-file", where.ca_file)
    lean = ("-P", "smtp", "--ignore-sct", "--ignore-ocsp", "-r", where.ca_file, "-m", where.name)
    swaks = ("swaks", "-s", server, "-h", "bench.example", "--suppress-data")
    asked = (
        Question(
            "greeting",
            (
                ours("check_smtp_banner"),
                plugin("check_smtp (HELO)", "check_smtp"),
                plugin("check_tcp -e 220", "check_tcp", "-e", "220", "-q", "QUIT"),
            ),
        ),
        Question(
            "capabilities",
            (
                ours("check_smtp_ehlo"),
                plugin("check_smtp (HELO)", "check_smtp"),
                Contender("swaks --quit-after EHLO", (*swaks, "--quit-after", "EHLO")),
                smtplib("ehlo", port),
            ),
        ),
        Question(
            "STARTTLS",
            (
                ours("check_smtp_starttls"),
                plugin("check_smtp -S", "check_smtp", "-S"),
                Contender("swaks -tls (no verify)", (*swaks, "-tls", "--quit-after", "EHLO")),
                Contender(
                    "openssl s_client -starttls",
                    (*client, "-starttls", "smtp", "-connect", server),
                ),
                smtplib("starttls", port),
            ),
        ),
        Question(
            "certificate",
            (
                ours("check_smtp_cert", *trusted),
                plugin("check_smtp -S -D 30,10 (no verify)", "check_smtp", "-S", "-D", "30,10"),
                Contender(
                    "check_ssl_cert -P smtp",
                    (str(PLUGINS / "check_ssl_cert"), "-H", address, "-p", port, *lean),
                ),
                smtplib("verified", port),
            ),
        ),
        Question(
            "implicit TLS",
            (
                ours("check_smtp_ehlo", "--tls", port=tls_port),
                plugin(
                    "check_tcp -S (as check_ssmtp)",
                    "check_tcp",
                    "-S",
                    "-e",
                    "220",
                    "-q",
                    "QUIT",
                    port=tls_port,
                ),
                smtplib("implicit", tls_port),
            ),
        ),
    )
    return tuple(
        each._replace(contenders=tuple(filter(_is_here, each.contenders))) for each in asked
    )


def _is_here(contender: Contender) -> bool:
    return shutil.which(contender.command[0], path=installed.ENVIRONMENT["PATH"]) is not None
