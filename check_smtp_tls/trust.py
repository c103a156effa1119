"""What is wrong with a chain, as findings: dates, path, purpose, keys, signatures, order.

Rule: pure. The verdict on trust is OpenSSL's, by its codes and never by its words, which differ
from version to version; dates, keys and signatures are judged by rules of our own over the path,
because OpenSSL forgets some dates and its rules of strength change with version and setting.
"""

import re
from datetime import datetime

from check_smtp_core.findings import Finding
from check_smtp_core.text import defused, printable, quoted
from check_smtp_tls.certificate import (
    SECONDS_PER_DAY,
    UNREADABLE,
    Certificate,
    Chain,
    Complaint,
)

_NOT_YET_VALID, _EXPIRED = 9, 10
_SELF_SIGNED, _ROOT_SENT, _NO_ISSUER = 18, 19, 20
_STORE_LACKS_ISSUER, _ECHO = 2, 21
_UNANCHORED = (_STORE_LACKS_ISSUER, _SELF_SIGNED, _ROOT_SENT, _NO_ISSUER)
_WRONG_PURPOSE = 26
_NO_AUTHORITY = (24, 79)
_CONSTRAINTS = range(47, 54)
# Strength is judged by rules of our own; the others are said in words of their own.
_SAID_ELSEWHERE = (_NOT_YET_VALID, _EXPIRED, _ECHO, _WRONG_PURPOSE, 66, 67, 68)
# No path to an anchor, for one reason; the first that applies is the most specific.
_NO_PATH = ("self-signed", "incomplete-chain", "untrusted")


def common_name(distinguished_name: str) -> str:
    """The common name in a distinguished name (RFC 4514), or all of it if there is none."""
    for part in re.split(r"(?<!\\)[,+]", distinguished_name):
        key, _, value = part.partition("=")
        if key == "CN":
            return defused(unescaped(value))
    return defused(distinguished_name)


def unescaped(distinguished_name: str) -> str:
    """A distinguished name without the backslashes of RFC 4514, as people write it."""
    return re.sub(r"\\(.)", r"\1", distinguished_name)


def judged_certificates(chain: Chain) -> tuple[Certificate, ...]:
    """The path without its root, but never without the leaf; what expires there ends the path."""
    path = chain.path or chain.presented[:1]
    ends_in_root = chain.anchored or path[-1].self_issued
    return path[:-1] if ends_in_root and len(path) > 1 else path


def days_left(chain: Chain, now: datetime) -> float:
    """Days until the verified path ends; the leaf's where there is no verified path."""
    end = last_moment(chain)
    return 0.0 if end == UNREADABLE else (end - now).total_seconds() / SECONDS_PER_DAY


def last_moment(chain: Chain) -> datetime:
    """When the verified path ends; the leaf's end where there is no verified path."""
    if not chain.anchored:
        return chain.presented[0].not_after
    return min(each.not_after for each in judged_certificates(chain))


def ends_first(chain: Chain) -> Certificate | None:
    """The intermediate that ends the verified path before the leaf does, if there is one."""
    if not chain.anchored:
        return None
    first = min(judged_certificates(chain), key=lambda each: each.not_after)
    return None if first.not_after >= chain.presented[0].not_after else first


def date_findings(chain: Chain, now: datetime) -> list[Finding]:
    """`expired` and `not-yet-valid` for everything on the path, the root included."""
    findings = []
    judged = judged_certificates(chain)
    for depth, certificate in enumerate(judged):
        who = _who(certificate, depth)
        if certificate.not_after == UNREADABLE:
            findings.append(Finding("expired", f"{who} ends at a moment that cannot be read"))
        elif certificate.not_before == UNREADABLE:
            text = f"{who} begins at a moment that cannot be read"
            findings.append(Finding("not-yet-valid", text))
        elif certificate.not_after < now:
            findings.append(
                Finding("expired", f"{who} expired {_ago(certificate.not_after, now)}")
            )
        elif certificate.not_before > now:
            text = f"{who} is valid only from {_moment(certificate.not_before)} on"
            if (certificate.not_before - now).total_seconds() < SECONDS_PER_DAY:
                text += " (is this machine's clock right?)"
            findings.append(Finding("not-yet-valid", text))
    for code, depth, _ in chain.complaints:
        if not len(judged) <= depth < len(chain.path):
            continue
        root = chain.path[depth]
        who = f"the root {common_name(root.subject)}"
        if code == _EXPIRED:
            findings.append(Finding("expired", f"{who} expired {_ago(root.not_after, now)}"))
        elif code == _NOT_YET_VALID:
            text = f"{who} is valid only from {_moment(root.not_before)} on"
            findings.append(Finding("not-yet-valid", text))
    return findings


