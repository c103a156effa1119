"""Mail systems: which one is meant, and whether it runs."""

import struct
from datetime import datetime, timezone
from pathlib import Path

import pytest

from check_smtp_core.findings import SessionEnded
from check_smtp_delivery.mail_systems import (
    SYSTEMS,
    find,
    machine_time,
    running_processes,
    system_of_program,
)

MASTER = "master /usr/lib/postfix/sbin/master -w"
EXIM = "exim4 /usr/sbin/exim4 -bd -q30m"
SENDMAIL = "sendmail-mta sendmail: MTA: accepting connections"
SMTPD = "smtpd smtpd: control"
OF_POSTFIX = "smtpd smtpd -n smtp -t inet -u -c"

POSTFIX_FILES = ("/usr/sbin/postqueue", "/usr/sbin/sendmail")


def root(folder: Path, *programs: str) -> str:
    """A root with these programs; `link -> target` is a link."""
    for program in programs:
        name, _, target = program.partition(" -> ")
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if target:
            path.symlink_to(target)
        else:
            path.touch(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("programs", "key", "processes", "found"),
    [
        (POSTFIX_FILES, "", [MASTER, OF_POSTFIX], "postfix /usr/sbin/postqueue True"),
        (POSTFIX_FILES, "", [], "postfix /usr/sbin/postqueue False"),
        (POSTFIX_FILES, "", None, "postfix /usr/sbin/postqueue None"),
        (["/usr/local/sbin/postqueue"], "", None, "postfix /usr/local/sbin/postqueue None"),
        (["/usr/sbin/exim4", "/usr/sbin/exim -> exim4"], "", [EXIM], "exim /usr/sbin/exim4 True"),
        (["/usr/sbin/exim4"], "", ["exim4 /usr/sbin/exim4 -Mc 1x"], "exim /usr/sbin/exim4 False"),
        (["/usr/sbin/exim4"], "", ["exim4 exim4 -bpr"], "exim /usr/sbin/exim4 False"),
        (
            ["/usr/libexec/sendmail/sendmail", "/usr/sbin/sendmail"],
            "",
            [SENDMAIL],
            "sendmail /usr/libexec/sendmail/sendmail True",
        ),
        (
            ["/usr/sbin/sendmail", "/usr/lib/sendmail", "/etc/mail/sendmail.cf"],
            "",
            [SENDMAIL],
            "sendmail /usr/sbin/sendmail True",
        ),
        # the program is that of another, the file that of a former one
        (
            ["/usr/sbin/sendmail", "/usr/sbin/smtpctl", "/etc/mail/sendmail.cf"],
            "",
            [],
            "opensmtpd /usr/sbin/smtpctl False",
        ),
        (
            [
                "/usr/sbin/sendmail -> ../../etc/alternatives/mta",
                "/etc/alternatives/mta -> ../../usr/sbin/sendmail.sendmail",
                "/usr/sbin/sendmail.sendmail",
            ],
            "",
            None,
            "sendmail /usr/sbin/sendmail.sendmail None",
        ),
        (["/usr/sbin/smtpctl"], "", [OF_POSTFIX], "opensmtpd /usr/sbin/smtpctl False"),
        (["/usr/sbin/smtpctl"], "", [SMTPD], "opensmtpd /usr/sbin/smtpctl True"),
        # what a former mail system left behind
        ([*POSTFIX_FILES, "/usr/sbin/exim4"], "", [EXIM], "exim /usr/sbin/exim4 True"),
        ([*POSTFIX_FILES, "/usr/sbin/exim4"], "", [MASTER], "postfix /usr/sbin/postqueue True"),
        ([*POSTFIX_FILES, "/usr/sbin/exim4"], "exim", [MASTER], "exim /usr/sbin/exim4 False"),
    ],
)
def test_the_one_that_is_meant(
    tmp_path: Path, programs: list[str], key: str, processes: list[str] | None, found: str
) -> None:
    there = root(tmp_path, *programs)
    system, program, runs = find(key, there, None if processes is None else frozenset(processes))
    assert f"{system.key} {program.removeprefix(there)} {runs}" == found


