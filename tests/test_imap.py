"""IMAP mailboxes: TLS, logins, and servers that do not answer as they should."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from check_smtp_core.deadline import Deadline
from check_smtp_delivery import imap
from check_smtp_delivery.credentials import Credentials
from check_smtp_delivery.imap import Folders, ImapMailbox, Server
from check_smtp_delivery.mailbox import Unreadable
from tests.imap_server import PASSWORD, USER, ImapServer, Ways
from tests.player import Player

TOKEN = "0123456789abcdef" * 2
MESSAGE = f"Subject: x\r\nX-SMTP-Check-Loop: {TOKEN}\r\n\r\nbody\r\n".encode("ascii")
FOREIGN = b"Subject: hello\r\n\r\nbody\r\n"
_BOTH = Folders("INBOX", "", False)
_LOGIN = Credentials(USER, PASSWORD)


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@contextmanager
def opened(
    server: ImapServer,
    security: str = "none",
    name: str = "127.0.0.1",
    ca_file: str = "",
    folders: Folders = _BOTH,
    login: Credentials = _LOGIN,
    seconds: float = 5.0,
    dialogue: list[str] | None = None,
) -> Iterator[ImapMailbox]:
    trust = (ca_file, "") if ca_file else None
    place = Server("127.0.0.1", server.port, security, name, trust)
    said = [] if dialogue is None else dialogue
    mailbox = ImapMailbox(place, login, folders, Deadline.after(seconds), said)
    try:
        yield mailbox
    finally:
        mailbox.close()


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("name", ["127.0.0.1", "mail.example"])
def test_inside_verified_tls(
    server_tls: ssl.SSLContext, ca_file: str, security: str, name: str
) -> None:
    with ImapServer(server_tls, implicit=security == "tls") as server:
        server.folders["INBOX"].add(MESSAGE)
        with opened(server, security, name, ca_file) as mailbox:
            (found,) = mailbox.look({TOKEN})
        assert (found.token, found.folder, found.junk) == (TOKEN, "INBOX", False)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_no_password_goes_to_a_server_with_the_wrong_name(
    server_tls: ssl.SSLContext, ca_file: str, security: str
) -> None:
    with (
        ImapServer(server_tls, implicit=security == "tls") as server,
        pytest.raises(Unreadable, match="certificate is no good: hostname mismatch") as caught,
        opened(server, security, "imap.example", ca_file),
    ):
        pass
    assert str(caught.value).startswith("the IMAP server: the certificate is no good: ")
    assert not [each for each in server.heard if each.startswith(("AUTH", "LOGIN"))]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_no_password_goes_to_a_server_that_nobody_trusts(
    server_tls: ssl.SSLContext, tmp_path: Path, security: str
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    with (
        ImapServer(server_tls, implicit=security == "tls") as server,
        pytest.raises(Unreadable, match="the certificate is no good: unable to get local issuer"),
        opened(server, security, "mail.example", str(other)),
    ):
        pass
    assert not [each for each in server.heard if each.startswith(("AUTH", "LOGIN"))]


def test_clear_text_behind_the_answer_to_starttls_is_no_part_of_what_comes_inside(
    server_tls: ssl.SSLContext, ca_file: str
) -> None:
    ways = Ways(injected="\r\n* CAPABILITY IMAP4rev1")
    with (
        ImapServer(server_tls, ways=ways) as server,
        pytest.raises(Unreadable, match="clear text between the IMAP server's answer"),
        opened(server, "starttls", "mail.example", ca_file),
    ):
        pass


def test_what_was_said_before_tls_is_forgotten_inside(
    server_tls: ssl.SSLContext, ca_file: str
) -> None:
    """RFC 9051 6.2.1: who sits in between may have said it."""
    said = "* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN\r\n"
    ways = Ways(before_login="IMAP4rev1", in_clear=said)
    with ImapServer(server_tls, ways=ways) as server:
        with opened(server, "starttls", "mail.example", ca_file) as mailbox:
            assert mailbox.look({TOKEN}) == []
        said_by_us = [each.split(" ")[0] for each in server.heard]
    assert said_by_us[:4] == ["CAPABILITY", "STARTTLS", "CAPABILITY", "LOGIN"]


def test_without_a_trust_any_certificate_will_do(server_tls: ssl.SSLContext) -> None:
    with ImapServer(server_tls, implicit=True) as server:
        server.folders["INBOX"].add(MESSAGE)
        with opened(server, "tls", "imap.example") as mailbox:
            assert len(mailbox.look({TOKEN})) == 1


def test_a_server_that_greets_with_preauth_before_starttls(
    server_tls: ssl.SSLContext, ca_file: str
) -> None:
    """RFC 9051 11.1: then there is no STARTTLS any more, and what it says may be anybody's."""
    with (
        ImapServer(server_tls, ways=Ways(preauth=True)) as server,
        pytest.raises(Unreadable, match="the IMAP server offers no STARTTLS"),
        opened(server, "starttls", "mail.example", ca_file),
    ):
        pass


