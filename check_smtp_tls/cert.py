"""Is the certificate valid for this name, trusted, and for how long yet?

Rule: the verified path is judged, not the list that was sent, and all faults are reported at once.
The session ends with the handshake: one connection yields facts and verdict, and QUIT goes out.
"""

import math
import os
import re
from argparse import ArgumentTypeError
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple, cast

from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.observation import Measure
from check_smtp_core.text import printable
from check_smtp_core.values import wire_text
from check_smtp_tls.certificate import Certificate, Chain
from check_smtp_tls.lifetime import (
    DEFAULT_CRITICAL,
    DEFAULT_WARNING,
    Lifetime,
    limits,
    read_lifetime,
)
from check_smtp_tls.names import address_octets, is_for
from check_smtp_tls.trust import (
    common_name,
    date_findings,
    days_left,
    ends_first,
    order_findings,
    strength_findings,
    trust_findings,
)

if TYPE_CHECKING:
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser
    from check_smtp_core.session import Session
    from check_smtp_tls.verifier import VerifyingEngine

TLS_BY_DEFAULT = True

_OLD_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1")


class Served(NamedTuple):
    """What a server showed, at this moment, to who asked for the reference identifier.

    `warning` and `critical` are the ranges for its days; `ended` is why the session broke after
    the certificate was seen; `on_disk` is the certificate of --file, or why there is none.
    """

    chain: Chain
    now: datetime
    reference: str
    version: str
    warning: str
    critical: str
    ended: Finding | None
    on_disk: Certificate | Finding | None

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.chain.presented[0]

    def sentence(self, seconds: float) -> str:
        """How long it is valid, for whom, and who says so; nothing when it no longer is."""
        days = days_left(self.chain, self.now)
        if days < 0:
            return ""
        until = f"{self.now + timedelta(days=days):%Y-%m-%d}"
        fits = is_for(self.reference, self.leaf.names, self.leaf.addresses)
        name = f" for {printable(self.reference)}" if fits else ""
        issuer = common_name(self.leaf.issuer)
        first = ends_first(self.chain)
        ends = f", then the intermediate {common_name(first.subject)} ends" if first else ""
        count = f"{int(days)} day{'' if int(days) == 1 else 's'}"
        return f"{count} left (until {until}{ends}){name}, issued by {issuer}"

    def measures(self) -> list[Measure]:
        """`days_left` of the path and `days_left_leaf`, both with fractions."""
        days = _floored(days_left(self.chain, self.now))
        leaf = _floored(self.leaf.days_left(self.now))
        # What has expired is a finding of its own.
        raises = "expiring" if days > 0 else ""
        return [
            Measure(
                "days_left",
                days,
                warning=self.warning,
                critical=self.critical,
                finding=raises,
                what=f"{days:.2f} days left",
                unit_in_words="days",
                minimum=None,
            ),
            Measure("days_left_leaf", leaf, minimum=None),
        ]

    def details(self, level: int) -> list[str]:
        """The chain as it was sent (-v), then fingerprints and all names (-vv)."""
        if level > 1:
            lines = [f"certificate SHA-256: {self.leaf.fingerprint}"]
            lines.append(f"public key SHA-256: {self.leaf.key_fingerprint}")
            return lines + [f"name: {each}" for each in (*self.leaf.names, *self.leaf.addresses)]
        lines = ["sent by the server:"]
        for number, each in enumerate(self.chain.presented):
            lines += _described(number, each, self.now)
        if self.chain.anchored:
            lines.append(f"trusted here: {self.chain.path[-1].subject}")
        return lines


def _floored(days: float) -> float:
    """Days in hundredths, never rounded up: 29.999 are not yet 30."""
    return math.floor(days * 100) / 100


