"""How many round trips to the server each check takes: wall time over a slow link.

Rule: what is measured is a whole run of an installed executable against a real server over real
TCP. A run is taken off one at twice the round-trip time, so that start-up, the server's own work
and what is done while the server is waited for do not count. Needs root and /dev/net/tun. Exits 1
when a check takes too many.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import installed, smtp_server
from bench.delayed_link import SERVER_ADDRESS, TUN, DelayedLink


class Case(NamedTuple):
    """A command and the round trips that it should take.

    `expected` is the least a polite client can do with TLS 1.3: one each for connect, TLS (with
    STARTTLS one more to ask for it), greeting, every EHLO, AUTH, MAIL, RCPT and RSET where the
    server has no PIPELINING, as this one, DATA, the message, and QUIT. Under TLS the client's last
    handshake flight shares a round trip with what comes next.
    """

    executable: str
    option: str
    expected: int

    def __str__(self) -> str:
        """The command as people would type it, without host and port."""
        return f"{self.executable} {self.option}".rstrip()


CASES = (
    Case("check_smtp_banner", "", 3),
    Case("check_smtp_ehlo", "", 4),
    Case("check_smtp_ehlo", "--starttls", 7),
    Case("check_smtp_banner", "--tls", 4),
    Case("check_smtp_ehlo", "--tls", 5),
    Case("check_smtp_starttls", "", 7),
    Case("check_smtp_cert", "--no-verify", 6),
    Case("check_smtp_rcpt", f"--accept postmaster@{smtp_server.NAME}", 7),
    Case("check_smtp_relay", "", 7),
    Case("check_smtp_auth", "", 8),
    Case("check_smtp_loop", "", 8),
)

ROOM = 0.5
"""How far above its expected round trips a case may be, because the machine may be busy."""


class Measurement(NamedTuple):
    """Medians of a case in milliseconds, at a round-trip time and at twice that."""

    case: Case
    once: float
    twice: float
    round_trips: float


def measure(
    case: Case, link: DelayedLink, ports: smtp_server.Ports, options: argparse.Namespace
) -> Measurement:
    """Run a case at both delays in turn, so that a drifting machine hits both alike."""
    port = ports.implicit_tls if case.option == "--tls" else ports.plain
    command = [*link.enter_client, str(options.bin / case.executable)]
    command += ["-H", SERVER_ADDRESS, "-p", str(port), "-t", "60"]
    command += case.option.split()
    command += options.login if case.executable == "check_smtp_auth" else []
    command += options.message if case.executable == "check_smtp_loop" else []
    installed.run(command)  # a warm-up, so that all bytecode is there
    walls: tuple[list[float], list[float]] = ([], [])
    for _ in range(options.runs):
        for times, seconds in enumerate(walls, 1):
            link.set_round_trip(times * options.rtt / 1000)
            seconds.append(_seconds(command))
    once, twice = (median(seconds) * 1000 for seconds in walls)
    return Measurement(case, once, twice, (twice - once) / options.rtt)


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    installed.run(command)
    return time.perf_counter() - start


def measure_all(options: argparse.Namespace) -> list[Measurement]:
    """Measure all cases, printing each as a row of a table."""
    print(
        f"{'command':<60}{f'ms at {options.rtt:g}':>11}{f'ms at {2 * options.rtt:g}':>11}"
        f"{'trips':>8}{'expected':>10}"
    )
    measurements = []
    with (
        DelayedLink() as link,
        smtp_server.running(SERVER_ADDRESS, link.enter_server) as ports,
        installed.refused_login() as options.login,
        installed.message_to_nobody() as options.message,
    ):
        for case in CASES:
            measured = measure(case, link, ports, options)
            measurements.append(measured)
            print(
                f"{case!s:<60}{measured.once:>11.1f}{measured.twice:>11.1f}"
                f"{measured.round_trips:>8.2f}{case.expected:>10}",
                flush=True,
            )
    return measurements


def as_json(measurements: list[Measurement], machine: str, options: argparse.Namespace) -> str:
    """The measurements as a JSON document."""
    rows = [
        {
            "command": str(each.case),
            "ms_at_rtt": round(each.once, 2),
            "ms_at_twice_the_rtt": round(each.twice, 2),
            "round_trips": round(each.round_trips, 3),
            "expected": each.case.expected,
        }
        for each in measurements
    ]
    document = {"machine": machine, "rtt_ms": options.rtt, "runs": options.runs, "rows": rows}
    return json.dumps(document, indent=2) + "\n"


def parse_options() -> argparse.Namespace:
    """The command line; wrong values, or the lack of root or tun, end the process with 2."""
    parser = argparse.ArgumentParser(prog="python -m bench.round_trips", description=__doc__)
    parser.add_argument(
        "--rtt", type=float, default=100.0, metavar="MS", help="round-trip time (%(default)g)"
    )
    parser.add_argument(
        "--runs", type=int, default=7, metavar="N", help="runs of each kind (%(default)s)"
    )
    installed.add_bin_option(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    options = parser.parse_args()
    if options.rtt <= 0 or options.runs < 1:
        parser.error("--rtt and --runs must be above 0")
    if os.geteuid() != 0 or not TUN.exists():
        parser.error(f"network namespaces and tun devices need root and {TUN}")
    return options


def main() -> int:
    """Measure and print; the exit code is 1 if the promise is broken."""
    options = parse_options()
    for number in (signal.SIGINT, signal.SIGTERM):  # leave by way of the clean-up
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    machine = installed.machine(options.bin)
    print(f"{machine}; medians of {options.runs} runs")
    measurements = measure_all(options)
    if options.json:
        options.json.write_text(as_json(measurements, machine, options), encoding="utf-8")
    failed = [each for each in measurements if each.round_trips > each.case.expected + ROOM]
    for each in failed:
        print(f"FAILED: {each.case} takes more than {each.case.expected} round trips")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
