"""What is wrong with a chain: verdicts over facts, without a certificate and without a network."""

from datetime import datetime, timedelta, timezone

import pytest

from check_smtp_core.findings import Finding
from check_smtp_tls.certificate import Certificate, Chain, Complaint
from check_smtp_tls.trust import (
    common_name,
    date_findings,
    days_left,
    judged_certificates,
    order_findings,
    strength_findings,
    trust_findings,
)

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=timezone.utc)


def certificate(
    name: str,
    issuer: str,
    since: float = -30,
    until: float = 60,
    weak_key: str = "",
    weak_signature: str = "",
) -> Certificate:
    return Certificate(
        der=f"{name}/{issuer}/{since}/{until}".encode(),
        subject=f"CN={name},O=Example",
        issuer=f"CN={issuer},O=Example",
        not_before=NOW + timedelta(days=since),
        not_after=NOW + timedelta(days=until),
        names=("mail.example.com",),
        addresses=(),
        has_names=True,
        unreadable="",
        key="ECDSA 256",
        weak_key=weak_key,
        weak_signature=weak_signature,
        fingerprint="",
        key_fingerprint="",
    )


ROOT = certificate("Root CA", "Root CA", -1000, 3000)
INT = certificate("Issuing CA", "Root CA", -500, 1000)
LEAF = certificate("mail.example.com", "Issuing CA")
SELF_SIGNED = certificate("snakeoil", "snakeoil")
EXPIRED_LEAF = certificate("mail.example.com", "Issuing CA", -90, -3.5)
EXPIRED_INT = certificate("Issuing CA", "Root CA", -500, -10)
EXPIRED_ROOT = certificate("Root CA", "Root CA", -1000, -400)
OLD_CROSS = certificate("Root CA", "Old Root CA", -2000, -100)


def chain(
    *path: Certificate,
    sent: tuple[Certificate, ...] | None = None,
    complaints: tuple[tuple[int, int], ...] = (),
    anchored: bool = True,
) -> Chain:
    """A chain with this path; all of it but the root is sent, unless something else is said."""
    presented = tuple(each for each in path if each != ROOT) if sent is None else sent
    said = tuple(Complaint(code, depth, f"words of {code}") for code, depth in complaints)
    return Chain(presented, path, said, anchored)


GOOD = chain(LEAF, INT, ROOT)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("CN=mail.example.com", "mail.example.com"),
        ("CN=Issuing CA,O=Example,C=DE", "Issuing CA"),
        ("O=Example,CN=Issuing CA", "Issuing CA"),
        ("O=Example,OU=Mail", "O=Example,OU=Mail"),
        ("CN=a|b <c>", "a/b (c)"),
        (r"CN=Example\, Inc. CA,O=Example", "Example, Inc. CA"),
        ("CN=R3+O=Let's Encrypt,C=US", "R3"),
        ("(empty)", "(empty)"),
    ],
)
def test_a_common_name_is_what_people_call_a_certificate(given: str, expected: str) -> None:
    """RFC 4514 escapes a comma, and joins the parts of one RDN by a plus sign."""
    assert common_name(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GOOD, (LEAF, INT)),
        (chain(LEAF, ROOT), (LEAF,)),
        (chain(LEAF, INT, ROOT, sent=(LEAF, INT, ROOT), anchored=False), (LEAF, INT)),
        (chain(LEAF, INT, anchored=False), (LEAF, INT)),
        (chain(LEAF, anchored=False), (LEAF,)),
        (chain(SELF_SIGNED), (SELF_SIGNED,)),
        (chain(SELF_SIGNED, anchored=False), (SELF_SIGNED,)),
        (chain(LEAF, INT), (LEAF,)),  # PARTIAL_CHAIN: the store's intermediate is the anchor
        (chain(sent=(LEAF, INT), anchored=False), (LEAF,)),
    ],
)
def test_the_path_is_judged_without_its_root_but_never_without_the_leaf(
    given: Chain, expected: tuple[Certificate, ...]
) -> None:
    assert judged_certificates(given) == expected


