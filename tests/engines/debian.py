"""Debian packages that a test needs: installed where that is allowed, else a plain reason to skip.

Rule: nothing is ever removed to make room, and nothing is installed twice.
"""

import os
import shutil
import subprocess
from functools import cache

import pytest

_APT = (
    "apt-get",
    "--option=DPkg::Lock::Timeout=600",
    "--yes",
    "--quiet",
    "--no-remove",
    "--no-install-recommends",
    "install",
)


def need(*packages: str) -> None:
    """See to it that Debian packages are installed; skip the test where that cannot be."""
    reason = missing(*packages)
    if reason:
        pytest.skip(reason)


@cache
def missing(*packages: str) -> str:
    """Install Debian packages where that is allowed; why they are still missing, or nothing."""
    if shutil.which("dpkg-query") is None:
        return f"no Debian packages here: {', '.join(packages)}"
    absent = [package for package in packages if not _is_installed(package)]
    if not absent:
        return ""
    if os.getuid() != 0:
        return f"not installed, and only root may install: {', '.join(absent)}"
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (("apt-get", "update", "--quiet"), (*_APT, *absent)):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"cannot install {', '.join(absent)}: {done.stderr.strip()[-200:]}"
    return ""


def _is_installed(package: str) -> bool:
    command = ("dpkg-query", "--show", "--showformat=${Status}", package)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout == "install ok installed"
