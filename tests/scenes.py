"""What servers do, and the line that a check makes of it: what docs/check_smtp_*.md quotes.

Rule: a scene is a played server and what else makes the line; `told()` gives the line as the pages
write it. What stands in LINES is quoted by the page of its check, in this order.
"""

import re
import secrets
import socket
import ssl
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from check_smtp_core import backstop
from check_smtp_delivery import queue
from check_smtp_delivery.mail_systems import EXIM, Found
from tests import chains
from tests.chains import INTERMEDIATE, LEAF, Recipe, element
from tests.conftest import Outcome, outcome, run_check
from tests.faults import FAULTS, Setup
from tests.listed import postfix_line, program
from tests.loop_props import as_written as as_of_loop
from tests.loop_props import props
from tests.player import Player

HOST = "mail.example.com"


class Queue(NamedTuple):
    """The program of a mail system: its name, what it lists or says, how it ends.

    `messages` are the queues and the ages of what Postfix lists; `runs` is whether a
    process of the mail system was seen.
    """

    name: str = "postqueue"
    messages: tuple[tuple[str, float], ...] = ()
    output: str = ""
    complaints: str = ""
    code: int = 0
    then: str = ""
    runs: bool | None = None


class Scene(NamedTuple):
    """One server and one command.

    `transcript` is for each connection (see player.py), or REFUSED or BLACK_HOLE, or the queue of
    this machine. `addresses` is what the resolver knows of the name, or the error that it gives.
    `fault` names the certificates (see faults.py) in a transcript with TLS. CA and PEM among the
    arguments stand for the anchors of that fault and for a renewed certificate. `as_if` are
    replacements for what is made small to save time.
    """

    transcript: str | tuple[str, ...] | Queue
    arguments: str = ""
    addresses: tuple[str, ...] | int = ()
    fault: str = "none"
    contexts: "tuple[Callable[[], ssl.SSLContext], ...]" = ()
    as_if: tuple[str, str] = ("", "")


REFUSED, BLACK_HOLE = "REFUSED", "BLACK HOLE"

BYE = "C: QUIT\nS: 221 2.0.0 Bye"
GREETING = f"S: 220 {HOST} ESMTP Postfix\n"
WELL = GREETING + BYE
ASK = f"{GREETING}C: EHLO client.example\n"


def offer(*extensions: str) -> str:
    """The dialogue up to the reply to EHLO, with these extensions."""
    *first, last = (HOST, *extensions)
    return ASK + "".join(f"S: 250-{each}\n" for each in first) + f"S: 250 {last}\n"


GO = f"{offer('SIZE 52428800', 'STARTTLS')}C: STARTTLS\nS: 220 2.0.0 Ready to start TLS\n"
INSIDE = f"{GO}TLS\nC: EHLO client.example\nS: 250-{HOST}\nS: 250 SIZE 52428800\n{BYE}"
SHOWN = f"{GO}TLS\n{BYE}"


def _speaking(oldest: str, newest: str, ciphers: str = "") -> Callable[[], ssl.SSLContext]:
    def context() -> ssl.SSLContext:
        made = chains.server_context((LEAF, INTERMEDIATE))
        if ciphers:
            made.set_ciphers(ciphers)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made.minimum_version = ssl.TLSVersion[oldest]
            made.maximum_version = ssl.TLSVersion[newest]
        return made

    return context


def _demanding() -> ssl.SSLContext:
    made = chains.server_context((LEAF, INTERMEDIATE))
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def _of_small_group() -> ssl.SSLContext:
    made = chains.server_context((LEAF._replace(key="rsa2048"), INTERMEDIATE))
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
    prime = element(2, b"\x00" + bytes.fromhex(_OAKLEY_GROUP_2))
    octets = b64encode(element(0x30, prime + element(2, b"\x02"))).decode("ascii")
    parameters = f"-----BEGIN DH PARAMETERS-----\n{octets}\n-----END DH PARAMETERS-----\n"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "dh.pem"
        file.write_text(parameters, encoding="ascii")
        made.load_dh_params(str(file))
    return made


# 1024 bits: RFC 2409 6.2.
_OAKLEY_GROUP_2 = (
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a0879"
    "8e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b"
    "0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff"
)
_ALL = _speaking("TLSv1", "TLSv1_3")

BOOKS = offer("SIZE 52428800", "8BITMIME")
MAIL = "C: MAIL FROM:<>\nS: 250 2.1.0 Ok\n"
RESET = f"C: RSET\nS: 250 2.0.0 Ok\n{BYE}"
TOKEN = "0123456789abcdef"
PROBED = f"check-smtp-{TOKEN}@example.com"


