"""An IMAP mailbox (RFC 3501, RFC 9051): the only module that knows imaplib.

Rule: imaplib speaks, but never touches the socket: its octets pass the same connection as those of
SMTP, with one deadline for everything and TLS that does not outlast it. No password goes out
before TLS is verified, unless that was allowed. Nothing is read but headers (BODY.PEEK), nothing
deleted but by UID.
"""

from __future__ import annotations

import imaplib
import re
from collections.abc import Collection, Iterator, Sequence

from check_smtp_core.address import reference_name, resolve
from check_smtp_core.connection import Connection, ConnectionLost
from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.findings import SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.tasks import finish
from check_smtp_core.text import decoded, quoted
from check_smtp_delivery.credentials import Credentials
from check_smtp_delivery.imap_text import (
    Secrets,
    decoded_name,
    encoded,
    junk_folders,
    quoted_string,
    rows,
    words,
)
from check_smtp_delivery.mailbox import Found, Unreadable
from check_smtp_delivery.message import HEADER, token_of
from check_smtp_delivery.moment import Moment

if TYPE_CHECKING:
    from typing import Any

    from check_smtp_core.engine import Engine

RECENT = 200
"""So many of a folder's newest messages are looked at one by one; a search finds older ones."""

_SEARCHES, _LARGEST = 20, 1024 * 1024
_LONGEST_LINE = 65536
# In answer to one command. A look needs a few hundred octets and three lines for each of the
# newest messages; what goes far beyond would only fill the memory.
_MOST_OCTETS, _MOST_LINES = 4 * 1024 * 1024, 20_000
_AUTHENTICATION = "BODY.PEEK[HEADER.FIELDS (AUTHENTICATION-RESULTS RECEIVED)]"
_ATTRIBUTES = f"(UID INTERNALDATE BODY.PEEK[HEADER.FIELDS ({HEADER.upper()})])"


class Server(NamedTuple):
    """Where the mailbox is: `security` is tls, starttls or none.

    `name` is what the certificate has to be for. With `trust` it is judged: a bundle of anchors,
    and a hashed folder of them.
    """

    host: str
    port: int
    security: str
    name: str
    trust: tuple[str, str] | None


class Folders(NamedTuple):
    """The folder to look in, the one for junk (empty: the one that the server names as such)."""

    inbox: str
    junk: str
    read_only: bool


