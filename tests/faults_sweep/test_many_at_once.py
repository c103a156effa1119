"""Many checks at once against one server, and against one that limits its clients."""

import socket
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.many_at_once import OVERRUN, at_once, failures
from demo.server import HOST_NAME, running
from tests.conftest import outcome

BIN = Path(sys.executable).parent
SECONDS = 20.0
"""The `-t` of runs; two busy cores need some for all of them."""

REFUSAL = "421 4.7.0 mail.example.com Error: too many connections from 127.0.0.1"


@pytest.mark.parametrize(("check", "count"), [("banner", 60), ("ehlo", 30), ("cert", 12)])
def test_many_checks_at_once_are_all_right_and_none_outlasts_its_deadline(
    check: str, count: int
) -> None:
    with running() as server:
        where = ("-H", "127.0.0.1", "-p", str(server.smtp), "-t", f"{SECONDS:g}")
        trust = ("--servername", HOST_NAME, "--ca-file", server.ca_file)
        runs = at_once(check, (*where, *trust), count, BIN)
    assert len(runs) == count
    assert failures(runs, SECONDS) == []


class LimitedServer:
    """Lets `limit` of `count` connections in, as long as they last, and turns the others away."""

    def __init__(self, limit: int, count: int) -> None:
        self._limit = limit
        self._count = count
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=count)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "LimitedServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(SECONDS)
        self._listener.close()
        assert not self._thread.is_alive(), "not all have come"

    def _serve(self) -> None:
        with ExitStack() as connections:
            inside = []
            for number in range(self._count):
                connection, _ = self._listener.accept()
                connections.enter_context(connection)
                if number < self._limit:
                    inside.append(connection)
                else:
                    connection.sendall(f"{REFUSAL}\r\n".encode("ascii"))
                    connection.shutdown(socket.SHUT_WR)
            # Nobody has left yet, because nobody inside was greeted.
            for connection in inside:
                connection.sendall(b"220 mail.example.com ESMTP\r\n")
            for connection in inside:
                assert connection.recv(100) == b"QUIT\r\n"
                connection.sendall(b"221 Bye\r\n")


def test_checks_above_a_limit_of_connections_are_told_as_turned_away() -> None:
    limit, count = 20, 30
    with LimitedServer(limit, count) as server:
        where = ("-H", "127.0.0.1", "-p", str(server.port), "-t", f"{SECONDS:g}")
        runs = at_once("banner", where, count, BIN)
    texts = Counter(outcome(each.code, each.output, server.port).text for each in runs)
    assert texts == {
        'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail.example.com ESMTP"': limit,
        f'SMTP_BANNER CRITICAL - 127.0.0.1:PORT unavailable: greeted with "{REFUSAL}" '
        "(we came from 127.0.0.1)": count - limit,
    }
    assert Counter(each.code for each in runs) == {0: limit, 2: count - limit}
    assert max(each.seconds for each in runs) < SECONDS + OVERRUN
