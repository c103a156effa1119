"""A server that proves who it is: the verifier that looks, and what speaks against the server.

Rule: all faults at once, in the words of the certificate check. Nothing that is not for everybody
goes to a server with one of them.
"""

from __future__ import annotations

from datetime import datetime, timezone

from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, cast
from check_smtp_core.text import printable
from check_smtp_tls.identity import name_findings
from check_smtp_tls.trust import date_findings, strength_findings, trust_findings

if TYPE_CHECKING:
    from check_smtp_core.options import Options
    from check_smtp_core.session import Session
    from check_smtp_tls.certificate import Chain
    from check_smtp_tls.verifier import Verifier, VerifyingEngine

_OLD_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1")


def verifier(options: Options, key_type: str = "", needed: bool = True) -> Verifier:
    """The maker of engines that note all faults.

    SessionEnded with `local` without anchors where they are `needed`; without a verdict on trust
    they only help to find the path.
    """
    from check_smtp_tls.anchors import Anchors, NoAnchors, find_anchors
    from check_smtp_tls.verifier import Verifier

    try:
        return Verifier(find_anchors(options.ca_file, options.ca_path), key_type)
    except NoAnchors as error:
        if needed:
            raise SessionEnded(Finding("local", printable(str(error)))) from None
    except SessionEnded:
        if needed:
            raise
    return Verifier(Anchors("", ""), key_type)


def chain_of(session: Session) -> Chain | None:
    """What the verifying engine of this session has seen of the server's certificates."""
    engine: VerifyingEngine | None = cast("VerifyingEngine | None", session.engine)
    return engine.chain() if engine else None


def server_faults(session: Session, reference: str) -> list[Finding]:
    """Everything that keeps the server at the other end from being the one that is meant.

    `reference` is the name or address that it has to prove (RFC 9525).
    """
    if session.agreed is None:
        return [Finding("no-starttls", "the session is not encrypted")]
    chain = chain_of(session)
    if chain is None:
        return [Finding("tls-handshake", "the server showed no certificate")]
    faults = [
        *date_findings(chain, datetime.now(timezone.utc)),
        *trust_findings(chain),
        *name_findings(chain.presented[0], reference),
        *strength_findings(chain),
        *version_findings(session.agreed.version),
    ]
    if not faults and (chain.complaints or not chain.anchored):
        # What our own rules let pass is not good enough where OpenSSL has a complaint.
        said = "; ".join(each.words for each in chain.complaints) or "no trusted path"
        faults.append(Finding("untrusted", f"OpenSSL does not trust it: {printable(said)}"))
    return faults


def version_findings(version: str) -> list[Finding]:
    """`tls-version` for what RFC 8996 forbids."""
    if version not in _OLD_VERSIONS:
        return []
    text = f"the server speaks no more than {version} (RFC 8996 forbids it)"
    return [Finding("tls-version", text)]
