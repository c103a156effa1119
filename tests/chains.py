"""Certificates by recipe, good ones and bad ones, and how to serve and to trust them.

Recipes are values: `LEAF._replace(until=-3)` is the same certificate, but expired. Equal names
share a key, so that an expired and a valid edition of one intermediate come by themselves; each
key is made once per session. What `cryptography` refuses to write (old signatures, negative
serial numbers, GeneralizedTime before 2050, ...) is signed once more by hand.
"""

import hashlib
import ipaddress
import ssl
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from OpenSSL import crypto

from check_smtp_tls.certificate import Certificate, Chain
from check_smtp_tls.certificate_reader import read_certificate

NOW = datetime.now(timezone.utc).replace(microsecond=0)
"""The moment to which the days of all recipes refer."""

HOST = "mail.example.com"

PrivateKey = (
    rsa.RSAPrivateKey | dsa.DSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
)


def utc(*parts: int) -> datetime:
    """A moment in UTC."""
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type,misc]


class Recipe(NamedTuple):
    """How one certificate is made.

    `issuer` is None for its own issuer; `since` and `until` are days from now, or a moment;
    `owner` has the key (the common name, unless it is given). `names` are dNSNames or addresses,
    and `san` is the content of a subjectAltName as octets. `purposes` are dotted OIDs, `usage` the
    names of key usages, `permitted` the names that an authority may issue for. `signature` is
    sha256, sha1 or md5. `alter` edits the parts of the TBSCertificate before it is signed anew.
    """

    name: str
    issuer: "Recipe | None" = None
    since: float | datetime = -30
    until: float | datetime = 60
    names: tuple[str, ...] = ()
    san: bytes = b""
    key: str = "ec"
    owner: str = ""
    authority: bool = False
    path_length: int | None = None
    purposes: tuple[str, ...] = ()
    usage: tuple[str, ...] = ()
    permitted: tuple[str, ...] = ()
    netscape: bytes = b""
    signature: str = "sha256"
    alter: "Callable[[list[bytes]], None] | None" = None


SERVER, CLIENT, ANY = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"

ROOT = Recipe("Example Root CA", since=-1000, until=3000, authority=True)
OTHER_ROOT = ROOT._replace(name="Other Root CA")
INTERMEDIATE = Recipe("Example Issuing CA", ROOT, since=-500, until=1000, authority=True)
LEAF = Recipe(HOST, INTERMEDIATE, -29.495, 60.505, names=(HOST,), purposes=(SERVER,))
"""Ninety days long, with 60.50 days left as long as the tests run."""

SELF_SIGNED = LEAF._replace(issuer=None)


def ending(days: float) -> Recipe:
    """The leaf with so many days left of its ninety."""
    return LEAF._replace(since=days - 90, until=days)


@cache
def key(kind: str, owner: str) -> PrivateKey:
    """The key of this kind (ec, ec192, ed25519, dsa, rsa1024, ...) and owner."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    if kind == "dsa":
        return dsa.generate_private_key(1024)
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP192R1() if kind == "ec192" else ec.SECP256R1())


@cache
def der(recipe: Recipe) -> bytes:
    """The certificate of a recipe."""
    subject, issuer = recipe, recipe.issuer or recipe
    signer = _key_of(issuer)
    since, until = _moment(recipe.since), _moment(recipe.until)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(_key_of(subject).public_key())
        .serial_number(int.from_bytes(hashlib.sha256(repr(recipe).encode()).digest()[:8], "big"))
        .not_valid_before(since)
        .not_valid_after(until)
    )
    for extension, critical in _extensions(subject, issuer):
        builder = builder.add_extension(extension, critical)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    octets = builder.sign(signer, algorithm).public_bytes(Encoding.DER)
    if recipe.signature != "sha256" or recipe.alter:
        octets = _signed_anew(octets, signer, recipe)
    return octets


def _key_of(recipe: Recipe) -> PrivateKey:
    return key(recipe.key, recipe.owner or recipe.name)


def _moment(when: float | datetime) -> datetime:
    """Naive, because cryptography 3.4 takes nothing else."""
    moment = when if isinstance(when, datetime) else NOW + timedelta(days=when)
    return moment.replace(tzinfo=None)


def _name(recipe: Recipe) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, recipe.name)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _extensions(subject: Recipe, issuer: Recipe) -> list[tuple[x509.ExtensionType, bool]]:
    public = _key_of(subject).public_key()
    made: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(_key_of(issuer).public_key()), False),
        (x509.BasicConstraints(subject.authority, subject.path_length), True),
    ]
    if subject.usage:
        usages = {each: each in subject.usage for each in _USAGES}
        made.append((x509.KeyUsage(**usages), True))
    if subject.names:
        made.append((x509.SubjectAlternativeName(list(map(_general_name, subject.names))), False))
    if subject.san:
        oid = x509.SubjectAlternativeName.oid
        made.append((x509.UnrecognizedExtension(oid, subject.san), False))
    if subject.purposes:
        oids = [x509.ObjectIdentifier(each) for each in subject.purposes]
        made.append((x509.ExtendedKeyUsage(oids), False))
    if subject.permitted:
        made.append(
            (x509.NameConstraints(list(map(_general_name, subject.permitted)), None), True)
        )
    if subject.netscape:
        oid = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
        made.append((x509.UnrecognizedExtension(oid, subject.netscape), False))
    return made


# -- ASN.1 by hand


def element(tag: int, content: bytes) -> bytes:
    """One DER element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def content(octets: bytes) -> bytes:
    """The content of the one element that these octets are."""
    return octets[_head(octets) :]


