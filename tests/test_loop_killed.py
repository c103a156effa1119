"""check_smtp_loop: runs that are killed at every point, and what the next run makes of it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from check_smtp_delivery.ledger import Ledger
from tests.mail_loop import MailLoop, mail_loop
from tests.test_loop import TOKEN, age, remembered, text

_RUN = "from check_smtp_delivery import check_smtp_loop as check; check()"


class Killer:
    """Runs the check in a process of its own, and kills it when the time has come."""

    def __init__(self, loop: MailLoop) -> None:
        self._loop = loop
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """A run that has to be killed."""
        words = self._loop.arguments("state", "-t", "20")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _RUN, *words], stdout=subprocess.PIPE
        )
        output, _ = self._process.communicate(timeout=30)
        assert (self._process.returncode, output) == (-signal.SIGKILL, b"")

    def kill(self, *_: object) -> None:
        """Now. It does not outlive this call."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[MailLoop]:
    with mail_loop(tmp_path) as running:
        yield running


def at(word: str, action: Callable[[], None]) -> Callable[[str], None]:
    """Act when this command is heard."""

    def heard(command: str) -> None:
        if command.startswith(word):
            action()

    return heard


class Heard(list[str]):
    """Commands that an IMAP server heard; the action is before their answer."""

    def __init__(self, word: str, action: Callable[[], None]) -> None:
        super().__init__()
        self._act = at(word, action)

    def append(self, command: str) -> None:
        super().append(command)
        self._act(command)


def healed(loop: MailLoop) -> None:
    loop.hears = lambda _: None
    loop.deliver = loop.into_inbox
    loop.imap.heard = []


def test_killed_before_data(loop: MailLoop) -> None:
    """The message was never sent, but that nobody can know for certain."""
    killer = Killer(loop)
    loop.hears = at("RCPT", killer.kill)
    killer.run()
    assert loop.messages == []
    assert len(remembered(loop)) == 1
    healed(loop)
    seen = loop.run("state")
    assert (seen.code, text(seen)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s, 1 under way",
    )
    age(loop, 4000)
    seen = loop.run("state")
    assert (seen.code, text(seen)) == (
        1,
        "SMTP_LOOP WARNING - 127.0.0.1:PORT lost: the message did not come in T s "
        "(loop.TOKEN@example.net); the server may never have taken it; "
        "the message came after T s",
    )
    assert remembered(loop) == []
    assert loop.run("state").code == 0


def test_killed_between_the_message_and_its_answer(loop: MailLoop) -> None:
    """The server took the message: the next run finds both, and deletes both."""
    killer = Killer(loop)

    def deliver(message: bytes) -> None:
        loop.inbox.add(message)
        killer.kill()

    loop.deliver = deliver
    killer.run()
    healed(loop)
    seen = loop.run("state")
    assert (seen.code, text(seen)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT 2 messages came, the slowest after T s",
    )
    assert remembered(loop) == []
    assert loop.inbox.messages == []


def test_killed_after_the_answer_before_that_was_saved(loop: MailLoop) -> None:
    """Somebody holds the lock for so long."""
    killer = Killer(loop)
    loop.hears = at("QUIT", killer.kill)

    def deliver(message: bytes) -> None:
        loop.inbox.add(message)
        lock = Ledger(str(loop.state), "", None)._lock()  # type: ignore[arg-type]
        lock.__enter__()
        locks.append(lock)

    locks: list[object] = []
    loop.deliver = deliver
    killer.run()
    locks.pop().__exit__(None, None, None)  # type: ignore[attr-defined]
    assert '"accepted": false' in loop.state.read_text(encoding="ascii")
    healed(loop)
    assert text(loop.run("state")) == (
        "SMTP_LOOP OK - 127.0.0.1:PORT 2 messages came, the slowest after T s"
    )
    assert remembered(loop) == []


def test_killed_after_the_answer(loop: MailLoop) -> None:
    killer = Killer(loop)
    loop.hears = at("QUIT", killer.kill)
    loop.deliver = loop.nowhere
    killer.run()
    assert '"accepted": true' in loop.state.read_text(encoding="ascii")
    healed(loop)
    age(loop, 4000)
    seen = loop.run("state")
    assert (seen.code, text(seen)) == (
        2,
        "SMTP_LOOP CRITICAL - 127.0.0.1:PORT lost: the message did not come in T s "
        "(loop.TOKEN@example.net); the message came after T s",
    )


