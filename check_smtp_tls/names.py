"""Whether a certificate is for a name: RFC 9525, and nothing more lenient.

Rule: only subjectAltName counts, never the common name; a wildcard is one whole left-most label;
an address matches an address only. An own matcher, because the whole-certificate calls of
service-identity are wrong for a monitor: 18.1 (Debian 12) falls back on the common name, and all
versions refuse a certificate for odd entries beside the right one.
"""

import socket


def name_matches(pattern: str, reference: str) -> bool:
    """Whether a dNSName is for the reference name, both as A-labels; RFC 9525 6.3."""
    pattern, reference = pattern.lower(), reference.lower().removesuffix(".")
    if pattern.startswith("*."):
        first, _, rest = reference.partition(".")
        # Two labels must follow the wildcard, as OpenSSL has it: *.com is for nobody.
        return bool(first) and "." in rest and rest == pattern[2:]
    return pattern == reference


def address_octets(text: str) -> bytes:
    """An address as the octets of an iPAddress; empty if the text is no address."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_pton(family, text.partition("%")[0])
        except OSError:
            continue
    return b""


def is_for(reference: str, names: tuple[str, ...], addresses: tuple[str, ...]) -> bool:
    """Whether a certificate with these names and addresses is for the reference identifier."""
    octets = address_octets(reference)
    if octets:
        return any(address_octets(each) == octets for each in addresses)
    return any(name_matches(each, reference) for each in names)
