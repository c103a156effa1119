"""The graph templates in the Graphite module's own hands."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.engines.conftest import contrib
from tests.engines.debian import need
from tests.engines.metrics import of_templates

MODULE = "icingaweb2-module-graphite"
SCRIPT = Path(__file__).parent / "templates.php"


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the module, from its package: only its classes are wanted, not its web."""
    need("icingacli", "php-cli")
    folder = tmp_path_factory.mktemp("module")
    done = run("apt-get", "download", "--quiet", MODULE, folder=folder)
    if done.returncode != 0:
        pytest.skip(f"cannot download {MODULE}: {done.stderr.strip()[-200:]}")
    (package,) = folder.glob("*.deb")
    assert run("dpkg-deb", "-x", package.name, ".", folder=folder).returncode == 0
    return folder / "usr/share/icingaweb2/modules/graphite"


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ICINGAWEB_CONFIGDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def loaded(module: Path, folder: Path) -> Any:
    """The templates of a folder, by check command and name, as the module understands them."""
    done = run("php", str(SCRIPT), str(module), str(folder), folder=folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return json.loads(done.stdout)


@pytest.fixture
def templates(module: Path, tmp_path: Path) -> Any:
    (tmp_path / "check_smtp.ini").write_text(contrib("icinga/graphite/check_smtp.ini"))
    return loaded(module, tmp_path)


def test_every_command_has_its_graphs(templates: Any) -> None:
    time = ["smtp-phases", "smtp-time"]
    assert {command: sorted(named) for command, named in templates.items()} == {
        "smtp_auth": time,
        "smtp_banner": time,
        "smtp_cert": ["smtp-days-left", *time],
        "smtp_ehlo": ["smtp-extensions", "smtp-phases", "smtp-size", "smtp-time"],
        "smtp_rcpt": ["smtp-phases", "smtp-recipients", "smtp-time"],
        "smtp_relay": time,
        "smtp_queue": ["smtp-queue-age", "smtp-queue-length", "smtp-queue-size", "smtp-time"],
        "smtp_starttls": ["smtp-bits", *time],
        "smtp_loop": ["smtp-loop", "smtp-loop-messages", *time],
    }


def test_the_module_reads_what_our_own_reader_reads(templates: Any) -> None:
    curves = {
        (command, name, metric)
        for command, named in templates.items()
        for name, curves in named.items()
        for metric, _ in curves.values()
    }
    queries = of_templates(contrib("icinga/graphite/check_smtp.ini"))
    assert curves == {
        (metric.command, query.where, query.text) for query in queries for metric in query.metrics
    }


def test_every_curve_has_a_colour_and_a_name(templates: Any) -> None:
    functions = [
        function
        for named in templates.values()
        for curves in named.values()
        for _, function in curves.values()
    ]
    assert [each for each in functions if not each.startswith("alias(color(")] == []