@pytest.mark.parametrize(
    ("programs", "key", "processes", "why"),
    [
        (
            [],
            "",
            [],
            "no Postfix, Exim, Sendmail or OpenSMTPD is installed here (--command names a program "
            "elsewhere)",
        ),
        (
            POSTFIX_FILES,
            "sendmail",
            [],
            "no Sendmail is installed here (--command names a program elsewhere)",
        ),
        (
            ["/usr/sbin/sendmail -> exim4"],
            "",
            [],
            "no Postfix, Exim, Sendmail or OpenSMTPD is installed here (--command names a program "
            "elsewhere)",
        ),
        (
            [*POSTFIX_FILES, "/usr/sbin/exim4"],
            "",
            [MASTER, EXIM],
            "Postfix and Exim run here: say with --mta which one is meant",
        ),
        (
            [*POSTFIX_FILES, "/usr/sbin/exim4"],
            "",
            [],
            "Postfix and Exim are installed here, and none seems to run: say with --mta which one "
            "is meant",
        ),
    ],
)
def test_none_or_too_many_are_our_own_fault(
    tmp_path: Path, programs: list[str], key: str, processes: list[str], why: str
) -> None:
    with pytest.raises(SessionEnded) as caught:
        find(key, root(tmp_path, *programs), frozenset(processes))
    assert str(caught.value.finding) == f"local: {why}"


def test_the_path_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = root(tmp_path / "hostile", "postqueue")
    monkeypatch.setenv("PATH", hostile)
    with pytest.raises(SessionEnded):
        find("", root(tmp_path / "root", "etc/passwd"), frozenset())


def test_processes_of_this_machine() -> None:
    seen = running_processes()
    assert seen is None or any("python" in each or "pytest" in each for each in seen)


def test_hidden_processes_tell_nothing(tmp_path: Path) -> None:
    process = tmp_path / "77"
    process.mkdir()
    assert running_processes(str(tmp_path)) is None
    assert running_processes(str(tmp_path / "nowhere")) is None


def test_a_process_is_its_name_and_its_command_line(tmp_path: Path) -> None:
    for number, comm, line in ((1, "init", b"/sbin/init\0"), (77, "a\nb", b"smtpd: \xff x\0\0\0")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "comm").write_text(f"{comm}\n")
        (folder / "cmdline").write_bytes(line)
    (tmp_path / "78").mkdir()  # it has ended meanwhile
    seen = running_processes(str(tmp_path))
    assert seen == frozenset({"init /sbin/init", "a\nb smtpd: \ufffd x"})


@pytest.mark.parametrize("zone_file", [None, b"", b"no zone"])
def test_a_machine_without_a_zone_has_that_of_greenwich(
    tmp_path: Path, zone_file: bytes | None
) -> None:
    path = tmp_path / "localtime"
    if zone_file is not None:
        path.write_bytes(zone_file)
    now = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
    assert machine_time(now, str(path)) == datetime(2026, 11, 28, 12)


def test_the_zone_is_that_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # version 1, one type of time: five and a half hours east, called IST
    header = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    path = tmp_path / "localtime"
    path.write_bytes(header + struct.pack(">lbb", 19800, 0, 0) + b"IST\0")
    monkeypatch.setenv("TZ", "America/New_York")
    now = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
    assert machine_time(now, str(path)) == datetime(2026, 11, 28, 17, 30)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/opt/postfix/sbin/postqueue", "postfix"),
        ("/opt/exim/bin/exim", "exim"),
        ("/usr/local/sbin/sendmail", "sendmail"),
        ("/x/smtpctl", "opensmtpd"),
        ("/usr/bin/mailq", ""),
    ],
)
def test_a_program_tells_by_its_name_what_it_belongs_to(path: str, key: str) -> None:
    assert system_of_program(path) == key


def test_labels_of_all_parts_fit_perfdata() -> None:
    for system in SYSTEMS.values():
        assert all(len(f"age_{queue}") <= 19 for queue in system.queues)
