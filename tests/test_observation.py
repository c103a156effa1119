"""One endpoint, observed: what is kept when the run ends early."""

from types import SimpleNamespace
from typing import Any

import pytest

from check_smtp_core.backstop import Stopped
from check_smtp_core.deadline import Deadline
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.observation import Endpoint, ThisMachine
from check_smtp_core.options import Options, add_shared_options, parse_options
from check_smtp_core.parser import Parser
from check_smtp_core.plugin import _stopped
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
    def observe(session: Any, _: Any) -> None:
        session.greeting()
        raise Stopped("SIGTERM")

    with Player("S: 220 mail.example\nCLOSE") as player:
        observed = endpoint(observe, player.port)
        with pytest.raises(Stopped):
            observed.observe()
        seen = observed.so_far()
    assert (seen.facts, seen.ended, seen.address) == (None, None, "127.0.0.1")
    assert (list(seen.phases), seen.phase) == (["connect", "greeting"], "greeting")
    dialogue = [(each.speaker, each.line) for each in seen.dialogue]
    assert dialogue == [("S", "220 mail.example"), ("C", "QUIT")]


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


def test_where_no_time_was_left_to_connect_nobody_is_blamed() -> None:
    seen = endpoint(None, 25, seconds=-1.0).observe()
    text = "no time was left to connect (a busy machine, or a slow resolver?)"
    assert seen.ended == Finding("local", text, ends_session=True)
    assert (seen.notes, seen.phases, seen.phase) == ((), {}, "connect")


def test_quit_is_outside_the_time() -> None:
    """The server takes its time for the reply to QUIT; the time has been taken before."""
    with Player("S: 220 x\nC: QUIT\nPAUSE\nPAUSE\nPAUSE\nS: 221 Bye") as player:
        seen = endpoint(lambda session, _: session.greeting(), player.port).observe()
    assert seen.time < 0.15
    assert seen.dialogue[-1].line == "221 Bye"
    assert seen.dialogue[-1].seconds >= 0.15


# -- what a check does when the session is over


def test_a_check_goes_on_when_the_session_is_over() -> None:
    """The server gets its QUIT first: nobody keeps a session open to wait for something else."""
    seen_before = []

    def observe(session: Any, _: Any) -> str:
        seen_before.append(session)
        session.greeting()
        return "sent"

    def afterwards(facts: Any, *_: Any) -> str:
        seen_before.append([each.line for each in seen_before[0].dialogue])
        return f"{facts}, found"

    with Player("S: 220 x\nC: QUIT\nS: 221 Bye") as player:
        options = options_of("-H", "127.0.0.1", "-p", str(player.port))
        check: Any = SimpleNamespace(observe=observe, afterwards=afterwards)
        seen = Endpoint(check, options, Deadline.after(5.0)).observe()
    assert str(seen.facts) == "sent, found"
    assert seen_before[1] == ["220 x", "QUIT", "221 Bye"]
    assert list(seen.phases) == ["connect", "greeting", "mailbox"]


def test_a_check_goes_on_when_there_was_no_session() -> None:
    def observe(session: Any, _: Any) -> None:
        session.greeting()

    with Player("CLOSE") as player:
        options = options_of("-H", "127.0.0.1", "-p", str(player.port))
        check: Any = SimpleNamespace(observe=observe, afterwards=lambda facts, *_: [facts])
        seen = Endpoint(check, options, Deadline.after(5.0)).observe()
    text = "the server closed the connection before the greeting"
    assert (str(seen.facts), seen.ended) == ("[None]", Finding("closed", text, ends_session=True))


def test_where_there_was_nothing_to_go_on_with_no_phase_is_timed() -> None:
    with Player("S: 220 x\nC: QUIT\nS: 221 Bye") as player:
        options = options_of("-H", "127.0.0.1", "-p", str(player.port))
        check: Any = SimpleNamespace(
            observe=lambda session, _: str(session.greeting()), afterwards=lambda facts, *_: facts
        )
        seen = Endpoint(check, options, Deadline.after(5.0)).observe()
    assert (str(seen.facts), list(seen.phases)) == ("220 x", ["connect", "greeting"])


# -- a check of this machine


def this_machine(observe: Any) -> ThisMachine:
    check: Any = SimpleNamespace(__name__="check_smtp_delivery.queue", observe=observe)
    return ThisMachine(check, Options(), Deadline.after(5.0))


def test_a_check_of_this_machine_has_no_session() -> None:
    seen = this_machine(lambda _, deadline: f"{deadline.left():.0f} s").observe()
    assert (str(seen.facts), seen.ended, seen.address) == ("5 s", None, "")
    assert (seen.phase, seen.phases) == ("queue", {})


def test_what_ends_a_check_of_this_machine_is_a_finding() -> None:
    def observe(*_: Any) -> None:
        raise SessionEnded(Finding("mail-system", "it does not run"))

    seen = this_machine(observe).observe()
    assert seen.ended == Finding("mail-system", "it does not run", ends_session=True)
