"""SMTP replies and capabilities, read from octets (RFC 5321 4.2, RFC 1869, RFC 1870, RFC 9422).

Rule: replies are read by their structure, never by a substring; what a sender of mail would
tolerate is tolerated and noted, what it could not understand is a ProtocolError.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.text import decoded, quoted, shortened, visible

LINE_LIMIT = 8192
"""Octets of one reply line; RFC 5321 4.5.3.1.5 allows 512, real servers send more."""

REPLY_LIMIT = 65536
"""Octets of one reply."""

REPLY_LINES = 500
"""Lines of one reply."""

RFC_LINE_LIMIT = 512

_OTHER_PROTOCOLS = {
    "SSH": rb"SSH-",
    "IMAP": rb"\* (OK|BYE|PREAUTH)\b",
    "POP3": rb"\+OK",
    "POP3 or Redis": rb"-ERR",
    "HTTP": rb"(?i)HTTP/|<!DOCTYPE|<html",
    "VNC": rb"RFB \d",
    # alert and handshake records, RFC 8446 5.1
    "TLS": rb"[\x15\x16]\x03[\x00-\x04]",
}


class ProtocolError(Exception):
    """What the server sent is not an SMTP reply.

    `reason` is for people; `quote` is the server's own text, unscreened; `ended` is true when
    the reply nevertheless came to its end, so that another command may follow.
    """

    def __init__(self, reason: str, quote: str = "", ended: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.quote = quote
        self.ended = ended


class ReplyLine(NamedTuple):
    """One line of a reply: its code, whether it is the last, its text and what is odd about it."""

    code: int
    last: bool
    text: str
    oddities: tuple[str, ...]


class Reply(NamedTuple):
    """A complete reply: the code of its last line, the text of each line, and its oddities."""

    code: int
    lines: tuple[str, ...]
    oddities: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text of all lines, one below the other, without the code."""
        return "\n".join(self.lines)

    def __str__(self) -> str:
        """Code and text as people quote them: `220 mail.example.com ESMTP`."""
        return f"{self.code} {' / '.join(self.lines)}".rstrip()


def other_protocol(octets: bytes) -> str:
    """The name of the protocol whose greeting these octets are, or an empty string."""
    names = (name for name, pattern in _OTHER_PROTOCOLS.items() if re.match(pattern, octets))
    return next(names, "")


def not_smtp(octets: bytes, ended: bool) -> ProtocolError:
    """The error that says what these octets are instead of a reply."""
    protocol = other_protocol(octets)
    if protocol == "TLS":
        return ProtocolError("the server speaks TLS from the first octet: use --tls", ended=ended)
    reason = f"this is {protocol}, not SMTP" if protocol else "this is no SMTP reply"
    return ProtocolError(reason, visible(decoded(octets.rstrip(b"\r\n"))), ended)


def may_become_reply(octets: bytes) -> bool:
    """Whether an unfinished line can still be the beginning of a reply line."""
    line = octets.lstrip(b"\r\n").rstrip(b"\r")
    return _has_code(line + b"200"[len(line) :])


def parse_line(octets: bytes) -> ReplyLine:
    """Read one line, given with its line ending. ProtocolError if it is not a reply line."""
    line = octets.removesuffix(b"\n").rstrip(b"\r")
    if not _has_code(line):
        raise not_smtp(line, ended=True)
    code, separator, text = line[:3], line[3:4], line[4:]
    oddities = []
    if not octets.endswith(b"\r\n"):
        oddities.append("a line ends in a bare LF")
    if octets.endswith(b"\r\r\n"):
        oddities.append("a line ends in CR CR LF")
    if len(octets) > RFC_LINE_LIMIT:
        oddities.append(f"a line of {len(octets)} octets (RFC 5321 allows {RFC_LINE_LIMIT})")
    if code[1:2] > b"5":
        oddities.append(f"the code {int(code)}, which RFC 5321 does not know")
    if not line.isascii():
        oddities.append("octets outside ASCII")
    return ReplyLine(int(code), separator != b"-", decoded(text), tuple(oddities))


def _has_code(line: bytes) -> bool:
    """Whether a line begins with a code that a reply may have, and with nothing else."""
    code, separator = line[:3], line[3:4]
    return (
        len(code) == 3
        and code.isdigit()
        and b"200" <= code <= b"599"
        and separator in (b"", b" ", b"-")
    )


