"""Values on the command line: what is valid, and what is said about what is not."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from check_smtp_core import values
from check_smtp_core.deadline import PHASES
from check_smtp_core.findings import VOCABULARY, State
from check_smtp_core.parser import InvalidValue


@pytest.mark.parametrize(
    ("convert", "text", "value"),
    [
        (values.wire_text, "two words, ümlaut", "two words, ümlaut"),
        (values.hostname, "mail.example.com", "mail.example.com"),
        (values.hostname, "mail.example.com.", "mail.example.com."),
        (values.hostname, "[2001:db8::1]", "2001:db8::1"),
        (values.hostname, "192.0.2.1", "192.0.2.1"),
        (values.hostname, "bücher.example", "xn--bcher-kva.example"),
        (values.port, "1", 1),
        (values.port, "25", 25),
        (values.port, "025", 25),
        (values.port, "65535", 65535),
        (values.ehlo_argument, "probe.example.net", "probe.example.net"),
        (values.ehlo_argument, "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
        (values.ehlo_argument, "a" * 255, "a" * 255),
        (values.address, "192.0.2.1", "192.0.2.1"),
        (values.address, "2001:db8::1", "2001:db8::1"),
        (values.state, "ok", State.OK),
        (values.state, "WARNING", State.WARNING),
        (values.state, "Critical", State.CRITICAL),
        (values.state, " unknown ", State.UNKNOWN),
        (values.state, "0", State.OK),
        (values.state, "3", State.UNKNOWN),
        (values.timeout, "8", (8.0, None)),
        (values.timeout, "0.5", (0.5, None)),
        (values.timeout, "3600", (3600.0, None)),
        (values.timeout, "5:warning", (5.0, State.WARNING)),
        (values.timeout, "5:2", (5.0, State.CRITICAL)),
        (values.threshold, "@1:2", "@1:2"),
        (values.phase_threshold, "time=5", ("time", "5")),
        (values.phase_threshold, "greeting=2:5", ("greeting", "2:5")),
        (values.finding_state, "masked=ok", ("masked", State.OK)),
        (values.finding_state, "no-starttls=1", ("no-starttls", State.WARNING)),
        (values.finding_name, "local", "local"),
        (values.proxy_version, "v1", 1),
        (values.proxy_version, "V2", 2),
        (values.proxy_version, "2", 2),
    ],
)
def test_a_valid_text_has_its_value(convert: Callable[[str], Any], text: str, value: Any) -> None:
    assert convert(text) == value


def test_brackets_around_a_source_address_are_taken_off() -> None:
    """bind() does not take them."""
    source = values.address("[2001:db8::1]")
    assert socket.inet_pton(socket.AF_INET6, source) == bytes.fromhex(f"20010db8{1:024x}")


CONTROL = "is not allowed: it holds control characters"
NO_HOST = "is neither a host name nor an address"
INCOMPLETE = "is not a complete address"
NO_PORT = "is not a port from 1 to 65535"
NO_EHLO = "is not a name or address literal for EHLO"
NO_STATE = "is not a state (ok, warning, critical or unknown)"
NO_SECONDS = "is not a number of seconds above 0 and up to 3600"
NO_RANGE = "is no range such as 5, 2:5, 30:, ~:5 or @1:2"
NO_PHASE = (
    "is not PHASE=RANGE; the phases are time, dns, connect, greeting, ehlo, starttls, tls, "
    "ehlo_tls, xclient, auth, mail, rcpt, data, mailbox"
)
NO_FINDING = "is no finding; --help lists them"
NO_VERSION = "is not a version of the PROXY protocol (v1 or v2)"


@pytest.mark.parametrize(
    ("convert", "text", "why"),
    [
        (values.wire_text, "a\r\nb", CONTROL),
        (values.wire_text, "a\x00", CONTROL),
        (values.wire_text, "a\x7f", CONTROL),
        (values.wire_text, "a\x85b", CONTROL),
        (values.wire_text, "a\u2028b", CONTROL),
        (values.wire_text, "a\u202eb", CONTROL),
        (values.hostname, "mail\r\nQUIT", CONTROL),
        (values.hostname, "mail host", NO_HOST),
        (values.hostname, "a..b", NO_HOST),
        (values.hostname, "1.2.3", INCOMPLETE),
        (values.hostname, "0x7f.1", INCOMPLETE),
        (values.hostname, "\uff11\uff12\uff17.\uff11", INCOMPLETE),
        (values.port, "0", NO_PORT),
        (values.port, "65536", NO_PORT),
        (values.port, "-25", NO_PORT),
        (values.port, "+25", NO_PORT),
        (values.port, " 25", NO_PORT),
        (values.port, "2_5", NO_PORT),
        (values.port, "25.0", NO_PORT),
        (values.port, "smtp", NO_PORT),
        (values.port, "\u0662\u0665", NO_PORT),
        (values.port, "9" * 5000, NO_PORT),
        pytest.param(values.port, "0000252525", NO_PORT, id="zeros before too large a port"),
        (values.ehlo_argument, "a\r\nb", CONTROL),
        (values.ehlo_argument, "two words", NO_EHLO),
        (values.ehlo_argument, "bücher.example", NO_EHLO),
        (values.ehlo_argument, "a" * 256, NO_EHLO),
        (values.address, "mail.example.com", "is not an address"),
        (values.address, "1.2.3", "is not an address"),
        (values.address, "::1\n", CONTROL),
        (values.state, "", NO_STATE),
        (values.state, "4", NO_STATE),
        (values.state, "-1", NO_STATE),
        (values.state, "crit", NO_STATE),
        (values.state, "\u0662", NO_STATE),
        (values.timeout, "0", NO_SECONDS),
        (values.timeout, "-1", NO_SECONDS),
        (values.timeout, "nan", NO_SECONDS),
        (values.timeout, "inf", NO_SECONDS),
        (values.timeout, "3600.1", NO_SECONDS),
        (values.timeout, "1_0", NO_SECONDS),
        (values.timeout, "8s", NO_SECONDS),
        (values.timeout, "0x8", NO_SECONDS),
        (values.timeout, "\u0668", NO_SECONDS),
        (values.timeout, ":ok", NO_SECONDS),
        (values.threshold, "1e3", NO_RANGE),
        (values.threshold, "5:1", "is a range that starts after its end"),
        (values.phase_threshold, "5", NO_PHASE),
        (values.phase_threshold, "quit=5", NO_PHASE),
        (values.phase_threshold, "=5", NO_PHASE),
        (values.finding_state, "masked", "is not FINDING=STATE"),
        (
            values.finding_state,
            "local=ok",
            "is not possible: a fault of this machine is always UNKNOWN",
        ),
        (values.finding_name, "Masked", NO_FINDING),
        (values.finding_name, "", NO_FINDING),
        (values.proxy_version, "3", NO_VERSION),
        (values.proxy_version, "v", NO_VERSION),
        (values.proxy_version, "vv1", NO_VERSION),
        (values.proxy_version, "v\u0661", NO_VERSION),
    ],
)
def test_what_is_not_valid_is_refused_with_the_reason(
    convert: Callable[[str], Any], text: str, why: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        convert(text)
    assert str(refused.value) == f'"{text}" {why}'


@pytest.mark.parametrize(
    ("convert", "text", "message"),
    [
        (values.timeout, "5:", f'"" {NO_STATE}'),
        (values.timeout, "5:bad", f'"bad" {NO_STATE}'),
        (values.phase_threshold, "ehlo=x", f'"x" {NO_RANGE}'),
        (values.phase_threshold, "ehlo=", f'"" {NO_RANGE}'),
        (values.finding_state, "masked=", f'"" {NO_STATE}'),
        (values.finding_state, "no-such=ok", f'"no-such" {NO_FINDING}'),
    ],
)
def test_of_a_value_in_two_parts_the_wrong_part_is_named(
    convert: Callable[[str], Any], text: str, message: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        convert(text)
    assert str(refused.value) == message


@pytest.mark.parametrize("name", [name for name in VOCABULARY if name != "local"])
def test_every_finding_but_our_own_fault_can_be_given_a_state(name: str) -> None:
    assert values.finding_state(f"{name}=unknown") == (name, State.UNKNOWN)


@pytest.mark.parametrize("phase", ["time", *PHASES])
def test_every_phase_can_have_a_threshold(phase: str) -> None:
    assert values.phase_threshold(f"{phase}=0.5") == (phase, "0.5")
