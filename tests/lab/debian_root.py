"""A Debian release in a folder: packages with all that they depend on, unpacked and not installed.

Rule: nothing of this machine's packages is read or changed but the address of its mirror, and no
maintainer script runs. What a script would have made, a server's `start` makes.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_MIRROR = "http://deb.debian.org/debian"
_BASE = (
    *("base-passwd", "bash", "coreutils", "dash", "diffutils", "findutils", "grep", "hostname"),
    *("libc-bin", "m4", "mawk", "netbase", "procps", "sed"),
)
_MERGED = ("bin", "lib", "lib64", "sbin")


class ReleaseError(Exception):
    """A release that this machine's mirror does not have, or no mirror; in apt's words."""


class DebianRoot(NamedTuple):
    """Where a release was unpacked, and which version of which package it has."""

    path: Path
    versions: dict[str, str]


def missing() -> str:
    """Why no release can be unpacked and run here; empty where it can."""
    if os.getuid() != 0:
        return "only root may run the servers of other Debian releases in folders"
    tools = ("apt-get", "dpkg-deb", "tar", "unshare", "setpriv", "chroot", "mount")
    absent = [tool for tool in tools if shutil.which(tool) is None]
    if absent:
        return f"not here: {', '.join(absent)}"
    if not Path(_KEYS).exists():
        return "Debian's keys are not here (apt install debian-archive-keyring)"
    return ""


def unpack(folder: Path, codename: str, groups: tuple[tuple[str, ...], ...]) -> DebianRoot:
    """Unpack groups of packages of a release, for example bookworm, into a folder.

    What conflicts stands in different groups: each is resolved apart. ReleaseError if there is no
    such release here, RuntimeError with apt's words if it lacks a package.
    """
    apt = _Apt(folder / "apt", codename)
    try:
        apt.run("update", "--error-on=any")
    except RuntimeError as error:
        raise ReleaseError(f"Debian {codename}: {error}") from None
    for group in groups:
        apt.run("--no-install-recommends", "--download-only", "install", *_BASE, *group)
    root = folder / "root"
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    versions = {}
    for archive in sorted(apt.archives.glob("*.deb")):
        name, version, _ = archive.name.split("_")
        versions[name] = version.replace("%3a", ":")
        _unpack_one(archive, root)
    for name in ("dev", "proc", "sys", "tmp"):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    if not (root / "bin/sh").exists():
        (root / "bin/sh").symlink_to("dash")
    shutil.rmtree(apt.archives)
    return DebianRoot(root, versions)


def _unpack_one(archive: Path, root: Path) -> None:
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE
    ) as source:
        subprocess.run(
            ["tar", "--extract", "--directory", str(root), "--keep-directory-symlink"],
            stdin=source.stdout,
            check=True,
        )
    if source.returncode:
        raise RuntimeError(f"dpkg-deb cannot read {archive.name}")


class _Apt:
    """apt-get with a state of its own, which knows no installed package."""

    def __init__(self, folder: Path, codename: str) -> None:
        self.archives = folder / "cache/archives"
        (self.archives / "partial").mkdir(parents=True)
        (folder / "state/lists/partial").mkdir(parents=True)
        (folder / "state/status").touch()
        (folder / "preferences").touch()
        sources = folder / "sources.list"
        sources.write_text(f"deb [signed-by={_KEYS}] {_mirror()} {codename} main\n")
        self._options = [
            f"-oDir::State={folder}/state",
            f"-oDir::State::status={folder}/state/status",
            f"-oDir::Cache={folder}/cache",
            f"-oDir::Etc::SourceList={sources}",
            "-oDir::Etc::SourceParts=/dev/null",
            f"-oDir::Etc::Preferences={folder}/preferences",
            "-oDir::Etc::PreferencesParts=/dev/null",
            "-oAPT::Sandbox::User=root",
            "-oAPT::Update::Post-Invoke-Success=",
            "-oAcquire::Languages=none",
            "-oAcquire::Retries=3",
            "-oDebug::NoLocking=1",
        ]

    def run(self, *words: str) -> None:
        done = subprocess.run(
            ["apt-get", "--yes", "--quiet", *self._options, *words],
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"apt-get {' '.join(words)}: {done.stderr.strip()[-500:]}")


def _mirror() -> str:
    """The mirror of Debian's main archive that this machine uses."""
    form = "$(LABEL)|$(COMPONENT)|$(REPO_URI)"
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", form, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in done.stdout.splitlines():
        label, component, address = line.split("|")
        if (label, component) == ("Debian", "main"):
            return address
    return _MIRROR
