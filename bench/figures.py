"""What was measured side by side, and how it is shown: a table for each question.

Rule: a ratio is that of runs of the same round, and its median is told with its spread.
"""

from collections.abc import Sequence
from typing import NamedTuple

from bench.process import Spread


class Row(NamedTuple):
    """What a contender cost: milliseconds, KiB, and pairwise ratios to the reference.

    `walls` are those of its rounds, in their order.
    """

    question: str
    label: str
    walls: tuple[float, ...]
    cpu: Spread
    wall: Spread
    peak: int
    cpu_ratio: Spread
    wall_ratio: Spread


class Far(NamedTuple):
    """Milliseconds on the wall of a contender by the round-trip time, and the round trips."""

    question: str
    label: str
    wall: dict[int, float]
    round_trips: float
    wall_ratio: float


class Crowd(NamedTuple):
    """So many endpoints in one run: milliseconds in all, and of processor time for each.

    `ratio` is that to the processor time of as many runs of a peer.
    """

    question: str
    endpoints: int
    cpu: float
    wall: float
    ratio: float


def print_rows(rows: Sequence[Row]) -> None:
    """A question as a table."""
    print(f"\n== {rows[0].question}")
    columns = ("CPU ms", "(8/10)", "wall ms", "(8/10)", "CPU ratio", "(8/10)", "wall", "(8/10)")
    print(f"{'':<44}{'MiB':>6}{_in_columns(columns)}")
    for row in rows:
        cells = [*_told(row.cpu, 1), *_told(row.wall, 1)]
        cells += [*_told(row.cpu_ratio, 2), *_told(row.wall_ratio, 2)]
        print(f"{row.label[:43]:<44}{row.peak / 1024:>6.1f}{_in_columns(cells)}", flush=True)


def _told(figure: Spread, digits: int) -> tuple[str, str]:
    low, middle, high = (f"{each:.{digits}f}" for each in (figure.low, figure.median, figure.high))
    return middle, f"{low}..{high}"


def _in_columns(cells: Sequence[str]) -> str:
    return "".join(f"{cell:>{16 if number % 2 else 10}}" for number, cell in enumerate(cells))


def print_far(far: Sequence[Far]) -> None:
    """A question over a slow link as a table."""
    print(f"\n== {far[0].question}, by the round-trip time")
    delays = list(far[0].wall)
    head = "".join(f"{f'at {delay} ms':>11}" for delay in delays)
    print(f"{'':<44}{head}{'trips':>7}{'ratio':>7}")
    for row in far:
        walls = "".join(f"{row.wall[delay]:>11.1f}" for delay in delays)
        line = f"{row.label[:43]:<44}{walls}{row.round_trips:>7.2f}{row.wall_ratio:>7.2f}"
        print(line, flush=True)


def print_crowds(crowds: Sequence[Crowd], where: str) -> None:
    """Many endpoints in one run as a table."""
    print(f"\n== many endpoints in one run, {where}")
    print(f"{'':<16}{'endpoints':>10}{'wall ms':>9}{'CPU ms each':>13}{'of a peer':>11}")
    for each in crowds:
        print(
            f"{each.question:<16}{each.endpoints:>10}{each.wall:>9.1f}{each.cpu:>13.2f}"
            f"{each.ratio:>11.2f}",
            flush=True,
        )
