"""What the engines have to show: each check in each state, and servers that mean harm.

Rule: one table for all engines. A case says what is asked and which line is right; the engines
differ in how they ask, never in what comes back.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from check_smtp_core.findings import State
from tests.conftest import outcome, unhurried

OK, WARNING, CRITICAL, UNKNOWN = State


class Case(NamedTuple):
    """One service: a check of a server with options, and the state and the line that are right.

    In the options CA, PASSWORD and MAILDIR stand for what the demo server has of these, QUEUE for
    the folder of queues. A check of the machine itself has no server. In `text` and `perfdata` T
    stands for a time in seconds, PORT for the port, DATE for a date, CA for the demo's authority.
    """

    name: str
    check: str
    server: str
    options: tuple[tuple[str, str], ...]
    state: State
    text: str
    perfdata: str

    def given(self, files: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Its options as they are given."""
        return tuple((name, _filled_in(value, files)) for name, value in self.options)

    def words(self, files: Mapping[str, str]) -> list[str]:
        """Its options as words of a command line; a flag has no value."""
        return [word for option in self.given(files) for word in option if word]


def _filled_in(value: str, files: Mapping[str, str]) -> str:
    """A value whose first part stands for a file or folder."""
    head, slash, rest = value.partition("/")
    return f"{files.get(head, head)}{slash}{rest}"


def equalled(line: str, port: int) -> str:
    """A line with everything that differs from run to run made equal."""
    (line,) = outcome(0, unhurried(line), port).lines
    line = re.sub(r"(?<= local: )\w+(?= may not list)", "ACCOUNT", line)
    line = re.sub(r"\b\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?", "DATE", line)
    line = re.sub(r"\bage=115[2-5]\d(?=s)", "age=T", line)
    line = re.sub(r"OU=Testing CA #[^,]+,O=trustme v[\d.]+", "CA", line)
    # the certificate was new some minutes ago
    line = re.sub(r"\b60\.0\d(?= days)", "60.0N", line)
    return re.sub(r"(?<==)(-1|60)\.\d\d\b", r"\1", line)


_EHLO_NAME = ("--ehlo-name", "monitor.example")
_NAME = ("--servername", "mail.example.com")
_CA = ("--ca-file", "CA")
_USER = ("--user", "monitor@example.com")
_PASSWORD = ("--password-file", "PASSWORD")
_LOGGED_IN = "lets monitor@example.com log in (PLAIN inside TLSv1.3) in T s"
_CONNECTED = "time=Ts;;;0 time_connect=Ts;;;0"
_GREETED = f"{_CONNECTED} time_greeting=Ts;;;0"
_INTRODUCED = f"{_GREETED} time_ehlo=Ts;;;0"
_RECIPIENTS = f"{_INTRODUCED} time_mail=Ts;;;0 time_rcpt=Ts;;;0"
_ORIGIN = "(we came from 127.0.0.1 as monitor.example)"
_ASKED = f"{_INTRODUCED} time_starttls=Ts;;;0"
_ENCRYPTED = f"{_ASKED} time_tls=Ts;;;0"
_INSIDE = f"{_ENCRYPTED} time_ehlo_tls=Ts;;;0"
_SENT = f"{_INTRODUCED} time_mail=Ts;;;0 time_rcpt=Ts;;;0 time_data=Ts;;;0 time_mailbox=Ts;;;0"
_RECIPIENT = ("--recipient", "loop@example.com")
_HEALTHY_TLS = "encrypts with TLSv1.3, TLS_AES_256_GCM_SHA384, 256 bits in T s"
_OLD = "Postfix: 3 messages, the oldest waits 3 h 12 min (active 1, deferred 2)"
_AGE = "queue-age: the oldest message waits 3 h 12 min (wanted: at most"
_EMPTY = "time=Ts;;;0 age=0s;3600;86400;0 messages=0;;;0"
_QUEUE = (
    "time=Ts;;;0 age=Ts;3600;86400;0 messages=3;;;0 maildrop=0;;;0 incoming=0;;;0 active=1;;;0 "
    "deferred=2;;;0 hold=0;;;0 queue_size=6144B;;;0"
)
_HOSTILE_GREETING = (
    "\"220 mx/load=99,1,2 (script)alert(1)(/script) ?(reboot) 'id' ?HOSTADDRESS? %s , [31mred"
    '\\xff  {}"'
)

