"""A small honest IMAP server for the tests: mailboxes in memory, one thread for each connection.

Rule: it knows the commands that a client of a mailbox needs, and answers BAD to all others. It
keeps what it heard, so that a test can insist on manners.
"""

import base64
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import NamedTuple

PASSWORD = 'pass "word" \\ with % and blanks'
USER = "loop@example.com"


class Message:
    """A message in a folder."""

    def __init__(self, uid: int, octets: bytes, arrived: datetime) -> None:
        self.uid = uid
        self.octets = octets
        self.arrived = arrived
        self.flags: set[str] = set()


class Folder:
    """A folder: its messages, and attributes such as \\Junk (RFC 6154)."""

    def __init__(self, attribute: str = "") -> None:
        self.attribute = attribute
        self.messages: list[Message] = []
        self.next_uid = 7
        self.validity = 1

    def add(self, octets: bytes, arrived: datetime | None = None) -> Message:
        """Deliver a message."""
        message = Message(self.next_uid, octets, arrived or datetime.now(timezone.utc))
        self.next_uid += 1
        self.messages.append(message)
        return message


class Ways(NamedTuple):
    """How the server differs from a good one.

    `capabilities` are said after the login. `greeting` replaces the whole session. `refused` are
    commands that get NO with this text. `lagging` makes searches find nothing, `hangs` names a
    command that is never answered. `floods` are commands that get `flood` without end; `in_clear`
    is said before the answer to STARTTLS.
    """

    capabilities: str = "IMAP4rev1 UIDPLUS SPECIAL-USE"
    before_login: str = "IMAP4rev1 AUTH=PLAIN"
    greeting: str = ""
    preauth: bool = False
    refused: tuple[str, ...] = ()
    text: str = "[SERVERBUG] Internal error occurred"
    lagging: bool = False
    hangs: str = ""
    read_only: bool = False
    injected: str = ""
    in_clear: str = ""
    floods: str = ""
    flood: str = ""


class ImapServer:
    """Serves `folders` on a free port of 127.0.0.1: in clear text with STARTTLS, or inside TLS."""

    def __init__(
        self, tls: ssl.SSLContext | None = None, implicit: bool = False, ways: Ways | None = None
    ) -> None:
        self.folders = {"INBOX": Folder(), "Junk": Folder("\\Junk")}
        self.heard: list[str] = []
        self.ways = ways or Ways()
        self._tls = tls
        self._implicit = implicit
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> "ImapServer":
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for each in self._threads:
            each.join(10)
            assert not each.is_alive(), "a client did not leave"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._implicit:
                assert self._tls is not None
                connection = self._tls.wrap_socket(connection, server_side=True)
            session = _Session(self, connection, self._tls)
        except OSError:
            connection.close()
            return
        try:
            session.run()
        except (OSError, ValueError):
            pass  # the client left
        finally:
            session.close()


class _Gone(OSError):
    pass