class ImapMailbox:
    """A mailbox over IMAP, from the connection to the logout. Unreadable where it cannot be read.

    What is said is added to the dialogue, a line each, without the secrets.
    """

    def __init__(
        self,
        server: Server,
        login: Credentials,
        folders: Folders,
        deadline: Deadline,
        dialogue: list[str],
    ) -> None:
        self._folders = folders
        self._deadline = deadline
        self._secrets = Secrets(login)
        self._selected = ""
        self._writable = False
        self._messages = 0
        self._validity: dict[str, str] = {}
        self._seen: dict[str, int] = {}
        self._junk: list[str] | None = None
        with _Troubles(self._secrets):
            self._client = _opened(server, login, deadline, dialogue)
            try:
                _log_in(self._client, login)
            except BaseException:
                self.close()
                raise

    def look(self, tokens: Collection[str]) -> list[Found]:
        """All messages with these tokens, in the inbox and in the junk folder."""
        found: list[Found] = []
        try:
            with _Troubles(self._secrets):
                found += self._look_in(encoded(self._folders.inbox), False, tokens)
                for folder in self._junk_folders():
                    found += self._look_in(folder, True, tokens)
        except Unreadable as trouble:
            trouble.found += found
            raise
        return found

    def delete(self, messages: Sequence[Found]) -> None:
        """Delete messages by their UIDs; without UIDPLUS they are only marked as deleted."""
        with _Troubles(self._secrets):
            for name in dict.fromkeys(each.place.partition(" ")[2] for each in messages):
                there = [each for each in messages if each.place.partition(" ")[2] == name]
                known = self._validity.get(name)
                self._open(name)
                if known != self._validity.get(name):
                    continue  # the numbers mean other messages now
                if not self._writable:
                    raise Unreadable(f"the folder {quoted(there[0].folder, 60)} is read-only")
                uids = ",".join(each.place.partition(" ")[0] for each in there)
                _done(self._client.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)"))
                if "UIDPLUS" in self._client.capabilities:
                    _done(self._client.uid("EXPUNGE", uids))

    def extend(self, deadline: Deadline) -> None:
        """Take another deadline, for what is left to do at the end."""
        self._deadline = deadline
        self._client.connection.deadline = deadline

    def close(self) -> None:
        """Log out, if that works at once, and close."""
        try:
            self._client.connection.deadline = self._deadline.within(1.0)
            self._client.logout()
        except Exception:  # whatever it is, the verdict is there
            self._client.shutdown()

    # -- folders

    def _open(self, name: str) -> None:
        """Select a folder, or bring the selected one up to date."""
        client = self._client
        if name == self._selected:
            _done(client.noop())
            count = client.response("EXISTS")[1]
            if count and count[-1] is not None:
                self._messages = int(count[-1])
            return
        self._selected = ""
        self._writable = not self._folders.read_only
        try:
            answer = client.select(quoted_string(name), self._folders.read_only)
        except imaplib.IMAP4.readonly:
            self._writable = False
            answer = client.select(quoted_string(name), True)
        if answer[0] != "OK":
            text = self._secrets.concealed(words(answer[1][-1]))
            shown = quoted(self._secrets.concealed(name), 60)
            raise Unreadable(f"the folder {shown} cannot be opened: {quoted(text)}")
        self._messages = int(answer[1][-1] or 0)
        self._validity[name] = words(client.response("UIDVALIDITY")[1][-1])
        self._selected = name

    def _junk_folders(self) -> list[str]:
        """The folder of the user's, or that which the server says is for junk (RFC 6154)."""
        if self._junk is None:
            if self._folders.junk:
                self._junk = [encoded(self._folders.junk)]
            elif "SPECIAL-USE" in self._client.capabilities:
                self._junk = list(junk_folders(_done(self._client.list('""', '"*"'))))
            else:
                self._junk = []
        return [each for each in self._junk if each != encoded(self._folders.inbox)]

    # -- messages

    def _look_in(self, folder: str, junk: bool, tokens: Collection[str]) -> Iterator[Found]:
        self._open(folder)
        missing = set(tokens)
        for uid, arrived, token in self._recent(folder):
            if token in tokens:
                missing.discard(token)
                yield self._found(token, folder, uid, junk, arrived)
        if self._messages <= RECENT:
            return
        for token in sorted(missing)[:_SEARCHES]:
            for uid, arrived, token_there in self._searched(token):
                if token_there == token:
                    yield self._found(token, folder, uid, junk, arrived)

    def _recent(self, folder: str) -> list[tuple[int, float, str]]:
        """The newest messages: UID, arrival and token. Indexes of searches lag behind them."""
        if not self._messages:
            return []
        if seen := self._seen.get(folder):
            data = _done(self._client.uid("FETCH", f"{seen + 1}:*", _ATTRIBUTES))
        else:
            first = max(1, self._messages - RECENT + 1)
            data = _done(self._client.fetch(f"{first}:*", _ATTRIBUTES))
        there = [(uid, arrived, token_of(headers)) for uid, arrived, headers in rows(data)]
        self._seen[folder] = max([seen or 0, *(uid for uid, _, _ in there)])
        return there

    def _searched(self, token: str) -> list[tuple[int, float, str]]:
        answer = _done(self._client.uid("SEARCH", "HEADER", HEADER, token))
        uids = b",".join(b",".join((each or b"").split()) for each in answer).decode("ascii")
        if not re.fullmatch(r"[0-9]{1,10}(,[0-9]{1,10}){0,9}", uids):
            return []
        data = _done(self._client.uid("FETCH", uids, _ATTRIBUTES))
        return [(uid, arrived, token_of(headers)) for uid, arrived, headers in rows(data)]

    def _found(self, token: str, folder: str, uid: int, junk: bool, arrived: float) -> Found:
        seen = Moment.now()
        data = _done(self._client.uid("FETCH", str(uid), f"(UID {_AUTHENTICATION})"))
        results = b"".join(headers for each, _, headers in rows(data) if each == uid)
        name = self._secrets.concealed(decoded_name(folder))
        return Found(token, name, f"{uid} {folder}", junk, arrived, seen, results)


