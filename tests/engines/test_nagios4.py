"""Nagios 4: the commands of contrib/nagios, states, output and perfdata, services and pages."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.cases import CASES, Case, equalled
from tests.engines.conftest import contrib
from tests.engines.debian import need
from tests.engines.mail_servers import MailServers
from tests.engines.nagios4 import PACKAGE, PAGES_PACKAGE, Nagios4, ServiceStatus

_HOST = """
define host {
	use			generic-host
	host_name		mx
	address			127.0.0.1
	max_check_attempts	1
	contact_groups		admins
}
"""

_SERVICE = """
define service {{
	use			generic-service
	host_name		mx
	service_description	{name}
	check_command		{command}
	max_check_attempts	1
}}
"""

_WOUNDED = """
define command {{
	command_name	{name}
	command_line	{plugin} -H 127.0.0.1 -p {port}
}}
"""


def service(case: Case, servers: MailServers) -> str:
    words = [shlex.quote(word) for word in case.words(servers.files)]
    options = " ".join(words).replace("$", "$$").replace("!", r"\!").replace(";", r"\;")
    command = f"check_smtp_{case.check}!{servers.ports[case.server]}!{options}"
    return _SERVICE.format(name=case.name, command=command)


@pytest.fixture(scope="module")
def nagios(
    tmp_path_factory: pytest.TempPathFactory, plugins: Path, wounded: Path, servers: MailServers
) -> Iterator[Nagios4]:
    need(PACKAGE)
    objects = [contrib("nagios/check_smtp.cfg"), _HOST]
    objects += [service(case, servers) for case in CASES]
    for name, (plugin, server) in {
        "missing": (wounded / "missing", "smtp"),
        "killed": (wounded / "killed", "silent"),
        "mute": (wounded / "mute", "busy"),
        "halved": (wounded / "halved", "smtp"),
    }.items():
        port = servers.ports[server]
        objects.append(_WOUNDED.format(name=name, plugin=plugin, port=port))
        objects.append(_SERVICE.format(name=name, command=name))
    folder = tmp_path_factory.mktemp("nagios")
    # not all at once: plugins that wait for a processor would run out of their own time
    nagios = Nagios4(folder, plugins, "\n".join(objects), delay=0.2)
    code, words = nagios.verify()
    assert (code, re.findall(r"^(?:Warning|Error).*", words, re.MULTILINE)) == (0, [])
    nagios.start()
    yield nagios
    nagios.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_service_shows_what_the_check_said(
    nagios: Nagios4, servers: MailServers, case: Case
) -> None:
    port = servers.ports[case.server]
    status = nagios.status("mx", case.name)
    assert status.state == case.state
    # a semicolon would end a field of the engine's own files
    assert equalled(status.output, port) == case.text.replace(";", ":")
    assert equalled(status.perfdata, port) == case.perfdata
    assert status.long_output == ""


@pytest.mark.parametrize(
    ("plugin", "state", "output"),
    [
        (
            "missing",
            2,
            "(No output on stdout) stderr: execvp(PLUGIN, ...) failed. errno is 2: No such file "
            "or directory",
        ),
        ("killed", 3, "(No output on stdout) stderr:"),
        ("mute", 2, "(No output on stdout) stderr:"),
        (
            "halved",
            3,
            "SMTP_BANNER UNKNOWN - local: the Python module nagiosplugin is missing (Debian: "
            "install python3-nagiosplugin)",
        ),
    ],
)
def test_a_plugin_that_something_happened_to(
    nagios: Nagios4, wounded: Path, plugin: str, state: int, output: str
) -> None:
    status = nagios.status("mx", plugin)
    line = status.output.replace(str(wounded / plugin), "PLUGIN")
    assert status == ServiceStatus(state, status.output, "", "")
    assert line == output


def test_nagios_says_itself_that_it_lost_patience(
    tmp_path: Path, plugins: Path, servers: MailServers
) -> None:
    need(PACKAGE)
    command = f"check_smtp_banner!{servers.ports['silent']}!-t 30"
    objects = [contrib("nagios/check_smtp.cfg"), _HOST, _SERVICE.format(name="x", command=command)]
    nagios = Nagios4(tmp_path, plugins, "\n".join(objects), timeout=2)
    nagios.start()
    try:
        status = nagios.status("mx", "x")
    finally:
        nagios.stop()
    assert status == ServiceStatus(2, status.output, "", "")
    assert re.fullmatch(r"\(Service check timed out after \d\.\d\d seconds\)", status.output)


def test_no_server_commands_the_shell_of_a_notification(
    tmp_path: Path, plugins: Path, servers: MailServers
) -> None:
    """Bug: "& touch x &" in a greeting ran where illegal_macro_output_chars was not set."""
    need(PACKAGE)
    page = f'cd {tmp_path} && /usr/bin/printf "%b" "$SERVICEOUTPUT$" >page && mv page paged'
    command = f"check_smtp_banner!{servers.ports['hostile refusal']}!-v"
    objects = [contrib("nagios/check_smtp.cfg"), _HOST, _SERVICE.format(name="x", command=command)]
    nagios = Nagios4(tmp_path, plugins, "\n".join(objects), unscreened_page=page)
    nagios.start()
    try:
        status = nagios.status("mx", "x")
        nagios.wait_for_file(tmp_path / "paged")
    finally:
        nagios.stop()
    assert status.state == 2
    assert '"554 go away + touch TOUCHED, touch TOUCHED + echo"' in status.output
    assert not (tmp_path / "TOUCHED").exists()


@pytest.mark.parametrize("escape", [True, False])
def test_nothing_that_a_server_says_is_markup_of_the_web_page(
    nagios: Nagios4, servers: MailServers, escape: bool
) -> None:
    need(PAGES_PACKAGE)
    nagios.status("mx", "hostile greeting")
    page = nagios.page_of("mx", "hostile greeting", escape=escape)
    assert "(script)alert(1)(/script)" in page
    assert "alert(1)</script>" not in page
