"""Servers that fall silent, drip or pause, at each phase and TLS record; installed executables."""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import NamedTuple

import pytest

from tests import fault_page
from tests.fault_proxy import Fault, Kind
from tests.fault_sessions import IN_TLS, PLAIN, SERVER_HELLO, Case, Piece, at, fact
from tests.fault_sweep import Rig, Seen, assert_right

SECONDS = 2.0
"""The `-t` of runs that are to end by it; long enough to come to the fault on a busy machine."""

OVERRUN = 3.0
"""What a busy machine may take to start an executable and to end it."""

TRIES = 5
"""A busy machine may need all of the seconds before the fault, or longer to wake than the watchdog
waits, which knows the phase and no more."""

PAUSE = 0.3


class Known(NamedTuple):
    """A case, what lies where in its session, and what comes of it undisturbed."""

    case: Case
    pieces: list[Piece]
    whole: Seen


class Run(NamedTuple):
    """What came of one run, and how long it took."""

    known: Known
    fault: Fault
    seen: Seen
    output: str
    seconds: float


@pytest.fixture(scope="module")
def all_known() -> list[Known]:
    known = []
    for case in (*PLAIN, *IN_TLS):
        with Rig(case) as rig:
            known.append(Known(case, rig.pieces(), rig.run(Fault())))
    return known


def runs(
    all_known: Sequence[Known], fault: Callable[[Piece], Fault], seconds: float
) -> Iterator[Run]:
    """One run for each piece of each session, many at once because they mostly wait."""

    def run(known: Known, fault: Fault) -> Run:
        with Rig(known.case, seconds) as rig:
            for _ in range(TRIES):
                started = monotonic()
                code, output = rig.execute(fault)
                took = monotonic() - started
                seen = Run(known, fault, rig.seen(code, output), output, took)
                if code == 0 or is_right(seen):
                    break
            return seen

    with ThreadPoolExecutor(12) as pool:
        jobs = [
            pool.submit(run, known, fault(piece)) for known in all_known for piece in known.pieces
        ]
        yield from (job.result() for job in jobs)


def assert_told_right(run: Run) -> None:
    assert_right(run.known.case, run.seen, run.known.whole, run.fault, run.known.pieces)


def is_right(run: Run) -> bool:
    try:
        assert_told_right(run)
    except AssertionError:
        return False
    return True


def assert_ended_right(run: Run) -> None:
    assert run.seconds < SECONDS + OVERRUN, run
    assert_told_right(run)


def test_silence_before_any_piece_ends_in_time_and_names_its_phase(
    all_known: list[Known],
) -> None:
    said = []
    for run in runs(all_known, lambda piece: Fault(Kind.SILENCE, piece.start), SECONDS):
        assert_ended_right(run)
        place = next(each for each in run.known.pieces if each.start == run.fault.at).name
        text = re.sub(r"within [\d.]+ s(, which was left of 2 s)?", "within T s", run.seen.text)
        said.append((str(run.known.case), place, text))
    fault_page.compare(fault_page.SILENCE, fault_page.of_silence(said))


def test_silence_within_any_piece_ends_in_time_and_names_its_phase(
    all_known: list[Known],
) -> None:
    for run in runs(
        all_known, lambda piece: Fault(Kind.SILENCE, (piece.start + piece.end) // 2), SECONDS
    ):
        assert_ended_right(run)


def test_octets_that_drip_end_in_time_and_name_their_phase(all_known: list[Known]) -> None:
    for run in runs(all_known, lambda piece: Fault(Kind.DRIP, piece.start, 0.2), SECONDS):
        assert_ended_right(run)


def test_a_pause_changes_nothing_but_the_time_of_its_phase(all_known: list[Known]) -> None:
    for run in runs(all_known, lambda piece: Fault(Kind.DELAY, piece.start, PAUSE), 20):
        assert run.seen == run.known.whole, run
        if run.fault.at < counted_until(run):
            total = re.search(r"\btime=([\d.]+)s", run.output)
            assert total is not None
            assert float(total[1]) >= PAUSE, run


def counted_until(run: Run) -> int:
    """After how many octets a pause is no more in the reported time.

    It ends with the check's fact; and our own imports, which are in no time, lie in the pause
    before the handshake.
    """
    piece = at(run.fault.at, run.known.pieces)
    assert piece is not None
    return piece.start if piece.name == SERVER_HELLO else fact(run.known.case, run.known.pieces)
