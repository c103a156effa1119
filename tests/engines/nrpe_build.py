"""An NRPE that takes arguments, which Debian's does not: built from Debian's own source.

Rule: nothing is installed but compilers; the sources that apt knows stay as they are.
"""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.engines.debian import need

_SOURCE = (
    "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
    "http://deb.debian.org/debian {release} main\n"
)


def build_nrpe(folder: Path) -> str:
    """The path of the built server, without TLS; skips the test where it cannot be built."""
    need("gcc", "libc6-dev", "make", "dpkg-dev", "debian-archive-keyring")
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True)
    sources = folder / "sources.list"
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    sources.write_text(_SOURCE.format(release=release))
    apt = ["apt-get", "--quiet", "--option", f"Dir::Etc::SourceList={sources}"]
    apt += ["--option", "Dir::Etc::SourceParts=-", "--option", f"Dir::State::Lists={lists}"]
    tree = folder / "source"
    for command in (
        [*apt, "update"],
        [*apt, "source", "--download-only", "nagios-nrpe"],
        ["sh", "-c", f"dpkg-source --extract nagios-nrpe_*.dsc {tree}"],
        ["sh", "-c", f"cd {tree} && ./configure --enable-command-args --disable-ssl CFLAGS=-O0"],
        ["make", "-C", str(tree), "nrpe"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip()
            pytest.skip(f"NRPE cannot be built: {words[-200:]}")
    return str(shutil.copy(tree / "src/nrpe", folder))
