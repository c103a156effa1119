"""Run the installed checks against the demo server, as a monitoring engine would.

Prints each command line, the output, and the exit state. Exits 1 if a state is not the right one.
"""

import os
import shlex
import subprocess
import sys
from typing import NamedTuple

from demo.server import DemoServer, running

_STATES = {0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN"}
_BIN = os.path.dirname(sys.executable)
# It stands for Postfix' own: a host for demos has no queue worth showing.
_QUEUE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "postqueue")


class Example(NamedTuple):
    """The field of the server with the port, a command without its host, the right exit code.

    A check of this machine has no port. CA and QUEUE stand for files of the demo.
    """

    port: str
    command: str
    code: int


_LOGIN = "check_smtp_auth --servername mail.example.com --ca-file CA --password-file PASSWORD"
_HEALTHY = (
    Example("smtp", "check_smtp_banner -w 2 -c 5", 0),
    Example("smtp", "check_smtp_banner --expect ESMTP --expect-host mail.example.com", 0),
    Example("smtp", "check_smtp_ehlo --require STARTTLS,8BITMIME --min-size 10000000", 0),
    Example("smtp", "check_smtp_ehlo --starttls --require-auth PLAIN -vv", 0),
    Example("smtps", "check_smtp_ehlo --tls", 0),
    Example("smtp", "check_smtp_starttls --refuse-version TLSv1,TLSv1.1", 0),
    Example("smtp", "check_smtp_cert --servername mail.example.com --ca-file CA -v", 0),
    Example("smtp", "check_smtp_rcpt --accept alice@example.com --control-probe", 0),
    Example("smtp", "check_smtp_rcpt --accept postmaster --reject eve@example.com -v", 0),
    Example("smtp", "check_smtp_relay --recipient carol@example.org", 0),
    Example("smtp", f"{_LOGIN} -U monitor@example.com", 0),
    Example("smtp", f"{_LOGIN} -U nobody@example.com --refuse", 0),
    Example("", "check_smtp_queue --command QUEUE -w 5h -v", 0),
    Example("smtp", "check_smtp_loop --recipient loop@example.com --maildir MAILDIR -c 5", 0),
)
_IN_TROUBLE = (
    Example("busy", "check_smtp_banner", 2),
    Example("smtp", "check_smtp_ehlo --forbid HELP", 1),
    Example("smtp", "check_smtp_ehlo --require CHUNKING", 2),
    Example("smtps", "check_smtp_banner -t 1", 2),
    Example("smtp", "check_smtp_banner --expect-host mx.example.net", 2),
    Example("smtps", "check_smtp_starttls -t 1", 2),
    Example("expired", "check_smtp_cert --servername mail.example.com --ca-file CA", 2),
    Example("smtp", "check_smtp_cert --servername mx.example.net --ca-file CA", 2),
    Example("unchained", "check_smtp_cert --servername mail.example.com --ca-file CA", 2),
    Example("smtp", "check_smtp_rcpt --accept bob@example.com", 1),
    Example("smtp", "check_smtp_rcpt --accept eve@example.com", 2),
    Example("smtp", f"{_LOGIN} -U nobody@example.com", 2),
    Example("expired", f"{_LOGIN} -U monitor@example.com", 2),
    Example("", "check_smtp_queue --command QUEUE", 1),
    Example("busy", "check_smtp_loop --recipient loop@example.com --maildir MAILDIR", 2),
    Example("smtp", "check_smtp_loop --recipient loop@example.com --maildir /nowhere", 3),
    Example("smtp", "check_smtp_banner --warning soon", 3),
)


def main() -> int:
    """Run all examples: 0 if every state was the right one, else 1."""
    with running() as server:
        print(
            f"A mail server runs on 127.0.0.1: {server.smtp} offers STARTTLS, {server.smtps} is\n"
            f"implicit TLS, {server.busy} turns everybody away, {server.expired} has an expired "
            f"certificate,\n{server.unchained} forgets to send the intermediate certificate. The "
            "queue is a made-up one of Postfix.\n"
        )
        print("# A healthy server\n")
        right = [_show(example, server) for example in _HEALTHY]
        print("# What trouble looks like\n")
        right += [_show(example, server) for example in _IN_TROUBLE]
    print("Any of these checks explains its findings: check_smtp_banner --explain unavailable")
    print("Now for your own server: .venv/bin/check_smtp_banner -H HOST")
    return 0 if all(right) else 1


def _show(example: Example, server: DemoServer) -> bool:
    name, *words = shlex.split(example.command)
    arguments = []
    if example.port:
        arguments = ["-H", "127.0.0.1", "-p", str(server._asdict()[example.port])]
    files = {
        "CA": server.ca_file,
        "PASSWORD": server.password_file,
        "MAILDIR": server.maildir,
        "QUEUE": _QUEUE,
    }
    arguments += [files.get(word, word) for word in words]
    done = subprocess.run(
        [os.path.join(_BIN, name), *arguments],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    print(f"$ {shlex.join([name, *arguments])}")
    print(done.stdout + done.stderr, end="")
    print(f"exit {done.returncode} ({_STATES.get(done.returncode, 'no state')})\n")
    return done.returncode == example.code and not done.stderr


if __name__ == "__main__":
    sys.exit(main())
