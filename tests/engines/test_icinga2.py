"""Icinga 2 on its own: CheckCommands to argv, states, output and perfdata, services, pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.engines import metrics
from tests.engines.cases import CASES, Case, equalled
from tests.engines.conftest import contrib, free_port
from tests.engines.debian import need
from tests.engines.graphite import Graphite, graphite
from tests.engines.icinga2 import ALONE, PACKAGE, Icinga2
from tests.engines.icinga2_services import assert_shown, case_services
from tests.engines.mail_servers import MailServers

_GRAPHITE = """
object GraphiteWriter "sink" {{
	host = "127.0.0.1"
	port = {port}
	enable_send_thresholds = true
	enable_send_metadata = true
}}
"""

_BY_NAME = """
object Service "by name" {{
	import "case"
	check_command = "smtp_banner"
	vars.smtp_address = "localhost"
	vars.smtp_port = {port}
	vars.smtp_banner_ipv4 = true
}}
"""

_BOTH_FAMILIES = """
object Host "both" {
	check_command = "dummy"
	enable_active_checks = false
	address = "127.0.0.1"
	address6 = "::1"
}
for (check in [ "banner", "ehlo", "starttls", "cert", "rcpt", "relay" ]) {
	object Service check use (check) {
		host_name = "both"
		check_command = "smtp_" + check
		enable_active_checks = false
		vars["smtp_" + check + "_state"] = [ "x" ]
	}
}
"""

_WOUNDED = """
object CheckCommand "{name}" {{
	command = [ "{plugin}", "-H", "127.0.0.1", "-p", "{port}" ]
	timeout = {timeout}
}}
object Service "{name}" {{
	import "case"
	check_command = "{name}"
}}
"""


@pytest.fixture(scope="module")
def sink() -> Iterator[Graphite]:
    with graphite() as sink:
        yield sink


@pytest.fixture(scope="module")
def icinga(
    tmp_path_factory: pytest.TempPathFactory,
    plugins: Path,
    wounded: Path,
    servers: MailServers,
    sink: Graphite,
) -> Iterator[Icinga2]:
    need(PACKAGE)
    configuration = [ALONE, contrib("icinga/check_smtp.conf"), case_services(CASES, servers)]
    configuration.append(_GRAPHITE.format(port=sink.port))
    configuration.append(_BOTH_FAMILIES)
    configuration.append(_BY_NAME.format(port=servers.ports["smtp"]))
    for name, (plugin, server) in {
        "missing": (wounded / "missing", "smtp"),
        "killed": (wounded / "killed", "silent"),
        "mute": (wounded / "mute", "busy"),
        "halved": (wounded / "halved", "smtp"),
        "impatient": (plugins / "check_smtp_banner", "silent"),
    }.items():
        # Icinga 2 kills after a tenth more; a busy machine needs that to judge and print.
        timeout = "5s" if name == "impatient" else "1m"
        port = servers.ports[server]
        configuration.append(_WOUNDED.format(name=name, plugin=plugin, port=port, timeout=timeout))
    node = Icinga2(
        tmp_path_factory.mktemp("icinga2"),
        "alone",
        free_port(),
        trustme.CA(),
        plugins,
        "\n".join(configuration),
    )
    code, words = node.validate()
    assert (code, re.findall(r"(?:warning|critical)/.*", words)) == (0, [])
    node.start()
    yield node
    node.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_service_shows_what_the_check_said(
    icinga: Icinga2, servers: MailServers, plugins: Path, case: Case
) -> None:
    result = icinga.check(f"mx!{case.name}")
    assert_shown(result, case, servers, plugins)


def test_a_name_is_looked_up_by_the_check(
    icinga: Icinga2, servers: MailServers, plugins: Path
) -> None:
    result = icinga.check("mx!by name")
    port = servers.ports["smtp"]
    assert result.state == 0
    words = ["--hostname", "localhost", "--port", str(port), "-4"]
    assert result.command == [str(plugins / "check_smtp_banner"), *words]
    assert [equalled(each, port) for each in result.perfdata] == [
        "time=Ts;;;0",
        "time_dns=Ts;;;0",
        "time_connect=Ts;;;0",
        "time_greeting=Ts;;;0",
    ]


@pytest.mark.parametrize("check", ["banner", "ehlo", "starttls", "cert", "rcpt", "relay"])
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, ["--hostname", "127.0.0.1"]),
        ({"ipv4": True}, ["--hostname", "127.0.0.1", "-4"]),
        ({"ipv6": True}, ["--hostname", "::1", "-6"]),
        ({"address": "mx6.example.com", "ipv6": True}, ["--hostname", "mx6.example.com", "-6"]),
    ],
)
def test_a_family_chooses_between_the_addresses_of_the_host(
    icinga: Icinga2, plugins: Path, check: str, variables: dict[str, object], words: list[str]
) -> None:
    name = f"both!{check}"
    unset = {"ipv4": False, "ipv6": False, "address": "$check_address$"}
    given = {f"smtp_{check}_{key}": value for key, value in {**unset, **variables}.items()}
    icinga.set_variables(name, **given)
    # nothing is asked: the option after these is none
    command = icinga.check(name).command
    assert command == [
        str(plugins / f"check_smtp_{check}"),
        *words[:2],
        "--state",
        "x",
        *words[2:],
    ]


@pytest.fixture(scope="module")
def sent_perfdata(icinga: Icinga2, sink: Graphite) -> dict[str, float]:
    """What Icinga sends on about all cases: the value of each perfdata item by its path."""
    # until it has connected, the writer forgets what it is given
    icinga.wait_for("the Graphite writer", lambda: _is_connected(icinga) or None)
    expected = {}
    icinga.check("mx!by name")
    for case in CASES:
        for item in icinga.check(f"mx!{case.name}").perfdata:
            label, value = item.split(";")[0].split("=")
            where = f"icinga2.mx.services.{case.name.replace(' ', '_')}.smtp_{case.check}"
            expected[f"{where}.perfdata.{label}.value"] = float(value.rstrip("sB"))
    icinga.wait_for("metrics", lambda: expected.keys() <= sink.metrics.keys() or None)
    return expected


def _is_connected(icinga: Icinga2) -> bool:
    (found,) = icinga.api("GET", "/v1/status/GraphiteWriter")["results"]
    connected: bool = found["status"]["graphitewriter"]["sink"]["connected"]
    return connected


def test_icinga_understood_every_perfdata_item(
    icinga: Icinga2, sink: Graphite, sent_perfdata: dict[str, float]
) -> None:
    assert {path: sink.metrics[path] for path in sent_perfdata} == pytest.approx(sent_perfdata)
    assert "invalid perfdata" not in icinga.words


@pytest.mark.parametrize(
    "queries",
    [
        metrics.of_dashboard(contrib("grafana/smtp-checks.json")),
        metrics.of_templates(contrib("icinga/graphite/check_smtp.ini")),
    ],
    ids=["dashboard", "templates"],
)
def test_every_query_asks_for_what_icinga_sends(
    sink: Graphite, sent_perfdata: dict[str, float], queries: list[metrics.Query]
) -> None:
    there = {metrics.sent(path) for path in sink.metrics}
    assert [query for query in queries if not query.metrics & there] == []


@pytest.mark.parametrize(
    ("plugin", "server", "state", "output"),
    [
        ("missing", "smtp", 3, "execvpe(PLUGIN) failed: No such file or directory"),
        ("killed", "silent", 3, "<Terminated by signal 9 (Killed).>"),
        ("mute", "busy", 2, ""),
        (
            "halved",
            "smtp",
            3,
            "SMTP_BANNER UNKNOWN - local: the Python module nagiosplugin is missing (Debian: "
            "install python3-nagiosplugin)",
        ),
        (
            "impatient",
            "silent",
            3,
            "<Timeout exceeded.>SMTP_BANNER CRITICAL - 127.0.0.1:PORT timeout: ended by SIGTERM "
            "after T s, in phase greeting",
        ),
    ],
)
def test_a_plugin_that_something_happened_to(
    icinga: Icinga2,
    servers: MailServers,
    wounded: Path,
    plugin: str,
    server: str,
    state: int,
    output: str,
) -> None:
    result = icinga.check(f"mx!{plugin}")
    assert result.state == state
    line = result.output.replace(str(wounded / plugin), "PLUGIN")
    line = line.replace(f":{servers.ports[server]} ", ":PORT ")
    assert re.sub(r"\d\.\d s", "T s", line) == output
