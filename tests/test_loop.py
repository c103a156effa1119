"""check_smtp_loop: whole lines against a mail system, and runs that break off at every point."""

import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from check_smtp_core.deadline import Deadline
from check_smtp_delivery.ledger import Ledger
from tests.conftest import Outcome, Stage
from tests.imap_server import PASSWORD, Ways
from tests.mail_loop import MailLoop, mail_loop

PHASES = (
    "time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 time_ehlo=Ts;;;0 time_mail=Ts;;;0 "
    "time_rcpt=Ts;;;0 time_data=Ts;;;0 time_mailbox=Ts;;;0"
)
TOKEN = re.compile(r"\b[0-9a-f]{32}\b")


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[MailLoop]:
    with mail_loop(tmp_path) as running:
        yield running


def text(seen: Outcome) -> str:
    """The status line before its perfdata, without the token."""
    return TOKEN.sub("TOKEN", seen.text)


def age(loop: MailLoop, seconds: float) -> None:
    """Make all messages in the state file older, on both clocks."""
    content = json.loads(loop.state.read_text(encoding="ascii"))
    for messages in content["loops"].values():
        for each in messages:
            each["sent"]["wall"] -= seconds
            each["sent"]["monotonic"] -= seconds
            each["missed"] += seconds if each["missed"] else 0
    loop.state.write_text(json.dumps(content), encoding="ascii")


def remembered(loop: MailLoop) -> list[str]:
    """The tokens in the state file."""
    return TOKEN.findall(loop.state.read_text(encoding="ascii"))


# -- one run that waits


def test_a_message_that_comes_at_once(loop: MailLoop) -> None:
    seen = loop.run()
    assert seen == (
        0,
        [
            "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s | "
            f"{PHASES} latency=Ts;;;0 pending=0;;;0 oldest=Ts;;;0 lost=0;;;0 junk=0;;;0"
        ],
    )
    assert loop.inbox.messages == []


def test_a_message_that_comes_while_the_run_waits(loop: MailLoop) -> None:
    """It is delivered at the third look, so that nobody has to know how long that takes."""

    def at_the_third_look(message: bytes) -> None:
        waiting.append(message)

    waiting: list[bytes] = []
    loop.deliver = at_the_third_look

    class Looks(list[str]):
        def append(self, command: str) -> None:
            super().append(command)
            if self.count('SELECT "Junk"') == 2 and waiting:
                loop.inbox.add(waiting.pop())

    loop.imap.heard = Looks()
    seen = loop.run()
    assert (seen.code, text(seen)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s",
    )
    assert loop.inbox.messages == []


def test_noop_between_polls_where_there_is_one_folder(tmp_path: Path) -> None:
    with mail_loop(tmp_path, Ways(capabilities="IMAP4rev1 UIDPLUS")) as loop:
        loop.deliver = loop.nowhere
        seen = loop.run("-t", "1.5")
    assert seen.code == 2
    assert "NOOP" in loop.imap.heard
    assert [each for each in loop.imap.heard if each.startswith("SELECT")] == ['SELECT "INBOX"']


def test_a_message_that_does_not_come(loop: MailLoop) -> None:
    loop.deliver = loop.nowhere
    seen = loop.run("-t", "1")
    assert (seen.code, text(seen)) == (
        2,
        "SMTP_LOOP CRITICAL - 127.0.0.1:PORT lost: the message did not come in T s "
        "(loop.TOKEN@example.net); a message was sent",
    )
    assert seen.perfdata == f"{PHASES} pending=0;;;0 oldest=Ts;;;0 lost=1;;;0 junk=0;;;0"


@pytest.mark.parametrize(
    ("limits", "code", "line"),
    [
        (("-w", "5", "-c", "10"), 0, "OK - 127.0.0.1:PORT the message came after T s"),
        (
            ("-w", "0.00001", "-c", "10"),
            1,
            "WARNING - 127.0.0.1:PORT late: it took T s (wanted: at most 0.00001 s); "
            "the message came after T s",
        ),
        (
            ("-w", "0", "-c", "0.00001"),
            2,
            "CRITICAL - 127.0.0.1:PORT late: it took T s (wanted: at most 0.00001 s); "
            "the message came after T s",
        ),
    ],
)
def test_the_latency_has_limits(
    loop: MailLoop, limits: tuple[str, ...], code: int, line: str
) -> None:
    seen = loop.run(*limits)
    assert (seen.code, text(seen)) == (code, f"SMTP_LOOP {line}")
    assert f"latency=Ts;{limits[1]};{limits[3]};0" in seen.perfdata


