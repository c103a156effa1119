"""How many checks a node carries: the processor time of each check under a real Icinga 2.

Rule: what counts is all that the engine and its plugins use, as the kernel accounts for it, and
the engine's own work is part of it; the mail server runs in another process and does not count.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import trustme

from bench import installed
from demo.server import DemoServer, running
from tests.engines.conftest import contrib, free_port
from tests.engines.icinga2 import ALONE, Icinga2

CHECKS = ("banner", "ehlo", "starttls", "cert", "rcpt", "relay", "auth", "loop")
_TICKS = os.sysconf("SC_CLK_TCK")
_WARM_UP = 10.0
_SECONDS = 60.0  # over which Icinga 2 itself counts its checks

_CONFIGURATION = """
object Host "mx" {{
	check_command = "dummy"
	enable_active_checks = false
	address = "127.0.0.1"
	vars.smtp_port = {server.smtp}
	vars.smtp_cert_servername = "mail.example.com"
	vars.smtp_rcpt_accept = [ "postmaster@example.com" ]
	vars.smtp_cert_ca_file = "{server.ca_file}"
	vars.smtp_auth_servername = "mail.example.com"
	vars.smtp_auth_ca_file = "{server.ca_file}"
	vars.smtp_auth_user = "monitor@example.com"
	vars.smtp_auth_password_file = "{server.password_file}"
	vars.smtp_loop_recipient = "loop@example.com"
	vars.smtp_loop_maildir = "{server.maildir}"
	vars.smtp_loop_cleanup = "delete"
}}
for (number in range({services})) {{
	object Service "smtp-" + number use (number) {{
		host_name = "mx"
		check_command = "smtp_{check}"
		check_interval = {interval}
		retry_interval = {interval}
	}}
}}
"""


class Load(NamedTuple):
    """What a check costs: runs that were counted, milliseconds of processor time for each, and
    the mean seconds by which the engine was late with them."""

    check: str
    runs: int
    milliseconds: float
    latency: float

    def carried(self, interval: float, share: float) -> int:
        """How many services one core carries at an interval in seconds, with a share of it."""
        return int(interval * share * 1000 / self.milliseconds)


def processor_seconds(session: int) -> float:
    """What the processes of a session have used so far, with the children they waited for."""
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            ticks += sum(map(int, fields[11:15]))
    return ticks / _TICKS


def measure(check: str, server: DemoServer, plugins: Path, services: int, interval: float) -> Load:
    """Let an engine of its own run one check for so many services, and see what that takes."""
    settings = {"check": check, "services": services, "interval": interval, "server": server}
    configuration = [ALONE, contrib("icinga/check_smtp.conf"), _CONFIGURATION.format(**settings)]
    with TemporaryDirectory() as folder:
        engine = Icinga2(
            Path(folder), "bench", free_port(), trustme.CA(), plugins, "\n".join(configuration)
        )
        engine.start()
        try:
            time.sleep(_WARM_UP)
            before = processor_seconds(engine.session)
            time.sleep(_SECONDS)
            used = processor_seconds(engine.session) - before
            status = engine.api("GET", "/v1/status/CIB")["results"][0]["status"]
            states = engine.api("GET", "/v1/objects/services?attrs=state")["results"]
        finally:
            engine.stop()
    wrong = {each["attrs"]["state"] for each in states} - {0}
    if wrong:
        raise RuntimeError(f"smtp_{check}: not all services are OK: {wrong}")
    runs = int(status["active_service_checks_1min"])
    return Load(check, runs, used * 1000 / runs, status["avg_latency"])


def main() -> int:
    """Measure every check and print a table: 0."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    installed.add_bin_option(parser)
    parser.add_argument("--services", type=int, default=50, help="how many (%(default)s)")
    parser.add_argument("--interval", type=float, default=10, help="seconds (%(default)s)")
    given = parser.parse_args()
    print(installed.machine(given.bin))
    print(f"{given.services} services each, every {given.interval:g} s, for {_SECONDS:g} s\n")
    print("| check | runs | ms of processor time | mean latency in ms | carried by half a core |")
    print("|---|---|---|---|---|")
    with running() as server:
        for check in CHECKS:
            load = measure(check, server, given.bin, given.services, given.interval)
            print(
                f"| `check_smtp_{check}` | {load.runs} | {load.milliseconds:.0f} "
                f"| {load.latency * 1000:.0f} | {load.carried(300, 0.5)} every 5 min |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
