"""A run from its arguments to its output: what stops it, and when what is imported."""

import os
import re
import socket
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import sleep
from types import ModuleType
from typing import Any

import pytest
import trustme

from check_smtp_core.backstop import Backstop, Stopped
from check_smtp_core.findings import Finding
from check_smtp_core.run import _stopped
from check_smtp_core.tasks import finish
from tests.conftest import run_check
from tests.player import Player
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


def imports_of(check: str, port: int, *more: str, host: str = "127.0.0.1") -> list[str]:
    """The modules that a check imports, in their order, beside those of any start of Python."""
    command = (str(BIN / check), "-4", "-H", host, "-p", str(port), "-t", "20", *more)
    started = set(_imports("-c", "pass"))
    return [name for name in _imports(*command) if name not in started]


def _imports(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield closed.getsockname()[1]


def test_the_session_needs_nothing_that_judges(closed_port: int) -> None:
    """The connection is under way before nagiosplugin is imported."""
    imported = imports_of("check_smtp_banner", closed_port)
    assert imported.index("check_smtp_core.session") < imported.index("nagiosplugin")
    assert imported.index("check_smtp_core.endpoints") < imported.index("logging")


HEAVY = {
    *("argparse", "asyncio", "contextlib", "dataclasses", "email", "inspect", "typing"),
    *("dns", "smtplib", "encodings.idna", "cryptography", "OpenSSL", "_ssl", "datetime"),
    # nagiosplugin's, see plugin.py
    *("fcntl", "json", "linecache", "numbers", "shutil", "tempfile", "traceback"),
}


def test_a_healthy_run_imports_nothing_that_it_has_no_use_for() -> None:
    with Player("S: 220 mail.example\nC: QUIT\nS: 221 Bye") as player:
        imported = imports_of("check_smtp_banner", player.port, host="localhost")
    assert "nagiosplugin" in imported
    assert HEAVY & set(imported) == set()


@pytest.mark.parametrize(
    ("check", "tls"),
    [("check_smtp_starttls", "check_smtp_core.tls"), ("check_smtp_cert", "OpenSSL.SSL")],
)
def test_who_waits_long_imports_tls_meanwhile(check: str, tls: str, closed_port: int) -> None:
    """A server that turns us away at once costs no TLS library; one that is slow, no time."""
    assert tls not in imports_of(check, closed_port)
    with Player("PAUSE\n" * 20 + "S: 421 busy\nAWAIT\nS: 221 Bye") as slow:
        assert tls in imports_of(check, slow.port)


_HELLO = "C: EHLO client.example\nS: 250-mail.example\nS: 250 STARTTLS\n"
_ENCRYPTED = f"{_HELLO}C: STARTTLS\nS: 220 go\nTLS\n"


@pytest.mark.parametrize(
    ("check", "dialogue"),
    [
        ("check_smtp_banner", ""),
        ("check_smtp_ehlo", _HELLO),
        ("check_smtp_starttls", f"{_ENCRYPTED}C: EHLO client.example\nS: 250 mail.example\n"),
        ("check_smtp_cert", _ENCRYPTED),
    ],
    ids=("banner", "ehlo", "starttls", "cert"),
)
def test_nothing_is_imported_while_the_server_waits_for_us(
    check: str,
    dialogue: str,
    server_tls: ssl.SSLContext,
    authority: trustme.CA,
    tmp_path: Path,
) -> None:
    """A slow greeting leaves time for all that a healthy run needs, the verdict included."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    more = ["--ehlo-name", "client.example"]
    if check == "check_smtp_cert":
        more += ["--ca-file", str(tmp_path / "ca.pem")]
    transcript = "PAUSE\n" * 20 + f"S: 220 mail.example\n{dialogue}C: QUIT\nS: 221 Bye"
    with Player(transcript, server_tls) as slow:
        imported = imports_of(check, slow.port, *more)
    assert slow.faults == []
    assert imported[-1] == "nagiosplugin"


def test_half_a_module_is_imported_again(
    monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    """Where nagiosplugin is missing, the thread that makes ready may fail while we import."""
    half = ModuleType("check_smtp_core.plugin")

    def fail(attribute: str) -> None:
        sys.modules.pop(half.__name__, None)
        raise AttributeError(attribute)

    half.__getattr__ = fail  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, half.__name__, half)
    code, _ = run_check("banner", "-H", "127.0.0.1", "-p", str(closed_port))
    assert code == 2


def stopped_run(*players: str) -> list[str]:
    """The lines of check_smtp_banner -v, ended by SIGTERM, with players at 127.0.0.1 and so on."""
    with ExitStack() as stack:
        first = stack.enter_context(Player(players[0], host="127.0.0.1"))
        for number, transcript in enumerate(players[1:], 2):
            player = Player(transcript, host=f"127.0.0.{number}", port=first.port)
            stack.enter_context(player)
        hosts = ",".join(f"127.0.0.{number}" for number in range(1, len(players) + 1))
        command = [str(BIN / "check_smtp_banner"), "-H", hosts, "-p", str(first.port), "-v"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            sleep(1.0)
            process.terminate()
            output = process.communicate(timeout=10)[0]
    return re.sub(r"[0-9.]+ s\b", "T s", output.replace(str(first.port), "PORT")).splitlines()


def test_endpoints_that_are_through_keep_their_verdicts_when_the_run_is_stopped() -> None:
    well = "S: 220 mail\nC: QUIT\nS: 221 Bye"
    lines = stopped_run(well, "S: 554 no\nC: QUIT\nS: 221 Bye", "SILENCE")
    assert lines[0].startswith("SMTP_BANNER CRITICAL - 1 of 3 endpoints are well")
    assert lines[1:] == [
        'OK 127.0.0.1:PORT greeted in T s: "220 mail"',
        'CRITICAL 127.0.0.2:PORT reject: greeted with "554 no" (we came from 127.0.0.1)',
        "CRITICAL 127.0.0.3:PORT timeout: ended by SIGTERM after T s, in phase greeting",
    ]


def test_too_few_descriptors_are_a_fault_of_the_machine_for_those_that_have_none() -> None:
    with socket.create_server(("0.0.0.0", 0)) as silent:
        port = silent.getsockname()[1]
        hosts = ",".join(f"127.0.0.{number}" for number in range(1, 61))
        command = [str(BIN / "check_smtp_banner"), "-H", hosts, "-p", str(port), "-t", "1", "-v"]
        done = subprocess.run(
            ["sh", "-c", 'ulimit -n 30; exec "$@"', "sh", *command],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    counts = Counter(line.split()[2] for line in done.stdout.splitlines()[1:])
    assert set(counts) == {"timeout:", "local:"}
    assert min(counts.values()) > 15


@pytest.mark.parametrize("stops_at_first", [True, False])
def test_who_is_stopped_at_work_elsewhere_keeps_the_verdict(
    monkeypatch: pytest.MonkeyPatch, stops_at_first: bool
) -> None:
    """The backstop's deadline may pass while others are observed, or when all has been judged."""

    leave = Backstop.__exit__

    def stop(self: Backstop, *error: Any) -> None:
        leave(self, *error)
        if self._deadline.left() > 1.0:
            raise Stopped("deadline")

    def finish_and_stop(*given: Any) -> None:
        finish(*given)
        raise Stopped("deadline")

    if stops_at_first:
        monkeypatch.setattr("check_smtp_core.run.finish", finish_and_stop)
    else:
        monkeypatch.setattr(Backstop, "__exit__", stop)
    with Player("S: 220 mail\nC: QUIT\nS: 221 Bye", host="127.0.0.1") as player:
        code, output = run_check("banner", "-H", "127.0.0.1", "-p", str(player.port))
    assert code == 0
    assert "greeted in " in output
