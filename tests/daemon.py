"""A daemon's process: in the foreground, with a bare environment and a process group of its own.

Rule: only what was started here is ended here, and with it everything that it started.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE = 30.0
_STEP = 0.02

Answer = TypeVar("Answer")


class Daemon:
    """One running daemon, whose own words go to a log file."""

    def __init__(self, command: list[str], log: Path, **environment: str) -> None:
        self.log = log
        log.write_bytes(b"")
        # Appended, because others may write to the same file.
        with log.open("ab") as words:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                env={"PATH": PATH, **environment},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process, whose group and session have the same number."""
        return self._process.pid

    def stop(self) -> None:
        """End the daemon and its children at once: there is nothing that it has to save."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def wait_for(self, what: str, answer: Callable[[], Answer | None]) -> Answer:
        """The first answer that is not None; AssertionError when the daemon ends before, or waits.

        `what` says what was waited for.
        """
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            found = answer()
            if found is not None:
                return found
            if self._process.poll() is not None:
                raise AssertionError(f"the daemon ended: {self.log.read_text(errors='replace')}")
            time.sleep(_STEP)
        raise AssertionError(f"{what}: nothing after {_PATIENCE:g} s")


def own_account() -> tuple[str, str]:
    """The names of the user and the group that run the tests."""
    import grp
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
