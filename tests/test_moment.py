"""Moments: how long ago something was, when clocks jump and machines restart."""

import pytest

from check_smtp_delivery import moment
from check_smtp_delivery.moment import Moment


@pytest.mark.parametrize(
    ("earlier", "later", "seconds"),
    [
        (Moment(1000, "a", 50), Moment(1010, "a", 60), 10),
        # the wall clock was set back by an hour, or forward by a year
        (Moment(5000, "a", 50), Moment(1410, "a", 60), 10),
        (Moment(0, "a", 50), Moment(31536000, "a", 60), 10),
        # after a restart it is all there is
        (Moment(1000, "a", 5000), Moment(1300, "b", 20), 300),
        (Moment(1000, "a", 5000), Moment(900, "b", 20), 0),
        # where the machine does not tell of restarts
        (Moment(1000, "", 50), Moment(1300, "", 60), 300),
        (Moment(1000, "a", 60), Moment(1000, "a", 50), 0),
    ],
)
def test_seconds_since(earlier: Moment, later: Moment, seconds: float) -> None:
    assert later.seconds_since(earlier) == seconds


def test_this_moment() -> None:
    earlier, later = Moment.now(), Moment.now()
    assert 0 <= later.seconds_since(earlier) < 60
    assert earlier.boot == later.boot


def test_a_machine_that_does_not_tell_of_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moment, "_BOOT", "/nonexistent/boot_id")
    assert Moment.now().boot == ""
