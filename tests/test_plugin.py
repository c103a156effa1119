"""From findings to output and exit code: what nagiosplugin would get wrong by itself."""

import socket

import pytest

from check_smtp_core.findings import VOCABULARY, State
from tests.conftest import Stage, run_check

REFUSED = "connect: connection refused (127.0.0.1)"
GREETING = "S: 220 mail.example\nC: QUIT\nS: 221 Bye"


@pytest.fixture
def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        ((), 2, f"SMTP_BANNER CRITICAL - 127.0.0.1:PORT {REFUSED}"),
        (("--state", "connect=warning"), 1, f"SMTP_BANNER WARNING - 127.0.0.1:PORT {REFUSED}"),
        (("--state", "connect=UNKNOWN"), 3, f"SMTP_BANNER UNKNOWN - 127.0.0.1:PORT {REFUSED}"),
        (("--state", "connect=0"), 0, f"SMTP_BANNER OK - 127.0.0.1:PORT {REFUSED}"),
        (
            ("--state", "connect=ok,timeout=ok", "--state", "connect=1"),
            1,
            f"SMTP_BANNER WARNING - 127.0.0.1:PORT {REFUSED}",
        ),
    ],
)
def test_a_finding_has_the_state_it_is_given_and_a_refusal_never_looks_healthy(
    closed_port: str, arguments: tuple[str, ...], code: int, line: str
) -> None:
    found, output = run_check("banner", "-H", "127.0.0.1", "-p", closed_port, *arguments)
    assert (found, output.partition(" | ")[0].replace(closed_port, "PORT")) == (code, line)


def test_a_timeout_has_the_state_behind_the_colon(stage: Stage) -> None:
    for given in ("0.2:ok", "0.2:0"):
        seen = stage("banner", "S> 220 x\nSILENCE", "-t", given)
        assert (seen.code, seen.text) == (
            0,
            "SMTP_BANNER OK - 127.0.0.1:PORT "
            'timeout: the greeting had not ended within 0.2 s: "220 x"',
        )


def test_critical_outranks_unknown(stage: Stage) -> None:
    seen = stage(
        "banner",
        "S: 220 mail.example\nC: QUIT\nS: 221 Bye",
        *("--expect", "Exim", "--expect-host", "y", "--state", "banner-text=unknown"),
    )
    assert (seen.code, seen.text) == (
        2,
        "SMTP_BANNER CRITICAL - 127.0.0.1:PORT "
        'banner-host: the greeting names "mail.example", not y; '
        'banner-text: the greeting does not match the pattern "Exim"; '
        'greeted in T s: "220 mail.example"',
    )


def test_unknown_outranks_ok(stage: Stage) -> None:
    seen = stage("banner", GREETING, "--expect", "Exim", "--state", "banner-text=unknown")
    assert seen.code == 3


def test_a_slow_phase_can_be_made_harmless_and_is_then_only_listed(stage: Stage) -> None:
    seen = stage("banner", "PAUSE\n" + GREETING, *("-c", "0.001", "--state", "slow=ok", "-v"))
    assert seen.lines == [
        'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail.example" | '
        "time=Ts;;0.001;0 time_connect=Ts;;;0 time_greeting=Ts;;;0",
        "OK slow: the session took T s (wanted: at most T s)",
    ]


def test_a_session_that_ended_has_no_time_worth_judging(stage: Stage) -> None:
    seen = stage("banner", "PAUSE\nCLOSE", "-w", "0.001")
    assert seen.lines == [
        "SMTP_BANNER CRITICAL - 127.0.0.1:PORT "
        "closed: the server closed the connection before the greeting | "
        "time=Ts;0.001;;0 time_connect=Ts;;;0"
    ]


@pytest.mark.parametrize("limit", ["0", "0:0", "@0:9"])
def test_zero_is_a_limit(stage: Stage, limit: str) -> None:
    assert stage("banner", GREETING, "-w", limit).code == 1


def test_server_text_adds_neither_line_nor_perfdata_nor_markup(stage: Stage) -> None:
    hostile = r"S> 220 a|b=1;2 <b>$(id)`id`\x1b[31m\x00\xe2\x80\xae\xc2\x85\tz" + "\\r\\n"
    seen = stage("banner", f"{hostile}\nC: QUIT\nS: 221 Bye", "-vvv")
    quoted = "220 a/b=1,2 (b)?(id)'id'[31m  z"
    assert seen.text == f'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "{quoted}"'
    output = "\n".join(seen.lines)
    assert output.count("|") == 1
    assert output.replace("\n", "").isprintable()


def test_an_ascii_output_escapes_what_it_cannot_say(stage: Stage) -> None:
    transcript = "S: 220 bücher.example\nC: QUIT\nS: 221 Bye"
    assert stage("banner", transcript).text.endswith('"220 bücher.example"')
    seen = stage("banner", transcript, encoding="ascii")
    assert seen.text.endswith(r'"220 b\xfccher.example"')


def test_the_status_line_stays_below_300_octets_whatever_a_server_says(stage: Stage) -> None:
    for encoding in ("utf-8", "ascii"):
        greeting = "S: 220-" + "é" * 400 + "\nS: 220 " + "ü" * 400
        seen = stage(
            "banner", f"{greeting}\nC: QUIT\nS: 221 Bye", "--expect", "x" * 300, encoding=encoding
        )
        assert len(seen.text.encode(encoding)) < 300


def test_the_whole_output_stays_below_8_kib(stage: Stage) -> None:
    greeting = "\n".join(f"S: 220-{'x' * 200}" for _ in range(100)) + "\nS: 220 x"
    seen = stage("banner", f"{greeting}\nC: QUIT\nS: 221 Bye", "-vvv")
    assert len("\n".join(seen.lines)) < 8192
    assert seen.lines[-1] == "... (the rest is left out)"


@pytest.mark.parametrize("check", ["banner", "ehlo"])
def test_every_finding_of_the_suite_may_be_given_a_state(check: str, closed_port: str) -> None:
    names = [name for name in VOCABULARY if name != "local"]
    everything = ",".join(f"{name}=ok" for name in names)
    code, _ = run_check(check, "-H", "127.0.0.1", "-p", closed_port, "--state", everything)
    assert code == State.OK


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "usage: no hostname is given (-H)"),
        (("-H", ""), "usage: no hostname is given (-H)"),
        (("-H", "x", "stray"), 'usage: unknown argument "stray"'),
        (("-H", "x", "--host", "y"), 'usage: unknown argument "--host"'),
        (
            ("-H", "x\r\nMAIL"),
            'usage: argument -H/--hostname: "x  MAIL" is not allowed: it holds control characters',
        ),
        (
            ("-H", "x|y"),
            'usage: argument -H/--hostname: "x/y" is neither a host name nor an address',
        ),
    ],
)
def test_a_usage_error_is_one_line_and_unknown(arguments: tuple[str, ...], line: str) -> None:
    assert run_check("banner", *arguments) == (
        3,
        f"SMTP_BANNER UNKNOWN - {line} (see check_smtp_banner --help)",
    )
