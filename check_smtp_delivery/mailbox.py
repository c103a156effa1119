"""What a mailbox is for the check: a place to look for tokens, and to delete what carries them.

Rule: nothing but messages with a token that was asked for is told of, and nothing else is deleted.
What keeps us from looking leaves as Unreadable. A kind of mailbox is imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from check_smtp_core.deadline import Deadline
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.text import printable
from check_smtp_delivery.credentials import Credentials, read_password
from check_smtp_delivery.moment import Moment

if TYPE_CHECKING:
    from typing import Protocol

    from check_smtp_core.options import Options
else:
    Protocol = object


class Found(NamedTuple):
    """One message with one of our tokens.

    `place` is where the mailbox finds it again, `seen` when we saw it. `arrived` is when it came,
    in seconds since 1970 by the mailbox's own clock, or 0 where that is not known. `results` are
    its headers as far as they tell of authentication.
    """

    token: str
    folder: str
    place: str
    junk: bool
    arrived: float
    seen: Moment
    results: bytes


class Unreadable(Exception):
    """The mailbox cannot be read; the message says why, for people, with foreign text screened.

    `found` is what was found before.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.found: list[Found] = []


class Mailbox(Protocol):
    """A mailbox that is open."""

    def look(self, tokens: Collection[str]) -> list[Found]:
        """All messages with these tokens, also the second of two with the same one.

        Unreadable where not all of it can be read.
        """

    def delete(self, messages: Sequence[Found]) -> None:
        """Delete these messages. Unreadable where that cannot be done."""

    def extend(self, deadline: Deadline) -> None:
        """Take another deadline, for what is left to do at the end."""

    def close(self) -> None:
        """Leave. Nothing here goes wrong."""


class Access(NamedTuple):
    """What opens a mailbox over IMAP: the login, and the trust anchors where they are needed."""

    login: Credentials
    trust: tuple[str, str] | None


def read_access(options: Options) -> Access:
    """What opens the IMAP mailbox. SessionEnded with `local` where it cannot be read."""
    trust = _trust(options)
    secret = read_password(options.imap_password, options.imap_password_file, "imap-")
    return Access(Credentials(options.imap_user, secret), trust)


def open_mailbox(
    options: Options, deadline: Deadline, dialogue: list[str], since: float
) -> Mailbox:
    """The mailbox, open; what is said to it is added to the dialogue.

    `since` is when the oldest message was sent that is looked for, in seconds since 1970.
    Unreadable where it cannot be opened.
    """
    if options.maildir:
        from check_smtp_delivery.maildir import Maildir

        return Maildir(options.maildir, options.junk_folder, deadline, since)
    from check_smtp_delivery.imap import Folders, ImapMailbox, Server

    try:
        login, trust = read_access(options)
    except SessionEnded as ended:
        raise Unreadable(ended.finding.text) from None
    server = Server(
        options.imap_host,
        options.imap_port,
        options.imap_security.partition("-")[0],
        (options.imap_servername or options.imap_host).removesuffix("."),
        trust,
    )
    folders = Folders(options.imap_folder, options.junk_folder, options.cleanup == "keep")
    return ImapMailbox(server, login, folders, deadline, dialogue)


def _trust(options: Options) -> tuple[str, str] | None:
    from check_smtp_tls.anchors import NoAnchors, find_anchors

    if options.imap_security not in ("tls", "starttls"):
        return None
    try:
        return find_anchors(options.ca_file, options.ca_path)
    except NoAnchors as error:
        raise SessionEnded(Finding("local", printable(str(error)))) from None