def _described(number: int, certificate: Certificate, now: datetime) -> list[str]:
    names = (*certificate.names, *certificate.addresses)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    shown = f", for {', '.join(names[:3])}{more}" if names else ""
    since, until = f"{certificate.not_before:%Y-%m-%d}", f"{certificate.not_after:%Y-%m-%d}"
    days = math.floor(certificate.days_left(now))
    return [
        f"  {number} {certificate.subject}{shown}",
        f"    issued by {certificate.issuer}",
        f"    {since} to {until} ({days} days left), {certificate.key}",
    ]


def add_options(parser: "Parser") -> None:
    """How long, for whom and by whom the certificate has to be."""
    for letter, word in (("-w", "warning"), ("-c", "critical")):
        default = DEFAULT_WARNING if word == "warning" else DEFAULT_CRITICAL
        parser.own.value(
            letter,
            f"--{word}",
            dest=f"days_{word}",
            convert=_lifetime,
            metavar="DAYS",
            help=f"{word.upper()} with fewer days left, or with less of its lifetime (25%%); "
            f"default {default[0]:g} days or {default[1]:g}%%, whichever is less",
        )
    parser.own.value(
        "--key-type",
        convert=_key_type,
        metavar="TYPE",
        help="ask a server with two certificates for the rsa or the ecdsa one (TLS 1.2)",
    )
    parser.own.values(
        "--fingerprint",
        convert=_fingerprint,
        metavar="SHA256",
        help="the certificate or its public key must be one of these",
    )
    parser.own.value(
        "--issuer",
        convert=wire_text,
        metavar="TEXT",
        help="the issuer's name must hold this text",
    )
    parser.own.value(
        "--file",
        convert=wire_text,
        metavar="PEM",
        help="the server must not show an older certificate than this file",
    )


def new_engine(options: "Options") -> "VerifyingEngine":
    """The engine whose verifier notes all faults. SessionEnded with `local` without anchors."""
    from check_smtp_tls.anchors import Anchors, NoAnchors, find_anchors
    from check_smtp_tls.verifier import VerifyingEngine

    try:
        anchors = find_anchors(options.ca_file, options.ca_path)
    except NoAnchors as error:
        if options.verify or options.ca_file or options.ca_path:
            raise SessionEnded(Finding("local", printable(str(error)))) from None
        anchors = Anchors("", "")
    return VerifyingEngine(options.sni_name, anchors, options.key_type)


def observe(session: "Session", options: "Options") -> Served:
    """As far as the handshake; what breaks after it leaves the certificate seen."""
    ended = None
    try:
        session.welcome()
        if options.tls_mode == "starttls":
            session.starttls(session.hello())
    except SessionEnded as end:
        ended = end
    engine = cast("VerifyingEngine | None", session.engine)
    chain = engine.chain() if engine else None
    if chain is None:
        raise _without_certificate(ended, options.key_type)
    lifetime = chain.presented[0].lifetime_days
    return Served(
        chain=chain,
        now=datetime.now(timezone.utc),
        reference=options.reference,
        version=session.agreed.version if session.agreed else "",
        warning=limits(options.days_warning or None, DEFAULT_WARNING, lifetime),
        critical=limits(options.days_critical or None, DEFAULT_CRITICAL, lifetime),
        ended=ended.finding if ended else None,
        on_disk=_on_disk(options.file) if options.file else None,
    )


def _without_certificate(ended: SessionEnded | None, key_type: str) -> SessionEnded:
    if ended is None:
        return SessionEnded(Finding("tls-handshake", "the server showed no certificate"))
    finding = ended.finding
    if key_type and finding.name in ("tls-handshake", "closed"):
        text = f"{finding.text} (no {key_type} certificate, or no TLS 1.2? see --key-type)"
        return SessionEnded(finding._replace(text=text))
    return ended


