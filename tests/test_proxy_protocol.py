"""The header of the PROXY protocol, octet by octet."""

import socket

import pytest

from check_smtp_core.proxy_protocol import Endpoints, header

IPV4 = Endpoints(
    family=socket.AF_INET,
    source="192.0.2.10",
    source_port=56324,
    destination="192.0.2.25",
    destination_port=25,
)
IPV6 = Endpoints(
    family=socket.AF_INET6,
    source="2001:db8::a",
    source_port=56324,
    destination="2001:db8::19",
    destination_port=465,
)
PREFIX = "20010db80000000000000000000000"


@pytest.mark.parametrize(
    ("version", "connection", "octets"),
    [
        (1, IPV4, b"PROXY TCP4 192.0.2.10 192.0.2.25 56324 25\r\n"),
        (1, IPV6, b"PROXY TCP6 2001:db8::a 2001:db8::19 56324 465\r\n"),
        (
            2,
            IPV4,
            b"\r\n\r\n\x00\r\nQUIT\n"
            + bytes.fromhex("21 11 000c")
            + bytes.fromhex("c000020a c0000219")
            + bytes.fromhex("dc04 0019"),
        ),
        (
            2,
            IPV6,
            b"\r\n\r\n\x00\r\nQUIT\n"
            + bytes.fromhex("21 21 0024")
            + bytes.fromhex(f"{PREFIX}0a {PREFIX}19")
            + bytes.fromhex("dc04 01d1"),
        ),
    ],
    ids=["v1 IPv4", "v1 IPv6", "v2 IPv4", "v2 IPv6"],
)
def test_the_header_names_both_ends_of_the_connection(
    version: int, connection: Endpoints, octets: bytes
) -> None:
    assert header(version, connection) == octets


def test_a_family_given_as_a_plain_number_will_do() -> None:
    plain = IPV4._replace(family=int(socket.AF_INET))
    assert header(2, plain) == header(2, IPV4)
