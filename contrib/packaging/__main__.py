"""Build everything that can be installed into dist/: `python -m contrib.packaging`."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from contrib.packaging import project
from contrib.packaging.single_file import build_single_file
from contrib.packaging.system_packages import build_system_packages


def build_wheel() -> list[Path]:
    """Make the wheel and the archive of sources that pip installs; what was made."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(project.seconds())}
    # Not isolated: setuptools is here already, and is not fetched anew for each run.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(project.DIST)]
    done = subprocess.run(  # noqa: S603 - the command is ours
        command, cwd=project.ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"build: {done.stdout}{done.stderr}")
    return sorted(project.DIST.glob("check_smtp_suite-*"))


def main() -> None:
    """Build all packages and name them."""
    os.umask(0o022)
    os.environ["TZ"] = "UTC"
    time.tzset()
    shutil.rmtree(project.DIST, ignore_errors=True)
    project.DIST.mkdir()
    for build in (build_wheel, build_single_file, build_system_packages):
        for path in build():
            print(f"{path.stat().st_size:8} {path.relative_to(project.ROOT)}")


if __name__ == "__main__":
    main()
