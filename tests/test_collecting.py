"""What a look into the mailbox means: how long messages took, and which are finished."""

import pytest

from check_smtp_delivery.collecting import _arrived, _finished, _since
from check_smtp_delivery.ledger import Tracked
from check_smtp_delivery.mailbox import Found
from check_smtp_delivery.moment import Moment

SENT = Moment(1000.0, "a", 100.0)


def found(arrived: float) -> Found:
    return Found("1" * 32, "INBOX", "7 INBOX", False, arrived, SENT, b"")


@pytest.mark.parametrize(
    ("arrived", "missed", "now", "latency"),
    [
        (1003.0, 0.0, Moment(1300.0, "a", 400.0), 3.0),
        # a mailbox that tells whole seconds, and rounds down
        (999.0, 0.0, Moment(1300.0, "a", 400.0), 0.0),
        # its clock is ahead by an hour, or behind: it came between the last look in vain and now
        (4603.0, 0.0, Moment(1300.0, "a", 400.0), 300.0),
        (4603.0, 290.0, Moment(1600.0, "a", 700.0), 600.0),
        (0.5, 290.0, Moment(1600.0, "a", 700.0), 290.0),
        # it tells nothing
        (0.0, 0.0, Moment(1300.0, "a", 400.0), 300.0),
        # our clock was set back by a day while the message was under way
        (-85000.0, 0.0, Moment(-85100.0, "a", 400.0), 0.0),
        # the machine restarted, and its clock was set back as well
        (900.0, 0.0, Moment(900.0, "b", 10.0), 0.0),
    ],
)
def test_how_long_a_message_took(
    arrived: float, missed: float, now: Moment, latency: float
) -> None:
    message = Tracked("1" * 32, SENT, True, missed)
    assert _arrived(message, found(arrived), now).latency == latency


def message(number: int, age: float, latency: float | None = None) -> Tracked:
    return Tracked(str(number) * 32, Moment(0.0, "a", 10000.0 - age), True, latency=latency)


@pytest.mark.parametrize(
    ("messages", "blind", "finished"),
    [
        ([], False, ""),
        ([message(1, 50), message(2, 10, 1.0)], False, "2"),
        ([message(1, 5000), message(2, 10, 1.0)], False, "12"),
        ([message(1, 5000), message(2, 10)], False, ""),
        # it came before the one that is lost, so that nothing is known to flow again
        ([message(1, 5000, 2.0), message(2, 4000), message(3, 10)], False, "1"),
        # the junk folder could not be read
        ([message(1, 5000), message(2, 10, 1.0)], True, "2"),
    ],
)
def test_which_messages_are_finished(messages: list[Tracked], blind: bool, finished: str) -> None:
    now = Moment(0.0, "a", 10000.0)
    tokens = {each * 32 for each in finished}
    assert _finished(messages, now, 3600.0, blind) == tokens


@pytest.mark.parametrize(
    ("ages", "clock", "since"),
    [
        ((50.0, 70.0, 10.0), 0.0, -70.0),
        # our clock was an hour ahead when they were sent, or an hour behind
        ((50.0, 70.0), 3600.0, -70.0),
        ((50.0, 70.0), -3600.0, -3670.0),
    ],
)
def test_since_when_the_messages_may_be_there(
    ages: tuple[float, ...], clock: float, since: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("check_smtp_delivery.moment._boot", lambda: "a")
    now = Moment.now()
    sent = [Moment(now.wall - age + clock, now.boot, now.monotonic - age) for age in ages]
    assert _since([Tracked("1" * 32, each) for each in sent]) == pytest.approx(
        now.wall + since, abs=5
    )
