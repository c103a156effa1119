"""One endpoint, observed: what is kept when the run ends early."""

from types import SimpleNamespace
from typing import Any

import pytest

from check_smtp_core.backstop import Stopped
from check_smtp_core.deadline import Deadline
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.observation import Endpoint, ThisMachine
from check_smtp_core.options import Options, parse_options
from check_smtp_core.parser import Parser
from check_smtp_core.shared_options import add_shared_options
from check_smtp_core.tasks import finish
from tests.player import Player


def options_of(*arguments: str) -> Options:
    parser = Parser("check_smtp_test", "")
    add_shared_options(parser)
    return parse_options(parser, arguments)


def endpoint(observe: Any, port: int, *more: str, seconds: float = 5.0) -> Endpoint:
    options = options_of("-H", "127.0.0.1", "-p", str(port), *more)
    check: Any = SimpleNamespace(observe=observe)
    return Endpoint(check, options, Deadline.after(seconds))


def test_a_run_that_is_stopped_keeps_what_it_has_seen() -> None:
    async def observe(session: Any, _: Any) -> None:
        await session.greeting()
        raise Stopped("SIGTERM")

    with Player("S: 220 mail.example\nCLOSE") as player:
        observed = endpoint(observe, player.port)
        with pytest.raises(Stopped):
            finish(observed.observe())
        seen = observed.so_far()
    assert (seen.facts, seen.ended, seen.address) == (None, None, "127.0.0.1")
    assert (list(seen.phases), seen.phase) == (["connect", "greeting"], "greeting")
    dialogue = [(each.speaker, each.line) for each in seen.dialogue]
    assert dialogue == [("S", "220 mail.example"), ("C", "QUIT")]


def test_where_no_time_was_left_to_connect_nobody_is_blamed() -> None:
    seen = finish(endpoint(None, 25, seconds=-1.0).observe())
    text = "no time was left to connect (a busy machine, or a slow resolver?)"
    assert seen.ended == Finding("local", text, ends_session=True)
    assert (seen.notes, seen.phases, seen.phase) == ((), {}, "connect")


def test_quit_is_outside_the_time() -> None:
    """The server takes its time for the reply to QUIT; the time has been taken before."""
    with Player("S: 220 x\nC: QUIT\nPAUSE\nPAUSE\nPAUSE\nS: 221 Bye") as player:
        seen = finish(endpoint(lambda session, _: session.greeting(), player.port).observe())
    assert seen.time < 0.15
    assert seen.dialogue[-1].line == "221 Bye"
    assert seen.dialogue[-1].seconds >= 0.15


# -- what a check does when the session is over


def test_a_check_goes_on_when_the_session_is_over() -> None:
    """The server gets its QUIT first: nobody keeps a session open to wait for something else."""
    seen_before = []

    async def observe(session: Any, _: Any) -> str:
        seen_before.append(session)
        await session.greeting()
        return "sent"

    def afterwards(facts: Any, *_: Any) -> str:
        seen_before.append([each.line for each in seen_before[0].dialogue])
        return f"{facts}, found"

    with Player("S: 220 x\nC: QUIT\nS: 221 Bye") as player:
        options = options_of("-H", "127.0.0.1", "-p", str(player.port))
        check: Any = SimpleNamespace(observe=observe, afterwards=afterwards)
        seen = finish(Endpoint(check, options, Deadline.after(5.0)).observe())
    assert str(seen.facts) == "sent, found"
    assert seen_before[1] == ["220 x", "QUIT", "221 Bye"]
    assert list(seen.phases) == ["connect", "greeting", "mailbox"]


def test_a_check_goes_on_when_there_was_no_session() -> None:
    async def observe(session: Any, _: Any) -> None:
        await session.greeting()

    with Player("CLOSE") as player:
        options = options_of("-H", "127.0.0.1", "-p", str(player.port))
        check: Any = SimpleNamespace(observe=observe, afterwards=lambda facts, *_: [facts])
        seen = finish(Endpoint(check, options, Deadline.after(5.0)).observe())
    text = "the server closed the connection before the greeting"
    assert (str(seen.facts), seen.ended) == ("[None]", Finding("closed", text, ends_session=True))


def test_where_there_was_nothing_to_go_on_with_no_phase_is_timed() -> None:
    async def observe(session: Any, _: Any) -> str:
        return str(await session.greeting())

    with Player("S: 220 x\nC: QUIT\nS: 221 Bye") as player:
        options = options_of("-H", "127.0.0.1", "-p", str(player.port))
        check: Any = SimpleNamespace(observe=observe, afterwards=lambda facts, *_: facts)
        seen = finish(Endpoint(check, options, Deadline.after(5.0)).observe())
    assert (str(seen.facts), list(seen.phases)) == ("220 x", ["connect", "greeting"])


# -- a check of this machine


def this_machine(observe: Any) -> ThisMachine:
    check: Any = SimpleNamespace(__name__="check_smtp_delivery.queue", observe=observe)
    return ThisMachine(check, Options(), Deadline.after(5.0))


def test_a_check_of_this_machine_has_no_session() -> None:
    machine = this_machine(lambda _, deadline: f"{deadline.left():.0f} s")
    finish(machine.observe())
    (seen,) = machine.so_far()
    assert (str(seen.facts), seen.ended, seen.address) == ("5 s", None, "")
    assert (seen.phase, seen.phases) == ("queue", {})


def test_what_ends_a_check_of_this_machine_is_a_finding() -> None:
    def observe(*_: Any) -> None:
        raise SessionEnded(Finding("mail-system", "it does not run"))

    machine = this_machine(observe)
    finish(machine.observe())
    (seen,) = machine.so_far()
    assert seen.ended == Finding("mail-system", "it does not run", ends_session=True)
