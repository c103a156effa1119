"""The fixed vocabulary of outcomes, the same in every check, and their default states.

Rule: every outcome of a run is a Finding whose name stands in VOCABULARY; the state of a run is
the worst state of its findings, in the order OK < UNKNOWN < WARNING < CRITICAL (an unknown must
not hide a fault, as the Monitoring Plugins' own library orders them).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from check_smtp_core.lean_typing import NamedTuple


class State(IntEnum):
    """A plugin's state; the value is its exit code (Monitoring Plugins guidelines)."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_SEVERITY = (State.OK, State.UNKNOWN, State.WARNING, State.CRITICAL)

_CRITICAL, _WARNING, _OK, _UNKNOWN = State.CRITICAL, State.WARNING, State.OK, State.UNKNOWN

VOCABULARY: dict[str, State | None] = {
    # the session
    "no-such-host": _CRITICAL,
    "resolver": _UNKNOWN,
    "connect": _CRITICAL,
    "timeout": _CRITICAL,
    "closed": _CRITICAL,
    "protocol": _CRITICAL,
    "unavailable": _CRITICAL,
    "tempfail": _WARNING,
    "reject": _CRITICAL,
    "no-route": _UNKNOWN,
    "local": _UNKNOWN,
    "fallback": _OK,
    "nonstandard": _OK,
    "unsolicited": _WARNING,
    "masked": _WARNING,
    "no-esmtp": _WARNING,
    # thresholds
    "slow": None,
    "expiring": None,
    # expectations
    "banner-code": _CRITICAL,
    "banner-host": _CRITICAL,
    "banner-text": _WARNING,
    "missing": _CRITICAL,
    "forbidden": _WARNING,
    "size": _WARNING,
    # TLS
    "no-starttls": _CRITICAL,
    "starttls-reoffered": _WARNING,
    "injection": _CRITICAL,
    "tls-handshake": _CRITICAL,
    "tls-version": _CRITICAL,
    "cipher": _WARNING,
    # certificates
    "expired": _CRITICAL,
    "not-yet-valid": _CRITICAL,
    "untrusted": _CRITICAL,
    "self-signed": _CRITICAL,
    "incomplete-chain": _CRITICAL,
    "name-mismatch": _CRITICAL,
    "wrong-purpose": _CRITICAL,
    "weak-key": _CRITICAL,
    "weak-signature": _CRITICAL,
    "fingerprint": _CRITICAL,
    "not-reloaded": _CRITICAL,
    "extra-expired": _OK,
    "chain-order": _OK,
    # recipients, relaying and logins
    "unknown-user": _CRITICAL,
    "policy": _CRITICAL,
    "full": _CRITICAL,
    "greylisted": _WARNING,
    "not-refused": _CRITICAL,
    "catch-all": _WARNING,
    "open-relay": _CRITICAL,
    "trusted": _UNKNOWN,
    "auth-failed": _CRITICAL,
    "plaintext-auth": _WARNING,
    # the queue
    "mail-system": _CRITICAL,
    "queue-age": None,
    "queue-length": None,
    # a message's way
    "in-flight": _OK,
    "late": None,
    "lost": _CRITICAL,
    "junk": _WARNING,
    "mailbox": _UNKNOWN,
    "spf": _WARNING,
    "dkim": _WARNING,
    "dmarc": _WARNING,
}
"""Each finding's default state; None where a threshold decides between WARNING and CRITICAL."""

FIXED = frozenset({"local"})
"""Findings whose state nobody may override: a fault of ours must not look like the server's."""


class Finding(NamedTuple):
    """One outcome of a run.

    `text` is for people, on one line, with foreign text already screened; `state` is set only
    where a threshold decided it; `ends_session` marks what kept the check from its answer and is
    therefore always in the status line; `said` marks what is said there even when OK.
    """

    name: str
    text: str
    state: State | None = None
    ends_session: bool = False
    said: bool = False

    def __str__(self) -> str:
        """`name: text`, as it stands in the status line."""
        return f"{self.name}: {self.text}"


class SessionEnded(Exception):
    """The session cannot go on; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding._replace(ends_session=True)


def state_of(finding: Finding, overrides: Mapping[str, State]) -> State:
    """The state of a finding: the user's (`--state`), the threshold's, or the default.

    KeyError if the vocabulary does not know the name.
    """
    default = VOCABULARY[finding.name]
    if finding.name in overrides and finding.name not in FIXED:
        return overrides[finding.name]
    if finding.state is not None:
        return finding.state
    return State.CRITICAL if default is None else default


def worst(states: Iterable[State]) -> State:
    """The worst of these states; OK if there are none."""
    return max(states, key=_SEVERITY.index, default=State.OK)


def severity(state: State) -> int:
    """The rank of a state, 0 for OK to 3 for CRITICAL."""
    return _SEVERITY.index(state)
