"""What the checks of a run said: one line of text for each check.

Rule: a line is kept as it was printed, so that a picture can be drawn anew and compared with it.
"""

import hashlib
import math
import re
from pathlib import Path
from typing import NamedTuple

PHASES = ("connect", "greeting", "ehlo", "starttls", "tls", "ehlo_tls")
"""The phases of check_smtp_starttls on an address, in their order."""

_FINDING = re.compile(r"SMTP_\w+ [A-Z]+ - \S+ ([a-z-]+): ")
_LINE = re.compile(r"(\d\d):(\d\d) +(\d+) +([0-3]) (.+)")


class Check(NamedTuple):
    """One check: its minute of the day, the load at that time, its exit code, and its line.

    The load is the number of clients that were sending mail at the same time.
    """

    minute: int
    load: int
    state: int
    line: str

    @property
    def finding(self) -> str:
        """The worst finding that the line names, or nothing."""
        found = _FINDING.match(self.line)
        return found[1] if found and self.state else ""

    @property
    def limit(self) -> float:
        """The milliseconds above which the whole time is a WARNING; infinite without any."""
        found = re.search(r" time=[\d.]+s;([\d.]+);", self.line)
        return float(found[1]) * 1000 if found else math.inf

    def milliseconds(self, phase: str) -> float:
        """How long a phase took by the perfdata; 0 for one that was not finished."""
        found = re.search(rf" time_{phase}=([\d.]+)s;", self.line)
        return float(found[1]) * 1000 if found else 0.0


def text_of(checks: list[Check], heading: str) -> str:
    """A file with these checks; the lines of the heading are comments."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    for each in checks:
        hour, minute = divmod(each.minute, 60)
        lines.append(f"{hour:02}:{minute:02} {each.load:3} {each.state} {each.line}")
    return "\n".join(lines) + "\n"


def read(path: Path) -> list[Check]:
    """The checks of a file. ValueError for a line that is none."""
    checks = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"no check: {line}")
        hour, minute, load, state, said = found.groups()
        checks.append(Check(int(hour) * 60 + int(minute), int(load), int(state), said))
    return checks


def digest(path: Path) -> str:
    """What a picture says in itself about the file that it was drawn from: its SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
