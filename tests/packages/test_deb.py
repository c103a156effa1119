"""The .deb, installed by apt into an empty Debian, and removed again."""

import shutil
from pathlib import Path

import pytest

from contrib.packaging import project
from demo.server import DemoServer
from tests.packages.clean_root import CleanRoot
from tests.packages.conftest import built
from tests.packages.expected import ALL, differences, modules_without_compiled_code

PLUGINS = "/usr/lib/nagios/plugins"
MODULES = "usr/share/check-smtp-suite"


@pytest.fixture(scope="module")
def installed(root: CleanRoot) -> CleanRoot:
    package = built("check-smtp-suite_*_all.deb")
    shutil.copy(package, root.path / "root")
    root.apt("install", f"/root/{package.name}")
    return root


def test_all_checks_run_as_the_engines_user(installed: CleanRoot, demo: DemoServer) -> None:
    before = installed.files()

    def execute(name: str, arguments: list[str]) -> tuple[int, str]:
        return installed.execute(f"{PLUGINS}/{name}", *arguments, user="nobody")

    assert list(differences(ALL, demo, execute)) == []
    assert installed.changes(before) == []


def test_modules_are_compiled_and_stay_so_when_the_default_python_changes(
    installed: CleanRoot,
) -> None:
    modules = installed.path / MODULES
    assert modules_without_compiled_code(modules) == []
    hook = "/usr/share/python3/runtime.d/check-smtp-suite.rtupdate"
    for folder in modules.rglob("__pycache__"):
        shutil.rmtree(folder)
    assert installed.execute(hook, "rtupdate", "python3.10", "python3.11") == (0, "")
    assert modules_without_compiled_code(modules) == []


@pytest.mark.parametrize("check", project.CHECKS)
def test_man_page_and_completion_are_where_debian_looks(installed: CleanRoot, check: str) -> None:
    for place in (
        f"usr/share/man/man1/{check}.1.gz",
        f"usr/share/bash-completion/completions/{check}",
        f"usr/share/zsh/vendor-completions/_{check}",
    ):
        assert (installed.path / place).stat().st_mode & 0o777 == 0o644


def test_documents_and_examples_are_there_and_none_is_active(installed: CleanRoot) -> None:
    doc = installed.path / "usr/share/doc/check-smtp-suite"
    names = {"README.md", "changelog.gz", "changelog.Debian.gz", "copyright", "docs", "examples"}
    assert {path.name for path in doc.iterdir()} == names
    for engine in ("grafana", "icinga", "nagios", "nrpe"):
        ours = project.ROOT / "contrib" / engine
        assert _contents(doc / "examples" / engine) == _contents(ours)
    package = built("check-smtp-suite_*_all.deb").name
    code, listing = installed.execute("dpkg", "-c", f"/root/{package}")
    assert (code, [line for line in listing.splitlines() if " ./etc" in line]) == (0, [])


def _contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".py"]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if "__pycache__" not in path.parts
    }


def test_modules_that_are_gone_are_one_line(installed: CleanRoot) -> None:
    modules = installed.path / MODULES
    aside = modules.with_name("aside")
    modules.rename(aside)
    try:
        told = installed.execute(f"{PLUGINS}/check_smtp_cert", "-H", "127.0.0.1", user="nobody")
    finally:
        aside.rename(modules)
    assert told == (3, "SMTP_CERT UNKNOWN - local: No module named 'check_smtp_tls'")


def test_an_upgrade_leaves_the_modules_compiled(installed: CleanRoot) -> None:
    package = built("check-smtp-suite_*_all.deb").name
    installed.apt("install", "--reinstall", f"/root/{package}")
    assert modules_without_compiled_code(installed.path / MODULES) == []


def test_removal_leaves_nothing_behind(installed: CleanRoot) -> None:
    package = built("check-smtp-suite_*_all.deb").name
    installed.apt("purge", "check-smtp-suite")
    without = installed.files()
    installed.apt("install", f"/root/{package}")
    assert f"{MODULES}/check_smtp_core" in installed.files()
    installed.apt("purge", "check-smtp-suite")
    assert installed.changes(without) == []
    assert not [name for name in without if "check_smtp" in name or name.startswith(MODULES)]
