"""Values on the command line: text in, a valid value out.

Rule: what is not valid leaves as InvalidValue, which says why; no text that may go to the
wire holds a control character.
"""

from __future__ import annotations

from check_smtp_core.address import checked_host, literal_family, unbracketed
from check_smtp_core.deadline import PHASES
from check_smtp_core.findings import FIXED, VOCABULARY, State
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.parser import InvalidValue
from check_smtp_core.thresholds import check_range

if TYPE_CHECKING:
    from typing import NoReturn


LONGEST_TIMEOUT = 3600.0
"""Seconds."""


def _reject(text: str, why: str) -> NoReturn:
    raise InvalidValue(f'"{text}" is {why}')


def wire_text(text: str) -> str:
    """Text without control characters: none may smuggle a line into the session."""
    if not text.isprintable():
        _reject(text, "not allowed: it holds control characters")
    return text


def hostname(text: str) -> str:
    """A host name or address, as it goes to the resolver."""
    try:
        return checked_host(wire_text(text))
    except ValueError as error:
        _reject(text, str(error))


def port(text: str) -> int:
    """A TCP port from 1 to 65535."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        _reject(text, "not a port from 1 to 65535")
    return int(text)


def count(text: str) -> int:
    """A number of things, at least one."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) > 0):
        _reject(text, "not a number above 0")
    return int(text)


def ehlo_argument(text: str) -> str:
    """A name or address literal for EHLO."""
    if not (wire_text(text).isascii() and " " not in text and len(text) <= 255):
        _reject(text, "not a name or address literal for EHLO")
    return text


def address(text: str) -> str:
    """An IPv4 or IPv6 address."""
    if not literal_family(wire_text(text)):
        _reject(text, "not an address")
    return unbracketed(text)


def state(text: str) -> State:
    """A state by its name or exit code."""
    word = text.strip().upper()
    if word.isdecimal() and word in ("0", "1", "2", "3"):
        return State(int(word))
    try:
        return State[word]
    except KeyError:
        _reject(text, "not a state (ok, warning, critical or unknown)")


def timeout(text: str) -> tuple[float, State | None]:
    """Seconds, and the state that a colon may add."""
    number, colon, word = text.partition(":")
    try:
        seconds = float(number)
    except ValueError:
        seconds = 0.0
    if not (number.isascii() and 0 < seconds <= LONGEST_TIMEOUT) or "_" in number:
        _reject(text, f"not a number of seconds above 0 and up to {LONGEST_TIMEOUT:g}")
    return seconds, state(word) if colon else None


def threshold(text: str) -> str:
    """A threshold range of the Monitoring Plugins guidelines."""
    try:
        return check_range(text)
    except ValueError as error:
        _reject(text, str(error))


def phase_threshold(text: str) -> tuple[str, str]:
    """A phase (or `time`) and its range."""
    phase, equals, limits = text.partition("=")
    if not equals or phase not in ("time", *PHASES):
        _reject(text, f"not PHASE=RANGE; the phases are time, {', '.join(PHASES)}")
    return phase, threshold(limits)


def finding_state(text: str) -> tuple[str, State]:
    """The name of a finding and the state it is to have."""
    name, equals, word = text.partition("=")
    if not equals:
        _reject(text, "not FINDING=STATE")
    finding_name(name)
    if name in FIXED:
        _reject(text, "not possible: a fault of this machine is always UNKNOWN")
    return name, state(word)


def finding_name(text: str) -> str:
    """The name of a finding."""
    if text not in VOCABULARY:
        _reject(text, "no finding; --help lists them")
    return text


def proxy_version(text: str) -> int:
    """A version of the PROXY protocol."""
    if text.lower().removeprefix("v") not in ("1", "2"):
        _reject(text, "not a version of the PROXY protocol (v1 or v2)")
    return int(text[-1])
