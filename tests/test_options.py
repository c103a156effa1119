"""The shared options: valid, complete and free of contradictions, or a usage error."""

import socket
from pathlib import Path
from typing import Any

import pytest

from check_smtp_core import __version__
from check_smtp_core.findings import VOCABULARY, State
from check_smtp_core.options import Options, parse_options
from check_smtp_core.parser import Information, Parser, UsageError
from check_smtp_core.shared_options import add_shared_options

OK, WARNING, CRITICAL = State.OK, State.WARNING, State.CRITICAL


def parse(*arguments: str) -> Options:
    parser = Parser("check_smtp_test", "Is this a test?")
    add_shared_options(parser)
    return parse_options(parser, arguments)


DEFAULTS: dict[str, Any] = {
    "hostnames": ("mail.example.com",),
    "hostname": "mail.example.com",
    "all_addresses": False,
    "mx": "",
    "ignore_mx": (),
    "quorum": 0,
    "perfdata_each": False,
    "port": 25,
    "family": 0,
    "source_address": "",
    "proxy_protocol": 0,
    "ehlo_name": "",
    "lmtp": False,
    "timeout": 8.0,
    "thresholds": {},
    "tls_mode": "",
    "servername": "",
    "sni": True,
    "ca_file": "",
    "ca_path": "",
    "verify": True,
    "states": {},
    "verbose": 0,
}


def parsed(*arguments: str) -> dict[str, Any]:
    """What differs from the defaults, for mail.example.com unless another host is given."""
    host = () if "-H" in arguments else ("-H", "mail.example.com")
    options = parse(*host, *arguments)
    values = {name: getattr(options, name) for name in DEFAULTS}
    if values["hostnames"] == (values["hostname"],):
        values["hostnames"] = DEFAULTS["hostnames"]
    return {name: value for name, value in values.items() if value != DEFAULTS[name]}


def test_these_are_all_shared_options() -> None:
    assert set(Options.__annotations__) == set(DEFAULTS)


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ([], {}),
        (["-H", "192.0.2.25"], {"hostname": "192.0.2.25", "family": socket.AF_INET}),
        (["-H", "2001:db8::1"], {"hostname": "2001:db8::1", "family": socket.AF_INET6}),
        (["-H", "[2001:db8::1]"], {"hostname": "2001:db8::1", "family": socket.AF_INET6}),
        (["-H", "bücher.example"], {"hostname": "xn--bcher-kva.example"}),
        (
            ["-H", "a.example", "-H", "b.example,a.example"],
            {"hostnames": ("a.example", "b.example"), "hostname": ""},
        ),
        (
            ["-H", "192.0.2.25,2001:db8::1"],
            {"hostnames": ("192.0.2.25", "2001:db8::1"), "hostname": ""},
        ),
        (["--all-addresses"], {"all_addresses": True, "hostname": ""}),
        (
            ["--mx", "example.com", "--ignore-mx", "a.example", "--quorum", "2"],
            {"mx": "example.com", "ignore_mx": ("a.example",), "quorum": 2}
            | {"hostnames": (), "hostname": ""},
        ),
        (["-p", "587"], {"port": 587}),
        (["--port=587"], {"port": 587}),
        (["-4"], {"family": socket.AF_INET}),
        (["-6"], {"family": socket.AF_INET6}),
        (
            ["--source-address", "192.0.2.10"],
            {"source_address": "192.0.2.10", "family": socket.AF_INET},
        ),
        (["-4", "-H", "192.0.2.25"], {"hostname": "192.0.2.25", "family": socket.AF_INET}),
        (["--proxy-protocol", "v1"], {"proxy_protocol": 1}),
        (["--proxy-protocol", "2"], {"proxy_protocol": 2}),
        (["-F", "probe.example.net"], {"ehlo_name": "probe.example.net"}),
        (["--ehlo-name", "[192.0.2.10]"], {"ehlo_name": "[192.0.2.10]"}),
        (["-L"], {"lmtp": True}),
        (["--lmtp"], {"lmtp": True}),
        (["-t", "2.5"], {"timeout": 2.5}),
        (["--timeout", "2.5"], {"timeout": 2.5}),
        (["-t", "5:warning"], {"timeout": 5.0, "states": {"timeout": WARNING}}),
        (["-w", "2"], {"thresholds": {"time": ("2", "")}}),
        (["-c", "5"], {"thresholds": {"time": ("", "5")}}),
        (["-w", "2", "-c", "5"], {"thresholds": {"time": ("2", "5")}}),
        (["-w", "5", "-c", "2"], {"thresholds": {"time": ("5", "2")}}),
        (["--warning=@1:2", "--critical=~:9"], {"thresholds": {"time": ("@1:2", "~:9")}}),
        (["-w", ":2", "-c", "@:5"], {"thresholds": {"time": (":2", "@:5")}}),
        (["--servername", "mx.example.com"], {"servername": "mx.example.com"}),
        (["--no-sni"], {"sni": False}),
        (["--ca-file", "/etc/ca.pem"], {"ca_file": "/etc/ca.pem"}),
        (["--ca-path", "/etc/ca certs"], {"ca_path": "/etc/ca certs"}),
        (["--no-verify"], {"verify": False}),
        (["-v"], {"verbose": 1}),
        (["-v", "--verbose"], {"verbose": 2}),
        (["-vvv"], {"verbose": 3}),
        (["-vvvvv"], {"verbose": 3}),
    ],
)
def test_an_option_sets_what_it_says_and_nothing_else(
    arguments: list[str], values: dict[str, Any]
) -> None:
    assert parsed(*arguments) == values


