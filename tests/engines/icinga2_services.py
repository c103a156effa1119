"""The cases as services of Icinga 2, by way of the CheckCommands of contrib/icinga."""

import json
from collections.abc import Iterable
from pathlib import Path

from tests.engines.cases import Case, equalled
from tests.engines.icinga2 import CheckResult
from tests.engines.mail_servers import MailServers

_HOST = """
object Host "mx" {
	check_command = "dummy"
	enable_active_checks = false
	address = "127.0.0.1"
}
template Service "case" {
	host_name = "mx"
	enable_active_checks = false
	max_check_attempts = 1
	command_endpoint = ENDPOINT
}
"""

_LISTS = ("require", "forbid", "require-auth", "forbid-auth", "refuse-version", "phase-warning")


def case_services(cases: Iterable[Case], servers: MailServers, endpoint: str = "") -> str:
    """A host `mx` with one service for each case, run here or on another endpoint."""
    node = json.dumps(endpoint) if endpoint else "null"
    return "\n".join(
        [_HOST.replace("ENDPOINT", node), *(_service(case, servers) for case in cases)]
    )


def _service(case: Case, servers: MailServers) -> str:
    settings = "".join(
        f"\tvars.{name} = {json.dumps(value)}\n"
        for name, value in _variables(case, servers).items()
    )
    return (
        f'object Service "{case.name}" {{\n\timport "case"\n'
        f'\tcheck_command = "smtp_{case.check}"\n{settings}}}\n'
    )


def _variables(case: Case, servers: MailServers) -> dict[str, object]:
    found: dict[str, object] = {f"smtp_{case.check}_port": servers.ports[case.server]}
    for option, value in case.given(servers.files):
        name = option.removeprefix("--").replace("-", "_")
        found[f"smtp_{case.check}_{name}"] = value or True
    return found


def assert_shown(result: CheckResult, case: Case, servers: MailServers, plugins: Path) -> None:
    """The result is the case's: state, text, each perfdata item, and the words of the command."""
    port = servers.ports[case.server]
    assert result.state == case.state
    assert equalled(result.output, port) == case.text
    assert [equalled(each, port) for each in result.perfdata] == case.perfdata.split()
    given = [("--hostname", "127.0.0.1"), ("--port", str(port)), *case.given(servers.files)]
    words = [word for option in sorted(given) for word in option if word]
    assert result.command == [str(plugins / f"check_smtp_{case.check}"), *words]
