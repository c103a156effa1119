"""TLS by the standard library, over memory BIOs: an engine for checks that need a session inside.

Rule: OpenSSL never gets the socket. A server that sends endless HelloRequest records holds
SSL_do_handshake() for ever, past any timeout and past Python's signal handlers; so every octet
passes the session's pump, which looks at the clock. This module is imported only when TLS is
asked for.
"""

from __future__ import annotations

import re
import ssl
import warnings
from functools import cache

from check_smtp_core import tls_records
from check_smtp_core.engine import Agreed
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.text import printable
from check_smtp_core.verdicts import handshake_failed, lost

_READ_SIZE = 65536
_MOST_HANDSHAKE = 262144


class Trust(NamedTuple):
    """Whom to trust: a bundle of anchors, a hashed folder of them, or both."""

    bundle: str
    folder: str


class TlsEngine:
    """An engine (see engine.py) for which any certificate and any version from TLS 1.0 on will do.

    Whether they are good enough is the question of checks, not of the way in. `only` names the
    one version to offer, with every cipher there is: TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3. With
    `trust` the certificate must be trusted and for this name, and the version at least TLS 1.2:
    what a password needs.
    """

    def __init__(self, server_name: str, only: str = "", trust: Trust | None = None) -> None:
        self._handshake_octets = bytearray()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = _lenient(only) if trust is None else _strict(trust)
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            # As bytes: text would load the IDNA 2003 codec.
            server_hostname=server_name.encode("ascii") or None,
        )

    def handshake(self) -> bool:
        """Take the handshake as far as it goes: true when it is done, false to be fed more.

        SessionEnded with `tls-handshake` when it failed.
        """
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLZeroReturnError:
            raise SessionEnded(lost("tls", False, "")) from None
        except ssl.SSLError as error:
            raise SessionEnded(handshake_failed(_reason(error))) from error
        return True

    def agreed(self) -> Agreed:
        """What the finished handshake agreed on."""
        name, _, bits = self._tls.cipher() or ("", "", 0)
        return Agreed(self._tls.version() or "", name, bits)

    def read(self) -> bytes | None:
        """Decrypted octets; None to be fed more; b"" when the server ended the TLS session.

        SessionEnded with `tls-handshake` for an alert: in TLS 1.3 a client learns only here that
        its certificate, or the want of one, was refused.
        """
        try:
            return self._tls.read(_READ_SIZE)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as error:
            raise SessionEnded(handshake_failed(_reason(error))) from error

    def write(self, octets: bytes) -> None:
        """Encrypt octets; drain() then has the records."""
        try:
            self._tls.write(octets)
        except ssl.SSLError as error:
            raise SessionEnded(handshake_failed(_reason(error))) from error

    def close(self) -> None:
        """Say close_notify; the server's own is not waited for."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass

    def feed(self, octets: bytes) -> None:
        """Take octets that came from the server."""
        if len(self._handshake_octets) < _MOST_HANDSHAKE:
            self._handshake_octets += octets
        self._incoming.write(octets)

    def server_version(self) -> str:
        """The version in the server's ServerHello, up to TLSv1.2; empty where there was none.

        It tells a server that took an old version from an OpenSSL here that gave up on it.
        """
        return tls_records.server_version(bytes(self._handshake_octets))

    def diffie_hellman_bits(self) -> int:
        """The size of the server's Diffie-Hellman group; 0 if none was used."""
        if not self.agreed().cipher.startswith(("DHE-", "ADH-")):
            return 0
        return tls_records.diffie_hellman_bits(bytes(self._handshake_octets))

    def drain(self) -> bytes:
        """The octets that are to go to the server."""
        return self._outgoing.read()


@cache
def _lenient(only: str) -> ssl.SSLContext:
    """Settings for all sessions of a run; making them costs half as much as a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # DEFAULT and not ALL, which holds anonymous ciphers that no sender of mail accepts.
    context.set_ciphers("ALL:@SECLEVEL=0" if only else "DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion[only.replace(".", "_") or "TLSv1"]
        if only:
            context.maximum_version = context.minimum_version
    return context


def _strict(trust: Trust) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(trust.bundle or None, trust.folder or None)
    except (ssl.SSLError, OSError):
        text = f"the CA certificates in {trust.bundle or trust.folder} cannot be used"
        raise SessionEnded(Finding("local", printable(text))) from None
    return context


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's words without Python's: `tlsv1 alert protocol version`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is no good: {error.verify_message}"
    # error.reason is None for codes that this Python's table does not know.
    words = error.reason or re.sub(r"^\[[^]]*\]\s*|\s*\(_ssl\.c:\d+\)$", "", str(error))
    return words.replace("_", " ")
