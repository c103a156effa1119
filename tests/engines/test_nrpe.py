"""NRPE: the commands of contrib/nrpe, exit codes, output and perfdata through check_nrpe."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.engines.cases import CASES, Case, equalled
from tests.engines.conftest import contrib, free_port
from tests.engines.debian import need
from tests.engines.mail_servers import MailServers
from tests.engines.nrpe import PACKAGES, Nrpe
from tests.engines.nrpe_build import build_nrpe

PLUGIN_FOLDER = "/usr/lib/nagios/plugins"
PORTS = {"25": "smtp", "587": "smtp"}


WOUNDED = {"missing": "smtp", "killed": "silent", "mute": "busy", "halved": "smtp"}
NO_OUTPUT = "NRPE: Unable to read output"


@pytest.fixture(scope="module")
def readable_servers(servers: MailServers, open_folder: Path) -> MailServers:
    """The servers, with the authority's file where NRPE's user may read it."""
    return servers._replace(ca_file=str(shutil.copy(servers.ca_file, open_folder)))


@pytest.fixture(scope="module")
def nrpe(
    open_folder: Path, open_plugins: Path, wounded: Path, readable_servers: MailServers
) -> Iterator[Nrpe]:
    need(*PACKAGES)
    servers = readable_servers
    lines = [installed(contrib("nrpe/check_smtp.cfg"), open_plugins, servers)]
    lines += [f"command[{case.name}]={command(case, open_plugins, servers)}" for case in CASES]
    lines.append(
        f"command[impatient]={open_plugins}/check_smtp_banner -H 127.0.0.1 "
        f"-p {servers.ports['silent']} -t 30"
    )
    lines += [
        f"command[{plugin}]={wounded / plugin} -H 127.0.0.1 -p {servers.ports[server]}"
        for plugin, server in WOUNDED.items()
    ]
    nrpe = Nrpe(open_folder, free_port(), "\n".join(lines), timeout=4)
    yield nrpe
    nrpe.stop()


def command(case: Case, plugins: Path, servers: MailServers) -> str:
    plugin = f"{plugins}/check_smtp_{case.check}"
    where = f"-H 127.0.0.1 -p {servers.ports[case.server]}"
    return f"{plugin} {where} {shlex.join(case.words(servers.ca_file))}"


def installed(commands: str, plugins: Path, servers: MailServers) -> str:
    """The commands of a file, with the plugins' folder and the ports of this machine."""

    def on_its_port(match: re.Match[str]) -> str:
        return f"-H 127.0.0.1 -p {servers.ports[PORTS[match[1] or '25']]}"

    commands = commands.replace(PLUGIN_FOLDER, str(plugins))
    return re.sub(r"-H 127\.0\.0\.1(?: -p (\d+))?", on_its_port, commands)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_check_nrpe_shows_what_the_check_said(
    nrpe: Nrpe, servers: MailServers, case: Case
) -> None:
    code, output = nrpe.check(case.name)
    assert code == case.state
    expected = f"{case.text} | {case.perfdata}" if case.perfdata else case.text
    assert equalled(output, servers.ports[case.server]) == expected


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        ("check_smtp_banner", 0, 'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 '),
        ("check_smtp_ehlo", 0, "SMTP_EHLO OK - 127.0.0.1:PORT offers 4 extensions in T s: "),
        ("check_smtp_starttls", 0, "SMTP_STARTTLS OK - 127.0.0.1:PORT encrypts with TLSv1.3, "),
        (
            "check_submission_ehlo",
            0,
            "SMTP_EHLO OK - 127.0.0.1:PORT offers 4 extensions inside TLSv1.3 in T s: ",
        ),
        ("check_smtp_cert", 2, "SMTP_CERT CRITICAL - 127.0.0.1:PORT untrusted: CA is not "),
    ],
)
def test_the_fixed_commands_of_contrib(
    nrpe: Nrpe, servers: MailServers, command: str, code: int, text: str
) -> None:
    found, output = nrpe.check(command)
    assert equalled(output, servers.ports["smtp"])[: len(text)] == text
    assert found == code


