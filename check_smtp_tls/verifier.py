"""The TLS session of the certificate check: pyOpenSSL over memory BIOs, all faults at once.

Rule: a verify callback notes every complaint with its depth and goes on, so that one connection
yields the path, all of its faults, and a session to say QUIT in. Standard library `ssl` is never
imported beside it.
"""

from OpenSSL import SSL, crypto

from check_smtp_core.engine import Agreed
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.text import printable
from check_smtp_core.verdicts import handshake_failed, lost
from check_smtp_tls.anchors import Anchors
from check_smtp_tls.certificate import Chain, Complaint
from check_smtp_tls.certificate_reader import read_certificate

_CIPHERS = {"": b"DEFAULT", "rsa": b"aRSA", "ecdsa": b"aECDSA"}
_READ_SIZE = 65536
# The path does not end in the trust store: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT and its kin.
_UNANCHORED = frozenset({2, 18, 19, 20, 21, 27})


class Verifier:
    """Makes engines that share their anchors, which are loaded once.

    `key_type` (`rsa` or `ecdsa`) asks a server with two certificates for one of them, which only
    TLS 1.2 lets a client do. SessionEnded with `local` if the anchors cannot be loaded.
    """

    def __init__(self, anchors: Anchors, key_type: str = "") -> None:
        self.anchors = anchors
        self.is_blind = False
        """Whether it cannot note complaints while it verifies."""
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        # Explicit, whatever openssl.cnf says: at level 0 the certificate is seen and judged by
        # our own rules of strength, on every OpenSSL alike.
        context.set_min_proto_version(SSL.TLS1_VERSION)
        context.set_cipher_list(_CIPHERS[key_type] + b":@SECLEVEL=0")
        if key_type:
            context.set_max_proto_version(SSL.TLS1_2_VERSION)
        _load(context, anchors)
        try:
            context.set_verify(SSL.VERIFY_PEER, _note)
        except MemoryError:
            # No memory that is writable and executable, as cffi's callbacks need it: SELinux, or
            # systemd's MemoryDenyWriteExecute. OpenSSL verifies all the same; see offline.py.
            context.set_verify(SSL.VERIFY_NONE)
            self.is_blind = True
        self.context = context

    def __call__(self, server_name: str) -> "VerifyingEngine":
        """An engine that asks for this name (SNI), or for none if it is empty."""
        return VerifyingEngine(self, server_name)


class VerifyingEngine:
    """An engine (see check_smtp_core.engine) that knows what the verifier thinks of the server."""

    def __init__(self, verifier: Verifier, server_name: str) -> None:
        self._complaints: list[tuple[int, int]] = []
        self._by_depth: dict[int, crypto.X509] = {}
        self._verifier = verifier
        self._connection = SSL.Connection(verifier.context, None)
        self._connection.set_app_data(self)
        if server_name:
            self._connection.set_tlsext_host_name(server_name.encode("ascii"))
        self._connection.set_connect_state()

    def note(self, certificate: crypto.X509, code: int, depth: int, fine: int) -> None:
        """Note what the verifier says of the certificate at a depth of the path."""
        self._by_depth.setdefault(depth, certificate)
        if not fine and (code, depth) not in self._complaints:
            self._complaints.append((code, depth))

    def handshake(self) -> bool:
        """As check_smtp_core.engine.Engine has it."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.ZeroReturnError:
            raise SessionEnded(lost("tls", False, "")) from None
        except SSL.Error as error:
            raise _failed(error) from error
        return True

    def agreed(self) -> Agreed:
        """As check_smtp_core.engine.Engine has it."""
        connection = self._connection
        return Agreed(
            connection.get_protocol_version_name(),
            connection.get_cipher_name() or "",
            connection.get_cipher_bits() or 0,
        )

    def read(self) -> bytes | None:
        """As check_smtp_core.engine.Engine has it."""
        try:
            return self._connection.recv(_READ_SIZE)
        except SSL.WantReadError:
            return None
        except SSL.ZeroReturnError:
            return b""
        except SSL.Error as error:
            raise _failed(error) from error

    def write(self, octets: bytes) -> None:
        """As check_smtp_core.engine.Engine has it."""
        try:
            self._connection.sendall(octets)
        except SSL.Error as error:
            raise _failed(error) from error

    def close(self) -> None:
        """As check_smtp_core.engine.Engine has it."""
        try:
            self._connection.shutdown()
        except SSL.Error:
            pass

    def feed(self, octets: bytes) -> None:
        """As check_smtp_core.engine.Engine has it."""
        rest = octets
        while rest:
            rest = rest[self._connection.bio_write(rest) :]

    def drain(self) -> bytes:
        """As check_smtp_core.engine.Engine has it."""
        octets = b""
        while True:
            try:
                octets += self._connection.bio_read(_READ_SIZE)
            except SSL.WantReadError:
                return octets

    def chain(self) -> Chain | None:
        """What was seen of the server's certificates by now; None before any came."""
        presented = self._connection.get_peer_cert_chain() or []
        if not presented:
            return None
        path = self._connection.get_verified_chain() or [
            self._by_depth[depth] for depth in sorted(self._by_depth)
        ]
        complaints = self._complaints
        if self._verifier.is_blind:
            from check_smtp_tls.offline import complaints_along

            complaints = complaints_along(path, presented, self._verifier.anchors)
        return Chain(
            presented=tuple(read_certificate(each) for each in presented),
            path=tuple(read_certificate(each) for each in path),
            complaints=tuple(Complaint(code, depth, words(code)) for code, depth in complaints),
            anchored=not _UNANCHORED & {code for code, _ in complaints},
        )


def _note(
    connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, fine: int
) -> bool:
    # One callback serves all sessions of a context.
    connection.get_app_data().note(certificate, code, depth, fine)
    return True


def words(code: int) -> str:
    """OpenSSL's words for a complaint; they differ a little from version to version."""
    try:
        from OpenSSL._util import ffi, lib

        text: str = ffi.string(lib.X509_verify_cert_error_string(code)).decode("ascii")
    except (ImportError, AttributeError):  # it is no public interface
        return f"verification error {code}"
    return text


def _load(context: SSL.Context, anchors: Anchors) -> None:
    if not any(anchors):
        return
    try:
        context.load_verify_locations(anchors.bundle or None, anchors.folder or None)
    except SSL.Error:
        text = f"the CA file {printable(anchors.bundle)} holds no certificates that can be read"
        raise SessionEnded(Finding("local", text)) from None


def _failed(error: SSL.Error) -> SessionEnded:
    """OpenSSL's words: the last reason of [(library, function, reason), ...]."""
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return SessionEnded(handshake_failed(str(reasons[-1][2]) if reasons else ""))
