"""The console entry: whatever happens, one status line and an exit code from 0 to 3.

Rule: everything happens inside one try, imports too; a Python without some module, an
interrupted run and an error of ours all end as UNKNOWN on standard output. Hence nothing is
imported here that could be missing.
"""

import gc
import os
import sys
from time import monotonic

from check_smtp_core.missing import missing_module
from check_smtp_core.text import printable

_UNKNOWN = 3
# Those of output.py, which may be what cannot be imported.
_TEXT_LIMIT, _OUTPUT_LIMIT = 299, 8000


class Executable:
    """One console script: the check in this module, run with the arguments of the process."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.name = f"check_smtp_{module.rpartition('.')[2]}"

    def __call__(self) -> None:
        """Run the check, print its output and end the process with its state; never returns."""
        started = monotonic()
        # A run of seconds in bounded memory has no garbage worth 3 % of its instructions.
        gc.disable()
        try:
            from importlib import import_module

            from check_smtp_core.run import run

            code, output = run(import_module(self.module), sys.argv[1:], started, _encoding())
        except BaseException as error:
            code, output = _UNKNOWN, self._failure(error)
        try:
            sys.stdout.buffer.write(output.encode(_encoding(), "backslashreplace") + b"\n")
            sys.stdout.buffer.flush()
        except (OSError, ValueError, AttributeError):
            # Nobody is listening, but the exit code counts; OK without a line would be a lie.
            code = code or _UNKNOWN
        # A thread may still sit in getaddrinfo(), and taking the interpreter apart costs 4 ms.
        os._exit(code)

    def _failure(self, error: BaseException) -> str:
        service = self.name.removeprefix("check_").upper()
        lines = [_cut(f"{service} UNKNOWN - {_words(error)}", _TEXT_LIMIT)]
        if "-vvv" in sys.argv:
            from traceback import format_exception

            lines += [printable(line) for line in "".join(format_exception(error)).splitlines()]
        return _cut("\n".join(lines), _OUTPUT_LIMIT)


def _words(error: BaseException) -> str:
    if isinstance(error, ImportError):
        return f"local: {printable(missing_module(error))}"
    if isinstance(error, KeyboardInterrupt):
        return "local: interrupted"
    return f"local: internal error: {type(error).__name__}: {printable(str(error))}"


def _cut(text: str, limit: int) -> str:
    """The text, or as much of it as has so many octets on the standard output."""
    octets = text.encode(_encoding(), "backslashreplace")
    if len(octets) <= limit:
        return text
    return octets[: limit - 3].decode(_encoding(), "ignore") + "..."


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "ascii"