def _asked(*replies: str, mail: str = MAIL) -> str:
    """A session in which these are the replies to RCPT; the user is named before each."""
    told = (each.partition(": ") for each in replies)
    return (
        BOOKS + mail + "".join(f"C: RCPT TO:<{to}>\nS: {said}\n" for to, _, said in told) + RESET
    )


def _relayed(reply: str, mail: str = "250 2.1.0 Ok") -> str:
    """A session in which foreign mail gets these replies."""
    told = f"C: MAIL FROM:<relay-test@example.net>\nS: {mail}\n"
    if not mail.startswith("250"):
        return BOOKS + told + BYE
    return BOOKS + told + f"C: RCPT TO:<relay-test@example.com>\nS: {reply}\n" + RESET


XCLIENT = offer("SIZE 52428800", "XCLIENT NAME ADDR PROTO HELO")
AS_STRANGER = "C: XCLIENT ADDR=203.0.113.1 NAME=[UNAVAILABLE]\n" + ASK + f"S: 250 {HOST}\n"
ALICE, EVE = "alice@example.com", "eve@example.com"

USER, PASSWORD = "monitor@example.com", "correct horse"


def _offering(*mechanisms: str) -> str:
    """The dialogue up to the reply to EHLO inside TLS."""
    auth = f"S: 250 AUTH {' '.join(mechanisms)}\n" if mechanisms else "S: 250 SIZE 52428800\n"
    return f"{GO}TLS\nC: EHLO client.example\nS: 250-{HOST}\n{auth}"


def _login(*replies: str) -> str:
    """The dialogue of a login by PLAIN."""
    initial = b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    said = "".join(f"S: {each}\n" for each in replies)
    return f"{_offering('PLAIN', 'LOGIN')}C: AUTH PLAIN {initial}\n{said}{BYE}"


def _token(reply: str) -> str:
    """The dialogue of a login by XOAUTH2 with the token `correct horse`, which is refused."""
    initial = b64encode(f"user={USER}\1auth=Bearer {PASSWORD}\1\1".encode()).decode()
    error = b64encode(b'{"status":"400","schemes":"Bearer"}').decode()
    said = f"C: AUTH XOAUTH2 {initial}\nS: 334 {error}\nC:\nS: {reply}\n"
    return f"{_offering('XOAUTH2')}{said}{BYE}"


_NOT_TRIED = _offering("PLAIN", "LOGIN") + BYE
_IN_CLEAR = (
    GO.replace("SIZE 52428800", "AUTH PLAIN LOGIN"),
    _login("235 2.7.0 Authentication successful").removeprefix(GO),
)


def _handed_over(*replies: str) -> str:
    """A session in which these are the replies to MAIL, RCPT, DATA and the message."""
    sender, recipient = "monitor@example.net", "loop@example.com"
    said = (f"C: MAIL FROM:<{sender}>", f"C: RCPT TO:<{recipient}>", "C: DATA", "MESSAGE")
    told = zip(said, replies, strict=False)
    return offer("SIZE 52428800") + "".join(f"{each}\nS: {reply}\n" for each, reply in told)


_TAKEN = ("250 2.1.0 Ok", "250 2.1.5 Ok", "354 End data with <CR><LF>.<CR><LF>")
_SENT = _handed_over(*_TAKEN, "250 2.0.0 Ok: queued as 4bVn") + BYE
_IMAP = "--imap-host 127.0.0.1 --imap-user loop@example.com --imap-password-file SECRET"
_TO_LOG_IN = "--maildir EMPTY -U monitor@example.net --password-file SECRET"
_INSIDE_WITH_LOGIN = f"{GO}TLS\nC: EHLO client.example\nS: 250-{HOST}\nS: 250 AUTH PLAIN\n"

