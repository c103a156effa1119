"""Exim's queue as `exim -bpr` lists it: a line for each message, then its recipients.

Rule: pure. The age is the one in the message's name where that agrees with the one that is
printed, which Exim rounds: to hours after 90 minutes, to days after three.
"""

import re

from check_smtp_delivery.tally import Message, Tally

QUEUES = ("waiting", "frozen")

# Names are 6-6-2 characters long up to Exim 4.96, and 6-11-4 since 4.97.
_MESSAGE = re.compile(
    r" *(\d{1,9})([mhd]) +(?:(\d{1,9}(?:\.\d{1,3})?)([KMG]?) +)?"
    r"([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4}))(?: (.*))?"
)
_RECIPIENT = re.compile(r" {8,}\+?(D )? *(\S.*)")
_UNREADABLE = re.compile(r" {4}\*\*\* spool .*")
_UNITS = {"m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class EximReader:
    """Hears a listing line by line; `now` is the time of the day in seconds since 1970."""

    def __init__(self, tally: Tally, now: float) -> None:
        self._tally = tally
        self._now = now
        self._inside = self._counted = False

    def hear(self, line: str, cut: bool = False) -> None:
        """Count a message, or one of its recipients who still wait."""
        if not line.strip():
            self._inside = False
        elif match := _MESSAGE.fullmatch(line):
            self._inside = True
            self._counted = self._tally.add(self._message(*match.groups("")))
        elif self._inside and (match := _RECIPIENT.fullmatch(line)):
            if self._counted and not match[1]:
                self._tally.add_recipient(match[2], "")
        elif not (self._inside and _UNREADABLE.fullmatch(line)):
            self._tally.not_understood(line)

    def end(self) -> None:
        """An empty queue is an empty listing: there is nothing to miss at its end."""

    def _message(
        self, number: str, unit: str, size: str, size_unit: str, name: str, rest: str
    ) -> Message:
        age = _exact(name, self._now, int(number) * _UNITS[unit], _UNITS[unit])
        frozen = rest.endswith("*** frozen ***")
        octets = int(float(size or 0) * _SIZES[size_unit])
        return Message(name, "frozen" if frozen else "waiting", age, octets, frozen)


def _exact(name: str, now: float, printed: int, unit: int) -> float:
    """The age by the first six digits of a name, the time in base 62 (base 36 on macOS)."""
    born = 0
    for digit in name[:6]:
        born = born * 62 + _DIGITS.index(digit)
    age = max(0.0, now - born)
    return age if abs(age - printed) <= unit + 60 else float(printed)
