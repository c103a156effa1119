"""A program that is run for its output: what it prints, how it ends, and how it is ended."""

import os
import time
from pathlib import Path

import pytest

from check_smtp_core.backstop import Stopped
from check_smtp_core.deadline import Deadline
from check_smtp_core.findings import SessionEnded
from check_smtp_delivery import child
from check_smtp_delivery.child import Ended, listen


def heard(script: str, seconds: float = 10) -> tuple[list[tuple[str, bool]], Ended]:
    """The lines of a shell script, and how it ended."""
    lines: list[tuple[str, bool]] = []
    ended = listen(
        ["/bin/sh", "-c", script],
        lambda line, cut: lines.append((line, cut)),
        Deadline.after(seconds),
    )
    return lines, ended


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("true", []),
        ("printf 'a\\nb\\n'", ["a", "b"]),
        ("printf 'a\\n\\nb'", ["a", "", "b"]),
        ("printf 'a'; sleep 0.05; printf 'b\\nc\\n'", ["ab", "c"]),
        ("printf 'caf\\303\\251 \\377\\000\\n'", ["caf\u00e9 \ufffd\x00"]),
        ("cat", []),
        ("echo $LC_ALL $PATH $HOME", ["C /usr/sbin:/usr/bin:/sbin:/bin"]),
        ("pwd", ["/"]),
    ],
)
def test_lines_are_heard_one_by_one(
    script: str, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/tmp/hostile")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert heard(script) == ([(line, False) for line in lines], Ended(0, "", True))


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("echo no >&2; exit 69", Ended(69, "no\n", True)),
        ("kill -TERM $$", Ended(-15, "", True)),
    ],
)
def test_complaints_and_exit_codes(script: str, ended: Ended) -> None:
    assert heard(script) == ([], ended)


def test_a_long_line_is_cut_and_the_next_one_is_not() -> None:
    lines, ended = heard("head -c 200000 /dev/zero | tr '\\0' x; echo; echo y")
    assert lines == [("x" * child.LONGEST_LINE, True), ("y", False)]
    assert ended.complete


def test_complaints_without_end_are_read_and_forgotten() -> None:
    _, ended = heard("head -c 300000 /dev/zero | tr '\\0' x >&2")
    assert ended == Ended(0, "x" * 4096, True)


def test_it_is_ended_with_what_it_started_when_time_is_over(tmp_path: Path) -> None:
    start = time.monotonic()
    lines, ended = heard(f"echo a; sleep 60 & echo $! >{tmp_path}/pid; wait", seconds=0.5)
    assert time.monotonic() - start < 5
    assert (lines, ended) == ([("a", False)], Ended(0, "", False))
    assert has_ended(int((tmp_path / "pid").read_text()))


def test_one_that_closes_its_output_and_stays_is_ended_as_well() -> None:
    _, ended = heard("exec >&- 2>&-; exec sleep 60", seconds=0.5)
    assert not ended.complete


def test_output_without_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LONGEST_OUTPUT", 1_000_000)
    lines, ended = heard("yes")
    assert not ended.complete
    assert 500_000 <= len(lines) <= 600_000


def test_it_is_ended_when_we_are_stopped_ourselves(tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise Stopped("SIGTERM")

    script = f"echo $$ >{tmp_path}/pid; echo a; exec sleep 60"
    with pytest.raises(Stopped):
        listen(["/bin/sh", "-c", script], stop, Deadline.after(10))
    assert has_ended(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("/nowhere/postqueue", "no such file or directory"),
        ("/etc/passwd", "permission denied"),
        ("/", "permission denied"),
    ],
)
def test_what_cannot_be_started_is_our_own_fault(program: str, why: str) -> None:
    with pytest.raises(SessionEnded) as caught:
        listen([program], lambda *_: None, Deadline.after(5))
    assert str(caught.value.finding) == f"local: {program} cannot be run: {why}"


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or only waits for somebody to notice its end."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="ascii"):
            return True
    return False
