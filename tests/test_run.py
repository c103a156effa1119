"""A run from its arguments to its output: what stops it, and when what is imported."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from check_smtp_core.backstop import Stopped
from check_smtp_core.findings import Finding
from check_smtp_core.run import _stopped
from tests.test_observation import endpoint, options_of

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("why", "phase", "text"),
    [
        ("SIGTERM", "", "ended by SIGTERM after 0.0 s, before the first phase"),
        ("SIGTERM", "greeting", "ended by SIGTERM after 0.0 s, in phase greeting"),
        ("deadline", "greeting", "phase greeting was not over within 8 s"),
    ],
)
def test_who_is_stopped_says_by_what_and_where(why: str, phase: str, text: str) -> None:
    seen = endpoint(None, 25).so_far()._replace(time=0.0, phase=phase)
    finding = _stopped(Stopped(why), seen, options_of("-H", "127.0.0.1"))
    assert finding == Finding("timeout", text, ends_session=True)


def test_a_machine_that_takes_all_the_time_to_begin_knows_nothing_of_the_server() -> None:
    seen = endpoint(None, 25).so_far()
    finding = _stopped(Stopped("deadline"), seen, options_of("-H", "127.0.0.1"))
    text = "this machine took 8 s and more to begin (is it busy?)"
    assert finding == Finding("local", text, ends_session=True)


def imports_of(port: int) -> list[str]:
    """The modules that check_smtp_banner imports, in their order."""
    check = (str(BIN / "check_smtp_banner"), "-H", "127.0.0.1", "-p", str(port), "-t", "20")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *check],
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]


def test_the_session_needs_nothing_that_judges() -> None:
    """The connection is under way before nagiosplugin is imported."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        imported = imports_of(closed.getsockname()[1])
    assert imported.index("check_smtp_core.session") < imported.index("nagiosplugin")
    assert imported.index("check_smtp_core.endpoints") < imported.index("logging")
