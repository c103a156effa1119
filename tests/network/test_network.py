"""Names that do not resolve, hosts with a dead address, firewalls, routes and loss."""

import re
import sys
from pathlib import Path
from time import monotonic

import pytest

from tests.conftest import Outcome, outcome
from tests.network.namespace import Network

BIN = Path(sys.executable).parent
GREETED = 'greeted in T s: "220 mail.example.test ESMTP"'
OVERRUN = 3.0
"""What a busy machine may take to start an executable and to end it."""

LOSSY_RUNS = 10


def run(network: Network, check: str, *options: str) -> Outcome:
    """What came of an installed executable inside; it must end in time."""
    command = (str(BIN / check), "--ehlo-name", "client.example", *options)
    limit = float(options[options.index("-t") + 1]) if "-t" in options else 8.0
    started = monotonic()
    code, output = network.run(*command)
    assert monotonic() - started < limit + OVERRUN
    return outcome(code, output, 25)


def timeless(seen: Outcome) -> str:
    """The line, without how long it was waited for."""
    return re.sub(r"within [\d.]+ s(, which was left of 2 s)?", "in T", seen.text)


@pytest.mark.parametrize(
    ("host", "options", "code", "text"),
    [
        # Names
        ("mail.example.test", (), 0, f"OK - [2001:db8::1] {GREETED}"),
        ("mail.example.test", ("-4",), 0, f"OK - [192.0.2.1] {GREETED}"),
        ("v6.example.test", (), 0, f"OK - [2001:db8::1] {GREETED}"),
        (
            "v6.example.test",
            ("-4",),
            2,
            "CRITICAL - no-such-host: the name v6.example.test does not exist or has no IPv4 "
            "address",
        ),
        (
            "v4.example.test",
            ("-6",),
            2,
            "CRITICAL - no-such-host: the name v4.example.test does not exist or has no IPv6 "
            "address",
        ),
        (
            "nosuch.example.test",
            (),
            2,
            "CRITICAL - no-such-host: the name nosuch.example.test does not exist or has no "
            "address",
        ),
        (
            "nothing.example.test",
            (),
            2,
            "CRITICAL - no-such-host: the name nothing.example.test does not exist or has no "
            "address",
        ),
        (
            "x.servfail.test",
            (),
            3,
            "UNKNOWN - resolver: temporary failure while resolving the name x.servfail.test",
        ),
        (
            "x.refused.test",
            (),
            3,
            "UNKNOWN - resolver: temporary failure while resolving the name x.refused.test",
        ),
        # Signed zones: one is well, the signatures of the other have expired
        ("mail.signed.test", (), 0, f"OK - [192.0.2.1] {GREETED}"),
        (
            "nosuch.signed.test",
            (),
            2,
            "CRITICAL - no-such-host: the name nosuch.signed.test does not exist or has no "
            "address",
        ),
        (
            "mail.stale.test",
            (),
            3,
            "UNKNOWN - resolver: temporary failure while resolving the name mail.stale.test",
        ),
        ("x.silent.test", ("-t", "2"), 3, "UNKNOWN - resolver: no answer from the resolver in T"),
        # Hosts with two addresses, one or both of them dead
        (
            "refused6.example.test",
            (),
            0,
            f"OK - [192.0.2.1] {GREETED}; fallback: connection refused (2001:db8::67)",
        ),
        (
            "deaf6.example.test",
            ("-t", "4"),
            0,
            f"OK - [192.0.2.1] {GREETED}; fallback: no answer (2001:db8::66)",
        ),
        ("deaf4.example.test", (), 0, f"OK - [2001:db8::1] {GREETED}"),
        (
            "deaf.example.test",
            ("-t", "2"),
            2,
            "CRITICAL - timeout: no answer to connect from 2001:db8::66, 192.0.2.66 in T",
        ),
        (
            "both.example.test",
            ("-t", "2"),
            2,
            "CRITICAL - timeout: no answer to connect from 2001:db8::66 in T; "
            "connect: connection refused (192.0.2.67)",
        ),
        ("far6-near4.example.test", (), 0, f"OK - [192.0.2.1] {GREETED}"),
        (
            "far6.example.test",
            (),
            3,
            "UNKNOWN - no-route: this machine has no IPv6 route to 2001:db8:ffff::1",
        ),
        # Firewalls and routes
        (
            "192.0.2.66",
            ("-t", "2"),
            2,
            "CRITICAL - timeout: no answer to connect from 192.0.2.66 in T",
        ),
        ("192.0.2.67", (), 2, "CRITICAL - connect: connection refused (192.0.2.67)"),
        ("192.0.2.68", (), 2, "CRITICAL - connect: host unreachable (192.0.2.68)"),
        (
            "198.51.100.1",
            (),
            2,
            "CRITICAL - connect: prohibited by a route or firewall of this machine (198.51.100.1)",
        ),
        ("198.51.100.2", (), 2, "CRITICAL - connect: host unreachable (198.51.100.2)"),
        (
            "198.51.100.3",
            (),
            2,
            "CRITICAL - connect: impossible by the routes of this machine "
            "(a blackhole, or the wrong source address) (198.51.100.3)",
        ),
    ],
)
def test_the_way_to_a_server(
    network: Network, host: str, options: tuple[str, ...], code: int, text: str
) -> None:
    seen = run(network, "check_smtp_banner", "-H", host, *options)
    assert (seen.code, timeless(seen).replace(f"{host}:PORT ", "")) == (
        code,
        f"SMTP_BANNER {text}",
    )


