"""A private Nagios 4: its configuration, its process, its status file and its web pages.

Rule: of /etc only Debian's own object templates are read, as a user's services would use them;
everything that is written is in a folder of its own.
"""

import re
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from tests.daemon import PATH, Daemon, own_account

PACKAGE = "nagios4-core"
PAGES_PACKAGE = "nagios4-cgi"
_OBJECTS = Path("/etc/nagios4/objects")
_PROGRAMS = Path("/usr/lib/cgi-bin/nagios4")

_CONFIGURATION = """
log_file={folder}/log
cfg_file={debian}/templates.cfg
cfg_file={debian}/contacts.cfg
cfg_file={debian}/timeperiods.cfg
cfg_file={folder}/objects.cfg
resource_file={folder}/resource.cfg
object_cache_file={folder}/objects.cache
precached_object_file={folder}/objects.precache
status_file={folder}/status.dat
state_retention_file={folder}/retention.dat
temp_file={folder}/temporary
temp_path={folder}/tmp
check_result_path={folder}/results
lock_file={folder}/lock
command_file={folder}/rw/commands
query_socket={folder}/rw/queries
nagios_user={user}
nagios_group={group}
check_external_commands=1
status_update_interval=1
check_result_reaper_frequency=1
service_inter_check_delay_method={delay}
host_inter_check_delay_method=n
max_service_check_spread=1
max_host_check_spread=1
service_check_timeout={timeout}
retain_state_information=0
enable_flap_detection=0
check_for_updates=0
use_syslog=0
{screening}
"""
_SCREENING = """illegal_macro_output_chars=`~$&|'"<>"""

_COMMANDS = """
define command {{
	command_name	check-host-alive
	command_line	{host_check}
}}
define command {{
	command_name	notify-host-by-email
	command_line	/bin/true
}}
define command {{
	command_name	notify-service-by-email
	command_line	{page}
}}
"""

_PAGES = """
main_config_file={folder}/nagios.cfg
physical_html_path=/usr/share/nagios4/htdocs
url_html_path=/nagios4
use_authentication=0
enable_page_tour=0
escape_html_tags={escape}
"""


class ServiceStatus(NamedTuple):
    """What the engine knows of a service: state, first line, other lines, perfdata."""

    state: int
    output: str
    long_output: str
    perfdata: str


