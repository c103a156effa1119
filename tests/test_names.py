"""Names in certificates: RFC 9525, and nothing more lenient."""

import pytest

from check_smtp_tls.names import address_octets, is_for, name_matches


@pytest.mark.parametrize(
    ("pattern", "reference", "expected"),
    [
        ("mail.example.com", "mail.example.com", True),
        ("MAIL.Example.com", "mail.eXample.COM", True),
        ("mail.example.com", "mail.example.com.", True),
        ("mail.example.com.", "mail.example.com", False),
        ("example.com", "mail.example.com", False),
        ("mail.example.com", "example.com", False),
        ("mail.example.com", "mail.example.com.example.net", False),
        ("localhost", "localhost", True),
        # one whole left-most label, RFC 9525 6.3
        ("*.example.com", "mail.example.com", True),
        ("*.example.com", "mail.example.com.", True),
        ("*.EXAMPLE.com", "Mail.example.COM", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.example.com", "a.mail.example.com", False),
        ("*.example.com", "mail.example.net", False),
        ("*.example.com", "mail.sub-example.com", False),
        ("m*.example.com", "mail.example.com", False),
        ("*l.example.com", "mail.example.com", False),
        ("m*l.example.com", "mail.example.com", False),
        ("mail.*.com", "mail.example.com", False),
        ("*.*.com", "mail.example.com", False),
        ("**.example.com", "mail.example.com", False),
        ("mail.example.*", "mail.example.com", False),
        # for nobody: whole top-level domains
        ("*.com", "example.com", False),
        ("*.local", "mail.local", False),
        ("*.", "example.", False),
        ("*", "localhost", False),
        ("*", "mail.example.com", False),
        # A-labels are labels like any other
        ("xn--mil-qla.example.com", "xn--mil-qla.example.com", True),
        ("XN--MIL-QLA.example.com", "xn--mil-qla.example.com", True),
        ("*.example.com", "xn--mil-qla.example.com", True),
        ("*.xn--bcher-kva.example", "mail.xn--bcher-kva.example", True),
        ("xn--*.example.com", "xn--mil-qla.example.com", False),
        ("mäil.example.com", "xn--mil-qla.example.com", False),
        ("", "mail.example.com", False),
        ("mail.example.com", "", False),
        (" mail.example.com", "mail.example.com", False),
        ("mail.example.com\0.example.net", "mail.example.com", False),
    ],
)
def test_a_name_matches_whole_or_by_one_wildcard_label(
    pattern: str, reference: str, expected: bool
) -> None:
    assert name_matches(pattern, reference) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "c0000201"),
        ("2001:db8::1", "20010db8000000000000000000000001"),
        ("2001:DB8:0:0:0:0:0:1", "20010db8000000000000000000000001"),
        ("fe80::1%eth0", "fe800000000000000000000000000001"),
        ("::ffff:192.0.2.1", "00000000000000000000ffffc0000201"),
        ("192.0.2", ""),
        ("192.0.2.256", ""),
        ("192.0.2.1.example.com", ""),
        ("mail.example.com", ""),
        ("", ""),
    ],
)
def test_an_address_is_read_as_the_octets_of_a_certificate(text: str, expected: str) -> None:
    assert address_octets(text).hex() == expected


@pytest.mark.parametrize(
    ("reference", "names", "addresses", "expected"),
    [
        ("mail.example.com", ("www.example.com", "mail.example.com"), (), True),
        ("mail.example.com", ("*.local", "192.0.2.1", "mail.example.com"), (), True),
        ("mail.example.com", ("www.example.com",), ("192.0.2.1",), False),
        ("mail.example.com", (), (), False),
        # an address is no name, and a name that looks like one is no address
        ("192.0.2.1", (), ("192.0.2.1",), True),
        ("192.0.2.1", (), ("192.0.2.2", "192.0.2.1"), True),
        ("192.0.2.1", ("192.0.2.1",), (), False),
        ("192.0.2.1", ("*.0.2.1",), (), False),
        ("192.0.2.1", (), ("192.0.2.2",), False),
        ("192.0.2.1", (), ("::ffff:192.0.2.1",), False),
        ("2001:DB8::1", (), ("2001:db8::1",), True),
        ("2001:db8:0:0:0:0:0:1", (), ("2001:db8::1",), True),
        ("fe80::1%eth0", (), ("fe80::1",), True),
        ("2001:db8::1", ("2001:db8::1",), (), False),
        ("2001:db8::2", (), ("2001:db8::1",), False),
        # what the check did not understand in a certificate matches nothing
        ("192.0.2.1", (), ("192.0.2.0/24",), False),
        ("mail.example.com", ("",), ("",), False),
    ],
)
def test_only_the_kind_of_name_that_was_asked_for_counts(
    reference: str, names: tuple[str, ...], addresses: tuple[str, ...], expected: bool
) -> None:
    assert is_for(reference, names, addresses) is expected
