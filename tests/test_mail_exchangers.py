"""The mail exchangers of a domain, asked of a name server of the tests' own."""

import builtins
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.mail_exchangers import Exchangers, mail_exchangers
from check_smtp_core.tasks import finish
from tests.conftest import Outcome, outcome, run_check, unhurried

ZONE = {
    "two.example.": ["20 MX2.example.", "10 mx1.example.", "20 mx3.example.", "30 mx1.example."],
    "null.example.": ["0 ."],
    "plain.example.": [],
    "address.example.": ["10 127.0.0.1."],
}


class NameServer:
    """Answers for ZONE; SERVFAIL for sick.example, nothing for silent.example."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            octets, sender = self._socket.recvfrom(4096)
            if not octets:
                self._socket.close()
                return
            query = dns.message.from_wire(octets)
            name = query.question[0].name.to_text().lower()
            answer = dns.message.make_response(query)
            if name == "silent.example.":
                continue
            if name == "sick.example.":
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif name not in ZONE:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif ZONE[name]:
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "MX", *ZONE[name]))
            self._socket.sendto(answer.to_wire(), sender)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))


@pytest.fixture(autouse=True)
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = NameServer()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = server.port
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    yield
    server.close()


def found(domain: str, *ignored: str, seconds: float = 5.0) -> Exchangers:
    return finish(mail_exchangers(domain, ignored, Deadline.after(seconds)))


def about(domain: str, *arguments: str) -> Outcome:
    """What came of a banner check of the domain's mail exchangers."""
    return outcome(*run_check("banner", "--mx", domain, *arguments), 1)


@pytest.mark.parametrize(
    ("domain", "ignored", "hosts"),
    [
        ("two.example", (), ["mx1.example", "mx2.example", "mx3.example"]),
        ("TWO.example.", (), ["mx1.example", "mx2.example", "mx3.example"]),
        ("two.example", ("MX2.example", "mx3.example."), ["mx1.example"]),
        ("plain.example", (), ["plain.example"]),
    ],
)
def test_the_preferred_ones_come_first_each_once(
    domain: str, ignored: tuple[str, ...], hosts: list[str]
) -> None:
    assert found(domain, *ignored) == (hosts, domain == "plain.example")


@pytest.mark.parametrize(
    ("domain", "finding"),
    [
        ("none.example", Finding("no-such-host", "the domain none.example does not exist")),
        (
            "null.example",
            Finding("no-such-host", "the domain null.example takes no mail (null MX, RFC 7505)"),
        ),
        (
            "sick.example",
            Finding(
                "resolver",
                "temporary failure while looking for the MX records of sick.example",
            ),
        ),
    ],
)
def test_a_domain_without_exchangers_says_why(domain: str, finding: Finding) -> None:
    with pytest.raises(SessionEnded) as ended:
        found(domain, seconds=0.5)
    assert ended.value.finding == finding._replace(ends_session=True)


def test_a_resolver_that_does_not_answer_is_waited_for_to_the_end() -> None:
    with pytest.raises(OutOfTime):
        found("silent.example", seconds=0.3)
    seen = about("silent.example", "-t", "0.5")
    assert (seen.code, unhurried(seen.text)) == (
        3,
        "SMTP_BANNER UNKNOWN - silent.example: 0 of 1 endpoint is well; silent.example:25 "
        "resolver: no answer from the resolver within 0.5 s",
    )


def test_without_dnspython_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "check_smtp_core.mail_exchangers")
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    code, output = run_check("banner", "--mx", "two.example")
    assert code == 3
    assert "two.example:25 local: " in output
    assert "python3-dnspython" in output


def test_the_time_is_the_resolvers_and_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """To import dnspython takes far longer than a resolver nearby."""
    monkeypatch.delitem(sys.modules, "check_smtp_core.mail_exchangers")
    monkeypatch.setattr(builtins, "__import__", slowly(builtins.__import__))
    _, output = run_check("banner", "--mx", "null.example")
    assert float(output.partition("time_max=")[2].partition("s;")[0]) < 1


def slowly(real: Callable[..., Any]) -> Callable[..., Any]:
    def slow(name: str, *rest: Any, **named: Any) -> Any:
        if name == "dns.resolver":
            sleep(1)
        return real(name, *rest, **named)

    return slow


def test_there_must_be_one_that_is_not_ignored() -> None:
    with pytest.raises(SessionEnded) as ended:
        found("two.example", "mx1.example", "mx2.example", "mx3.example")
    text = "--ignore-mx leaves no mail exchanger of two.example"
    assert ended.value.finding == Finding("local", text, ends_session=True)


def test_a_run_about_a_domain_names_it() -> None:
    seen = about("null.example")
    assert (seen.code, seen.text) == (
        2,
        "SMTP_BANNER CRITICAL - null.example: 0 of 1 endpoint is well; null.example:25 "
        "no-such-host: the domain null.example takes no mail (null MX, RFC 7505)",
    )


def test_an_exchanger_that_is_an_address_is_said_not_asked() -> None:
    seen = about("address.example", "-p", "1")
    assert (seen.code, seen.text) == (
        2,
        "SMTP_BANNER CRITICAL - address.example: 0 of 1 endpoint is well; 127.0.0.1:PORT "
        "no-such-host: the MX record of address.example names an address, not a host "
        "(RFC 5321 5.1)",
    )


def test_a_domain_without_mx_records_is_said_to_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    seen = about("plain.example", "-p", "1", "--state", "connect=ok")
    assert (seen.code, seen.text) == (
        0,
        "SMTP_BANNER OK - plain.example: 1 of 1 endpoint is well, the slowest in T s; "
        "plain.example:PORT [127.0.0.1] connect: connection refused (127.0.0.1); "
        "plain.example:PORT [127.0.0.1] fallback: plain.example has no MX record, its own address "
        "takes its mail",
    )
