"""What is said in a session: commands after EHLO, the answer to it, and lines as they were spoken.

Rule: facts only; who says what when is the session's business.
"""

from __future__ import annotations

from collections.abc import Sequence

from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.reply import Capabilities, Reply


class Hello(NamedTuple):
    """The answer to EHLO (or LHLO); `refused` is its refusal when only HELO was accepted."""

    capabilities: Capabilities
    refused: Reply | None = None


class Command(NamedTuple):
    """A command after EHLO: the phase that it belongs to, and what is said."""

    phase: str
    verb: str
    argument: str = ""


class Spoken(NamedTuple):
    """One line of the dialogue: seconds since the start, `S` or `C`, and the line itself."""

    seconds: float
    speaker: str
    line: str


class Interrupted(SessionEnded):
    """The session ended within a group of commands; `replies` are those that had come."""

    def __init__(self, finding: Finding, replies: Sequence[Reply]) -> None:
        super().__init__(finding)
        self.replies = tuple(replies)
