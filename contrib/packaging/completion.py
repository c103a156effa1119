"""Completion for bash and zsh, from the parsers.

Rule: a word is offered only if its option's own converter takes it; hidden options are not shown.
"""

import argparse

import shtab

from check_smtp_core.deadline import PHASES
from check_smtp_core.findings import FIXED, VOCABULARY, State
from contrib.packaging import project

SHELLS = ("bash", "zsh")

_TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_WORDS = {
    "--explain": tuple(VOCABULARY),
    "--state": tuple(
        f"{name}={state.name.lower()}"
        for name in VOCABULARY
        if name not in FIXED
        for state in State
    ),
    "--phase-warning": tuple(f"{phase}=" for phase in PHASES),
    "--phase-critical": tuple(f"{phase}=" for phase in PHASES),
    "--proxy-protocol": ("v1", "v2"),
    "--key-type": ("rsa", "ecdsa"),
    "--min-version": _TLS_VERSIONS,
    "--refuse-version": _TLS_VERSIONS,
    "--mechanism": ("SCRAM-SHA-256", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"),
    "--insecure-auth": ("unverified", "clear"),
    "--imap-security": ("tls", "starttls", "tls-unverified", "starttls-unverified", "none"),
    "--cleanup": ("delete", "keep"),
    "--require-pass": ("spf", "dkim", "dmarc"),
}
_PATHS = {
    "--ca-file": shtab.FILE,
    "--file": shtab.FILE,
    "--ca-path": shtab.DIRECTORY,
    "--password-file": shtab.FILE,
    "--token-file": shtab.FILE,
    "--imap-password-file": shtab.FILE,
    "--state-file": shtab.FILE,
    "--maildir": shtab.DIRECTORY,
}


def completion(check: str, shell: str) -> str:
    """The script that completes this executable's options in this shell."""
    parser = project.parser(check)
    for action in parser._actions:
        option = max(action.option_strings, key=len)
        if option in _PATHS:
            action.complete = _PATHS[option]  # type: ignore[attr-defined]
        elif option in _WORDS:
            _must_take(action, _WORDS[option])
            action.choices = _WORDS[option]
        if shell == "zsh" and isinstance(action.metavar, str):
            # There a colon ends the description of a value.
            action.metavar = action.metavar.replace(":", r"\:")
    script: str = shtab.complete(parser, shell=shell)
    return f"{script.rstrip()}\n"


def _must_take(action: argparse.Action, words: tuple[str, ...]) -> None:
    """Raise InvalidValue or ValueError if the option does not take all of these words."""
    convert = action.type or action.const
    assert callable(convert)
    for word in words:
        convert(f"{word}1" if word.endswith("=") else word)
