"""Another program, run for its output: the only place where one is started.

Rule: no shell, an environment of our own, nothing on its standard input, bounded lines and output,
and never longer than the deadline. What is ended is its own process group and nothing else.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections.abc import Callable

from check_smtp_core import verdicts
from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.findings import SessionEnded
from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.text import decoded, printable

LONGEST_LINE = 65536
"""Octets of a line that are read; what is behind them is left out."""

LONGEST_OUTPUT = 2**30
"""Octets of the whole output; then the program is ended, as if time were over."""

_CHUNK = 65536
_PATIENCE = 0.1
_COMPLAINTS = 4096
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}

Hear = Callable[[str, bool], None]


class Ended(NamedTuple):
    """How a program ended: its exit code (minus the signal), and what it complained of.

    `complete` is false if we ended it, because time or patience was over.
    """

    code: int
    complaints: str
    complete: bool


def listen(command: list[str], hear: Hear, deadline: Deadline) -> Ended:
    """Run a program and hear each line of its output, and whether that line was cut.

    SessionEnded with `local` if it cannot be started.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, and the command is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        text = f"{printable(command[0])} cannot be run"
        raise SessionEnded(verdicts.local(text, error)) from None
    lines = _Lines(hear)
    complaints = bytearray()
    try:
        complete = _read(process, lines, complaints, deadline)
        code = process.wait(deadline.left()) if complete else 0
    except (OutOfTime, subprocess.TimeoutExpired):
        complete, code = False, 0
    finally:
        _end(process)
    if complete:
        lines.end()
    return Ended(code, decoded(bytes(complaints)), complete)


def _read(
    process: subprocess.Popen[bytes],
    lines: _Lines,
    complaints: bytearray,
    deadline: Deadline,
) -> bool:
    """Read both outputs to their ends; false if there is more of it than anybody needs."""
    assert process.stdout is not None
    assert process.stderr is not None
    total = 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(deadline.left()):
                octets = os.read(key.fd, _CHUNK)
                if not octets:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    complaints += octets[: _COMPLAINTS - len(complaints)]
                else:
                    lines.take(octets)
                    total += len(octets)
            if total > LONGEST_OUTPUT:
                return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program with what it started. One that changed its user feels the closed pipe."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_PATIENCE)
        except (ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
            pass
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


class _Lines:
    """Makes lines of octets as they come."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._begun = b""
        self._cut = False

    def take(self, octets: bytes) -> None:
        first, *rest = octets.split(b"\n")
        self._append(first)
        for each in rest:
            self._finish()
            self._append(each)

    def end(self) -> None:
        if self._begun:
            self._finish()

    def _append(self, octets: bytes) -> None:
        room = LONGEST_LINE - len(self._begun)
        self._cut = self._cut or len(octets) > room
        self._begun += octets[:room]

    def _finish(self) -> None:
        self._hear(self._begun.decode("utf-8", "replace"), self._cut)
        self._begun, self._cut = b"", False
