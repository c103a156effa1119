"""Run the installed checks against the demo server, as a monitoring engine would.

Prints each command line, the output, and the exit state. Exits 1 if a state is not the right one.
"""

import os
import shlex
import subprocess
import sys
from typing import NamedTuple

from demo.server import running

_STATES = {0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN"}
_BIN = os.path.dirname(sys.executable)


class Example(NamedTuple):
    """A check's arguments after the host, the port they are for, and the right exit code."""

    port: str
    command: str
    code: int


_HEALTHY = (
    Example("smtp", "check_smtp_banner -w 2 -c 5", 0),
    Example("smtp", "check_smtp_banner --expect ESMTP --expect-host mail.example.com", 0),
    Example("smtp", "check_smtp_ehlo --require STARTTLS,8BITMIME --min-size 10000000", 0),
    Example("smtp", "check_smtp_ehlo --starttls --require-auth PLAIN -vv", 0),
    Example("smtps", "check_smtp_ehlo --tls", 0),
)
_IN_TROUBLE = (
    Example("busy", "check_smtp_banner", 2),
    Example("smtp", "check_smtp_ehlo --forbid HELP", 1),
    Example("smtp", "check_smtp_ehlo --require CHUNKING", 2),
    Example("smtps", "check_smtp_banner -t 1", 2),
    Example("smtp", "check_smtp_banner --expect-host mx.example.net", 2),
    Example("smtp", "check_smtp_banner --warning soon", 3),
)


def main() -> int:
    """Run all examples: 0 if every state was the right one, else 1."""
    with running() as server:
        ports = server._asdict()
        print(f"A mail server runs on 127.0.0.1: {_listed(ports)}.\n")
        print("# A healthy server\n")
        right = [_show(example, ports) for example in _HEALTHY]
        print("# What trouble looks like\n")
        right += [_show(example, ports) for example in _IN_TROUBLE]
    print("Any of these checks explains its findings: check_smtp_banner --explain unavailable")
    print("Now for your own server: .venv/bin/check_smtp_banner -H HOST")
    return 0 if all(right) else 1


def _listed(ports: dict[str, int]) -> str:
    return (
        f"{ports['smtp']} offers STARTTLS, {ports['smtps']} is implicit TLS, "
        f"and {ports['busy']} turns everybody away"
    )


def _show(example: Example, ports: dict[str, int]) -> bool:
    name, *arguments = shlex.split(example.command)
    where = ["-H", "127.0.0.1", "-p", str(ports[example.port])]
    done = subprocess.run(
        [os.path.join(_BIN, name), *where, *arguments],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    print(f"$ {shlex.join([name, *where, *arguments])}")
    print(done.stdout + done.stderr, end="")
    print(f"exit {done.returncode} ({_STATES.get(done.returncode, 'no state')})\n")
    return done.returncode == example.code and not done.stderr


if __name__ == "__main__":
    sys.exit(main())