def assemble(lines: list[ReplyLine], blank_lines: bool = False) -> Reply:
    """The reply that these lines make, in the order they came.

    ProtocolError if their codes differ in the first digit: success and failure at once.
    """
    last = lines[-1]
    codes = list(dict.fromkeys(line.code for line in lines))
    if len({code // 100 for code in codes}) > 1:
        mixed = " and ".join(str(code) for code in codes[:3])
        raise ProtocolError(
            f"the reply mixes the codes {mixed}", f"{last.code} {last.text}", ended=True
        )
    oddities = [oddity for line in lines for oddity in line.oddities]
    if len(codes) > 1:
        oddities.append("different codes in one reply: " + ", ".join(str(code) for code in codes))
    if blank_lines:
        oddities.append("blank lines")
    if not any(line.text for line in lines):
        oddities.append("no text after the code")
    return Reply(last.code, tuple(line.text for line in lines), tuple(dict.fromkeys(oddities)))


def names_ftp(greeting: Reply) -> bool:
    """Whether a greeting names FTP and not SMTP: FTP servers greet with 220 as well."""
    text = greeting.text.upper()
    return "FTP" in text and "SMTP" not in text and bool(re.search(r"\bS?FTP\b|FTPD\b", text))


class Capabilities(NamedTuple):
    """What a server offers in its reply to EHLO or LHLO.

    `domain` is the first line's text; `extensions` maps each keyword, in upper case, to its
    parameters as they were written. Keywords are case-insensitive (RFC 5321 4.1.1.1).
    """

    domain: str = ""
    extensions: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    oddities: tuple[str, ...] = ()

    def offers(self, keyword: str, parameter: str = "") -> bool:
        """Whether the extension is offered and, if a parameter is named, with that parameter."""
        parameters = self.extensions.get(keyword.upper())
        if parameters is None:
            return False
        return not parameter or parameter.upper() in (each.upper() for each in parameters)

    @property
    def size(self) -> int | None:
        """The message size limit in octets; 0 for "no fixed limit"; None where none is stated.

        RFC 1870 4: `SIZE n`, `SIZE 0` and `SIZE` alone differ; `offers("SIZE")` tells the last
        from no SIZE at all.
        """
        first = self.extensions.get("SIZE", ())[:1]
        return int(first[0]) if first and _is_size(first[0]) else None

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The SASL mechanisms after AUTH (RFC 4954), in upper case, each once."""
        return tuple(dict.fromkeys(each.upper() for each in self.extensions.get("AUTH", ())))

    @property
    def limits(self) -> dict[str, int]:
        """The limits of RFC 9422, such as RCPTMAX, by name; a value has at most 6 digits."""
        words = (each.upper() for each in self.extensions.get("LIMITS", ()))
        pairs = (re.fullmatch(r"([A-Z0-9-]+)=([0-9]{1,6})", word) for word in words)
        return {pair[1]: int(pair[2]) for pair in pairs if pair}

    @property
    def lines(self) -> tuple[str, ...]:
        """One line per extension, in the server's order."""
        return tuple(" ".join((name, *words)) for name, words in self.extensions.items())


def _is_size(word: str) -> bool:
    # RFC 1870 3 allows at most 20 digits.
    return word.isascii() and word.isdecimal() and len(word) <= 20


def read_capabilities(reply: Reply) -> Capabilities:
    """The capabilities in a 2yz reply to EHLO: from its second line on, as whole keywords.

    `AUTH=LOGIN` (before RFC 2554) and every other `KEYWORD=...` is read as `KEYWORD ...`.
    """
    extensions: dict[str, tuple[str, ...]] = {}
    oddities = []
    for line in reply.lines[1:]:
        # A row of stars is no keyword, but what a firewall has left of one.
        keyword = re.match(r"[A-Za-z0-9][A-Za-z0-9_-]*|\*{4,}", line)
        rest = line[keyword.end() :] if keyword else line
        if keyword and (not rest or rest[0] in " \t="):
            name = keyword.group().upper()
            words = tuple(dict.fromkeys(extensions.get(name, ()) + tuple(rest[1:].split())))
            extensions[name] = words
            if "_" in name:
                # Exim 4.94 offers PIPE_CONNECT.
                shown = shortened(name, 40)
                oddities.append(f"the keyword {shown}, which RFC 5321 does not allow")
        elif line.strip():
            oddities.append(f"a line without a keyword: {quoted(line, 40)}")
    capabilities = Capabilities(reply.lines[0], extensions, tuple(dict.fromkeys(oddities)))
    if capabilities.extensions.get("SIZE") and capabilities.size is None:
        return capabilities._replace(oddities=(*capabilities.oddities, "SIZE without a number"))
    return capabilities
