"""A queue of 200,000 messages: all counted, in little memory; and half of them, in little time."""

import json
import re
import subprocess
import sys
from pathlib import Path
from time import monotonic, time
from typing import NamedTuple

import pytest

CHECK = Path(sys.executable).parent / "check_smtp_queue"
MESSAGES = 200_000
MEMORY = 60 * 1024
"""Kilobytes above what a run about an empty queue takes."""


class Run(NamedTuple):
    """Exit code, output, seconds and the most kilobytes that were resident."""

    code: int
    output: str
    seconds: float
    peak: int


# The peak of a process is at least that of the one that it was forked from: so from a small one.
_MEASURED = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(folder: Path, *arguments: str) -> Run:
    command = [str(CHECK), "--command", str(folder / "postqueue"), *arguments]
    begun = monotonic()
    done = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURED, *command],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return Run(done.returncode, done.stdout, monotonic() - begun, int(done.stderr))


def listing(messages: int) -> str:
    """What postqueue -j prints of so many: every one differs in all that may differ."""
    now = int(time())
    lines = []
    for number in range(messages):
        address = f"user{number}@d{number % 50_000}.example.org"
        reason = (
            f"host mx{number % 97}.example.org[192.0.2.{number % 256}] said: 450 4.2.0 <{address}>"
            f": Recipient address rejected: Greylisted, try again in {number % 300} seconds (in "
            "reply to RCPT TO command)"
        )
        message = {
            "queue_name": "deferred" if number % 10 else "active",
            "queue_id": f"{number:013X}",
            "arrival_time": now - number % 3000,
            "message_size": 1000,
            "forced_expire": False,
            "sender": f"sender{number}@example.net",
            "recipients": [{"address": address, "delay_reason": reason}],
        }
        lines.append(json.dumps(message))
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("queue")
    (folder / "listing").write_text(listing(MESSAGES), encoding="ascii")
    program = folder / "postqueue"
    program.write_text(f"#!/bin/sh\nexec cat {folder}/listing\n", encoding="utf-8")
    program.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("empty")
    (folder / "postqueue").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "postqueue").chmod(0o755)
    return run(folder)


def test_all_are_counted_in_little_memory(
    folder: Path, empty: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = run(folder, "-t", "100", "-v")
    with capsys.disabled():
        print(
            f"\n{MESSAGES} messages: {seen.seconds:.1f} s, peak {seen.peak // 1024} MiB ", end=""
        )
        print(f"(an empty queue: {empty.seconds:.1f} s, {empty.peak // 1024} MiB)")
    first, *more = seen.output.splitlines()
    text = re.sub(r"waits \d+ min", "waits T min", first.partition(" | ")[0])
    assert text == (
        "SMTP_QUEUE OK - Postfix: 200000 messages, the oldest waits T min (active 20000, deferred "
        "180000)"
    )
    assert [each for each in more if each.startswith("reason")] == [
        "reason of about 200000 recipients: host mxN.example.org[IP] said: 450 4.2.0 (ADDRESS): "
        "Recipient address rejected: Greylisted, try again in N seconds (i..."
    ]
    assert seen.code == 0
    assert seen.peak - empty.peak < MEMORY


def test_what_was_counted_until_time_was_over_is_told(folder: Path) -> None:
    seen = run(folder, "-t", "1")
    assert seen.seconds < 3
    assert re.match(
        r"SMTP_QUEUE CRITICAL - timeout: postqueue was still listing after 1 s; Postfix: at least "
        r"\d+ messages, the oldest waits at least \d+ min \(active \d+, deferred \d+\) \| ",
        seen.output,
    )
    assert seen.code == 2
