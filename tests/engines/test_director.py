"""The Director's basket in the real Director, and what Icinga 2 then knows of the commands."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import PATH, own_account
from tests.engines.conftest import contrib
from tests.engines.debian import need
from tests.engines.director import PACKAGES, Director, running
from tests.test_suite import CHECKS, options_of

COMMANDS = [check.removeprefix("check_") for check in CHECKS]
TABLES = (
    "icinga_command",
    "icinga_service",
    "director_datafield",
    "icinga_command_field",
    "icinga_command_argument",
)
ICINGA2 = """\
const PluginDir = "/usr/lib/nagios/plugins"
const PluginContribDir = PluginDir
const ManubulonPluginDir = PluginDir
const NodeName = "node"
const ZoneName = NodeName
include <itl>
include <plugins>
object Endpoint NodeName { }
object Zone ZoneName { endpoints = [ NodeName ] }
object Host "mx" { check_command = "dummy"; address = "192.0.2.25" }
"""


@pytest.fixture(scope="module")
def director() -> Iterator[Director]:
    need("icinga2-bin", *PACKAGES)
    with running() as director:
        yield director


def basket(director: Director) -> str:
    """The form for this Director: before 1.11 it cannot read a uuid."""
    name = "" if director.version >= (1, 11) else "-director-1.10"
    return contrib(f"icinga/director/check_smtp-basket{name}.json")


def test_a_second_import_changes_nothing(director: Director) -> None:
    options = sum(len(options_of(check)) for check in CHECKS)
    counts = (len(CHECKS), len(CHECKS), options, options, options)
    expected = dict(zip(TABLES, counts, strict=True))
    for _ in range(2):
        assert director.restore(basket(director)) == (
            "Objects from Basket Snapshot have been restored\n"
        )
        assert {table: director.rows(table) for table in TABLES} == expected


def test_the_directors_commands_are_those_of_check_smtp_conf(
    director: Director, tmp_path: Path
) -> None:
    director.restore(basket(director))
    by_hand = validated(tmp_path / "by_hand", contrib("icinga/check_smtp.conf"))
    rendered = validated(tmp_path / "rendered", director.rendered())
    for name in COMMANDS:
        assert ours(rendered["CheckCommand", name]) == ours(by_hand["CheckCommand", name])


def test_services_get_their_command_and_intervals_from_the_templates(
    director: Director, tmp_path: Path
) -> None:
    director.restore(basket(director))
    services = "".join(
        f'object Service "{name}" {{ host_name = "mx"\n'
        f'import "tpl-service-{name.replace("_", "-")}" }}\n'
        for name in COMMANDS
    )
    objects = validated(tmp_path, director.rendered() + services)
    names = ("check_command", "check_interval", "retry_interval", "max_check_attempts")
    seen = [[objects["Service", name][each] for each in names] for name in COMMANDS]
    assert seen == [
        ["smtp_auth", 300, 60, 3],
        ["smtp_banner", 300, 60, 3],
        ["smtp_cert", 3600, 60, 3],
        ["smtp_ehlo", 300, 60, 3],
        ["smtp_loop", 300, 60, 3],
        ["smtp_queue", 300, 60, 3],
        ["smtp_rcpt", 300, 60, 3],
        ["smtp_relay", 3600, 60, 3],
        ["smtp_starttls", 300, 60, 3],
    ]


def validated(folder: Path, conf: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The properties of all objects, by type and name, as Icinga 2 itself understands them."""
    folder.mkdir(exist_ok=True)
    (folder / "icinga2.conf").write_text(ICINGA2 + conf, encoding="utf-8")
    user, group = own_account()
    environment = {"PATH": PATH, "ICINGA2_USER": user, "ICINGA2_GROUP": group}

    def icinga2(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["icinga2", "daemon", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    # Up to 2.13 it dumps its objects unasked.
    dump = [word for word in ("--dump-objects",) if word in icinga2("--help").stdout]
    names = ("ConfigDir", "ZonesDir", "DataDir", "LogDir", "CacheDir", "SpoolDir", "InitRunDir")
    where = [f"-D{name}={folder}" for name in names]
    done = icinga2("-C", *dump, "-c", str(folder / "icinga2.conf"), *where)
    assert done.returncode == 0, done.stdout
    assert "warning" not in done.stdout
    objects = {}
    rest = (folder / "icinga2.debug").read_bytes()
    while rest:
        # One netstring an object.
        length, _, rest = rest.partition(b":")
        text, rest = rest[: int(length)], rest[int(length) + 1 :]
        each = json.loads(text)
        objects[each["type"], each["name"]] = each["properties"]
    return objects


def ours(command: dict[str, Any]) -> dict[str, Any]:
    """The parts of a command that are of this suite, and not of Icinga's templates.

    The template ipv4-or-ipv6 is one that the Director does not have: where it chooses, the
    Director's commands take the host's address.
    """
    variables = {
        name: str(value).replace("$check_address$", "$address$")
        for name, value in (command["vars"] or {}).items()
        if not name.startswith("check_")
    }
    return {"command": command["command"], "arguments": command["arguments"], "vars": variables}
