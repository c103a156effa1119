"""Thresholds for the days that a certificate has left: days, ranges, or percent of its lifetime.

Rule: pure. A bare number of days means "at least", a range keeps its meaning, a percentage is
of the leaf's lifetime; without options short-lived certificates do not alarm all their life.
"""

from __future__ import annotations

from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.thresholds import check_range

DEFAULT_WARNING = (21.0, 25.0)
"""Days, and percent of the leaf's lifetime; whichever is less."""

DEFAULT_CRITICAL = (7.0, 10.0)


class Lifetime(NamedTuple):
    """A threshold as it was given: a range of days, or a percentage (then `days` is empty)."""

    days: str
    percent: float = 0.0


def read_lifetime(text: str) -> Lifetime:
    """`30`, `30:`, `10:400`, `@0:7` or `25%`. ValueError for anything else."""
    if text.endswith("%"):
        number = text[:-1]
        if ":" in check_range(number) or "@" in number or not 0 < float(number) <= 100:
            raise ValueError("no percentage above 0 and up to 100")
        return Lifetime("", float(number))
    limits = check_range(text)
    return Lifetime(limits if ":" in limits or limits.startswith("@") else f"{limits}:")


def limits(given: Lifetime | None, default: tuple[float, float], lifetime_days: float) -> str:
    """The range of days for a leaf of this lifetime."""
    if given is not None:
        return given.days or f"{_days(lifetime_days * given.percent / 100)}:"
    days, percent = default
    return f"{_days(min(days, lifetime_days * percent / 100))}:"


def _days(days: float) -> str:
    digits = 2 if days >= 1 else 4
    return f"{max(days, 0.0):.{digits}f}".rstrip("0").rstrip(".")