SHORT_INT = certificate("Issuing CA", "Root CA", -500, 5)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GOOD, 60.0),
        (chain(LEAF, SHORT_INT, ROOT), 5.0),
        (chain(EXPIRED_LEAF, INT, ROOT), -3.5),
        (chain(LEAF, EXPIRED_INT, ROOT), -10.0),
        (chain(EXPIRED_LEAF, EXPIRED_INT, ROOT), -10.0),
        # the root ends no path, and what is not on it does not count
        (chain(LEAF, INT, EXPIRED_ROOT), 60.0),
        (chain(LEAF, INT, ROOT, sent=(LEAF, INT, OLD_CROSS)), 60.0),
        (chain(SELF_SIGNED), 60.0),
        # without a verified path, the leaf's
        (chain(LEAF, SHORT_INT, anchored=False), 60.0),
        (chain(LEAF, EXPIRED_INT, anchored=False), 60.0),
        (chain(LEAF, anchored=False), 60.0),
    ],
)
def test_days_left_are_those_of_the_verified_path_or_else_of_the_leaf(
    given: Chain, expected: float
) -> None:
    assert days_left(given, NOW) == expected


LEAF_EXPIRED = Finding("expired", "the certificate expired 3 days ago (2026-06-12 00:00 UTC)")
INT_EXPIRED = Finding(
    "expired", 'the intermediate "Issuing CA" expired 10 days ago (2026-06-05 12:00 UTC)'
)
ROOT_EXPIRED = Finding("expired", "the root Root CA expired 400 days ago (2025-05-11 12:00 UTC)")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GOOD, []),
        (chain(EXPIRED_LEAF, INT, ROOT), [LEAF_EXPIRED]),
        (chain(EXPIRED_LEAF, INT, ROOT, complaints=((10, 0),)), [LEAF_EXPIRED]),
        (chain(LEAF, EXPIRED_INT, ROOT, complaints=((10, 1),)), [INT_EXPIRED]),
        (
            chain(EXPIRED_LEAF, EXPIRED_INT, ROOT, complaints=((10, 1), (10, 0))),
            [LEAF_EXPIRED, INT_EXPIRED],
        ),
        # OpenSSL forgets the topmost certificate when its issuer is missing
        (
            chain(LEAF, EXPIRED_INT, complaints=((20, 1), (21, 0)), anchored=False),
            [INT_EXPIRED],
        ),
        # of a root only OpenSSL's word counts: an anchor may be taken although it has expired
        (chain(LEAF, INT, EXPIRED_ROOT), []),
        (chain(LEAF, INT, EXPIRED_ROOT, complaints=((10, 2),)), [ROOT_EXPIRED]),
        (
            chain(
                *(EXPIRED_LEAF, INT, EXPIRED_ROOT),
                sent=(EXPIRED_LEAF, INT, EXPIRED_ROOT),
                complaints=((19, 2), (10, 2), (10, 0)),
                anchored=False,
            ),
            [LEAF_EXPIRED, ROOT_EXPIRED],
        ),
        (
            chain(certificate("x", "Issuing CA", -90, -0.5), INT, ROOT),
            [Finding("expired", "the certificate expired 12 hours ago (2026-06-15 00:00 UTC)")],
        ),
        (
            chain(certificate("x", "Issuing CA", -90, -1.99), INT, ROOT),
            [Finding("expired", "the certificate expired 47 hours ago (2026-06-13 12:14 UTC)")],
        ),
        (
            chain(certificate("x", "Issuing CA", -90, -2), INT, ROOT),
            [Finding("expired", "the certificate expired 2 days ago (2026-06-13 12:00 UTC)")],
        ),
        # valid to the very second (RFC 5280 4.1.2.5: through notAfter, inclusive)
        (chain(certificate("x", "Issuing CA", 0, 0), INT, ROOT), []),
        (
            chain(certificate("x", "Issuing CA", 2.5, 90), INT, ROOT, complaints=((9, 0),)),
            [
                Finding(
                    "not-yet-valid", "the certificate is valid only from 2026-06-18 00:00 UTC on"
                )
            ],
        ),
        (
            chain(LEAF, certificate("New CA", "Root CA", 1, 900), ROOT, complaints=((9, 1),)),
            [
                Finding(
                    "not-yet-valid",
                    'the intermediate "New CA" is valid only from 2026-06-16 12:00 UTC on',
                )
            ],
        ),
        (
            chain(LEAF, INT, certificate("Root CA", "Root CA", 1, 900), complaints=((9, 2),)),
            [
                Finding(
                    "not-yet-valid", "the root Root CA is valid only from 2026-06-16 12:00 UTC on"
                )
            ],
        ),
        (chain(LEAF, INT, ROOT, sent=(LEAF, INT, OLD_CROSS)), []),
        (
            chain(certificate("x", "x", -90, -3.5), complaints=((10, 0),)),
            [LEAF_EXPIRED],
        ),
    ],
)
def test_dates_are_judged_by_our_own_clock_and_the_roots_by_openssls(
    given: Chain, expected: list[Finding]
) -> None:
    assert date_findings(given, NOW) == expected


