"""A mail host of the lab whose queue is checked from inside, as NRPE would.

Rule: the check lies where the .deb puts it, and runs with the release's own Python: in the
namespaces of the mail system, and as a user who is nobody there.
"""

from pathlib import Path

from contrib.packaging.launcher import MODULES, launcher
from contrib.packaging.modules import copy_bundled, copy_suite
from tests.lab.debian_root import DebianRoot
from tests.lab.jail import Jail
from tests.lab.queues import PROGRAMS, USERS
from tests.lab.server import free_ports, write_accounts

_HOSTS = Path(__file__).parent / "queues"
_PLUGIN = "/usr/lib/nagios/plugins/check_smtp_queue"

USER = "nagios"


class QueueHost:
    """One mail system, started; `port` is where it takes mail."""

    def __init__(self, kind: str, folder: Path, release: DebianRoot) -> None:
        self._jail = Jail(folder, release.path, in_memory=("/var/spool",))
        (self.port,) = free_ports(1)
        write_accounts(release.path, self._jail.path, (USER, *USERS[kind]))
        self._lay(_HOSTS / kind)
        modules = self._jail.path / MODULES.lstrip("/")
        modules.mkdir(parents=True)
        copy_suite(modules)
        copy_bundled(modules)
        plugin = self._jail.path / _PLUGIN.lstrip("/")
        plugin.parent.mkdir(parents=True)
        plugin.write_text(launcher("check_smtp_queue"), encoding="utf-8")
        plugin.chmod(0o755)
        others = " ".join(path for name, path in PROGRAMS.items() if name != kind)
        self._jail.start("/bin/sh", "/start")
        ready = self._jail.path / "ready"
        try:
            self._jail.daemon.wait_for("the host", lambda: ready.exists() or None)
            self.shell(f"python3 -m compileall -q {MODULES}")
            self.shell(f"mkdir /former; for each in {others}; do mv $each /former || true; done")
        except AssertionError:
            self.stop()
            raise

    def _lay(self, source: Path) -> None:
        for each in sorted(path for path in source.rglob("*") if path.is_file()):
            target = self._jail.path / each.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = each.read_text(encoding="utf-8").replace("@smtp@", str(self.port))
            target.write_text(text, encoding="utf-8")

    def shell(self, script: str) -> str:
        """Run a script as root, which has to succeed; what it printed."""
        done = self._jail.run("root", "/bin/bash", "-ec", script)
        assert done.returncode == 0, (script, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    def check(self, user: str, *options: str) -> tuple[int, str]:
        """Exit code and output of the check, which says nothing to its standard error."""
        done = self._jail.run(user, _PLUGIN, *options)
        assert done.stderr == ""
        return done.returncode, done.stdout.removesuffix("\n")

    def stop(self) -> None:
        """End it with everything that it started."""
        self._jail.stop()
