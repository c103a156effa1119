"""Our checks beside their peers, in one run against the same Postfix: what each question costs.

Rule: contenders run in turn and ratios are pair by pair, so that other work on the machine hits
all alike; medians are told with the range of eight tenths. As root on Debian it installs the
peers; those that cannot be had are left out. Exits 1 when a promise is broken.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench import blackbox, installed, postfix, smtp_server
from bench.delayed_link import CLIENT_ADDRESS, SERVER_ADDRESS, TUN, DelayedLink
from bench.figures import Crowd, Far, Row, print_crowds, print_far, print_rows
from bench.peers import PACKAGES, Question, Where, questions
from bench.process import Run, Spread, in_turn, peak_kib, spread
from bench.promises import NO_DELAY, promises
from tests.engines.debian import missing

LOOPBACK = "127.0.0.1"
ROUND_TRIPS_MS = (0, 20, 100)
ENDPOINTS = (1, 10, 100)


def ratios(ours: Sequence[Run], reference: Sequence[Run], what: str) -> list[float]:
    """The ratios of runs of the same round: of `cpu` or `wall`."""
    pairs = zip(ours, reference, strict=True)
    return [getattr(one, what) / getattr(other, what) for one, other in pairs]


def measure_near(question: Question, rounds: int) -> list[Row]:
    """All contenders of a question on loopback."""
    contenders = question.contenders
    runs = in_turn([each.command for each in contenders], rounds)
    reference = runs[min(1, len(runs) - 1)]
    return [
        Row(
            question.name,
            contender.label,
            tuple(run.wall * 1000 for run in done),
            spread([run.cpu * 1000 for run in done]),
            spread([run.wall * 1000 for run in done]),
            peak_kib(contender.command),
            spread(ratios(done, reference, "cpu")),
            spread(ratios(done, reference, "wall")),
        )
        for contender, done in zip(contenders, runs, strict=True)
    ]


def connect_milliseconds(question: Question, rounds: int) -> float:
    """What our check tells of the time of its connection."""
    command = question.contenders[0].command
    seconds = []
    for _ in range(rounds):
        told = installed.run(command).stdout
        seconds.append(float(told.partition("time_connect=")[2].partition("s;")[0]))
    return median(seconds) * 1000


def measure_far(
    question: Question, link: DelayedLink, rounds: int, delays: Sequence[int]
) -> list[Far]:
    """All contenders of a question over a slow link, for each round-trip time."""
    inside = [(*link.enter_client, *each.command) for each in question.contenders]
    walls: list[dict[int, list[Run]]] = [{} for _ in inside]
    for delay in delays:
        link.set_round_trip(delay / 1000)
        for wall, runs in zip(walls, in_turn(inside, rounds), strict=True):
            wall[delay] = runs
    link.set_round_trip(0)
    longest, shortest = max(delays), min(delays)
    reference = walls[min(1, len(walls) - 1)][longest]
    far = []
    for contender, wall in zip(question.contenders, walls, strict=True):
        medians = {delay: median(run.wall * 1000 for run in runs) for delay, runs in wall.items()}
        trips = (medians[longest] - medians[shortest]) / (longest - shortest)
        ratio = median(ratios(wall[longest], reference, "wall"))
        far.append(Far(question.name, contender.label, medians, trips, ratio))
    return far


def measure_crowd(
    question: Question, where: Where, count: int, rounds: int, prefix: Sequence[str] = ()
) -> Crowd:
    """Our check of so many endpoints in one run, beside as many runs of its peer."""
    ours, peer = question.contenders[:2]
    command = [*prefix, *ours.command]
    command[command.index("-H") + 1] = ",".join(endpoint(where.address, n) for n in range(count))
    crowd, one = in_turn([command, [*prefix, *peer.command]], rounds)
    ratio = median(ratios(crowd, one, "cpu")) / count
    cpu = median(run.cpu for run in crowd) * 1000 / count
    return Crowd(question.name, count, cpu, median(run.wall for run in crowd) * 1000, ratio)


def endpoint(address: str, number: int) -> str:
    """The address of an endpoint: those after the server's own."""
    head, _, last = address.rpartition(".")
    return f"{head}.{int(last) + number}"


