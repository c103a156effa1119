"""The message that goes round: how it is written, and how it is known again.

Rule: pure but for the token. It is known by a header of its own with 128 random bits and by
nothing else, so that neither a bounce, nor an answer, nor another's message can pass for it.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.parser import InvalidValue

HEADER = "X-SMTP-Check-Loop"
"""The header that holds the token, and nothing but it."""

_TOKEN = re.compile(rb"(?i:" + HEADER.encode() + rb"):[ \t]*([0-9a-f]{32})[ \t]*\r?$")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = (
    rf"({_ATOM}(?:\.{_ATOM})*)@([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Za-z.:]+\])"
)

_TEXT = """\
This message was sent by check_smtp_loop, a monitoring check,
from {origin} through {server}.

The check looks for it in the mailbox of {recipient},
measures how long it took, and usually deletes it. If it stays there, or
turns up anywhere else, the check could not read the mailbox, or mail goes
astray. Nobody needs to answer.
"""


class Envelope(NamedTuple):
    """Who writes to whom, through which server, and who we say we are."""

    sender: str
    recipient: str
    server: str
    origin: str


def new_token() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def address(text: str) -> str:
    """A mail address as it goes into the envelope: ASCII, without quotes or white space."""
    match = re.fullmatch(_ADDRESS, text, re.ASCII)
    if match is None or len(text) > 254 or len(match[1]) > 64:
        raise InvalidValue(f'"{text}" is not an address such as loop@example.com')
    return text


def message_id(token: str, sender: str) -> str:
    """The Message-ID of the message with this token, below the sender's domain."""
    return f"<loop.{token}@{sender.rpartition('@')[2]}>"


def written(token: str, envelope: Envelope, date: datetime) -> bytes:
    """The message, in lines that end in CRLF, 7-bit throughout; `date` has its time zone."""
    sender, recipient = envelope.sender, envelope.recipient
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("SMTP check", addr_spec=sender)
    message["To"] = Address(addr_spec=recipient)
    message["Date"] = date
    message["Message-ID"] = message_id(token, sender)
    message["Subject"] = f"Mail loop check through {envelope.server}"
    message[HEADER] = token
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    text = _TEXT.format(**envelope._asdict())
    message.set_content(text, charset="us-ascii", cte="7bit")
    return message.as_bytes()


def token_of(headers: bytes) -> str:
    """The token in the headers of a message; empty where it is none of ours."""
    for line in _unfolded(headers).split(b"\n"):
        if (match := _TOKEN.match(line)) is not None:
            return match[1].decode("ascii")
        if not line.strip():
            break
    return ""


def _unfolded(headers: bytes) -> bytes:
    """One header a line (RFC 5322 2.2.3)."""
    return re.sub(rb"\r?\n[ \t]+", b" ", headers)