def test_a_message_in_the_junk_folder(loop: MailLoop) -> None:
    loop.deliver = loop.into_junk
    seen = loop.run()
    assert (seen.code, text(seen)) == (
        1,
        'SMTP_LOOP WARNING - 127.0.0.1:PORT junk: the message came into the junk folder "Junk"; '
        "the message came after T s",
    )
    assert seen.perfdata.endswith("pending=0;;;0 oldest=Ts;;;0 lost=0;;;0 junk=1;;;0")
    assert loop.junk.messages == []


def test_of_two_copies_both_are_deleted_and_nothing_else(loop: MailLoop) -> None:
    bounce = (
        b"From: MAILER-DAEMON\r\nSubject: Undelivered\r\n\r\nX-SMTP-Check-Loop: "
        + b"0" * 32
        + b"\r\n"
    )

    def twice(message: bytes) -> None:
        loop.inbox.add(bounce)
        loop.inbox.add(message)
        token = TOKEN.search(message.decode("ascii"))
        assert token is not None
        # an answer with our Message-ID, a bounce with our headers in it, another token
        for body in (
            f"In-Reply-To: <loop.{token[0]}@example.net>\r\nSubject: Re\r\n\r\n",
            f"Subject: bounce\r\n\r\nX-SMTP-Check-Loop: {token[0]}\r\n",
            f"X-SMTP-Check-Loop: {token[0][::-1]}\r\n\r\n",
            f"X-SMTP-Check-Loop: x{token[0]}\r\n\r\n",
        ):
            loop.inbox.add(body.encode("ascii"))
        loop.junk.add(message)

    loop.deliver = twice
    seen = loop.run()
    assert (seen.code, text(seen)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s",
    )
    assert len(loop.inbox.messages) == 5
    assert loop.junk.messages == []


def test_without_uidplus_they_are_only_marked(tmp_path: Path) -> None:
    with mail_loop(tmp_path, Ways(capabilities="IMAP4rev1")) as loop:
        seen = loop.run()
        assert seen.code == 0
        assert [each.flags for each in loop.inbox.messages] == [{"\\Deleted"}]


def test_kept_messages_are_looked_at_in_a_folder_that_is_not_changed(loop: MailLoop) -> None:
    seen = loop.run("--cleanup", "keep")
    assert seen.code == 0
    assert [each.flags for each in loop.inbox.messages] == [set()]
    assert not [each for each in loop.imap.heard if each.startswith("SELECT")]


def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    with mail_loop(tmp_path, Ways(read_only=True)) as loop:
        seen = loop.run()
    assert (seen.code, text(seen)) == (
        3,
        "SMTP_LOOP UNKNOWN - 127.0.0.1:PORT mailbox: what was found there could not be deleted: "
        'the folder "INBOX" is read-only; the message came after T s',
    )


# -- the submission


REFUSED = """
    S: 220 mail.example ESMTP
    C: EHLO client.example
    S: 250 mail.example
    C: MAIL FROM:<monitor@example.net>
    S: 250 2.1.0 Ok
    C: RCPT TO:<loop@example.com>
    S: {rcpt}
    C: QUIT
    S: 221 Bye
"""

SENT = """
    S: 220 mail.example ESMTP
    C: EHLO client.example
    S: 250 mail.example
    C: MAIL FROM:<monitor@example.net>
    S: 250 2.1.0 Ok
    C: RCPT TO:<loop@example.com>
    S: 250 2.1.5 Ok
    C: DATA
    S: {data}
"""
TAKEN = SENT.format(data="354 go on")

LOOP = (
    *("--mail-from", "monitor@example.net", "--recipient", "loop@example.com"),
    *("--maildir", "MAILDIR"),
)


def maildir(folder: Path) -> Path:
    for name in ("new", "cur", "tmp", ".Junk/new", ".Junk/cur"):
        (folder / "Maildir" / name).mkdir(parents=True)
    return folder / "Maildir"