def trust_findings(chain: Chain) -> list[Finding]:
    """Why there is no trusted path (the most specific reason), what is wrong on it, and purpose.

    A forged signature or a violated constraint is never left out for a milder reason.
    """
    no_path: dict[str, list[str]] = {}
    wrong: list[str] = []
    for complaint in chain.complaints:
        if complaint.code in _SAID_ELSEWHERE:
            continue
        name, text = _distrust(complaint, chain)
        if complaint.code in _UNANCHORED:
            no_path.setdefault(name, []).append(text)
        else:
            wrong.append(text)
    sent = {each.der for each in chain.presented}
    for certificate in judged_certificates(chain)[1:]:
        if certificate.der not in sent:
            text = f"{common_name(certificate.subject)} is not sent; only this machine has it"
            no_path.setdefault("incomplete-chain", []).append(text)
    specific = next((name for name in _NO_PATH if name in no_path), "")
    if specific == "untrusted":
        wrong = no_path[specific] + wrong
        specific = ""
    findings = [Finding("untrusted", "; ".join(dict.fromkeys(wrong)))] if wrong else []
    if specific:
        findings.append(Finding(specific, "; ".join(dict.fromkeys(no_path[specific]))))
    return findings + _purpose_findings(chain)


def _distrust(complaint: Complaint, chain: Chain) -> tuple[str, str]:
    code, depth, words = complaint
    certificate = chain.path[depth] if depth < len(chain.path) else chain.presented[-1]
    issuer = common_name(certificate.issuer)
    if code == _SELF_SIGNED:
        return "self-signed", "the certificate is its own issuer, and not trusted here"
    if code == _ROOT_SENT:
        return "untrusted", f"the root {common_name(certificate.subject)} is not trusted here"
    if code == _NO_ISSUER and depth == 0:
        return "incomplete-chain", f"its issuer {issuer} is neither sent nor trusted here"
    if code == _NO_ISSUER:
        return "untrusted", f"{issuer} is not trusted here (or another intermediate is not sent)"
    if code == _STORE_LACKS_ISSUER:
        return "untrusted", f"{issuer} is not trusted here; an intermediate alone is no anchor"
    if code in _CONSTRAINTS:
        constraint = f"name constraints: {printable(words)}"
        return "untrusted", f"its issuer {issuer} may not issue for this name ({constraint})"
    if depth and certificate.self_issued and depth >= len(judged_certificates(chain)):
        return "untrusted", f"the root {common_name(certificate.subject)}: {printable(words)}"
    return "untrusted", f"{_who(certificate, depth)}: {printable(words)}"


def _purpose_findings(chain: Chain) -> list[Finding]:
    no_authority = {depth for code, depth, _ in chain.complaints if code in _NO_AUTHORITY}
    findings = []
    for code, depth, _ in chain.complaints:
        if code == _WRONG_PURPOSE and depth not in no_authority and depth < len(chain.path):
            who = _who(chain.path[depth], depth)
            findings.append(Finding("wrong-purpose", f"{who} is not meant for TLS servers"))
    return findings


def strength_findings(chain: Chain) -> list[Finding]:
    """`weak-key` on the path, root included; `weak-signature` but for the root's own."""
    findings = []
    path = chain.path or chain.presented[:1]
    for depth, certificate in enumerate(path):
        is_root = depth == len(path) - 1 and (certificate.self_issued or chain.anchored)
        who = _who(certificate, depth)
        if is_root and depth:
            who = f"the root {quoted(common_name(certificate.subject), 60)}"
        if certificate.weak_key:
            kind, _, bits = certificate.weak_key.partition(" ")
            article = "a" if kind == "DSA" else "an"
            text = f"{who} has {article} {kind} key of only {bits} bits"
            findings.append(Finding("weak-key", text))
        if certificate.weak_signature and not (is_root and certificate.self_issued):
            text = f"{who} is signed with {certificate.weak_signature}"
            findings.append(Finding("weak-signature", text))
    return findings


def order_findings(chain: Chain, now: datetime) -> list[Finding]:
    """What is untidy in the chain that was sent, but harms nobody who finds the path."""
    findings = []
    on_path = [each.der for each in chain.path]
    for certificate in chain.presented[1:]:
        if certificate.der not in on_path and certificate.not_after < now:
            text = f"{common_name(certificate.subject)} is sent, expired and not needed"
            findings.append(Finding("extra-expired", text))
    needed = [each.der for each in chain.presented if each.der in on_path]
    if needed != sorted(needed, key=on_path.index):
        findings.append(Finding("chain-order", "the certificates are not sent in their order"))
    return findings


def _who(certificate: Certificate, depth: int) -> str:
    if depth == 0:
        return "the certificate"
    return f"the intermediate {quoted(common_name(certificate.subject), 60)}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _ago(moment: datetime, now: datetime) -> str:
    minutes = int((now - moment).total_seconds() // 60)
    if minutes == 0:
        age = "less than a minute"
    elif minutes < 120:
        age = f"{minutes} minute{'' if minutes == 1 else 's'}"
    elif minutes < 48 * 60:
        age = f"{minutes // 60} hours"
    else:
        age = f"{minutes // 1440} days"
    return f"{age} ago ({_moment(moment)})"