class Nagios4:
    """One Nagios; `objects` are its commands, hosts and services.

    Its first checks are `delay` seconds apart; `timeout` is its own limit for each, in seconds.
    `unscreened_page` is a notification command, whose macros Nagios then does not screen.
    """

    def __init__(
        self,
        folder: Path,
        plugins: Path,
        objects: str,
        *,
        delay: float = 0.05,
        timeout: int = 60,
        unscreened_page: str = "",
    ) -> None:
        self._folder = folder
        for part in ("tmp", "results", "rw"):
            (folder / part).mkdir()
        user, group = own_account()
        settings = {
            "debian": _OBJECTS,
            "user": user,
            "group": group,
            "delay": delay,
            "timeout": timeout,
        }
        self._main = folder / "nagios.cfg"
        screening = "" if unscreened_page else _SCREENING
        self._main.write_text(
            _CONFIGURATION.format(folder=folder, screening=screening, **settings)
        )
        (folder / "resource.cfg").write_text(f"$USER1$={plugins}\n")
        self._life = folder / "life"
        self._life.touch()
        commands = _COMMANDS.format(
            host_check=f"/usr/bin/test -e {self._life} || exit 2",
            page=unscreened_page or "/bin/true",
        )
        (folder / "objects.cfg").write_text(commands + objects)
        self._daemon: Daemon | None = None

    def verify(self) -> tuple[int, str]:
        """Exit code and words of `nagios4 -v`."""
        done = subprocess.run(
            ["nagios4", "-v", str(self._main)],
            env={"PATH": PATH},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def start(self) -> None:
        """Start it; its first checks run at once."""
        self._daemon = Daemon(["nagios4", str(self._main)], self._folder / "words")

    def stop(self) -> None:
        """End it, if it runs."""
        if self._daemon is not None:
            self._daemon.stop()

    def status(self, host: str, service: str) -> ServiceStatus:
        """The status of a service, as soon as it has been checked."""
        found = self._checked((host, service))
        return ServiceStatus(
            int(found["current_state"]),
            found["plugin_output"],
            found["long_plugin_output"],
            found["performance_data"],
        )

    def check(self, host: str, services: list[str]) -> list[tuple[int, bool]]:
        """Force a check of these services; the state of each, and whether it is a hard one."""
        return self._force("SVC", [(host, service) for service in services])

    def let_host_die(self, host: str) -> None:
        """Let the check of every host fail, until Nagios is sure of it for this one."""
        self._life.unlink()
        attempts = [self._force("HOST", [(host, "")]) for _ in range(3)]
        assert attempts[-1] == [(1, True)], attempts

    def _force(self, kind: str, names: list[tuple[str, str]]) -> list[tuple[int, bool]]:
        assert self._daemon is not None
        # times are whole seconds here: a new check must be in a new one to be told from the last
        newest = max(int(self._checked(name)["last_check"]) for name in names)
        self._daemon.wait_for("the next second", lambda: time.time() > newest + 1 or None)
        now = int(time.time())
        with (self._folder / "rw/commands").open("w") as commands:
            for host, service in names:
                name = f"{host};{service}".rstrip(";")
                commands.write(f"[{now}] SCHEDULE_FORCED_{kind}_CHECK;{name};{now}\n")

        def checked() -> list[tuple[int, bool]] | None:
            found = [self._checkables()[name] for name in names]
            if any(int(each["last_check"]) <= newest for each in found):
                return None
            return [(int(each["current_state"]), each["state_type"] == "1") for each in found]

        return self._daemon.wait_for("results of forced checks", checked)

    def pages(self) -> list[str]:
        """Whom it has rung for so far, in order: `host` or `host;service`, and the state.

        Its log has them before its status file has the check that they are about.
        """
        log = (self._folder / "log").read_text(encoding="utf-8")
        return re.findall(r"NOTIFICATION: nagiosadmin;(.+?;[A-Z]+);notify", log)

    def wait_for_file(self, path: Path) -> None:
        """Wait until something that it started has made this file."""
        assert self._daemon is not None
        self._daemon.wait_for(str(path), lambda: path.exists() or None)

    def page_of(self, host: str, service: str, *, escape: bool) -> str:
        """The web page of a service, by Nagios' own CGI program; `escape` is its own setting."""
        query = f"type=2&host={host}&service={service.replace(' ', '+')}"
        return self.answer("extinfo.cgi", query, escape=escape).decode("utf-8")

    def answer(self, program: str, query: str, *, escape: bool = True) -> bytes:
        """What one of Nagios' CGI programs says to a query: header lines and page."""
        settings = self._folder / "cgi.cfg"
        settings.write_text(_PAGES.format(folder=self._folder, escape=int(escape)))
        environment = {
            "REQUEST_METHOD": "GET",
            "QUERY_STRING": query,
            "REMOTE_USER": "nagiosadmin",
        }
        done = subprocess.run(
            [_PROGRAMS / program],
            env={"PATH": PATH, "NAGIOS_CGI_CONFIG": str(settings), **environment},
            capture_output=True,
            check=True,
        )
        return done.stdout

    def _checked(self, name: tuple[str, str]) -> dict[str, str]:
        assert self._daemon is not None

        def found() -> dict[str, str] | None:
            status = self._checkables().get(name)
            return status if status and status["has_been_checked"] == "1" else None

        what = f"a result of {name}"
        try:
            return self._daemon.wait_for(what, found)
        except AssertionError:
            # On a busy machine Nagios 4.4 can lose a check of the moment of its start.
            self.stop()
            (self._folder / "status.dat").unlink(missing_ok=True)
            self.start()
        return self._daemon.wait_for(what, found)

    def _checkables(self) -> dict[tuple[str, str], dict[str, str]]:
        """What the status file says of each service, and of each host under an empty service."""
        try:
            text = (self._folder / "status.dat").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return {}
        blocks = re.findall(
            r"^(?:host|service)status {\n(.*?)^\t}", text, re.DOTALL | re.MULTILINE
        )
        found = {}
        for block in blocks:
            # a plugin's output may hold any other line separator that Python knows
            lines = [line.strip().partition("=") for line in block.split("\n")]
            values = {key: value for key, _, value in lines}
            found[values["host_name"], values.get("service_description", "")] = values
        return found
