"""A phase of a session: how long it took, and what it means where it broke.

Rule: whatever breaks in it leaves as SessionEnded, with the finding of the session's choice.
"""

from __future__ import annotations

from collections.abc import Callable

from check_smtp_core.deadline import Lap
from check_smtp_core.findings import Finding, SessionEnded


class Phase:
    """A context manager around one phase.

    `end` gives what an error in it means; None for no error, and for one that leaves as it is.
    """

    def __init__(
        self, name: str, lap: Lap, end: Callable[[str, BaseException | None], Finding | None]
    ) -> None:
        self._name = name
        self._lap = lap
        self._end = end

    def __enter__(self) -> None:
        self._lap.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        self._lap.__exit__(kind)
        finding = self._end(self._name, error)
        if finding is not None:
            raise SessionEnded(finding) from None
