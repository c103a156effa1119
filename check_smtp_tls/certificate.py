"""Certificates as facts: what one says about itself, and the chain a server showed.

Rule: facts are plain values, so that judging them needs no library; `cryptography` reads them,
and what it refuses to read (OpenSSL, and so most of the mail world, is more lenient) is asked of
pyOpenSSL.
"""

from __future__ import annotations

import hashlib
import warnings
from datetime import datetime, timezone

from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import crypto

SECONDS_PER_DAY = 86400

UNREADABLE = datetime.min.replace(tzinfo=timezone.utc)
"""A date that neither library can read; such a certificate is valid at no moment."""


class Certificate(NamedTuple):
    """What one certificate says.

    `names` and `addresses` are its subjectAltName, `has_names` tells whether it has one and
    `unreadable` why it could not be read. `key` is in words (`RSA 2048`); `weak_key` and
    `weak_signature` say what is weak about it, or nothing. Fingerprints are SHA-256 in lower-case
    hexadecimal digits. Dates are aware, in UTC, or UNREADABLE.
    """

    der: bytes
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    has_names: bool
    unreadable: str
    key: str
    weak_key: str
    weak_signature: str
    fingerprint: str
    key_fingerprint: str

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same."""
        return self.subject == self.issuer

    def days_left(self, now: datetime) -> float:
        """Days until it expires, with fractions; negative afterwards; none if nobody knows."""
        if self.not_after == UNREADABLE:
            return 0.0
        return (self.not_after - now).total_seconds() / SECONDS_PER_DAY

    @property
    def lifetime_days(self) -> float:
        """Days from the beginning to the end of its validity; none if nobody knows."""
        if UNREADABLE in (self.not_before, self.not_after):
            return 0.0
        return (self.not_after - self.not_before).total_seconds() / SECONDS_PER_DAY


class Complaint(NamedTuple):
    """One complaint of OpenSSL's verifier: its code, at which depth of the path, in its words."""

    code: int
    depth: int
    words: str


class Chain(NamedTuple):
    """What a server showed and what OpenSSL made of it.

    `presented` is in the server's order. `path` leads from the leaf to the anchor, or as far as
    OpenSSL could build it; `anchored` tells whether it ends in the trust store.
    """

    presented: tuple[Certificate, ...]
    path: tuple[Certificate, ...]
    complaints: tuple[Complaint, ...]
    anchored: bool


def day(moment: datetime) -> str:
    """The day of a moment, as people write it."""
    return "an unreadable date" if moment == UNREADABLE else f"{moment:%Y-%m-%d}"


def read_certificate(certificate: crypto.X509) -> Certificate:
    """The facts of one certificate that pyOpenSSL has taken from a handshake or a file."""
    from cryptography import x509
    from OpenSSL import crypto

    der = crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
    parsed: x509.Certificate | None = None
    unreadable = ""
    try:
        with warnings.catch_warnings():
            # A negative serial number is a warning today and an error tomorrow.
            warnings.simplefilter("ignore")
            parsed = x509.load_der_x509_certificate(der)
    except Exception:
        # The library's own words are of no use to anybody who is woken by them.
        unreadable = "the certificate is malformed"
    reader = _Reader(parsed, certificate)
    names, addresses, has_names, why = reader.alternative_names()
    key, weak_key, key_fingerprint = reader.key()
    return Certificate(
        der=der,
        subject=reader.name("subject"),
        issuer=reader.name("issuer"),
        not_before=reader.date("not_valid_before", "get_notBefore"),
        not_after=reader.date("not_valid_after", "get_notAfter"),
        names=names,
        addresses=addresses,
        has_names=has_names,
        unreadable=unreadable or why,
        key=key,
        weak_key=weak_key,
        weak_signature=reader.weak_signature(),
        fingerprint=hashlib.sha256(der).hexdigest(),
        key_fingerprint=key_fingerprint,
    )


class _Reader:
    """Reads the parts of one certificate, by `cryptography` where it can, else by pyOpenSSL.

    `cryptography` raises many kinds of exceptions on certificates that OpenSSL accepts, its Rust
    panics among them; whatever it raises means that it cannot read that part.
    """

    def __init__(self, parsed: x509.Certificate | None, original: crypto.X509) -> None:
        self._parsed = parsed
        self._original = original

    def name(self, which: str) -> str:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                text: str = getattr(self._parsed, which).rfc4514_string()
        except Exception:
            with warnings.catch_warnings():
                # Deprecated, but it reads what cryptography refuses.
                warnings.simplefilter("ignore")
                parts = getattr(self._original, f"get_{which}")().get_components()
            text = ",".join(
                f"{key.decode()}={value.decode('utf-8', 'replace')}" for key, value in parts[::-1]
            )
        return text or "(empty)"

    def date(self, attribute: str, getter: str) -> datetime:
        try:
            # The aware properties came with cryptography 42; the naive ones go.
            aware = getattr(self._parsed, f"{attribute}_utc", None)
            found: datetime = aware or getattr(self._parsed, attribute).replace(
                tzinfo=timezone.utc
            )
        except Exception:
            found = self._odd_date(getter)
        return found

    def _odd_date(self, getter: str) -> datetime:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                text = getattr(self._original, getter)().decode("ascii")
            return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)
        except Exception:
            return UNREADABLE

    def alternative_names(self) -> tuple[tuple[str, ...], tuple[str, ...], bool, str]:
        from cryptography import x509

        if self._parsed is None:
            return (), (), False, ""
        try:
            extension = self._parsed.extensions.get_extension_for_class(
                x509.SubjectAlternativeName
            )
        except x509.ExtensionNotFound:
            return (), (), False, ""
        except x509.DuplicateExtension:
            return (), (), False, "an extension is there twice"
        except Exception:
            from cryptography.hazmat.primitives.serialization import Encoding

            from check_smtp_tls.alternative_names import read_alternative_names

            readable = read_alternative_names(self._parsed.public_bytes(Encoding.DER))
            if readable is None:
                return (), (), False, "an extension is malformed"
            return *readable, True, ""
        names = extension.value.get_values_for_type(x509.DNSName)
        addresses = extension.value.get_values_for_type(x509.IPAddress)
        return tuple(names), tuple(str(each) for each in addresses), True, ""

    def key(self) -> tuple[str, str, str]:
        """The key in words, what is weak about it, and its fingerprint."""
        from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        try:
            assert self._parsed is not None
            key = self._parsed.public_key()
            octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except Exception:
            return "unknown key", "", ""
        fingerprint = hashlib.sha256(octets).hexdigest()
        if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
            kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else "DSA"
            words = f"{kind} {key.key_size}"
            return words, words if key.key_size < 2048 else "", fingerprint
        if isinstance(key, ec.EllipticCurvePublicKey):
            words = f"ECDSA {key.curve.key_size}"
            return words, words if key.curve.key_size < 224 else "", fingerprint
        return type(key).__name__.strip("_").removesuffix("PublicKey"), "", fingerprint

    def weak_signature(self) -> str:
        try:
            algorithm = getattr(self._parsed, "signature_hash_algorithm", None)
        except Exception:
            return ""
        weak = {"md2": "MD2", "md4": "MD4", "md5": "MD5", "sha1": "SHA-1"}
        return weak.get(algorithm.name, "") if algorithm is not None else ""
