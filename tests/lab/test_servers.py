"""Every check against every server of the lab: its line, and what the server's log says of it."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.cases import Case, complaints, equalled
from tests.lab.conftest import Lab
from tests.lab.server import RunningServer, Server, told
from tests.lab.table import SERVERS, TABLE

BIN = Path(sys.executable).parent


def run_installed(running: RunningServer, case: Case) -> tuple[int, str]:
    """Exit code and output of an installed check, which says nothing to its standard error."""
    words = [
        str(running.file(word)) if word.startswith("/tls/") else word
        for word in case.options.split()
    ]
    port = running.ports[case.port]
    command = [str(BIN / f"check_smtp_{case.check}"), "-H", "127.0.0.1", "-p", str(port)]
    done = subprocess.run(
        [*command, "--ehlo-name", "client.example", "-t", "30", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.removesuffix("\n")


@pytest.mark.parametrize(
    ("server", "case"), [pytest.param(*row, id=f"{row[0].name} {row[1].name}") for row in TABLE]
)
def test_server(lab: Lab, server: Server, case: Case) -> None:
    running = lab.running(server)
    start = len(running.log)
    code, output = run_installed(running, case)
    log = running.heard(start, server.ended, case.sessions)
    assert equalled(output, running.ports[case.port]) == case.line
    assert code == case.state
    assert told(server, log) == case.told
    assert complaints(log) == case.complaints


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_no_server_complains_but_where_it_has_to(lab: Lab, server: Server) -> None:
    """After the last session, for what a log says late."""
    running = lab.running(server)
    expected = {words for each, case in TABLE if each is server for words in case.complaints}
    assert set(complaints(running.log)) - expected == set()


@pytest.mark.parametrize(
    "server", [each for each in SERVERS if each.left], ids=lambda server: server.name
)
def test_a_client_that_leaves_without_quit_is_noticed(lab: Lab, server: Server) -> None:
    """No complaint of a server means something only where it does complain."""
    running = lab.running(server)
    start = len(running.log)
    with (
        socket.create_connection(("127.0.0.1", running.ports[server.ports[0]])) as connection,
        connection.makefile("rb") as lines,
    ):
        for command in (b"", b"EHLO client.example\r\n"):
            connection.sendall(command)
            while next(lines)[3:4] == b"-":
                pass
    log = running.heard(start, r"(?i)lost|closed|reason=", 1)
    assert [line for line in complaints(log) if server.left in line] != []