class _Troubles:
    """A context manager: what goes wrong with IMAP leaves it as Unreadable, without secrets."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, _: object) -> None:
        if isinstance(error, OutOfTime):
            raise Unreadable("the IMAP server did not answer in the time that was left") from None
        if isinstance(error, ConnectionLost):
            how = "reset" if error.reset else "closed"
            raise Unreadable(f"the connection to the IMAP server was {how}") from None
        if isinstance(error, SessionEnded):
            raise Unreadable(f"the IMAP server: {error.finding.text}") from None
        if isinstance(error, imaplib.IMAP4.error):
            text = self._secrets.concealed(words(error.args[0] if error.args else ""))
            raise Unreadable(f"the IMAP server: {quoted(text)}") from None
        if isinstance(error, ValueError | LookupError | TypeError | AttributeError):
            # imaplib trusts a server to speak IMAP.
            raise Unreadable("the IMAP server says what is not IMAP") from None


class _Client(imaplib.IMAP4):
    """imaplib's client over our connection, and with its dialogue noted."""

    def __init__(self, connection: Connection, secrets: Secrets, dialogue: list[str]) -> None:
        self.connection = connection
        self.concealing = False
        self._secrets = secrets
        self._dialogue = dialogue
        self._octets = bytearray()
        self._octets_of_answer = self._lines_of_answer = 0
        super().__init__()

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Nothing: the connection stands."""

    def read(self, size: int) -> bytes:
        """So many octets of the server's."""
        if size > _LARGEST:
            raise self.abort(f"a literal of {size} octets")
        self._octets_of_answer += size
        if self._octets_of_answer > _MOST_OCTETS:
            raise self.abort(f"more than {_MOST_OCTETS} octets in one answer")
        while len(self._octets) < size:
            self._octets += finish(self.connection.read())
        taken = bytes(self._octets[:size])
        del self._octets[:size]
        return taken

    def readline(self) -> bytes:
        """The next line of the server's."""
        while (end := self._octets.find(b"\n") + 1) == 0:
            if len(self._octets) > _LONGEST_LINE:
                break
            self._octets += finish(self.connection.read())
        if not 0 < end <= _LONGEST_LINE:
            raise self.abort("an endless line")
        self._lines_of_answer += 1
        if self._lines_of_answer > _MOST_LINES:
            raise self.abort(f"more than {_MOST_LINES} lines in one answer")
        line = self.read(end)
        self._note("S", line)
        return line

    def send(self, data: Any) -> None:
        """Send octets as they are; the answer to them has its own limits."""
        self._octets_of_answer = self._lines_of_answer = 0
        if data != b"\r\n":
            secret = self.concealing and not data.endswith(b"\r\n")
            self._note("C", b"***" if secret else bytes(data))
        finish(self.connection.write(bytes(data)))

    def shutdown(self) -> None:
        """Close the connection."""
        finish(self.connection.close())

    def left_over(self) -> bytes:
        """What came behind the last answer: in clear text, before TLS, it is an injection."""
        return bytes(self._octets)

    def ask_capabilities(self) -> None:
        """Note what the server can do now: it says more inside TLS, and after the login."""
        said = _done(self.capability())
        text = b" ".join(each for each in said if isinstance(each, bytes))
        self.capabilities = tuple(decoded(text).upper().split())

    def _note(self, speaker: str, octets: bytes) -> None:
        line = decoded(octets.rstrip(b"\r\n"))
        text = self._secrets.heard(line) if speaker == "S" else self._secrets.own(line)
        self._dialogue.append(f"IMAP {speaker}: {text}")