REFUSED6 = "[2001:db8::67] connect: connection refused (2001:db8::67)"
REFUSED4 = "[192.0.2.67] connect: connection refused (192.0.2.67)"


@pytest.mark.parametrize(
    ("domain", "options", "code", "text"),
    [
        # The second host has an address of the first one, which is asked once
        ("well.example.test", (), 0, "OK - DOMAIN: 2 of 2 endpoints are well, the slowest in T s"),
        (
            "half.example.test",
            (),
            2,
            "CRITICAL - DOMAIN: 2 of 3 endpoints are well, the slowest in T s; "
            f"refused6.example.test:25 {REFUSED6}",
        ),
        (
            "half.example.test",
            ("--quorum", "2"),
            0,
            "OK - DOMAIN: 2 of 3 endpoints are well (wanted: 2), the slowest in T s; "
            f"refused6.example.test:25 {REFUSED6}",
        ),
        (
            "nolisting.example.test",
            ("-4",),
            2,
            "CRITICAL - DOMAIN: 1 of 2 endpoints are well, the slowest in T s; "
            f"closed4.example.test:25 {REFUSED4}",
        ),
        (
            "nolisting.example.test",
            ("--ignore-mx", "closed4.example.test"),
            0,
            "OK - DOMAIN: 2 of 2 endpoints are well, the slowest in T s",
        ),
        (
            "dangling.example.test",
            (),
            2,
            "CRITICAL - DOMAIN: 1 of 2 endpoints are well, the slowest in T s; "
            "nosuch.example.test:25 no-such-host: the name nosuch.example.test does not exist or "
            "has no address",
        ),
        (
            "null.example.test",
            (),
            2,
            "CRITICAL - DOMAIN: 0 of 1 endpoint is well; DOMAIN:25 no-such-host: the domain "
            "DOMAIN takes no mail (null MX, RFC 7505)",
        ),
        (
            "mail.example.test",
            (),
            0,
            "OK - DOMAIN: 2 of 2 endpoints are well, the slowest in T s; DOMAIN:25 [2001:db8::1] "
            "fallback: DOMAIN has no MX record, its own address takes its mail",
        ),
        (
            "nosuch.example.test",
            (),
            2,
            "CRITICAL - DOMAIN: 0 of 1 endpoint is well; DOMAIN:25 no-such-host: the domain "
            "DOMAIN does not exist",
        ),
        *(
            (
                domain,
                (),
                3,
                "UNKNOWN - DOMAIN: 0 of 1 endpoint is well; DOMAIN:25 resolver: temporary failure "
                "while looking for the MX records of DOMAIN",
            )
            for domain in ("x.servfail.test", "mail.stale.test")
        ),
        (
            "x.silent.test",
            ("-t", "2"),
            3,
            "UNKNOWN - DOMAIN: 0 of 1 endpoint is well; DOMAIN:25 resolver: no answer from the "
            "resolver in T",
        ),
    ],
)
def test_the_mail_exchangers_of_a_domain(
    network: Network, domain: str, options: tuple[str, ...], code: int, text: str
) -> None:
    seen = run(network, "check_smtp_banner", "--mx", domain, *options)
    expected = f"SMTP_BANNER {text}".replace("DOMAIN", domain)
    assert (seen.code, timeless(seen).replace(":PORT", ":25")) == (code, expected)


def test_every_address_of_a_host(network: Network) -> None:
    seen = run(
        network,
        "check_smtp_banner",
        *("-H", "deaf6.example.test,mail.example.test", "--all-addresses", "-t", "2"),
    )
    assert (seen.code, timeless(seen).replace(":PORT", ":25")) == (
        2,
        "SMTP_BANNER CRITICAL - 2 of 3 endpoints are well, the slowest in T s; "
        "deaf6.example.test:25 [2001:db8::66] timeout: no answer to connect from 2001:db8::66 "
        "in T",
    )


def test_a_network_that_swallows_large_packets_is_told_by_the_phase_that_had_one(
    network: Network,
) -> None:
    assert run(network, "check_smtp_banner", "-H", "192.0.2.70").code == 0
    seen = run(network, "check_smtp_ehlo", "-H", "192.0.2.70", "-t", "2")
    assert timeless(seen) == (
        "SMTP_EHLO CRITICAL - 192.0.2.70:PORT timeout: the reply to EHLO did not come in T"
    )
    assert seen.code == 2


def test_a_network_that_loses_every_fifth_packet_only_takes_longer(network: Network) -> None:
    for _ in range(LOSSY_RUNS):
        seen = run(network, "check_smtp_ehlo", "-H", "192.0.2.69", "-t", "30")
        assert (seen.code, seen.text) == (
            0,
            "SMTP_EHLO OK - 192.0.2.69:PORT offers 2 extensions in T s: 8BITMIME, SIZE 1000",
        )
