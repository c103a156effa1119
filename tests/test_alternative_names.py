"""Names of a certificate that `cryptography` refuses, entry by entry."""

import pytest

from check_smtp_tls.alternative_names import read_alternative_names
from tests.chains import element

OID = element(0x06, b"\x55\x1d\x11")
RIGHT = element(0x82, b"mail.example.com")
EIGHT_BIT = element(0x82, b"m\xe4il.example.com")
ADDRESS = element(0x87, b"\xc0\x00\x02\x19")
ADDRESS_6 = element(0x87, b"\x20\x01\x0d\xb8" + b"\x00" * 11 + b"\x01")


def extension(*entries: bytes, before: bytes = b"") -> bytes:
    """Stands in the middle of a certificate, which need not be there."""
    value = element(0x04, element(0x30, b"".join(entries)))
    return b"before" + OID + before + value + b"after"


@pytest.mark.parametrize(
    ("der", "expected"),
    [
        (extension(RIGHT), (("mail.example.com",), ())),
        (extension(RIGHT, before=element(0x01, b"\xff")), (("mail.example.com",), ())),
        (extension(EIGHT_BIT, RIGHT), (("mail.example.com",), ())),
        (extension(RIGHT, EIGHT_BIT, ADDRESS), (("mail.example.com",), ("192.0.2.25",))),
        (extension(ADDRESS_6), ((), ("2001:db8::1",))),
        (extension(element(0x87, b"\xc0\x00\x02"), RIGHT), (("mail.example.com",), ())),
        (extension(element(0x81, b"a@b.example"), RIGHT), (("mail.example.com",), ())),
        # long enough for a length of two octets
        (extension(*[EIGHT_BIT] * 300, RIGHT), (("mail.example.com",), ())),
        (extension(RIGHT, b"\x82"), (("mail.example.com",), ())),
        (extension(EIGHT_BIT), None),
        (extension(), None),
        (extension(RIGHT) + extension(EIGHT_BIT), None),
        (b"no extension", None),
        (OID, None),
        (OID + element(0x04, b"nonsense"), None),
        (OID + element(0x30, RIGHT), None),
    ],
)
def test_what_can_be_read_counts(
    der: bytes, expected: tuple[tuple[str, ...], tuple[str, ...]] | None
) -> None:
    assert read_alternative_names(der) == expected


@pytest.mark.parametrize("cut", range(len(extension(EIGHT_BIT, RIGHT)) - len(b"after")))
def test_a_certificate_that_breaks_off_is_read_without_an_error(cut: int) -> None:
    whole = extension(EIGHT_BIT, RIGHT)
    assert read_alternative_names(whole[:cut]) != ((), ())
