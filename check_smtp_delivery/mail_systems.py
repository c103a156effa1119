"""The mail systems whose queue can be listed: where they are, whether they run, what they list.

Rule: a program is looked for at fixed places only, never on the PATH. Of several that are
installed the one that runs is meant: an old one may have left anything but a process.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from datetime import datetime

from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_delivery import exim_queue, opensmtpd_queue, postfix_queue, sendmail_queue
from check_smtp_delivery.tally import Tally

if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object

_FOLDERS = ("/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/local/sbin")
_SUBMISSION = "/etc/mail/submit.cf"
# Every mail system has this program: it is Sendmail's where there is no other, and its files are.
_ANYBODYS_SENDMAIL = ("/usr/sbin/sendmail", "/usr/lib/sendmail")
_CONFIGURATION = ("/etc/mail/sendmail.cf", "/etc/sendmail.cf")


class Reader(Protocol):
    """Hears a listing line by line and counts what it holds."""

    def hear(self, line: str, cut: bool = False) -> None:
        """Hear a line; `cut` if that is not all of it."""

    def end(self) -> None:
        """Hear that the listing has ended by itself."""


class Listing(NamedTuple):
    """One call of the program: its arguments, and who understands its output.

    With `needs` it is only of use where there is such a file.
    """

    arguments: tuple[str, ...]
    reader: Callable[[Tally, datetime], Reader]
    needs: str = ""


class MailSystem(NamedTuple):
    """One kind of mail system.

    `programs` are the places of the program that lists its queue. `process` is a pattern of the
    name and the command line of its daemon, and `tells` is true if its listing says itself that
    it does not run. `queues` are the parts of its queue.
    """

    key: str
    name: str
    programs: tuple[str, ...]
    process: str
    tells: bool
    queues: tuple[str, ...]
    listings: tuple[Listing, ...]
    permission: str
    sized: bool = True


def _anywhere(*names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for name in names for folder in _FOLDERS)


def _of_sendmail(queue: str) -> Callable[[Tally, datetime], Reader]:
    return lambda tally, now: sendmail_queue.SendmailReader(tally, machine_time(now), queue)


def machine_time(now: datetime, zone_file: str = "/etc/localtime") -> datetime:
    """What this machine's clocks show; TZ does not matter, for Sendmail forgets it as well."""
    from zoneinfo import ZoneInfo

    try:
        with open(zone_file, "rb") as file:
            now = now.astimezone(ZoneInfo.from_file(file))
    except (OSError, ValueError):
        pass  # a machine without a zone has that of Greenwich
    return now.replace(tzinfo=None)


POSTFIX = MailSystem(
    key="postfix",
    name="Postfix",
    programs=_anywhere("postqueue"),
    process=r"master \S*master( .*)?",
    tells=True,
    queues=postfix_queue.QUEUES,
    listings=(
        Listing(("-j",), lambda tally, now: postfix_queue.PostfixReader(tally, now.timestamp())),
    ),
    permission="authorized_mailq_users in main.cf says who may",
)
EXIM = MailSystem(
    key="exim",
    name="Exim",
    programs=_anywhere("exim4", "exim"),
    process=r"exim4? \S*exim4? .*-(bd|q).*",
    tells=False,
    queues=exim_queue.QUEUES,
    listings=(
        Listing(("-bpr",), lambda tally, now: exim_queue.EximReader(tally, now.timestamp())),
    ),
    permission="queue_list_requires_admin = false lets everybody",
)
SENDMAIL = MailSystem(
    key="sendmail",
    name="Sendmail",
    programs=(
        *("/usr/libexec/sendmail/sendmail", "/usr/lib/sm.bin/sendmail"),
        "/usr/sbin/sendmail.sendmail",
    ),
    process=r"sendmail\S* (sendmail: .*|\S*sendmail\S* .*-(bd|bD|q).*)",
    tells=False,
    queues=sendmail_queue.QUEUES,
    listings=(
        Listing(("-bp",), _of_sendmail("mta")),
        Listing(("-bp", "-qQ"), _of_sendmail("quarantined")),
        Listing(("-bp", "-Ac"), _of_sendmail("msp"), _SUBMISSION),
    ),
    permission="the queue's folder and PrivacyOptions=restrictmailq say who may",
)
OPENSMTPD = MailSystem(
    key="opensmtpd",
    name="OpenSMTPD",
    programs=_anywhere("smtpctl"),
    process=r"smtpd (smtpd: .*|\S*/smtpd( .*)?)",
    tells=False,
    queues=opensmtpd_queue.QUEUES,
    listings=(
        Listing(
            ("show", "queue"),
            lambda tally, now: opensmtpd_queue.OpensmtpdReader(tally, now.timestamp()),
        ),
    ),
    permission="only root may",
    sized=False,
)

