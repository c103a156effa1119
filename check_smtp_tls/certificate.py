"""Certificates as facts: what one says about itself, and the chain a server showed.

Rule: facts are plain values, so that judging them needs no library.
"""

from __future__ import annotations

from datetime import datetime, timezone

from check_smtp_core.lean_typing import NamedTuple

SECONDS_PER_DAY = 86400

UNREADABLE = datetime.min.replace(tzinfo=timezone.utc)
"""A date that neither library can read; such a certificate is valid at no moment."""


class Certificate(NamedTuple):
    """What one certificate says.

    `names` and `addresses` are its subjectAltName, `has_names` tells whether it has one and
    `unreadable` why it could not be read. `key` is in words (`RSA 2048`); `weak_key` and
    `weak_signature` say what is weak about it, or nothing. Fingerprints are SHA-256 in lower-case
    hexadecimal digits. Dates are aware, in UTC, or UNREADABLE.
    """

    der: bytes
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    has_names: bool
    unreadable: str
    key: str
    weak_key: str
    weak_signature: str
    fingerprint: str
    key_fingerprint: str

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same."""
        return self.subject == self.issuer

    def days_left(self, now: datetime) -> float:
        """Days until it expires, with fractions; negative afterwards; none if nobody knows."""
        if self.not_after == UNREADABLE:
            return 0.0
        return (self.not_after - now).total_seconds() / SECONDS_PER_DAY

    @property
    def lifetime_days(self) -> float:
        """Days from the beginning to the end of its validity; none if nobody knows."""
        if UNREADABLE in (self.not_before, self.not_after):
            return 0.0
        return (self.not_after - self.not_before).total_seconds() / SECONDS_PER_DAY


class Complaint(NamedTuple):
    """One complaint of OpenSSL's verifier: its code, at which depth of the path, in its words."""

    code: int
    depth: int
    words: str


class Chain(NamedTuple):
    """What a server showed and what OpenSSL made of it.

    `presented` is in the server's order. `path` leads from the leaf to the anchor, or as far as
    OpenSSL could build it; `anchored` tells whether it ends in the trust store.
    """

    presented: tuple[Certificate, ...]
    path: tuple[Certificate, ...]
    complaints: tuple[Complaint, ...]
    anchored: bool


def day(moment: datetime) -> str:
    """The day of a moment, as people write it."""
    return "an unreadable date" if moment == UNREADABLE else f"{moment:%Y-%m-%d}"
