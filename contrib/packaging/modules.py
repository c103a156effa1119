"""The Python modules that go into a package.

Rule: the suite's come from this checkout; nagiosplugin, where it is bundled, from the environment
of the build, with its licence.
"""

import shutil
from importlib.metadata import distribution
from pathlib import Path

from contrib.packaging import project

_BUNDLED = "nagiosplugin"


def copy_suite(target: Path) -> None:
    """Copy the suite's packages into this folder."""
    for package in project.PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "py.typed")
        shutil.copytree(project.ROOT / package, target / package, ignore=ignored)


def copy_bundled(target: Path) -> None:
    """Copy nagiosplugin into this folder, with its licence and without its examples."""
    for file in distribution(_BUNDLED).files or ():
        parts = file.parts
        licence = "LICENSE" in file.name.upper()
        if (parts[0] == _BUNDLED and file.suffix == ".py" and "examples" not in parts) or licence:
            copy = target / _BUNDLED / (file.name if licence else Path(*parts[1:]))
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(str(file.locate())), copy)


def bundled_version() -> str:
    """The version of nagiosplugin that copy_bundled() copies."""
    return distribution(_BUNDLED).version
