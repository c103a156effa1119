"""One TCP connection: what connect(), the deadline and the end of a connection look like."""

import socket
from collections.abc import Iterator
from time import monotonic

import pytest

from check_smtp_core.address import Address
from check_smtp_core.connection import Connection, ConnectionLost
from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.findings import SessionEnded
from check_smtp_core.tasks import finish


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


def connection_to(listener: socket.socket, seconds: float, source: str = "") -> Connection:
    address = Address(socket.AF_INET, listener.getsockname())
    connection = Connection(address, source, Deadline.after(seconds))
    finish(connection.connect(connection.deadline))
    return connection


def test_octets_go_both_ways(listener: socket.socket) -> None:
    connection = connection_to(listener, 5, "127.0.0.9")
    peer, (came_from, _) = listener.accept()
    with peer:
        assert came_from == "127.0.0.9"
        finish(connection.write(b"EHLO x\r\n"))
        assert peer.recv(100) == b"EHLO x\r\n"
        assert finish(connection.read_now()) == b""
        peer.sendall(b"250 x\r\n")
        assert finish(connection.read()) == b"250 x\r\n"
        finish(connection.close())
        assert peer.recv(100) == b""


def test_a_silent_peer_is_left_at_the_deadline(listener: socket.socket) -> None:
    started = monotonic()
    connection = connection_to(listener, 0.1)
    with pytest.raises(OutOfTime):
        finish(connection.read())
    assert 0.1 <= monotonic() - started < 0.1 + 0.3
    finish(connection.close())


def test_a_peer_that_never_stops_is_left_at_the_deadline_too(listener: socket.socket) -> None:
    connection = connection_to(listener, 0.2)
    peer, _ = listener.accept()
    with peer, pytest.raises(OutOfTime):
        while True:
            peer.sendall(b"x")
            finish(connection.read())
    finish(connection.close())


def test_a_peer_that_takes_nothing_is_left_at_the_deadline_as_well(
    listener: socket.socket,
) -> None:
    connection = connection_to(listener, 0.2)
    with pytest.raises(OutOfTime):
        finish(connection.write(bytes(50_000_000)))
    finish(connection.close())


@pytest.mark.parametrize("reset", [False, True])
def test_an_end_is_told_from_a_reset(listener: socket.socket, reset: bool) -> None:
    connection = connection_to(listener, 5)
    peer, _ = listener.accept()
    if reset:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()
    with pytest.raises(ConnectionLost) as lost:
        finish(connection.read())
    assert lost.value.reset is reset
    finish(connection.write(b"QUIT\r\n"))  # says nothing: who reads will know
    finish(connection.close())


def test_a_reset_that_was_noticed_in_passing_stays_a_reset(listener: socket.socket) -> None:
    """The kernel tells it once; a later recv() sees an orderly end."""
    connection = connection_to(listener, 5)
    peer, _ = listener.accept()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()
    assert finish(connection.read_now()) == b""
    for _ in range(2):
        with pytest.raises(ConnectionLost) as lost:
            finish(connection.read())
        assert lost.value.reset
    finish(connection.close())


def test_nobody_there_is_a_refusal() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = Address(socket.AF_INET, closed.getsockname())
        connection = Connection(address, "", Deadline.after(5))
        with pytest.raises(SessionEnded, match=r"^connect: connection refused \(127\.0\.0\.1\)$"):
            finish(connection.connect(connection.deadline))
        finish(connection.close())
