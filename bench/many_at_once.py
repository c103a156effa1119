"""Many checks at once against one server, as an engine with many services starts them.

Rule: the time of a check is counted from its `main`, as its own deadline is; what starting Python
takes before is the machine's. Exits 1 when a check is not OK or outlasts its deadline.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import installed
from demo.server import HOST_NAME, DemoServer, running

OVERRUN = 0.2
"""What a run may last beyond its deadline, in seconds."""

_PATIENCE = 120.0

# What the executables do, and at their end a note on standard error.
_NOTED = """
import os, resource, sys, time
from {package} import {name} as main

def size(file, name):
    with open("/proc/self/" + file) as lines:
        return next(line.split()[1] for line in lines if line.startswith(name + ":"))

def noted(code):
    seconds = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        seconds,
        used.ru_utime + used.ru_stime,
        size("status", "VmHWM"),
        size("smaps_rollup", "Pss"),
        file=sys.stderr,
    )
    sys.stderr.flush()
    leave(code)

leave, os._exit = os._exit, noted
started = time.monotonic()
main()
"""


class Run(NamedTuple):
    """One check: exit code, output, seconds from its `main`, and what it took.

    `processor` is in seconds, start of Python included; `peak` and `share` are KiB: the most that
    was resident, and its own part of what was at the end, where pages are shared with others.
    """

    code: int
    output: str
    seconds: float
    processor: float
    peak: int
    share: int


def at_once(check: str, arguments: Sequence[str], count: int, folder: Path) -> list[Run]:
    """Start a check (`banner`, ...) so many times, without waiting, and see each to its end."""
    package = "check_smtp_tls" if check in ("starttls", "cert") else "check_smtp_handshake"
    code = _NOTED.format(package=package, name=f"check_smtp_{check}")
    command = [str(folder / "python"), "-c", code, *arguments]
    started = [
        subprocess.Popen(  # noqa: S603 - the command is ours
            command,
            env=installed.ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    return [_run(each) for each in started]


def _run(process: "subprocess.Popen[str]") -> Run:
    output, notes = process.communicate(timeout=_PATIENCE)
    fields = notes.split()
    if len(fields) != 4:
        raise RuntimeError(f"a check left no note but: {notes.strip()}")
    seconds, processor, peak, share = fields
    return Run(
        process.returncode,
        output.removesuffix("\n"),
        float(seconds),
        float(processor),
        int(peak),
        int(share),
    )


def failures(runs: Sequence[Run], timeout: float) -> list[str]:
    """What went wrong in these runs, a line each."""
    wrong = [f"FAILED: {each.output}" for each in runs if each.code != 0]
    late = [each.seconds for each in runs if each.seconds > timeout + OVERRUN]
    return wrong + [f"FAILED: a check took {seconds:.2f} s" for seconds in late]


def measure(check: str, count: int, server: DemoServer, options: argparse.Namespace) -> list[str]:
    """Run a check so many times at once and print the row of a table: what went wrong."""
    arguments = ["-H", "127.0.0.1", "-p", str(server.smtp), "-t", f"{options.timeout:g}"]
    if check == "cert":
        arguments += ["--servername", HOST_NAME, "--ca-file", server.ca_file]
    began = time.monotonic()
    runs = at_once(check, arguments, count, options.bin)
    took = time.monotonic() - began
    seconds = [each.seconds for each in runs]
    print(
        f"| `check_smtp_{check}` | {count} | {took:.1f} "
        f"| {median(seconds):.2f} | {max(seconds):.2f} "
        f"| {median(each.processor for each in runs) * 1000:.0f} "
        f"| {median(each.peak for each in runs) / 1024:.0f} "
        f"| {median(each.share for each in runs) / 1024:.1f} |",
        flush=True,
    )
    return failures(runs, options.timeout)


def parse_options() -> argparse.Namespace:
    """The command line; wrong values end the process with 2."""
    parser = argparse.ArgumentParser(prog="python -m bench.many_at_once", description=__doc__)
    parser.add_argument(
        "--banners", type=int, default=200, metavar="N", help="check_smtp_banner (%(default)s)"
    )
    parser.add_argument(
        "--certificates", type=int, default=20, metavar="N", help="check_smtp_cert (%(default)s)"
    )
    parser.add_argument(
        "--timeout", type=float, default=8, metavar="SECONDS", help="of each run (%(default)g)"
    )
    installed.add_bin_option(parser)
    options = parser.parse_args()
    if options.banners < 1 or options.certificates < 1 or options.timeout <= 0:
        parser.error("--banners, --certificates and --timeout must be above 0")
    return options


def main() -> int:
    """Measure and print; the exit code is 1 if a check was not OK or outlasted its deadline."""
    options = parse_options()
    print(f"{installed.machine(options.bin)}; -t {options.timeout:g}\n")
    print("| check | at once | s for all | median s | slowest s | CPU ms | peak MiB | share MiB |")
    print("|---|---|---|---|---|---|---|---|")
    failed = []
    with running() as server:
        for check, count in (("banner", options.banners), ("cert", options.certificates)):
            measure(check, 1, server, options)
            failed += measure(check, count, server, options)
    print(*failed, sep="\n", end="\n" if failed else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
