"""What the TLS sessions of a run have in common is loaded once, and only when it is needed."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from check_smtp_core.engine import Engine
from check_smtp_core.engines import Engines
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.options import Options
from check_smtp_core.tls import TlsEngine


class Check:
    """A check whose engines are noted, and whose settings cannot always be loaded."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.made: list[str] = []

    def engine_maker(self, _: Options) -> Callable[[str], Engine]:
        outcome = self.outcomes.pop(0)
        if outcome is not None:
            raise outcome

        def make(server_name: str) -> Engine:
            self.made.append(server_name)
            return TlsEngine(server_name)

        return make


def engines(check: Any) -> Engines:
    return Engines(check, Options())


def test_settings_are_loaded_once_and_shared() -> None:
    check = Check(None)
    shared = engines(check)
    assert check.made == []
    assert shared.new("mx1.example") is not shared.new("mx2.example")
    assert check.made == ["mx1.example", "mx2.example"]
    assert check.outcomes == []


def test_a_check_without_engines_of_its_own_takes_any_certificate() -> None:
    assert isinstance(engines(object()).new("mx.example"), TlsEngine)


def test_what_fails_ahead_shows_when_it_is_needed() -> None:
    ended = SessionEnded(Finding("local", "no CA certificates"))
    check = Check(ImportError("OpenSSL"), ended, None)
    shared = engines(check)
    shared.prepare()
    with pytest.raises(SessionEnded, match="no CA certificates"):
        shared.new("mx.example")
    shared.new("mx.example")
    assert check.made == ["mx.example"]


def test_who_needs_one_while_it_is_prepared_waits_and_loads_nothing_twice() -> None:
    loading, go_on = threading.Event(), threading.Event()

    class Slow(Check):
        def engine_maker(self, options: Options) -> Callable[[str], Engine]:
            loading.set()
            assert go_on.wait(5.0)
            return super().engine_maker(options)

    check = Slow(None)
    shared = engines(check)
    ahead = threading.Thread(target=shared.prepare)
    ahead.start()
    assert loading.wait(5.0)
    threading.Timer(0.05, go_on.set).start()
    shared.new("mx.example")
    ahead.join()
    assert check.made == ["", "mx.example"]
    assert check.outcomes == []
