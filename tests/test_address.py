"""From a host to its addresses, and the names we go by."""

import errno
import socket
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from check_smtp_core.address import (
    Address,
    a_labels,
    checked_host,
    ehlo_name,
    literal_family,
    reference_name,
    resolve,
    unbracketed,
)
from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.tasks import finish

V4, V6 = int(socket.AF_INET), int(socket.AF_INET6)


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("192.0.2.1", V4),
        ("[192.0.2.1]", V4),
        ("2001:db8::1", V6),
        ("[2001:db8::1]", V6),
        ("::", V6),
        ("::ffff:192.0.2.1", V6),
        ("fe80::1%eth0", V6),
        ("[fe80::1%eth0]", V6),
        ("mail.example.com", 0),
        ("127.1", 0),
        ("1.2.3", 0),
        ("0x7f.1", 0),
        ("192.0.2.256", 0),
        ("192.0.2.01", 0),
        ("192.0.2.1 ", 0),
        ("192.0.2.1:25", 0),
        ("2001:db8:::1", 0),
        ("[mail]", 0),
        ("[::1", 0),
        ("::1]", 0),
        ("", 0),
        ("[]", 0),
        ("1\x00.2.3.4", 0),
        ("\uff11.2.3.4", 0),
    ],
)
def test_an_address_is_told_from_a_name(host: str, family: int) -> None:
    assert literal_family(host) == family


@pytest.mark.parametrize(
    ("host", "bare"),
    [
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[::1", "[::1"),
        ("mail", "mail"),
    ],
)
def test_brackets_come_off_in_pairs(host: str, bare: str) -> None:
    assert unbracketed(host) == bare


LABEL = "a" * 63


@pytest.mark.parametrize(
    ("host", "checked"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[fe80::1%eth0]", "fe80::1%eth0"),
        ("mail", "mail"),
        ("localhost", "localhost"),
        ("mail.example.com", "mail.example.com"),
        ("mail.example.com.", "mail.example.com."),
        ("MAIL.Example.COM", "MAIL.Example.COM"),
        ("_smtp.my_host.example", "_smtp.my_host.example"),
        ("1.2.3.example", "1.2.3.example"),
        ("3com", "3com"),
        (f"{LABEL}.example", f"{LABEL}.example"),
        (f"{LABEL}.{LABEL}.{LABEL}.{'a' * 61}", f"{LABEL}.{LABEL}.{LABEL}.{'a' * 61}"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example."),
        ("straße.example", "xn--strae-oqa.example"),
    ],
)
def test_a_host_goes_to_the_resolver_bare_and_in_ascii(host: str, checked: str) -> None:
    assert checked_host(host) == checked


NEITHER = "neither a host name nor an address"
INCOMPLETE = "not a complete address"


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("", NEITHER),
        (".", NEITHER),
        ("a..b", NEITHER),
        (".a", NEITHER),
        ("a..", NEITHER),
        ("a b", NEITHER),
        (" a", NEITHER),
        ("a\tb", NEITHER),
        ("a/b", NEITHER),
        ("a@b", NEITHER),
        ("a,b", NEITHER),
        ("mail:25", f"{NEITHER}; the port is -p"),
        ("192.0.2.1:25", f"{NEITHER}; the port is -p"),
        ("[mail]", NEITHER),
        ("[::1", NEITHER),
        ("2001:db8:::1", NEITHER),
        (f"{LABEL}a.example", NEITHER),
        (".".join([LABEL] * 4), NEITHER),
        ("1.2.3", INCOMPLETE),
        ("127.1", INCOMPLETE),
        ("1", INCOMPLETE),
        ("2130706433", INCOMPLETE),
        ("0x7f.1", INCOMPLETE),
        ("0x7f000001", INCOMPLETE),
        ("0X7F", INCOMPLETE),
        ("192.0.2.256", INCOMPLETE),
        ("1.2.3.4.", INCOMPLETE),
        ("mail.1", INCOMPLETE),
        pytest.param("\uff11\uff12\uff17.\uff11", INCOMPLETE, id="digits that IDNA maps"),
    ],
)
def test_what_is_neither_a_name_nor_an_address_is_refused(host: str, why: str) -> None:
    """getaddrinfo() reads 127.1, 0x7f.1 and 2130706433 as addresses that nobody meant."""
    with pytest.raises(ValueError) as refused:
        checked_host(host)
    assert str(refused.value) == why


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("mail.example.com", "mail.example.com"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("faß.de", "xn--fa-hia.de"),
    ],
)
def test_names_are_encoded_by_idna_2008(name: str, encoded: str) -> None:
    """IDNA 2003 reads `faß` as `fass`, which is another domain."""
    assert a_labels(name) == encoded


