"""An SMTP conversation as octets: what the server sent goes in, replies come out.

Rule: no socket, no clock and no verdict; it counts the replies that the server owes, one for each
command. A new TLS layer starts a new Conversation, so that nothing learnt before it survives
(RFC 3207 4.2).
"""

from check_smtp_core.reply import (
    LINE_LIMIT,
    REPLY_LIMIT,
    REPLY_LINES,
    ProtocolError,
    Reply,
    ReplyLine,
    assemble,
    may_become_reply,
    not_smtp,
    parse_line,
)

_QUOTED = 200


class Conversation:
    """One SMTP conversation, from the client's side.

    At the start the server owes the greeting, unless the conversation goes on inside TLS
    (`greeting_due` false).
    """

    def __init__(self, greeting_due: bool = True) -> None:
        self._owed = int(greeting_due)
        self._octets = bytearray()
        self._lines: list[ReplyLine] = []
        self._blank_lines = 0
        self._reply_octets = 0

    @property
    def reply_due(self) -> bool:
        """Whether the server owes a reply."""
        return self._owed > 0

    def receive_data(self, octets: bytes) -> None:
        """Take octets from the server, in pieces of any size."""
        self._octets += octets

    def next_reply(self) -> Reply | None:
        """The next complete reply, or None while its end is still to come.

        ProtocolError when the octets are no reply or pass a limit.
        """
        while (line := self._next_line()) is not None:
            if not line.strip(b"\r\n"):
                self._blank_lines += 1
                continue
            try:
                self._lines.append(parse_line(line))
            except ProtocolError:
                self._owed = 0
                self._forget_lines()
                # What came with it belongs to it, and tells more than a first line.
                raise not_smtp(line + self._octets[:_QUOTED], ended=True) from None
            if self._lines[-1].last:
                return self._end_of_reply()
        return None

    def unfinished(self) -> bytes:
        """The octets of the line that has not ended yet."""
        return bytes(self._octets)

    def cut_short(self) -> ProtocolError | None:
        """What is wrong with the octets of an unfinished line, if they cannot become a reply."""
        if not self._octets or may_become_reply(bytes(self._octets)):
            return None
        return not_smtp(bytes(self._octets), ended=False)

    def said_so_far(self) -> str:
        """The text of the reply that has not ended yet, the unfinished line included."""
        lines = [f"{line.code}-{line.text}" for line in self._lines]
        if rest := self._octets.decode("utf-8", "backslashreplace").strip():
            lines.append(rest)
        return " / ".join(lines)

    def take_unsolicited(self) -> bytes:
        """Remove and return what the server sent though no reply was due, as it came."""
        if self.reply_due:
            return b""
        octets = bytes(self._octets)
        self._octets.clear()
        return octets

    def command(self, verb: str, argument: str = "") -> bytes:
        """The octets of a command line; the server then owes a reply.

        ValueError for control characters, which would smuggle in a second command.
        """
        line = f"{verb} {argument}" if argument else verb
        if any(ord(char) < 32 or ord(char) == 127 for char in line):
            raise ValueError("a command must not hold control characters")
        octets = line.encode("utf-8") + b"\r\n"
        self._owed += 1
        return octets

    def message(self, octets: bytes) -> bytes:
        """The octets of a message after DATA (RFC 5321 4.1.1.4); the server then owes a reply.

        Its lines end in CRLF, the last one too; a dot at the beginning of one is doubled (4.5.2).
        """
        self._owed += 1
        return (b"\r\n" + octets).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"

    def _next_line(self) -> bytes | None:
        end = self._octets.find(b"\n") + 1
        if (end or len(self._octets)) > LINE_LIMIT:
            raise ProtocolError(
                f"a reply line is too long (limit {LINE_LIMIT} octets)",
                self._octets[:200].decode("utf-8", "backslashreplace"),
            )
        if not end:
            return None
        line = bytes(self._octets[:end])
        del self._octets[:end]
        self._reply_octets += end
        if self._reply_octets > REPLY_LIMIT:
            raise ProtocolError(f"a reply is too long (limit {REPLY_LIMIT} octets)")
        if len(self._lines) + self._blank_lines >= REPLY_LINES:
            raise ProtocolError(f"a reply has too many lines (limit {REPLY_LINES})")
        return line

    def _end_of_reply(self) -> Reply:
        lines, blank = self._lines, self._blank_lines
        self._owed = max(self._owed - 1, 0)
        self._forget_lines()
        return assemble(lines, bool(blank))

    def _forget_lines(self) -> None:
        self._lines, self._blank_lines, self._reply_octets = [], 0, 0
