"""The single-file executables, dropped into a Debian that has Python and nothing else."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from contrib.packaging import project
from contrib.packaging.launcher import launcher
from demo.server import DemoServer
from tests.packages.clean_root import CleanRoot
from tests.packages.conftest import built
from tests.packages.expected import (
    WITH_LIBRARIES,
    WITHOUT_LIBRARIES,
    Execute,
    differences,
    missing_library,
)

PLUGINS = "/usr/lib/nagios/plugins"


@pytest.fixture(scope="module")
def installed(root: CleanRoot) -> CleanRoot:
    """The root with the archive's files in the plugin folder, as README says."""
    folder = root.path / PLUGINS.lstrip("/")
    folder.mkdir(parents=True)
    with tarfile.open(built("check-smtp-plugins-*.tar.gz")) as archive:
        for entry in archive:
            if "/check_smtp" in entry.name:
                entry.name = Path(entry.name).name
                archive.extract(entry, folder)
    return root


def as_nobody(root: CleanRoot) -> Execute:
    def execute(name: str, arguments: list[str]) -> tuple[int, str]:
        return root.execute(f"{PLUGINS}/{name}", *arguments, user="nobody")

    return execute


def test_checks_run_as_nobody_and_write_nothing(installed: CleanRoot, demo: DemoServer) -> None:
    before = installed.files()
    execute = as_nobody(installed)
    cases = (*WITHOUT_LIBRARIES, missing_library("OpenSSL", "python3-openssl"))
    assert list(differences(cases, demo, execute)) == []
    assert installed.changes(before) == []


def test_the_certificate_check_uses_the_libraries_of_the_machine(
    installed: CleanRoot, demo: DemoServer
) -> None:
    installed.apt("install", "python3-openssl")
    assert list(differences(WITH_LIBRARIES, demo, as_nobody(installed))) == []


def test_called_by_its_own_name_it_takes_the_check_from_the_first_argument(
    installed: CleanRoot,
) -> None:
    def execute(*arguments: str) -> tuple[int, str]:
        return installed.execute(f"{PLUGINS}/check_smtp.pyz", *arguments, user="nobody")

    nothing = (
        3,
        "SMTP UNKNOWN - usage: no such check here; link to this file, or give first: "
        + ", ".join(sorted(project.CHECKS)),
    )
    assert execute() == nothing
    assert execute("check_smtp_nothing", "-H", "127.0.0.1") == nothing
    version = f"check_smtp_ehlo {project.VERSION}"
    assert execute("check_smtp_ehlo", "--version") == (3, version)


def python(minor: int) -> str:
    """The Python 3 of this minor version, where this machine has one."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [str(path) for path in versions.glob(f"3.{minor}.*/bin/python3.{minor}")]
    found += [path for path in [shutil.which(f"python3.{minor}", path="/usr/bin")] if path]
    if not found:
        pytest.skip(f"there is no Python 3.{minor} on this machine")
    return found[0]


def told_by(*command: str) -> tuple[int, str]:
    """Exit code and all output of a command."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout.removesuffix("\n")


@pytest.mark.parametrize("minor", range(10, 15))
def test_a_python_that_did_not_compile_it_reads_the_sources(minor: int, demo: DemoServer) -> None:
    interpreter = python(minor)

    def execute(name: str, arguments: list[str]) -> tuple[int, str]:
        return told_by(interpreter, "-I", str(built(f"plugins/{name}")), *arguments)

    assert list(differences(WITHOUT_LIBRARIES, demo, execute)) == []


@pytest.mark.parametrize("minor", range(6, 10))
def test_a_python_that_is_too_old_is_one_line(minor: int, tmp_path: Path) -> None:
    script = tmp_path / "check_smtp_banner"
    script.write_text(launcher("check_smtp_banner"), encoding="utf-8")
    for path in (built("plugins/check_smtp_banner"), script):
        code, told = told_by(python(minor), "-I", str(path), "-H", "127.0.0.1")
        told = re.sub(r"\d\.\d+\.\d+$", "VERSION", told)
        line = "SMTP_BANNER UNKNOWN - local: Python 3.10 or newer is needed, this is VERSION"
        assert (code, told) == (3, line)


@pytest.fixture
def archive() -> Iterator[ZipFile]:
    with ZipFile(built("plugins/check_smtp.pyz")) as opened:
        yield opened


def test_any_python_3_can_read_what_is_started(archive: ZipFile) -> None:
    ast.parse(archive.read("__main__.py"), feature_version=(3, 4))
    for check in project.CHECKS:
        ast.parse(launcher(check), feature_version=(3, 4))


def test_every_module_is_compiled_and_its_source_is_not_looked_at(archive: ZipFile) -> None:
    names = set(archive.namelist())
    sources = {name for name in names if name.endswith(".py")}
    assert {"__main__.py", "nagiosplugin/check.py", "check_smtp_tls/cert.py"} <= sources
    licences = {"nagiosplugin/LICENSE.txt", "authres/COPYING"}
    assert {f"{name}c" for name in sources} | licences == names - sources
    for name in sources:
        code = archive.read(f"{name}c")
        # PEP 552: 1 is "by hash", and without 2 "do not check the source".
        assert code[4:8] == b"\x01\0\0\0"
        assert code[8:16] == importlib.util.source_hash(archive.read(name))


def test_a_module_that_is_missing_is_one_line(tmp_path: Path, archive: ZipFile) -> None:
    broken = tmp_path / "check_smtp_banner"
    with ZipFile(broken, "w") as copy:
        copy.writestr("__main__.py", archive.read("__main__.py"))
    assert told_by("/usr/bin/python3", "-I", str(broken), "-H", "127.0.0.1") == (
        3,
        "SMTP_BANNER UNKNOWN - local: the archive is damaged: "
        "No module named 'check_smtp_handshake'",
    )
