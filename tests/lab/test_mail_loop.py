"""check_smtp_loop against a whole way of mail: Postfix, LMTP, Dovecot, and out again by IMAP."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import Outcome, outcome
from tests.lab.conftest import Lab
from tests.lab.server import RunningServer
from tests.lab.servers.mail_loop import SERVERS

BIN = Path(sys.executable).parent
PASSWORD = "only-for-the-lab"

_PHASES = (
    "time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 time_ehlo=Ts;;;0 time_mail=Ts;;;0 "
    "time_rcpt=Ts;;;0 time_data=Ts;;;0 time_mailbox=Ts;;;0"
)


class Loop(NamedTuple):
    """A running server, and a folder for what a run of the check needs."""

    server: RunningServer
    folder: Path

    def command(self, user: str, *more: str) -> list[str]:
        """The command line of a run that sends to this user and looks into its mailbox."""
        ports = self.server.ports
        command = [str(BIN / "check_smtp_loop"), "-H", "127.0.0.1", "-p", str(ports["smtp"])]
        command += ["--ehlo-name", "client.example", "-t", "30"]
        command += ["--recipient", f"{user}@example.com", "--mail-from", "monitor@example.net"]
        if "--maildir" not in more:
            security = "starttls" if "--imap-security" in more else "tls"
            port = ports["imap" if security == "starttls" else "imaps"]
            command += ["--imap-host", "127.0.0.1", "--imap-port", str(port)]
            command += ["--imap-servername", "mail.example.com"]
            command += ["--ca-file", str(self.server.file("/tls/root.pem"))]
            command += ["--imap-user", f"{user}@example.com"]
            command += ["--imap-password-file", str(self.password(PASSWORD))]
        for option in ("-t", "--imap-port"):
            if option in more:
                del command[command.index(option) : command.index(option) + 2]
        return [*command, *more]

    def password(self, text: str) -> Path:
        """A file with this password."""
        file = self.folder / "password"
        if not file.exists():
            file.touch(0o600)
            file.write_text(text, encoding="ascii")
        return file

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def run(self, user: str, *more: str) -> Outcome:
        """Run it; `state` among the options stands for a state file."""
        words = [w for each in more for w in self._state(each)]
        return self.seen(
            subprocess.run(
                self.command(user, *words), capture_output=True, text=True, timeout=60, check=False
            )
        )

    def _state(self, word: str) -> list[str]:
        return ["--state-file", str(self.state)] if word == "state" else [word]

    def seen(self, done: "subprocess.CompletedProcess[str]") -> Outcome:
        """What a run printed, with all that differs from run to run made equal."""
        assert done.stderr == ""
        output = re.sub(r"\b[0-9a-f]{32}\b", "TOKEN", done.stdout.removesuffix("\n"))
        output = output.replace(str(self.folder), "FOLDER")
        return outcome(done.returncode, output, self.server.ports["smtp"])

    def until_it_came(self, user: str) -> None:
        """Wait for a message in the mailbox, which Postfix delivers in its own time."""
        path = self.server.file(f"/var/mail/loop/{user}@example.com/new")
        self.server._jail.daemon.wait_for(
            "a message", lambda: (path.is_dir() and any(path.iterdir())) or None
        )

    def age(self, seconds: float) -> None:
        """Make what is remembered older."""
        content = json.loads(self.state.read_text(encoding="ascii"))
        for messages in content["loops"].values():
            for each in messages:
                each["sent"]["wall"] -= seconds
                each["sent"]["monotonic"] -= seconds
        self.state.write_text(json.dumps(content), encoding="ascii")


@pytest.fixture(params=SERVERS, ids=lambda server: server.name)
def loop(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> Loop:
    return Loop(lab.running(request.param), tmp_path)


@pytest.mark.parametrize("security", [(), ("--imap-security", "starttls")])
def test_found(loop: Loop, security: tuple[str, ...]) -> None:
    seen = loop.run("found", *security)
    assert seen == (
        0,
        [
            "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s | "
            f"{_PHASES} latency=Ts;;;0 pending=0;;;0 oldest=Ts;;;0 lost=0;;;0 junk=0;;;0"
        ],
    )
    folder = loop.server.file("/var/mail/loop/found@example.com")
    assert [*(folder / "new").iterdir(), *(folder / "cur").iterdir()] == []


def test_junk(loop: Loop) -> None:
    seen = loop.run("junk")
    assert (seen.code, seen.text) == (
        1,
        'SMTP_LOOP WARNING - 127.0.0.1:PORT junk: the message came into the junk folder "Junk"; '
        "the message came after T s",
    )


def test_stamped(loop: Loop) -> None:
    seen = loop.run("stamped", "--require-pass", "dkim")
    assert (seen.code, seen.text) == (
        1,
        "SMTP_LOOP WARNING - 127.0.0.1:PORT spf: mail.example.com says spf=softfail; dkim: "
        "mail.example.com says nothing of it in Authentication-Results; "
        "the message came after T s",
    )


def test_lost(loop: Loop) -> None:
    seen = loop.run("lost", "-t", "3")
    assert (seen.code, seen.text) == (
        2,
        "SMTP_LOOP CRITICAL - 127.0.0.1:PORT lost: the message did not come in T s "
        "(loop.TOKEN@example.net); a message was sent",
    )


def test_lost_from_run_to_run(loop: Loop) -> None:
    assert loop.run("lost", "state").code == 0
    loop.age(4000)
    seen = loop.run("lost", "state")
    assert (seen.code, seen.text) == (
        2,
        "SMTP_LOOP CRITICAL - 127.0.0.1:PORT lost: the message did not come in T s "
        "(loop.TOKEN@example.net); a message was sent; "
        "in-flight: 1 message is under way, for T s",
    )


def test_delayed_by_an_hour_after_the_mailbox_could_not_be_read(loop: Loop) -> None:
    loop.password("wrong")
    seen = loop.run("delayed", "state", "-w", "300", "-c", "600")
    assert (seen.code, seen.text) == (
        3,
        "SMTP_LOOP UNKNOWN - 127.0.0.1:PORT mailbox: the login of "
        '"delayed@example.com" was refused: "[AUTHENTICATIONFAILED] Authentication failed."; '
        "a message was sent",
    )
    loop.until_it_came("delayed")
    loop.age(3600)
    (loop.folder / "password").unlink()
    seen = loop.run("delayed", "state", "-w", "300", "-c", "600")
    assert seen.code == 2
    assert seen.text.startswith(
        "SMTP_LOOP CRITICAL - 127.0.0.1:PORT late: it took T s (wanted: at most 10 min); "
    )


def test_the_imap_server_is_down(loop: Loop) -> None:
    seen = loop.run("down", "--imap-port", "1")
    assert (seen.code, seen.text) == (
        3,
        "SMTP_LOOP UNKNOWN - 127.0.0.1:PORT mailbox: IMAP port 1: connection refused (127.0.0.1); "
        "a message was sent",
    )


def test_a_damaged_state_file(loop: Loop) -> None:
    loop.state.write_text("{", encoding="ascii")
    seen = loop.run("damaged", "state")
    assert seen.code == 3
    assert seen.text.startswith(
        "SMTP_LOOP UNKNOWN - 127.0.0.1:PORT local: the state file was damaged and is now "
        "FOLDER/state.damaged: nothing is known of the messages in it; "
    )


def test_a_state_file_that_cannot_be_written(loop: Loop) -> None:
    start = len(loop.server.log)
    seen = loop.run("unwritten", "--state-file", "/proc/self/state")
    assert (seen.code, seen.text) == (
        3,
        "SMTP_LOOP UNKNOWN - 127.0.0.1:PORT local: nothing was sent: /proc/self/state cannot be "
        "written: no such file or directory",
    )
    log = loop.server.heard(start, r"smtpd\[\d+\]: disconnect from", 1)
    assert "ehlo=1 quit=1 commands=2" in log


def test_six_runs_at_once(loop: Loop) -> None:
    start = len(loop.server.log)
    running = [
        subprocess.Popen(
            loop.command("twice", "--state-file", str(loop.state)),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    codes = [each.communicate(timeout=60) and each.returncode for each in running]
    assert codes == 6 * [0]
    # What is still in the queue when it is made so old is lost.
    loop.server.heard(start, r"to=<twice@example\.com>.*status=sent", 6)
    loop.age(4000)
    assert loop.run("twice", "state").code == 0


def test_a_maildir_on_the_host(loop: Loop) -> None:
    folder = loop.server.file("/var/mail/loop/maildir@example.com")
    assert loop.run("maildir").code == 0  # which makes the folder
    seen = loop.run("maildir", "--maildir", str(folder))
    assert (seen.code, seen.text) == (
        0,
        "SMTP_LOOP OK - 127.0.0.1:PORT the message came after T s",
    )


def test_no_server_complains(loop: Loop) -> None:
    """A login that was refused is in the log, and nothing else that is amiss."""
    lines = [
        line
        for line in loop.server.log.splitlines()
        if re.search(r"lost connection|improper|error|fatal|panic|BAD|unknown command", line)
    ]
    assert [line for line in lines if "auth" not in line] == []
