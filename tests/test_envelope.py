"""envelope: addresses in and out."""

import pytest

from check_smtp_core.parser import InvalidValue
from check_smtp_delivery.envelope import at_a_time, mail_from, rcpt_to, recipient, sender

LONG = "x" * 64


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("user@example.com", "user@example.com"),
        ("<user@example.com>", "user@example.com"),
        ("User.Name+tag=x/y@Example.COM", "User.Name+tag=x/y@Example.COM"),
        ("user%example.net@example.com", "user%example.net@example.com"),
        ("user!example.net@example.com", "user!example.net@example.com"),
        ('"john doe"@example.com', '"john doe"@example.com'),
        (r'"quo\"te"@example.com', r'"quo\"te"@example.com'),
        ("postmaster", "postmaster"),
        ("Postmaster", "Postmaster"),
        ("user@[192.0.2.25]", "user@[192.0.2.25]"),
        ("user@[IPv6:2001:db8::25]", "user@[IPv6:2001:db8::25]"),
        ("user@localhost", "user@localhost"),
        ("user@under_score.example", "user@under_score.example"),
        # an A-label goes to every server, a local part in UTF-8 only to some
        ("user@bücher.example", "user@xn--bcher-kva.example"),
        ("büro@bücher.example", "büro@bücher.example"),
        ("büro@example.com", "büro@example.com"),
        (f"{LONG}@example.com", f"{LONG}@example.com"),
    ],
)
def test_an_address_becomes_what_stands_between_the_brackets(given: str, expected: str) -> None:
    assert recipient(given) == expected
    assert sender(given) == expected
    assert recipient(expected) == expected


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("user", "is not an address such as user@example.com"),
        ("root", "is not an address such as user@example.com"),
        ("@example.com", "is not an address such as user@example.com"),
        ("user@", "is not an address such as user@example.com"),
        ("us er@example.com", "is not an address such as user@example.com"),
        ("a@b@example.com", "is not an address such as user@example.com"),
        ("user@exam ple.com", "is not an address such as user@example.com"),
        ("user@example..com", "is not an address such as user@example.com"),
        ("user>@example.com", "is not an address such as user@example.com"),
        ("user@example.com> SIZE=1", "is not an address such as user@example.com"),
        ('"us"er"@example.com', "is not an address such as user@example.com"),
        ("<>", "is not an address such as user@example.com"),
        (f"{LONG}x@example.com", "is too long for an address"),
        (f"user@{'.'.join([LONG[1:]] * 4)}", "is too long for an address"),
        ("ü" * 33 + "@example.com", "is too long for an address"),
    ],
)
def test_what_is_no_address_is_a_usage_error(given: str, why: str) -> None:
    with pytest.raises(InvalidValue) as error:
        recipient(given)
    assert str(error.value) == f'"{given}" {why}'


def test_a_domain_that_idna_does_not_know_is_a_usage_error() -> None:
    with pytest.raises(InvalidValue, match="not a valid internationalised name"):
        recipient("user@xn--.bücher")


@pytest.mark.parametrize("given", ["a@b.example\r\nDATA", "a\0@b.example", "a@b.example\u2028"])
def test_no_address_smuggles_a_command(given: str) -> None:
    with pytest.raises(InvalidValue, match="control characters"):
        recipient(given)


def test_the_null_sender_is_no_recipient() -> None:
    assert sender("<>") == "<>"


@pytest.mark.parametrize(
    ("address", "utf8", "size", "expected"),
    [
        ("<>", False, 0, "FROM:<>"),
        ("user@example.com", False, 0, "FROM:<user@example.com>"),
        ("user@example.com", False, 1000, "FROM:<user@example.com> SIZE=1000"),
        ("<>", True, 0, "FROM:<> SMTPUTF8"),
        ("büro@example.com", True, 7, "FROM:<büro@example.com> SIZE=7 SMTPUTF8"),
    ],
)
def test_mail(address: str, utf8: bool, size: int, expected: str) -> None:
    assert mail_from(address, utf8, size) == expected


def test_rcpt() -> None:
    assert rcpt_to("postmaster") == "TO:<postmaster>"


MANY = ["a@example.com", "b@EXAMPLE.com", "c@example.net", "d@example.com"]


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        ({}, 4),
        ({"RCPTMAX": 3}, 3),
        ({"RCPTMAX": 50000}, 4),
        ({"RCPTMAX": 0}, 1),
        ({"RCPTDOMAINMAX": 1}, 2),
        ({"RCPTDOMAINMAX": 2}, 4),
        ({"RCPTDOMAINMAX": 0}, 2),
        ({"RCPTMAX": 1, "RCPTDOMAINMAX": 1, "MAILMAX": 1}, 1),
    ],
)
def test_a_transaction_has_no_more_than_the_limits_allow(
    limits: dict[str, int], count: int
) -> None:
    assert at_a_time(MANY, limits) == MANY[:count]


def test_a_transaction_has_no_more_than_every_server_takes() -> None:
    assert len(at_a_time([f"user{number}@example.com" for number in range(101)], {})) == 100
