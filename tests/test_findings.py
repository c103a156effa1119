"""The vocabulary of outcomes, and the state of a run."""

import pytest

from check_smtp_core.findings import (
    FIXED,
    VOCABULARY,
    Finding,
    SessionEnded,
    State,
    severity,
    state_of,
    worst,
)

OK, WARNING, CRITICAL, UNKNOWN = State.OK, State.WARNING, State.CRITICAL, State.UNKNOWN


def test_the_vocabulary_is_the_one_that_was_promised() -> None:
    """Names are an interface: `--state` in people's configurations holds them."""
    assert VOCABULARY == {
        "no-such-host": CRITICAL,
        "resolver": UNKNOWN,
        "connect": CRITICAL,
        "timeout": CRITICAL,
        "closed": CRITICAL,
        "protocol": CRITICAL,
        "unavailable": CRITICAL,
        "tempfail": WARNING,
        "reject": CRITICAL,
        "no-route": UNKNOWN,
        "local": UNKNOWN,
        "fallback": OK,
        "nonstandard": OK,
        "unsolicited": WARNING,
        "masked": WARNING,
        "no-esmtp": WARNING,
        "slow": None,
        "expiring": None,
        "banner-text": WARNING,
        "forbidden": WARNING,
        "size": WARNING,
        "cipher": WARNING,
        "starttls-reoffered": WARNING,
        "banner-code": CRITICAL,
        "banner-host": CRITICAL,
        "missing": CRITICAL,
        "no-starttls": CRITICAL,
        "injection": CRITICAL,
        "tls-handshake": CRITICAL,
        "tls-version": CRITICAL,
        "expired": CRITICAL,
        "not-yet-valid": CRITICAL,
        "untrusted": CRITICAL,
        "self-signed": CRITICAL,
        "incomplete-chain": CRITICAL,
        "name-mismatch": CRITICAL,
        "wrong-purpose": CRITICAL,
        "weak-key": CRITICAL,
        "weak-signature": CRITICAL,
        "fingerprint": CRITICAL,
        "not-reloaded": CRITICAL,
        "extra-expired": OK,
        "chain-order": OK,
        "unknown-user": CRITICAL,
        "policy": CRITICAL,
        "full": CRITICAL,
        "greylisted": WARNING,
        "not-refused": CRITICAL,
        "catch-all": WARNING,
        "open-relay": CRITICAL,
        "trusted": UNKNOWN,
        "auth-failed": CRITICAL,
        "plaintext-auth": WARNING,
        "mail-system": CRITICAL,
        "queue-age": None,
        "queue-length": None,
        "in-flight": OK,
        "late": None,
        "lost": CRITICAL,
        "junk": WARNING,
        "mailbox": UNKNOWN,
        "spf": WARNING,
        "dkim": WARNING,
        "dmarc": WARNING,
    }


def test_only_a_fault_of_ours_has_a_fixed_state() -> None:
    assert frozenset({"local"}) == FIXED


def test_a_state_is_its_exit_code() -> None:
    assert {state.name: int(state) for state in State} == {
        "OK": 0,
        "WARNING": 1,
        "CRITICAL": 2,
        "UNKNOWN": 3,
    }


@pytest.mark.parametrize(
    ("finding", "overrides", "state"),
    [
        (Finding("closed", "x"), {}, CRITICAL),
        (Finding("closed", "x"), {"closed": OK}, OK),
        (Finding("closed", "x"), {"timeout": OK}, CRITICAL),
        (Finding("nonstandard", "x"), {"nonstandard": WARNING}, WARNING),
        (Finding("timeout", "x"), {"timeout": UNKNOWN}, UNKNOWN),
        (Finding("local", "x"), {}, UNKNOWN),
        (Finding("local", "x"), {"local": OK}, UNKNOWN),
        (Finding("slow", "x", WARNING), {}, WARNING),
        (Finding("slow", "x", CRITICAL), {}, CRITICAL),
        (Finding("slow", "x", CRITICAL), {"slow": OK}, OK),
        (Finding("expiring", "x"), {}, CRITICAL),
    ],
)
def test_the_users_state_comes_before_the_thresholds_and_that_before_the_default(
    finding: Finding, overrides: dict[str, State], state: State
) -> None:
    assert state_of(finding, overrides) is state


def test_a_finding_outside_the_vocabulary_has_no_state() -> None:
    with pytest.raises(KeyError):
        state_of(Finding("no-such-finding", "x"), {"no-such-finding": OK})


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([], OK),
        ([OK, OK], OK),
        ([UNKNOWN, OK], UNKNOWN),
        ([UNKNOWN, WARNING], WARNING),
        ([WARNING, UNKNOWN], WARNING),
        ([CRITICAL, UNKNOWN, WARNING, OK], CRITICAL),
    ],
)
def test_the_worst_state_wins_and_unknown_hides_no_fault(
    states: list[State], state: State
) -> None:
    assert worst(states) is state


def test_states_are_ranked_ok_unknown_warning_critical() -> None:
    assert sorted(State, key=severity) == [OK, UNKNOWN, WARNING, CRITICAL]
    assert [severity(state) for state in (OK, UNKNOWN, WARNING, CRITICAL)] == [0, 1, 2, 3]


def test_a_finding_prints_as_its_name_and_text() -> None:
    assert str(Finding("closed", "the server left")) == "closed: the server left"


def test_what_ended_a_session_is_marked_so() -> None:
    ended = SessionEnded(Finding("closed", "the server left"))
    assert ended.finding == Finding("closed", "the server left", ends_session=True)
    assert str(ended) == "closed: the server left"