@pytest.mark.parametrize(
    "option",
    [
        "-p",
        "--source-address",
        "--proxy-protocol",
        "-F",
        "-t",
        "-w",
        "-c",
        "--phase-warning",
        "--phase-critical",
        "--servername",
        "--ca-file",
        "--ca-path",
        "--state",
    ],
)
def test_an_empty_value_means_not_given(option: str) -> None:
    """Icinga passes `--port ""`."""
    assert parsed(option, "") == {}


# -- port and TLS


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (["-s"], {"port": 465, "tls_mode": "implicit"}),
        (["--tls"], {"port": 465, "tls_mode": "implicit"}),
        (["-p", "465"], {"port": 465, "tls_mode": "implicit"}),
        (["-p", "465", "-s"], {"port": 465, "tls_mode": "implicit"}),
        (["-s", "-p", "25"], {"tls_mode": "implicit"}),
        (["-S"], {"tls_mode": "starttls"}),
        (["--starttls"], {"tls_mode": "starttls"}),
        (["-S", "-p", "465"], {"port": 465, "tls_mode": "starttls"}),
        (
            ["-H", "a.example", "-H", "b.example,a.example"],
            {"hostnames": ("a.example", "b.example"), "hostname": ""},
        ),
        (
            ["-H", "192.0.2.25,2001:db8::1"],
            {"hostnames": ("192.0.2.25", "2001:db8::1"), "hostname": ""},
        ),
        (["--all-addresses"], {"all_addresses": True, "hostname": ""}),
        (
            ["--mx", "example.com", "--ignore-mx", "a.example", "--quorum", "2"],
            {"mx": "example.com", "ignore_mx": ("a.example",), "quorum": 2}
            | {"hostnames": (), "hostname": ""},
        ),
        (["-p", "587"], {"port": 587}),
        (["-s", "-s", "--tls"], {"port": 465, "tls_mode": "implicit"}),
    ],
)
def test_port_465_means_implicit_tls_unless_starttls_is_given(
    arguments: list[str], values: dict[str, Any]
) -> None:
    """RFC 8314."""
    assert parsed(*arguments) == values


# -- states


@pytest.mark.parametrize(
    ("arguments", "states"),
    [
        (["--state", "masked=ok"], {"masked": OK}),
        (["--state", "masked=0,slow=2"], {"masked": OK, "slow": CRITICAL}),
        (["--state", " masked=ok , slow=critical "], {"masked": OK, "slow": CRITICAL}),
        (["--state", "masked=ok", "--state", "slow=2"], {"masked": OK, "slow": CRITICAL}),
        (["--state", "masked=ok,masked=warning"], {"masked": WARNING}),
        (["--state", "masked=warning", "--state", "masked=ok"], {"masked": OK}),
        (["--state", "expired=ok,not-reloaded=ok"], {"expired": OK, "not-reloaded": OK}),
        (["-t", "8:ok"], {"timeout": OK}),
        (["-t", "8:ok", "--state", "timeout=ok"], {"timeout": OK}),
        (["-t", "8:ok", "--state", "timeout=critical,timeout=ok"], {"timeout": OK}),
        (["-t", "8:3", "--state", "masked=ok"], {"masked": OK, "timeout": State.UNKNOWN}),
        (["-t", "8", "--state", "timeout=ok"], {"timeout": OK}),
    ],
)
def test_a_finding_can_have_another_state_and_the_later_wins(
    arguments: list[str], states: dict[str, State]
) -> None:
    assert parsed(*arguments) == {"states": states}


