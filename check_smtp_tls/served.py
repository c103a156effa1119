"""What a server showed of its certificate, and how it is told.

Rule: facts only; whether they are good enough is judged elsewhere.
"""

from __future__ import annotations

import math
from datetime import datetime

from check_smtp_core.findings import Finding
from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.observation import Measure
from check_smtp_core.text import defused, printable
from check_smtp_tls.certificate import UNREADABLE, Certificate, Chain, day
from check_smtp_tls.names import is_for
from check_smtp_tls.trust import common_name, days_left, ends_first, last_moment

_MANY = 3
_FEW_DAYS = 2


class Served(NamedTuple):
    """What a server showed, at this moment, to who asked for the reference identifier.

    `warning` and `critical` are the ranges for its days; `ended` is why the session broke after
    the certificate was seen; `on_disk` is the certificate of --file, or why there is none.
    """

    chain: Chain
    now: datetime
    reference: str
    version: str
    warning: str
    critical: str
    ended: Finding | None
    on_disk: Certificate | Finding | None

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.chain.presented[0]

    def sentence(self, seconds: float) -> str:
        """How long it is valid, for whom, and who says so."""
        fits = is_for(self.reference, self.leaf.names, self.leaf.addresses)
        name = f" for {printable(self.reference)}" if fits else ""
        issued = f"{name}, issued by {common_name(self.leaf.issuer)}"
        days, end = days_left(self.chain, self.now), last_moment(self.chain)
        if end == UNREADABLE:
            return f"nobody can read when it ends{issued}"
        if days < 0:
            return f"it ended on {end:%Y-%m-%d}{issued}"
        first = ends_first(self.chain)
        then = f", then the intermediate {common_name(first.subject)} ends" if first else ""
        until = f"{end:%Y-%m-%d}" if days >= _FEW_DAYS else f"{end:%Y-%m-%d %H:%M} UTC"
        return f"{_in_words(days)} left (until {until}{then}){issued}"

    def measures(self) -> list[Measure]:
        """`days_left` of the path and `days_left_leaf`, both with fractions."""
        days, leaf = days_left(self.chain, self.now), self.leaf.days_left(self.now)
        ended = days < 0 or last_moment(self.chain) == UNREADABLE
        return [
            Measure(
                "days_left",
                _floored(days),
                warning=self.warning,
                critical=self.critical,
                # What has expired is a finding of its own.
                finding="" if ended else "expiring",
                what=f"{_floored(days):.2f} days left",
                unit_in_words="days",
                minimum=None,
            ),
            Measure("days_left_leaf", _floored(leaf), minimum=None),
        ]

    def details(self, level: int) -> list[str]:
        """The chain as it was sent (-v), then fingerprints and all names (-vv)."""
        if level > 1:
            lines = [f"certificate SHA-256: {self.leaf.fingerprint}"]
            lines.append(f"public key SHA-256: {self.leaf.key_fingerprint}")
            return lines + [f"name: {each}" for each in (*self.leaf.names, *self.leaf.addresses)]
        lines = ["sent by the server:"]
        for number, each in enumerate(self.chain.presented):
            lines += _described(number, each, self.now)
        if self.chain.anchored:
            lines.append(f"trusted here: {self.chain.path[-1].subject}")
        return lines


def some_names(certificate: Certificate) -> str:
    """The first of a certificate's names and addresses, and how many more there are."""
    names = (*certificate.names, *certificate.addresses)
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return defused(", ".join(names[:_MANY])) + more


def _floored(days: float) -> float:
    """Days in hundredths, never rounded up: 29.999 are not yet 30."""
    return math.floor(days * 100) / 100


def _in_words(days: float) -> str:
    if days >= _FEW_DAYS:
        return f"{int(days)} days"
    minutes = int(days * 24 * 60)
    return f"{minutes // 60} h {minutes % 60} min"


def _described(number: int, certificate: Certificate, now: datetime) -> list[str]:
    names = some_names(certificate)
    since, until = day(certificate.not_before), day(certificate.not_after)
    days = math.floor(certificate.days_left(now))
    return [
        f"  {number} {certificate.subject}{f', for {names}' if names else ''}",
        f"    issued by {certificate.issuer}",
        f"    {since} to {until} ({days} days left), {certificate.key}",
    ]
