"""One deadline, and the times of the phases."""

from math import inf
from time import monotonic

import pytest

from check_smtp_core.deadline import PHASES, Deadline, OutOfTime, Stopwatch


def test_the_phases_are_the_ones_that_were_promised() -> None:
    """They are labels of perfdata, which graphs are built on."""
    assert PHASES == (
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


@pytest.mark.parametrize("phase", PHASES)
def test_a_phases_label_is_short_enough_for_perfdata(phase: str) -> None:
    """19 characters, the limit of RRD data source names."""
    assert len(f"time_{phase}") <= 19


def test_a_deadline_counts_from_its_start() -> None:
    assert Deadline.after(8.0, 100.0) == Deadline(108.0)


def test_a_deadline_without_a_start_counts_from_now() -> None:
    before = monotonic()
    moment = Deadline.after(8.0).moment
    assert before + 8.0 <= moment <= monotonic() + 8.0


def test_what_is_left_shrinks() -> None:
    deadline = Deadline.after(8.0)
    first, second = deadline.left(), deadline.left()
    assert 8.0 > first >= second > 7.0


@pytest.mark.parametrize("late", [0.0, 5.0])
def test_nothing_is_left_after_the_deadline(late: float) -> None:
    with pytest.raises(OutOfTime):
        Deadline.after(-late).left()


def test_a_share_of_the_time_never_outlasts_the_deadline() -> None:
    deadline = Deadline.after(8.0)
    assert deadline.within(60.0) == deadline
    assert 0.0 < deadline.within(1.0).left() <= 1.0
    assert 0.0 < Deadline(inf).within(1.0).left() <= 1.0


def test_a_share_of_no_time_is_no_time() -> None:
    with pytest.raises(OutOfTime):
        Deadline.after(-1.0).within(5.0).left()


def test_a_pause_ends_with_the_deadline() -> None:
    deadline = Deadline.after(0.05)
    deadline.pause(0.001)
    with pytest.raises(OutOfTime):
        deadline.pause(60)
    with pytest.raises(OutOfTime):
        deadline.pause(0)
    assert monotonic() - deadline.moment < 5


def test_phases_are_kept_in_the_order_in_which_they_happened() -> None:
    stopwatch = Stopwatch()
    for phase in ("connect", "greeting", "ehlo"):
        with stopwatch.time(phase):
            assert stopwatch.phase == phase
    assert list(stopwatch.phases) == ["connect", "greeting", "ehlo"]
    assert stopwatch.phase == "ehlo"
    assert 0.0 <= sum(stopwatch.phases.values()) <= stopwatch.total()


def test_a_phase_that_fails_is_named_but_not_completed() -> None:
    stopwatch = Stopwatch()
    assert stopwatch.last_completed() == ""
    with stopwatch.time("connect"):
        pass
    with pytest.raises(OutOfTime), stopwatch.time("greeting"):
        raise OutOfTime
    assert list(stopwatch.phases) == ["connect"]
    assert (stopwatch.phase, stopwatch.last_completed()) == ("greeting", "connect")


def test_a_phase_in_two_parts_is_the_sum_of_them() -> None:
    stopwatch = Stopwatch()
    with stopwatch.time("ehlo"):
        pass
    first = stopwatch.phases["ehlo"]
    with stopwatch.time("ehlo"):
        stopwatch.since_start()
    assert stopwatch.phases["ehlo"] > first


def test_before_anything_has_happened_there_is_no_phase() -> None:
    stopwatch = Stopwatch()
    assert (stopwatch.phase, stopwatch.phases) == ("", {})


def test_a_phase_knows_how_long_it_has_lasted_and_so_does_the_one_that_ran_last() -> None:
    stopwatch = Stopwatch()
    with stopwatch.time("connect"):
        pass
    with pytest.raises(OutOfTime), stopwatch.time("greeting"):
        before, first, after = stopwatch.since_start(), stopwatch.in_phase(), monotonic()
        raise OutOfTime
    assert 0.0 <= first < after - stopwatch.start
    assert first <= before + after - stopwatch.start
    assert first <= stopwatch.in_phase() < stopwatch.since_start()


def test_before_the_first_phase_the_time_counts_from_the_start() -> None:
    stopwatch = Stopwatch()
    assert 0.0 <= stopwatch.in_phase() <= stopwatch.since_start()


def test_the_time_runs_until_it_is_stopped_for_the_first_time() -> None:
    stopwatch = Stopwatch()
    running = stopwatch.total()
    stopwatch.stop()
    stopped = stopwatch.total()
    stopwatch.stop()
    assert running <= stopped == stopwatch.total() < stopwatch.since_start()