# -- thresholds


@pytest.mark.parametrize(
    ("arguments", "thresholds"),
    [
        (["--phase-warning", "greeting=2"], {"greeting": ("2", "")}),
        (["--phase-critical", "greeting=2:5"], {"greeting": ("", "2:5")}),
        (
            ["--phase-warning", "ehlo=1,connect=0.5", "--phase-critical", "ehlo=3"],
            {"connect": ("0.5", ""), "ehlo": ("1", "3")},
        ),
        (
            ["--phase-warning", "ehlo=1", "--phase-warning", "connect=0.5"],
            {"connect": ("0.5", ""), "ehlo": ("1", "")},
        ),
        (["--phase-warning", "ehlo=1,ehlo=2"], {"ehlo": ("2", "")}),
        (["--phase-warning", "time=3", "-c", "5"], {"time": ("3", "5")}),
        (["-w", "3", "--phase-warning", "time=3"], {"time": ("3", "")}),
        (["-w", "3", "--phase-critical", "time=5"], {"time": ("3", "5")}),
    ],
)
def test_a_phase_has_its_own_thresholds(
    arguments: list[str], thresholds: dict[str, tuple[str, str]]
) -> None:
    assert parsed(*arguments) == {"thresholds": thresholds}


def test_thresholds_stand_in_the_order_of_the_phases() -> None:
    phases = "data=1,ehlo_tls=1,dns=1,time=1,tls=1,greeting=1"
    thresholds = parse("-H", "mail", "--phase-warning", phases).thresholds
    assert list(thresholds) == ["time", "dns", "greeting", "tls", "ehlo_tls", "data"]


# -- usage errors

