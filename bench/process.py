"""What one process costs: processor time, wall time and memory, its children included.

Rule: nothing is inherited (see installed.py), and commands that are compared run in turn, so that
a drifting machine hits all alike; a ratio is that of two runs of the same round.
"""

import os
import subprocess
import time
from collections.abc import Sequence
from statistics import median, quantiles
from typing import NamedTuple

from bench import installed


class Run(NamedTuple):
    """One run: seconds of processor time (user and system), and seconds on the wall."""

    cpu: float
    wall: float


class Spread(NamedTuple):
    """The median of some figures, and between what eight tenths of them lie."""

    median: float
    low: float
    high: float


def spread(figures: Sequence[float]) -> Spread:
    """The spread of figures; of a single one, that one."""
    if len(figures) < 2:
        return Spread(figures[0], figures[0], figures[0])
    tenths = quantiles(figures, n=10, method="inclusive")
    return Spread(median(figures), tenths[0], tenths[-1])


def run_once(command: Sequence[str], states: Sequence[int] = (0,)) -> Run:
    """Run a command once. RuntimeError unless it exits with one of these states."""
    with open(os.devnull, "r+b") as nothing:
        files = [(os.POSIX_SPAWN_DUP2, nothing.fileno(), number) for number in range(3)]
        start = time.perf_counter()
        process = os.posix_spawnp(
            command[0], list(command), installed.ENVIRONMENT, file_actions=files
        )
        _, status, used = os.wait4(process, 0)
        wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in states:
        raise RuntimeError(f"{' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}")
    return Run(used.ru_utime + used.ru_stime, wall)


def in_turn(
    commands: Sequence[Sequence[str]], rounds: int, states: Sequence[int] = (0,)
) -> list[list[Run]]:
    """Run commands in turn, after a warm-up of each: the runs of each command."""
    runs: list[list[Run]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for command, done in zip(commands, runs, strict=True):
            run = run_once(command, states)
            if number:
                done.append(run)
    return runs


def peak_kib(command: Sequence[str]) -> int:
    """The most memory that was resident, in KiB; by GNU time, whose own is little."""
    done = subprocess.run(  # noqa: S603 - the command is ours
        ["/usr/bin/time", "--format=%M", "--quiet", *command],
        env=installed.ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return int(done.stderr.split()[-1])