LINES: dict[str, list[Scene]] = {
    "check_smtp_banner": [
        Scene(REFUSED),
        Scene(BLACK_HOLE, "-t 0.3"),
        Scene("SILENCE", "-t 0.3"),
        Scene(f"S: 220-{HOST} ESMTP Postfix\nSILENCE", "-t 0.5"),
        Scene("CLOSE"),
        Scene(f"S: 421 4.7.0 {HOST} Error: too many connections from 192.0.2.10\n{BYE}"),
        Scene(f"S: 451 Temporary local problem - please try later\n{BYE}"),
        Scene(f"S: 554 SMTP service not available\n{BYE}"),
        Scene("S> SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\\r\\n\nAWAIT\nCLOSE"),
        Scene(f"{GREETING}SILENCE", "--tls"),
        Scene(WELL, "-w 0.00001", as_if=("0.00001", "2")),
        Scene(WELL, "--expect-host mx1.example.com"),
        Scene(WELL, "--expect Exim"),
        Scene(f"S: 220 *************************2******0*****\n{BYE}"),
        Scene(WELL, f"-H {HOST}", addresses=("127.0.0.3", "127.0.0.1")),
        Scene(WELL, f"-H {HOST}", addresses=int(socket.EAI_NONAME)),
        Scene(WELL, f"-H {HOST}", addresses=int(socket.EAI_AGAIN)),
        Scene(WELL, "--source-address 192.0.2.77"),
    ],
    "check_smtp_ehlo": [
        Scene(offer("PIPELINING", "SIZE 52428800", "8BITMIME") + BYE, "--require STARTTLS"),
        Scene(INSIDE, "--starttls --require-auth PLAIN"),
        Scene(offer("SIZE 52428800", "XXXXXXXA") + BYE),
        Scene(
            f"{ASK}S: 502 5.5.2 Error: command not recognized\nC: HELO client.example\n"
            f"S: 250 {HOST}\n{BYE}"
        ),
        Scene(f"{ASK}S: 550 5.7.1 Access denied\n{BYE}"),
        Scene(f"{ASK}S: 421 4.3.2 All server ports are busy\n{BYE}"),
        Scene(f"{ASK}SILENCE", "-t 0.5"),
        Scene(f"{ASK}CLOSE"),
        Scene(offer("SIZE 52428800", "AUTH PLAIN LOGIN") + BYE, "--forbid AUTH"),
        Scene(offer("SIZE 10240000") + BYE, "--min-size 20000000"),
        Scene(offer("SIZE 52428800") + BYE, "--starttls"),
        Scene(
            f"{GO}TLS\nC: EHLO client.example\nS: 250-{HOST}\nS: 250 STARTTLS\n{BYE}",
            "--starttls",
        ),
        Scene(f"{ASK}S> 250 {HOST}\\r\\n250 DSN\\r\\n\n{BYE}"),
    ],
    "check_smtp_starttls": [
        Scene(offer("SIZE 52428800") + BYE),
        Scene(
            f"{offer('STARTTLS')}C: STARTTLS\n"
            f"S: 454 4.7.0 TLS not available due to local problem\n{BYE}"
        ),
        Scene(f"{offer('STARTTLS')}C: STARTTLS\nS: 502 5.5.1 Error: not implemented\n{BYE}"),
        Scene(
            f"{GO}TLS", contexts=(_speaking("TLSv1_2", "TLSv1_2", "AECDH-AES128-SHA:@SECLEVEL=0"),)
        ),
        Scene(f"{GO}AWAIT\nCLOSE"),
        Scene(f"{GO}SILENCE", "-t 0.5"),
        Scene(f"{GO}TLS\nC: EHLO client.example", contexts=(_demanding,)),
        Scene(INSIDE, contexts=(_speaking("TLSv1", "TLSv1"),)),
        Scene((INSIDE, SHOWN), "--refuse-version TLSv1", contexts=(_ALL, _ALL)),
        Scene(
            INSIDE,
            "--min-bits 256",
            contexts=(
                _speaking("TLSv1_2", "TLSv1_2", "AES128-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"),
            ),
        ),
        Scene(INSIDE, contexts=(_of_small_group,)),
        Scene(f"{GO}TLS\nC: EHLO client.example\nS: 250-{HOST}\nS: 250 STARTTLS\n{BYE}"),
        Scene(
            f"{offer('STARTTLS')}C: STARTTLS\n"
            "S> 220 2.0.0 Ready to start TLS\\r\\n250 injected\\r\\n\nSILENCE"
        ),
    ],
    "check_smtp_cert": [
        Scene(SHOWN, fault="expires in 14 days"),
        Scene(SHOWN, fault="expired"),
        Scene(SHOWN, fault="expired intermediate"),
        Scene(SHOWN, "--file PEM", fault="expires in 3 days"),
        Scene(SHOWN, fault="wrong name"),
        Scene(SHOWN, "--servername 192.0.2.25"),
        Scene(SHOWN, fault="missing intermediate"),
        Scene(SHOWN, fault="intermediate only known here"),
        Scene(SHOWN, fault="unknown root"),
        Scene(SHOWN, fault="self-signed"),
        Scene(SHOWN, fault="not yet valid"),
        Scene(SHOWN, fault="RSA-1024"),
        Scene(SHOWN, f"--fingerprint {'0' * 64}"),
        Scene(SHOWN, "--issuer Trusty"),
        Scene(f"{GO}TLS", "--key-type rsa"),
        Scene(offer("SIZE 52428800") + BYE),
        Scene(SHOWN, "--ca-file /etc/ssl/mail-ca.pem"),
        Scene(SHOWN, "--file /etc/ssl/private/mail.pem"),
    ],
    "check_smtp_rcpt": [
        Scene(
            _asked(f"{ALICE}: 550 5.1.1 <{ALICE}>: Recipient address rejected: User unknown"),
            f"--accept {ALICE}",
        ),
        Scene(
            _asked(f"{ALICE}: 450 4.2.0 <{ALICE}>: Recipient address rejected: Greylisted"),
            f"--accept {ALICE}",
        ),
        Scene(
            _asked(
                f"{ALICE}: 504 5.5.2 <nagios01>: Helo command rejected: need fully-qualified "
                "hostname"
            ),
            f"--accept {ALICE}",
        ),
        Scene(
            _asked(
                f"{ALICE}: 554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using "
                "zen.spamhaus.org; Error: open resolver"
            ),
            f"--accept {ALICE}",
        ),
        Scene(
            _asked(f"{ALICE}: 530 5.7.0 Must issue a STARTTLS command first"),
            f"--accept {ALICE}",
        ),
        Scene(
            f"{BOOKS}C: MAIL FROM:<>\nS: 452 4.3.1 Insufficient system storage\n{BYE}",
            f"--accept {ALICE}",
        ),
        Scene(_asked(f"{ALICE}: 452 4.2.2 <{ALICE}> Mailbox is full"), f"--accept {ALICE}"),
        Scene(
            _asked(f"{ALICE}: 451 4.3.0 <{ALICE}>: Temporary lookup failure"), f"--accept {ALICE}"
        ),
        Scene(_asked(f"{ALICE}: 450 4.3.2 Service currently unavailable"), f"--accept {ALICE}"),
        Scene(_asked(f"{ALICE}: 554 5.7.1 <{ALICE}>: Relay access denied"), f"--accept {ALICE}"),
        Scene(_asked(f"{EVE}: 250 2.1.5 Ok"), f"--reject {EVE}"),
        Scene(
            _asked(f"{EVE}: 450 4.2.0 <{EVE}>: Recipient address rejected: Greylisted"),
            f"--reject {EVE}",
        ),
        Scene(
            _asked(f"{ALICE}: 250 2.1.5 Ok", f"{PROBED}: 250 2.1.5 Ok"),
            f"--accept {ALICE} --control-probe",
        ),
        Scene(
            f"{BOOKS}C: MAIL FROM:<> SIZE=60000000\n"
            f"S: 552 5.3.4 Message size exceeds fixed limit\n{BYE}",
            f"--accept {ALICE} --size 60000000",
        ),
        Scene(BOOKS + BYE, "--accept büro@example.com"),
        Scene(
            f"{BOOKS}{MAIL}C: RCPT TO:<{ALICE}>\nS: 421 4.7.0 {HOST} Error: too many errors\n"
            f"{BYE}",
            f"--accept {ALICE}",
        ),
        Scene(f"{BOOKS}{MAIL}C: RCPT TO:<{ALICE}>\nSILENCE", f"--accept {ALICE} -t 0.5"),
    ],
    "check_smtp_relay": [
        Scene(
            XCLIENT + AS_STRANGER + _relayed("250 2.1.5 Ok").removeprefix(BOOKS),
            "--xclient 203.0.113.1",
        ),
        Scene(_relayed("250 2.1.5 Ok")),
        Scene(BOOKS + BYE, "--xclient 203.0.113.1"),
        Scene(
            f"{XCLIENT}C: XCLIENT ADDR=203.0.113.1 NAME=[UNAVAILABLE]\n"
            f"S: 550 5.7.0 Error: insufficient authorization\n{BYE}",
            "--xclient 203.0.113.1",
        ),
        Scene(
            _relayed("504 5.5.2 <nagios01>: Helo command rejected: need fully-qualified hostname")
        ),
        Scene(_relayed("450 4.2.0 Recipient address rejected: Greylisted")),
        Scene(
            BOOKS
            + "C: MAIL FROM:<dave@example.net>\n"
            + f"S: 553 5.1.8 Domain of sender address does not exist\n{BYE}",
            "--mail-from dave@example.net",
        ),
        Scene(
            _relayed("550 5.1.1 <relay-test@example.com>: User unknown in virtual mailbox table")
        ),
        Scene(_relayed("556 5.1.10 Domain example.com does not accept mail (nullMX)")),
        Scene(_relayed("", "451 4.3.0 Temporary lookup failure")),
    ],
    "check_smtp_auth": [
        Scene(_login("535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6")),
        Scene(_login("454 4.7.0 Temporary authentication failure: Connection lost")),
        Scene(_login("421 4.7.0 mail.example.com Error: too many errors")),
        Scene(_offering() + BYE),
        Scene(_offering("GSSAPI", "NTLM") + BYE),
        Scene(offer("SIZE 52428800") + BYE),
        Scene("".join(_IN_CLEAR)),
        Scene(_NOT_TRIED, fault="expired"),
        Scene(_NOT_TRIED, "--servername 192.0.2.25"),
        Scene(_NOT_TRIED, fault="self-signed"),
        Scene(_login("235 2.7.0 Authentication successful"), "--refuse"),
        Scene(_login("454 4.7.0 Temporary authentication failure"), "--refuse"),
        Scene(_login("504 5.5.4 Unrecognized authentication type")),
        Scene(_token("535 5.7.8 Username and Password not accepted"), "--token-file SECRET"),
        Scene(f"{_offering('SCRAM-SHA-256')}AWAIT\nS: 235 2.7.0 Authentication successful\n{BYE}"),
        Scene(f"S: 220 {HOST} ESMTP Postfix", "--password-file /etc/nagios/smtp-password"),
    ],
    "check_smtp_queue": [
        Scene(Queue(messages=(("deferred", 11530), ("deferred", 900), ("active", 5)))),
        Scene(Queue(messages=(("active", 2760),) * 3), "--queue-critical active=30m"),
        Scene(
            Queue(messages=(("deferred", 250),) * 9 + (("active", 5),) * 3),
            "--count-warning 10",
        ),
        Scene(Queue(messages=(("hold", 777600),)), "--queue-warning hold=2d"),
        Scene(
            Queue(
                complaints="postqueue: fatal: Queue report unavailable - mail system is down "
                "(Connect to the Postfix showq service: Connection refused)",
                code=69,
            )
        ),
        Scene(Queue("exim4", runs=False)),
        Scene(
            Queue(
                complaints="postqueue: fatal: User nagios(112) is not allowed to view the mail "
                "queue",
                code=69,
            )
        ),
        Scene(Queue("exim4", complaints="exim: permission denied; not admin", code=1)),
        Scene(
            Queue(
                "sendmail",
                output="can not chdir(/var/spool/mqueue/): Permission denied\nProgram mode "
                "requires special privileges, e.g., root or TrustedUser.\n",
                code=78,
            )
        ),
        Scene(Queue("smtpctl", complaints="smtpctl: need root privileges", code=1)),
        Scene(Queue(output="Mail queue is empty\n")),
        Scene(Queue(messages=(("deferred", 250),) * 3, then="sleep 60"), "-t 1"),
    ],
    "check_smtp_loop": [
        Scene(_SENT, "--maildir EMPTY -t 0.5"),
        Scene((_SENT, _SENT), "--maildir EMPTY --state-file OLD"),
        Scene((_SENT, _SENT), "--maildir EMPTY --state-file OLD --lost-after 86400 -c 1800"),
        Scene(_SENT, "--maildir MAILDIR -c 0.00001", as_if=("0.00001", "60")),
        Scene(_SENT, "--maildir EMPTY --state-file STATE"),
        Scene(_SENT, "--maildir JUNK --junk-folder .Junk"),
        Scene(_SENT, f"{_IMAP} --imap-security none --imap-port 1"),
        Scene(_SENT, f"{_IMAP} --imap-security none --imap-port IMAP"),
        Scene(_SENT, "--maildir STAMPED"),
        Scene(
            _handed_over(_TAKEN[0], "450 4.2.0 <loop@example.com>: Greylisted") + BYE,
            "--maildir EMPTY",
        ),
        Scene(
            _handed_over(*_TAKEN, "554 5.7.1 Message rejected as spam") + BYE,
            "--maildir EMPTY",
        ),
        Scene(_handed_over(*_TAKEN[:3]) + "MESSAGE\nCLOSE", "--maildir EMPTY"),
        Scene(
            f"{ASK}S: 250 {HOST}\n{BYE}",
            "--maildir EMPTY --state-file /var/lib/nagios/none/smtp-loop",
        ),
        Scene(_SENT, "--maildir EMPTY --state-file DAMAGED"),
    ],
}
"""The lines of each page's troubleshooting section, in their order."""

