"""A server that proves who it is: all that speaks against it, at once."""

from argparse import Namespace
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from check_smtp_core.engine import Agreed
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_tls.certificate import Chain, Complaint
from check_smtp_tls.verified import (
    chain_of,
    server_faults,
    verifier,
    version_findings,
)
from tests.test_trust import EXPIRED_LEAF, INT, chain
from tests.test_trust import LEAF as GOOD_LEAF
from tests.test_trust import ROOT as GOOD_ROOT

MAIL = "mail.example.com"
FAR: dict[str, Any] = {
    "not_before": datetime(2000, 1, 1, tzinfo=timezone.utc),
    "not_after": datetime(9000, 1, 1, tzinfo=timezone.utc),
}
WELL = chain(
    GOOD_LEAF._replace(names=(MAIL,), **FAR), INT._replace(**FAR), GOOD_ROOT._replace(**FAR)
)


def session(seen: Chain | None, version: str = "TLSv1.3") -> Any:
    """What is asked of a session: the engine with its chain, and what was agreed on."""
    return SimpleNamespace(
        engine=SimpleNamespace(chain=lambda: seen),
        agreed=Agreed(version, "cipher", 256) if version else None,
    )


def names(seen: Chain | None, version: str = "TLSv1.3", reference: str = MAIL) -> list[str]:
    return [each.name for each in server_faults(session(seen, version), reference)]


def test_nothing_speaks_against_a_good_server() -> None:
    assert names(WELL) == []


def test_every_fault_is_named_at_once() -> None:
    bad = chain(
        EXPIRED_LEAF._replace(names=("other.example",), weak_key="RSA 1024"),
        complaints=((20, 0), (26, 0)),
        anchored=False,
    )
    assert names(bad, "TLSv1.1") == [
        "expired",
        "incomplete-chain",
        "wrong-purpose",
        "name-mismatch",
        "weak-key",
        "tls-version",
    ]


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        # an error of a date that is none by our own clock, and a path that ends nowhere
        (
            WELL._replace(complaints=(Complaint(10, 0, "certificate has expired"),)),
            "certificate has expired",
        ),
        (WELL._replace(anchored=False), "no trusted path"),
    ],
)
def test_what_openssl_dislikes_is_never_trusted(seen: Chain, words: str) -> None:
    assert server_faults(session(seen), MAIL) == [
        Finding("untrusted", f"OpenSSL does not trust it: {words}")
    ]


def test_a_server_without_tls_or_without_a_certificate_proves_nothing() -> None:
    assert server_faults(session(WELL, ""), MAIL) == [
        Finding("no-starttls", "the session is not encrypted")
    ]
    assert server_faults(session(None), MAIL) == [
        Finding("tls-handshake", "the server showed no certificate")
    ]
    assert chain_of(SimpleNamespace(engine=None)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("TLSv1.3", []),
        ("TLSv1.2", []),
        (
            "TLSv1",
            [Finding("tls-version", "the server speaks no more than TLSv1 (RFC 8996 forbids it)")],
        ),
    ],
)
def test_old_versions_of_tls_are_forbidden(version: str, expected: list[Finding]) -> None:
    assert version_findings(version) == expected


def test_anchors_may_be_missing_only_where_they_are_not_needed() -> None:
    options: Any = Namespace(ca_file="/none/at/all.pem", ca_path="", sni_name="")
    with pytest.raises(
        SessionEnded, match=r"^local: the CA file /none/at/all\.pem cannot be read"
    ):
        verifier(options)
    assert verifier(options, needed=False)("").chain() is None
