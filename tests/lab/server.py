"""A real mail server of the lab: which packages it is made of, and how it is started and stopped.

Rule: what a server reads stands below `servers/<kind>/`, in files at their places in its root,
where @NAME@ is a port and @release@ the release; `start` there is what the jail runs. Ports are
free ones of 127.0.0.1.
"""

import re
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tests.lab.certificates import write_certificates
from tests.lab.debian_root import DebianRoot
from tests.lab.jail import HOST_NAME, Jail

_SERVERS = Path(__file__).parent / "servers"


class Server(NamedTuple):
    """One version of a server.

    `ports` are the names of its listeners. `ended` is a pattern that its log holds once for each
    session that ended, and `told` one whose group is what the log says of a session's commands;
    a pattern is empty where a log says nothing of that. `left` is how it complains of a client
    that leaves without QUIT.
    """

    kind: str
    release: str
    packages: tuple[str, ...]
    users: tuple[str, ...]
    ports: tuple[str, ...]
    ended: str
    told: str
    left: str

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.release}"


class RunningServer:
    """A server that was started in a folder, over an unpacked release."""

    def __init__(self, server: Server, folder: Path, release: DebianRoot) -> None:
        self.server = server
        self.version = release.versions[server.packages[0]]
        self.ports = dict(zip(server.ports, free_ports(len(server.ports)), strict=True))
        self._jail = Jail(folder, release.path)
        write_accounts(release.path, self._jail.path, server.users)
        write_certificates(self._jail.path / "tls")
        for source in sorted((_SERVERS / server.kind).rglob("*")):
            if source.is_file() and source.suffix not in (".py", ".pyc"):
                self._write(source, self._jail.path / source.relative_to(_SERVERS / server.kind))
        self._jail.start("/bin/sh", "/start")
        try:
            self._jail.daemon.wait_for("a listener on each port", self._is_ready)
        except AssertionError:
            self.stop()
            raise

    def file(self, path: str) -> Path:
        """Where a file that was laid into the jail is, for those outside."""
        return self._jail.path / path.lstrip("/")

    def _write(self, source: Path, target: Path) -> None:
        text = source.read_text(encoding="utf-8")
        for name, value in {**self.ports, "release": self.server.release}.items():
            text = text.replace(f"@{name}@", str(value))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def _is_ready(self) -> bool | None:
        return all(map(is_listened_on, self.ports.values())) or None

    @property
    def log(self) -> str:
        """All that the server said so far."""
        return self._jail.log.read_text(encoding="utf-8", errors="backslashreplace")

    def heard(self, start: int, pattern: str, times: int) -> str:
        """What the log says since it was `start` long, when it holds a pattern so many times."""

        def found() -> str | None:
            said = self.log[start:]
            return said if len(re.findall(pattern, said)) >= times else None

        return self._jail.daemon.wait_for(f"{pattern} in the log", found)

    def stop(self) -> None:
        """End it with everything that it started."""
        self._jail.stop()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, all different."""
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [listener.getsockname()[1] for listener in listeners]


def is_listened_on(port: int) -> bool:
    """Whether somebody listens on a port of 127.0.0.1: asked without a connection to it."""
    wanted = f"0100007F:{port:04X}"
    rows = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return any(row.split()[1] == wanted and row.split()[3] == "0A" for row in rows)


_PASSWD = "{0}:x:{1}:{1}::/nonexistent:/bin/false\n"
_GROUP = "{0}:x:{1}:\n"
_SWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n"


def write_accounts(release: Path, target: Path, users: tuple[str, ...]) -> None:
    """The users that a release has from the start, and those that packages would have made."""
    (target / "etc").mkdir()
    for name, form in (("passwd", _PASSWD), ("group", _GROUP)):
        lines = (release / f"usr/share/base-passwd/{name}.master").read_text(encoding="ascii")
        lines = re.sub(r"(?m)^([^:]+):\*:", r"\1:x:", lines)
        lines += "".join(form.format(user, 900 + number) for number, user in enumerate(users))
        (target / "etc" / name).write_text(lines, encoding="ascii")
    (target / "etc/hosts").write_text(f"127.0.0.1 localhost {HOST_NAME}\n", encoding="ascii")
    (target / "etc/resolv.conf").touch()
    (target / "etc/nsswitch.conf").write_text(_SWITCH, encoding="ascii")


def told(server: Server, log: str) -> str:
    """What a piece of a server's log says of the commands of its sessions."""
    return " ".join(re.findall(server.told, log)) if server.told else ""