def judge(facts: Served, options: "Options") -> list[Finding]:
    """Dates always; trust, purpose and name unless they are not wanted; then the rest."""
    findings = [facts.ended] if facts.ended else []
    findings += date_findings(facts.chain, facts.now)
    if options.verify:
        findings += trust_findings(facts.chain)
        findings += _judge_name(facts.leaf, facts.reference)
    findings += strength_findings(facts.chain)
    findings += _judge_pins(facts.leaf, options.fingerprint, options.issuer)
    findings += _judge_file(facts.leaf, facts.on_disk)
    findings += order_findings(facts.chain, facts.now)
    if facts.version in _OLD_VERSIONS:
        text = f"the server speaks no more than {facts.version} (RFC 8996 forbids it)"
        findings.append(Finding("tls-version", text))
    return findings


def _judge_name(leaf: Certificate, reference: str) -> list[Finding]:
    """RFC 9525; the reference identifier is the host name or what --servername says."""
    if leaf.unreadable:
        text = f"its names cannot be read ({printable(leaf.unreadable)})"
        return [Finding("name-mismatch", text)]
    if not leaf.has_names:
        text = f"no subjectAltName, so it is valid for no host (wanted: {printable(reference)})"
        return [Finding("name-mismatch", text)]
    if is_for(reference, leaf.names, leaf.addresses):
        return []
    names = (*leaf.names, *leaf.addresses)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    shown = printable(", ".join(names[:3])) + more
    hint = "; --servername says which name to expect" if address_octets(reference) else ""
    text = f"valid for {shown or 'no host'}, which does not match {printable(reference)}{hint}"
    return [Finding("name-mismatch", text)]


def _judge_pins(leaf: Certificate, pins: tuple[str, ...], issuer: str) -> list[Finding]:
    findings = []
    if pins and not {leaf.fingerprint, leaf.key_fingerprint} & set(pins):
        text = f"the certificate {leaf.fingerprint[:16]}... is not the one that is pinned"
        findings.append(Finding("fingerprint", text))
    if issuer and issuer.lower() not in leaf.issuer.lower():
        text = f"issued by {common_name(leaf.issuer)}, not by {printable(issuer)}"
        findings.append(Finding("fingerprint", text))
    return findings


def _judge_file(leaf: Certificate, on_disk: Certificate | Finding | None) -> list[Finding]:
    if isinstance(on_disk, Finding):
        return [on_disk]
    if on_disk is None or on_disk.fingerprint == leaf.fingerprint:
        return []
    if on_disk.key.partition(" ")[0] != leaf.key.partition(" ")[0]:
        text = f"the file holds {on_disk.key}, the server shows {leaf.key}: see --key-type"
        return [Finding("local", text)]
    if on_disk.not_before > leaf.not_before:
        since, served = f"{on_disk.not_before:%Y-%m-%d}", f"{leaf.not_before:%Y-%m-%d}"
        if since == served:
            since, served = f"{on_disk.not_before:%d %H:%M:%S}", f"{leaf.not_before:%d %H:%M:%S}"
        text = f"the file has a certificate of {since}, the server still shows one of {served}"
        return [Finding("not-reloaded", text)]
    return []


def _on_disk(path: str) -> Certificate | Finding:
    from OpenSSL import crypto

    from check_smtp_tls.certificate import read_certificate

    try:
        with open(path, "rb") as file:
            return read_certificate(crypto.load_certificate(crypto.FILETYPE_PEM, file.read()))
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
    except crypto.Error:
        why = "no certificate in PEM"
    return Finding("local", f"{printable(path)}: {why}")


def _lifetime(text: str) -> Lifetime:
    try:
        return read_lifetime(text)
    except ValueError as error:
        raise ArgumentTypeError(f'"{text}" is {error}') from None


def _key_type(text: str) -> str:
    if text.lower() not in ("rsa", "ecdsa"):
        raise ArgumentTypeError(f'"{text}" is neither rsa nor ecdsa')
    return text.lower()


def _fingerprint(text: str) -> str:
    digits = text.lower().removeprefix("sha256:").replace(":", "")
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ArgumentTypeError(f'"{text}" is no SHA-256 fingerprint in hexadecimal digits')
    return digits
