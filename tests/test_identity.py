"""Whether a certificate is the one that it should be: pins, issuer, the file on disk."""

from datetime import timedelta
from pathlib import Path

import pytest

from check_smtp_core.findings import Finding
from check_smtp_tls.identity import (
    certificate_in_file,
    file_findings,
    name_findings,
    pin_findings,
)
from tests import chains
from tests.test_trust import LEAF

PIN = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4
PINNED = LEAF._replace(fingerprint=PIN, key_fingerprint=OTHER)


@pytest.mark.parametrize(
    ("pins", "texts"),
    [
        ((), []),
        ((PIN,), []),
        ((OTHER,), []),
        (("0" * 64, OTHER), []),
        (
            ("0" * 64,),
            [
                "neither the certificate 0123456789abcdef... nor its key fedcba9876543210... "
                "is pinned (see -vv)"
            ],
        ),
    ],
)
def test_one_pin_of_certificate_or_key_is_enough(pins: tuple[str, ...], texts: list[str]) -> None:
    assert pin_findings(PINNED, pins, "") == [Finding("fingerprint", text) for text in texts]


@pytest.mark.parametrize(
    ("issuer", "wanted", "fits"),
    [
        ("CN=Issuing CA,O=Example", "issuing ca", True),
        ("CN=Issuing CA,O=Example", "O=Example", True),
        ("CN=Issuing CA,O=Example\\, Inc.", "Example, Inc.", True),
        ("CN=Issuing CA,O=Example", "Other", False),
    ],
)
def test_a_part_of_the_issuer_is_enough(issuer: str, wanted: str, fits: bool) -> None:
    assert (pin_findings(LEAF._replace(issuer=issuer), (), wanted) == []) == fits


def test_an_address_that_does_not_match_hints_at_the_name() -> None:
    assert [each.text for each in name_findings(LEAF, "192.0.2.25")] == [
        "valid for mail.example.com, which does not match 192.0.2.25; "
        "--servername says which name to expect"
    ]


def test_two_certificates_of_one_day_are_told_apart_by_their_time() -> None:
    newer = LEAF._replace(fingerprint=PIN, not_before=LEAF.not_before + timedelta(minutes=5))
    (finding,) = file_findings(LEAF, newer)
    assert finding.text == (
        f"the file has a certificate of {newer.not_before:%d %H:%M:%S}, "
        f"the server still shows one of {LEAF.not_before:%d %H:%M:%S}"
    )


def test_the_first_certificate_of_a_file_counts(tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    file.write_text(chains.pem(chains.LEAF, chains.INTERMEDIATE), encoding="ascii")
    read = certificate_in_file(str(file))
    assert not isinstance(read, Finding)
    assert read.fingerprint == chains.fingerprint(chains.LEAF)


def test_a_folder_is_no_certificate(tmp_path: Path) -> None:
    assert certificate_in_file(str(tmp_path)) == Finding("local", f"{tmp_path}: is a directory")
