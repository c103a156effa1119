"""Is the certificate valid for this name, trusted, and for how long yet?

Rule: the verified path is judged, not the list that was sent, and all faults are reported at once.
The session ends with the handshake: one connection yields facts and verdict, and QUIT goes out.
What reads and judges a certificate is imported with the engine, and not before.
"""

from __future__ import annotations

import re

from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.parser import InvalidValue
from check_smtp_core.values import wire_text
from check_smtp_tls.lifetime import (
    DEFAULT_CRITICAL,
    DEFAULT_WARNING,
    Lifetime,
    limits,
    read_lifetime,
)

if TYPE_CHECKING:
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser
    from check_smtp_core.session import Session
    from check_smtp_tls.certificate import Chain
    from check_smtp_tls.served import Served
    from check_smtp_tls.verifier import Verifier

TLS_BY_DEFAULT = True
ASKS_FOR_A_NAME = True


def add_options(parser: Parser) -> None:
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


def engine_maker(options: Options) -> Verifier:
    """The verifier that notes all faults. SessionEnded with `local` without anchors."""
    from check_smtp_tls.verified import verifier

    needed = options.verify or bool(options.ca_file or options.ca_path)
    return verifier(options, options.key_type, needed)


async def observe(session: Session, options: Options) -> Served:
    """As far as the handshake; what breaks after it leaves the certificate seen."""
    ended = None
    try:
        await session.welcome()
        if options.tls_mode == "starttls":
            await session.starttls(await session.hello())
    except SessionEnded as end:
        ended = end
    from check_smtp_tls.verified import chain_of

    chain = chain_of(session)
    if chain is None:
        raise _without_certificate(ended, options.key_type)
    version = session.agreed.version if session.agreed else ""
    return _served(chain, version, options, ended.finding if ended else None)


def _served(chain: Chain, version: str, options: Options, ended: Finding | None) -> Served:
    from datetime import datetime, timezone

    from check_smtp_tls.identity import certificate_in_file
    from check_smtp_tls.served import Served

    lifetime = chain.presented[0].lifetime_days
    return Served(
        chain=chain,
        now=datetime.now(timezone.utc),
        reference=options.reference,
        version=version,
        warning=limits(options.days_warning or None, DEFAULT_WARNING, lifetime),
        critical=limits(options.days_critical or None, DEFAULT_CRITICAL, lifetime),
        ended=ended,
        on_disk=certificate_in_file(options.file) if options.file else None,
    )


def _without_certificate(ended: SessionEnded | None, key_type: str) -> SessionEnded:
    if ended is None:
        return SessionEnded(Finding("tls-handshake", "the server showed no certificate"))
    finding = ended.finding
    if key_type and finding.name in ("tls-handshake", "closed"):
        text = f"{finding.text} (no {key_type} certificate, or no TLS 1.2? see --key-type)"
        return SessionEnded(finding._replace(text=text))
    return ended


def judge(facts: Served, options: Options) -> list[Finding]:
    """Dates always; trust, purpose and name unless they are not wanted; then the rest."""
    from check_smtp_tls.identity import file_findings, name_findings, pin_findings
    from check_smtp_tls.trust import (
        date_findings,
        order_findings,
        strength_findings,
        trust_findings,
    )
    from check_smtp_tls.verified import version_findings

    findings = [facts.ended] if facts.ended else []
    findings += date_findings(facts.chain, facts.now)
    if options.verify:
        findings += trust_findings(facts.chain)
        findings += name_findings(facts.leaf, facts.reference)
    findings += strength_findings(facts.chain)
    findings += pin_findings(facts.leaf, options.fingerprint, options.issuer)
    findings += file_findings(facts.leaf, facts.on_disk)
    findings += order_findings(facts.chain, facts.now)
    return findings + version_findings(facts.version)


def _lifetime(text: str) -> Lifetime:
    try:
        return read_lifetime(text)
    except ValueError as error:
        raise InvalidValue(f'"{text}" is {error}') from None


def _key_type(text: str) -> str:
    if text.lower() not in ("rsa", "ecdsa"):
        raise InvalidValue(f'"{text}" is neither rsa nor ecdsa')
    return text.lower()


def _fingerprint(text: str) -> str:
    digits = text.lower().removeprefix("sha256:").replace(":", "")
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise InvalidValue(f'"{text}" is no SHA-256 fingerprint in hexadecimal digits')
    return digits