INCOMPLETE = Finding("incomplete-chain", "its issuer Issuing CA is neither sent nor trusted here")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GOOD, []),
        (chain(SELF_SIGNED), []),
        (
            chain(SELF_SIGNED, complaints=((18, 0),), anchored=False),
            [Finding("self-signed", "the certificate is its own issuer, and not trusted here")],
        ),
        (
            chain(
                *(LEAF, INT, ROOT),
                sent=(LEAF, INT, ROOT),
                complaints=((19, 2),),
                anchored=False,
            ),
            [Finding("untrusted", "the root Root CA is not trusted here")],
        ),
        (chain(LEAF, complaints=((20, 0), (21, 0)), anchored=False), [INCOMPLETE]),
        (
            chain(LEAF, INT, complaints=((20, 1), (21, 0)), anchored=False),
            [
                Finding(
                    "untrusted",
                    "Root CA is not trusted here (or another intermediate is not sent)",
                )
            ],
        ),
        (
            chain(LEAF, INT, sent=(LEAF, INT), complaints=((2, 1),), anchored=False),
            [
                Finding(
                    "untrusted",
                    "Root CA is not trusted here; an intermediate alone is no anchor",
                )
            ],
        ),
        # dates, strength and the echo are said elsewhere
        (chain(LEAF, INT, ROOT, complaints=((9, 0), (10, 1), (66, 0), (67, 1), (68, 0))), []),
        (chain(LEAF, INT, ROOT, complaints=((21, 0),)), []),
        (
            chain(LEAF, INT, ROOT, complaints=((7, 0),)),
            [Finding("untrusted", "the certificate: words of 7")],
        ),
        (
            chain(LEAF, INT, ROOT, complaints=((25, 1),)),
            [Finding("untrusted", 'the intermediate "Issuing CA": words of 25')],
        ),
        (
            chain(LEAF, INT, ROOT, complaints=((25, 2),)),
            [Finding("untrusted", "the root Root CA: words of 25")],
        ),
        *(
            (
                chain(LEAF, INT, ROOT, complaints=((code, 0),)),
                [
                    Finding(
                        "untrusted",
                        "its issuer Issuing CA may not issue for this name "
                        f"(name constraints: words of {code})",
                    )
                ],
            )
            for code in range(47, 54)
        ),
        # one reason once, several reasons of one kind together
        (
            chain(LEAF, INT, ROOT, complaints=((79, 1), (32, 1), (32, 1))),
            [
                Finding(
                    "untrusted",
                    'the intermediate "Issuing CA": words of 79; '
                    'the intermediate "Issuing CA": words of 32',
                )
            ],
        ),
        # a chain that ends nowhere has one reason; what is wrong within it stands beside
        (
            chain(SELF_SIGNED, complaints=((18, 0), (20, 0), (7, 0)), anchored=False),
            [
                Finding("untrusted", "the certificate: words of 7"),
                Finding("self-signed", "the certificate is its own issuer, and not trusted here"),
            ],
        ),
        (
            chain(LEAF, complaints=((20, 0), (47, 0)), anchored=False),
            [
                Finding(
                    "untrusted",
                    "its issuer Issuing CA may not issue for this name "
                    "(name constraints: words of 47)",
                ),
                INCOMPLETE,
            ],
        ),
        # what only this machine has, other clients lack
        (
            chain(LEAF, INT, ROOT, sent=(LEAF,)),
            [Finding("incomplete-chain", "Issuing CA is not sent; only this machine has it")],
        ),
        (chain(LEAF, ROOT, sent=(LEAF,)), []),
    ],
)
def test_one_finding_says_why_a_chain_is_not_trusted(
    given: Chain, expected: list[Finding]
) -> None:
    assert trust_findings(given) == expected