STATES = (
    Case(
        "banner ok",
        "banner",
        "smtp",
        (("--warning", "2"), ("--critical", "5")),
        OK,
        'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail.example.com ESMTP demo"',
        "time=Ts;2;5;0 time_connect=Ts;;;0 time_greeting=Ts;;;0",
    ),
    Case(
        "banner warning",
        "banner",
        "smtp",
        (("--expect", "Postfix|Exim [0-9]"),),
        WARNING,
        "SMTP_BANNER WARNING - 127.0.0.1:PORT banner-text: the greeting does not match the "
        'pattern "Postfix/Exim [0-9]"; greeted in T s: "220 mail.example.com ESMTP demo"',
        _GREETED,
    ),
    Case(
        "banner critical",
        "banner",
        "busy",
        (),
        CRITICAL,
        'SMTP_BANNER CRITICAL - 127.0.0.1:PORT unavailable: greeted with "421 4.7.0 '
        'mail.example.com Error: too many connections from 127.0.0.1" (we came from 127.0.0.1)',
        _GREETED,
    ),
    Case(
        "banner unknown",
        "banner",
        "smtp",
        (("--warning", "soon"),),
        UNKNOWN,
        'SMTP_BANNER UNKNOWN - usage: argument -w/--warning: "soon" is no range such as 5, 2:5, '
        "30:, ~:5 or @1:2 (see check_smtp_banner --help)",
        "",
    ),
    Case(
        "ehlo ok",
        "ehlo",
        "smtp",
        (("--starttls", ""), ("--require-auth", "PLAIN"), ("--min-size", "10000000")),
        OK,
        "SMTP_EHLO OK - 127.0.0.1:PORT offers 4 extensions inside TLSv1.3 in T s: SIZE 52428800, "
        "8BITMIME, AUTH LOGIN PLAIN, HELP",
        f"{_INSIDE} extensions=4;;;0 size=52428800B;10000000:;;0",
    ),
    Case(
        "ehlo warning",
        "ehlo",
        "smtp",
        (("--forbid", "HELP"),),
        WARNING,
        "SMTP_EHLO WARNING - 127.0.0.1:PORT forbidden: offered: HELP; offers 4 extensions in T s: "
        "SIZE 52428800, 8BITMIME, STARTTLS, HELP",
        f"{_INTRODUCED} extensions=4;;;0 size=52428800B;;;0",
    ),
    Case(
        "ehlo critical",
        "ehlo",
        "smtp",
        (("--require", "CHUNKING"),),
        CRITICAL,
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT missing: not offered: CHUNKING; offers 4 extensions "
        "in T s: SIZE 52428800, 8BITMIME, STARTTLS, HELP",
        f"{_INTRODUCED} extensions=4;;;0 size=52428800B;;;0",
    ),
    Case(
        "ehlo unknown",
        "ehlo",
        "smtp",
        (("--source-address", "192.0.2.1"),),
        UNKNOWN,
        "SMTP_EHLO UNKNOWN - 127.0.0.1:PORT local: cannot connect from the source address "
        "192.0.2.1: cannot assign requested address",
        "time=Ts;;;0",
    ),
    Case(
        "starttls ok",
        "starttls",
        "smtp",
        (),
        OK,
        f"SMTP_STARTTLS OK - 127.0.0.1:PORT {_HEALTHY_TLS}",
        f"{_INSIDE} bits=256;128:;;0",
    ),
    Case(
        "starttls warning",
        "starttls",
        "smtp",
        (("--phase-warning", "tls=10:"),),
        WARNING,
        "SMTP_STARTTLS WARNING - 127.0.0.1:PORT slow: phase tls took T s (wanted: at least 10 s); "
        f"{_HEALTHY_TLS}",
        f"{_ASKED} time_tls=Ts;10:;;0 time_ehlo_tls=Ts;;;0 bits=256;128:;;0",
    ),
    Case(
        "starttls critical",
        "starttls",
        "plain",
        (_EHLO_NAME,),
        CRITICAL,
        "SMTP_STARTTLS CRITICAL - 127.0.0.1:PORT no-starttls: STARTTLS is not offered",
        _INTRODUCED,
    ),
    Case(
        "starttls unknown",
        "starttls",
        "smtp",
        (("--min-version", "SSLv9"),),
        UNKNOWN,
        'SMTP_STARTTLS UNKNOWN - usage: argument --min-version: "SSLv9" is none of TLSv1, '
        "TLSv1.1, TLSv1.2, TLSv1.3 (see check_smtp_starttls --help)",
        "",
    ),
    Case(
        "cert ok",
        "cert",
        "smtp",
        (_NAME, _CA),
        OK,
        "SMTP_CERT OK - 127.0.0.1:PORT 60 days left (until DATE) for mail.example.com, issued by "
        "CA",
        f"{_ENCRYPTED} days_left=60;21:;7: days_left_leaf=60",
    ),
    Case(
        "cert warning",
        "cert",
        "smtp",
        (_NAME, _CA, ("--warning", "90")),
        WARNING,
        "SMTP_CERT WARNING - 127.0.0.1:PORT expiring: 60.0N days left (wanted: at least 90 days); "
        "60 days left (until DATE) for mail.example.com, issued by CA",
        f"{_ENCRYPTED} days_left=60;90:;7: days_left_leaf=60",
    ),
    Case(
        "cert critical",
        "cert",
        "expired",
        (_NAME, _CA),
        CRITICAL,
        "SMTP_CERT CRITICAL - 127.0.0.1:PORT expired: the certificate expired 24 hours ago "
        "(DATE); it ended on DATE for mail.example.com, issued by CA",
        f"{_ENCRYPTED} days_left=-1;21:;7: days_left_leaf=-1",
    ),
    Case(
        "cert unknown",
        "cert",
        "smtp",
        (_NAME, ("--ca-file", "/nowhere/ca.pem")),
        UNKNOWN,
        "SMTP_CERT UNKNOWN - 127.0.0.1:PORT local: the CA file /nowhere/ca.pem cannot be read: no "
        "such file or directory",
        _ASKED,
    ),
    Case(
        "rcpt ok",
        "rcpt",
        "smtp",
        (("--accept", "alice@example.com"), ("--control-probe", "")),
        OK,
        "SMTP_RCPT OK - 127.0.0.1:PORT takes mail for alice@example.com (no catch-all) in T s: "
        '"250 2.1.5 Ok"',
        f"{_RECIPIENTS} accepted=1;;;0 deferred=0;;;0 refused=0;;;0",
    ),
    Case(
        "rcpt warning",
        "rcpt",
        "smtp",
        (("--accept", "bob@example.com"), _EHLO_NAME),
        WARNING,
        "SMTP_RCPT WARNING - 127.0.0.1:PORT greylisted: bob@example.com is refused: "
        f'"450 4.2.0 (bob@example.com): Recipient address rejected: Greylisted" {_ORIGIN}',
        f"{_RECIPIENTS} accepted=0;;;0 deferred=1;;;0 refused=0;;;0",
    ),
    Case(
        "rcpt critical",
        "rcpt",
        "smtp",
        (("--accept", "eve@example.com"), _EHLO_NAME),
        CRITICAL,
        "SMTP_RCPT CRITICAL - 127.0.0.1:PORT unknown-user: eve@example.com is refused: "
        f'"550 5.1.1 (eve@example.com): Recipient address rejected: User unknown" {_ORIGIN}',
        f"{_RECIPIENTS} accepted=0;;;0 deferred=0;;;0 refused=1;;;0",
    ),
    Case(
        "rcpt unknown",
        "rcpt",
        "smtp",
        (("--mail-from", "alice@example.com"),),
        UNKNOWN,
        "SMTP_RCPT UNKNOWN - usage: no recipient is given (--accept, --reject or --tempfail) (see "
        "check_smtp_rcpt --help)",
        "",
    ),
    Case(
        "relay ok",
        "relay",
        "smtp",
        (("--recipient", "carol@example.org"),),
        OK,
        "SMTP_RELAY OK - 127.0.0.1:PORT refuses to relay in T s: "
        '"554 5.7.1 (carol@example.org): Relay access denied"',
        _RECIPIENTS,
    ),
    Case(
        "relay warning",
        "relay",
        "smtp",
        (("--recipient", "bob@example.com"), _EHLO_NAME),
        WARNING,
        "SMTP_RELAY WARNING - 127.0.0.1:PORT greylisted: it does not say whether it relays: RCPT "
        'is refused: "450 4.2.0 (bob@example.com): Recipient address rejected: Greylisted" '
        f"{_ORIGIN}",
        _RECIPIENTS,
    ),
    Case(
        "relay critical",
        "relay",
        "smtp",
        (("--xclient", "203.0.113.1"), _EHLO_NAME),
        CRITICAL,
        "SMTP_RELAY CRITICAL - 127.0.0.1:PORT missing: XCLIENT is not offered to us, so that we "
        f"can only ask as ourselves {_ORIGIN}",
        _INTRODUCED,
    ),
    Case(
        "relay unknown",
        "relay",
        "smtp",
        (("--recipient", "alice@example.com"), _EHLO_NAME),
        UNKNOWN,
        "SMTP_RELAY UNKNOWN - 127.0.0.1:PORT trusted: mail from relay-test@example.net for "
        'alice@example.com is accepted: "250 2.1.5 Ok", but servers trust clients with a '
        f"loopback address, so it proves nothing {_ORIGIN}",
        _RECIPIENTS,
    ),
    Case(
        "auth ok",
        "auth",
        "smtp",
        (_NAME, _CA, _USER, _PASSWORD),
        OK,
        f"SMTP_AUTH OK - 127.0.0.1:PORT {_LOGGED_IN}",
        f"{_INSIDE} time_auth=Ts;;;0",
    ),
    Case(
        "auth refused as it should be",
        "auth",
        "smtp",
        (_NAME, _CA, ("--user", "nobody@example.com"), _PASSWORD, ("--refuse", "")),
        OK,
        "SMTP_AUTH OK - 127.0.0.1:PORT refuses the login of nobody@example.com (PLAIN inside "
        'TLSv1.3) in T s: "535 5.7.8 Authentication credentials invalid"',
        f"{_INSIDE} time_auth=Ts;;;0",
    ),
    Case(
        "auth warning",
        "auth",
        "smtp",
        (_NAME, _CA, _USER, _PASSWORD, ("--phase-warning", "auth=10:")),
        WARNING,
        "SMTP_AUTH WARNING - 127.0.0.1:PORT slow: phase auth took T s (wanted: at least 10 s); "
        f"{_LOGGED_IN}",
        f"{_INSIDE} time_auth=Ts;10:;;0",
    ),
    Case(
        "auth critical",
        "auth",
        "expired",
        (_NAME, _CA, _USER, _PASSWORD),
        CRITICAL,
        "SMTP_AUTH CRITICAL - 127.0.0.1:PORT expired: the certificate expired 24 hours ago "
        "(DATE); no credentials were sent",
        _INSIDE,
    ),
    Case(
        "auth unknown",
        "auth",
        "smtp",
        (_NAME, _CA, _USER, ("--password-file", "/nowhere/password")),
        UNKNOWN,
        "SMTP_AUTH UNKNOWN - 127.0.0.1:PORT local: /nowhere/password cannot be read: no such "
        "file or directory",
        _CONNECTED,
    ),
    Case(
        "queue ok",
        "queue",
        "",
        (("--command", "QUEUE/old/postqueue"), ("--warning", "5h"), ("--queue-warning", "hold=5")),
        OK,
        f"SMTP_QUEUE OK - {_OLD}",
        _QUEUE.replace("3600", "18000").replace("hold=0;;", "hold=0;5;"),
    ),
    Case(
        "queue warning",
        "queue",
        "",
        (("--command", "QUEUE/old/postqueue"),),
        WARNING,
        f"SMTP_QUEUE WARNING - {_AGE} 1 h); {_OLD}",
        _QUEUE,
    ),
    Case(
        "queue critical",
        "queue",
        "",
        (("--command", "QUEUE/old/postqueue"), ("--critical", "2h")),
        CRITICAL,
        f"SMTP_QUEUE CRITICAL - {_AGE} 2 h); {_OLD}",
        _QUEUE.replace("86400", "7200"),
    ),
    Case(
        "queue unknown",
        "queue",
        "",
        (("--command", "QUEUE/denied/postqueue"), ("--mta", "postfix")),
        UNKNOWN,
        'SMTP_QUEUE UNKNOWN - local: ACCOUNT may not list the queue of Postfix: "postqueue: '
        'fatal: User nagios(112) is not allowed to view the mail queue" (authorized_mailq_users '
        "in main.cf says who may)",
        "time=Ts;;;0",
    ),
    Case(
        "loop ok",
        "loop",
        "smtp",
        (_RECIPIENT, ("--maildir", "MAILDIR"), ("--warning", "20"), ("--critical", "50")),
        OK,
        "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s",
        f"{_SENT} latency=Ts;20;50;0 pending=0;;;0 oldest=Ts;20;50;0 lost=0;;;0 junk=0;;;0",
    ),
    Case(
        "loop warning",
        "loop",
        "smtp",
        (_RECIPIENT, ("--maildir", "MAILDIR"), ("--warning", "0.00001")),
        WARNING,
        "SMTP_LOOP WARNING - 127.0.0.1:PORT late: it took T s (wanted: at most 0.00001 s); the "
        "message came after T s",
        f"{_SENT} latency=Ts;0.00001;;0 pending=0;;;0 oldest=Ts;0.00001;;0 lost=0;;;0 junk=0;;;0",
    ),
    Case(
        "loop critical",
        "loop",
        "busy",
        (_RECIPIENT, ("--maildir", "MAILDIR")),
        CRITICAL,
        'SMTP_LOOP CRITICAL - 127.0.0.1:PORT unavailable: greeted with "421 4.7.0 '
        'mail.example.com Error: too many connections from 127.0.0.1" (we came from 127.0.0.1)',
        _GREETED,
    ),
    Case(
        "loop unknown",
        "loop",
        "smtp",
        (_RECIPIENT, ("--maildir", "/nowhere")),
        UNKNOWN,
        "SMTP_LOOP UNKNOWN - 127.0.0.1:PORT mailbox: /nowhere/new cannot be read: no such file or "
        "directory; a message was sent",
        _SENT,
    ),
)
"""Each check in each state."""

