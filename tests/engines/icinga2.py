"""A private Icinga 2: its configuration, its process, and what its REST API tells.

Rule: nothing of /etc/icinga2 is read or written; the folder of the node holds all it has.
"""

import json
import ssl
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import trustme

from tests.daemon import PATH, Answer, Daemon, own_account

PACKAGE = "icinga2-bin"
_PASSWORD = "only on loopback"

_CONFIGURATION = """
const PluginDir = "/usr/lib/nagios/plugins"
const PluginContribDir = "{plugins}"
const ManubulonPluginDir = PluginDir
const NodeName = "{name}"

include <itl>
include <plugins>

object CheckerComponent "checker" {{ }}
object NotificationComponent "notification" {{ }}
object ApiListener "api" {{
	bind_host = "127.0.0.1"
	bind_port = {port}
	accept_commands = true
	accept_config = true
}}
object ApiUser "test" {{
	password = "{password}"
	permissions = [ "*" ]
}}
"""

ALONE = """
const ZoneName = NodeName
object Endpoint NodeName { }
object Zone ZoneName { endpoints = [ NodeName ] }
"""
"""The zone of a node that has no others."""


class CheckResult(NamedTuple):
    """One result as Icinga 2 keeps it: state, text, parsed perfdata, argv, node that ran it."""

    state: int
    output: str
    perfdata: list[str]
    command: list[str]
    source: str


class Icinga2:
    """One node, by name, on a port of 127.0.0.1; `configuration` is all that it is to do."""

    def __init__(
        self,
        folder: Path,
        name: str,
        port: int,
        authority: trustme.CA,
        plugins: Path,
        configuration: str,
    ) -> None:
        self.name = name
        self.port = port
        self._folder = folder / name
        for part in ("etc/zones.d", "lib/certs", "lib/api", "log", "cache", "spool", "run"):
            (self._folder / part).mkdir(parents=True)
        self._issue(authority)
        self._trust = ssl.create_default_context()
        authority.configure_trust(self._trust)
        self._main = self._folder / "etc/icinga2.conf"
        head = _CONFIGURATION.format(plugins=plugins, name=name, port=port, password=_PASSWORD)
        self._main.write_text(head + configuration)
        user, group = own_account()
        self._environment = {"ICINGA2_USER": user, "ICINGA2_GROUP": group}
        self._daemon: Daemon | None = None

    def _issue(self, authority: trustme.CA) -> None:
        certificates = self._folder / "lib/certs"
        certificate = authority.issue_cert(self.name, "127.0.0.1", common_name=self.name)
        certificate.private_key_pem.write_to_path(str(certificates / f"{self.name}.key"))
        certificate.cert_chain_pems[0].write_to_path(str(certificates / f"{self.name}.crt"))
        authority.cert_pem.write_to_path(str(certificates / "ca.crt"))

    def add_to_zone(self, zone: str, configuration: str) -> None:
        """Configuration that belongs to a zone and is synchronised within it."""
        folder = self._folder / "etc/zones.d" / zone
        folder.mkdir()
        (folder / "objects.conf").write_text(configuration)

    def _command(self, *more: str) -> list[str]:
        folders = {
            "ConfigDir": "etc",
            "ZonesDir": "etc/zones.d",
            "DataDir": "lib",
            "LogDir": "log",
            "CacheDir": "cache",
            "SpoolDir": "spool",
            "InitRunDir": "run",
        }
        where = [f"-D{name}={self._folder / part}" for name, part in folders.items()]
        return ["icinga2", "daemon", *more, "-c", str(self._main), *where]

    def validate(self) -> tuple[int, str]:
        """Exit code and words of `icinga2 daemon -C`."""
        done = subprocess.run(
            self._command("-C"),
            env={"PATH": PATH, **self._environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def start(self) -> None:
        """Start it; returns when its API answers."""
        self._daemon = Daemon(self._command(), self._folder / "words", **self._environment)
        self._daemon.wait_for(f"the API of {self.name}", self._api_status)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._daemon is not None:
            self._daemon.stop()

    @property
    def session(self) -> int:
        """The number of the session in which all its processes are."""
        assert self._daemon is not None
        return self._daemon.pid

    @property
    def words(self) -> str:
        """What it has logged."""
        assert self._daemon is not None
        return self._daemon.log.read_text(errors="replace")

    def knows(self, path: str) -> bool:
        """Whether there is an object, such as `checkcommands/smtp_banner`."""
        try:
            return bool(self.api("GET", f"/v1/objects/{path}")["results"])
        except (urllib.error.URLError, OSError):
            return False

    def wait_for_endpoint(self, name: str) -> None:
        """Wait until another node is connected."""
        path = f"/v1/objects/endpoints/{name}?attrs=connected"
        self.wait_for(
            f"{name} at {self.name}", lambda: self._attributes(path)["connected"] or None
        )

    def wait_for(self, what: str, answer: Callable[[], Answer | None]) -> Answer:
        """The first answer that is not None; AssertionError when none comes."""
        assert self._daemon is not None
        return self._daemon.wait_for(what, answer)

    def set_variables(self, name: str, **variables: object) -> None:
        """Set custom variables of a host or a service (`host!service`)."""
        attributes = {f"vars.{variable}": value for variable, value in variables.items()}
        (done,) = self.api("POST", self._path(name), {"attrs": attributes})["results"]
        assert done["code"] == 200, done

    def attributes(self, name: str, *wanted: str) -> dict[str, Any]:
        """Attributes of a host or a service (`host!service`)."""
        query = "&".join(f"attrs={attribute}" for attribute in wanted)
        return self._attributes(f"{self._path(name)}?{query}")

    def check(self, name: str) -> CheckResult:
        """Force a check of a host or a service (`host!service`) and return its result."""
        before = self.attributes(name, "last_check")["last_check"]
        kind = "Service" if "!" in name else "Host"
        body = {"type": kind, kind.lower(): name, "force": True}
        self.api("POST", "/v1/actions/reschedule-check", body)

        def fresh() -> dict[str, Any] | None:
            found = self.attributes(name, "last_check", "last_check_result")
            return found["last_check_result"] if found["last_check"] > before else None

        result = self.wait_for(f"a result of {name}", fresh)
        return CheckResult(
            int(result["state"]),
            result["output"].removesuffix(" "),  # the blank before perfdata stays with the text
            result["performance_data"] or [],
            result["command"] or [],
            result["check_source"],
        )

    def _path(self, name: str) -> str:
        kind = "services" if "!" in name else "hosts"
        return f"/v1/objects/{kind}/{urllib.parse.quote(name)}"

    def api(self, method: str, path: str, body: object = None) -> Any:
        """What the REST API answers, as JSON."""
        credentials = b64encode(f"test:{_PASSWORD}".encode()).decode()
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Accept": "application/json", "Authorization": f"Basic {credentials}"},
        )
        with urllib.request.urlopen(request, context=self._trust, timeout=10) as answer:
            return json.load(answer)

    def _attributes(self, path: str) -> dict[str, Any]:
        (found,) = self.api("GET", path)["results"]
        attributes: dict[str, Any] = found["attrs"]
        return attributes

    def _api_status(self) -> object:
        try:
            return self.api("GET", "/v1/status/ApiListener")
        except (urllib.error.URLError, OSError):
            return None
