"""The header of the PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt).

Rule: it names the real addresses of the connection that it opens.
"""

from __future__ import annotations

import socket

from check_smtp_core.lean_typing import NamedTuple

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_VERSION_2_PROXY = 0x21
_STREAM = {socket.AF_INET: 0x11, socket.AF_INET6: 0x21}


class Endpoints(NamedTuple):
    """The two ends of a connection; addresses without a scope, ports as numbers."""

    family: int
    source: str
    source_port: int
    destination: str
    destination_port: int


def header(version: int, connection: Endpoints) -> bytes:
    """The octets that a proxy sends before the first octet of the client."""
    return _version_1(connection) if version == 1 else _version_2(connection)


def _version_1(connection: Endpoints) -> bytes:
    kind = "TCP6" if connection.family == socket.AF_INET6 else "TCP4"
    words = (kind, connection.source, connection.destination)
    ports = f"{connection.source_port} {connection.destination_port}"
    return f"PROXY {' '.join(words)} {ports}\r\n".encode("ascii")


def _version_2(connection: Endpoints) -> bytes:
    addresses = b"".join(
        socket.inet_pton(connection.family, address)
        for address in (connection.source, connection.destination)
    )
    ports = b"".join(
        port.to_bytes(2, "big") for port in (connection.source_port, connection.destination_port)
    )
    block = addresses + ports
    head = bytes((_VERSION_2_PROXY, _STREAM[socket.AddressFamily(connection.family)]))
    return _SIGNATURE + head + len(block).to_bytes(2, "big") + block
