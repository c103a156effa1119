"""The installed executables, run as a monitoring engine runs them.

Rule: nothing is inherited. Variables such as PYTHONDONTWRITEBYTECODE or SSL_CERT_FILE change what
is measured, and so does a working folder that Python would search for modules.
"""

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
"""All that a run gets to know of its surroundings."""


def add_bin_option(parser: ArgumentParser) -> None:
    """Add `--bin`, the folder of the executables that are measured."""
    parser.add_argument(
        "--bin",
        type=Path,
        metavar="DIR",
        default=Path(sys.executable).parent,
        help="folder of the executables and of their Python (default: %(default)s)",
    )


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command in the bare environment: its output. RuntimeError unless it exits with 0."""
    done = subprocess.run(  # noqa: S603 - the command is ours
        command,
        env=ENVIRONMENT,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {said}")
    return done


@contextmanager
def refused_login() -> Iterator[list[str]]:
    """The options of a login that the server refuses, and that any certificate will do for."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "password"
        file.touch(0o600)
        file.write_text("password", encoding="utf-8")
        words = ["-U", "nobody@example.com", "--password-file", str(file), "--refuse"]
        yield [*words, "--insecure-auth", "unverified"]


@contextmanager
def message_to_nobody() -> Iterator[list[str]]:
    """The options of a loop that sends a message, and finds none in its mailbox."""
    with TemporaryDirectory() as folder:
        for name in ("new", "cur"):
            (Path(folder) / "Maildir" / name).mkdir(parents=True)
        words = ["--recipient", "loop@mail.example.test", "--maildir", f"{folder}/Maildir"]
        yield [*words, "--state-file", f"{folder}/state"]


def machine(folder: Path) -> str:
    """One line about what the figures were taken on: Python, processor, kernel."""
    python = run([str(folder / "python"), "-c", "import platform as p; print(p.python_version())"])
    with Path("/proc/cpuinfo").open(encoding="utf-8") as cpuinfo:
        names = [
            line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")
        ]
    processor = names[0] if names else os.uname().machine
    kernel = os.uname().release.partition("-")[0]
    return (
        f"Python {python.stdout.strip()}, {os.cpu_count()} x {processor}, "
        f"{os.uname().sysname} {kernel}"
    )
