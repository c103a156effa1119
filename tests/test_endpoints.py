"""Runs about several endpoints: who is asked, side by side or in line, and what is said of all."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

import pytest

from tests.conftest import Outcome, outcome, run_check
from tests.player import Player

GREETING = "S: 220 mail.example\nC: QUIT\nS: 221 Bye"
GREETED = 'greeted in T s: "220 mail.example"'


@contextmanager
def playing(*transcripts: str) -> Iterator[list[Player]]:
    """A player for each transcript: at 127.0.0.1, 127.0.0.2 and so on, all at one port."""
    with ExitStack() as stack:
        first = stack.enter_context(Player(transcripts[0], host="127.0.0.1"))
        players = [first]
        for number, transcript in enumerate(transcripts[1:], 2):
            player = Player(transcript, host=f"127.0.0.{number}", port=first.port)
            players.append(stack.enter_context(player))
        yield players
    assert [player.faults for player in players] == [[] for _ in players]


def banner(port: int, *arguments: str) -> Outcome:
    given = ("-p", str(port), *arguments)
    return outcome(*run_check("banner", *given), port)


def names(monkeypatch: pytest.MonkeyPatch, **known: list[str]) -> None:
    """Let these names resolve, and no others."""

    def getaddrinfo(host: bytes, port: int, *_: Any) -> list[tuple[Any, ...]]:
        name = host.decode("ascii")
        if name[0].isdecimal():
            known[name] = [name]
        if name not in known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in known[name]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "hosts",
    [
        ("-H", "127.0.0.1", "-H", "127.0.0.2"),
        ("-H", "127.0.0.1,127.0.0.2"),
        ("-H", " 127.0.0.1 , 127.0.0.2,,127.0.0.1"),
    ],
)
def test_all_hosts_are_asked_each_once(hosts: tuple[str, ...]) -> None:
    with playing(GREETING, GREETING) as players:
        seen = banner(players[0].port, *hosts, "-v")
    assert seen.code == 0
    assert seen.lines == [
        "SMTP_BANNER OK - 2 of 2 endpoints are well, the slowest in T s | "
        "time_max=Ts;;;0 endpoints=2;;;0 endpoints_ok=2;;;0",
        f"OK 127.0.0.1:PORT {GREETED}",
        f"OK 127.0.0.2:PORT {GREETED}",
    ]
    assert [player.connections for player in players] == [1, 1]


def test_those_that_are_not_well_are_named_the_worst_first() -> None:
    with playing(GREETING, "S: 220 ********\nC: QUIT\nS: 221 Bye", "S: 421 busy\nC: QUIT") as all_:
        seen = banner(all_[0].port, "-H", "127.0.0.1,127.0.0.2,127.0.0.3")
    assert seen.code == 2
    assert seen.text == (
        "SMTP_BANNER CRITICAL - 1 of 3 endpoints are well, the slowest in T s; "
        '127.0.0.3:PORT unavailable: greeted with "421 busy" (we came from 127.0.0.1); '
        '127.0.0.2:PORT masked: the greeting was overwritten on the way: "220 ********"'
    )


def test_where_not_all_fit_they_are_named_or_counted() -> None:
    with playing(GREETING) as (one,):
        bad = ",".join(f"127.0.1.{number}" for number in range(1, 41))
        seen = banner(one.port, "-H", f"127.0.0.1,{bad}")
    assert seen.text.startswith(
        "SMTP_BANNER CRITICAL - 1 of 41 endpoints are well, the slowest in T s; "
        "127.0.1.1:PORT connect: connection refused (127.0.1.1); 127.0.1.2:PORT "
    )
    assert seen.text.endswith("37 more (-v)")
    assert len(seen.text) < 300


@pytest.mark.parametrize(
    ("quorum", "code", "state"), [("1", 0, "OK"), ("2", 0, "OK"), ("3", 2, "CRITICAL")]
)
def test_a_quorum_says_how_many_have_to_be_well(quorum: str, code: int, state: str) -> None:
    with playing(GREETING, GREETING) as players:
        hosts = "127.0.0.1,127.0.0.2,127.0.0.3"
        seen = banner(players[0].port, "-H", hosts, "--quorum", quorum)
    assert (seen.code, seen.text) == (
        code,
        f"SMTP_BANNER {state} - 2 of 3 endpoints are well (wanted: {quorum}), the slowest in T s; "
        "127.0.0.3:PORT connect: connection refused (127.0.0.3)",
    )
    assert f"endpoints_ok=2;{quorum}:;;0" in seen.perfdata


def test_the_time_of_each_is_perfdata_on_request() -> None:
    with playing(GREETING, GREETING) as players:
        seen = banner(players[0].port, "-H", "127.0.0.1,127.0.0.2", "--perfdata-each", "-w", "5")
    assert seen.perfdata == (
        "time_max=Ts;5;;0 endpoints=2;;;0 endpoints_ok=2;;;0 "
        "'time_127.0.0.1'=Ts;;;0 'time_127.0.0.2'=Ts;;;0"
    )


def test_every_address_of_a_name_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, mx=["127.0.0.1", "127.0.0.2", "127.0.0.3"])
    with playing(GREETING, GREETING) as players:
        seen = banner(players[0].port, "-H", "mx", "--all-addresses", "-v")
    assert seen.lines[1:] == [
        f"OK mx:PORT [127.0.0.1] {GREETED}",
        f"OK mx:PORT [127.0.0.2] {GREETED}",
        "CRITICAL mx:PORT [127.0.0.3] connect: connection refused (127.0.0.3)",
    ]


def test_an_address_that_names_share_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, mx1=["127.0.0.1"], mx2=["127.0.0.1", "127.0.0.2"])
    with playing(GREETING, GREETING) as players:
        seen = banner(players[0].port, "-H", "mx1,mx2", "--all-addresses")
    assert seen.text.startswith("SMTP_BANNER OK - 2 of 2 endpoints are well")


def test_a_name_that_does_not_resolve_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names(monkeypatch, mx1=["127.0.0.1"])
    for more in ((), ("--all-addresses",)):
        with playing(GREETING) as (player,):
            seen = banner(player.port, "-H", "mx1,mx2", *more)
        assert seen.text == (
            "SMTP_BANNER CRITICAL - 1 of 2 endpoints are well, the slowest in T s; mx2:PORT "
            "no-such-host: the name mx2 does not exist or has no address"
        )


def test_a_silent_endpoint_takes_no_time_from_the_others() -> None:
    started = monotonic()
    with playing(GREETING, "SILENCE", "SILENCE") as players:
        seen = banner(players[0].port, "-H", "127.0.0.1,127.0.0.2,127.0.0.3", "-t", "0.5")
    assert monotonic() - started < 0.5 + 1.0
    assert seen.text == (
        "SMTP_BANNER CRITICAL - 1 of 3 endpoints are well, the slowest in T s; "
        "127.0.0.2:PORT timeout: the greeting did not come within 0.5 s (overloaded, delaying its "
        "greeting, or a port for implicit TLS or HTTP?); also 127.0.0.3:PORT (-v)"
    )


class Counting:
    """A server at every address of 127.0.0.0/8 that counts who is there at the same time."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}
        self._here: dict[str, int] = {}
        self._lock = threading.Lock()
        self._listener = socket.create_server(("0.0.0.0", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        at = connection.getsockname()[0]
        with connection:
            with self._lock:
                self._here[at] = self._here.get(at, 0) + 1
                self.most[at] = max(self.most.get(at, 0), self._here[at])
            connection.sendall(b"220 mail.example\r\n")
            connection.recv(100)
            with self._lock:
                self._here[at] -= 1
            connection.sendall(b"221 Bye\r\n")

    def close(self) -> None:
        self._listener.close()


def test_nobody_is_called_twice_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, **{f"mx{number}": ["127.0.0.1"] for number in range(8)})
    server = Counting()
    try:
        hosts = ",".join(f"mx{number}" for number in range(8))
        seen = banner(server.port, "-H", f"{hosts},127.0.0.1,127.0.0.2")
    finally:
        server.close()
    assert seen.text.startswith("SMTP_BANNER OK - 10 of 10 endpoints are well")
    assert server.most == {"127.0.0.1": 1, "127.0.0.2": 1}


def test_many_endpoints_are_asked_in_the_time_of_one() -> None:
    server = Counting()
    try:
        hosts = ",".join(f"127.0.0.{number}" for number in range(1, 101))
        seen = banner(server.port, "-H", hosts)
    finally:
        server.close()
    assert seen.text.startswith("SMTP_BANNER OK - 100 of 100 endpoints are well")


def test_each_checks_own_numbers_are_those_of_the_least() -> None:
    hello = "S: 220 x\nC: EHLO client.example\nS: 250-x\nS: 250 SIZE {}\nC: QUIT\nS: 221 Bye"
    with playing(hello.format(5000), hello.format(1000)) as players:
        port = players[0].port
        given = ("-H", "127.0.0.1,127.0.0.2", "-p", str(port), "--ehlo-name", "client.example")
        seen = outcome(*run_check("ehlo", *given), port)
    assert seen.perfdata == (
        "time_max=Ts;;;0 endpoints=2;;;0 endpoints_ok=2;;;0 extensions_min=1;;;0 "
        "size_min=1000B;;;0"
    )


def test_of_what_had_better_be_little_the_most_is_told() -> None:
    said = """
        S: 220 x
        C: EHLO client.example
        S: 250 x
        C: MAIL FROM:<>
        S: 250 ok
        C: RCPT TO:<a@x>
        S: {}
        C: RSET
        S: 250 ok
        C: QUIT
        S: 221 Bye
    """
    with playing(said.format("250 ok"), said.format("550 5.1.1 no such user")) as players:
        port = players[0].port
        given = ("-H", "127.0.0.1,127.0.0.2", "-p", str(port), "--ehlo-name", "client.example")
        seen = outcome(*run_check("rcpt", *given, "--accept", "a@x"), port)
    assert seen.perfdata == (
        "time_max=Ts;;;0 endpoints=2;;;0 endpoints_ok=1;;;0 accepted_min=0;;;0 "
        "deferred_max=0;;;0 refused_max=1;;;0"
    )


def flood(at: socket.socket) -> None:
    """Send TLS records that mean nothing, without end, to whoever comes first."""
    connection, _ = at.accept()
    hello_request = bytes.fromhex("160303000400000000")
    with connection:
        try:
            while True:
                connection.sendall(hello_request * 5000)
        except OSError:
            return


def test_who_sends_without_end_takes_no_time_from_the_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as flooding:
        port = flooding.getsockname()[1]
        threading.Thread(target=flood, args=(flooding,), daemon=True).start()
        with Player("AWAIT\nCLOSE", host="127.0.0.2", port=port):
            seen = banner(port, "--tls", "-H", "127.0.0.1,127.0.0.2", "-t", "2", "-v")
    assert seen.lines[2] == (
        "CRITICAL 127.0.0.2:PORT closed: the server closed the connection in the TLS handshake"
    )


def test_a_pattern_that_never_ends_takes_the_verdict_of_one() -> None:
    slow = f"S: 220 {'a' * 60}!\nC: QUIT\nS: 221 Bye"
    with playing(slow, "S: 220 aa\nC: QUIT\nS: 221 Bye", "S: 554 no\nC: QUIT") as players:
        hosts = "127.0.0.1,127.0.0.2,127.0.0.3"
        given = ("-H", hosts, "--expect", "^(a+)+$", "-t", "0.5", "-v")
        seen = banner(players[0].port, *given)
    assert seen.lines[1:] == [
        "CRITICAL 127.0.0.1:PORT timeout: judging what the server said took more than 0.5 s "
        "(a pattern?)",
        'OK 127.0.0.2:PORT greeted in T s: "220 aa"',
        'CRITICAL 127.0.0.3:PORT reject: greeted with "554 no" (we came from 127.0.0.1)',
    ]