@pytest.mark.parametrize(
    ("complaints", "expected"),
    [
        (
            ((26, 0),),
            [Finding("wrong-purpose", "the certificate is not meant for TLS servers")],
        ),
        (
            ((26, 1),),
            [
                Finding(
                    "wrong-purpose",
                    'the intermediate "Issuing CA" is not meant for TLS servers',
                )
            ],
        ),
        (
            ((26, 0), (26, 1)),
            [
                Finding("wrong-purpose", "the certificate is not meant for TLS servers"),
                Finding(
                    "wrong-purpose",
                    'the intermediate "Issuing CA" is not meant for TLS servers',
                ),
            ],
        ),
        # no authority has no purpose either: OpenSSL 1.1.1 says 24 for it, 3.x says 79
        *(
            (
                ((code, 1), (26, 1)),
                [Finding("untrusted", f'the intermediate "Issuing CA": words of {code}')],
            )
            for code in (24, 79)
        ),
        (
            ((79, 1), (26, 0)),
            [
                Finding("untrusted", 'the intermediate "Issuing CA": words of 79'),
                Finding("wrong-purpose", "the certificate is not meant for TLS servers"),
            ],
        ),
        (
            ((47, 0), (10, 0), (26, 0)),
            [
                Finding(
                    "untrusted",
                    "its issuer Issuing CA may not issue for this name "
                    "(name constraints: words of 47)",
                ),
                Finding("wrong-purpose", "the certificate is not meant for TLS servers"),
            ],
        ),
    ],
)
def test_the_purpose_is_a_finding_beside_trust(
    complaints: tuple[tuple[int, int], ...], expected: list[Finding]
) -> None:
    assert trust_findings(chain(LEAF, INT, ROOT, complaints=complaints)) == expected


WEAK_LEAF = certificate("x", "Issuing CA", weak_key="RSA 1024", weak_signature="SHA-1")
WEAK_INT = certificate("Issuing CA", "Root CA", weak_key="ECDSA 192", weak_signature="MD5")
WEAK_ROOT = certificate("Root CA", "Root CA", weak_key="RSA 1024", weak_signature="SHA-1")
WEAK_SELF_SIGNED = certificate("x", "x", weak_key="RSA 512", weak_signature="MD5")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GOOD, []),
        # the signature of a root is its own, its key signs the others
        (
            chain(LEAF, INT, WEAK_ROOT),
            [Finding("weak-key", 'the root "Root CA" has an RSA key of only 1024 bits')],
        ),
        (
            chain(WEAK_LEAF, INT, ROOT),
            [
                Finding("weak-key", "the certificate has an RSA key of only 1024 bits"),
                Finding("weak-signature", "the certificate is signed with SHA-1"),
            ],
        ),
        (
            chain(LEAF, WEAK_INT, ROOT),
            [
                Finding(
                    "weak-key", 'the intermediate "Issuing CA" has an ECDSA key of only 192 bits'
                ),
                Finding("weak-signature", 'the intermediate "Issuing CA" is signed with MD5'),
            ],
        ),
        # a signature by oneself protects nothing
        (
            chain(WEAK_SELF_SIGNED, anchored=False),
            [Finding("weak-key", "the certificate has an RSA key of only 512 bits")],
        ),
        (chain(LEAF, INT, ROOT, sent=(LEAF, INT, WEAK_INT)), []),
    ],
)
def test_strength_is_judged_on_the_path(given: Chain, expected: list[Finding]) -> None:
    assert strength_findings(given) == expected


EXTRA = Finding("extra-expired", "Root CA is sent, expired and not needed")
ORDER = Finding("chain-order", "the certificates are not sent in their order")
UPPER = certificate("Policy CA", "Root CA", -500, 1000)
LOWER = certificate("Issuing CA", "Policy CA", -500, 1000)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GOOD, []),
        (chain(LEAF, INT, ROOT, sent=(LEAF, INT, ROOT)), []),
        (chain(LEAF, INT, ROOT, sent=(LEAF, INT, OLD_CROSS)), [EXTRA]),
        (chain(LEAF, INT, ROOT, sent=(LEAF, OLD_CROSS, INT)), [EXTRA]),
        (chain(LEAF, INT, ROOT, sent=(LEAF, INT, UPPER)), []),
        (chain(LEAF, EXPIRED_INT, ROOT, sent=(LEAF, EXPIRED_INT)), []),
        (chain(LEAF, LOWER, UPPER, ROOT, sent=(LEAF, LOWER, UPPER)), []),
        (chain(LEAF, LOWER, UPPER, ROOT, sent=(LEAF, UPPER, LOWER)), [ORDER]),
        (chain(LEAF, INT, ROOT, sent=(LEAF, ROOT, INT)), [ORDER]),
        (
            chain(LEAF, LOWER, UPPER, ROOT, sent=(LEAF, UPPER, OLD_CROSS, LOWER)),
            [EXTRA, ORDER],
        ),
    ],
)
def test_an_untidy_chain_is_noted(given: Chain, expected: list[Finding]) -> None:
    assert order_findings(given, NOW) == expected
