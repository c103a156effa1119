"""The tally: messages counted once, held ones without an age, and little memory."""

from check_smtp_delivery.tally import Message, Tally

QUEUES = ("deferred", "hold")


def test_messages_are_counted_by_queue_with_the_oldest_of_each() -> None:
    tally = Tally(QUEUES)
    assert tally.add(Message("a", "deferred", 60, 100))
    assert tally.add(Message("b", "deferred", 30, 100))
    assert tally.add(Message("c", "hold", 9000, 100, held=True))
    assert tally.counts == {"deferred": 2, "hold": 1}
    assert tally.oldest == {"deferred": 60, "hold": 9000}
    assert (tally.messages, tally.held, tally.size) == (3, 1, 300)


def test_what_is_on_hold_makes_no_age() -> None:
    tally = Tally(QUEUES)
    tally.add(Message("c", "hold", 9000, 100, held=True))
    assert tally.age == 0


def test_a_message_that_shows_up_twice_counts_once() -> None:
    tally = Tally(QUEUES)
    assert tally.add(Message("a", "deferred", 60, 100))
    assert not tally.add(Message("a", "hold", 60, 100, held=True))
    assert tally.counts == {"deferred": 1, "hold": 0}


def test_recipients_are_counted_by_domain_and_reason() -> None:
    tally = Tally(QUEUES)
    for number in range(3):
        tally.add_recipient(f"u{number}@Example.NET", f"wait {number}")
    tally.add_recipient("<carol@example.org>", "")
    tally.add_recipient("root", "")
    assert tally.domains.most(5) == [("example.net", 3), ("example.org", 1), ("root", 1)]
    assert tally.reasons.most(5) == [("wait N", 3)]


def test_of_very_many_reasons_every_tenth_is_read() -> None:
    tally = Tally(QUEUES)
    for _ in range(40_000):
        tally.add_recipient("a@b.example", "refused")
    assert tally.reasons.most(1) == [("refused", 40_000)]
    assert not tally.reasons.exact
    assert tally.domains.exact


def test_lines_that_nobody_understands_are_few_and_short() -> None:
    tally = Tally(QUEUES)
    for _ in range(1000):
        tally.not_understood("x" * 1000)
    assert tally.strange == ["x" * 200] * 3