HOSTILE = (
    Case(
        "hostile greeting",
        "banner",
        "hostile greeting",
        (),
        OK,
        f"SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: {_HOSTILE_GREETING}",
        _GREETED,
    ),
    Case(
        "hostile reply",
        "banner",
        "hostile greeting",
        (("--expect-code", "554"),),
        CRITICAL,
        f"SMTP_BANNER CRITICAL - 127.0.0.1:PORT banner-code: greeted with {_HOSTILE_GREETING} "
        "instead of 554 (we came from 127.0.0.1)",
        _GREETED,
    ),
    Case(
        "hostile extensions",
        "ehlo",
        "hostile extensions",
        (_EHLO_NAME,),
        OK,
        "SMTP_EHLO OK - 127.0.0.1:PORT offers 1 extension in T s: SIZE 10",
        f"{_INTRODUCED} extensions=1;;;0 size=10B;;;0",
    ),
    Case(
        "long line",
        "banner",
        "long line",
        (),
        CRITICAL,
        "SMTP_BANNER CRITICAL - 127.0.0.1:PORT protocol: a reply line is too long (limit 8192 "
        f'octets) (in place of the greeting): "220 {"A" * 113}..."',
        _CONNECTED,
    ),
    Case(
        "many lines",
        "banner",
        "many lines",
        (),
        OK,
        'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail.example.com says a lot of '
        'words in every line of it / mail.example.com says a lot of words in every line of ..."',
        _GREETED,
    ),
    Case(
        "silence",
        "banner",
        "silent",
        (("--timeout", "3"),),
        CRITICAL,
        "SMTP_BANNER CRITICAL - 127.0.0.1:PORT timeout: the greeting did not come within 3 s "
        "(overloaded, delaying its greeting, or a port for implicit TLS or HTTP?)",
        _CONNECTED,
    ),
    Case(
        "hung up on",
        "banner",
        "gone",
        (),
        CRITICAL,
        "SMTP_BANNER CRITICAL - 127.0.0.1:PORT closed: the server closed the connection before "
        "the greeting",
        _CONNECTED,
    ),
)
"""Servers that mean harm, and servers that fail."""

