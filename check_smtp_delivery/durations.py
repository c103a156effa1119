"""Durations: `90m`, `1h` or `3d` on the command line, and an age in words.

Rule: pure. What is not valid leaves as InvalidValue.
"""

import re

from check_smtp_core.parser import InvalidValue
from check_smtp_core.thresholds import check_range

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd]?)"


def duration_range(text: str) -> str:
    """A range over seconds, from one whose numbers may have units: `1h`, `@5m:1h`, `3600`."""
    seconds = re.sub(rf"(?<![\w.]){_DURATION}(?![\w.])", _in_seconds, text)
    try:
        return check_range(seconds)
    except ValueError:
        raise InvalidValue(f'"{text}" is no duration such as 90m, 1h, 3d or 3600') from None


def has_unit(text: str) -> bool:
    """Whether a range over durations says its unit, and so cannot be one over numbers."""
    return re.search(r"[0-9][smhd]", text) is not None


def _in_seconds(match: re.Match[str]) -> str:
    return f"{float(match[1]) * _SECONDS[match[2]]:.3f}".rstrip("0").rstrip(".")


def in_words(seconds: float) -> str:
    """An age as people say it: `40 s`, `4 min`, `3 h 12 min`, `2 d 4 h`; never rounded up."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        return _two(whole // 3600, "h", whole % 3600 // 60, "min")
    return _two(whole // 86400, "d", whole % 86400 // 3600, "h")


def _two(many: int, unit: str, few: int, smaller: str) -> str:
    return f"{many} {unit} {few} {smaller}" if few else f"{many} {unit}"