@pytest.mark.parametrize("name", ["☃.example", "-ü.example", "ü" * 63])
def test_a_name_that_idna_does_not_allow_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^not a valid internationalised name \("):
        a_labels(name)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("mail.example.com", "mail.example.com"),
        ("mail.example.com.", "mail.example.com"),
        ("192.0.2.1", ""),
        ("2001:db8::1", ""),
        ("[2001:db8::1]", ""),
    ],
)
def test_sni_has_no_trailing_dot_and_no_address(host: str, name: str) -> None:
    """RFC 6066 3."""
    assert reference_name(host) == name


@pytest.mark.parametrize(
    ("machine", "local", "name"),
    [
        ("probe.example.net", "192.0.2.10", "probe.example.net"),
        ("probe.example.net.", "192.0.2.10", "probe.example.net"),
        ("Probe-1.example.net", "2001:db8::a", "Probe-1.example.net"),
        ("probe", "192.0.2.10", "[192.0.2.10]"),
        ("probe", "2001:db8::a", "[IPv6:2001:db8::a]"),
        ("probe", "fe80::1%eth0", "[IPv6:fe80::1]"),
        ("", "192.0.2.10", "[192.0.2.10]"),
        (".", "192.0.2.10", "[192.0.2.10]"),
        ("localhost", "127.0.0.1", "[127.0.0.1]"),
        ("localhost.localdomain", "127.0.0.1", "[127.0.0.1]"),
        ("LOCALHOST.local", "127.0.0.1", "[127.0.0.1]"),
        ("192.0.2.77", "192.0.2.10", "[192.0.2.10]"),
        ("probe..net", "192.0.2.10", "[192.0.2.10]"),
        ("pro be.example.net", "192.0.2.10", "[192.0.2.10]"),
        ("probe.example.net\r\nQUIT", "192.0.2.10", "[192.0.2.10]"),
        ("pröbe.example.net", "192.0.2.10", "[192.0.2.10]"),
        (f"{LABEL}a.example.net", "192.0.2.10", "[192.0.2.10]"),
        (f"{LABEL}.example.net", "192.0.2.10", f"{LABEL}.example.net"),
        ("localhost4.localdomain4", "127.0.0.1", "[127.0.0.1]"),
        ("localhost6.localdomain6", "::1", "[IPv6:::1]"),
        ("localhost.example.net", "192.0.2.10", "[192.0.2.10]"),
        ("probe.localhost", "192.0.2.10", "[192.0.2.10]"),
        ("probe.localdomain", "192.0.2.10", "[192.0.2.10]"),
        ("Probe.LocalDomain", "192.0.2.10", "[192.0.2.10]"),
        ("probe.1", "192.0.2.10", "[192.0.2.10]"),
        ("127.1", "192.0.2.10", "[192.0.2.10]"),
        ("-probe.example.net", "192.0.2.10", "[192.0.2.10]"),
        ("probe-.example.net", "192.0.2.10", "[192.0.2.10]"),
        ("probe.-example.net", "192.0.2.10", "[192.0.2.10]"),
        ("probe.example.net-", "192.0.2.10", "[192.0.2.10]"),
        ("-.example.net", "192.0.2.10", "[192.0.2.10]"),
        ("a.1.example", "192.0.2.10", "a.1.example"),
        ("_p.b--c.example", "192.0.2.10", "_p.b--c.example"),
    ],
)
def test_the_ehlo_name_is_the_machines_own_if_it_has_a_dot_else_its_address(
    monkeypatch: pytest.MonkeyPatch, machine: str, local: str, name: str
) -> None:
    """RFC 5321 4.1.4 and 4.1.3."""
    monkeypatch.setattr(socket, "gethostname", lambda: machine)
    assert ehlo_name(local) == name


