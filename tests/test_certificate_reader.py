"""What is read in a certificate, odd and malformed ones included."""

import re
from datetime import datetime
from typing import Any

import pytest

from check_smtp_tls.certificate import UNREADABLE, Certificate
from tests import chains
from tests.chains import HOST, INTERMEDIATE, LEAF, ROOT, Recipe, element, facts, utc


def test_a_certificate_is_plain_values() -> None:
    recipe = LEAF._replace(since=utc(2026, 1, 2, 3, 4, 5), until=utc(2026, 4, 2, 3, 4, 5))
    assert facts(recipe) == Certificate(
        der=chains.der(recipe),
        subject=f"CN={HOST}",
        issuer="CN=Example Issuing CA",
        not_before=utc(2026, 1, 2, 3, 4, 5),
        not_after=utc(2026, 4, 2, 3, 4, 5),
        names=(HOST,),
        addresses=(),
        has_names=True,
        unreadable="",
        key="ECDSA 256",
        weak_key="",
        weak_signature="",
        fingerprint=chains.fingerprint(recipe),
        key_fingerprint=chains.key_fingerprint(recipe),
    )


def read(recipe: Recipe, *fields: str) -> tuple[Any, ...]:
    certificate = facts(recipe)
    return tuple(getattr(certificate, field) for field in fields)


@pytest.mark.parametrize(
    "until",
    [
        utc(2026, 12, 31, 23, 59, 59),
        utc(2038, 1, 19, 3, 14, 8),
        utc(2049, 12, 31, 23, 59, 59),
        utc(2050, 1, 1),
        utc(2106, 2, 7, 6, 28, 16),
        utc(9999, 12, 31, 23, 59, 59),
    ],
)
def test_dates_are_right_in_every_century(until: datetime) -> None:
    assert read(LEAF._replace(until=until), "not_after") == (until,)


@pytest.mark.parametrize("alter", [None, chains.generalized_time])
@pytest.mark.parametrize("since", [utc(2026, 1, 2, 3, 4, 5), utc(2000, 2, 29)])
def test_either_form_of_a_date_is_read(since: datetime, alter: Any) -> None:
    until = utc(2031, 6, 7, 8, 9, 10)
    recipe = LEAF._replace(since=since, until=until, alter=alter)
    assert read(recipe, "not_before", "not_after", "unreadable") == (since, until, "")


@pytest.mark.parametrize("odd", [b"261332000000Z", b"20260101000000.5Z"])
def test_a_date_that_no_library_reads_is_known_as_such(odd: bytes) -> None:
    begins = facts(LEAF._replace(alter=chains.dates(odd, b"")))
    ends = facts(LEAF._replace(alter=chains.dates(b"", odd)))
    assert (begins.not_before, ends.not_after) == (UNREADABLE, UNREADABLE)
    assert begins.not_after > chains.NOW > ends.not_before


@pytest.mark.parametrize(
    ("kind", "key", "weak"),
    [
        ("ec", "ECDSA 256", ""),
        ("ec192", "ECDSA 192", "ECDSA 192"),
        ("ed25519", "Ed25519", ""),
        ("rsa2048", "RSA 2048", ""),
        ("rsa1024", "RSA 1024", "RSA 1024"),
        ("dsa", "DSA 1024", "DSA 1024"),
    ],
)
def test_a_key_is_told_in_words_and_short_ones_are_weak(kind: str, key: str, weak: str) -> None:
    recipe = LEAF._replace(key=kind)
    assert read(recipe, "key", "weak_key", "key_fingerprint", "unreadable") == (
        key,
        weak,
        chains.key_fingerprint(recipe),
        "",
    )


RSA_AUTHORITY = INTERMEDIATE._replace(key="rsa2048")


@pytest.mark.parametrize(
    ("issuer", "signature", "weak"),
    [
        (INTERMEDIATE, "sha256", ""),
        (INTERMEDIATE, "sha1", "SHA-1"),
        (RSA_AUTHORITY, "sha256", ""),
        (RSA_AUTHORITY, "sha1", "SHA-1"),
        (RSA_AUTHORITY, "md5", "MD5"),
        (INTERMEDIATE._replace(key="ed25519"), "sha256", ""),
    ],
)
def test_a_signature_with_a_broken_hash_is_weak(issuer: Recipe, signature: str, weak: str) -> None:
    assert read(LEAF._replace(issuer=issuer, signature=signature), "weak_signature") == (weak,)


