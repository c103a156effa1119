"""What a server said in clear text of a handshake, from octets and from a real server."""

import ssl

import pytest

from check_smtp_core.tls import TlsEngine
from check_smtp_core.tls_records import diffie_hellman_bits, server_version
from tests.chains import INTERMEDIATE, LEAF, server_context
from tests.tls_server import Server, shake_hands


def record(*messages: bytes, kind: int = 22) -> bytes:
    body = b"".join(messages)
    return bytes((kind, 3, 3)) + len(body).to_bytes(2, "big") + body


def message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def hello(version: bytes) -> bytes:
    return message(2, version + b"\x00" * 32)


def key_exchange(prime: int) -> bytes:
    octets = prime.to_bytes((prime.bit_length() + 7) // 8, "big")
    return message(12, len(octets).to_bytes(2, "big") + octets + b"generator and the rest")


HELLO = hello(b"\x03\x03")
GROUP = key_exchange(2**1023 + 1)
IN_TWO = record(HELLO, GROUP)[5:]
ALERT = record(b"\x02\x28", kind=21)


@pytest.mark.parametrize(
    ("octets", "version", "bits"),
    [
        (b"", "", 0),
        (record(HELLO), "TLSv1.2", 0),
        (record(hello(b"\x03\x02")), "TLSv1.1", 0),
        (record(hello(b"\x03\x01")), "TLSv1", 0),
        (record(hello(b"\x03\x00")), "", 0),
        (record(HELLO, GROUP), "TLSv1.2", 1024),
        (record(HELLO) + record(GROUP), "TLSv1.2", 1024),
        (record(IN_TWO[:60]) + record(IN_TWO[60:]), "TLSv1.2", 1024),
        (record(HELLO, key_exchange(2**2047)), "TLSv1.2", 2048),
        (record(HELLO) + ALERT + record(GROUP), "TLSv1.2", 0),
        (ALERT, "", 0),
        (record(HELLO)[:9], "", 0),
        (b"220 mail.example ESMTP", "", 0),
        (b"\x16", "", 0),
    ],
)
def test_version_and_group_are_read_from_the_octets(
    octets: bytes, version: str, bits: int
) -> None:
    assert (server_version(octets), diffie_hellman_bits(octets)) == (version, bits)


@pytest.mark.parametrize(
    ("ciphers", "version"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256", "TLSv1_2"),
        ("AES128-GCM-SHA256", "TLSv1_2"),
        ("DHE-RSA-AES128-GCM-SHA256", "TLSv1_3"),
    ],
)
def test_other_ciphers_have_no_group(ciphers: str, version: str) -> None:
    context = server_context((LEAF._replace(key="rsa2048"), INTERMEDIATE))
    context.set_ciphers(ciphers)
    context.maximum_version = ssl.TLSVersion[version]
    engine = TlsEngine("")
    shake_hands(engine, Server(context))
    assert engine.diffie_hellman_bits() == 0