def staged(stage: Stage, folder: Path, transcript: str, *more: str) -> Outcome:
    path = folder / "Maildir"
    if not path.exists():
        maildir(folder)
    words = [str(path) if each == "MAILDIR" else each for each in LOOP]
    seen = stage("loop", transcript, *words, *more)
    return Outcome(seen.code, [each.replace(str(folder), "FOLDER") for each in seen.lines])


@pytest.mark.parametrize("state", [False, True])
@pytest.mark.parametrize(
    ("transcript", "code", "line"),
    [
        (
            REFUSED.format(rcpt="550 5.1.1 unknown user"),
            2,
            'reject: RCPT answered with "550 5.1.1 unknown user" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            REFUSED.format(rcpt="450 4.7.1 Greylisted"),
            1,
            'tempfail: RCPT answered with "450 4.7.1 Greylisted" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            SENT.format(data="452 4.3.1 no space") + "C: QUIT\nS: 221 Bye",
            1,
            'tempfail: DATA answered with "452 4.3.1 no space" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            SENT.format(data="250 fine") + "C: QUIT\nS: 221 Bye",
            2,
            'protocol: DATA answered with "250 fine" instead of 250',
        ),
        (
            TAKEN + "MESSAGE\nS: 554 5.7.1 spam\nC: QUIT\nS: 221 Bye",
            2,
            'reject: DATA answered with "554 5.7.1 spam" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            TAKEN + "MESSAGE\nS: 421 4.3.2 going down\nC: QUIT\nS: 221 Bye",
            2,
            'unavailable: DATA answered with "421 4.3.2 going down" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            "S: 421 too busy\nC: QUIT\nS: 221 Bye",
            2,
            'unavailable: greeted with "421 too busy" (we came from 127.0.0.1)',
        ),
    ],
)
def test_a_submission_that_fails_leaves_nothing_behind(
    stage: Stage, tmp_path: Path, state: bool, transcript: str, code: int, line: str
) -> None:
    words = ("--state-file", str(tmp_path / "state")) if state else ()
    seen = staged(stage, tmp_path, transcript, *words)
    assert seen.code == code
    word = "WARNING" if code == 1 else "CRITICAL"
    assert seen.text == f"SMTP_LOOP {word} - 127.0.0.1:PORT {line}"
    if state:
        assert TOKEN.findall((tmp_path / "state").read_text(encoding="ascii")) == []


@pytest.mark.parametrize("end", ["CLOSE", "RESET"])
def test_a_connection_that_breaks_after_the_dot_leaves_the_message_in_doubt(
    stage: Stage, tmp_path: Path, end: str
) -> None:
    seen = staged(
        stage, tmp_path, f"{TAKEN}MESSAGE\n{end}", "--state-file", str(tmp_path / "state"), "-v"
    )
    how = "the server closed the connection" if end == "CLOSE" else "the connection was reset"
    assert (seen.code, seen.text) == (
        2,
        f"SMTP_LOOP CRITICAL - 127.0.0.1:PORT closed: {how} before the reply to the message",
    )
    (token,) = TOKEN.findall((tmp_path / "state").read_text(encoding="ascii"))
    assert seen.lines[-1].startswith(f"loop.{token}@example.net has been under way for ")
    assert seen.lines[-1].endswith(" s, and may never have been taken")


@pytest.mark.parametrize("end", ["CLOSE", "RESET"])
def test_a_message_in_doubt_may_have_come_all_the_same(
    stage: Stage, tmp_path: Path, end: str
) -> None:
    """Without a state file it is looked for once."""
    seen = staged(stage, tmp_path, f"{TAKEN}MESSAGE\n{end}")
    assert seen.code == 2
    assert seen.text.startswith("SMTP_LOOP CRITICAL - 127.0.0.1:PORT closed: ")
    assert seen.perfdata.endswith("pending=1;;;0 oldest=Ts;;;0 lost=0;;;0 junk=0;;;0")


