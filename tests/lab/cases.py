"""What a check must say of a real server, and what the server's log must say of the check.

Rule: a case holds the whole status line and the whole perfdata. A server that is well is described
by what it offers; its five cases follow from that.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from check_smtp_core.findings import State
from tests.conftest import outcome

OK, WARNING, CRITICAL, UNKNOWN = State

CERTIFICATE = "--servername mail.example.com --ca-file /tls/root.pem"
"""Options of every cert case; a file below /tls is the one that the server's jail has."""

_CONNECTED = "time=Ts;;;0 time_connect=Ts;;;0"
GREETED = f"{_CONNECTED} time_greeting=Ts;;;0"
INTRODUCED = f"{GREETED} time_ehlo=Ts;;;0"
ASKED = f"{INTRODUCED} time_starttls=Ts;;;0"
ENCRYPTED = f"{ASKED} time_tls=Ts;;;0"
INSIDE = f"{ENCRYPTED} time_ehlo_tls=Ts;;;0"
IMPLICIT = f"{_CONNECTED} time_tls=Ts;;;0 time_greeting=Ts;;;0"
IMPLICIT_INTRODUCED = f"{IMPLICIT} time_ehlo=Ts;;;0"
DAYS = "days_left=60;21:;7: days_left_leaf=60"
STRONG = "TLSv1.3, TLS_AES_256_GCM_SHA384, 256 bits"
WELL = "60 days left (until DATE) for mail.example.com, issued by Example Issuing CA"


class Case(NamedTuple):
    """One check of one port.

    `text` begins after `CHECK STATE - 127.0.0.1:PORT `. `told` is what the server's log says of
    the session's commands, in words of its own; `complaints` are the lines in which it complains.
    """

    port: str
    check: str
    options: str
    state: State
    text: str
    perfdata: str
    told: str
    complaints: tuple[str, ...] = ()
    sessions: int = 1

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.port, self.check, self.options)))

    @property
    def line(self) -> str:
        """The whole status line."""
        head = f"SMTP_{self.check.upper()} {self.state.name} - 127.0.0.1:PORT"
        return f"{head} {self.text} | {self.perfdata}"


class Offer(NamedTuple):
    """A list of extensions as it is printed, their number, and the perfdata of SIZE."""

    printed: str
    number: int
    size: str

    @property
    def perfdata(self) -> str:
        size = f" size={self.size}B;;;0" if self.size else ""
        return f"extensions={self.number};;;0{size}"


def offer(printed: str, number: int = 0) -> Offer:
    """What is offered, from the list that is printed; `number` where it is cut off."""
    size = re.search(r"\bSIZE (\d+)", printed)
    return Offer(printed, number or len(printed.split(", ")), size[1] if size else "")


class Commands(NamedTuple):
    """What a server's log says of a session with these commands, check by check."""

    quit: str
    ehlo_quit: str
    starttls_quit: str
    starttls_ehlo_quit: str


def with_starttls(
    port: str,
    commands: Commands,
    greeting: str,
    clear: Offer,
    inside: Offer,
    tls: str = STRONG,
    options: str = "",
) -> tuple[Case, ...]:
    """The five cases of a port with STARTTLS where everything is well."""
    version = tls.partition(",")[0]
    bits = tls.rpartition(", ")[2].removesuffix(" bits")
    return (
        Case(port, "banner", options, OK, f'greeted in T s: "{greeting}"', GREETED, commands.quit),
        Case(
            port,
            "ehlo",
            options,
            OK,
            f"offers {_extensions(clear)} in T s: {clear.printed}",
            f"{INTRODUCED} {clear.perfdata}",
            commands.ehlo_quit,
        ),
        Case(
            port,
            "ehlo",
            f"--starttls {options}".strip(),
            OK,
            f"offers {_extensions(inside)} inside {version} in T s: {inside.printed}",
            f"{INSIDE} {inside.perfdata}",
            commands.starttls_ehlo_quit,
        ),
        Case(
            port,
            "starttls",
            options,
            OK,
            f"encrypts with {tls} in T s",
            f"{INSIDE} bits={bits};128:;;0",
            commands.starttls_ehlo_quit,
        ),
        Case(
            port,
            "cert",
            f"{CERTIFICATE} {options}".strip(),
            OK,
            WELL,
            f"{ENCRYPTED} {DAYS}",
            commands.starttls_quit,
        ),
    )


def implicit(
    port: str, commands: Commands, greeting: str, inside: Offer, tls: str = STRONG
) -> tuple[Case, ...]:
    """The four cases of a port with implicit TLS where everything is well."""
    version = tls.partition(",")[0]
    bits = tls.rpartition(", ")[2].removesuffix(" bits")
    return (
        Case(
            port, "banner", "--tls", OK, f'greeted in T s: "{greeting}"', IMPLICIT, commands.quit
        ),
        Case(
            port,
            "ehlo",
            "--tls",
            OK,
            f"offers {_extensions(inside)} inside {version} in T s: {inside.printed}",
            f"{IMPLICIT_INTRODUCED} {inside.perfdata}",
            commands.ehlo_quit,
        ),
        Case(
            port,
            "starttls",
            "--tls",
            OK,
            f"encrypts with {tls} in T s",
            f"{IMPLICIT_INTRODUCED} bits={bits};128:;;0",
            commands.ehlo_quit,
        ),
        Case(port, "cert", f"--tls {CERTIFICATE}", OK, WELL, f"{IMPLICIT} {DAYS}", commands.quit),
    )


