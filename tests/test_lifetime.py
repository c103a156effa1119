"""Thresholds for days: what they mean for certificates of all ages."""

import pytest

from check_smtp_tls.lifetime import (
    DEFAULT_CRITICAL,
    DEFAULT_WARNING,
    Lifetime,
    limits,
    read_lifetime,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", Lifetime("30:")),
        ("0", Lifetime("0:")),
        ("7.5", Lifetime("7.5:")),
        ("30:", Lifetime("30:")),
        ("10:400", Lifetime("10:400")),
        ("~:400", Lifetime("~:400")),
        ("@0:7", Lifetime("@0:7")),
        ("@7", Lifetime("@7")),
        ("25%", Lifetime("", 25.0)),
        ("12.5%", Lifetime("", 12.5)),
        ("100%", Lifetime("", 100.0)),
    ],
)
def test_a_bare_number_means_at_least_and_a_range_keeps_its_meaning(
    text: str, expected: Lifetime
) -> None:
    assert read_lifetime(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no range such as 5, 2:5, 30:, ~:5 or @1:2"),
        ("soon", "no range such as 5, 2:5, 30:, ~:5 or @1:2"),
        ("30d", "no range such as 5, 2:5, 30:, ~:5 or @1:2"),
        ("1_0", "no range such as 5, 2:5, 30:, ~:5 or @1:2"),
        ("٣", "no range such as 5, 2:5, 30:, ~:5 or @1:2"),
        ("10:5", "a range that starts after its end"),
        ("%", "no range such as 5, 2:5, 30:, ~:5 or @1:2"),
        ("25 %", "no range such as 5, 2:5, 30:, ~:5 or @1:2"),
        ("0%", "no percentage above 0 and up to 100"),
        ("-5%", "a range that starts after its end"),
        ("100.1%", "no percentage above 0 and up to 100"),
        ("25:%", "no percentage above 0 and up to 100"),
        ("@25%", "no percentage above 0 and up to 100"),
        ("25%%", "no range such as 5, 2:5, 30:, ~:5 or @1:2"),
    ],
)
def test_nonsense_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_lifetime(text)
    assert str(refused.value) == why


@pytest.mark.parametrize(
    ("given", "lifetime", "expected"),
    [
        ("30", 90.0, "30:"),
        ("10:400", 90.0, "10:400"),
        ("@0:7", 6.0, "@0:7"),
        ("25%", 90.0, "22.5:"),
        ("25%", 6.0, "1.5:"),
        ("33%", 6.67, "2.2:"),
        ("100%", 397.0, "397:"),
        ("10%", 100.0, "10:"),
        ("50%", 0.0, "0:"),
        ("50%", -3.0, "0:"),
    ],
)
def test_a_percentage_is_one_of_the_leafs_lifetime(
    given: str, lifetime: float, expected: str
) -> None:
    assert limits(read_lifetime(given), DEFAULT_WARNING, lifetime) == expected


@pytest.mark.parametrize(
    ("lifetime", "warning", "critical"),
    [
        (6.0, "1.5:", "0.6:"),
        (6.67, "1.67:", "0.667:"),
        (47.0, "11.75:", "4.7:"),
        (90.0, "21:", "7:"),
        (89.99999, "21:", "7:"),
        (200.0, "21:", "7:"),
        (397.0, "21:", "7:"),
        (3650.0, "21:", "7:"),
        (0.0, "0:", "0:"),
    ],
)
def test_without_thresholds_days_or_percent_count_whichever_is_less(
    lifetime: float, warning: str, critical: str
) -> None:
    assert limits(None, DEFAULT_WARNING, lifetime) == warning
    assert limits(None, DEFAULT_CRITICAL, lifetime) == critical
