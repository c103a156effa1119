"""One endpoint, observed: what is kept when the run ends early."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from check_smtp_core.backstop import Stopped
from check_smtp_core.deadline import Deadline
from check_smtp_core.observation import Endpoint
from check_smtp_core.options import add_shared_options, parse_options
from check_smtp_core.parser import Parser
from tests.player import Player


def endpoint(observe: Any, port: int, *more: str) -> Endpoint:
    parser = Parser("check_smtp_test", "")
    add_shared_options(parser)
    arguments: Sequence[str] = ("-H", "127.0.0.1", "-p", str(port), *more)
    options = parse_options(parser, arguments)
    check: Any = SimpleNamespace(observe=observe)
    return Endpoint(check, options, Deadline.after(5))


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


def test_quit_is_outside_the_time() -> None:
    """The server takes its time for the reply to QUIT; the time has been taken before."""
    with Player("S: 220 x\nC: QUIT\nPAUSE\nPAUSE\nPAUSE\nS: 221 Bye") as player:
        seen = endpoint(lambda session, _: session.greeting(), player.port).observe()
    assert seen.time < 0.15
    assert seen.dialogue[-1].line == "221 Bye"
    assert seen.dialogue[-1].seconds >= 0.15
