"""A private Exim: a real mail server that takes every message and throws it away.

Rule: nothing of /etc/exim4 is read or written; the folder of the server holds all it has.
"""

import shutil
import socket
from pathlib import Path

from tests import chains
from tests.daemon import Daemon

PACKAGE = "exim4-daemon-light"
_USER = "Debian-exim"

WELL = """
tls_advertise_hosts = *
smtp_banner = $smtp_active_hostname ESMTP Exim $version_number
"""
"""Settings of a server that is well."""

_CONFIGURATION = """
keep_environment =
primary_hostname = {name}
local_interfaces = {address}
daemon_smtp_ports = 25
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
pid_file_path = {folder}/spool/pid
tls_certificate = {folder}/tls.pem
host_lookup =
rfc1413_hosts =
acl_smtp_rcpt = take
{settings}
begin acl
take:
  discard
"""


class Exim:
    """One server on port 25 of an address; `settings` are lines of its configuration.

    `cpu` is the processor on which all of it runs, or None for any.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        address: str,
        settings: str = WELL,
        certificate: chains.Recipe | None = None,
        cpu: int | None = None,
    ) -> None:
        leaf = certificate or chains.LEAF._replace(name=name, names=(name,))
        folder.mkdir()
        (folder / "spool").mkdir()
        identity = folder / "tls.pem"
        identity.write_text(
            chains.key_pem(leaf) + chains.pem(leaf, chains.INTERMEDIATE), encoding="ascii"
        )
        for path in (folder / "spool", identity):
            shutil.chown(path, _USER)
        self._folder = folder
        self._address = address
        configuration = folder / "exim.conf"
        configuration.write_text(
            _CONFIGURATION.format(name=name, address=address, folder=folder, settings=settings),
            encoding="utf-8",
        )
        self._command = ["exim4", "-C", str(configuration), "-bdf"]
        if cpu is not None:
            self._command = ["taskset", "--cpu-list", str(cpu), *self._command]
        self._daemon: Daemon | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._daemon = Daemon(self._command, self._folder / "words")
        self._daemon.wait_for("an open port", self._listens)

    def stop(self) -> None:
        """End it, if it runs: its port refuses connections from now on."""
        if self._daemon is not None:
            self._daemon.stop()
        self._daemon = None

    def _listens(self) -> bool | None:
        try:
            socket.create_connection((self._address, 25)).close()
        except ConnectionRefusedError:
            return None
        return True
