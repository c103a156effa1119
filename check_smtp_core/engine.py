"""What a session needs of a TLS library, whichever it is.

Rule: an engine never sees the socket. Octets from the server go in by feed(), octets for it come
out by drain(), and its methods tell by their result when they need more.
"""

from __future__ import annotations

from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object


class Agreed(NamedTuple):
    """What a handshake agreed on: `TLSv1.3`, the cipher's OpenSSL name, its strength in bits."""

    version: str
    cipher: str
    bits: int


class Engine(Protocol):
    """The client's side of one TLS session."""

    def handshake(self) -> bool:
        """Take the handshake as far as it goes: true when it is done, false to be fed more.

        SessionEnded with `tls-handshake` when it failed.
        """

    def agreed(self) -> Agreed:
        """What the finished handshake agreed on."""

    def read(self) -> bytes | None:
        """Decrypted octets; None to be fed more; b"" when the server ended the TLS session.

        SessionEnded with `tls-handshake` for an alert: in TLS 1.3 a client learns only here that
        its certificate, or the want of one, was refused.
        """

    def write(self, octets: bytes) -> None:
        """Encrypt octets; drain() then has the records."""

    def close(self) -> None:
        """Say close_notify; the server's own is not waited for."""

    def feed(self, octets: bytes) -> None:
        """Take octets that came from the server."""

    def drain(self) -> bytes:
        """The octets that are to go to the server."""
