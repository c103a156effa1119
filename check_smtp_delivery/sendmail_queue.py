"""Sendmail's queues as `mailq` lists them: groups of directories, messages, reasons, recipients.

Rule: pure. A time has neither year nor zone: it is local, and the latest one that has passed.
"""

import re
from datetime import datetime, timedelta

from check_smtp_delivery.tally import Message, Tally

QUEUES = ("mta", "msp", "quarantined")

_MESSAGE = re.compile(
    r"([0-9A-Za-z]{8,20})[*X?-]? +(\d{1,15}) "
    r"\w{3} (\w{3}) ([ \d]\d) (\d\d):(\d\d)(?: (.*))?"
)
_VANISHED = re.compile(r"[0-9A-Za-z]{8,20}[*X?-]? +\(.*\)")
_AROUND = re.compile(
    r"\t\t\S.* \(\d+ requests?(?:, .*)?\)|\S.* is empty|-----Q-ID-----.*|Warning: .*"
)
_TOTAL = re.compile(r"\s*Total requests: \d+.*")
_REASON = re.compile(r" +(?:[\w-]{1,10} +)?\((.*)\)?")
_QUARANTINE = re.compile(r" +QUARANTINE: .*")
_CONTROLLER = re.compile(r"\s+\(---.*---\)")
_RECIPIENT = re.compile(r"\t\s*(\S.*)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class SendmailReader:
    """Hears a listing line by line; its messages belong to the queue of that name."""

    def __init__(self, tally: Tally, now: datetime, queue: str) -> None:
        self._tally = tally
        self._now = now
        self._queue = queue
        self._inside = self._counted = self._ended = False
        self._reason = ""

    def hear(self, line: str, cut: bool = False) -> None:
        """Count a message, or one of its recipients with the reason that stands before them."""
        if match := _MESSAGE.fullmatch(line):
            self._begin(match)
        elif _VANISHED.fullmatch(line):
            self._inside = self._counted = False
        elif _TOTAL.fullmatch(line):
            self._ended = True
        elif _AROUND.fullmatch(line) or not line.strip():
            self._inside = False
        elif not (self._inside and self._about_message(line)):
            self._tally.not_understood(line)

    def end(self) -> None:
        """A listing ends with the number of all requests, or something broke off."""
        if not self._ended:
            self._tally.not_understood("(a listing without a total at its end)")

    def _begin(self, match: re.Match[str]) -> None:
        name, size, month, day, hour, minute = match.groups()[:6]
        age = _age(self._now, month, int(day), int(hour), int(minute))
        if age is None:
            self._tally.not_understood(match[0])
            return
        held = self._queue == "quarantined"
        self._inside, self._reason = True, ""
        # The submission queue counts its names apart.
        message = Message(f"{self._queue} {name}", self._queue, age, int(size), held)
        self._counted = self._tally.add(message)

    def _about_message(self, line: str) -> bool:
        if _QUARANTINE.fullmatch(line) or _CONTROLLER.fullmatch(line):
            return True
        if match := _REASON.fullmatch(line):
            self._reason = match[1].removesuffix(")")
            return True
        if match := _RECIPIENT.fullmatch(line):
            if self._counted:
                self._tally.add_recipient(match[1], self._reason)
            return True
        return False


def _age(now: datetime, month: str, day: int, hour: int, minute: int) -> float | None:
    """Seconds since the latest such minute; None if there is no such date."""
    if month not in _MONTHS:
        return None
    for year in range(now.year + 1, now.year - 9, -1):
        try:
            moment = datetime(year, _MONTHS.index(month) + 1, day, hour, minute)
        except ValueError:
            continue  # the 29th of February, or no date at all
        # A clock that was set back does not make a message a year old.
        if moment <= now + timedelta(days=1):
            return max(0.0, (now - moment).total_seconds())
    return None