def test_a_server_that_needs_no_login() -> None:
    with ImapServer(ways=Ways(preauth=True)) as server:
        server.folders["INBOX"].add(MESSAGE)
        with opened(server) as mailbox:
            assert len(mailbox.look({TOKEN})) == 1
    assert not [each for each in server.heard if each.startswith(("AUTH", "LOGIN"))]


@pytest.mark.parametrize("before", ["IMAP4rev1 AUTH=PLAIN", "IMAP4rev1", "IMAP4rev1 SASL-IR"])
@pytest.mark.parametrize("password", [PASSWORD, "plain", 'ünïcödé \\ " {3}', "{5}"])
def test_passwords_of_all_kinds(
    before: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.imap_server.PASSWORD", password)
    dialogue: list[str] = []
    with ImapServer(ways=Ways(before_login=before)) as server:
        login = Credentials(USER, password)
        with opened(server, login=login, dialogue=dialogue) as mailbox:
            assert mailbox.look({TOKEN}) == []
    assert not [line for line in dialogue if password in line]


# -- finding


def test_only_recent_messages_are_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "RECENT", 3)
    with ImapServer() as server:
        inbox = server.folders["INBOX"]
        old = inbox.add(MESSAGE)
        for _ in range(5):
            inbox.add(FOREIGN)
        new = inbox.add(MESSAGE.replace(b"0123", b"4567"))
        with opened(server) as mailbox:
            found = mailbox.look({TOKEN, TOKEN.replace("0123", "4567")})
        assert [each.place for each in found] == [f"{new.uid} INBOX", f"{old.uid} INBOX"]
        assert next(each for each in server.heard if "FETCH" in each).startswith("FETCH 5:* ")
        searches = [each for each in server.heard if "SEARCH" in each]
        assert searches == [f"UID SEARCH HEADER X-SMTP-Check-Loop {TOKEN}"]


def test_a_search_that_lags_behind_does_not_matter() -> None:
    with ImapServer(ways=Ways(lagging=True)) as server:
        server.folders["INBOX"].add(MESSAGE)
        with opened(server) as mailbox:
            assert len(mailbox.look({TOKEN})) == 1


def test_what_was_seen_is_not_fetched_again() -> None:
    with ImapServer(ways=Ways(capabilities="IMAP4rev1")) as server:
        inbox = server.folders["INBOX"]
        inbox.add(FOREIGN)
        with opened(server) as mailbox:
            assert mailbox.look({TOKEN}) == []
            assert mailbox.look({TOKEN}) == []
            inbox.add(MESSAGE)
            assert len(mailbox.look({TOKEN})) == 1
        fetched = [each.partition(" (")[0] for each in server.heard if "FETCH" in each]
        assert fetched == ["FETCH 1:*", "UID FETCH 8:*", "UID FETCH 8:*", "UID FETCH 8"]


def test_a_junk_folder_by_its_name_or_by_its_use() -> None:
    with ImapServer() as server:
        server.folders["Spam & M&APw-ll"] = server.folders.pop("Junk")
        server.folders["Spam & M&APw-ll"].add(MESSAGE)
        with opened(server) as mailbox:
            (found,) = mailbox.look({TOKEN})
        assert (found.folder, found.junk) == ("Spam & Müll", True)
        server.folders["Spam &- M&APw-ll"] = server.folders.pop("Spam & M&APw-ll")
        folders = Folders("INBOX", "Spam & Müll", False)
        with opened(server, folders=folders) as mailbox:
            (found,) = mailbox.look({TOKEN})
        assert (found.folder, found.junk) == ("Spam & Müll", True)


def test_what_was_found_before_the_trouble_is_not_lost() -> None:
    with ImapServer() as server:
        server.folders["INBOX"].add(MESSAGE)
        folders = Folders("INBOX", "None", False)
        with (
            pytest.raises(Unreadable, match='the folder "None" cannot be opened') as caught,
            opened(server, folders=folders) as mailbox,
        ):
            mailbox.look({TOKEN})
        assert [each.token for each in caught.value.found] == [TOKEN]


# -- deleting


def test_a_folder_that_was_made_anew_meanwhile_keeps_its_messages() -> None:
    """Its UIDs mean other messages (RFC 3501 2.3.1.1)."""
    with ImapServer() as server:
        inbox = server.folders["INBOX"]
        inbox.add(MESSAGE)
        with opened(server) as mailbox:
            found = mailbox.look({TOKEN})
            inbox.validity = 2
            mailbox.delete(found)
        assert len(inbox.messages) == 1


