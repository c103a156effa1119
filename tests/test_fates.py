"""What became of the messages: findings, sentence and perfdata without a network."""

from typing import Any

import pytest

from check_smtp_core.findings import Finding, State
from check_smtp_delivery.fates import Loop, fate_findings
from check_smtp_delivery.ledger import Tracked
from check_smtp_delivery.moment import Moment


def message(number: int, age: float, **more: Any) -> Tracked:
    return Tracked(str(number) * 32, Moment(0.0, "a", 10000.0 - age), **{"accepted": True, **more})


def facts(**known: Any) -> Loop:
    usual: dict[str, Any] = {
        "sent": message(9, 0),
        "ended": None,
        "notes": (),
        "synchronous": False,
        "sender": "monitor@example.net",
        "limits": ("5", "10"),
        "lost_after": 3600.0,
        "now": Moment(0.0, "a", 10000.0),
        "looked": True,
    }
    return Loop(**{**usual, **known})


NAME = "loop.11111111111111111111111111111111@example.net"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, []),
        ({"came": (message(1, 300, latency=2.0, folder="INBOX"),)}, []),
        (
            {"waiting": (message(1, 300), message(2, 0))},
            [Finding("in-flight", "2 messages are under way, for 300.000 s", said=True)],
        ),
        (
            {"came": (message(1, 300, latency=2.0),), "waiting": (message(2, 1),)},
            [Finding("in-flight", "1 message is under way, for 1.000 s")],
        ),
        (
            {"waiting": (message(1, 3601),)},
            [Finding("lost", f"the message did not come in 3601.000 s ({NAME})")],
        ),
        (
            {"waiting": (message(2, 7200), message(1, 3601), message(3, 3600))},
            [
                Finding("lost", f"2 messages did not come in 7200.000 s ({NAME})"),
                Finding("in-flight", "1 message is under way, for 3600.000 s", said=True),
            ],
        ),
        (
            {"waiting": (message(1, 3601, accepted=False),)},
            [
                Finding(
                    "lost",
                    f"the message did not come in 3601.000 s ({NAME}); "
                    "the server may never have taken it",
                    State.WARNING,
                )
            ],
        ),
        (
            {"waiting": (message(1, 7200),), "blind": "it is dark"},
            [Finding("mailbox", "it is dark")],
        ),
        (
            {"came": (message(1, 5, latency=2.0, folder="Spam | x", junk=True),)},
            [Finding("junk", 'the message came into the junk folder "Spam / x"')],
        ),
        (
            {
                "came": (
                    message(1, 5, latency=2.0, folder="A", junk=True),
                    message(2, 4, latency=2.0, folder="B", junk=True),
                )
            },
            [Finding("junk", '2 messages came into the junk folder "B"')],
        ),
        (
            {"synchronous": True, "waiting": (message(1, 7),)},
            [Finding("lost", f"the message did not come in 7.000 s ({NAME})")],
        ),
        (
            {"synchronous": True, "waiting": (message(1, 7, accepted=False),)},
            [Finding("in-flight", "1 message is under way, for 7.000 s", said=True)],
        ),
    ],
)
def test_the_findings(known: dict[str, Any], expected: list[Finding]) -> None:
    assert fate_findings(facts(**known)) == expected


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        ({}, "a message was sent"),
        ({"sent": None}, ""),
        ({"came": (message(1, 9, latency=2.5),)}, "the message came after 2.500 s"),
        (
            {
                "came": (message(1, 9, latency=2.5), message(2, 9, latency=7.0)),
                "waiting": (message(3, 1), message(4, 9999)),
            },
            "2 messages came, the slowest after 7.000 s, 1 under way",
        ),
    ],
)
def test_the_sentence(known: dict[str, Any], sentence: str) -> None:
    assert facts(**known).sentence(1.0) == sentence


@pytest.mark.parametrize(
    ("known", "measures"),
    [
        ({}, "pending=0 oldest=0.0 lost=0 junk=0"),
        (
            {"came": (message(1, 9, latency=2.5, junk=True), message(2, 9, latency=7.0))},
            "latency=7.0 pending=0 oldest=0.0 lost=0 junk=1",
        ),
        (
            {"waiting": (message(1, 3601), message(2, 20), message(3, 30))},
            "pending=2 oldest=30.0 lost=1 junk=0",
        ),
        ({"waiting": (message(1, 3601),), "blind": "x"}, ""),
        (
            {
                "waiting": (message(1, 3601),),
                "blind": "x",
                "came": (message(2, 9, latency=7.0),),
            },
            "latency=7.0",
        ),
        ({"looked": False}, ""),
        ({"looked": False, "synchronous": True}, ""),
        (
            {"looked": False, "synchronous": True, "sent": None},
            "pending=0 oldest=0.0 lost=0 junk=0",
        ),
    ],
)
def test_the_perfdata(known: dict[str, Any], measures: str) -> None:
    seen = facts(**known).measures()
    assert " ".join(f"{each.label}={each.value}" for each in seen) == measures
    for each in seen:
        limits = ("5", "10") if each.label in ("latency", "oldest") else ("", "")
        assert (each.warning, each.critical) == limits