QUEUES = (
    Case(
        "hostile queue",
        "queue",
        "",
        (("--command", "QUEUE/hostile/postqueue"),),
        UNKNOWN,
        "SMTP_QUEUE UNKNOWN - local: the listing of Postfix cannot be understood: "
        "\"mx/load=99,1,2 (script)alert(1)(/script) ?(reboot) 'id' ?HOSTADDRESS? %s\"",
        "time=Ts;;;0",
    ),
    Case(
        "queue of Exim",
        "queue",
        "",
        (("--command", "QUEUE/empty/exim4"),),
        OK,
        "SMTP_QUEUE OK - Exim: the queue is empty",
        f"{_EMPTY} waiting=0;;;0 frozen=0;;;0 queue_size=0B;;;0",
    ),
    Case(
        "queue of Sendmail",
        "queue",
        "",
        (("--command", "QUEUE/empty/sendmail"),),
        OK,
        "SMTP_QUEUE OK - Sendmail: the queue is empty",
        f"{_EMPTY} mta=0;;;0 msp=0;;;0 quarantined=0;;;0 queue_size=0B;;;0",
    ),
    Case(
        "queue of OpenSMTPD",
        "queue",
        "",
        (("--command", "QUEUE/empty/smtpctl"),),
        OK,
        "SMTP_QUEUE OK - OpenSMTPD: the queue is empty",
        f"{_EMPTY} pending=0;;;0 inflight=0;;;0 offline=0;;;0 suspended=0;;;0",
    ),
)
"""A mail system that means harm, and the parts of the queue of each."""

CASES = (*STATES, *HOSTILE, *QUEUES)
