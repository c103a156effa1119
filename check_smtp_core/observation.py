"""One endpoint, observed: its name resolved, its addresses tried in turn, the check's own facts.

Rule: whatever goes wrong on the way is part of the observation; nothing is judged here.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from check_smtp_core import verdicts
from check_smtp_core.address import Address, literal_family, resolve
from check_smtp_core.deadline import Deadline, OutOfTime, Stopwatch
from check_smtp_core.engine import Agreed
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.session import Session, Spoken

if TYPE_CHECKING:
    from check_smtp_core.engine import Engine
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser


class Measure(NamedTuple):
    """One number for perfdata: a label of at most 19 characters, `s`, `B` or no unit.

    Outside its ranges it raises the named finding, in which `what` says what was measured, and
    `unit_in_words` what the ranges count; without a finding the ranges are only shown. `minimum`
    is the least possible value, if there is one.
    """

    label: str
    value: float
    unit: str = ""
    warning: str = ""
    critical: str = ""
    finding: str = ""
    what: str = ""
    unit_in_words: str = ""
    minimum: int | None = 0


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
    (where it is not 25), `complete(options)`, which checks the options together and raises
    ArgumentTypeError, and `new_engine(options)`, which makes a TLS engine of its own.

    With `afterwards(facts, options, deadline)` a check goes on when the session is over, whatever
    became of it: it gets the facts of the session, or None, and returns those of the run. A check
    with LOCAL true is of this machine: its `observe(options, deadline)` gets no session.
    """

    __name__: str
    __doc__: str | None

    def add_options(self, parser: "Parser") -> None:
        """Add the check's own options."""

    def observe(self, session: Session, options: "Options") -> Facts:
        """Take the session as far as the question needs. SessionEnded if it ends before."""

    def judge(self, facts: Facts, options: "Options") -> list[Finding]:
        """The findings in these facts; pure."""


class Observation(NamedTuple):
    """What came of one endpoint.

    `facts` is None if the session ended before; `ended` says why. `notes` are the findings that
    every check reports. `phases` holds the completed ones, `time` the seconds in all.
    """

    facts: Facts | None
    ended: Finding | None
    notes: tuple[Finding, ...]
    address: str
    origin: str
    phase: str
    time: float
    phases: dict[str, float]
    agreed: Agreed | None
    dialogue: tuple[Spoken, ...]


class Endpoint:
    """One host and port that is observed once.

    It keeps what has been seen, so that a run that is stopped from outside can still tell it.
    """

    def __init__(self, check: Check, options: "Options", deadline: Deadline) -> None:
        self._check = check
        self._options = options
        self._deadline = deadline
        self._stopwatch = Stopwatch()
        self._session: Session | None = None
        self._facts: Facts | None = None
        self._ended: Finding | None = None
        self._notes: list[Finding] = []

    def observe(self) -> Observation:
        """Resolve, connect, let the check look, and leave with QUIT."""
        afterwards = getattr(self._check, "afterwards", None)
        try:
            self._session = self._connected(self._addresses())
            self._facts = self._check.observe(self._session, self._options)
        except SessionEnded as ended:
            self._ended = ended.finding
        finally:
            if afterwards is None:
                self._stopwatch.stop()
            if self._session is not None:
                with self._stopwatch.paused():
                    self._session.quit()
        if afterwards is not None:
            before = self._facts
            with self._stopwatch.time("mailbox"):
                self._facts = afterwards(before, self._options, self._deadline)
            if self._facts is before:  # there was nothing to look for
                del self._stopwatch.phases["mailbox"]
            self._stopwatch.stop()
        return self.so_far()

    def so_far(self) -> Observation:
        """What has been observed by now."""
        session = self._session
        return Observation(
            facts=self._facts,
            ended=self._ended,
            notes=tuple(self._notes + (session.notes if session else [])),
            address=str(session.address) if session else "",
            origin=session.origin if session else "",
            phase=self._stopwatch.phase,
            time=self._stopwatch.total(),
            phases=dict(self._stopwatch.phases),
            agreed=session.agreed if session else None,
            dialogue=tuple(session.dialogue) if session else (),
        )

    def _new_engine(self) -> "Engine":
        own: Callable[[Options], Engine] | None = getattr(self._check, "new_engine", None)
        if own is not None:
            return own(self._options)
        from check_smtp_core.tls import TlsEngine

        return TlsEngine(self._options.sni_name)

    def _addresses(self) -> list[Address]:
        options = self._options
        if literal_family(options.hostname):
            return resolve(options.hostname, options.port, options.family, self._deadline)
        try:
            with self._stopwatch.time("dns"):
                return resolve(options.hostname, options.port, options.family, self._deadline)
        except OutOfTime:
            waited = self._stopwatch.in_phase()
            raise SessionEnded(verdicts.silence("dns", waited, options.timeout, "")) from None

    def _connected(self, addresses: list[Address]) -> Session:
        """A session with the first address that answers; each gets its fair share of the time."""
        failed: list[Finding] = []
        silent: list[str] = []
        with self._stopwatch.time("connect"):
            for number, address in enumerate(addresses):
                session = Session(
                    address, self._options, self._deadline, self._stopwatch, self._new_engine
                )
                try:
                    share = self._deadline.left() / (len(addresses) - number)
                    session.connect(self._deadline.within(share))
                except OutOfTime:
                    silent += [str(address)] if session.tried else []
                except SessionEnded as ended:
                    failed.append(ended.finding)
                else:
                    self._notes += _fallbacks(failed, silent)
                    return session
                session.quit()
            raise SessionEnded(self._no_connection(failed, silent))

    def _no_connection(self, failed: list[Finding], silent: list[str]) -> Finding:
        """Of all that kept us out, the reason; a missing route yields to the others."""
        if silent or not failed:
            failed = [verdicts.unanswered(silent, self._stopwatch.in_phase()), *failed]
        telling = [each for each in failed if each.name != "no-route"] or failed
        first, *others = dict.fromkeys(telling)
        self._notes += [each._replace(ends_session=True) for each in others]
        return first


class ThisMachine:
    """A check of the machine it runs on: the same as Endpoint, without a session."""

    def __init__(self, check: Check, options: "Options", deadline: Deadline) -> None:
        self._check = check
        self._options = options
        self._deadline = deadline
        self._stopwatch = Stopwatch()
        self._facts: Facts | None = None
        self._ended: Finding | None = None

    def observe(self) -> Observation:
        """Let the check look."""
        look: Callable[[Options, Deadline], Facts] = self._check.observe  # type: ignore[assignment]
        self._stopwatch.phase = self._check.__name__.rpartition(".")[2]
        try:
            self._facts = look(self._options, self._deadline)
        except SessionEnded as ended:
            self._ended = ended.finding
        finally:
            self._stopwatch.stop()
        return self.so_far()

    def so_far(self) -> Observation:
        """What has been observed by now."""
        return Observation(
            facts=self._facts,
            ended=self._ended,
            notes=(),
            address="",
            origin="",
            phase=self._stopwatch.phase,
            time=self._stopwatch.total(),
            phases={},
            agreed=None,
            dialogue=(),
        )


def _fallbacks(failed: list[Finding], silent: list[str]) -> list[Finding]:
    reasons = [each.text for each in failed if each.name != "no-route"]
    reasons += [f"no answer ({address})" for address in silent]
    return [Finding("fallback", reason, said=True) for reason in reasons]
