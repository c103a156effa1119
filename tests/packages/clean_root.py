"""An empty Debian in a folder, and copies of it to install something into.

Rule: what runs inside knows nothing of this machine but its loopback and its resolver.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
_NOT_FOR_FILES = ("proc", "sys", "dev", "run", "tmp", "var/cache", "var/log", "var/lib")


class CleanRoot:
    """A Debian in this folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def execute(self, *command: str, user: str = "") -> tuple[int, str]:
        """Exit code and output of a command inside; as root, or as a user without a home."""
        as_user = [f"--userspec={user}:nogroup"] if user else []
        proxies = {name: os.environ[name] for name in _PROXIES if name in os.environ}
        done = subprocess.run(
            ["/usr/sbin/chroot", *as_user, str(self.path), *command],
            env={**_ENVIRONMENT, "HOME": "/nonexistent", **(proxies if not user else {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout.removesuffix("\n")

    def apt(self, *arguments: str) -> None:
        """Run apt-get inside. RuntimeError with what it said if it fails."""
        code, output = self.execute("apt-get", "-y", "-q", "--no-install-recommends", *arguments)
        if code:
            raise RuntimeError(f"apt-get {' '.join(arguments)}: {output}")

    def files(self) -> dict[str, tuple[int, int]]:
        """Size and mode of every file and folder that packages or programs may leave behind."""
        found = {}
        for folder, names, files in os.walk(self.path):
            inside = Path(folder).relative_to(self.path)
            names[:] = [name for name in names if str(inside / name) not in _NOT_FOR_FILES]
            for name in (*names, *files):
                status = (Path(folder) / name).lstat()
                size = 0 if name in names else status.st_size
                found[str(inside / name)] = (size, status.st_mode)
        return found

    def changes(self, before: dict[str, tuple[int, int]]) -> list[str]:
        """The names of the files that came, went or changed since files() said this."""
        return sorted({name for name, _ in self.files().items() ^ before.items()})


def build(path: Path, codename: str) -> CleanRoot:
    """Make a Debian of this release with nothing but its essentials, apt and Python."""
    command = [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=apt",
        "--include=python3",
        "--aptopt=Acquire::Languages none",
        "--dpkgopt=force-unsafe-io",
        # The lists stay, so that apt-get install needs no update.
        "--skip=cleanup/apt/lists,cleanup/tmp,check/qemu",
        codename,
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"mmdebstrap: {done.stdout}{done.stderr}")
    for name in ("resolv.conf", "hosts"):
        shutil.copyfile(f"/etc/{name}", path / "etc" / name)
    return CleanRoot(path)


@contextmanager
def copy_of(root: CleanRoot) -> Iterator[CleanRoot]:
    """A copy of a root that is gone after the block; a layer over it where the kernel can."""
    with TemporaryDirectory() as folder:
        upper, work, merged = (Path(folder) / name for name in ("upper", "work", "root"))
        for path in (upper, work, merged):
            path.mkdir()
        layers = f"lowerdir={root.path},upperdir={upper},workdir={work}"
        mount = ["mount", "-t", "overlay", "overlay", "-o", layers, str(merged)]
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        if not mounted:
            merged.rmdir()
            subprocess.run(["cp", "-a", str(root.path), str(merged)], check=True)
        try:
            merged.chmod(0o755)
            yield CleanRoot(merged)
        finally:
            if mounted:
                subprocess.run(["umount", str(merged)], check=True)