# -- servers that are no good


@pytest.mark.parametrize(
    ("ways", "seconds", "why"),
    [
        (Ways(hangs="CAPABILITY"), 0.3, "did not answer in the time that was left"),
        (Ways(hangs="FETCH"), 0.3, "did not answer in the time that was left"),
        (Ways(refused=("FETCH",)), 5, "Internal error occurred"),
        (Ways(refused=("LIST",)), 5, "Internal error occurred"),
        (Ways(greeting="* OK " + "x" * 70000), 5, "an endless line"),
        (Ways(greeting="* OK {99999999}"), 5, "a literal of 99999999 octets"),
        (
            Ways(greeting=f"* OK {{1000000}}\r\n{'x' * 10**6}" * 5),
            20,
            "than 4194304 octets in one",
        ),
        (Ways(floods="SELECT", flood=f"* FLAGS {'x' * 9000}"), 20, "than 4194304 octets in one"),
        (
            Ways(floods="FETCH", flood=f"* 1 FETCH (X {{1000000}}\r\n{'x' * 10**6})"),
            20,
            "the IMAP server: .*more than 4194304 octets in one answer",
        ),
        (Ways(floods="CAPABILITY", flood="* X"), 20, "more than 20000 lines in one answer"),
        (Ways(greeting="* BYE closed <for> $you | `x`"), 5, r'BYE closed \(for\) \?you / \'x\'"'),
        (Ways(greeting="\x00\x80\xff"), 5, "unexpected response"),
        (Ways(before_login="IMAP2"), 5, "not IMAP4 compliant"),
    ],
)
def test_a_server_that_is_ill(ways: Ways, seconds: float, why: str) -> None:
    with ImapServer(ways=ways) as server:
        server.folders["INBOX"].add(MESSAGE)
        with pytest.raises(Unreadable, match=why), opened(server, seconds=seconds) as mailbox:
            mailbox.look({TOKEN})


def test_nobody_listens() -> None:
    with ImapServer() as server:
        pass
    with pytest.raises(Unreadable, match=r"^IMAP port [0-9]+: connection refused"), opened(server):
        pass


def test_a_drip_does_not_outlast_the_deadline() -> None:
    """The server says something every now and then, and never comes to an end."""
    with Player("DRIP * OK and more of it ") as player:
        place = Server("127.0.0.1", player.port, "none", "", None)
        started = monotonic()
        with pytest.raises(Unreadable, match="did not answer in the time that was left"):
            ImapMailbox(
                place,
                Credentials(USER, PASSWORD),
                Folders("INBOX", "", False),
                Deadline.after(0.3, started),
                [],
            )
        assert monotonic() - started < 2


_PIECES = st.sampled_from(
    [
        *("TAG OK ", "TAG NO ", "TAG BAD ", "OTHER1 OK x", "* ", "+ ", "OK ", "BYE ", "PREAUTH "),
        *("CAPABILITY IMAP4rev1 ", "LIST (\\Junk) ", '"/" ', "FETCH (UID 7 ", "1 EXISTS", "FLAGS"),
        *(
            "INTERNALDATE ",
            "BODY[HEADER] {5}",
            "{3}",
            "{x}",
            "[UIDVALIDITY 1]",
            "[READ-ONLY] ",
            '"',
        ),
        *("SEARCH 7 8", "\xff\x00", "ü", ")", "(", "\r\n", "\r\n", "\n", " ", "7", "x"),
    ]
)


class _Babbler:
    """Says these pieces, one after each line that it hears, and then closes."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "_Babbler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        self._listener.settimeout(10)
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(10)
            tag = "X"
            try:
                for piece in self._pieces:
                    said = piece.replace("TAG", tag)
                    connection.sendall(said.encode("latin-1", "replace") + b"\r\n")
                    line = connection.recv(65536)
                    if not line:
                        return
                    tag = line.split(b" ")[0].decode("latin-1")
            except OSError:
                return


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(_PIECES, max_size=8).map("".join), min_size=1, max_size=8))
def test_whatever_a_server_says_it_is_a_mailbox_or_unreadable(pieces: list[str]) -> None:
    greeting = "* OK [CAPABILITY IMAP4rev1] ready"
    capabilities = "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK x"
    for start in ([], [greeting], [greeting, capabilities]):
        with _Babbler([*start, *pieces]) as server:
            place = Server("127.0.0.1", server.port, "none", "", None)
            try:
                mailbox = ImapMailbox(place, _LOGIN, _BOTH, Deadline.after(0.2), [])
            except Unreadable:
                continue
            try:
                mailbox.look({TOKEN})
            except Unreadable:
                pass
            finally:
                mailbox.close()
