"""What ends a run that its own deadline does not end. The watchdog itself is in test_entry.py."""

import os
import re
import signal
from time import monotonic

import pytest

from check_smtp_core.backstop import Backstop, Stopped
from check_smtp_core.deadline import Deadline


def last_words() -> tuple[int, str]:
    raise AssertionError("the watchdog spoke though the signal had worked")


def test_a_runaway_pattern_is_interrupted_soon_after_the_deadline() -> None:
    started = monotonic()
    with pytest.raises(Stopped, match=r"^deadline$"), Backstop(Deadline.after(0.1), last_words):
        re.search("(a+)+$", "a" * 60 + "!")
    assert monotonic() - started < 0.1 + 0.5


def test_a_body_that_woke_late_gets_a_moment_to_tell_what_it_waited_for() -> None:
    reached = []
    with pytest.raises(Stopped, match=r"^deadline$"), Backstop(Deadline.after(5), last_words):
        os.kill(os.getpid(), signal.SIGALRM)
        reached.append("the end of its wait")
        os.kill(os.getpid(), signal.SIGALRM)
        reached.append("too much")
    assert reached == ["the end of its wait"]


def test_sigterm_leaves_the_body_as_well() -> None:
    with pytest.raises(Stopped, match=r"^SIGTERM$"), Backstop(Deadline.after(5), last_words):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_body_that_ends_in_time_leaves_nothing_behind() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGTERM)]
    with Backstop(Deadline.after(5), last_words):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert [signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGTERM)] == before


def test_a_deadline_that_has_passed_stops_the_body_at_once() -> None:
    with pytest.raises(Stopped), Backstop(Deadline.after(-1), last_words):
        re.search("(a+)+$", "a" * 60 + "!")