def parse_options() -> argparse.Namespace:
    """The command line; wrong values, or the lack of root, end the process with 2."""
    parser = argparse.ArgumentParser(prog="python -m bench.side_by_side", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="%(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    installed.add_bin_option(parser)
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be above 0")
    if os.geteuid() != 0 or not TUN.exists():
        parser.error(f"Postfix, network namespaces and tun devices need root and {TUN}")
    return options


def main() -> int:
    """Measure, print, and write; the exit code is 1 if a promise is broken."""
    options = parse_options()
    for number in (signal.SIGINT, signal.SIGTERM):  # leave by way of the clean-up
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    for package in PACKAGES:
        if reason := missing(package):
            print(f"left out: {reason}")
    machine = installed.machine(options.bin)
    print(f"{machine}; medians of {options.rounds} rounds")
    rows: list[Row] = []
    with postfix.running(LOOPBACK) as where:
        for question in questions(where, options.bin):
            asked = measure_near(question, options.rounds)
            rows += asked
            print_rows(asked)
        (starttls,) = (each for each in questions(where, options.bin) if each.name == "STARTTLS")
        connect = connect_milliseconds(starttls, options.rounds)
        resident = blackbox.measure(where)
        if resident:
            print(
                f"\nblackbox_exporter, resident: {resident:.2f} ms of CPU for each STARTTLS probe"
            )
    far, crowds = _far_and_many(options)
    kept = promises(rows, far, crowds, connect)
    print()
    for promise in kept:
        word = "kept" if promise.kept else "BROKEN"
        print(f"{word:<7} {promise.what}: {promise.figure:.2f} (at most {promise.at_most:g})")
    if options.json:
        document = {
            "machine": machine,
            "rounds": options.rounds,
            "rows": [_plain(row) for row in rows],
            "far": [each._asdict() for each in far],
            "crowds": [each._asdict() for each in crowds],
            "promises": [each._asdict() for each in kept],
        }
        text = json.dumps(document, indent=2) + "\n"
        options.json.write_text(text, encoding="utf-8")
    return 0 if all(promise.kept for promise in kept) else 1


def _plain(row: Row) -> dict[str, object]:
    pairs = row._asdict().items()
    return {name: value._asdict() if isinstance(value, Spread) else value for name, value in pairs}


def _far_and_many(options: argparse.Namespace) -> tuple[list[Far], list[Crowd]]:
    """What is measured over the slow link."""
    far: list[Far] = []
    crowds: list[Crowd] = []
    rounds = options.rounds
    with DelayedLink(addresses=max(ENDPOINTS)) as link:
        server = postfix.running(SERVER_ADDRESS, link.enter_server, "all")
        with server as where:
            for question in questions(where, options.bin):
                asked = measure_far(question, link, rounds, ROUND_TRIPS_MS)
                far += asked
                print_far(asked)
            by_name = {each.name: each for each in questions(where, options.bin)}
            link.set_round_trip(0.1)
            for name in ("greeting", "STARTTLS"):
                crowds += [
                    measure_crowd(by_name[name], where, count, 3, link.enter_client)
                    for count in ENDPOINTS
                ]
            print_crowds(crowds, f"over 100 ms from {CLIENT_ADDRESS}")
        with smtp_server.running(SERVER_ADDRESS, link.enter_server) as ports:
            there = Where(SERVER_ADDRESS, *ports, smtp_server.NAME, ca_file="")
            asked = measure_far(_without_delay(there, options.bin), link, rounds, ROUND_TRIPS_MS)
            far += asked
            print_far(asked)
    return far, crowds


def _without_delay(where: Where, bin: Path) -> Question:
    """STARTTLS once more, of those that need no authority's certificate for it."""
    question = next(each for each in questions(where, bin) if each.name == "STARTTLS")
    return question._replace(name=NO_DELAY, contenders=question.contenders[:2])


if __name__ == "__main__":
    sys.exit(main())
