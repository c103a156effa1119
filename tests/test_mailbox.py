"""Mailboxes as the options name them."""

from pathlib import Path

import pytest

from check_smtp_core.deadline import Deadline
from check_smtp_core.findings import SessionEnded
from check_smtp_core.options import parse_options
from check_smtp_delivery.mailbox import Unreadable, open_mailbox, read_access
from check_smtp_delivery.maildir import Maildir
from tests.mail_loop import mail_loop
from tests.test_suite import parser_of

SHARED = ("-H", "mail.example", "--recipient", "loop@example.com")


def test_a_maildir(tmp_path: Path) -> None:
    options = parse_options(parser_of("check_smtp_loop"), [*SHARED, "--maildir", str(tmp_path)])
    assert isinstance(open_mailbox(options, Deadline.after(5), [], 0.0), Maildir)


def test_an_imap_server(tmp_path: Path) -> None:
    with mail_loop(tmp_path) as running:
        options = parse_options(parser_of("check_smtp_loop"), running.arguments())
        dialogue: list[str] = []
        open_mailbox(options, Deadline.after(5), dialogue, 0.0).close()
    assert dialogue[0].startswith("IMAP S: * OK ")
    assert "LOGOUT" in "".join(dialogue)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "no password is given"),
        (("--imap-password-file", "/nonexistent"), "/nonexistent cannot be read: no such file"),
        (
            ("--imap-password-file", "/nonexistent", "--ca-file", "/none"),
            "the CA file /none cannot be read: no such file or directory",
        ),
    ],
)
def test_what_is_needed_to_open_it(
    arguments: tuple[str, ...], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHECK_SMTP_IMAP_PASSWORD", raising=False)
    words = [*SHARED, "--imap-host", "127.0.0.1", "--imap-user", "x", *arguments]
    if "--ca-file" not in arguments:
        words += ["--imap-security", "none"]
    options = parse_options(parser_of("check_smtp_loop"), words)
    with pytest.raises(Unreadable, match=why):
        open_mailbox(options, Deadline.after(5), [], 0.0)
    with pytest.raises(SessionEnded) as caught:
        read_access(options)
    assert caught.value.finding.name == "local"
    assert why in caught.value.finding.text
