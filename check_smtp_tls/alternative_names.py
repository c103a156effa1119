"""The subjectAltName of a certificate that `cryptography` refuses to read.

Rule: entry by entry, as RFC 9525 matches them. OpenSSL, and with it most of the mail world, takes
a certificate whose right name stands beside a malformed entry; `cryptography` then reads none.
"""

import socket

_OID = b"\x06\x03\x55\x1d\x11"
_BOOLEAN, _OCTET_STRING, _SEQUENCE = 0x01, 0x04, 0x30
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_FAMILIES = {4: socket.AF_INET, 16: socket.AF_INET6}


def read_alternative_names(der: bytes) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The readable dNSNames and iPAddresses of a certificate in DER; None if there are none.

    An extension that is no sequence of entries counts as none, and so do two (RFC 5280 4.2).
    """
    _, *after = der.split(_OID)
    if len(after) != 1:
        return None
    tag, value, rest = _element(after[0])
    if tag == _BOOLEAN:  # critical
        tag, value, rest = _element(rest)
    if tag != _OCTET_STRING:
        return None
    tag, entries, _ = _element(value)
    if tag != _SEQUENCE:
        return None
    names, addresses = [], []
    while entries:
        tag, value, entries = _element(entries)
        if tag == _DNS_NAME and value.isascii():
            names.append(value.decode("ascii"))
        elif tag == _IP_ADDRESS and len(value) in _FAMILIES:
            addresses.append(socket.inet_ntop(_FAMILIES[len(value)], value))
    return (tuple(names), tuple(addresses)) if names or addresses else None


def _element(octets: bytes) -> tuple[int, bytes, bytes]:
    """Tag, value and what follows of the first DER element; nothing follows a broken one."""
    if len(octets) < 2:
        return 0, b"", b""
    length, start = octets[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(octets[2:start], "big")
    return octets[0], octets[start : start + length], octets[start + length :]
