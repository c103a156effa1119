"""The .deb and the .rpm: their files staged in a folder, which nfpm.yaml puts in their places.

Rule: where a file goes stands in nfpm.yaml, what a script does in scripts/; here is only what
has to be made first.
"""

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from contrib.packaging import project
from contrib.packaging.completion import SHELLS, completion
from contrib.packaging.launcher import launcher
from contrib.packaging.manual import man_page
from contrib.packaging.modules import bundled_version, copy_bundled, copy_suite

_HERE = Path(__file__).parent
_EXAMPLES = ("grafana", "icinga", "nagios", "nrpe")
FORMATS = ("deb", "rpm")
# There is no address to write to; the field must have one.
MAINTAINER = "The check-smtp-suite developers <noreply@check-smtp-suite.invalid>"


def build_system_packages() -> list[Path]:
    """Make a package of each format in dist/; what was made."""
    with TemporaryDirectory() as folder:
        stage = Path(folder)
        _stage(stage)
        return [_package(stage, kind) for kind in FORMATS]


def _stage(stage: Path) -> None:
    copy_suite(stage / "modules")
    copy_bundled(stage / "bundled")
    for check in project.CHECKS:
        _write(stage / "plugins" / check, launcher(check))
        page = gzip.compress(man_page(check).encode(), 9, mtime=0)
        _write(stage / "man" / f"{check}.1.gz", page)
        for shell in SHELLS:
            name = f"_{check}" if shell == "zsh" else check
            _write(stage / shell / name, completion(check, shell))
    doc = stage / "doc"
    _write(doc / "README.md", (project.ROOT / "README.md").read_bytes())
    changes = (project.ROOT / "CHANGELOG.md").read_bytes()
    _write(stage / "CHANGELOG.md", changes)
    _write(stage / "changelog.gz", gzip.compress(changes, 9, mtime=0))
    for path in (project.ROOT / "docs").rglob("*"):
        if path.is_file():
            _write(doc / "docs" / path.relative_to(project.ROOT / "docs"), path.read_bytes())
    for name in _EXAMPLES:
        source = project.ROOT / "contrib" / name
        shutil.copytree(source, doc / "examples" / name, ignore=_unwanted)
    licence = (project.ROOT / "LICENSE").read_text(encoding="utf-8")
    _write(stage / "LICENSE", licence)
    _write(stage / "copyright", _copyright(licence))
    entry = gzip.compress(_debian_changelog().encode(), 9, mtime=0)
    _write(stage / "changelog.Debian.gz", entry)
    for path in (_HERE / "scripts").iterdir():
        _write(stage / "scripts" / path.name, path.read_bytes())
    _same_modes_and_times(stage)


def _unwanted(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".py") or name.startswith("__")]


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _copyright(licence: str) -> str:
    """Debian's machine-readable form of the licence."""
    _, holder, words = licence.split("\n\n", 2)
    lines = [f" {line}" if line else " ." for line in words.rstrip().splitlines()]
    head = (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {project.NAME}\n\n"
        f"Files: *\n{holder.replace(' (c)', ':')}\nLicense: Expat\n"
    )
    return head + "\n".join(lines) + "\n"


def _debian_changelog() -> str:
    when = project.date().strftime("%a, %d %b %Y %H:%M:%S +0000")
    return (
        f"{project.NAME} ({project.VERSION}-1) unstable; urgency=medium\n\n"
        f"  * What changed stands in changelog.gz.\n\n -- {MAINTAINER}  {when}\n"
    )


def _same_modes_and_times(stage: Path) -> None:
    for path in (stage, *stage.rglob("*")):
        executable = path.is_dir() or path.parent.name in ("plugins", "scripts")
        path.chmod(0o755 if executable else 0o644)
        os.utime(path, (project.seconds(), project.seconds()))


def _package(stage: Path, kind: str) -> Path:
    template = Template((_HERE / "nfpm.yaml").read_text(encoding="utf-8"))
    configuration = stage / f"nfpm-{kind}.yaml"
    configuration.write_text(
        template.substitute(
            stage=stage,
            version=project.VERSION,
            maintainer=MAINTAINER,
            date=project.date().strftime("%Y-%m-%dT%H:%M:%SZ"),
            nagiosplugin=bundled_version("nagiosplugin"),
            authres=bundled_version("authres"),
        ),
        encoding="utf-8",
    )
    names = {"deb": "{0}_{1}-1_all.deb", "rpm": "{0}-{1}-1.noarch.rpm"}
    target = project.DIST / names[kind].format(project.NAME, project.VERSION)
    nfpm = Path(sys.executable).parent / "nfpm"
    command = [str(nfpm), "package", "-f", str(configuration), "-p", kind, "-t", str(target)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(project.seconds())}
    done = subprocess.run(  # noqa: S603 - the command is ours
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"nfpm: {done.stdout}{done.stderr}")
    return target