def elements(octets: bytes) -> list[bytes]:
    """The elements in a content, one after the other."""
    found = []
    while octets:
        size = _head(octets) + _size(octets)
        found.append(octets[:size])
        octets = octets[size:]
    return found


def _head(octets: bytes) -> int:
    return 2 + (octets[1] & 0x7F if octets[1] & 0x80 else 0)


def _size(octets: bytes) -> int:
    return int.from_bytes(octets[2 : _head(octets)], "big") if octets[1] & 0x80 else octets[1]


# AlgorithmIdentifier for RSA and for ECDSA, and the head of the DigestInfo: RFC 8017 9.2.
_SIGNATURES = {
    "md5": ("300d06092a864886f70d0101040500", "", "3020300c06082a864886f70d020505000410"),
    "sha1": (
        "300d06092a864886f70d0101050500",
        "300906072a8648ce3d0401",
        "3021300906052b0e03021a05000414",
    ),
    "sha256": (
        "300d06092a864886f70d01010b0500",
        "300a06082a8648ce3d040302",
        "3031300d060960864801650304020105000420",
    ),
}
VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT = range(6)
"""Places in a TBSCertificate, for Recipe.alter."""


def _signed_anew(octets: bytes, signer: PrivateKey, recipe: Recipe) -> bytes:
    of_rsa, of_ecdsa, digest_info = _SIGNATURES[recipe.signature]
    parts = elements(content(elements(content(octets))[0]))
    algorithm = bytes.fromhex(of_rsa if isinstance(signer, rsa.RSAPrivateKey) else of_ecdsa)
    parts[ALGORITHM] = algorithm
    if recipe.alter:
        recipe.alter(parts)
    signed = element(0x30, b"".join(parts))
    if isinstance(signer, rsa.RSAPrivateKey):
        # Without the library, which refuses MD5.
        digest = hashlib.new(recipe.signature, signed, usedforsecurity=False).digest()
        numbers = signer.private_numbers()
        modulus = numbers.public_numbers.n
        size = (modulus.bit_length() + 7) // 8
        tail = b"\x00" + bytes.fromhex(digest_info) + digest
        padded = b"\x00\x01" + b"\xff" * (size - len(tail) - 2) + tail
        number = pow(int.from_bytes(padded, "big"), numbers.d, modulus)
        signature = number.to_bytes(size, "big")
    else:
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        kind = hashes.SHA1() if recipe.signature == "sha1" else hashes.SHA256()
        signature = signer.sign(signed, ec.ECDSA(kind))
    return element(0x30, signed + algorithm + element(3, b"\x00" + signature))


def negative_serial(parts: list[bytes]) -> None:
    parts[SERIAL] = element(2, b"\x80\x01")


def generalized_time(parts: list[bytes]) -> None:
    """GeneralizedTime where RFC 5280 wants UTCTime."""
    times = [element(0x18, b"20" + content(each)) for each in elements(content(parts[VALIDITY]))]
    parts[VALIDITY] = element(0x30, b"".join(times))


def dates(since: bytes, until: bytes) -> "Callable[[list[bytes]], None]":
    """These two as they stand: UTCTime with 13 octets, else GeneralizedTime; kept where empty."""

    def alter(parts: list[bytes]) -> None:
        kept = elements(content(parts[VALIDITY]))
        times = [
            element(0x17 if len(new) == 13 else 0x18, new) if new else old
            for new, old in zip((since, until), kept, strict=True)
        ]
        parts[VALIDITY] = element(0x30, b"".join(times))

    return alter


def version_4(parts: list[bytes]) -> None:
    """A version that `cryptography` refuses and OpenSSL does not mind."""
    parts[VERSION] = element(0xA0, element(2, b"\x03"))


def last_extension_twice(parts: list[bytes]) -> None:
    extensions = elements(content(content(parts[-1])))
    parts[-1] = element(0xA3, element(0x30, b"".join((*extensions, extensions[-1]))))


# -- what tests do with them


def pem(*recipes: Recipe) -> str:
    """The certificates, one after the other."""
    return "".join(ssl.DER_cert_to_PEM_cert(der(each)) for each in recipes)


def key_pem(recipe: Recipe) -> str:
    """The private key to a certificate."""
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _key_of(recipe).private_bytes(*form).decode("ascii")


def key_fingerprint(recipe: Recipe) -> str:
    """The SHA-256 of the public key, in hexadecimal digits."""
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(_key_of(recipe).public_key().public_bytes(*form)).hexdigest()


def fingerprint(recipe: Recipe) -> str:
    """The SHA-256 of the certificate, in hexadecimal digits."""
    return hashlib.sha256(der(recipe)).hexdigest()


def subject_hash(recipe: Recipe) -> int:
    """The number by which OpenSSL finds an anchor in a hashed folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return crypto.load_certificate(crypto.FILETYPE_ASN1, der(recipe)).subject_name_hash()


def written(path: Path, *recipes: Recipe) -> str:
    """A file with these certificates."""
    path.write_text(pem(*recipes), encoding="ascii")
    return str(path)


def server_context(*chains: tuple[Recipe, ...]) -> ssl.SSLContext:
    """A server that sends this chain, the leaf first; or one of several, by the kind of key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "server.pem"
        for chain in chains:
            file.write_text(key_pem(chain[0]) + pem(*chain), encoding="ascii")
            context.load_cert_chain(file)
    return context


def facts(recipe: Recipe) -> Certificate:
    """What the check reads in a certificate."""
    return read_certificate(crypto.load_certificate(crypto.FILETYPE_ASN1, der(recipe)))


def codes(chain: Chain) -> list[tuple[int, int]]:
    """The verifier's complaints without their words."""
    return [(each.code, each.depth) for each in chain.complaints]