FAMILIES = "host, source address and -4 or -6 are of different address families"
CONTROL = "is not allowed: it holds control characters"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-H", ""], "no hostname is given (-H)"),
        (["--ignore-mx", "a"], "--ignore-mx is for --mx"),
        (["--mx", "192.0.2.1"], "--mx is for a domain, not for an address"),
        (["-H", "a,b", "--quorum", "3"], "--quorum 3 is more than there are hosts"),
        (["--quorum", "1"], "--quorum and --perfdata-each are for several endpoints"),
        (["--perfdata-each"], "--quorum and --perfdata-each are for several endpoints"),
        (["-H", "192.0.2.1", "-H", "2001:db8::1", "-4"], FAMILIES),
        (["-p", "25", "--port", "25"], "--port is given twice"),
        (["-F", "a", "-F", "b"], "-F is given twice"),
        (["-t", "5", "-t", "6"], "-t is given twice"),
        (["-w", "5", "-w", "6"], "-w is given twice"),
        (["--servername", "a", "--servername", "b"], "--servername is given twice"),
        (["-s", "-S"], "-S contradicts another option"),
        (["--starttls", "--tls"], "--tls contradicts another option"),
        (["-4", "-6"], "-6 contradicts another option"),
        (["-4", "-H", "::1"], FAMILIES),
        (["-6", "-H", "127.0.0.1"], FAMILIES),
        (["-H", "::1", "--source-address", "127.0.0.1"], FAMILIES),
        (["-6", "--source-address", "127.0.0.1"], FAMILIES),
        (
            ["-t", "5:ok", "--state", "timeout=critical"],
            "-t and --state give different states for timeout",
        ),
        (
            ["-w", "3", "--phase-warning", "time=4"],
            "-w contradicts another threshold for the time",
        ),
        (
            ["-c", "3", "--phase-critical", "time=4"],
            "-c contradicts another threshold for the time",
        ),
        (["-w", "5:1"], 'argument -w/--warning: "5:1" is a range that starts after its end'),
        (
            ["-c", "1e3"],
            'argument -c/--critical: "1e3" is no range such as 5, 2:5, 30:, ~:5 or @1:2',
        ),
        (["-p", "smtp"], 'argument -p/--port: "smtp" is not a port from 1 to 65535'),
        (
            ["-t", "0"],
            'argument -t/--timeout: "0" is not a number of seconds above 0 and up to 3600',
        ),
        (
            ["--state", "local=ok"],
            'argument --state: "local=ok" is not possible: '
            "a fault of this machine is always UNKNOWN",
        ),
        (
            ["--state", "masked=ok,no-such=ok"],
            'argument --state: "no-such" is no finding; --help lists them',
        ),
        (
            ["--explain", "no-such"],
            'argument --explain: "no-such" is no finding; --help lists them',
        ),
        (["mail2"], 'unknown argument "mail2"'),
        (["--host", "x"], 'unknown argument "--host"'),
        (["--timeou=5"], 'unknown argument "--timeou=5"'),
        (["--no-such-option"], 'unknown argument "--no-such-option"'),
        (["-F", "probe\udcff"], "an argument is not valid UTF-8"),
    ],
)
def test_nonsense_is_a_usage_error(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as error:
        parsed(*arguments)
    assert str(error.value) == message


def test_a_host_must_be_given() -> None:
    with pytest.raises(UsageError) as error:
        parse()
    assert str(error.value) == "no hostname is given (-H)"


@pytest.mark.parametrize("smuggled", ["a\r\nQUIT", "a\nb", "a\rb", "a\x00b", "a\x7f", "a\x85b"])
@pytest.mark.parametrize(
    ("option", "names"),
    [
        ("-H", "-H/--hostname"),
        ("-F", "-F/--ehlo-name"),
        ("--servername", "--servername"),
        ("--source-address", "--source-address"),
        ("--ca-file", "--ca-file"),
        ("--ca-path", "--ca-path"),
    ],
)
def test_no_value_smuggles_a_line_into_the_session(option: str, names: str, smuggled: str) -> None:
    with pytest.raises(UsageError) as error:
        parsed(option, smuggled)
    assert str(error.value) == f'argument {names}: "{smuggled}" {CONTROL}'


@pytest.mark.parametrize(
    ("letter", "advice"),
    [
        ("-e", "use --expect or --expect-code of check_smtp_banner"),
        ("-C", "no commands of one's own are sent; see check_smtp_ehlo --require"),
        ("-R", "no commands of one's own are sent; see check_smtp_ehlo --require"),
        ("-f", "use --mail-from of check_smtp_rcpt"),
        ("-D", "days of validity are -w and -c of check_smtp_cert"),
        ("-A", "use check_smtp_auth --mechanism"),
        ("-U", "use check_smtp_auth --user"),
        ("-P", "passwords never stand here, see check_smtp_auth --password-file"),
        ("-q", "not needed, what happens at QUIT never changes the state"),
        ("-r", "use --proxy-protocol"),
    ],
)
@pytest.mark.parametrize("value", [[], ["value"], [""]])
def test_letters_of_check_smtp_name_their_heir(letter: str, advice: str, value: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        parsed(letter, *value)
    assert str(error.value) == f"{letter} is an option of check_smtp: {advice}"


# -- texts


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_names_the_executable(option: str) -> None:
    with pytest.raises(Information) as information:
        parse(option)
    assert str(information.value) == f"check_smtp_test {__version__}"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_option_and_finding_in_80_columns(option: str) -> None:
    with pytest.raises(Information) as information:
        parse(option)
    text = str(information.value)
    assert [line for line in text.splitlines() if len(line) >= 80] == []
    words = text.replace(",", " ").replace("[", " ").split()
    assert set(VOCABULARY) - set(words) == set()
    options = (
        "-H --hostname -p --port -4 -6 -t --timeout -w --warning -c --critical --phase-warning "
        "--phase-critical -F --ehlo-name -s --tls -S --starttls --servername --no-sni --ca-file "
        "--ca-path --no-verify --source-address --proxy-protocol -L --lmtp --state --extra-opts "
        "-v --verbose -V --version -h --help --explain"
    )
    assert set(options.split()) - set(words) == set()


@pytest.mark.parametrize("name", VOCABULARY)
def test_every_finding_can_be_explained(name: str) -> None:
    with pytest.raises(Information) as information:
        parse("--explain", name)
    assert str(information.value).startswith(name)


def test_a_text_needs_no_host_and_no_readable_file() -> None:
    with pytest.raises(Information):
        parse("--extra-opts=@/nonexistent/file", "--version")


# -- extra options


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    return tmp_path / "plugins.ini"


@pytest.mark.parametrize(
    ("lines", "arguments", "values"),
    [
        ("port=587", [], {"port": 587}),
        ("port=587", ["-p", "26"], {"port": 26}),
        ("port=587", ["-p", ""], {"port": 587}),
        ("p=587", ["--port", "26"], {"port": 26}),
        ("starttls", [], {"tls_mode": "starttls"}),
        ("S", ["--tls"], {"port": 465, "tls_mode": "implicit"}),
        ("6", ["-4"], {"family": socket.AF_INET}),
        ("state=masked=ok", ["--state", "slow=ok"], {"states": {"masked": OK, "slow": OK}}),
        ("state=masked=ok", ["--state", "masked=2"], {"states": {"masked": CRITICAL}}),
        ("timeout=5:ok", ["-t", "6"], {"timeout": 6.0}),
        ("w=3\nc=5", ["-w", "4"], {"thresholds": {"time": ("4", "5")}}),
        (
            "phase-warning=ehlo=1,time=3",
            ["--phase-warning", "ehlo=2"],
            {"thresholds": {"time": ("3", ""), "ehlo": ("2", "")}},
        ),
        ('ehlo-name="probe.example.net"', [], {"ehlo_name": "probe.example.net"}),
        ("port=\nehlo-name=probe", [], {"ehlo_name": "probe"}),
        pytest.param(
            "p=\nF=probe",
            [],
            {"ehlo_name": "probe"},
            id="a letter without a value does not swallow the next option",
        ),
        ("", [], {}),
        pytest.param(
            "phase-warning=time=3",
            ["-w", "4"],
            {"thresholds": {"time": ("4", "")}},
            id="-w wins over a phase threshold of the file",
        ),
        pytest.param(
            "state=timeout=critical",
            ["-t", "6:ok"],
            {"timeout": 6.0, "states": {"timeout": OK}},
            id="-t N:STATE wins over a state of the file",
        ),
        pytest.param(
            "timeout=6:ok",
            ["--state", "timeout=critical"],
            {"timeout": 6.0, "states": {"timeout": CRITICAL}},
            id="--state wins over -t N:STATE of the file",
        ),
    ],
)
def test_the_command_line_wins_over_the_file(
    ini: Path, lines: str, arguments: list[str], values: dict[str, Any]
) -> None:
    ini.write_text(f"[check_smtp_test]\n{lines}\n")
    assert parsed(f"--extra-opts=@{ini}", *arguments) == values


def test_the_host_may_come_from_the_file(ini: Path) -> None:
    ini.write_text("[mx]\nH=mx.example.com\n")
    assert parse(f"--extra-opts=mx@{ini}").hostname == "mx.example.com"


def test_an_empty_value_is_no_request_for_the_usual_file(ini: Path) -> None:
    """Icinga 2 gives an agent empty values for variables that are not set."""
    assert parsed("--extra-opts", "") == parsed("--extra-opts=") == {}


def test_without_a_value_the_usual_file_is_read(
    ini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ini.write_text("[check_smtp_test]\nport=26\n")
    monkeypatch.setenv("MP_CONFIG_FILE", str(ini))
    assert parsed("--extra-opts") == {"port": 26}


def test_several_sections_are_read_in_their_order(ini: Path) -> None:
    ini.write_text("[a]\nstate=masked=ok\n[b]\nport=26\nstate=masked=critical\n")
    values = parsed(f"--extra-opts=a@{ini}", "--extra-opts", f"b@{ini}")
    assert values == {"port": 26, "states": {"masked": CRITICAL}}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("port=smtp", 'argument -p/--port: "smtp" is not a port from 1 to 65535'),
        ("port=25\np=26", "-p is given twice"),
        ("S\ns", "-s contradicts another option"),
        ("no-such=1", 'unknown argument "--no-such=1"'),
        (
            "e=220",
            "-e is an option of check_smtp: use --expect or --expect-code of check_smtp_banner",
        ),
        ("extra-opts=other", "--extra-opts does not work inside its file"),
        ("port=26\nextra-opts", "--extra-opts does not work inside its file"),
        ("ehlo-name=a\x00b", f'argument -F/--ehlo-name: "a\x00b" {CONTROL}'),
    ],
)
def test_nonsense_in_the_file_is_a_usage_error_as_well(
    ini: Path, lines: str, message: str
) -> None:
    ini.write_text(f"[check_smtp_test]\n{lines}\n")
    with pytest.raises(UsageError) as error:
        parsed(f"--extra-opts=@{ini}")
    assert str(error.value) == message


def test_a_file_that_cannot_be_read_is_a_usage_error(ini: Path) -> None:
    with pytest.raises(UsageError) as error:
        parsed(f"--extra-opts=@{ini}")
    assert str(error.value) == f"--extra-opts: {ini}: no such file or directory"