SYSTEMS = {each.key: each for each in (POSTFIX, EXIM, SENDMAIL, OPENSMTPD)}
QUEUES = tuple(dict.fromkeys(queue for each in SYSTEMS.values() for queue in each.queues))

_OF_PROGRAM = {
    "postqueue": "postfix",
    "exim": "exim",
    "exim4": "exim",
    "sendmail": "sendmail",
    "smtpctl": "opensmtpd",
}


class Found(NamedTuple):
    """A mail system of this machine, and its program; `runs` is None where nobody can tell."""

    system: MailSystem
    program: str
    runs: bool | None


def system_of_program(path: str) -> str:
    """The key of the mail system to which a program of this name belongs; empty if unknown."""
    return _OF_PROGRAM.get(os.path.basename(path), "")


def find(key: str, root: str = "/", processes: frozenset[str] | None = None) -> Found:
    """The mail system of this machine, or the one that is asked for.

    SessionEnded with `local` if there is none, or more than one to choose from. `processes` are
    those of running_processes().
    """
    there = _installed([SYSTEMS[key]] if key else list(SYSTEMS.values()), root)
    found = [each._replace(runs=_runs(each.system, processes)) for each in there]
    if not found:
        wanted = SYSTEMS[key].name if key else "Postfix, Exim, Sendmail or OpenSMTPD"
        raise _local(f"no {wanted} is installed here (--command names a program elsewhere)")
    if len(found) == 1:
        return found[0]
    running = [each for each in found if each.runs]
    if len(running) == 1:
        return running[0]
    several = " and ".join(each.system.name for each in running or found)
    what = "run here" if running else "are installed here, and none seems to run"
    raise _local(f"{several} {what}: say with --mta which one is meant")


def running_processes(folder: str = "/proc") -> frozenset[str] | None:
    """Name and command line of every process; None where those of others are not shown."""
    try:
        # Where processes are hidden (hidepid), that of the first one is as well.
        with open(f"{folder}/1/cmdline", "rb"):
            numbers = [name for name in os.listdir(folder) if name.isdigit()]
    except OSError:
        return None
    return frozenset(filter(None, (_process(f"{folder}/{number}") for number in numbers)))


def _process(folder: str) -> str:
    try:
        with open(f"{folder}/comm", "rb") as comm, open(f"{folder}/cmdline", "rb") as line:
            words = comm.read(64).strip() + b" " + line.read(4096).replace(b"\0", b" ").strip()
    except OSError:
        return ""  # it has ended meanwhile
    return words.decode("utf-8", "replace")


def _runs(system: MailSystem, processes: Iterable[str] | None) -> bool | None:
    if processes is None:
        return None
    return any(re.fullmatch(system.process, each, re.DOTALL) for each in processes)


def _installed(systems: list[MailSystem], root: str) -> list[Found]:
    found = [
        Found(system, path, None)
        for system in systems
        if (path := next(filter(_is_program, _below(root, system.programs)), ""))
    ]
    if SENDMAIL in systems and not found:
        programs = filter(_is_program, _below(root, _ANYBODYS_SENDMAIL))
        configured = any(map(os.path.exists, _below(root, _CONFIGURATION)))
        found = [Found(SENDMAIL, path, None) for path in programs if configured][:1]
    return found


def _below(root: str, paths: Iterable[str]) -> list[str]:
    return [os.path.join(root, path.lstrip("/")) for path in paths]


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _local(text: str) -> SessionEnded:
    return SessionEnded(Finding("local", text))
