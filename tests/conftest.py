"""Fixtures: a check run in this process against a played transcript, and certificates."""

import re
import ssl
from collections.abc import Iterator
from importlib import import_module
from time import monotonic
from typing import NamedTuple

import pytest
import trustme

from check_smtp_core.run import run
from tests.player import Player

_PACKAGES = {
    "banner": "check_smtp_handshake",
    "ehlo": "check_smtp_handshake",
    "starttls": "check_smtp_tls",
    "cert": "check_smtp_tls",
}


class Outcome(NamedTuple):
    """Exit code and output lines of a run, with times as `T` and the port as `PORT`."""

    code: int
    lines: list[str]

    @property
    def text(self) -> str:
        """The status line before its perfdata."""
        return self.lines[0].partition(" | ")[0]

    @property
    def perfdata(self) -> str:
        """The perfdata of the status line."""
        return self.lines[0].partition(" | ")[2]


def run_check(check: str, *arguments: str, encoding: str = "utf-8") -> tuple[int, str]:
    """Exit code and output of a check in this process, such as `run_check("ehlo", "-H", "x")`."""
    module = import_module(f"{_PACKAGES.get(check, 'check_smtp_delivery')}.{check}")
    return run(module, arguments, monotonic(), encoding)


def outcome(code: int, output: str, port: int) -> Outcome:
    """The outcome with everything that differs from run to run made equal."""
    output = re.sub(r"\b\d+\.\d{3,4}(?=s| s)", "T", output)
    output = re.sub(r"^ +\d+\.\d{4} (?=[SC]: )", "T ", output, flags=re.MULTILINE)
    return Outcome(code, output.replace(f":{port} ", ":PORT ").split("\n"))


def unhurried(line: str) -> str:
    """The line as a machine gives it that took none of the time before the phase that ran out."""
    return re.sub(r"within [\d.]+ s, which was left of ([\d.]+) s", r"within \1 s", line)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert("mail.example", "127.0.0.1", key_type=trustme.KeyType.ECDSA)
    certificate.configure_cert(context)
    return context


class Stage:
    """Runs a check against a transcript and insists on the client's manners."""

    def __init__(self, server_tls: ssl.SSLContext) -> None:
        self._server_tls = server_tls
        self.player: Player | None = None

    def __call__(
        self, check: str, transcript: str, *arguments: str, encoding: str = "utf-8"
    ) -> Outcome:
        with Player(transcript, self._server_tls) as player:
            self.player = player
            given = ("-p", str(player.port), *arguments)
            if "-H" not in arguments:
                given = ("-H", "127.0.0.1", *given)
            if "-t" not in arguments:
                given += ("-t", "5")
            if "--ehlo-name" not in arguments:
                given += ("--ehlo-name", "client.example")
            code, output = run_check(check, *given, encoding=encoding)
        assert player.faults == []
        assert player.connections <= 1
        return outcome(code, output, player.port)


@pytest.fixture
def stage(server_tls: ssl.SSLContext) -> Iterator[Stage]:
    yield Stage(server_tls)
