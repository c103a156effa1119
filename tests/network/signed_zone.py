"""Signed zones: one that validates, and one whose signatures have expired.

Rule: keys and signatures are made anew; the resolver is told of the key as its trust anchor.
"""

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import dns.dnssec
import dns.dnssectypes
import dns.zone
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_RECORDS = """
@    3600 SOA ns root 1 3600 600 86400 300
@    3600 NS  ns
ns   3600 A   127.0.0.1
mail 3600 A   192.0.2.1
"""


class SignedZone(NamedTuple):
    """A zone's file, and the line that makes its key a trust anchor of unbound."""

    text: str
    anchor: str


def signed_zone(origin: str, until: timedelta) -> SignedZone:
    """A zone with the host `mail`, signed a month ago until this time from now."""
    key = Ed25519PrivateKey.generate()
    algorithm = dns.dnssectypes.Algorithm.ED25519
    dnskey = dns.dnssec.make_dnskey(key.public_key(), algorithm, flags=257)
    now = datetime.now(timezone.utc)
    zone = dns.zone.from_text(_RECORDS, origin=origin, relativize=False)
    dns.dnssec.sign_zone(
        zone,
        keys=[(key, dnskey)],
        inception=now - timedelta(days=30),
        expiration=now + until,
    )
    return SignedZone(zone.to_text(relativize=False), f"{origin} IN DNSKEY {dnskey.to_text()}")
