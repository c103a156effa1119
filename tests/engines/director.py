"""A private Icinga Director: its database on a socket in a temp folder, driven with icingacli.

Rule: nothing of this machine's own Icinga Web or PostgreSQL is read or changed; there is no web
server, and no port is opened.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = ("icingacli", "icingaweb2-module-director", "postgresql", "php-pgsql")
"""What `running` needs, as Debian's packages."""

_MODULES = Path("/usr/share/icingaweb2/modules")
_SECONDS = 60
_RESOURCES = """\
[director]
type = "db"
db = "pgsql"
host = "{socket}"
port = "5432"
dbname = "director"
username = "postgres"
password = "none"
charset = "utf8"
"""
_CONFIG = f"""\
[global]
module_path = "{_MODULES}"
config_resource = "director"
[logging]
log = "none"
"""
_GENERATED = """\
select file.content from director_generated_config_file part
join director_generated_file file on file.checksum = part.file_checksum
where part.file_path ~ '/(commands|service_templates).conf$' order by part.file_path
"""


class Director:
    """A Director with an empty database; `version` is (1, 10, 2) or so."""

    def __init__(self, config: Path, database: "_Database") -> None:
        self._config = config
        self._database = database
        info = (_MODULES / "director" / "module.info").read_text(encoding="utf-8")
        (version,) = re.findall(r"^Version: ([\d.]+)$", info, re.MULTILINE)
        self.version = tuple(map(int, version.split(".")))

    def restore(self, basket: str) -> str:
        """Import a basket as `icingacli director basket restore` does; what that says."""
        return self.command("basket", "restore", given=basket)

    def rendered(self) -> str:
        """The commands and service templates, as the Director would send them to Icinga 2."""
        self.command("config", "render")
        return self._database.query(_GENERATED)

    def rows(self, table: str) -> int:
        """How many rows a table of the Director has."""
        return int(self._database.query(f"select count(*) from {table}"))

    def command(self, *words: str, given: str = "") -> str:
        """The output of an icingacli command of the module."""
        done = subprocess.run(
            ["icingacli", "director", *words],
            env={"PATH": "/usr/bin:/bin", "ICINGAWEB_CONFIGDIR": str(self._config)},
            input=given,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


class _Database:
    """A PostgreSQL server in a folder, run as a user that it does not refuse (root it does)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user = "postgres" if os.geteuid() == 0 else None
        self._programs = max(
            Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name)
        )
        if self._user:
            shutil.chown(folder, self._user, self._user)

    def start(self) -> None:
        data, socket = self._folder / "data", self._folder
        self._run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "-N")
        settings = f"-k {socket} -c listen_addresses='' -c fsync=off"
        self._run("pg_ctl", "-D", data, "-l", self._folder / "log", "-o", settings, "-w", "start")
        self.query("create database director", "postgres")
        self.query("create extension pgcrypto")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._folder / "data", "-m", "immediate", "-w", "stop")

    def query(self, statement: str, database: str = "director") -> str:
        words = ("-X", "-A", "-t", "-h", self._folder, "-U", "postgres", "-d", database)
        return self._run("psql", *words, "-c", statement)

    def _run(self, program: str, *words: str | Path) -> str:
        done = subprocess.run(
            [self._programs / "bin" / program, *words],
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            cwd=self._folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def running() -> Iterator[Director]:
    """A Director with its tables made and nothing in them, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="director-") as name:
        folder = Path(name)
        # PostgreSQL runs as another user than we do.
        folder.chmod(0o755)
        (folder / "pg").mkdir()
        database = _Database(folder / "pg")
        database.start()
        try:
            director = Director(_icinga_web(folder / "web", folder / "pg"), database)
            director.command("migration", "run")
            yield director
        finally:
            database.stop()


def _icinga_web(config: Path, socket: Path) -> Path:
    """A configuration of Icinga Web that knows the Director and its database."""
    (config / "modules" / "director").mkdir(parents=True)
    (config / "enabledModules").mkdir()
    (config / "resources.ini").write_text(_RESOURCES.format(socket=socket), encoding="utf-8")
    (config / "config.ini").write_text(_CONFIG, encoding="utf-8")
    own = config / "modules" / "director" / "config.ini"
    own.write_text('[db]\nresource = "director"\n', encoding="utf-8")
    for module in ("reactbundle", "incubator", "director"):
        if (_MODULES / module).is_dir():
            (config / "enabledModules" / module).symlink_to(_MODULES / module)
    return config
