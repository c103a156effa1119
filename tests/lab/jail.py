"""One server in namespaces of its own, over an unpacked Debian release that it cannot change.

Rule: mounts, processes and the host name are private, and end with the jail; the network is this
machine's, so a server listens on 127.0.0.1 only.
"""

import os
import subprocess
from pathlib import Path

from tests.daemon import PATH, Daemon
from tests.lab.syslog import Syslog

HOST_NAME = "mail.example.com"

# The shell stays the first process of its namespace: a server in its place that changes its user
# would outlive the one who started it.
_ENTER = """
set -e
hostname "$HOST_NAME"
mount -t overlay -o "lowerdir=$LOWER,upperdir=$UPPER,workdir=$WORK" overlay "$MERGED"
mount -t proc proc "$MERGED/proc"
mount -t tmpfs -o mode=755 tmpfs "$MERGED/dev"
for name in full null random tty urandom zero; do
    : > "$MERGED/dev/$name"
    mount --bind "/dev/$name" "$MERGED/dev/$name"
done
for name in $IN_MEMORY; do
    mount -t tmpfs -o mode=755 tmpfs "$MERGED$name"
done
ln -s /proc/self/fd "$MERGED/dev/fd"
mkdir -m 1777 "$MERGED/dev/shm"
: > "$MERGED/dev/log"
mount --bind "$SYSLOG" "$MERGED/dev/log"
chroot "$MERGED" "$@" &
wait $!
"""
# Whoever starts it may be killed before stop(): it ends with its starter.
_UNSHARE = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--mount", "--propagation", "private", "--uts", "--ipc"),
    *("--pid", "--fork", "--kill-child=KILL"),
)


class Jail:
    """A folder over a release: `path` is where files are laid before the start.

    What the server says, to its output or to syslog, goes to `log`. The folders `in_memory` are
    empty at first, and no disk makes them slow.
    """

    def __init__(self, folder: Path, release: Path, in_memory: tuple[str, ...] = ()) -> None:
        self.path = folder / "upper"
        self.log = folder / "log"
        self._folder = folder
        self._in_memory = in_memory
        self._release = release
        for name in ("upper", "work", "merged"):
            (folder / name).mkdir(mode=0o755)

    def start(self, *command: str) -> None:
        """Run a command inside, in the foreground, as root."""
        self.log.touch()
        self._syslog = Syslog(self._folder / "syslog", self.log)
        self.daemon = Daemon(
            [*_UNSHARE, "bash", "-c", _ENTER, "jail", *command],
            self.log,
            HOST_NAME=HOST_NAME,
            LOWER=str(self._release),
            UPPER=str(self.path),
            WORK=str(self._folder / "work"),
            MERGED=str(self._folder / "merged"),
            SYSLOG=str(self._folder / "syslog"),
            IN_MEMORY=" ".join(self._in_memory),
        )

    def run(self, user: str, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run one more command inside, beside the first, as one of the users there."""
        where = ("--target", str(self._first_process()), "--mount", "--uts", "--ipc", "--pid")
        who = (f"--userspec={user}:{user}", "--groups=", str(self._folder / "merged"))
        return subprocess.run(
            ["nsenter", *where, "chroot", *who, *command],
            env={"PATH": PATH, "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _first_process(self) -> int:
        """The number that the namespace's process 1 has outside: unshare's only child."""
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                words = status.read_text(encoding="ascii", errors="replace")
            except OSError:
                continue  # it has ended meanwhile
            if f"\nPPid:\t{self.daemon.pid}\n" in words:
                return int(status.parent.name)
        raise AssertionError("the jail has ended")

    def stop(self) -> None:
        """End the command and everything that it started."""
        self.daemon.stop()
        self._syslog.close()


def missing(folder: Path) -> str:
    """Why there can be no jail below this folder; empty where there can."""
    names = [folder / name for name in ("lower", "upper", "work", "merged")]
    for name in names:
        name.mkdir()
    layers = "lowerdir={},upperdir={},workdir={}".format(*names)
    done = subprocess.run(
        [*_UNSHARE, "mount", "-t", "overlay", "-o", layers, "overlay", str(names[3])],
        env=os.environ | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    return f"no namespaces or overlays here: {done.stderr.strip()}" if done.returncode else ""
