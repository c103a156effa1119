"""Where this machine keeps its trust anchors.

Rule: found here and passed on explicitly, because a wheel brings its own OpenSSL whose defaults
are nobody's; a hashed folder goes before a bundle, which costs 20 ms to parse. OpenSSL itself says
nothing about a folder that is missing or not hashed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from check_smtp_core.lean_typing import NamedTuple

FOLDERS = (
    "/etc/ssl/certs",
    "/etc/pki/ca-trust/extracted/pem/directory-hash",
    "/etc/pki/tls/certs",
)
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class NoAnchors(Exception):
    """The trust anchors cannot be used; the message names the file or folder."""


class Anchors(NamedTuple):
    """What OpenSSL is to load: a bundle, a hashed folder, or both; at least one is not empty."""

    bundle: str
    folder: str


def find_anchors(
    ca_file: str,
    ca_path: str,
    environment: Mapping[str, str] = os.environ,
    folders: tuple[str, ...] = FOLDERS,
    bundles: tuple[str, ...] = BUNDLES,
) -> Anchors:
    """The anchors: the user's, those of SSL_CERT_FILE and SSL_CERT_DIR, or the machine's.

    NoAnchors when what was named cannot be used, or when there are none.
    """
    if ca_file or ca_path:
        return Anchors(_readable(ca_file) if ca_file else "", _hashed(ca_path) if ca_path else "")
    bundle = environment.get("SSL_CERT_FILE", "")
    # Each variable replaces only its own half, as in OpenSSL.
    folder = environment.get("SSL_CERT_DIR", "")
    if not folder:
        folder = next(filter(is_hashed, folders), "")
    elif not bundle or _is_hashed_list(folder):
        folder = _hashed(folder)
    else:
        folder = ""  # some containers name /dev/null beside their bundle
    if bundle:
        _readable(bundle)
        distributed = {os.path.realpath(each) for each in bundles}
        twin = os.path.realpath(folder) in {os.path.realpath(each) for each in folders}
        if folder and twin and os.path.realpath(bundle) in distributed:
            bundle = ""  # the same certificates, 20 ms cheaper
    elif not folder:
        bundle = next(filter(os.path.isfile, bundles), "")
    if not bundle and not folder:
        raise NoAnchors("no CA certificates were found on this machine; name them by --ca-file")
    return Anchors(bundle, folder)


def is_hashed(folder: str) -> bool:
    """Whether OpenSSL finds anything in a folder: names such as 4bfab552.0."""
    try:
        return any(re.fullmatch(r"[0-9a-f]{8}\.[0-9]+", name) for name in os.listdir(folder))
    except OSError:
        return False


def _is_hashed_list(folders: str) -> bool:
    # OpenSSL takes several folders, separated by colons.
    return any(map(is_hashed, folders.split(":")))


def _readable(path: str) -> str:
    try:
        with open(path, "rb"):
            return path
    except OSError as error:
        words = os.strerror(error.errno or 0).lower()
        raise NoAnchors(f"the CA file {path} cannot be read: {words}") from None


def _hashed(folder: str) -> str:
    if not _is_hashed_list(folder):
        raise NoAnchors(f"the CA folder {folder} holds no hashed certificates (openssl rehash)")
    return folder
