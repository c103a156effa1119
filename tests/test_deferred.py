"""Modules that wait until they are used, and what a run imports because of that."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from check_smtp_core.deferred import deferred

BIN = Path(sys.executable).parent
UNUSED = {
    *("tempfile", "json", "shutil", "traceback", "linecache", "argparse", "dataclasses"),
    *("email", "smtplib", "asyncio", "inspect", "datetime", "encodings.idna", "cryptography"),
    *("locale", "gettext", "typing", "contextlib", "subprocess", "pathlib", "logging.handlers"),
}


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A library that imports a module, which it may never use; loading that is told."""
    (tmp_path / "heavy.py").write_text("print('loaded')\nvalue = 5\n")
    (tmp_path / "library.py").write_text("import heavy\ndef use():\n    return heavy.value\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return str(tmp_path)


def run(folder: str, code: str) -> str:
    """What a Python with this folder on its path prints."""
    start = f"import sys; sys.path.insert(0, {folder!r})\n"
    start += "from check_smtp_core.deferred import deferred\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, check=True
    )
    return done.stdout


IMPORT = "with deferred('heavy'):\n    import library\n"


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("import library", "loaded\n"),
        (IMPORT, ""),
        (IMPORT + "print(library.use(), library.use())", "loaded\n5 5\n"),
        (IMPORT + "import heavy\nprint(heavy.value, library.use())", "loaded\n5 5\n"),
        (IMPORT + "print('heavy' in sys.modules)", "False\n"),
        ("import heavy\n" + IMPORT + "print(library.use())", "loaded\n5\n"),
        ("with deferred('heavy'):\n    import library\n    print(library.use())", "loaded\n5\n"),
    ],
)
def test_a_module_waits_until_it_is_used(library: str, code: str, printed: str) -> None:
    assert run(library, code) == printed


def test_what_fails_to_import_leaves_nothing_behind() -> None:
    before = dict(sys.modules)
    with pytest.raises(ModuleNotFoundError), deferred("no_such_module"):
        import no_such_library  # type: ignore[import-not-found]  # noqa: F401
    assert sys.modules == before


def test_a_run_imports_nothing_that_it_does_not_use() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        where = ("-H", "127.0.0.1", "-p", str(closed.getsockname()[1]))
        done = subprocess.run(
            [
                sys.executable,
                "-X",
                "importtime",
                str(BIN / "check_smtp_banner"),
                *where,
            ],
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "connection refused" in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "nagiosplugin" in imported
    assert imported & UNUSED == set()
