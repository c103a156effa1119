"""Fixtures: what `make package` built, the demo server, and clean roots to install into."""

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import pytest

from demo.server import DemoServer, running
from tests.packages.clean_root import CleanRoot, build, copy_of
from tests.packages.expected import CA_FILE, PASSWORD_FILE

_DIST = Path(__file__).parent.parent.parent / "dist"


def cannot(why: str) -> NoReturn:
    """Skip the test with a reason; in CI, which has no excuse, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def built(pattern: str) -> Path:
    """The one file in dist/ with such a name."""
    found = list(_DIST.glob(pattern))
    if len(found) != 1:
        pytest.fail(f"dist/ has {len(found)} files {pattern}; make package builds one")
    return found[0]


_NOBODY = 65534


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoServer]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def base() -> Iterator[CleanRoot]:
    """An empty Debian; nobody changes it."""
    release = platform.freedesktop_os_release()
    if release["ID"] != "debian":
        cannot("clean roots are made of Debian, and this is another distribution")
    if os.geteuid():
        cannot("only root can make a clean root and chroot into it")
    if not shutil.which("mmdebstrap"):
        cannot("mmdebstrap is not installed")
    with TemporaryDirectory() as folder:
        yield build(Path(folder) / "root", release["VERSION_CODENAME"])


@pytest.fixture(scope="module")
def root(base: CleanRoot, demo: DemoServer) -> Iterator[CleanRoot]:
    """A clean root for the tests of one module, with the demo server's authority in it."""
    with copy_of(base) as copy:
        shutil.copyfile(demo.ca_file, copy.path / CA_FILE.lstrip("/"))
        password = copy.path / PASSWORD_FILE.lstrip("/")
        shutil.copy(demo.password_file, password)
        os.chown(password, _NOBODY, -1)
        yield copy