@pytest.mark.parametrize("machine", ["localhosting.example.net", "probe.localdomains.example"])
def test_a_name_that_only_begins_like_localhost_is_a_name(
    monkeypatch: pytest.MonkeyPatch, machine: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: machine)
    assert ehlo_name("192.0.2.10") == machine


# -- the resolver

Resolver = Callable[..., list[tuple[Any, ...]]]
"""What getaddrinfo() is."""


def answering(*addresses: str) -> Resolver:
    """A resolver that knows these addresses of every name, as the real one lists them."""

    def getaddrinfo(host: bytes, port: int, *_: Any) -> list[tuple[Any, ...]]:
        return [
            (V6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (V4, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]

    return getaddrinfo


def failing(error: OSError) -> Resolver:
    def getaddrinfo(*_: Any) -> list[tuple[Any, ...]]:
        raise error

    return getaddrinfo


def soon() -> Deadline:
    return Deadline.after(5.0)


def test_an_address_prints_without_its_port() -> None:
    assert str(Address(V6, ("2001:db8::1", 25, 0, 0))) == "2001:db8::1"
    assert str(Address(V4, ("192.0.2.1", 25))) == "192.0.2.1"


@pytest.mark.parametrize(
    ("known", "addresses"),
    [
        (["192.0.2.1"], [Address(V4, ("192.0.2.1", 25))]),
        (
            ["2001:db8::1", "192.0.2.1", "2001:db8::1", "192.0.2.1"],
            [Address(V6, ("2001:db8::1", 25, 0, 0)), Address(V4, ("192.0.2.1", 25))],
        ),
        (
            ["192.0.2.2", "2001:db8::1", "192.0.2.1"],
            [
                Address(V4, ("192.0.2.2", 25)),
                Address(V6, ("2001:db8::1", 25, 0, 0)),
                Address(V4, ("192.0.2.1", 25)),
            ],
        ),
    ],
)
def test_addresses_come_in_the_resolvers_order_each_once(
    monkeypatch: pytest.MonkeyPatch, known: list[str], addresses: list[Address]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering(*known))
    assert finish(resolve("mail.example.com", 25, 0, soon())) == addresses


@pytest.mark.parametrize(
    ("host", "family", "question"),
    [
        ("mail.example.com", 0, (b"mail.example.com", 25, 0, socket.SOCK_STREAM, 0, 0)),
        ("mail.example.com.", V4, (b"mail.example.com.", 25, V4, socket.SOCK_STREAM, 0, 0)),
        (
            "2001:db8::1",
            V6,
            (b"2001:db8::1", 25, V6, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST),
        ),
    ],
)
def test_the_resolver_is_asked_for_the_wanted_family_and_never_about_a_literal(
    monkeypatch: pytest.MonkeyPatch, host: str, family: int, question: tuple[Any, ...]
) -> None:
    asked: list[tuple[Any, ...]] = []

    def getaddrinfo(*arguments: Any) -> list[tuple[Any, ...]]:
        asked.append(arguments)
        return answering("192.0.2.1")(*arguments)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    finish(resolve(host, 25, family, soon()))
    assert asked == [question]


@pytest.mark.parametrize(
    ("literal", "address"),
    [
        ("127.0.0.1", Address(V4, ("127.0.0.1", 25))),
        ("::1", Address(V6, ("::1", 25, 0, 0))),
    ],
)
def test_a_literal_resolves_to_itself(literal: str, address: Address) -> None:
    assert finish(resolve(literal, 25, 0, soon())) == [address]


def test_a_literal_with_an_interface_that_is_not_here_is_our_own_fault() -> None:
    with pytest.raises(SessionEnded) as ended:
        finish(resolve("fe80::1%nosuch0", 25, V6, soon()))
    text = "this machine has no such interface: fe80::1%nosuch0"
    assert ended.value.finding == Finding("local", text, ends_session=True)


NAME = "mail.example.com"


@pytest.mark.parametrize(
    ("code", "family", "finding"),
    [
        (
            socket.EAI_NONAME,
            0,
            Finding("no-such-host", f"the name {NAME} does not exist or has no address"),
        ),
        (
            socket.EAI_NONAME,
            V4,
            Finding("no-such-host", f"the name {NAME} does not exist or has no IPv4 address"),
        ),
        (
            getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
            V6,
            Finding("no-such-host", f"the name {NAME} does not exist or has no IPv6 address"),
        ),
        (
            getattr(socket, "EAI_ADDRFAMILY", socket.EAI_NONAME),
            V6,
            Finding("no-such-host", f"the name {NAME} does not exist or has no IPv6 address"),
        ),
        (
            socket.EAI_AGAIN,
            0,
            Finding("resolver", f"temporary failure while resolving the name {NAME}"),
        ),
    ],
)
def test_a_name_that_does_not_resolve_is_told_from_a_resolver_that_cannot(
    monkeypatch: pytest.MonkeyPatch, code: int, family: int, finding: Finding
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", failing(socket.gaierror(code, "x")))
    with pytest.raises(SessionEnded) as ended:
        finish(resolve(NAME, 25, family, soon()))
    assert ended.value.finding == finding._replace(ends_session=True)


def test_a_failure_for_good_is_the_resolvers_but_not_called_temporary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", failing(socket.gaierror(socket.EAI_FAIL, "x")))
    with pytest.raises(SessionEnded) as ended:
        finish(resolve(NAME, 25, 0, soon()))
    text = f"failure while resolving the name {NAME}"
    assert ended.value.finding == Finding("resolver", text, ends_session=True)


@pytest.mark.parametrize(
    ("host", "finding"),
    [
        (NAME, Finding("resolver", f"failure while resolving the name {NAME}")),
        ("192.0.2.1", Finding("resolver", "failure while resolving the name 192.0.2.1")),
    ],
)
def test_an_error_of_the_system_in_the_resolver_is_a_finding_too(
    monkeypatch: pytest.MonkeyPatch, host: str, finding: Finding
) -> None:
    """EAI_SYSTEM (no file descriptors left, say) leaves as a plain OSError; in the resolver's
    thread nobody would catch it, and its traceback would go to stderr.
    """
    uncaught: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", uncaught.append)
    monkeypatch.setattr(socket, "getaddrinfo", failing(OSError(errno.EMFILE, "x")))
    before = set(threading.enumerate())
    with pytest.raises(SessionEnded) as ended:
        finish(resolve(host, 25, 0, soon()))
    for thread in set(threading.enumerate()) - before:
        thread.join(5.0)
    assert ended.value.finding == finding._replace(ends_session=True)
    assert uncaught == []


def test_a_silent_resolver_does_not_outlast_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()

    def getaddrinfo(*_: Any) -> list[tuple[Any, ...]]:
        done.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    before = monotonic()
    with pytest.raises(OutOfTime):
        finish(resolve(NAME, 25, 0, Deadline.after(0.05)))
    elapsed = monotonic() - before
    done.set()
    assert 0.05 <= elapsed < 1.0


def test_after_the_deadline_no_name_resolves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering("192.0.2.1"))
    with pytest.raises(OutOfTime):
        finish(resolve(NAME, 25, 0, Deadline.after(-1.0)))