@pytest.mark.parametrize("command", ["CAPABILITY", "AUTHENTICATE", "SELECT", "FETCH", "UID FETCH"])
def test_killed_while_it_looks(loop: MailLoop, command: str) -> None:
    killer = Killer(loop)
    loop.imap.heard = Heard(command, killer.kill)
    killer.run()
    assert len(remembered(loop)) == 1
    healed(loop)
    seen = loop.run("state")
    assert (seen.code, text(seen)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT 2 messages came, the slowest after T s",
    )
    assert remembered(loop) == []
    assert loop.inbox.messages == []


@pytest.mark.parametrize("command", ["UID STORE", "UID EXPUNGE"])
@pytest.mark.parametrize("done", [False, True])
def test_killed_while_it_deletes(loop: MailLoop, command: str, done: bool) -> None:
    """Whether the server has deleted the message or not: it came, and is never lost."""
    killer = Killer(loop)

    def act() -> None:
        killer.kill()
        if done:
            loop.inbox.messages.clear()

    loop.imap.heard = Heard(command, act)
    killer.run()
    healed(loop)
    age(loop, 4000)
    seen = loop.run("state", "-c", "600")
    assert (seen.code, text(seen)) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT 2 messages came, the slowest after T s",
    )
    assert remembered(loop) == []
    assert loop.inbox.messages == []


def test_killed_when_all_is_done(loop: MailLoop) -> None:
    killer = Killer(loop)
    loop.imap.heard = Heard("LOGOUT", killer.kill)
    killer.run()
    assert remembered(loop) == []
    assert loop.inbox.messages == []


class Others:
    """Runs of the check in processes of their own, beside another."""

    def __init__(self, loop: MailLoop) -> None:
        self._loop = loop
        self._running: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """Start one, which sends a message of its own."""
        words = self._loop.arguments("state", "-t", "20")
        command = [sys.executable, "-c", _RUN, *words]
        self._running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))

    def lines(self) -> list[str]:
        """What they printed, when they have ended; each with its exit code."""
        ended = [(each.communicate(timeout=40)[0], each.returncode) for each in self._running]
        self._running.clear()
        return [f"{code} {output.partition(' | ')[0]}" for output, code in ended]


_FINE = re.compile(
    r"0 SMTP_LOOP OK - 127\.0\.0\.1:[0-9]+ ("
    r"(the message|[0-9]+ messages) came,?( the slowest)? after [0-9.]+ s(, [0-9]+ under way)?|"
    r"a message was sent(; in-flight: [0-9]+ messages? (is|are) under way, for [0-9.]+ s)?)"
)


@pytest.mark.parametrize("command", ["SELECT", "FETCH", "UID STORE", "UID EXPUNGE", "LOGOUT"])
def test_of_two_runs_at_once_both_are_right(loop: MailLoop, command: str) -> None:
    """The whole other run happens while one waits for an answer."""
    others = Others(loop)
    lines: list[str] = []

    def whole_run() -> None:
        loop.imap.heard = []
        others.start()
        lines.extend(others.lines())

    loop.imap.heard = Heard(command, whole_run)
    seen = loop.run("state", "-t", "20")
    lines.append(f"{seen.code} {seen.text.replace('PORT', '25').replace(' T ', ' 1.0 ')}")
    assert [each for each in lines if not _FINE.fullmatch(each)] == []
    assert len(lines) == 2
    assert loop.run("state").code == 0
    assert remembered(loop) == []
    assert loop.inbox.messages == []


def test_of_many_runs_at_once_all_are_right(loop: MailLoop) -> None:
    others = Others(loop)
    for _ in range(8):
        others.start()
    lines = others.lines()
    assert [each for each in lines if not _FINE.fullmatch(each)] == []
    assert loop.run("state").code == 0
    assert remembered(loop) == []
    assert loop.inbox.messages == []
    assert len({TOKEN.findall(each.decode("ascii"))[0] for each in loop.messages}) == 9


def test_the_password_is_not_in_the_list_of_processes(loop: MailLoop) -> None:
    killer = Killer(loop)
    shown: list[bytes] = []

    def look() -> None:
        assert killer._process is not None
        shown.append(Path(f"/proc/{killer._process.pid}/cmdline").read_bytes())
        killer.kill()

    loop.imap.heard = Heard("SELECT", look)
    killer.run()
    assert b"--imap-password-file" in shown[0]
    assert b"word" not in shown[0].replace(b"password", b"")
