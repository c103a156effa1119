"""What the checks say of the demo server, wherever they are installed.

Rule: whole lines and exit codes, the same table for each way to install.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from demo.server import DemoServer
from tests.conftest import outcome

Execute = Callable[[str, list[str]], tuple[int, str]]
"""Runs a check by its name with these arguments: its exit code and output."""

CA_FILE = "/ca.pem"
"""Where the authority's certificate lies in a clean root."""

PASSWORD_FILE = "/password"
"""Where the password of the one login lies there."""


class Case(NamedTuple):
    """A port of the demo server, a command without its host and port, exit code and line.

    A check of the machine itself has no port.
    """

    port: str
    command: str
    code: int
    line: str


_START = "time=Ts{};;0 time_connect=Ts;;;0 time_greeting=Ts;;;0"
_RECIPIENTS = _START.format(";") + " time_ehlo=Ts;;;0 time_mail=Ts;;;0 time_rcpt=Ts;;;0"
_SESSION = _START.format(";") + " time_ehlo=Ts;;;0 time_starttls=Ts;;;0"
_FIT = _SESSION + " time_tls=Ts;;;0"

_SENT = _START.format(";") + " time_ehlo=Ts;;;0 time_mail=Ts;;;0 time_rcpt=Ts;;;0 time_data=Ts;;;0"

WITHOUT_LIBRARIES = (
    Case(
        "smtp",
        "check_smtp_loop --recipient loop@example.com --maildir /nowhere",
        3,
        "SMTP_LOOP UNKNOWN - 127.0.0.1:PORT mailbox: /nowhere/new cannot be read: no such file or "
        f"directory; a message was sent | {_SENT} time_mailbox=Ts;;;0",
    ),
    Case(
        "smtp",
        "check_smtp_banner -w 2 -c 5",
        0,
        'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail.example.com ESMTP demo" | '
        "time=Ts;2;5;0 time_connect=Ts;;;0 time_greeting=Ts;;;0",
    ),
    Case(
        "busy",
        "check_smtp_banner",
        2,
        'SMTP_BANNER CRITICAL - 127.0.0.1:PORT unavailable: greeted with "421 4.7.0 '
        'mail.example.com Error: too many connections from 127.0.0.1" (we came from 127.0.0.1) | '
        + _START.format(";"),
    ),
    Case(
        "smtp",
        "check_smtp_ehlo --starttls --forbid HELP",
        1,
        "SMTP_EHLO WARNING - 127.0.0.1:PORT forbidden: offered: HELP; offers 4 extensions inside "
        f"TLSv1.3 in T s: SIZE 52428800, 8BITMIME, AUTH LOGIN PLAIN, HELP | {_FIT} "
        "time_ehlo_tls=Ts;;;0 extensions=4;;;0 size=52428800B;;;0",
    ),
    Case(
        "smtp",
        "check_smtp_starttls",
        0,
        "SMTP_STARTTLS OK - 127.0.0.1:PORT encrypts with TLSv1.3, TLS_AES_256_GCM_SHA384, "
        f"256 bits in T s | {_FIT} time_ehlo_tls=Ts;;;0 bits=256;128:;;0",
    ),
    Case(
        "smtp",
        "check_smtp_ehlo --warning soon",
        3,
        'SMTP_EHLO UNKNOWN - usage: argument -w/--warning: "soon" is no range such as 5, 2:5, '
        "30:, ~:5 or @1:2 (see check_smtp_ehlo --help)",
    ),
    Case(
        "smtp",
        "check_smtp_rcpt --accept alice@example.com --control-probe",
        0,
        "SMTP_RCPT OK - 127.0.0.1:PORT takes mail for alice@example.com (no catch-all) in T s: "
        f'"250 2.1.5 Ok" | {_RECIPIENTS} accepted=1;;;0 deferred=0;;;0 refused=0;;;0',
    ),
    Case(
        "smtp",
        "check_smtp_relay --recipient carol@example.org",
        0,
        "SMTP_RELAY OK - 127.0.0.1:PORT refuses to relay in T s: "
        f'"554 5.7.1 (carol@example.org): Relay access denied" | {_RECIPIENTS}',
    ),
    Case(
        "",
        "check_smtp_queue --command /nowhere/postqueue",
        3,
        "SMTP_QUEUE UNKNOWN - local: /nowhere/postqueue cannot be run: no such file or "
        "directory | time=Ts;;;0",
    ),
)

WITH_LIBRARIES = (
    Case(
        "smtp",
        f"check_smtp_cert --servername mail.example.com --ca-file {CA_FILE}",
        0,
        "SMTP_CERT OK - 127.0.0.1:PORT 60 days left (until DATE) for mail.example.com, issued by "
        f"ISSUER | {_FIT} days_left=60.0N;21:;7: days_left_leaf=60.0N",
    ),
    Case(
        "unchained",
        f"check_smtp_cert --servername mail.example.com --ca-file {CA_FILE}",
        2,
        "SMTP_CERT CRITICAL - 127.0.0.1:PORT incomplete-chain: its issuer ISSUER is neither sent "
        "nor trusted here; 60 days left (until DATE) for mail.example.com, issued by ISSUER | "
        f"{_FIT} days_left=60.0N;21:;7: days_left_leaf=60.0N",
    ),
    Case(
        "smtp",
        f"check_smtp_auth --servername mail.example.com --ca-file {CA_FILE} "
        f"-U monitor@example.com --password-file {PASSWORD_FILE}",
        0,
        "SMTP_AUTH OK - 127.0.0.1:PORT lets monitor@example.com log in (PLAIN inside TLSv1.3) in "
        f"T s | {_FIT} time_ehlo_tls=Ts;;;0 time_auth=Ts;;;0",
    ),
)

ALL = WITHOUT_LIBRARIES + WITH_LIBRARIES


def differences(
    cases: tuple[Case, ...],
    demo: DemoServer,
    execute: Execute,
    ca_file: str = CA_FILE,
    password_file: str = PASSWORD_FILE,
) -> Iterator[tuple[Case, int, str]]:
    """The cases that did not come out as they should, with the exit code and line they had."""
    for case in cases:
        name, *words = shlex.split(case.command)
        port = demo._asdict()[case.port] if case.port else 0
        host = ["-H", "127.0.0.1", "-p", str(port)] if port else []
        files = {CA_FILE: ca_file, PASSWORD_FILE: password_file}
        arguments = [files.get(word, word) for word in (*host, *words)]
        code, lines = outcome(*execute(name, arguments), port)
        line = re.sub(r"OU=Testing CA #[^,]+,O=trustme [v.0-9]+", "ISSUER", "\n".join(lines))
        line = re.sub(r"\d{4}-\d\d-\d\d", "DATE", re.sub(r"=60\.0\d", "=60.0N", line))
        if (code, line) != (case.code, case.line):
            yield case, code, line


def missing_library(module: str, package: str) -> Case:
    """The case of the certificate check where a library is missing."""
    return Case(
        "smtp",
        "check_smtp_cert",
        3,
        f"SMTP_CERT UNKNOWN - 127.0.0.1:PORT local: the Python module {module} is missing "
        f"(Debian: install {package}) | {_SESSION}",
    )


def modules_without_compiled_code(folder: Path) -> list[Path]:
    """The modules below this folder that have to be compiled at each run."""
    return [
        path
        for path in folder.rglob("*.py")
        if not list(path.parent.glob(f"__pycache__/{path.stem}.cpython-*.pyc"))
    ]