@pytest.mark.parametrize(
    ("recipe", "names", "addresses", "has_names", "self_issued"),
    [
        (
            LEAF._replace(names=("mail.example.com", "*.example.net", "192.0.2.1", "2001:db8::1")),
            ("mail.example.com", "*.example.net"),
            ("192.0.2.1", "2001:db8::1"),
            True,
            False,
        ),
        (LEAF._replace(names=()), (), (), False, False),
        (LEAF._replace(names=(), san=element(0x30, b"")), (), (), True, False),
        (
            LEAF._replace(names=(), san=element(0x30, element(0x81, b"postmaster@example.com"))),
            (),
            (),
            True,
            False,
        ),
        (LEAF._replace(names=(HOST,), issuer=None), (HOST,), (), True, True),
        (ROOT, (), (), False, True),
        (INTERMEDIATE, (), (), False, False),
    ],
)
def test_names_come_from_subject_alternative_name_only(
    recipe: Recipe,
    names: tuple[str, ...],
    addresses: tuple[str, ...],
    has_names: bool,
    self_issued: bool,
) -> None:
    fields = ("names", "addresses", "has_names", "unreadable", "self_issued")
    assert read(recipe, *fields) == (names, addresses, has_names, "", self_issued)


MALFORMED = {
    "an 8-bit name": LEAF._replace(
        names=(), san=element(0x30, element(0x82, b"m\xe4il.example.com"))
    ),
    "an address of three octets": LEAF._replace(
        names=(), san=element(0x30, element(0x87, b"\xc0\x00\x02"))
    ),
    "no ASN.1": LEAF._replace(names=(), san=b"nonsense"),
    "two of the same": LEAF._replace(alter=chains.last_extension_twice),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_names_are_unreadable_and_the_rest_is_read(what: str) -> None:
    recipe = MALFORMED[what]
    certificate = facts(recipe)
    assert (certificate.names, certificate.addresses, certificate.has_names) == ((), (), False)
    # Words for people, not a parser's own: ParseError { kind: InvalidValue, ... }.
    assert re.fullmatch(r"[\w .,:'-]+", certificate.unreadable)
    assert (certificate.subject, certificate.issuer) == (
        f"CN={HOST}",
        "CN=Example Issuing CA",
    )
    assert (certificate.key, certificate.fingerprint) == ("ECDSA 256", chains.fingerprint(recipe))


def test_a_right_name_beside_a_malformed_entry_is_read() -> None:
    names = element(0x82, b"m\xe4il.example.com") + element(0x82, HOST.encode())
    certificate = facts(LEAF._replace(names=(), san=element(0x30, names)))
    assert (certificate.names, certificate.has_names, certificate.unreadable) == (
        (HOST,),
        True,
        "",
    )


def test_what_cryptography_refuses_is_asked_of_openssl() -> None:
    recipe = LEAF._replace(
        since=utc(2026, 1, 2, 3, 4, 5), until=utc(2050, 1, 1), alter=chains.version_4
    )
    certificate = facts(recipe)
    assert certificate.unreadable
    assert certificate._replace(unreadable="") == Certificate(
        der=chains.der(recipe),
        subject=f"CN={HOST}",
        issuer="CN=Example Issuing CA",
        not_before=utc(2026, 1, 2, 3, 4, 5),
        not_after=utc(2050, 1, 1),
        names=(),
        addresses=(),
        has_names=False,
        unreadable="",
        key="unknown key",
        weak_key="",
        weak_signature="",
        fingerprint=chains.fingerprint(recipe),
        key_fingerprint="",
    )


def test_a_negative_serial_number_is_no_matter_and_no_warning(
    capfd: pytest.CaptureFixture[str],
) -> None:
    certificate = facts(LEAF._replace(alter=chains.negative_serial))
    assert (certificate.names, certificate.unreadable) == ((HOST,), "")
    assert capfd.readouterr() == ("", "")


def offset_time(parts: list[bytes]) -> None:
    times = element(0x17, b"260101000000+0100") + element(0x17, b"270101000000+0100")
    parts[chains.VALIDITY] = element(0x30, times)


def test_dates_that_rfc_5280_forbids_are_no_reason_to_give_up() -> None:
    """OpenSSL takes them; a server that shows such a certificate must not look like our fault."""
    certificate = facts(LEAF._replace(alter=offset_time))
    assert certificate.subject == f"CN={HOST}"
    assert abs((certificate.not_after - utc(2027, 1, 1)).total_seconds()) <= 3600
