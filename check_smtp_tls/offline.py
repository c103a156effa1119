"""The verifier's complaints without a callback, for hosts that forbid memory to write and execute.

Rule: the path is the one that the handshake chose; only its own certificates are offered, so that
no run can stray from it. OpenSSL stops at its first complaint here, so a kind of fault is forgiven
and the path is verified again, in a new store (a store's settings work once).
"""

import warnings

from cryptography import x509
from OpenSSL import crypto

from check_smtp_tls.anchors import Anchors

_PARTIAL_CHAIN = 0x80000
_NO_CHECK_TIME = 0x200000
_DATES = (9, 10)
_NO_ANCHOR = (2, 18, 19, 20, 21)
_WRONG_PURPOSE = 26
_MOST_RUNS = 4
# serverAuth, and the two kinds of server gated crypto that OpenSSL takes as well; not "any".
_SERVER_PURPOSES = frozenset(
    {"1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"}
)


def complaints_along(
    path: list[crypto.X509], presented: list[crypto.X509], anchors: Anchors
) -> list[tuple[int, int]]:
    """Codes and depths of what is wrong with a path, as far as faults can be forgiven.

    A fault of the chain behind one that cannot be forgiven stays unseen, and so do Netscape
    certificate types.
    """
    sent = {_der(each) for each in presented}
    top = [each for each in path if _der(each) in sent][-1]
    return _verify(path, top, anchors) + _purposes(path)


def _verify(path: list[crypto.X509], top: crypto.X509, anchors: Anchors) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    flags = 0
    extra: list[crypto.X509] = []
    for _ in range(_MOST_RUNS):
        complaint = _first_complaint(path, anchors, flags, extra)
        if complaint is None:
            return found
        found.append(complaint)
        if complaint[0] in _DATES and not flags & _NO_CHECK_TIME:
            flags |= _NO_CHECK_TIME
        elif complaint[0] in _NO_ANCHOR and not extra:
            flags |= _PARTIAL_CHAIN | _NO_CHECK_TIME
            extra = [top]
        else:
            return found
    return found


def _first_complaint(
    path: list[crypto.X509], anchors: Anchors, flags: int, extra: list[crypto.X509]
) -> tuple[int, int] | None:
    store = crypto.X509Store()
    if any(anchors):
        store.load_locations(anchors.bundle or None, anchors.folder or None)
    for certificate in extra:
        store.add_cert(certificate)
    store.set_flags(flags)
    try:
        crypto.X509StoreContext(store, path[0], path[1:]).verify_certificate()
    except crypto.X509StoreContextError as error:
        # pyOpenSSL 21 has the list as its first argument only.
        code, depth, *_ = getattr(error, "errors", None) or error.args[0]
        return int(code), int(depth)
    return None


def _purposes(path: list[crypto.X509]) -> list[tuple[int, int]]:
    """By hand, because the offline verifier is not told what the certificate is for."""
    found = []
    for depth, certificate in enumerate(path):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parsed = x509.load_der_x509_certificate(_der(certificate))
                extensions = parsed.extensions
                self_issued = parsed.subject == parsed.issuer
        except Exception:
            continue
        if depth and self_issued:
            continue
        if not _may_serve(extensions, depth):
            found.append((_WRONG_PURPOSE, depth))
    return found


def _may_serve(extensions: x509.Extensions, depth: int) -> bool:
    try:
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if not _SERVER_PURPOSES & {each.dotted_string for each in purposes}:
            return False
    except x509.ExtensionNotFound:
        pass
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool(depth or usage.digital_signature or usage.key_encipherment or usage.key_agreement)


def _der(certificate: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
