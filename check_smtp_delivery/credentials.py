"""User names and passwords: where they may stand, and how they are read.

Rule: a secret comes from a file, from --extra-opts or from the environment, never from a command
line, which everybody on the machine can read; a file that everybody can read is refused as well.
What is wrong with it is a fault of this machine (`local`), and no message holds the secret.
"""

from __future__ import annotations

import os
import stat

from check_smtp_core import verdicts
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.text import printable
from check_smtp_core.values import wire_text

if TYPE_CHECKING:
    from check_smtp_core.parser import Section

_LONGEST = 65536


class Credentials(NamedTuple):
    """Who logs in, and with which secret: a password, or a token for OAuth 2.0."""

    user: str
    secret: str

    def __repr__(self) -> str:
        """Without the secret: what is in a traceback is in a log."""
        return f"Credentials({self.user!r}, ***)"


def add_credentials(section: Section, prefix: str = "", whose: str = "") -> None:
    """Add --user, --password-file and, for --extra-opts, --password, each with the prefix."""
    section.value(
        *(("-U",) if not prefix else ()),
        f"--{prefix}user",
        convert=wire_text,
        metavar="NAME",
        help=f"user name for the login{whose}",
    )
    section.value(
        f"--{prefix}password-file",
        convert=wire_text,
        metavar="FILE",
        help=f"file with the password on its first line; or the variable {variable(prefix)}, or "
        f"{prefix}password= in a file of --extra-opts",
    )
    section.secret(f"--{prefix}password", f"use --{prefix}password-file")


def variable(prefix: str = "") -> str:
    """The environment variable that may hold the password."""
    return f"CHECK_SMTP_{prefix.replace('-', '_').upper()}PASSWORD"


def read_password(given: str, path: str, prefix: str = "") -> str:
    """The password: of the file, of --extra-opts, or of the environment, in this order.

    SessionEnded with `local` where there is none, or one that cannot be used.
    """
    if path:
        return read_secret(path)
    name = variable(prefix)
    secret = given or os.environ.get(name, "")
    if not secret:
        text = f"no password is given (--{prefix}password-file, or the variable {name})"
        raise SessionEnded(Finding("local", text))
    return _usable(secret, "the password")


def read_secret(path: str) -> str:
    """The first line of a file. SessionEnded with `local` where it cannot be used."""
    shown = printable(path)
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IROTH:
                text = f"{shown} can be read by everybody on this machine (chmod o-r)"
                raise SessionEnded(Finding("local", text))
            line = file.readline(_LONGEST)
    except OSError as error:
        raise SessionEnded(verdicts.local(f"{shown} cannot be read", error)) from None
    try:
        secret = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise SessionEnded(Finding("local", f"{shown} is not UTF-8")) from None
    if not secret:
        raise SessionEnded(Finding("local", f"{shown} has an empty first line"))
    return _usable(secret, shown)


def _usable(secret: str, where: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in secret):
        raise SessionEnded(Finding("local", f"{where} holds control characters"))
    return secret
