"""What is told of a certificate that was shown: sentence, perfdata."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from check_smtp_core.observation import Measure
from check_smtp_tls.certificate import Chain
from check_smtp_tls.served import Served, some_names
from tests.chains import HOST
from tests.test_trust import EXPIRED_INT, EXPIRED_LEAF, INT, NOW, certificate, chain
from tests.test_trust import LEAF as GOOD_LEAF
from tests.test_trust import ROOT as GOOD_ROOT

GOOD = chain(GOOD_LEAF, INT, GOOD_ROOT)


def served(shown: Chain = GOOD, **facts: Any) -> Served:
    values: dict[str, Any] = {
        "chain": shown,
        "now": NOW,
        "reference": HOST,
        "version": "TLSv1.3",
        "warning": "21:",
        "critical": "7:",
        "ended": None,
        "on_disk": None,
        **facts,
    }
    return Served(**values)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            served(),
            "60 days left (until 2026-08-14) for mail.example.com, issued by Issuing CA",
        ),
        (
            served(reference="mx.example"),
            "60 days left (until 2026-08-14), issued by Issuing CA",
        ),
        (
            served(chain(certificate("x", "Issuing CA", -90, 0.9), INT, GOOD_ROOT)),
            "21 h 36 min left (until 2026-06-16 09:36 UTC) for mail.example.com, "
            "issued by Issuing CA",
        ),
        (
            served(chain(GOOD_LEAF, certificate("Issuing CA", "Root CA", -9, 5.5), GOOD_ROOT)),
            "5 days left (until 2026-06-21, then the intermediate Issuing CA ends) "
            "for mail.example.com, issued by Issuing CA",
        ),
        (
            served(chain(EXPIRED_LEAF, INT, GOOD_ROOT)),
            "it ended on 2026-06-12 for mail.example.com, issued by Issuing CA",
        ),
        (
            served(chain(GOOD_LEAF, EXPIRED_INT, GOOD_ROOT)),
            "it ended on 2026-06-05 for mail.example.com, issued by Issuing CA",
        ),
    ],
)
def test_the_sentence_tells_days_and_date_name_and_issuer(facts: Served, expected: str) -> None:
    assert facts.sentence(0.1) == expected


def test_the_sentence_knows_the_last_day_of_the_calendar() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=NOW.tzinfo)
    facts = served(
        chain(GOOD_LEAF._replace(not_after=last), GOOD_ROOT),
        now=NOW + timedelta(microseconds=123457),
    )
    assert "(until 9999-12-31)" in facts.sentence(0.1)


@pytest.mark.parametrize(
    ("shown", "days", "leaf", "finding", "what"),
    [
        (GOOD, 60.0, 60.0, "expiring", "60.00 days left"),
        (
            chain(GOOD_LEAF, certificate("Issuing CA", "Root CA", -9, 5.556), GOOD_ROOT),
            5.55,
            60.0,
            "expiring",
            "5.55 days left",
        ),
        (
            chain(GOOD_LEAF._replace(not_after=NOW + timedelta(minutes=10)), INT, GOOD_ROOT),
            0.0,
            0.0,
            "expiring",
            "0.00 days left",
        ),
        (chain(EXPIRED_LEAF, INT, GOOD_ROOT), -3.5, -3.5, "", "-3.50 days left"),
        (chain(GOOD_LEAF, EXPIRED_INT, anchored=False), 60.0, 60.0, "expiring", "60.00 days left"),
    ],
)
def test_perfdata_has_the_days_of_path_and_leaf_and_what_has_expired_expires_no_more(
    shown: Chain, days: float, leaf: float, finding: str, what: str
) -> None:
    assert served(shown).measures() == [
        Measure("days_left", days, "", "21:", "7:", finding, what, "days", None),
        Measure("days_left_leaf", leaf, minimum=None),
    ]


@pytest.mark.parametrize(
    ("names", "addresses", "expected"),
    [
        ((), (), ""),
        (("a.example", "b.example"), ("192.0.2.1",), "a.example, b.example, 192.0.2.1"),
        (
            ("a.example", "b.example", "c.example"),
            ("::1",),
            "a.example, b.example, c.example and 1 more",
        ),
    ],
)
def test_no_more_than_three_names_are_said(
    names: tuple[str, ...], addresses: tuple[str, ...], expected: str
) -> None:
    assert some_names(GOOD_LEAF._replace(names=names, addresses=addresses)) == expected
