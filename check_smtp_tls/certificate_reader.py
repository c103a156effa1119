"""Reads what a certificate says about itself.

Rule: `cryptography` reads it, and what it refuses to read (OpenSSL, and so most of the mail world,
is more lenient) is asked of pyOpenSSL. What reading needs is imported with this module, so that
it is there before a server is asked.
"""

from __future__ import annotations

import hashlib
import warnings
from datetime import datetime, timezone

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import crypto

from check_smtp_tls.certificate import UNREADABLE, Certificate


def read_certificate(certificate: crypto.X509) -> Certificate:
    """The facts of one certificate that pyOpenSSL has taken from a handshake or a file."""
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