def _opened(
    server: Server, login: Credentials, deadline: Deadline, dialogue: list[str]
) -> _Client:
    """A client that is connected, and inside TLS if that is wanted."""
    connection = _connected(server, deadline)
    try:
        if server.security == "tls":
            finish(connection.start_tls(_engine(server)))
        client = _Client(connection, Secrets(login), dialogue)
        if server.security == "starttls":
            _start_tls(client, server)
        return client
    except BaseException:
        finish(connection.close())
        raise


def _connected(server: Server, deadline: Deadline) -> Connection:
    who = f"IMAP port {server.port}"
    addresses = finish(resolve(server.host, server.port, 0, deadline))
    for number, address in enumerate(addresses, 1):
        connection = Connection(address, "", deadline)
        try:
            share = deadline.left() / (len(addresses) - number + 1)
            finish(connection.connect(deadline.within(share)))
            return connection
        except (SessionEnded, OutOfTime) as trouble:
            finish(connection.close())
            if number < len(addresses):
                continue
            if isinstance(trouble, OutOfTime):
                raise Unreadable(f"{who}: no answer to connect ({address})") from None
            raise Unreadable(f"{who}: {trouble.finding.text}") from None
    raise AssertionError("the resolver gives at least one address")


def _engine(server: Server) -> Engine:
    from check_smtp_core.tls import TlsEngine, Trust

    trust = Trust(*server.trust) if server.trust else None
    # OpenSSL wants a name or an address to compare; only a name goes out as SNI.
    name = server.name if trust else reference_name(server.name)
    return TlsEngine(name, trust=trust)


def _start_tls(client: _Client, server: Server) -> None:
    if "STARTTLS" not in client.capabilities or client.state != "NONAUTH":
        raise Unreadable("the IMAP server offers no STARTTLS")
    _done(client.xatom("STARTTLS"))
    if client.left_over():
        raise Unreadable("clear text between the IMAP server's answer to STARTTLS and TLS")
    finish(client.connection.start_tls(_engine(server)))
    client.untagged_responses.clear()  # RFC 9051 6.2.1: anybody may have said that
    client.ask_capabilities()


def _log_in(client: _Client, login: Credentials) -> None:
    if client.state == "NONAUTH":
        client.concealing = True
        try:
            _authenticate(client, login)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            text = Secrets(login).concealed(words(error.args[0] if error.args else ""))
            who = quoted(login.user, 60)
            raise Unreadable(f"the login of {who} was refused: {quoted(text)}") from None
        finally:
            client.concealing = False
    client.ask_capabilities()


def _authenticate(client: _Client, login: Credentials) -> None:
    user, secret = login.user.encode(), login.secret.encode()
    if "AUTH=PLAIN" in client.capabilities:
        client.authenticate("PLAIN", lambda _: b"\0" + user + b"\0" + secret)
    elif "LOGINDISABLED" in client.capabilities:
        raise client.error("neither LOGIN nor AUTHENTICATE PLAIN is offered")
    else:
        # As a literal a password may hold anything.
        client.literal = secret  # type: ignore[assignment]
        client.state = "NONAUTH"
        _done(client.xatom("LOGIN", quoted_string(login.user)))
        client.state = "AUTH"


def _done(answer: Any) -> list[Any]:
    """The data of an answer that is OK. imaplib's error where it is not."""
    word, data = answer
    if word == "NO" and "EXPUNGEISSUED" in words(data[-1]):
        return []  # another run deleted what was asked for (RFC 5530); the next look knows
    if word != "OK":
        raise imaplib.IMAP4.error(words(data[-1] if data else ""))
    return [each for each in data if each is not None]