class _Session:
    def __init__(
        self, server: ImapServer, connection: socket.socket, tls: ssl.SSLContext | None
    ) -> None:
        self._server = server
        self._connection = connection
        self._tls = tls
        self._octets = b""
        self._folder: Folder | None = None
        self._writable = False
        self._shown = 0
        self._logged_in = False

    def run(self) -> None:
        ways = self._server.ways
        if ways.greeting:
            self._say(ways.greeting)
            return
        self._logged_in = ways.preauth
        word = "PREAUTH" if ways.preauth else "OK"
        self._say(f"* {word} [CAPABILITY {ways.before_login}] ready")
        while True:
            line = self._command()
            tag, _, rest = line.partition(" ")
            word = rest.split(" ")[0].upper()
            if word == "UID":
                word = "UID " + rest.split(" ")[1].upper()
            if word == ways.hangs:
                while self._receive():
                    pass
            while word == ways.floods:
                self._say(ways.flood)
            if word in ways.refused:
                self._say(f"{tag} NO {ways.text}")
                continue
            action = getattr(self, "_" + word.lower().replace(" ", "_"), None)
            if action is None:
                self._say(f"{tag} BAD unknown command")
                continue
            if action(tag, rest) == "bye":
                return

    def close(self) -> None:
        self._connection.close()

    # -- octets

    def _receive(self) -> bytes:
        octets = self._connection.recv(65536)
        if not octets:
            raise _Gone
        return octets

    def _line(self) -> bytes:
        while b"\r\n" not in self._octets:
            self._octets += self._receive()
        line, self._octets = self._octets.split(b"\r\n", 1)
        return line

    def _command(self) -> str:
        """A command with its literals put into it as quoted strings."""
        line = self._line()
        while match := re.search(rb"\{([0-9]+)\}$", line):
            self._say("+ go on")
            size = int(match[1])
            while len(self._octets) < size:
                self._octets += self._receive()
            literal, self._octets = self._octets[:size], self._octets[size:]
            quoted = literal.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            line = line[: match.start()] + b'"' + quoted + b'"' + self._line()
        text = line.decode("utf-8")
        self._server.heard.append(text.partition(" ")[2])
        return text

    def _say(self, line: str) -> None:
        self._connection.sendall(line.encode("utf-8") + b"\r\n")

    # -- commands

    def _capability(self, tag: str, _: str) -> None:
        ways = self._server.ways
        said = ways.capabilities if self._logged_in else ways.before_login
        if self._tls and not isinstance(self._connection, ssl.SSLSocket):
            said += " STARTTLS"
        self._say(f"* CAPABILITY {said}\r\n{tag} OK done")

    def _starttls(self, tag: str, _: str) -> None:
        assert self._tls is not None
        self._say(f"{self._server.ways.in_clear}{tag} OK go{self._server.ways.injected}")
        self._connection = self._tls.wrap_socket(self._connection, server_side=True)

    def _login(self, tag: str, rest: str) -> None:
        strings = [
            re.sub(r"\\(.)", r"\1", each) for each in re.findall(r'"((?:\\.|[^"\\])*)"', rest)
        ]
        self._enter(tag, strings)

    def _authenticate(self, tag: str, _: str) -> None:
        self._say("+ ")
        answer = base64.b64decode(self._line(), validate=True).decode("utf-8")
        self._enter(tag, answer.split("\0")[1:])

    def _enter(self, tag: str, strings: list[str]) -> None:
        if strings == [USER, PASSWORD]:
            self._logged_in = True
            self._say(f"{tag} OK logged in")
        else:
            said = "Authentication failed."
            if "ECHO" in self._server.ways.text:
                plain = base64.b64encode("\0".join(("", *strings)).encode()).decode()
                quoted = strings[-1].replace("\\", "\\\\").replace('"', '\\"')
                said = f"{strings[-1]} {quoted} {plain}"
            self._say(f"{tag} NO [AUTHENTICATIONFAILED] {said}")

    def _logout(self, tag: str, _: str) -> str:
        self._say(f"* BYE\r\n{tag} OK bye")
        return "bye"

    def _noop(self, tag: str, _: str) -> None:
        self._say_count()
        self._say(f"{tag} OK done")

    def _say_count(self) -> None:
        if self._folder is not None and len(self._folder.messages) != self._shown:
            self._shown = len(self._folder.messages)
            self._say(f"* {self._shown} EXISTS")

    def _list(self, tag: str, _: str) -> None:
        for name, folder in self._server.folders.items():
            attributes = f"\\HasNoChildren {folder.attribute}".strip()
            self._say(f'* LIST ({attributes}) "/" "{name}"')
        self._say(f"{tag} OK done")

    def _select(self, tag: str, rest: str) -> None:
        self._folder = self._server.folders.get(rest.split(" ", 1)[1].strip('"'))
        if self._folder is None:
            self._say(f"{tag} NO [NONEXISTENT] Mailbox doesn't exist")
            return
        self._shown = len(self._folder.messages)
        read_only = self._server.ways.read_only or rest.upper().startswith("EXAMINE")
        self._writable = not read_only
        self._say(f"* {self._shown} EXISTS\r\n* OK [UIDVALIDITY {self._folder.validity}]")
        self._say(f"{tag} OK [READ-{'ONLY' if read_only else 'WRITE'}] selected")

    _examine = _select

    def _fetch(self, tag: str, rest: str) -> None:
        assert self._folder is not None
        wanted = rest.split(" ")[1]
        count = len(self._folder.messages)
        first = int(wanted.partition(":")[0])
        for number in range(first, count + 1):
            self._show(number, rest)
        self._say(f"{tag} OK done")

    def _uid_fetch(self, tag: str, rest: str) -> None:
        assert self._folder is not None
        uids = rest.split(" ")[2]
        for number, message in enumerate(list(self._folder.messages), 1):
            last = number == len(self._folder.messages)
            if _wanted(message.uid, uids) or (last and uids.endswith(":*")):
                self._show(number, rest)
        self._say(f"{tag} OK done")

    def _show(self, number: int, rest: str) -> None:
        assert self._folder is not None
        message = self._folder.messages[number - 1]
        match = re.search(r"BODY\.PEEK\[(HEADER\.FIELDS \((.*?)\))\]", rest)
        assert match is not None, rest
        names = {each.lower() for each in match[2].split()}
        headers = message.octets.partition(b"\r\n\r\n")[0] + b"\r\n"
        fields = re.findall(rb"(?m)^([^\s:]+):((?:.*\r\n)(?:[ \t].*\r\n)*)", headers)
        kept = b"".join(
            name + b":" + value for name, value in fields if name.decode().lower() in names
        )
        arrived = message.arrived.strftime("%d-%b-%Y %H:%M:%S %z")
        head = f'* {number} FETCH (UID {message.uid} INTERNALDATE "{arrived}" BODY[{match[1]}]'
        self._connection.sendall(f"{head} {{{len(kept) + 2}}}\r\n".encode() + kept + b"\r\n)\r\n")

    def _uid_search(self, tag: str, rest: str) -> None:
        assert self._folder is not None
        _, _, _, name, value = rest.split(" ")
        line = f"\r\n{name}: {value}\r\n".lower().encode()
        found = [
            str(each.uid)
            for each in self._folder.messages
            if line in b"\r\n" + each.octets.lower() and not self._server.ways.lagging
        ]
        self._say(f"* SEARCH {' '.join(found)}".rstrip())
        self._say(f"{tag} OK done")

    def _uid_store(self, tag: str, rest: str) -> None:
        assert self._folder is not None
        assert self._writable, "a change in a folder that is read-only"
        for each in self._chosen(rest):
            each.flags.add(rest.split(" ")[4].strip("()"))
        self._say(f"{tag} OK done")

    def _uid_expunge(self, tag: str, rest: str) -> None:
        assert self._folder is not None
        assert "UIDPLUS" in self._server.ways.capabilities
        for each in list(self._chosen(rest)):
            if "\\Deleted" in each.flags:
                self._folder.messages.remove(each)
        self._say(f"{tag} OK done")

    def _chosen(self, rest: str) -> Iterator[Message]:
        assert self._folder is not None
        for each in self._folder.messages:
            if _wanted(each.uid, rest.split(" ")[2]):
                yield each


def _wanted(uid: int, uids: str) -> bool:
    for each in uids.split(","):
        first, colon, last = each.partition(":")
        if int(first) <= uid and (uid <= int(last or first) if last != "*" else bool(colon)):
            return True
    return False
