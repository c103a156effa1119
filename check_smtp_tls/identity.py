"""Whether the certificate is the one that it should be: its name, its pins, the file on disk.

Rule: pure, but for reading that file.
"""

import os

from check_smtp_core.findings import Finding
from check_smtp_core.text import printable
from check_smtp_tls.certificate import Certificate, day
from check_smtp_tls.names import address_octets, is_for
from check_smtp_tls.served import some_names
from check_smtp_tls.trust import common_name, unescaped

_SHOWN_DIGITS = 16


def name_findings(leaf: Certificate, reference: str) -> list[Finding]:
    """`name-mismatch` unless the certificate is for the reference identifier (RFC 9525)."""
    if leaf.unreadable:
        return [
            Finding("name-mismatch", f"its names cannot be read ({printable(leaf.unreadable)})")
        ]
    if not leaf.has_names:
        text = f"no subjectAltName, so it is valid for no host (wanted: {printable(reference)})"
        return [Finding("name-mismatch", text)]
    if is_for(reference, leaf.names, leaf.addresses):
        return []
    hint = "; --servername says which name to expect" if address_octets(reference) else ""
    shown = some_names(leaf) or "no host"
    text = f"valid for {shown}, which does not match {printable(reference)}{hint}"
    return [Finding("name-mismatch", text)]


def pin_findings(leaf: Certificate, pins: tuple[str, ...], issuer: str) -> list[Finding]:
    """`fingerprint` unless certificate or key are pinned, and the issuer is the wanted one."""
    findings = []
    if pins and not {leaf.fingerprint, leaf.key_fingerprint} & set(pins):
        certificate, key = leaf.fingerprint[:_SHOWN_DIGITS], leaf.key_fingerprint[:_SHOWN_DIGITS]
        text = f"neither the certificate {certificate}... nor its key {key}... is pinned (see -vv)"
        findings.append(Finding("fingerprint", text))
    if issuer and issuer.lower() not in unescaped(leaf.issuer).lower():
        text = f"issued by {common_name(leaf.issuer)}, not by {printable(issuer)}"
        findings.append(Finding("fingerprint", text))
    return findings


def file_findings(leaf: Certificate, on_disk: Certificate | Finding | None) -> list[Finding]:
    """`not-reloaded` if the certificate on disk is newer than the one that is served."""
    if isinstance(on_disk, Finding):
        return [on_disk]
    if on_disk is None or on_disk.fingerprint == leaf.fingerprint:
        return []
    if on_disk.key.partition(" ")[0] != leaf.key.partition(" ")[0]:
        text = f"the file holds {on_disk.key}, the server shows {leaf.key}: see --key-type"
        return [Finding("local", text)]
    if on_disk.not_before <= leaf.not_before:
        return []
    since, served = day(on_disk.not_before), day(leaf.not_before)
    if since == served:
        since, served = f"{on_disk.not_before:%d %H:%M:%S}", f"{leaf.not_before:%d %H:%M:%S}"
    text = f"the file has a certificate of {since}, the server still shows one of {served}"
    return [Finding("not-reloaded", text)]


def certificate_in_file(path: str) -> Certificate | Finding:
    """The first certificate in a PEM file, or a `local` finding that says why there is none."""
    from OpenSSL import crypto

    from check_smtp_tls.certificate_reader import read_certificate

    try:
        with open(path, "rb") as file:
            return read_certificate(crypto.load_certificate(crypto.FILETYPE_PEM, file.read()))
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
    except crypto.Error:
        why = "no certificate in PEM"
    return Finding("local", f"{printable(path)}: {why}")