def test_the_message_is_handed_over_with_a_login(
    stage: Stage, tmp_path: Path, authority: trustme.CA
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "password").write_text("se cret", encoding="ascii")
    (tmp_path / "password").chmod(0o600)
    inside = """
        S: 220 mail.example ESMTP
        C: EHLO client.example
        S: 250-mail.example
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 go
        TLS
        C: EHLO client.example
        S: 250-mail.example
        S: 250 AUTH PLAIN
        C: AUTH PLAIN AGpvZQBzZSBjcmV0
        S: 235 welcome
    """
    transcript = inside + TAKEN.partition("250 mail.example")[2]
    seen = staged(
        stage,
        tmp_path,
        f"{transcript}MESSAGE\nS: 250 queued\nC: QUIT\nS: 221 Bye",
        *("-U", "joe", "--password-file", str(tmp_path / "password"), "-vvv"),
        *("--servername", "mail.example", "--ca-file", str(tmp_path / "ca.pem")),
        *("--state-file", str(tmp_path / "state")),
    )
    assert (seen.code, seen.text) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT a message was sent; "
        "in-flight: 1 message is under way, for T s",
    )
    assert "T C: AUTH PLAIN ***" in seen.lines
    assert "se cret" not in "".join(seen.lines)


def test_no_message_without_the_login(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret", encoding="ascii")
    (tmp_path / "password").chmod(0o600)
    seen = staged(
        stage,
        tmp_path,
        """
        S: 220 mail.example ESMTP
        C: EHLO client.example
        S: 250 mail.example
        C: QUIT
        S: 221 Bye
        """,
        *("-U", "joe", "--password-file", str(tmp_path / "password")),
        *("--state-file", str(tmp_path / "state")),
    )
    assert (seen.code, seen.text) == (
        2,
        "SMTP_LOOP CRITICAL - 127.0.0.1:PORT no-starttls: STARTTLS is not offered; "
        "no credentials were sent",
    )
    assert TOKEN.findall((tmp_path / "state").read_text(encoding="ascii")) == []


# -- a Maildir


def into(loop: MailLoop, folder: str, path: Path) -> None:
    """Deliver into a folder of a Maildir."""

    def deliver(message: bytes) -> None:
        (path / folder / f"{len(loop.messages)}.M1.host").write_bytes(message)

    loop.deliver = deliver


IN_MAILDIR = ("--imap-host", "", "--imap-user", "", "--maildir")


def test_messages_in_a_maildir_are_left_there_unless_they_are_to_be_deleted(
    loop: MailLoop,
) -> None:
    path = maildir(loop.folder)
    into(loop, "new", path)
    seen = loop.run(*IN_MAILDIR, str(path))
    assert seen == (
        0,
        [
            "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s | "
            f"{PHASES} latency=Ts;;;0 pending=0;;;0 oldest=Ts;;;0 lost=0;;;0 junk=0;;;0"
        ],
    )
    assert len(list((path / "new").iterdir())) == 1
    assert loop.run("state", *IN_MAILDIR, str(path), "--cleanup", "delete").code == 0
    assert len(list((path / "new").iterdir())) == 1
    assert loop.imap.heard == []


def test_junk_in_a_maildir(loop: MailLoop) -> None:
    path = maildir(loop.folder)
    into(loop, ".Junk/new", path)
    seen = loop.run(*IN_MAILDIR, str(path), "--junk-folder", ".Junk")
    assert (seen.code, text(seen)) == (
        1,
        "SMTP_LOOP WARNING - 127.0.0.1:PORT junk: the message came into the junk folder "
        '".Junk"; the message came after T s',
    )


def test_a_message_below_many_newer_ones_is_not_lost(
    loop: MailLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("check_smtp_delivery.maildir._NEWEST", 2)
    path = maildir(loop.folder)
    loop.deliver = loop.nowhere
    loop.run("state", *IN_MAILDIR, str(path))
    age(loop, 4000)
    (path / "new/1.M1.host").write_bytes(loop.messages[0])
    arrived = time.time() - 3990
    os.utime(path / "new/1.M1.host", (arrived, arrived))
    for number in range(3):
        (path / f"cur/{number}").write_text("Subject: newer", encoding="ascii")
    seen = loop.run("state", *IN_MAILDIR, str(path))
    assert (seen.code, text(seen)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s, 1 under way",
    )


def test_a_maildir_that_is_missing(loop: MailLoop) -> None:
    seen = loop.run("state", *IN_MAILDIR, str(loop.folder / "Maildir"))
    assert (seen.code, text(seen)) == (
        3,
        "SMTP_LOOP UNKNOWN - 127.0.0.1:PORT mailbox: FOLDER/Maildir/new cannot be read: "
        "no such file or directory; a message was sent",
    )


# -- Authentication-Results


def stamped(loop: MailLoop, headers: str) -> None:
    """Deliver with these headers on top."""

    def deliver(message: bytes) -> None:
        loop.inbox.add(headers.encode("ascii") + message)

    loop.deliver = deliver


def test_what_the_receiving_server_says_of_it(loop: MailLoop) -> None:
    stamped(
        loop,
        "Authentication-Results: mx.example.com; spf=softfail smtp.mailfrom=example.net;\r\n"
        "\tdkim=none; dmarc=fail (p=none) header.from=example.net\r\n",
    )
    seen = loop.run()
    assert (seen.code, text(seen)) == (
        1,
        "SMTP_LOOP WARNING - 127.0.0.1:PORT spf: mx.example.com says spf=softfail; "
        "dmarc: mx.example.com says dmarc=fail; the message came after T s",
    )
    seen = loop.run("--require-pass", "dkim", "--state", "spf=ok,dmarc=ok")
    assert (seen.code, text(seen)) == (
        1,
        "SMTP_LOOP WARNING - 127.0.0.1:PORT dkim: mx.example.com says dkim=none; "
        "the message came after T s",
    )
    seen = loop.run("--authserv-id", "other.example", "--require-pass", "spf")
    assert (seen.code, text(seen)) == (
        1,
        "SMTP_LOOP WARNING - 127.0.0.1:PORT spf: the receiving server says nothing of it in "
        "Authentication-Results; the message came after T s",
    )


def test_without_the_library_nothing_is_known_of_them(
    loop: MailLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "authres", None)
    assert loop.run().code == 0
    stamped(loop, "Authentication-Results: mx.example.com; spf=fail\r\n")
    seen = loop.run()
    assert (seen.code, text(seen)) == (
        3,
        "SMTP_LOOP UNKNOWN - 127.0.0.1:PORT local: the Python module authres is missing "
        "(Debian: install python3-authres); the message came after T s",
    )


# -- from run to run


def test_the_first_run_tells_of_a_message_under_way_and_the_second_of_its_arrival(
    loop: MailLoop,
) -> None:
    kept: list[bytes] = []
    loop.deliver = kept.append
    first = loop.run("state")
    assert (first.code, text(first)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT a message was sent; "
        "in-flight: 1 message is under way, for T s",
    )
    assert first.perfdata == f"{PHASES} pending=1;;;0 oldest=Ts;;;0 lost=0;;;0 junk=0;;;0"
    assert len(remembered(loop)) == 1
    loop.inbox.add(kept.pop())
    second = loop.run("state")
    assert (second.code, text(second)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s, 1 under way",
    )
    assert second.perfdata == (
        f"{PHASES} latency=Ts;;;0 pending=1;;;0 oldest=Ts;;;0 lost=0;;;0 junk=0;;;0"
    )
    assert len(remembered(loop)) == 1
    assert loop.inbox.messages == []


def test_a_message_that_comes_back_within_the_run(loop: MailLoop) -> None:
    seen = loop.run("state")
    assert (seen.code, text(seen)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s",
    )
    assert remembered(loop) == []


def delayed(loop: MailLoop, seconds: float) -> list[bytes]:
    """Send a message that waits for so long, by making it older."""
    kept: list[bytes] = []
    loop.deliver = kept.append
    loop.run("state")
    age(loop, seconds)
    return kept


def test_an_old_message_is_late_while_it_is_under_way_and_when_it_comes(loop: MailLoop) -> None:
    (message,) = delayed(loop, 1800)
    seen = loop.run("state", "-w", "300", "-c", "7200")
    assert (seen.code, text(seen)) == (
        1,
        "SMTP_LOOP WARNING - 127.0.0.1:PORT late: a message is under way, for T s "
        "(wanted: at most 5 min); a message was sent; "
        "in-flight: 2 messages are under way, for T s",
    )
    loop.inbox.add(message)
    seen = loop.run("state", "-w", "300", "-c", "600")
    assert (seen.code, text(seen)) == (
        2,
        "SMTP_LOOP CRITICAL - 127.0.0.1:PORT late: it took T s (wanted: at most 10 min); "
        "the message came after T s, 2 under way",
    )


def test_a_lost_message_is_told_of_until_a_later_one_has_come(loop: MailLoop) -> None:
    delayed(loop, 3601)
    line = (
        "SMTP_LOOP CRITICAL - 127.0.0.1:PORT lost: the message did not come in T s "
        "(loop.TOKEN@example.net); "
    )
    for under_way in ("1 message is", "2 messages are"):
        seen = loop.run("state")
        assert (seen.code, text(seen)) == (
            2,
            f"{line}a message was sent; in-flight: {under_way} under way, for T s",
        )
    loop.deliver = loop.into_inbox
    seen = loop.run("state")
    assert (seen.code, text(seen)) == (2, f"{line}the message came after T s, 2 under way")
    seen = loop.run("state")
    assert (seen.code, text(seen)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s, 2 under way",
    )


def test_a_message_that_counted_as_lost_may_still_come(loop: MailLoop) -> None:
    (message,) = delayed(loop, 5000)
    assert loop.run("state").code == 2
    loop.inbox.add(message)
    seen = loop.run("state", "-c", "600")
    assert text(seen).startswith(
        "SMTP_LOOP CRITICAL - 127.0.0.1:PORT late: it took T s (wanted: at most 10 min)"
    )


def test_the_time_of_a_loss_can_be_set(loop: MailLoop) -> None:
    delayed(loop, 61)
    assert loop.run("state", "--lost-after", "120").code == 0
    assert loop.run("state", "--lost-after", "60").code == 2


def test_an_old_ok_does_not_stand_when_the_submission_fails(loop: MailLoop) -> None:
    """The message of an earlier run came, but this one could not be handed over."""
    kept: list[bytes] = []
    loop.deliver = kept.append
    loop.run("state")
    loop.inbox.add(kept.pop())
    loop.deliver = lambda _: "554 5.7.1 no more mail"
    seen = loop.run("state", "-v")
    assert (seen.code, text(seen)) == (
        2,
        'SMTP_LOOP CRITICAL - 127.0.0.1:PORT reject: DATA answered with "554 5.7.1 no more mail" '
        "(we came from 127.0.0.1 as client.example)",
    )
    assert "latency=Ts" in seen.perfdata
    assert len(seen.lines) == 3
    assert remembered(loop) == []


def test_earlier_messages_are_judged_when_there_is_no_connection(loop: MailLoop) -> None:
    delayed(loop, 4000)
    seen = loop.run("state", "--source-address", "192.0.2.77")
    assert (seen.code, text(seen)) == (
        2,
        "SMTP_LOOP CRITICAL - 127.0.0.1:PORT lost: the message did not come in T s "
        "(loop.TOKEN@example.net); local: cannot connect from the source address 192.0.2.77: "
        "cannot assign requested address",
    )


# -- the state file


def test_a_damaged_state_file_is_set_aside_and_told_of(loop: MailLoop) -> None:
    loop.state.write_text('{"version": 1, "loops": {"x": [{}]}}', encoding="ascii")
    seen = loop.run("state")
    assert (seen.code, text(seen)) == (
        3,
        "SMTP_LOOP UNKNOWN - 127.0.0.1:PORT local: the state file was damaged and is now "
        "FOLDER/state.damaged: nothing is known of the messages in it; "
        "the message came after T s",
    )
    assert (loop.folder / "state.damaged").read_text(encoding="ascii").startswith('{"version"')
    assert loop.run("state").code == 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing/state", "cannot be written: no such file or directory"),
        ("folder", "is not a file"),
        ("link", "cannot be written: too many levels of symbolic links"),
        ("open", "can be written by others than this user"),
    ],
)
def test_without_a_state_file_that_can_be_used_nothing_is_sent(
    loop: MailLoop, name: str, why: str
) -> None:
    (loop.folder / "folder").mkdir()
    (loop.folder / "link").symlink_to(loop.folder / "elsewhere")
    (loop.folder / "open").touch()
    (loop.folder / "open").chmod(0o666)
    seen = loop.run("--state-file", str(loop.folder / name))
    assert (seen.code, text(seen)) == (
        3,
        f"SMTP_LOOP UNKNOWN - 127.0.0.1:PORT local: nothing was sent: FOLDER/{name} {why}",
    )
    assert seen.perfdata == "time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 time_ehlo=Ts;;;0"
    assert loop.messages == []
    assert loop.imap.heard == []


