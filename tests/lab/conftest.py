"""Fixtures of the lab: each server, started once when it is first asked for."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.lab import debian_root, jail, queues
from tests.lab.debian_root import DebianRoot, ReleaseError
from tests.lab.queue_host import QueueHost
from tests.lab.server import RunningServer, Server
from tests.lab.servers import mail_loop
from tests.lab.table import SERVERS

_ALL = (*SERVERS, *mail_loop.SERVERS)

_VERSIONS = pytest.StashKey[list[str]]()


class Lab:
    """All servers; `running(server)` is one of them, and `versions` says what was started."""

    def __init__(self, folder: Path) -> None:
        self.versions: list[str] = []
        self._folder = folder
        self._stack = ExitStack()
        self._release = cache(self._unpacked)
        self.running = cache(self._started)

    def _unpacked(self, codename: str) -> DebianRoot | str:
        """A release, or why there is none."""
        folder = self._folder / codename
        folder.mkdir()
        groups = [server.packages for server in _ALL if server.release == codename]
        if any(codename in releases for releases in queues.RELEASES.values()):
            groups.append(queues.PACKAGES)
        try:
            return debian_root.unpack(folder, codename, tuple(dict.fromkeys(groups)))
        except ReleaseError as error:
            return str(error)

    def _started(self, server: Server) -> RunningServer:
        release = self._release(server.release)
        if isinstance(release, str):
            pytest.skip(release)
        folder = self._folder / server.name
        folder.mkdir()
        running = RunningServer(server, folder, release)
        self._stack.callback(running.stop)
        self.versions.append(f"{server.name} {running.version}")
        return running

    def queue_host(self, kind: str, codename: str) -> QueueHost:
        """A mail host with a queue; the caller ends it."""
        release = self._release(codename)
        if isinstance(release, str):
            pytest.skip(release)
        folder = self._folder / f"queue-{kind}-{codename}"
        folder.mkdir()
        return QueueHost(kind, folder, release)

    def close(self) -> None:
        """End all that was started."""
        self._stack.close()


@pytest.fixture(scope="session")
def lab(pytestconfig: pytest.Config) -> Iterator[Lab]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "try").mkdir()
        reason = debian_root.missing() or jail.missing(folder / "try")
        if reason:
            pytest.skip(reason)
        lab = Lab(folder)
        pytestconfig.stash[_VERSIONS] = lab.versions
        try:
            yield lab
        finally:
            lab.close()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The versions, for who brings docs/servers.md up to date."""
    for line in config.stash.get(_VERSIONS, []):
        terminalreporter.write_line(line)
