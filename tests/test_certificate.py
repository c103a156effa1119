"""What follows from a certificate's facts."""

from datetime import datetime

import pytest

from check_smtp_tls.certificate import UNREADABLE, day
from tests.chains import LEAF, NOW, facts, utc


@pytest.mark.parametrize(
    ("since", "until", "now", "left", "lifetime"),
    [
        (utc(2026, 1, 1), utc(2026, 4, 1), utc(2026, 3, 31, 12), 0.5, 90.0),
        (utc(2026, 1, 1), utc(2026, 1, 7), utc(2026, 1, 1), 6.0, 6.0),
        (utc(2026, 1, 1), utc(2026, 4, 1), utc(2026, 4, 1, 6), -0.25, 90.0),
        (utc(2026, 1, 1), utc(2026, 4, 1), utc(2026, 4, 3, 6), -2.25, 90.0),
        (utc(2000, 1, 1), utc(9999, 12, 31), utc(9999, 12, 30), 1.0, 2921939.0),
    ],
)
def test_days_have_fractions_before_and_after_the_end(
    since: datetime, until: datetime, now: datetime, left: float, lifetime: float
) -> None:
    certificate = facts(LEAF._replace(since=since, until=until))
    assert (certificate.days_left(now), certificate.lifetime_days) == (left, lifetime)


def test_of_a_date_that_nobody_can_read_nothing_is_known() -> None:
    certificate = facts(LEAF)
    begins = certificate._replace(not_before=UNREADABLE)
    ends = certificate._replace(not_after=UNREADABLE)
    assert (begins.lifetime_days, ends.lifetime_days) == (0.0, 0.0)
    assert (ends.days_left(NOW), day(ends.not_after)) == (0.0, "an unreadable date")


def test_a_certificate_of_today_has_the_days_of_its_recipe() -> None:
    certificate = facts(LEAF)
    assert (certificate.days_left(NOW), certificate.lifetime_days) == (60.505, 90.0)
