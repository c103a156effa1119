"""The single-file executable: a zip archive that Python runs, with a link for each check.

Rule: pure Python only, since a compiled library cannot be imported from an archive; the
certificate check uses the machine's pyOpenSSL and cryptography. Compiled code lies beside each
source, unchecked, so that the Python of the build starts fast and any other one still starts.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipapp
from gzip import GzipFile
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile, ZipInfo

from contrib.packaging import project
from contrib.packaging.modules import copy_bundled, copy_suite

INTERPRETER = "/usr/bin/python3"
ARCHIVE = "check_smtp.pyz"
TARBALL = f"check-smtp-plugins-{project.VERSION}.tar.gz"


def build_single_file() -> list[Path]:
    """Make dist/plugins/ (the archive and its links) and a tarball of it; what was made."""
    plugins = project.DIST / "plugins"
    shutil.rmtree(plugins, ignore_errors=True)
    plugins.mkdir(parents=True)
    with TemporaryDirectory() as folder:
        stage = Path(folder) / "stage"
        copy_suite(stage)
        copy_bundled(stage)
        (stage / "__main__.py").write_text(_main(), encoding="utf-8")
        _compile(stage)
        plain = Path(folder) / "plain.zip"
        _zip(stage, plain)
        zipapp.create_archive(plain, plugins / ARCHIVE, interpreter=f"{INTERPRETER} -I")
    (plugins / ARCHIVE).chmod(0o755)
    for check in project.CHECKS:
        (plugins / check).symlink_to(ARCHIVE)
    shutil.copy(project.ROOT / "LICENSE", plugins)
    tarball = project.DIST / TARBALL
    _tar(plugins, tarball)
    return [plugins / ARCHIVE, tarball]


def _main() -> str:
    source = (Path(__file__).parent / "archive_main.py").read_text(encoding="utf-8")
    blank = "CHECKS = {}  # type: dict[str, str]\n"
    assert source.count(blank) == 1
    return source.replace(blank, f"CHECKS = {project.CHECKS!r}\n")


def _compile(stage: Path) -> None:
    """Compile with the Python that the first line names; with our own if that is too old."""
    new_enough = [INTERPRETER, "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 10))"]
    python = sys.executable
    if Path(INTERPRETER).exists() and subprocess.run(new_enough, check=False).returncode == 0:  # noqa: S603
        python = INTERPRETER
    hashed = ["--invalidation-mode", "unchecked-hash"]
    # The folder of the build must not show in the compiled code.
    renamed = ["-s", str(stage), "-p", ARCHIVE]
    command = [python, "-I", "-m", "compileall", "-q", "-b", *hashed, *renamed, str(stage)]
    subprocess.run(command, check=True)  # noqa: S603


def _zip(stage: Path, target: Path) -> None:
    # Stored, not deflated: nothing has to be unpacked, and zlib not imported, at each start.
    with ZipFile(target, "w") as archive:
        for path in sorted(stage.rglob("*")):
            if path.is_file():
                name = path.relative_to(stage).as_posix()
                entry = ZipInfo(name, project.date().timetuple()[:6])
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())


def _tar(folder: Path, target: Path) -> None:
    top = TARBALL.removesuffix(".tar.gz")
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in (folder, *sorted(folder.iterdir())):
            entry = archive.gettarinfo(path, os.path.join(top, path.relative_to(folder)))
            entry.mtime = project.seconds()
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mode = 0o755 if path.is_dir() or path.name == ARCHIVE else 0o644
            with path.open("rb") if entry.isreg() else io.BytesIO() as content:
                archive.addfile(entry, content)
    with target.open("wb") as file, GzipFile("", "wb", 9, file, project.seconds()) as packed:
        packed.write(plain.getvalue())
