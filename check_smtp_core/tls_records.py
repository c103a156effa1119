"""What a server said in clear text of a handshake up to TLS 1.2, read from its octets.

Rule: pure; it reads what libraries do not tell: the version that a server took before they gave up
on it, and the size of a Diffie-Hellman group. RFC 5246 6.2.1 (records), 7.4 (messages).
"""

_HANDSHAKE_RECORD = 22
_RECORD_HEADER = 5
_MESSAGE_HEADER = 4
_SERVER_HELLO = 2
_SERVER_KEY_EXCHANGE = 12
_VERSIONS = {b"\x03\x01": "TLSv1", b"\x03\x02": "TLSv1.1", b"\x03\x03": "TLSv1.2"}


def _messages(octets: bytes) -> dict[int, bytes]:
    """The bodies of the handshake messages by type, up to the first record of another kind."""
    stream, at = b"", 0
    while octets[at : at + 1] == bytes((_HANDSHAKE_RECORD,)):
        length = int.from_bytes(octets[at + 3 : at + 5], "big")
        stream += octets[at + _RECORD_HEADER : at + _RECORD_HEADER + length]
        at += _RECORD_HEADER + length
    messages: dict[int, bytes] = {}
    at = 0
    while at + _MESSAGE_HEADER <= len(stream):
        length = int.from_bytes(stream[at + 1 : at + 4], "big")
        start = at + _MESSAGE_HEADER
        messages.setdefault(stream[at], stream[start : start + length])
        at = start + length
    return messages


def server_version(octets: bytes) -> str:
    """The version in the ServerHello, up to TLSv1.2 (which TLSv1.3 pretends to be); or nothing."""
    return _VERSIONS.get(_messages(octets).get(_SERVER_HELLO, b"")[:2], "")


def diffie_hellman_bits(octets: bytes) -> int:
    """The size of the prime in a ServerKeyExchange of a DHE cipher, in bits; 0 without one."""
    body = _messages(octets).get(_SERVER_KEY_EXCHANGE, b"")
    length = int.from_bytes(body[:2], "big")
    return int.from_bytes(body[2 : 2 + length], "big").bit_length()
