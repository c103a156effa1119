"""The Python modules that go into a package.

Rule: the suite's come from this checkout; what is bundled comes from the environment of the
build, with its licence. It is pure Python, and not in every distribution.
"""

import shutil
from importlib.metadata import distribution
from pathlib import Path

from contrib.packaging import project

_BUNDLED = ("nagiosplugin", "authres")


def copy_suite(target: Path) -> None:
    """Copy the suite's packages into this folder."""
    for package in project.PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "py.typed")
        shutil.copytree(project.ROOT / package, target / package, ignore=ignored)


def copy_bundled(target: Path) -> None:
    """Copy what is bundled into this folder, with its licences and without examples."""
    for name in _BUNDLED:
        for file in distribution(name).files or ():
            parts = file.parts
            licence = "LICENSE" in file.name.upper() or file.name == "COPYING"
            own = parts[0] == name and file.suffix == ".py" and "examples" not in parts
            if own or licence:
                copy = target / name / (file.name if licence else Path(*parts[1:]))
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(str(file.locate())), copy)


def bundled_version(name: str) -> str:
    """The version of this module that copy_bundled() copies."""
    return distribution(name).version
