"""Fixtures of the engine tests: the installed executables, and servers for them to ask."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.engines.debian import need
from tests.engines.mail_servers import MailServers, mail_servers
from tests.engines.wounded import wound

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def plugins() -> Path:
    """The folder with the installed executables."""
    return Path(sys.executable).parent


@pytest.fixture(scope="session")
def servers() -> Iterator[MailServers]:
    with mail_servers() as servers:
        yield servers


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user may read: NRPE's plugins run as another user."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session")
def open_plugins(plugins: Path, open_folder: Path) -> Path:
    """The folder with installed executables that every user may run."""
    if os.getuid() != 0 or _runs_as_nobody(plugins / "check_smtp_banner"):
        return plugins
    need("python3-venv")
    environment = open_folder / "venv"
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    subprocess.run(["/usr/bin/python3", "-m", "venv", environment], check=True, umask=0o022)
    pip = [str(environment / "bin/python"), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", str(ROOT)], check=True, umask=0o022)
    return environment / "bin"


@pytest.fixture(scope="session")
def wounded(open_plugins: Path, open_folder: Path) -> Path:
    """The folder with the wounded plugins."""
    folder = open_folder / "wounded"
    folder.mkdir()
    wound(open_plugins / "check_smtp_banner", folder)
    return folder


@pytest.fixture(scope="session")
def spellers(open_folder: Path) -> Path:
    """A folder with plugins that print the words they are called with, each in brackets."""
    folder = open_folder / "spellers"
    folder.mkdir()
    checks = ("banner", "ehlo", "starttls", "cert", "rcpt", "relay", "auth", "queue", "loop")
    for check in checks:
        plugin = folder / f"check_smtp_{check}"
        plugin.write_text('#!/bin/sh\nprintf \'[%s]\' "${0##*/}" "$@"\n')
        plugin.chmod(0o755)
    return folder


def _runs_as_nobody(plugin: Path) -> bool:
    try:
        done = subprocess.run(
            [plugin, "--version"],
            user="nobody",
            group="nogroup",
            extra_groups=[],
            check=False,
            capture_output=True,
        )
    except PermissionError:
        return False
    return done.returncode == 3


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def contrib(path: str) -> str:
    """The text of a file below contrib/."""
    return (ROOT / "contrib" / path).read_text(encoding="utf-8")


def example(path: str, heading: str, first: str) -> str:
    """The literal blocks of a section of a page, from the one that begins with a text on."""
    text = (ROOT / path).read_text(encoding="utf-8")
    section = text.partition(f"\n{heading}\n")[2].partition("\n#")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ") or not line]
    _, found, rest = "\n".join(lines).partition(first)
    return found + rest
