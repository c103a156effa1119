"""How many instructions a run takes, against the bare import of what it is built on.

Rule: instructions in user space are counted, not time, because they repeat to some thousandths
even on a busy machine. Needs valgrind; without it nothing is measured and that is no failure.
Exits 1 when check_smtp_banner takes too many.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench import installed, smtp_server

LOOPBACK = "127.0.0.1"

FLOOR = "import nagiosplugin"
"""What any plugin that is built on nagiosplugin imports at least."""

CERTIFICATE_FLOOR = "import nagiosplugin, OpenSSL.SSL"
"""What a check of certificates imports that is built on nagiosplugin and pyOpenSSL."""

GUARDED = "check_smtp_banner"
MOST_OF_FLOOR = 1.0
"""The promise: what GUARDED may take, as a multiple of the floor."""


class Measurement(NamedTuple):
    """A command as people would type it, and the median of its instructions."""

    label: str
    instructions: float


def count(python_arguments: Sequence[str], options: argparse.Namespace) -> float:
    """The median of the instructions that the measured Python takes with these arguments."""
    command = [str(options.bin / "python"), *python_arguments]
    installed.run(command)  # a warm-up, so that all bytecode is there
    return median(_count_once(command) for _ in range(options.runs))


def _count_once(command: Sequence[str]) -> int:
    callgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    report = installed.run([*callgrind, *command]).stderr
    counted = re.search(r"Collected : (\d+)", report)
    if counted is None:
        raise RuntimeError(f"callgrind told no number: {report.strip()}")
    return int(counted[1])


def measure_all(options: argparse.Namespace) -> list[Measurement]:
    """Measure the floor and then the checks, printing each as a row of a table."""
    print(f"{'command':<56}{'M instr.':>9}{'ratio':>7}")
    measurements: list[Measurement] = []

    def measure(label: str, python_arguments: Sequence[str]) -> None:
        measured = Measurement(label, count(python_arguments, options))
        measurements.append(measured)
        ratio = measured.instructions / measurements[0].instructions
        print(f"{label:<56}{measured.instructions / 1e6:>9.1f}{ratio:>7.2f}", flush=True)

    with (
        smtp_server.running(LOOPBACK) as ports,
        installed.refused_login() as login,
        installed.message_to_nobody() as message,
    ):
        # Generous, because under valgrind everything takes fifty times as long.
        where = ["-H", LOOPBACK, "-p", str(ports.plain), "-t", "120"]
        measure(f'python -I -c "{FLOOR}"', ["-I", "-c", FLOOR])
        measure(GUARDED, [str(options.bin / GUARDED), *where])
        ehlo = str(options.bin / "check_smtp_ehlo")
        measure("check_smtp_ehlo", [ehlo, *where])
        measure("check_smtp_ehlo --starttls", [ehlo, *where, "--starttls"])
        measure("check_smtp_starttls", [str(options.bin / "check_smtp_starttls"), *where])
        measure(f'python -I -c "{CERTIFICATE_FLOOR}"', ["-I", "-c", CERTIFICATE_FLOOR])
        cert = str(options.bin / "check_smtp_cert")
        measure("check_smtp_cert --no-verify", [cert, *where, "--no-verify"])
        recipient = ["--accept", f"postmaster@{smtp_server.NAME}"]
        measure("check_smtp_rcpt", [str(options.bin / "check_smtp_rcpt"), *where, *recipient])
        measure("check_smtp_relay", [str(options.bin / "check_smtp_relay"), *where])
        measure("check_smtp_auth", [str(options.bin / "check_smtp_auth"), *where, *login])
        measure("check_smtp_loop", [str(options.bin / "check_smtp_loop"), *where, *message])
    # What the program takes that lists the queue is not counted.
    with TemporaryDirectory() as folder:
        queue = [str(options.bin / "check_smtp_queue"), "--command", _lister(folder), "-t", "120"]
        measure("check_smtp_queue", queue)
    return measurements


def _lister(folder: str) -> str:
    """A program that lists an empty queue."""
    path = Path(folder) / "postqueue"
    path.write_text("#!/bin/sh\n", encoding="ascii")
    path.chmod(0o755)
    return str(path)


def parse_options() -> argparse.Namespace:
    """The command line; wrong values end the process with 2."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=3, metavar="N", help="counted runs of each (%(default)s)"
    )
    installed.add_bin_option(parser)
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be above 0")
    return options


def main() -> int:
    """Measure and print; the exit code is 1 if the promise is broken."""
    options = parse_options()
    if shutil.which("valgrind", path=installed.ENVIRONMENT["PATH"]) is None:
        print("valgrind is not installed; nothing was measured")
        return 0
    print(f"{installed.machine(options.bin)}; medians of {options.runs} runs")
    floor, guarded, *_ = measure_all(options)
    if guarded.instructions > MOST_OF_FLOOR * floor.instructions:
        print(f"FAILED: {GUARDED} takes more than {MOST_OF_FLOOR} times the floor")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