_WITHOUT_ENCRYPTION = (
    f"{offer('STARTTLS')}C: STARTTLS\nS> 220 go\\r\\n250 injected\\r\\n\nSILENCE",
    f"{ASK}S: 500 what\nC: HELO client.example\nS: 250 {HOST}\n{BYE}",
)

OTHERS: dict[str, list[Scene]] = {
    "check_smtp_banner": [
        Scene(f"S: 250 {HOST}\n{BYE}"),
        Scene("S> 220 x\\n\nC: QUIT\nS: 221 Bye", "-H mail.example.com", ("127.0.0.1",)),
        Scene(f"S> 220 {HOST} ESMTP\\r\\n250 more\\r\\n\n{BYE}"),
        Scene(REFUSED, f"-H {HOST}", ("255.255.255.255",)),
    ],
    "check_smtp_ehlo": [
        Scene(
            f"{offer('STARTTLS')}C: STARTTLS\nS> 220 go\\r\\n250 injected\\r\\n\nSILENCE",
            "--starttls",
        ),
    ],
    "check_smtp_starttls": [
        Scene(
            f"{ASK}S: 500 what\nC: HELO client.example\nS: 250 {HOST}\n{BYE}",
        ),
    ],
    "check_smtp_cert": [
        Scene(
            f"{ASK}S: 500 what\nC: HELO client.example\nS: 250 {HOST}\n{BYE}",
        ),
        Scene(f"{offer('STARTTLS')}C: STARTTLS\nS> 220 go\\r\\n250 injected\\r\\n\nSILENCE"),
        Scene(SHOWN, contexts=(_speaking("TLSv1", "TLSv1"),)),
        *(
            Scene(SHOWN, fault=each)
            for each in ("wrong purpose", "SHA-1 signature", "wrong order", "extra expired")
        ),
    ],
    "check_smtp_rcpt": [
        *(Scene(each, f"--accept {ALICE} --starttls") for each in _WITHOUT_ENCRYPTION),
    ],
    "check_smtp_relay": [
        *(Scene(each, "--starttls") for each in _WITHOUT_ENCRYPTION),
        Scene(_relayed("503 5.5.1 Error: need MAIL command")),
        Scene(_relayed("", "452 4.3.1 Insufficient system storage")),
        Scene(_relayed("", "552 5.3.4 Message size exceeds fixed limit")),
    ],
    "check_smtp_auth": [
        Scene(f"{ASK}S: 500 what\nC: HELO client.example\nS: 250 {HOST}\n{BYE}"),
        Scene(f"{offer('STARTTLS')}C: STARTTLS\nS> 220 go\\r\\n250 injected\\r\\n\nSILENCE"),
        Scene(f"{GO}AWAIT\nCLOSE"),
        Scene(f"{GO}AWAIT\nS: 500 what?"),
        Scene(_NOT_TRIED, contexts=(_speaking("TLSv1", "TLSv1"),)),
        *(
            Scene(_NOT_TRIED, fault=each)
            for each in (
                "not yet valid",
                "unknown root",
                "missing intermediate",
                "wrong purpose",
                "RSA-1024",
                "SHA-1 signature",
            )
        ),
    ],
    "check_smtp_queue": [Scene(Queue(), "--phase-warning time=0.000001")],
    "check_smtp_loop": [
        Scene(f"{ASK}S: 500 what\nC: HELO client.example\nS: 250 {HOST}\n{BYE}", _TO_LOG_IN),
        Scene(
            f"{offer('STARTTLS')}C: STARTTLS\nS> 220 go\\r\\n250 injected\\r\\n\nSILENCE",
            _TO_LOG_IN,
        ),
        Scene(f"{GO}AWAIT\nCLOSE", _TO_LOG_IN),
        Scene(f"{GO}AWAIT\nS: 500 what?", _TO_LOG_IN),
        Scene(
            f"{_INSIDE_WITH_LOGIN}C: AUTH PLAIN AG1vbml0b3JAZXhhbXBsZS5uZXQAY29ycmVjdCBob3JzZQ==\n"
            f"S: 535 5.7.8 Error: authentication failed\n{BYE}",
            _TO_LOG_IN,
        ),
        Scene(_INSIDE_WITH_LOGIN.replace("AUTH PLAIN", "SIZE 1") + BYE, _TO_LOG_IN),
        Scene(_INSIDE_WITH_LOGIN + BYE, _TO_LOG_IN, contexts=(_speaking("TLSv1", "TLSv1"),)),
        Scene(_INSIDE_WITH_LOGIN + BYE, f"{_TO_LOG_IN} --servername 192.0.2.25"),
        *(
            Scene(_INSIDE_WITH_LOGIN + BYE, _TO_LOG_IN, fault=each)
            for each in (
                *("expired", "self-signed", "not yet valid", "unknown root"),
                *("missing intermediate", "wrong purpose", "RSA-1024", "SHA-1 signature"),
            )
        ),
    ],
}
"""What else shows that a check can end in a finding, without a place on its page."""

