"""As many checks as a day has, of a server whose load changes: writes docs/pictures/day.txt.

Rule: every line of the file was printed by the installed check, which asked a real server. Only
the clock is made up: the checks run one right after the other, and count as five minutes apart.
"""

import math
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from demo.pictures import network
from demo.pictures.exim import PACKAGE, WELL, Exim
from demo.pictures.load import Load
from demo.pictures.record import Check, text_of
from tests import chains
from tests.engines.debian import missing

FILE = Path(__file__).parent.parent.parent / "docs/pictures/day.txt"
INTERVAL = 5
"""Minutes between two checks of a service in contrib/."""

_ADDRESS = "192.0.2.25"
_CHECK = "check_smtp_starttls"
_OPTIONS = ("-H", _ADDRESS, "-w", "0.2", "-c", "2")
_MOST_SESSIONS = 40
_OUTAGE = range(5 * 60, 5 * 60 + 40)
_NEWSLETTER = range(19 * 60, 19 * 60 + 30)
_IDLERS = range(21 * 60 + 30, 22 * 60)
_SETTLING = 0.25
"""Seconds after which the server feels a change."""

_SETTINGS = f"""{WELL}
smtp_accept_max = {_MOST_SESSIONS}
smtp_accept_queue = 0
smtp_connect_backlog = 100
"""

_HEADING = f"""\
{{count}} checks of Exim on a loopback address, run one right after the other: not a day.
Each counts as five minutes after the one before. The line is what this command printed:

    {_CHECK} {" ".join(_OPTIONS)}

The server is down from 05:00 to 05:40, much mail comes from 19:00 to 19:30, and from 21:30 to
22:00 a client holds all {_MOST_SESSIONS} sessions that the server allows.

time, clients that were sending mail meanwhile, exit code, line
"""


def clients(minute: int) -> int:
    """How many clients send mail at a minute of the day."""
    if minute in _NEWSLETTER:
        return 80
    morning = 34 * math.exp(-(((minute - 630) / 110) ** 2))
    afternoon = 28 * math.exp(-(((minute - 920) / 130) ** 2))
    return round(2 + morning + afternoon)


def run() -> list[Check]:
    """Run the checks of a day; needs root and Exim."""
    network.leave_for(_ADDRESS)
    plugin = Path(sys.executable).parent / _CHECK
    checks = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        leaf = chains.LEAF._replace(key="rsa2048")
        server = Exim(
            folder / "exim",
            chains.HOST,
            _ADDRESS,
            _SETTINGS,
            leaf,
            cpu=min(os.sched_getaffinity(0)),
        )
        server.start()
        try:
            with Load(_ADDRESS) as load, ExitStack() as idlers:
                for minute in range(0, 24 * 60, INTERVAL):
                    if minute == _OUTAGE.start:
                        server.stop()
                    if minute == _OUTAGE.stop:
                        server.start()
                    if minute == _IDLERS.start:
                        for _ in range(_MOST_SESSIONS):
                            idlers.enter_context(socket.create_connection((_ADDRESS, 25)))
                    if minute == _IDLERS.stop:
                        idlers.close()
                    load.set(clients(minute))
                    time.sleep(_SETTLING)
                    checks.append(_check(plugin, minute, load.clients))
        finally:
            server.stop()
    return checks


def _check(plugin: Path, minute: int, load: int) -> Check:
    done = subprocess.run(
        [plugin, *_OPTIONS],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Check(minute, load, done.returncode, done.stdout.rstrip("\n"))


def main() -> int:
    """Write the file: 0, or 1 where something is missing."""
    reason = missing(PACKAGE, "iproute2") or network.denied()
    if reason:
        print(reason, file=sys.stderr)
        return 1
    checks = run()
    FILE.write_text(text_of(checks, _HEADING.format(count=len(checks))), encoding="utf-8")
    print(f"{FILE}: {len(checks)} checks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