@pytest.mark.parametrize("state", [False, True])
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ("--imap-password-file", "FOLDER/none"),
            "FOLDER/none cannot be read: no such file or directory",
        ),
        (
            ("--imap-password-file", ""),
            "no password is given (--imap-password-file, or the variable "
            "CHECK_SMTP_IMAP_PASSWORD)",
        ),
        (
            ("--imap-security", "tls", "--ca-file", "FOLDER/none"),
            "the CA file FOLDER/none cannot be read: no such file or directory",
        ),
    ],
)
def test_without_what_opens_the_mailbox_nothing_is_sent(
    loop: MailLoop,
    monkeypatch: pytest.MonkeyPatch,
    state: bool,
    arguments: tuple[str, ...],
    why: str,
) -> None:
    monkeypatch.delenv("CHECK_SMTP_IMAP_PASSWORD", raising=False)
    given = [each.replace("FOLDER", str(loop.folder)) for each in arguments]
    seen = loop.run(*(["state"] if state else []), *given)
    assert (seen.code, text(seen)) == (
        3,
        f"SMTP_LOOP UNKNOWN - 127.0.0.1:PORT local: nothing was sent: {why}",
    )
    assert loop.messages == []
    assert not loop.state.exists()
    assert loop.imap.heard == []


def test_a_slow_answer_to_the_message_leaves_time_for_the_lock(
    loop: MailLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run holds the state file for a moment, when the answer has come at last."""
    monkeypatch.setattr("check_smtp_delivery.loop._LOCK_SECONDS", 1.0)

    def deliver(message: bytes) -> None:
        time.sleep(1.1)
        lock = Ledger(str(loop.state), "", Deadline.after(1))._lock()
        lock.__enter__()
        threading.Timer(0.3, lock.__exit__, (None, None, None)).start()

    loop.deliver = deliver
    seen = loop.run("state", "-t", "10")
    assert (seen.code, text(seen)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT a message was sent; "
        "in-flight: 1 message is under way, for T s",
    )
    assert '"accepted": true' in loop.state.read_text(encoding="ascii")


# -- the mailbox cannot be read


@pytest.mark.parametrize(
    ("ways", "arguments", "why"),
    [
        (
            Ways(refused=("AUTHENTICATE",)),
            (),
            'the login of "loop@example.com" was refused: "[SERVERBUG] Internal error occurred"',
        ),
        (
            Ways(greeting="* BYE too many connections"),
            (),
            'the IMAP server: "* BYE too many connections"',
        ),
        (
            Ways(greeting="220 mail.example ESMTP"),
            (),
            'the IMAP server: "unexpected response: 220 mail.example ESMTP"',
        ),
        (
            Ways(),
            ("--imap-folder", "Loop"),
            'the folder "Loop" cannot be opened: "[NONEXISTENT] Mailbox doesn\'t exist"',
        ),
        (
            Ways(),
            ("--junk-folder", "Entwürfe & Müll"),
            'the folder "Entw+APw-rfe +- M+APw-ll" cannot be opened: '
            '"[NONEXISTENT] Mailbox doesn\'t exist"',
        ),
        (
            Ways(before_login="IMAP4rev1 LOGINDISABLED"),
            (),
            'the login of "loop@example.com" was refused: '
            '"neither LOGIN nor AUTHENTICATE PLAIN is offered"',
        ),
        (Ways(), ("--imap-port", "1"), "IMAP port 1: connection refused (127.0.0.1)"),
        (Ways(), ("--imap-security", "starttls"), "the IMAP server offers no STARTTLS"),
        (
            Ways(hangs="SELECT"),
            ("-t", "1"),
            "the IMAP server did not answer in the time that was left",
        ),
    ],
)
def test_a_mailbox_that_cannot_be_read_keeps_what_is_known(
    tmp_path: Path, ways: Ways, arguments: tuple[str, ...], why: str
) -> None:
    with mail_loop(tmp_path, ways) as loop:
        loop.deliver = loop.nowhere
        seen = loop.run("state", *arguments)
        assert (seen.code, text(seen)) == (
            3,
            f"SMTP_LOOP UNKNOWN - 127.0.0.1:PORT mailbox: {why}; a message was sent",
        )
        assert seen.perfdata == PHASES
        age(loop, 7200)
        # as long as nobody can look, nothing is lost
        seen = loop.run("state", *arguments)
        assert seen.code == 3
        assert len(remembered(loop)) == 2


def test_after_the_mailbox_could_be_read_again(tmp_path: Path) -> None:
    with mail_loop(tmp_path) as loop:
        loop.imap.ways = Ways(greeting="* BYE down")
        message = delayed(loop, 7200)[0]
        assert loop.run("state").code == 3
        loop.imap.ways = Ways()
        loop.inbox.add(message)
        seen = loop.run("state")
        assert (seen.code, text(seen)) == (
            0,
            "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s, 2 under way",
        )


def test_the_wrong_password_is_shown_nowhere(tmp_path: Path) -> None:
    with mail_loop(tmp_path, Ways(text="ECHO")) as loop:
        loop.password.write_text('a "wrong" \\ one', encoding="ascii")
        seen = loop.run("-vvv")
    assert text(seen) == (
        'SMTP_LOOP UNKNOWN - 127.0.0.1:PORT mailbox: the login of "loop@example.com" was refused: '
        '"[AUTHENTICATIONFAILED] *** *** ***"; a message was sent'
    )
    assert "wrong" not in "".join(seen.lines)
    assert "AGxvb3" not in "".join(seen.lines)


@pytest.mark.parametrize("before", ["IMAP4rev1 AUTH=PLAIN", "IMAP4rev1"])
def test_the_right_password_is_shown_nowhere(tmp_path: Path, before: str) -> None:
    with mail_loop(tmp_path, Ways(before_login=before)) as loop:
        seen = loop.run("-vvv")
    assert seen.code == 0
    output = "\n".join(seen.lines)
    assert "IMAP C: ***" in output
    for form in (PASSWORD, PASSWORD.replace("\\", "\\\\"), PASSWORD[:8]):
        assert form not in output


def test_no_time_is_left_for_the_mailbox(stage: Stage, tmp_path: Path) -> None:
    """What is known of earlier messages stands, and this one is in doubt."""
    seen = staged(
        stage,
        tmp_path,
        f"{TAKEN}MESSAGE\nSILENCE",
        *("-t", "0.5", "--state-file", str(tmp_path / "state"), "-c", "0.1"),
    )
    assert seen.code == 2
    assert re.fullmatch(
        r"SMTP_LOOP CRITICAL - 127\.0\.0\.1:PORT timeout: the reply to the message did not come "
        r"within [0-9.]+ s(, which was left of 0\.5 s)?; "
        r"mailbox: there was no time left to look into it",
        seen.text,
    )
    assert len(TOKEN.findall((tmp_path / "state").read_text(encoding="ascii"))) == 1


# -- the command line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--recipient", ""), "no recipient is given (--recipient)"),
        (("--imap-host", ""), "one mailbox is needed: --imap-host or --maildir"),
        (("--maildir", "/x"), "one mailbox is needed: --imap-host or --maildir"),
        (("--imap-user", ""), "no user is given for the mailbox (--imap-user)"),
        (("--password-file", "/x"), "no user is given for the mail server (-U)"),
        (
            ("--recipient", "x\ny@z"),
            'argument --recipient: "x y@z" is not an address such as loop@example.com',
        ),
        (
            ("--imap-security", "ssl"),
            'argument --imap-security: "ssl" is none of tls, starttls, tls-unverified, '
            "starttls-unverified, none",
        ),
        (("--lost-after", "0"), 'argument --lost-after: "0" is not a number of seconds above 0'),
        (("--cleanup", "x"), 'argument --cleanup: "x" is none of delete, keep'),
        (("--require-pass", "arc"), 'argument --require-pass: "arc" is none of spf, dkim, dmarc'),
        (
            ("--imap-password", "x"),
            "--imap-password: everybody on this machine can read it there; "
            "use --imap-password-file",
        ),
    ],
)
def test_options_that_are_no_loop(loop: MailLoop, arguments: tuple[str, ...], words: str) -> None:
    seen = loop.run(*arguments)
    assert (seen.code, seen.lines) == (
        3,
        [f"SMTP_LOOP UNKNOWN - usage: {words} (see check_smtp_loop --help)"],
    )
    assert loop.messages == []
