"""What ends a run that its own deadline does not end.

Rule: a run that is stopped still prints its line. A timer signal interrupts Python code, a
runaway regular expression included; where C code keeps the main thread from answering it, a
watchdog thread prints the line that it was given and ends the process. The signal's first call is
only a warning: on a busy machine a run may wake from its own wait no sooner than that, and it
knows best what it was waiting for.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

from check_smtp_core.deadline import Deadline, OutOfTime

_AFTER_DEADLINE = 0.05
_AFTER_WARNING = 0.05
_AFTER_SIGNAL = 0.15


class Stopped(BaseException):
    """The run was stopped from outside its own logic; `why` says by what.

    It is no Exception, so that nothing on the way takes it for an ordinary error.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Backstop:
    """A context manager: its body does not outlast the deadline by more than 0.2 s.

    The body is left by Stopped when the deadline passes or SIGTERM arrives, which is how Icinga
    ends a plugin that outlasts the engine's own limit. Needs the main thread, as signals do;
    `last_words` gives exit code and line if even that does not help.
    """

    def __init__(self, deadline: Deadline, last_words: Callable[[], tuple[int, str]]) -> None:
        self._deadline = deadline
        self._last_words = last_words
        self._warned = False
        self._done = threading.Event()

    def __enter__(self) -> "Backstop":
        self._handlers = [
            (number, signal.signal(number, self._stop))
            for number in (signal.SIGALRM, signal.SIGTERM)
        ]
        try:
            seconds = self._deadline.left() + _AFTER_DEADLINE
        except OutOfTime:
            seconds = _AFTER_DEADLINE
        signal.setitimer(signal.ITIMER_REAL, seconds)
        threading.Thread(target=self._watch, args=(seconds + _AFTER_SIGNAL,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._done.set()
        for number, handler in self._handlers:
            signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGALRM and not self._warned:
            self._warned = True
            signal.setitimer(signal.ITIMER_REAL, _AFTER_WARNING)
            return
        raise Stopped("deadline" if number == signal.SIGALRM else "SIGTERM")

    def _watch(self, seconds: float) -> None:
        if not self._done.wait(seconds):
            code, line = self._last_words()
            os.write(1, line.encode("ascii", "backslashreplace") + b"\n")
            os._exit(code)
