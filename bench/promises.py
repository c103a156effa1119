"""What we promise of our figures beside those of our peers, and whether it is kept.

Rule: a figure that was not taken breaks no promise.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from bench.figures import Crowd, Far, Row

NO_DELAY = "STARTTLS, a server with TCP_NODELAY"
"""The question of STARTTLS, asked of a server that lets no answer wait for an acknowledgement."""


class Promise(NamedTuple):
    """A figure, and what it may be at most."""

    what: str
    figure: float
    at_most: float

    @property
    def kept(self) -> bool:
        """Whether the figure is within it."""
        return self.figure <= self.at_most


def _found(rows: Sequence[Row], question: str, label: str) -> Row | None:
    return next((row for row in rows if row.question == question and label in row.label), None)


def promises(
    rows: Sequence[Row], far: Sequence[Far], crowds: Sequence[Crowd], connect: float
) -> list[Promise]:
    """What was promised of the figures that were taken.

    `connect` are the milliseconds that a check tells of its connection on loopback: what is
    imported in the meantime must not be in them.
    """
    kept = []
    for question, limit in (("STARTTLS", 1.05), (NO_DELAY, 0.95), ("certificate", 0.85)):
        first = next((each for each in far if each.question == question), None)
        if first:
            kept.append(Promise(f"wall of {question} at 100 ms", first.wall_ratio, limit))
    ours = _found(rows, "certificate", "check_smtp_cert")
    rival = _found(rows, "certificate", "check_ssl_cert")
    if ours and rival:
        ratio = median(one / other for one, other in zip(ours.walls, rival.walls, strict=True))
        kept.append(Promise("wall of check_smtp_cert to check_ssl_cert", ratio, 0.15))
    kept += [
        Promise(f"CPU of each of {each.endpoints}, {each.question}", each.ratio, 0.4)
        for each in crowds
        if each.endpoints == 100
    ]
    for question in dict.fromkeys(each.question for each in crowds):
        walls = {each.endpoints: each.wall for each in crowds if each.question == question}
        ratio = walls[max(walls)] / walls[min(walls)]
        kept.append(Promise(f"wall of {max(walls)} endpoints to one, {question}", ratio, 2.0))
    implicit = _found(rows, "implicit TLS", "check_smtp_ehlo")
    if implicit:
        waited = implicit.wall.median - implicit.cpu.median
        kept.append(Promise("ms of waiting on loopback, implicit TLS", waited, 20.0))
    kept.append(Promise("ms of time_connect on loopback, STARTTLS", connect, 5.0))
    greeting = _found(rows, "greeting", "check_smtp_banner")
    if greeting:
        kept.append(Promise("MB at most, check_smtp_banner", greeting.peak * 1024 / 1e6, 20.0))
    return kept
