"""A Maildir on this machine as the mailbox: the folders new and cur, and those of Maildir++.

Rule: files are only read, and no further than their headers; `delete` removes files by the name
under which they were found.
"""

import os
import stat
from collections.abc import Collection, Iterator, Sequence

from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.text import printable
from check_smtp_delivery.mailbox import Found, Unreadable
from check_smtp_delivery.message import token_of
from check_smtp_delivery.moment import Moment

_HEADERS = 65536
_NEWEST = 1000
"""So many messages of a folder are looked at in any case, the newest first."""

_SLACK = 3600
"""So many seconds the clock that dates the files may be behind ours."""


class Maildir:
    """The mailbox in a folder, with a folder for junk where there is one.

    `since` is when the oldest message was sent that is looked for, in seconds since 1970: all
    files that are not older are looked at, however many.
    """

    def __init__(self, path: str, junk: str, deadline: Deadline, since: float) -> None:
        self._deadline = deadline
        self._path = path
        self._junk = junk
        self._since = since - _SLACK

    def look(self, tokens: Collection[str]) -> list[Found]:
        """All messages with these tokens."""
        found: list[Found] = []
        for folder in ("", *([self._junk] if self._junk else [])):
            try:
                found += self._look_in(folder, tokens)
            except Unreadable as trouble:
                trouble.found += found
                raise
        return found

    def delete(self, messages: Sequence[Found]) -> None:
        """Remove their files; one that has gone or was renamed meanwhile is left alone."""
        for each in messages:
            try:
                os.unlink(each.place)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise Unreadable(_words(f"{each.place} cannot be deleted", error)) from None

    def extend(self, deadline: Deadline) -> None:
        """Take another deadline."""
        self._deadline = deadline

    def close(self) -> None:
        """There is nothing to leave."""

    def _look_in(self, folder: str, tokens: Collection[str]) -> Iterator[Found]:
        junk, name = bool(folder), folder or self._path
        files = sorted(self._files(os.path.join(self._path, folder)), reverse=True)
        for number, (arrived, path) in enumerate(files):
            if number >= _NEWEST and arrived < self._since:
                break
            headers = self._headers(path)
            token = token_of(headers)
            if token in tokens:
                yield Found(token, name, path, junk, arrived, Moment.now(), headers)

    def _files(self, folder: str) -> Iterator[tuple[float, str]]:
        """Time and path of the files in new, then of those in cur.

        In this order a message that moves between the two is seen at least once.
        """
        for name in ("new", "cur"):
            path = os.path.join(folder, name)
            try:
                with os.scandir(path) as entries:
                    for entry in entries:
                        try:
                            status = entry.stat(follow_symlinks=False)
                        except FileNotFoundError:
                            continue
                        if stat.S_ISREG(status.st_mode):
                            yield status.st_mtime, entry.path
            except OSError as error:
                raise Unreadable(_words(f"{path} cannot be read", error)) from None

    def _headers(self, path: str) -> bytes:
        try:
            self._deadline.left()
            with open(path, "rb") as file:
                return file.read(_HEADERS)
        except FileNotFoundError:
            return b""  # moved to cur or read by its owner; the next look finds it there
        except OutOfTime:
            raise Unreadable("there was no time left to read all messages") from None
        except OSError as error:
            raise Unreadable(_words(f"{path} cannot be read", error)) from None


def _words(what: str, error: OSError) -> str:
    return f"{printable(what)}: {os.strerror(error.errno or 0).lower()}"