FULLEST: dict[str, Scene] = {
    "check_smtp_banner": Scene(f"TLS\n{WELL}", f"-H {HOST} --tls", ("127.0.0.1",)),
    "check_smtp_ehlo": Scene(INSIDE, f"-H {HOST} --starttls", ("127.0.0.1",)),
    "check_smtp_starttls": Scene(INSIDE, f"-H {HOST}", ("127.0.0.1",)),
    "check_smtp_cert": Scene(SHOWN, f"-H {HOST}", ("127.0.0.1",)),
    "check_smtp_rcpt": Scene(
        INSIDE.removesuffix(BYE) + _asked(f"{ALICE}: 250 2.1.5 Ok").removeprefix(BOOKS),
        f"-H {HOST} --starttls --accept {ALICE}",
        ("127.0.0.1",),
    ),
    "check_smtp_relay": Scene(
        INSIDE.removesuffix(BYE).replace("250 SIZE 52428800", "250 XCLIENT NAME ADDR")
        + AS_STRANGER
        + _relayed("554 5.7.1 Relay access denied").removeprefix(BOOKS),
        f"-H {HOST} --starttls --xclient 203.0.113.1",
        ("127.0.0.1",),
    ),
    "check_smtp_auth": Scene(_login("235 2.7.0 ok"), f"-H {HOST}", ("127.0.0.1",)),
    "check_smtp_queue": Scene(
        Queue(messages=(("deferred", 250),)), "--queue-warning deferred=1d,active=30m"
    ),
    "check_smtp_loop": Scene(_SENT, f"-H {HOST} --maildir MAILDIR", ("127.0.0.1",)),
}
"""What makes a check print all the perfdata that it can."""


