"""What is said of several endpoints together: pure, from what is told of each."""

from typing import Any

import pytest

from check_smtp_core.findings import Finding, State
from check_smtp_core.observation import Measure, Observation
from check_smtp_core.options import Options
from check_smtp_core.output import Judged, Told
from check_smtp_core.several import summed_up

OK, WARNING, CRITICAL, UNKNOWN = State


class Facts:
    """Facts of a check that has one number of its own."""

    def __init__(self, value: float) -> None:
        self._value = value

    def sentence(self, seconds: float) -> str:
        return f"seen in {seconds:.1f} s"

    def measures(self) -> list[Measure]:
        return [Measure("days_left_leaf", self._value, "", "21:", "7:", "expiring", "x")]

    def details(self, level: int) -> list[str]:
        return ["fact"] if level > 1 else []


def told(host: str, *judged: Judged, time: float = 0.5, value: float | None = None) -> Told:
    facts: Any = None if value is None else Facts(value)
    seen = Observation(host, facts, None, (), "192.0.2.1", "", "", time, {}, None, ())
    state = max((each.state for each in judged), default=OK)
    sentence = facts.sentence(time) if facts else ""
    return Told(f"{host}:25", state, list(judged), sentence, [], seen)


REFUSED = Judged(CRITICAL, Finding("connect", "connection refused", ends_session=True))
MASKED = Judged(WARNING, Finding("masked", "overwritten"))
ENDED = Judged(OK, Finding("connect", "nobody there", ends_session=True))
FELL_BACK = Judged(OK, Finding("fallback", "no answer (192.0.2.2)", said=True))


def summary(*all_: Told, **given: Any) -> tuple[State, str, list[Measure], list[str]]:
    options = Options(verbose=0, thresholds={}, **given)
    return summed_up("SMTP_TEST", all_, options, "utf-8")


@pytest.mark.parametrize(
    ("all_", "given", "line"),
    [
        ([told("a")], {}, "OK - 1 of 1 endpoint is well, the slowest in 0.500 s"),
        (
            [told("a", time=0.2), told("b", time=0.7)],
            {"mx": "example.com"},
            "OK - example.com: 2 of 2 endpoints are well, the slowest in 0.700 s",
        ),
        (
            [told("a", MASKED), told("b", REFUSED), told("c", FELL_BACK)],
            {},
            "CRITICAL - 1 of 3 endpoints are well, the slowest in 0.500 s; b:25 connect: "
            "connection refused; a:25 masked: overwritten; c:25 fallback: no answer (192.0.2.2)",
        ),
        (
            [told("a", REFUSED)],
            {},
            "CRITICAL - 0 of 1 endpoint is well; a:25 connect: connection refused",
        ),
        (
            [told("a", REFUSED), told("b", MASKED), told("c")],
            {"quorum": 1},
            "OK - 1 of 3 endpoints are well (wanted: 1), the slowest in 0.500 s; a:25 connect: "
            "connection refused; b:25 masked: overwritten",
        ),
        (
            [told("a", MASKED), told("b")],
            {"quorum": 2},
            "WARNING - 1 of 2 endpoints are well (wanted: 2), the slowest in 0.500 s; a:25 "
            "masked: overwritten",
        ),
        (
            [told("a"), told("b")],
            {"quorum": 3, "mx": "example.com"},
            "CRITICAL - example.com: 2 of 2 endpoints are well (wanted: 3), the slowest in "
            "0.500 s",
        ),
        (
            [told("a", time=0.2), told("b", REFUSED, time=8.0)],
            {},
            "CRITICAL - 1 of 2 endpoints are well, the slowest in 0.200 s; b:25 connect: "
            "connection refused",
        ),
        (
            [told("a", ENDED)],
            {},
            "OK - 1 of 1 endpoint is well, the slowest in 0.500 s; a:25 connect: nobody there",
        ),
    ],
)
def test_the_line_says_how_many_are_well_and_names_the_others(
    all_: list[Told], given: dict[str, Any], line: str
) -> None:
    state, text, _, more = summary(*all_, **given)
    assert text == f"SMTP_TEST {line}"
    assert text.split()[1] == state.name
    assert more == []


def test_the_numbers_are_those_of_all_under_labels_that_fit() -> None:
    _, _, measures, _ = summary(told("a", value=30), told("b", value=5), told("c", REFUSED))
    assert [measure[:5] for measure in measures] == [
        ("time_max", 0.5, "s", "", ""),
        ("endpoints", 3, "", "", ""),
        ("endpoints_ok", 2, "", "", ""),
        ("days_left_leaf_min", 5, "", "21:", "7:"),
    ]
    assert not any(measure.finding for measure in measures)


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ({}, ["time_a", "time_b"]),
        ({"all_addresses": True}, ["time_a_192.0.2.1", "time_b_192.0.2.1"]),
        ({"mx": "example.com"}, ["time_a_192.0.2.1", "time_b_192.0.2.1"]),
    ],
)
def test_the_labels_of_each_are_unique_whatever_they_share(
    given: dict[str, Any], labels: list[str]
) -> None:
    _, _, measures, _ = summary(told("a"), told("b"), perfdata_each=True, **given)
    assert [measure.label for measure in measures[3:]] == labels


def test_the_perfdata_of_each_leave_room_for_the_rest() -> None:
    many = [told(f"host{number}.example.com") for number in range(1000)]
    _, _, measures, _ = summary(*many, perfdata_each=True)
    assert 100 < len(measures) < 200


@pytest.mark.parametrize(
    ("level", "lines"),
    [
        (0, []),
        (1, ["CRITICAL a:25 connect: connection refused", "OK b:25 seen in 0.5 s"]),
        (
            2,
            [
                "CRITICAL a:25 connect: connection refused",
                "  CRITICAL connect: connection refused",
                "OK b:25 seen in 0.5 s",
                "  fact",
            ],
        ),
    ],
)
def test_each_has_a_line_and_its_facts_below(level: int, lines: list[str]) -> None:
    options = Options(verbose=level, thresholds={})
    all_ = [told("a", REFUSED), told("b", value=5)]
    assert summed_up("SMTP_TEST", all_, options, "utf-8")[3] == lines
