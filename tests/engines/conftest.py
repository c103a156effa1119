"""Fixtures of the engine tests: the installed executables, and servers for them to ask."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

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
def wounded(plugins: Path) -> Iterator[Path]:
    """The folder with the wounded plugins; NRPE reads it as another user."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        wound(plugins / "check_smtp_banner", folder)
        yield folder


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def contrib(path: str) -> str:
    """The text of a file below contrib/."""
    return (ROOT / "contrib" / path).read_text(encoding="utf-8")
