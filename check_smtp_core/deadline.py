"""One deadline for the whole run, and the times of its phases.

Rule: the monotonic clock is read here and nowhere else.
"""

from __future__ import annotations

from time import monotonic, sleep

from check_smtp_core.lean_typing import NamedTuple

PHASES = (
    "dns",
    "connect",
    "greeting",
    "ehlo",
    "starttls",
    "tls",
    "ehlo_tls",
    "xclient",
    "auth",
    "mail",
    "rcpt",
    "data",
    "mailbox",
)
"""The phases of a run that are timed, each as perfdata `time_<phase>`."""


class OutOfTime(Exception):
    """The deadline has passed."""


class Deadline(NamedTuple):
    """A moment on the monotonic clock that nothing outlasts."""

    moment: float

    @classmethod
    def after(cls, seconds: float, start: float | None = None) -> Deadline:
        """The deadline `seconds` after `start` (a monotonic time; now, if none is given)."""
        return cls((monotonic() if start is None else start) + seconds)

    def left(self) -> float:
        """Seconds left; OutOfTime when there are none."""
        left = self.moment - monotonic()
        if left <= 0:
            raise OutOfTime
        return left

    def within(self, seconds: float) -> Deadline:
        """This deadline, or the one `seconds` from now if that is sooner."""
        return Deadline(min(self.moment, monotonic() + seconds))

    def pause(self, seconds: float) -> None:
        """Do nothing for so long. OutOfTime when the deadline has passed, then or before."""
        sleep(min(seconds, self.left()))
        self.left()


class Stopwatch:
    """Times the phases of one run and the run as a whole, in seconds.

    `phase` is the one that is running or that ran last; `phases` maps those that were
    completed to their time, in the order in which they happened.
    """

    def __init__(self) -> None:
        self.start = monotonic()
        self.phase = ""
        self.phase_start = self.start
        self.phases: dict[str, float] = {}
        self._total: float | None = None

    def paused(self) -> Pause:
        """A context manager whose body is in no time: work of ours that the server waits for."""
        return Pause(self)

    def time(self, phase: str) -> Lap:
        """A context manager that times one phase; a phase that fails is not completed."""
        return Lap(self, phase)

    def last_completed(self) -> str:
        """The phase that was completed last; empty before the first."""
        return next(reversed(self.phases), "")

    def in_phase(self) -> float:
        """Seconds since the phase that is running, or that ran last, began."""
        return monotonic() - self.phase_start

    def since_start(self) -> float:
        """Seconds since the start."""
        return monotonic() - self.start

    def stop(self) -> None:
        """End the run: what comes later is in no time. Only the first call counts."""
        if self._total is None:
            self._total = self.since_start()

    def total(self) -> float:
        """Seconds from the start to stop(), or to now."""
        return self.since_start() if self._total is None else self._total


class Pause:
    """A context manager whose body is in no time of a stopwatch."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._stopwatch = stopwatch

    def __enter__(self) -> None:
        self._start = monotonic()

    def __exit__(self, *_: object) -> None:
        paused = monotonic() - self._start
        self._stopwatch.start += paused
        self._stopwatch.phase_start += paused


class Lap:
    """A context manager that times one phase of a stopwatch."""

    def __init__(self, stopwatch: Stopwatch, phase: str) -> None:
        self._stopwatch = stopwatch
        self._phase = phase

    def __enter__(self) -> None:
        self._stopwatch.phase = self._phase
        self._stopwatch.phase_start = monotonic()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            phases = self._stopwatch.phases
            seconds = monotonic() - self._stopwatch.phase_start
            phases[self._phase] = phases.get(self._phase, 0.0) + seconds
