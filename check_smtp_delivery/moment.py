"""When something was, for those who look at it later, maybe after a restart of the machine.

Rule: while the machine runs only its monotonic clock counts, which never jumps; the wall clock
counts across a restart, and for comparison with what other machines say. No time is negative.
"""

from __future__ import annotations

from datetime import datetime, timezone

from check_smtp_core.deadline import Deadline
from check_smtp_core.lean_typing import NamedTuple

_BOOT = "/proc/sys/kernel/random/boot_id"


class Moment(NamedTuple):
    """A moment: seconds since 1970, the machine's run that it was in, and that run's own clock.

    `boot` is empty where the machine does not tell; then the wall clock has to do.
    """

    wall: float
    boot: str
    monotonic: float

    @classmethod
    def now(cls) -> Moment:
        """This moment."""
        return cls(datetime.now(timezone.utc).timestamp(), _boot(), Deadline.after(0).moment)

    def seconds_since(self, earlier: Moment) -> float:
        """Seconds from an earlier moment to this one, at least 0."""
        if self.boot and self.boot == earlier.boot:
            return max(0.0, self.monotonic - earlier.monotonic)
        return max(0.0, self.wall - earlier.wall)


def _boot() -> str:
    try:
        with open(_BOOT, encoding="ascii") as file:
            return file.read(64).strip()
    except (OSError, UnicodeDecodeError):
        return ""
