"""What a check is made of: the parts of its module, and facts that can tell about themselves.

Rule: for readers and type checkers; nothing of it is needed when a check runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from check_smtp_core.findings import Finding
    from check_smtp_core.observation import Measure
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser
    from check_smtp_core.session import Session


class Facts(Protocol):
    """What a check saw: a NamedTuple of its own that can tell about itself."""

    def sentence(self, seconds: float) -> str:
        """What was seen, for the status line of a healthy server; empty where it was not."""

    def measures(self) -> Sequence[Measure]:
        """The check's own perfdata."""

    def details(self, level: int) -> Sequence[str]:
        """One line per fact: what -v (level 1) adds, and what -vv (level 2) adds."""


class Check(Protocol):
    """The parts of a check's module, in their order.

    A check may also have TLS_BY_DEFAULT (true where it makes no sense without TLS), DEFAULT_PORT
    (where it is not 25), ONE_ENDPOINT (true where it makes no sense with more than one),
    ASKS_FOR_A_NAME (true where an address under another name is another question),
    `complete(options)`, which checks the options together and raises InvalidValue, and
    `engine_maker(options)`, which returns what makes TLS engines of its own, by the server's name;
    it is called once in a run.

    With `afterwards(facts, options, deadline)` a check goes on when the session is over, whatever
    became of it: it gets the facts of the session, or None, and returns those of the run. A check
    with LOCAL true is of this machine: its `observe(options, deadline)` gets no session.
    """

    __name__: str
    __doc__: str | None

    def add_options(self, parser: Parser) -> None:
        """Add the check's own options."""

    async def observe(self, session: Session, options: Options) -> Facts:
        """Take the session as far as the question needs. SessionEnded if it ends before."""

    def judge(self, facts: Facts, options: Options) -> list[Finding]:
        """The findings in these facts; pure."""
