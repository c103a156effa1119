"""A phase is timed, and what breaks in it gets its finding."""

import pytest

from check_smtp_core.deadline import Stopwatch
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.phase import Phase

CLOSED = Finding("closed", "gone")


class Ends:
    """Notes what it is asked, and takes ConnectionError for the server's business alone."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, name: str, error: BaseException | None) -> Finding | None:
        self.asked.append((name, type(error).__name__))
        return CLOSED if isinstance(error, ConnectionError) else None


def test_a_phase_that_is_completed_has_its_time() -> None:
    stopwatch, ends = Stopwatch(), Ends()
    with Phase("ehlo", stopwatch.time("ehlo"), ends):
        pass
    assert list(stopwatch.phases) == ["ehlo"]
    assert ends.asked == [("ehlo", "NoneType")]


def test_what_breaks_leaves_as_the_end_of_the_session() -> None:
    stopwatch, ends = Stopwatch(), Ends()
    with pytest.raises(SessionEnded) as ended, Phase("ehlo", stopwatch.time("ehlo"), ends):
        raise ConnectionError
    assert ended.value.finding == CLOSED._replace(ends_session=True)
    assert list(stopwatch.phases) == []


def test_what_is_no_business_of_the_session_leaves_as_it_is() -> None:
    stopwatch, ends = Stopwatch(), Ends()
    with pytest.raises(KeyError), Phase("ehlo", stopwatch.time("ehlo"), ends):
        raise KeyError
    assert ends.asked == [("ehlo", "KeyError")]