class Told(NamedTuple):
    """What a check made of a scene: its line as the pages write it, the findings, the perfdata."""

    line: str
    findings: frozenset[str]
    perfdata: str


class _Turns(Player):
    """Plays a transcript for each connection in its turn, with the TLS that belongs to it."""

    def __init__(self, transcripts: tuple[str, ...], contexts: list[ssl.SSLContext]) -> None:
        super().__init__("CLOSE")
        self._turns = [
            (transcript.splitlines(), contexts[min(number, len(contexts) - 1)])
            for number, transcript in enumerate(transcripts)
        ]

    def _turn(self) -> tuple[list[str], ssl.SSLContext | None]:
        return self._turns[self.connections]


def told(check: str, scene: Scene, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Play a scene for a check; `folder` is for the certificates that it needs."""
    setup = FAULTS[scene.fault](Setup())
    # On a busy machine it would be quicker than the deadline, and tell less.
    monkeypatch.setattr(backstop, "_AFTER_DEADLINE", 5.0)
    if check == "check_smtp_rcpt":
        monkeypatch.setattr(secrets, "token_hex", lambda _: TOKEN)
    if isinstance(scene.transcript, Queue):
        return _told_of_queue(scene.transcript, scene.arguments, folder, monkeypatch)
    if scene.addresses:
        monkeypatch.setattr(socket, "getaddrinfo", _resolver(scene.addresses))
    given = scene.arguments.split()
    if "PEM" in given:
        given[given.index("PEM")] = chains.written(folder / "renewed.pem", _renewed(setup.leaf))
    defaults = {"-H": "127.0.0.1", "--ehlo-name": "client.example"}
    if check == "check_smtp_loop":
        defaults |= {"--recipient": "loop@example.com", "--mail-from": "monitor@example.net"}
    if check in ("check_smtp_cert", "check_smtp_auth", "check_smtp_loop"):
        trusted = chains.written(folder / "ca.pem", *setup.anchors)
        defaults |= {"--servername": HOST, "--ca-file": trusted}
    if check == "check_smtp_auth":
        secret = folder / "secret"
        secret.touch(0o600)
        secret.write_text(PASSWORD, encoding="utf-8")
        given = [str(secret) if word == "SECRET" else word for word in given]
        defaults["-U"] = USER
        if "--token-file" not in given:
            defaults["--password-file"] = str(secret)
    given += [word for pair in defaults.items() if pair[0] not in given for word in pair]
    old = "OLD" in given
    with props(given, folder) as things, _server(scene, setup, things.deliver) as (host, port):
        given = [*things.given, "-p", str(port), "-v"]
        given[given.index("-H") + 1] = host or given[given.index("-H") + 1]
        if old:
            run_check(check.removeprefix("check_smtp_"), *given)
            things.age(7200)
        code, output = run_check(check.removeprefix("check_smtp_"), *given)
    usual = 587 if check == "check_smtp_auth" else 25
    number = 465 if "--tls" in given else usual
    return _told(outcome(code, output, port), number, scene.as_if)


def _told(seen: Outcome, port: int, as_if: tuple[str, str]) -> Told:
    told_of = (
        re.match(r"(?:OK|WARNING|CRITICAL|UNKNOWN) ([a-z-]+): ", each) for each in seen.lines
    )
    findings = frozenset(match[1] for match in told_of if match)
    return Told(as_written(seen.text.replace(*as_if), port), findings, seen.perfdata)


def _told_of_queue(
    there: Queue, arguments: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Told:
    messages = enumerate(there.messages)
    lines = [f"{postfix_line(where, age, str(number))}\n" for number, (where, age) in messages]
    output = there.output + "".join(lines)
    path = program(folder / "queue", there.name, output, there.complaints, there.code, there.then)
    given = ["--command", path]
    if there.runs is not None:
        monkeypatch.setattr(queue, "find", lambda *_, **__: Found(EXIM, path, there.runs))
        given = []
    monkeypatch.setattr(queue, "_account", lambda: "nagios")
    return _told(outcome(*run_check("queue", *given, *arguments.split(), "-v"), 0), 25, ("", ""))


def as_written(line: str, port: int = 25) -> str:
    """A line with the addresses of the pages, and with times and dates made equal."""
    line = line.replace("127.0.0.1:PORT", f"192.0.2.25:{port}").replace(":PORT", f":{port}")
    line = line.replace("we came from 127.0.0.1", "we came from 192.0.2.10")
    line = line.replace("client.example", "monitor.example.net").replace("127.0.0.3", "192.0.2.24")
    line = re.sub(r"127\.0\.0\.[12]\b", "192.0.2.25", line)
    line = re.sub(r"within [0-9.]+ s(, which was left of [0-9.]+ s)?", "within 8 s", line)
    line = re.sub(r"still listing after [0-9.]+ s", "still listing after 8 s", line)
    line = re.sub(r"\b[0-9]+\.[0-9]{3} s\b", "T s", line)
    line = re.sub(r"\b[0-9a-f]{16}\.\.\.", "HEX...", line)
    line = as_of_loop(line)
    # OpenSSL 3.2 says tls where older ones say sslv3.
    line = line.replace("(sslv3 alert", "(tls alert")
    return re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?", "DATE", line)


def _renewed(leaf: Recipe) -> Recipe:
    return leaf._replace(since=-1, until=89)


@contextmanager
def _server(
    scene: Scene, setup: Setup, deliver: Callable[[bytes], None]
) -> Iterator[tuple[str, int]]:
    """The host (empty for the one of the scene) and the port where the scene is played."""
    if scene.transcript == REFUSED:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # bound, but nobody listens
            yield "", unused.getsockname()[1]
    elif scene.transcript == BLACK_HOLE:
        with _black_hole() as port:
            yield "127.0.0.2", port
    else:
        transcripts = scene.transcript
        assert not isinstance(transcripts, Queue)
        if isinstance(transcripts, str):
            transcripts = (transcripts,)
        contexts = [made() for made in scene.contexts]
        if not contexts:
            contexts = [chains.server_context(setup.presented)]
        with _Turns(transcripts, contexts) as player:
            player.deliver = deliver
            yield "", player.port
        assert player.faults == []


@contextmanager
def _black_hole() -> Iterator[int]:
    """A port of 127.0.0.2 that never answers: its accept queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.2", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


def _resolver(known: tuple[str, ...] | int) -> Callable[..., list[Any]]:
    def getaddrinfo(_: bytes, port: int, *__: object) -> list[Any]:
        if isinstance(known, int):
            raise socket.gaierror(known, "")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in known]

    return getaddrinfo
