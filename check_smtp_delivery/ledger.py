"""The state file: which messages are on their way, from one run to the next.

Rule: a run may end at any point and leaves the file whole: it is changed under a lock, written
anew beside the old one, and put in its place. A file that cannot be understood is set aside and
told of; one that cannot be written is a fault of this machine, before anything is sent.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.findings import Finding
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.text import printable
from check_smtp_delivery.moment import Moment

if TYPE_CHECKING:
    from typing import Any


MOST = 500
"""So many messages of one loop are remembered; then the oldest has to go."""

_VERSION = 1
_LARGEST = 4 * 1024 * 1024
_LOCK_PAUSE = 0.01
_MOST_SECONDS = 1e11
"""More than 3000 years: no clock says that, and no message takes so long."""

_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Tracked(NamedTuple):
    """One message of ours.

    `accepted` is whether the server said that it took it; where it is false the run was cut short.
    `missed` is how old it was in seconds when it was looked for in vain. Once it has come,
    `latency` is how long it took and `folder` where it was found, until it has been deleted there.
    """

    token: str
    sent: Moment
    accepted: bool = False
    missed: float = 0.0
    latency: float | None = None
    folder: str = ""
    junk: bool = False


Edit = Callable[[list[Tracked]], list[Tracked]]


class LedgerError(Exception):
    """The state file cannot be used; the message says why, screened."""


class Ledger:
    """The messages of one loop in a state file, which may hold those of others as well.

    `key` names the loop. `notes` are findings about the file and about what it had to give up.
    """

    def __init__(self, path: str, key: str, deadline: Deadline) -> None:
        self.notes: list[Finding] = []
        self._path = path
        self._key = key
        self._deadline = deadline

    def change(self, edit: Edit) -> list[Tracked]:
        """Let `edit` change the messages, and save them: what is in the file then.

        LedgerError where that cannot be done; then nothing was changed.
        """
        try:
            with self._lock():
                loops = self._read()
                messages = edit(loops.get(self._key, []))
                if len(messages) > MOST:
                    self._give_up(len(messages) - MOST)
                    messages = messages[-MOST:]
                loops[self._key] = messages
                self._write(loops)
                return messages
        except OSError as error:
            words = os.strerror(error.errno or 0).lower()
            raise LedgerError(f"{printable(self._path)} cannot be written: {words}") from None

    def extend(self, deadline: Deadline) -> None:
        """Take another deadline, for a change that is made later."""
        self._deadline = deadline

    def _give_up(self, count: int) -> None:
        text = f"{count} of the oldest given up: more than {MOST} are waiting for the mailbox"
        self.notes.append(Finding("lost", text))

    @contextmanager
    def _lock(self) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | _FLAGS
        lock = os.open(f"{self._path}.lock", flags, 0o600)
        try:
            while not _taken(lock):
                self._deadline.pause(_LOCK_PAUSE)
            yield
        except OutOfTime:
            text = f"{printable(self._path)} is locked by another run"
            raise LedgerError(text) from None
        finally:
            os.close(lock)

    def _read(self) -> dict[str, list[Tracked]]:
        try:
            file = os.open(self._path, os.O_RDONLY | _FLAGS)
        except FileNotFoundError:
            return {}
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise LedgerError(f"{printable(self._path)} is not a file")
            if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                text = f"{printable(self._path)} can be written by others than this user"
                raise LedgerError(text)
            octets = _all_of(file)
        finally:
            os.close(file)
        try:
            return _understood(octets)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            aside = f"{self._path}.damaged"
            os.rename(self._path, aside)
            text = (
                f"the state file was damaged and is now {printable(aside)}: "
                "nothing is known of the messages in it"
            )
            self.notes.append(Finding("local", text))
            return {}

    def _write(self, loops: dict[str, list[Tracked]]) -> None:
        new = f"{self._path}.new"
        try:
            os.unlink(new)  # of a run that was killed
        except FileNotFoundError:
            pass
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS
        with open(os.open(new, flags, 0o600), "wb") as file:
            file.write(_written(loops))
            file.flush()
            os.fsync(file.fileno())
        os.rename(new, self._path)
        folder = os.open(os.path.dirname(self._path) or ".", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _all_of(file: int) -> bytes:
    octets = b""
    while len(octets) <= _LARGEST and (piece := os.read(file, _LARGEST)):
        octets += piece
    return octets


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _written(loops: dict[str, list[Tracked]]) -> bytes:
    content = {
        key: [{**each._asdict(), "sent": each.sent._asdict()} for each in messages]
        for key, messages in loops.items()
        if messages
    }
    text = json.dumps({"version": _VERSION, "loops": content}, indent=1)
    return text.encode("ascii") + b"\n"


def _understood(octets: bytes) -> dict[str, list[Tracked]]:
    """The loops in a state file. ValueError and the like where it is none."""
    content = json.loads(octets)
    if len(octets) > _LARGEST or content["version"] != _VERSION:
        raise ValueError
    return {
        str(key): [_tracked(each) for each in messages]
        for key, messages in content["loops"].items()
    }


def _tracked(entry: dict[str, Any]) -> Tracked:
    sent = entry["sent"]
    moment = Moment(
        _number(sent["wall"]),
        _text(sent["boot"]),
        _number(sent["monotonic"], -_MOST_SECONDS),  # nobody says where that clock begins
    )
    latency = entry["latency"]
    token = _text(entry["token"])
    if len(token) != 32 or not set(token) <= set("0123456789abcdef"):
        raise ValueError
    return Tracked(
        token,
        moment,
        bool(entry["accepted"]),
        _number(entry["missed"]),
        None if latency is None else _number(latency),
        _text(entry["folder"]),
        bool(entry["junk"]),
    )


def _number(value: Any, least: float = 0.0) -> float:
    # Compared as it is: an integer of JSON may be too large for a float.
    if not least <= value <= _MOST_SECONDS:
        raise ValueError
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
