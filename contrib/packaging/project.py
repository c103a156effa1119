"""What is packaged: the checks, their parsers, the version and the date.

Rule: setup.cfg and the check's modules say it; nothing about a check is repeated here.
"""

import configparser
import os
import subprocess
from argparse import ArgumentParser
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from check_smtp_core import __version__
from check_smtp_core.manual import argparse_parser
from check_smtp_core.options import parser_of

if TYPE_CHECKING:
    from check_smtp_core.check import Check

ROOT = Path(__file__).parent.parent.parent
DIST = ROOT / "dist"
NAME = "check-smtp-suite"
VERSION = __version__


def _setup() -> configparser.ConfigParser:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return setup


def _checks() -> dict[str, str]:
    checks = {}
    for line in _setup()["options.entry_points"]["console_scripts"].split("\n"):
        if line:
            name, _, place = line.partition("=")
            checks[name.strip()] = place.strip().partition(":")[0]
    return checks


CHECKS = _checks()
"""The package of each executable, as in {"check_smtp_banner": "check_smtp_handshake"}."""

PACKAGES = _setup()["options"]["packages"].split()


def parser(check: str) -> ArgumentParser:
    """A new parser of this executable, as it is when the executable runs."""
    executable = getattr(import_module(CHECKS[check]), check)
    return argparse_parser(parser_of(cast("Check", import_module(executable.module))))


def seconds() -> int:
    """The time of everything in the packages: SOURCE_DATE_EPOCH, else that of the last commit."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],  # noqa: S607 - a developer's git is where it is
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    # An unpacked archive of the sources has no history, but the times of its files.
    return int(done.stdout) if done.returncode == 0 else int((ROOT / "setup.cfg").stat().st_mtime)


def date() -> datetime:
    """The same as a date, in UTC."""
    return datetime.fromtimestamp(seconds(), timezone.utc)
