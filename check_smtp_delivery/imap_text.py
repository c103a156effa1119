"""IMAP's texts: names of folders, quoted strings, passwords, and imaplib's answers to FETCH.

Rule: pure.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime

from check_smtp_core.concealment import Concealment
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.text import decoded, printable
from check_smtp_delivery.credentials import Credentials

if TYPE_CHECKING:
    from typing import Any


# A tag, the kind of response and its code in brackets.
_HEAD = r"(?:[*+] |[A-P]{4}[0-9]+ )?(?:(?:OK|NO|BAD|BYE|PREAUTH) )?(?:\[[A-Z-]+\] )?"


# So much of a line may begin what the next one ends.
_TAIL = 80


class Secrets:
    """A password in the forms in which it goes out, and might come back, also in pieces."""

    def __init__(self, login: Credentials) -> None:
        plain = b64encode(f"\0{login.user}\0{login.secret}".encode()).decode("ascii")
        forms = [login.secret, quoted_string(login.secret)[1:-1], plain, plain.rstrip("=")]
        forms.append(printable(login.secret))
        self._concealment = Concealment(_HEAD)
        self._concealment.add(*dict.fromkeys(forms))
        self._concealment.guard(login.secret, login.user, plain)
        self._before = ""

    def concealed(self, text: str) -> str:
        """Text without any of them."""
        return self._concealment.concealed(text)

    def heard(self, line: str) -> str:
        """A line of the server's without any of them, also where the line before began one."""
        shown = self._concealment.lines((self._before, line))
        hidden = len(shown) == 1
        self._before = "" if hidden else line[-_TAIL:]
        return self._concealment.codes(line) if hidden else shown[1]

    def own(self, text: str) -> str:
        """What we say, without any of them as a whole."""
        return self._concealment.own(text)


def rows(data: list[Any]) -> Iterator[tuple[int, float, bytes]]:
    """UID, arrival (0 if unknown) and headers of each message in the data of a FETCH."""
    attributes, headers = b"", b""
    for part in [*data, b"0 ("]:
        text, literal = part if isinstance(part, tuple) else (part, b"")
        if re.match(rb"[0-9]+ \(", text):
            if (uid := re.search(rb"\bUID ([0-9]{1,10})\b", attributes)) is not None:
                yield int(uid[1]), _arrival(attributes), headers
            attributes, headers = b"", b""
        attributes += text
        headers += literal


def _arrival(attributes: bytes) -> float:
    match = re.search(rb'INTERNALDATE "([^"]+)"', attributes)
    if match is None:
        return 0.0
    try:
        text = match[1].decode("ascii").strip()
        return datetime.strptime(text, "%d-%b-%Y %H:%M:%S %z").timestamp()
    except (ValueError, OverflowError):
        return 0.0


def junk_folders(data: list[Any]) -> Iterator[str]:
    """The names, as the server writes them, of the folders that a LIST calls \\Junk (RFC 6154)."""
    for part in data:
        head, literal = part if isinstance(part, tuple) else (part, None)
        match = re.match(rb'\(([^)]*)\) (?:NIL|"(?:\\.|[^"\\])*") (.*)$', head, re.DOTALL)
        if match is None or rb"\junk" not in match[1].lower().split():
            continue
        name = literal if literal is not None else match[2]
        if name[:1] == b'"':
            name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
        yield name.decode("ascii", "replace")


def quoted_string(text: str) -> str:
    """A quoted string (RFC 3501 4.3)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encoded(folder: str) -> str:
    """A folder's name in modified UTF-7 (RFC 3501 5.1.3)."""

    def shifted(match: re.Match[str]) -> str:
        if match[0] == "&":
            return "&-"
        octets = b64encode(match[0].encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
        return f"&{octets.decode('ascii')}-"

    return re.sub(r"[^ -~]+|&", shifted, folder)


def decoded_name(name: str) -> str:
    """The name of a folder for people: what cannot be read stays as it is."""

    def shifted(match: re.Match[str]) -> str:
        if not match[1]:
            return "&"
        octets = f"+{match[1].replace(',', '/')}-".encode("ascii")
        return octets.decode("utf-7", "replace")

    return re.sub(r"&([A-Za-z0-9+,]*)-", shifted, name)


def words(value: object) -> str:
    """Whatever imaplib gives as words."""
    text = decoded(value) if isinstance(value, bytes) else str(value or "")
    return printable(re.sub(r"""\[?\bb(['"])(.*?)\1\]?""", r"\2", text))