@pytest.mark.parametrize(
    ("plugin", "output"),
    [
        ("missing", NO_OUTPUT),
        ("killed", NO_OUTPUT),
        ("mute", NO_OUTPUT),
        (
            "halved",
            "SMTP_BANNER UNKNOWN - local: the Python module nagiosplugin is missing (Debian: "
            "install python3-nagiosplugin)",
        ),
        ("impatient", "NRPE: Command timed out after 4 seconds"),
    ],
)
def test_a_plugin_that_something_happened_to(nrpe: Nrpe, plugin: str, output: str) -> None:
    assert nrpe.check(plugin) == (3, output)


def test_debians_nrpe_takes_no_arguments(nrpe: Nrpe) -> None:
    code, output = nrpe.check("check_smtp_banner", "127.0.0.1")
    assert code == 3
    assert output.startswith("CHECK_NRPE: Receive header underflow")


@pytest.fixture(scope="module")
def nrpe_with_arguments(open_plugins: Path, servers: MailServers) -> Iterator[Nrpe]:
    need(*PACKAGES)
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        program = build_nrpe(folder)
        commands = contrib("nrpe/check_smtp_arguments.cfg")
        commands = commands.replace(PLUGIN_FOLDER, str(open_plugins))
        nrpe = Nrpe(folder, free_port(), commands, program=program)
        yield nrpe
        nrpe.stop()


@pytest.mark.parametrize(
    ("command", "arguments", "code", "text"),
    [
        ("check_smtp_banner", (), 0, "greeted in T s: "),
        (
            "check_smtp_banner",
            ("a  *",),
            1,
            'banner-text: the greeting does not match the pattern "a  *"',
        ),
        (
            "check_smtp_banner",
            ("^$PATH",),
            1,
            'banner-text: the greeting does not match the pattern "^?PATH"',
        ),
        (
            "check_smtp_banner",
            ("^mail", "30:", "60:"),
            2,
            "slow: the session took T s (wanted: at least 60 s)",
        ),
        (
            "check_smtp_ehlo",
            ("STARTTLS,CHUNKING,BDAT",),
            2,
            "missing: not offered: CHUNKING, BDAT",
        ),
        ("check_submission_ehlo", ("PLAIN,XOAUTH2",), 2, "missing: not offered: AUTH=XOAUTH2"),
        (
            "check_smtp_starttls",
            ("TLSv1.3",),
            2,
            "tls-version: TLSv1.3 is accepted; ",
        ),
        (
            "check_smtp_cert",
            ("mx.example.net", "30", "10"),
            2,
            "untrusted: CA is not trusted here",
        ),
    ],
)
def test_arguments_arrive_as_they_were_given(
    nrpe_with_arguments: Nrpe,
    servers: MailServers,
    command: str,
    arguments: tuple[str, ...],
    code: int,
    text: str,
) -> None:
    port = servers.ports["smtp"]
    found, output = nrpe_with_arguments.check(command, "127.0.0.1", str(port), *arguments)
    _, _, words = equalled(output, port).partition(":PORT ")
    assert words[: len(text)] == text
    assert found == code


@pytest.mark.parametrize("argument", ["$(id)", "a;id", "a|id", "a`id`", "a'b", "a&b", "a>b"])
def test_nrpe_itself_refuses_what_a_shell_could_misread(
    nrpe_with_arguments: Nrpe, argument: str
) -> None:
    code, output = nrpe_with_arguments.check("check_smtp_banner", "127.0.0.1", "25", argument)
    assert code == 3
    assert output.startswith("CHECK_NRPE: Receive header underflow")


def test_nrpe_drops_empty_arguments(nrpe_with_arguments: Nrpe, servers: MailServers) -> None:
    """Which is why contrib's comment warns of them."""
    arguments = ("127.0.0.1", str(servers.ports["smtp"]), "", "^mail")
    assert nrpe_with_arguments.check("check_smtp_banner", *arguments)[0] == 0
