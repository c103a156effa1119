"""Durations: what may be given, and how an age is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_smtp_core.parser import InvalidValue
from check_smtp_delivery.durations import duration_range, has_unit, in_words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3600", "3600"),
        ("45s", "45"),
        ("90m", "5400"),
        ("1h", "3600"),
        ("1.5h", "5400"),
        ("3d", "259200"),
        ("0.001s", "0.001"),
        ("5m:1h", "300:3600"),
        ("@10m:1h", "@600:3600"),
        ("~:1h", "~:3600"),
        ("1h:", "3600:"),
        ("0", "0"),
    ],
)
def test_a_duration_becomes_a_range_in_seconds(text: str, seconds: str) -> None:
    assert duration_range(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "soon", "1 h", "1w", "h", "1hh", "1h30m", "-1h", "1h:30m", "1e3", "1_0", "٣h", "1H"],
)
def test_what_is_no_duration_is_an_error(text: str) -> None:
    with pytest.raises(InvalidValue, match="is no duration such as 90m, 1h, 3d or 3600"):
        duration_range(text)


@pytest.mark.parametrize(
    ("text", "unit"), [("5", False), ("5m", True), ("@2:3h", True), ("2:5", False), ("~:5", False)]
)
def test_a_unit_tells_an_age_from_a_number(text: str, unit: bool) -> None:
    assert has_unit(text) == unit


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d"),
        (90000, "1 d 1 h"),
        (86400 * 400, "400 d"),
    ],
)
def test_an_age_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@given(st.text(max_size=20))
def test_any_text_is_a_range_or_an_error(text: str) -> None:
    try:
        assert duration_range(text).isascii()
    except InvalidValue:
        pass
