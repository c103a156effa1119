"""The installed executables, as an engine starts them: one line, exit 0 to 3, no environment."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic

import pytest

from demo.server import DemoServer, running
from tests.conftest import outcome, unhurried
from tests.player import Player

BIN = os.path.dirname(sys.executable)
EMPTY = {"PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    with running() as server:
        yield server


def execute(
    *command: str, environment: dict[str, str] | None = None, seconds: float = 30
) -> tuple[int, str]:
    """Exit code and output of a command; nothing may stand on standard error."""
    done = subprocess.run(
        command,
        env=EMPTY if environment is None else environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.removesuffix("\n")


def executable(name: str) -> str:
    return os.path.join(BIN, name)


def with_code(
    code: str, *arguments: str, script: str = "check_smtp_handshake:check_smtp_banner"
) -> tuple[int, str]:
    """Run a console script after this code, in a process of its own."""
    package, _, name = script.partition(":")
    entry = f"from {package} import {name}; {name}()"
    return execute(sys.executable, "-c", f"import sys\n{code}\n{entry}", *arguments)


def test_the_banner_of_a_real_server(demo: DemoServer) -> None:
    command = (executable("check_smtp_banner"), "-H", "localhost", "-p", str(demo.smtp), "-4")
    assert outcome(*execute(*command), demo.smtp) == (
        0,
        [
            "SMTP_BANNER OK - localhost:PORT [127.0.0.1] greeted in T s: "
            '"220 mail.example.com ESMTP demo" | time=Ts;;;0 time_dns=Ts;;;0 '
            "time_connect=Ts;;;0 time_greeting=Ts;;;0"
        ],
    )


def test_the_capabilities_of_a_real_server_in_and_outside_tls(demo: DemoServer) -> None:
    host = ("-H", "127.0.0.1")
    plain = execute(executable("check_smtp_ehlo"), *host, "-p", str(demo.smtp))
    assert outcome(*plain, demo.smtp).text == (
        "SMTP_EHLO OK - 127.0.0.1:PORT offers 4 extensions in T s: "
        "SIZE 52428800, 8BITMIME, STARTTLS, HELP"
    )
    inside = execute(executable("check_smtp_ehlo"), *host, "-p", str(demo.smtp), "--starttls")
    assert outcome(*inside, demo.smtp).text == (
        "SMTP_EHLO OK - 127.0.0.1:PORT offers 4 extensions inside TLSv1.3 in T s: "
        "SIZE 52428800, 8BITMIME, AUTH LOGIN PLAIN, HELP"
    )
    implicit = execute(executable("check_smtp_ehlo"), *host, "-p", str(demo.smtps), "--tls")
    assert outcome(*implicit, demo.smtps).text == (
        "SMTP_EHLO OK - 127.0.0.1:PORT offers 4 extensions inside TLSv1.3 in T s: "
        "SIZE 52428800, 8BITMIME, AUTH LOGIN PLAIN, HELP"
    )


def test_the_demo_shows_every_state_and_ends_well() -> None:
    code, output = execute(sys.executable, "-m", "demo", environment={**EMPTY, "HOME": "/"})
    assert code == 0
    ends = re.findall(r"^exit \d \((\w+)\)$", output, re.MULTILINE)
    assert set(ends) == {"OK", "WARNING", "CRITICAL", "UNKNOWN"}


@pytest.mark.parametrize("option", ["--help", "-h", "--version", "-V"])
def test_help_and_version_exit_with_unknown(option: str) -> None:
    code, output = execute(executable("check_smtp_ehlo"), option)
    assert code == 3
    assert "check_smtp_ehlo" in output


def test_a_missing_library_is_named_with_its_package() -> None:
    assert with_code("sys.modules['nagiosplugin'] = None", "-H", "127.0.0.1") == (
        3,
        "SMTP_BANNER UNKNOWN - local: the Python module nagiosplugin is missing "
        "(Debian: install python3-nagiosplugin)",
    )


@pytest.mark.parametrize(
    ("module", "package"),
    [("OpenSSL", "python3-openssl"), ("cryptography", "python3-cryptography")],
)
def test_the_certificate_check_needs_its_libraries_only_when_tls_is_reached(
    demo: DemoServer, module: str, package: str
) -> None:
    script = "check_smtp_tls:check_smtp_cert"
    without = f"sys.modules[{module!r}] = None"
    reached = with_code(without, "-H", "127.0.0.1", "-p", str(demo.smtp), script=script)
    assert outcome(*reached, demo.smtp) == (
        3,
        [
            f"SMTP_CERT UNKNOWN - 127.0.0.1:PORT local: the Python module {module} is missing "
            f"(Debian: install {package}) | time=Ts;;;0 time_connect=Ts;;;0 "
            "time_greeting=Ts;;;0 time_ehlo=Ts;;;0 time_starttls=Ts;;;0"
        ],
    )
    turned_away = with_code(without, "-H", "127.0.0.1", "-p", str(demo.busy), script=script)
    assert outcome(*turned_away, demo.busy).text == (
        "SMTP_CERT CRITICAL - 127.0.0.1:PORT unavailable: greeted with "
        '"421 4.7.0 mail.example.com Error: too many connections from 127.0.0.1" '
        "(we came from 127.0.0.1)"
    )


@pytest.mark.parametrize("module", ["re", "socket", "select", "signal"])
def test_not_even_a_python_without_its_library_leaves_without_a_line(module: str) -> None:
    code, output = with_code(f"sys.modules[{module!r}] = None", "-H", "127.0.0.1")
    assert code == 3
    assert output.startswith("SMTP_BANNER UNKNOWN - local: a Python module is missing: ")
    assert "\n" not in output


def test_an_error_of_ours_is_one_line_and_its_trace_only_for_developers(demo: DemoServer) -> None:
    broken = "import check_smtp_handshake.banner as banner; banner.judge = lambda *_: 1 / 0"
    where = ("-H", "127.0.0.1", "-p", str(demo.smtp))
    line = "SMTP_BANNER UNKNOWN - local: internal error: ZeroDivisionError: division by zero"
    assert with_code(broken, *where) == (3, line)
    code, output = with_code(broken, *where, "-vvv")
    assert (code, output.splitlines()[:2]) == (3, [line, "Traceback (most recent call last):"])


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_an_error_of_ours_keeps_the_limits_whatever_it_says(
    demo: DemoServer, encoding: str
) -> None:
    broken = (
        "import check_smtp_handshake.banner as banner\n"
        "def judge(*_): raise ValueError('|\u65e5' * 9000)\n"
        f"banner.judge = judge; sys.stdout.reconfigure(encoding={encoding!r})"
    )
    where = ("-H", "127.0.0.1", "-p", str(demo.smtp))
    code, line = with_code(broken, *where)
    assert code == 3
    assert line.startswith("SMTP_BANNER UNKNOWN - local: internal error: ValueError: /")
    assert (len(line.encode()) <= 299, line[-3:]) == (True, "...")
    code, output = with_code(broken, *where, "-vvv")
    assert (code, output.partition("\n")[0]) == (3, line)
    assert (7990 < len(output.encode()) <= 8000, output[-3:]) == (True, "...")


def test_the_state_survives_an_output_that_nobody_reads(demo: DemoServer) -> None:
    command = f"exec {shlex.quote(executable('check_smtp_banner'))} -H 127.0.0.1 -p {demo.busy}"
    for output in (">&-", ">/dev/full"):
        assert execute("/bin/sh", "-c", f"{command} {output}") == (2, "")


def test_an_ok_that_nobody_can_read_is_none(demo: DemoServer) -> None:
    command = f"exec {shlex.quote(executable('check_smtp_banner'))} -H 127.0.0.1 -p {demo.smtp}"
    for output in (">&-", ">/dev/full"):
        assert execute("/bin/sh", "-c", f"{command} {output}") == (3, "")


def test_an_ascii_locale_is_no_obstacle() -> None:
    with Player("S: 220 bücher.example\nC: QUIT\nS: 221 Bye") as player:
        environment = {**EMPTY, "LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}
        command = (executable("check_smtp_banner"), "-H", "127.0.0.1", "-p", str(player.port))
        code, output = execute(*command, environment=environment)
    assert code == 0
    assert '"220 b\\xfccher.example"' in output


def test_a_plain_banner_run_imports_neither_tls_nor_what_it_does_not_need(
    demo: DemoServer,
) -> None:
    command = (executable("check_smtp_banner"), "-H", "127.0.0.1", "-p", str(demo.smtp))
    environment = {**EMPTY, "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "check_smtp_core.session" in imported
    unwanted = {"ssl", "cryptography", "dataclasses", "smtplib", "asyncio", "email", "inspect"}
    unwanted |= {"encodings.idna", "configparser", "idna", "check_smtp_core.explain"}
    assert imported & unwanted == set()


def test_a_certificate_run_does_without_the_standard_librarys_ssl(demo: DemoServer) -> None:
    command = (executable("check_smtp_cert"), "-H", "localhost", "-p", str(demo.smtp))
    environment = {**EMPTY, "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(
        (*command, "-4", "--ca-file", demo.ca_file),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert outcome(done.returncode, done.stdout, demo.smtp).text.startswith(
        "SMTP_CERT OK - localhost:PORT [127.0.0.1] 60 days left (until "
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "check_smtp_tls.verifier" in imported
    assert imported & {"ssl", "asyncio", "check_smtp_tls.offline"} == set()


def test_a_dead_resolver_does_not_outlast_the_deadline() -> None:
    hanging = "import socket, time; socket.getaddrinfo = lambda *_: time.sleep(60)"
    started = monotonic()
    code, output = with_code(hanging, "-H", "mail.example", "-t", "0.5")
    assert monotonic() - started < 0.5 + 0.5 + 1.0
    assert (code, unhurried(output.partition(" | ")[0])) == (
        3,
        "SMTP_BANNER UNKNOWN - mail.example:25 resolver: no answer from the resolver within 0.5 s",
    )


def test_code_that_no_signal_reaches_is_ended_by_the_watchdog(demo: DemoServer) -> None:
    deaf = (
        "import signal, time, check_smtp_handshake.banner as banner\n"
        "def judge(*_):\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
        "    time.sleep(60)\n"
        "banner.judge = judge"
    )
    code, output = with_code(deaf, "-H", "127.0.0.1", "-p", str(demo.smtp), "-t", "0.5:warning")
    assert (code, output.replace(str(demo.smtp), "PORT")) == (
        1,
        "SMTP_BANNER WARNING - 127.0.0.1:PORT timeout: "
        "judging what the server said took more than 0.5 s (a pattern?)",
    )


def test_an_engine_that_loses_patience_still_gets_the_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [executable("check_smtp_ehlo"), "-H", "127.0.0.1", "-p", str(port), "-t", "20"],
            env=EMPTY,
            stdout=subprocess.PIPE,
            text=True,
        )
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"220 mail.example\r\n")
            assert connection.recv(1000).startswith(b"EHLO ")
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=10)
    assert process.returncode == 2
    assert re.sub(r"\d+\.\d s", "T s", output.partition(" | ")[0]) == (
        f"SMTP_EHLO CRITICAL - 127.0.0.1:{port} timeout: ended by SIGTERM after T s, in phase ehlo"
    )
