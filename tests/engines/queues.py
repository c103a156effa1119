"""Programs that list queues of mail systems that are not there, one folder for each state."""

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

_DENIED = "User nagios(112) is not allowed to view the mail queue"
_HOSTILE = "mx|load=99;1;2 <script>alert(1)</script> $(reboot) `id` $HOSTADDRESS$ %s"
_PROGRAMS = {
    "denied/postqueue": f'#!/bin/sh\necho "postqueue: fatal: {_DENIED}" >&2\nexit 69\n',
    "hostile/postqueue": f"#!/bin/sh\necho '{_HOSTILE}'\n",
    "empty/exim4": "#!/bin/sh\n",
    "empty/sendmail": "#!/bin/sh\nprintf '\\t\\tTotal requests: 0\\n'\n",
    "empty/smtpctl": "#!/bin/sh\n",
}


def write_queues(folder: Path) -> None:
    """Write all programs below a folder, so that every user may run them."""
    folder.chmod(0o755)
    for name, source in _PROGRAMS.items():
        _write(folder / name, source)
    _write(folder / "old/postqueue", (ROOT / "demo/postqueue").read_text(encoding="utf-8"))


def _write(path: Path, source: str) -> None:
    path.parent.mkdir(mode=0o755, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    path.chmod(0o755)
