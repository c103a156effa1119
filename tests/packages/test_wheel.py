"""The wheel, installed into a fresh virtual environment."""

import subprocess
import sys
from pathlib import Path

from demo.server import DemoServer
from tests.packages.conftest import built
from tests.packages.expected import ALL, differences


def test_all_checks_run_from_a_fresh_environment(demo: DemoServer, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, str(built("check_smtp_suite-*.whl"))], check=True, capture_output=True)

    def execute(name: str, arguments: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            [str(venv / "bin" / name), *arguments],
            env={"PATH": "/usr/bin:/bin"},
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.removesuffix("\n")

    assert list(differences(ALL, demo, execute, demo.ca_file, demo.password_file)) == []