def turned_away(port: str, finding: str, reply: str, told: str) -> tuple[Case, ...]:
    """The five cases of a port that greets with a refusal."""
    text = f'{finding}: greeted with "{reply}" (we came from 127.0.0.1)'
    return tuple(
        Case(port, check, options, CRITICAL, text, GREETED, told)
        for check, options in (
            ("banner", ""),
            ("ehlo", ""),
            ("ehlo", "--starttls"),
            ("starttls", ""),
            ("cert", CERTIFICATE),
        )
    )


def no_encryption(
    port: str, text: str, perfdata: str, told: str, complaints: Sequence[str] = ()
) -> tuple[Case, ...]:
    """The three cases of a port where no encryption comes about, and all say so in one way."""
    return tuple(
        Case(port, check, options, CRITICAL, text, perfdata, told, tuple(complaints))
        for check, options in (("ehlo", "--starttls"), ("starttls", ""), ("cert", CERTIFICATE))
    )


LOGIN = f"{CERTIFICATE} --user user@example.com"
"""Options of every auth case; the server knows the user and the password in /tls/password."""
CLEAR = "plaintext-auth: AUTH LOGIN PLAIN is offered without TLS; "


def logins(
    port: str,
    told: tuple[str, str],
    refusal: str,
    options: str = "",
    mechanism: str = "PLAIN",
    clear: str = "",
    sessions: int = 1,
) -> tuple[Case, ...]:
    """A login that works, one that does not, and one that must not.

    `told` is what the log says of a good login and of a bad one. `clear` is a finding that stands
    beside them, and `sessions` are those that a good login makes in the log.
    """
    good, bad = told
    right = f"{LOGIN} --password-file /tls/password {options}".strip()
    wrong = f"{LOGIN} --password-file /tls/wrong {options}".strip()
    begun = IMPLICIT_INTRODUCED if "--tls" in options else INSIDE
    perfdata = f"{begun} time_auth=Ts;;;0"
    by = f"({mechanism} inside TLSv1.3) in T s"
    failed = (
        f'auth-failed: AUTH {mechanism} as user@example.com answered with "{refusal}" '
        "(we came from 127.0.0.1 as client.example)"
    )
    fine = WARNING if clear else OK
    lets = f"{clear}lets user@example.com log in {by}"
    refuses = f'{clear}refuses the login of user@example.com {by}: "{refusal}"'
    also = f"; {clear.removesuffix('; ')}" if clear else ""
    return (
        Case(port, "auth", right, fine, lets, perfdata, good, sessions=sessions),
        Case(port, "auth", wrong, CRITICAL, f"{failed}{also}", perfdata, bad),
        Case(port, "auth", f"{wrong} --refuse", fine, refuses, perfdata, bad),
    )


def _extensions(offered: Offer) -> str:
    return f"{offered.number} extension{'s' if offered.number != 1 else ''}"


_MECHANISMS = re.compile(r"(?<=\bAUTH )[A-Z0-9-]+(?: [A-Z0-9-]+)*")


def equalled(output: str, port: int) -> str:
    """What a check printed, with all that differs from run to run or by version made equal."""
    (line,) = outcome(0, output, port).lines
    line = re.sub(r"\b\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?", "DATE", line)
    line = re.sub(r"\bSendmail \S+, [^\"]*", "Sendmail VERSION, DATE ...", line)
    line = re.sub(r"\bExim [\d.]+\d", "Exim VERSION", line)
    line = re.sub(r"(?<==)(-3|60)\.\d\d\b", r"\1", line)
    # qpsmtpd names them in another order each time
    return _MECHANISMS.sub(lambda match: " ".join(sorted(match[0].split())), line)


_COMPLAINTS = re.compile(
    "|".join(
        (
            r"lost (?:connection|input)|\blost D=",
            r"client closed the connection|Connection closed \(",
            r"disconnected reason=(?!quit)",
            r"improper command|command pipelining",
            r"synchroni[sz]ation",
            r"unexpected",
            r"(?:SSL|TLS)[ _](?:accept|error|library|handshake)",
            r"handshake failed",
            r"timed out|timeout (?:after|on|exceeded|waiting)",
            r"reset by peer",
            r"broken pipe",
            r"PREGREET|HANGUP|BARE NEWLINE|NON-SMTP",
            r"protocol error",
            r"without QUIT|panic|fatal|traceback",
        )
    ),
    re.IGNORECASE,
)


def complaints(log: str) -> tuple[str, ...]:
    """The lines of a log in which a server complains of its client.

    Without the process, and without what differs from run to run or by version.
    """
    found = []
    for line in log.splitlines():
        if _COMPLAINTS.search(line):
            words = line.partition(": ")[2] or line
            words = re.sub(r"(?<=\[127\.0\.0\.1\]):\d+", "", words.removeprefix("NOQUEUE: "))
            # OpenSSL's library, function (up to 1.1) and reason, its file and line
            words = re.sub(r"error:[0-9A-F]+:[^:]+:[^:]*:([^:]+):.*", r"\1", words)
            found.append(words)
    return tuple(found)
