"""A private NRPE and its client.

Rule: NRPE runs plugins as `nobody` where the tests run as root, for it refuses to be root; so all
that it reads is in a folder that everybody may read.
"""

import os
import subprocess
from pathlib import Path

from tests.daemon import PATH, Daemon, own_account

PACKAGES = ("nagios-nrpe-server", "nagios-nrpe-plugin")
_CLIENT = "/usr/lib/nagios/plugins/check_nrpe"

_CONFIGURATION = """
log_file={folder}/log
pid_file={folder}/pid
server_address=127.0.0.1
server_port={port}
nrpe_user={user}
nrpe_group={group}
allowed_hosts=127.0.0.1
dont_blame_nrpe={arguments}
command_timeout={timeout}
disable_syslog=1
"""


class Nrpe:
    """One NRPE on a port of 127.0.0.1; `commands` are lines of its configuration.

    `program` is the executable of a server that takes arguments and has no TLS; without it, it is
    Debian's.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        commands: str,
        *,
        program: str = "",
        timeout: int = 60,
    ) -> None:
        user, group = ("nobody", "nogroup") if os.getuid() == 0 else own_account()
        settings = {"port": port, "user": user, "group": group, "timeout": timeout}
        configuration = folder / "nrpe.cfg"
        head = _CONFIGURATION.format(folder=folder, arguments=int(bool(program)), **settings)
        configuration.write_text(head + commands)
        self._port = port
        self._tls = ["-n"] if program else []
        command = [program or "/usr/sbin/nrpe", "-c", str(configuration), "-f", *self._tls]
        self._daemon = Daemon(command, folder / "words")
        self._daemon.wait_for("an answer of NRPE", lambda: self._ask()[0] == 0 or None)

    def stop(self) -> None:
        """End it."""
        self._daemon.stop()

    def check(self, command: str, *arguments: str) -> tuple[int, str]:
        """Exit code and output of check_nrpe for a command, as a monitoring host asks for it."""
        more = ["-a", *arguments] if arguments else []
        return self._ask("-c", command, *more)

    def _ask(self, *more: str) -> tuple[int, str]:
        done = subprocess.run(
            [_CLIENT, "-H", "127.0.0.1", "-p", str(self._port), *self._tls, *more],
            env={"PATH": PATH},
            capture_output=True,
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8").removesuffix("\n")
