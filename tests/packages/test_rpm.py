"""The .rpm, installed by rpm into a copy of a clean Debian.

No distribution that uses rpm is at hand, so its names of dependencies are not resolved (--nodeps);
what they would bring comes from Debian's packages.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from contrib.packaging import project
from demo.server import DemoServer
from tests.packages.clean_root import CleanRoot
from tests.packages.conftest import built, cannot
from tests.packages.expected import ALL, differences, modules_without_compiled_code

PLUGINS = "/usr/lib64/nagios/plugins"
MODULES = "usr/share/check-smtp-suite"


def rpm(*arguments: str) -> str:
    """What rpm prints; nothing may stand on standard error."""
    if not shutil.which("rpm"):
        cannot("rpm is not installed")
    command = ["rpm", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def inside(root: CleanRoot) -> list[str]:
    """The options for a clean root; Debian's rpm wants to hear that this is meant."""
    return ["--force-debian", "--root", str(root.path), "--dbpath", "/var/lib/rpm"]


@pytest.fixture(scope="module")
def installed(root: CleanRoot) -> tuple[CleanRoot, dict[str, tuple[int, int]]]:
    """The root with the package, and the files of before."""
    root.apt("install", "python3-openssl")
    before = root.files()
    rpm("--install", "--nodeps", *inside(root), str(built("check-smtp-suite-*.rpm")))
    return root, before


def test_all_checks_run_as_the_engines_user(
    installed: tuple[CleanRoot, object], demo: DemoServer
) -> None:
    root, _ = installed

    def execute(name: str, arguments: list[str]) -> tuple[int, str]:
        return root.execute(f"{PLUGINS}/{name}", *arguments, user="nobody")

    before = root.files()
    assert list(differences(ALL, demo, execute)) == []
    assert root.changes(before) == []
    assert modules_without_compiled_code(root.path / MODULES) == []


@pytest.mark.parametrize("check", project.CHECKS)
def test_man_page_and_completion_are_where_fedora_looks(
    installed: tuple[CleanRoot, object], check: str
) -> None:
    root, _ = installed
    for place in (
        f"usr/share/man/man1/{check}.1.gz",
        f"usr/share/bash-completion/completions/{check}",
        f"usr/share/zsh/site-functions/_{check}",
    ):
        assert (root.path / place).stat().st_mode & 0o777 == 0o644


def test_it_says_what_it_needs_and_what_it_bundles() -> None:
    package = str(built("check-smtp-suite-*.rpm"))
    requires = rpm("-qp", "--requires", package).splitlines()
    assert sorted(line for line in requires if not line.startswith("rpmlib")) == [
        "python3 >= 3.10",
        "python3-cryptography >= 3.4.8",
        "python3-pyOpenSSL >= 21.0",
    ]
    recommended = rpm("-qp", "--recommends", package).split()
    assert recommended == ["python3-idna", "python3-dnspython", "python3-scramp"]
    provided = rpm("-qp", "--provides", package)
    assert "bundled(python3dist(nagiosplugin)) = " in provided
    assert "bundled(python3dist(authres)) = " in provided
    files = [Path(line) for line in rpm("-qpl", package).splitlines()]
    assert Path("/", MODULES, "nagiosplugin/LICENSE.txt") in files
    assert Path("/", MODULES, "authres/COPYING") in files
    assert not [path for path in files if path.parts[1] == "etc"]


def test_an_upgrade_leaves_the_modules_compiled(installed: tuple[CleanRoot, object]) -> None:
    root, _ = installed
    package = str(built("check-smtp-suite-*.rpm"))
    rpm("--upgrade", "--replacepkgs", "--nodeps", *inside(root), package)
    assert modules_without_compiled_code(root.path / MODULES) == []


def test_removal_leaves_nothing_behind(
    installed: tuple[CleanRoot, dict[str, tuple[int, int]]],
) -> None:
    root, before = installed
    rpm("--erase", *inside(root), project.NAME)
    assert root.changes(before) == []
