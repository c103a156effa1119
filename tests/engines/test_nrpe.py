"""NRPE: the commands of contrib/nrpe, exit codes, output and perfdata through check_nrpe."""

import os
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
    """The servers, with their files where NRPE's user may read them."""
    password = shutil.copy(servers.password_file, open_folder)
    if os.getuid() == 0:
        shutil.chown(password, "nobody")
    maildir = Path(servers.maildir)
    for folder in (maildir.parent, maildir, *maildir.iterdir()):
        folder.chmod(0o755)
    ca_file = shutil.copy(servers.ca_file, open_folder)
    return servers._replace(ca_file=str(ca_file), password_file=str(password))


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
    where = f"-H 127.0.0.1 -p {servers.ports[case.server]}" if case.server else ""
    return f"{plugin} {where} {shlex.join(case.words(servers.files))}"


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


def test_the_fixed_commands_of_contrib(nrpe: Nrpe, servers: MailServers) -> None:
    """One of them for real; what exactly each of them says is the next test."""
    code, output = nrpe.check("check_submission_ehlo")
    text = "SMTP_EHLO OK - 127.0.0.1:PORT offers 4 extensions inside TLSv1.3 in T s: "
    assert equalled(output, servers.ports["smtp"])[: len(text)] == text
    assert code == 0


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("check_smtp_banner", "[check_smtp_banner][-H][127.0.0.1][-w][2][-c][5]"),
        ("check_smtp_ehlo", "[check_smtp_ehlo][-H][127.0.0.1][--require][STARTTLS]"),
        ("check_smtp_starttls", "[check_smtp_starttls][-H][127.0.0.1]"),
        (
            "check_submission_ehlo",
            "[check_smtp_ehlo][-H][127.0.0.1][-p][587][--starttls][--require-auth][PLAIN]",
        ),
        (
            "check_smtp_cert",
            "[check_smtp_cert][-H][127.0.0.1][--servername][mail.example.com][--file]"
            "[/etc/ssl/certs/mail.pem]",
        ),
        (
            "check_smtp_rcpt",
            "[check_smtp_rcpt][-H][127.0.0.1][--accept][postmaster@example.com][--reject]"
            "[no-such-user@example.com]",
        ),
        ("check_smtp_relay", "[check_smtp_relay][-H][127.0.0.1][--xclient][203.0.113.1]"),
        (
            "check_smtp_auth",
            "[check_smtp_auth][-H][127.0.0.1][--servername][mail.example.com][-U]"
            "[monitor@example.com][--password-file][/etc/nagios/smtp-password]",
        ),
        ("check_smtp_queue", "[check_smtp_queue]"),
        (
            "check_smtp_loop",
            "[check_smtp_loop][-H][127.0.0.1][--recipient][loop@example.com][--maildir]"
            "[/var/mail/loop/Maildir][--state-file][/var/lib/nagios/smtp-loop][-w][300][-c][1800]",
        ),
    ],
)
def test_the_words_of_the_fixed_commands(spelling_nrpe: Nrpe, command: str, words: str) -> None:
    assert spelling_nrpe.check(command) == (0, words)


@pytest.fixture(scope="module")
def spelling_nrpe(spellers: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nrpe]:
    need(*PACKAGES)
    commands = contrib("nrpe/check_smtp.cfg").replace(PLUGIN_FOLDER, str(spellers))
    nrpe = Nrpe(tmp_path_factory.mktemp("nrpe"), free_port(), commands)
    yield nrpe
    nrpe.stop()


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
def nrpe_with_arguments(spellers: Path) -> Iterator[Nrpe]:
    need(*PACKAGES)
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        program = build_nrpe(folder)
        commands = contrib("nrpe/check_smtp_arguments.cfg").replace(PLUGIN_FOLDER, str(spellers))
        nrpe = Nrpe(folder, free_port(), commands, program=program)
        yield nrpe
        nrpe.stop()


HARD_WORDS = ("mx  1", "*", "$HOME", "~:5", "@1:2")


@pytest.mark.parametrize(
    ("command", "given", "words"),
    [
        (
            "check_smtp_banner",
            HARD_WORDS,
            "[-H][mx  1][-p][*][--expect][$HOME][-w][~:5][-c][@1:2]",
        ),
        ("check_smtp_ehlo", HARD_WORDS, "[-H][mx  1][-p][*][--require][$HOME][-w][~:5][-c][@1:2]"),
        (
            "check_submission_ehlo",
            HARD_WORDS,
            "[-H][mx  1][-p][*][--starttls][--require-auth][$HOME][-w][~:5][-c][@1:2]",
        ),
        (
            "check_smtp_starttls",
            HARD_WORDS,
            "[-H][mx  1][-p][*][--refuse-version][$HOME][-w][~:5][-c][@1:2]",
        ),
        (
            "check_smtp_cert",
            HARD_WORDS,
            "[-H][mx  1][-p][*][--servername][$HOME][-w][~:5][-c][@1:2]",
        ),
        ("check_smtp_rcpt", HARD_WORDS, "[-H][mx  1][-p][*][--accept][$HOME][-w][~:5][-c][@1:2]"),
        (
            "check_smtp_relay",
            HARD_WORDS,
            "[-H][mx  1][-p][*][--xclient][$HOME][-w][~:5][-c][@1:2]",
        ),
        (
            "check_smtp_auth",
            ("587", "~:5", "@1:2"),
            "[-H][127.0.0.1][-p][587][--servername][mail.example.com][-U][monitor@example.com]"
            "[--password-file][/etc/nagios/smtp-password][-w][~:5][-c][@1:2]",
        ),
        ("check_smtp_queue", ("90m", "3d"), "[-w][90m][-c][3d]"),
        ("check_smtp_banner", ("mx1",), "[-H][mx1][-p][][--expect][][-w][][-c][]"),
        # an empty argument is dropped, and those behind it move up
        ("check_smtp_banner", ("mx1", "", "^220"), "[-H][mx1][-p][^220][--expect][][-w][][-c][]"),
    ],
)
def test_arguments_arrive_as_they_were_given(
    nrpe_with_arguments: Nrpe, command: str, given: tuple[str, ...], words: str
) -> None:
    code, output = nrpe_with_arguments.check(command, *given)
    plugin = command.replace("submission", "smtp")
    assert (code, output) == (0, f"[{plugin}]{words}")


@pytest.mark.parametrize("argument", ["$(id)", "a;id", "a|id", "a`id`", "a'b", "a&b", "a>b"])
def test_nrpe_itself_refuses_what_a_shell_could_misread(
    nrpe_with_arguments: Nrpe, argument: str
) -> None:
    code, output = nrpe_with_arguments.check("check_smtp_banner", "127.0.0.1", "25", argument)
    assert code == 3
    assert output.startswith("CHECK_NRPE: Receive header underflow")
