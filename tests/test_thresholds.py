"""The grammar of threshold ranges: `[@][start:][end]`."""

import pytest

from check_smtp_core.thresholds import check_range, in_words


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "5",
        "0.5",
        ".5",
        "5.",
        "10:",
        "10.5:",
        "~:5",
        "~:",
        "2:5",
        "5:5",
        "0:0",
        "-5:5",
        "-5:-2",
        "~:-1",
        "@5",
        "@1:2",
        "@10:",
        "@~:3",
        ":5",
        ":0.5",
        ":0",
        "@:5",
    ],
)
def test_a_range_of_the_guidelines_stays_as_it_was_written(text: str) -> None:
    assert check_range(text) == text


NO_RANGE = "no range such as 5, 2:5, 30:, ~:5 or @1:2"
BACKWARDS = "a range that starts after its end"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", NO_RANGE),
        ("@", NO_RANGE),
        (":", NO_RANGE),
        ("::5", NO_RANGE),
        (":~", NO_RANGE),
        (":5:", NO_RANGE),
        ("@:", NO_RANGE),
        ("~", NO_RANGE),
        ("5:~", NO_RANGE),
        ("a", NO_RANGE),
        ("a:b", NO_RANGE),
        ("a:b:c", NO_RANGE),
        ("1:2:3", NO_RANGE),
        ("1e3", NO_RANGE),
        ("1_000", NO_RANGE),
        (" 5", NO_RANGE),
        ("5 ", NO_RANGE),
        ("5\n", NO_RANGE),
        ("1 :2", NO_RANGE),
        ("+5", NO_RANGE),
        ("--5", NO_RANGE),
        ("1,5", NO_RANGE),
        (".", NO_RANGE),
        ("1.2.3", NO_RANGE),
        ("nan", NO_RANGE),
        ("inf", NO_RANGE),
        ("0x10", NO_RANGE),
        ("5s", NO_RANGE),
        ("5%", NO_RANGE),
        ("@@5", NO_RANGE),
        ("5@", NO_RANGE),
        ("\u0665", NO_RANGE),
        ("\uff15", NO_RANGE),
        ("5:1", BACKWARDS),
        ("@5:1", BACKWARDS),
        ("-1:-2", BACKWARDS),
        ("-5", BACKWARDS),
        (":-5", BACKWARDS),
        ("@:-1", BACKWARDS),
    ],
)
def test_what_is_no_range_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        check_range(text)
    assert str(refused.value) == why


@pytest.mark.parametrize(
    ("text", "unit", "words"),
    [
        ("5", "s", "at most 5 s"),
        ("0:5", "s", "at most 5 s"),
        ("~:5", "s", "at most 5 s"),
        (":5", "s", "at most 5 s"),
        (":0", "s", "at most 0 s"),
        ("0", "s", "at most 0 s"),
        ("0.5", "s", "at most 0.5 s"),
        ("30:", "days", "at least 30 days"),
        ("10240000:", "B", "at least 10240000 B"),
        ("2:5", "s", "2 to 5 s"),
        ("-5:5", "", "-5 to 5"),
        ("@1:2", "s", "outside 1 to 2 s"),
        ("@2", "s", "outside 0 to 2 s"),
        ("@:2", "s", "outside 0 to 2 s"),
        ("@10:", "", "outside 10 to infinity"),
        ("5", "", "at most 5"),
    ],
)
def test_a_range_in_words_says_what_is_wanted(text: str, unit: str, words: str) -> None:
    assert in_words(text, unit) == words
