"""One endpoint, observed: its name resolved, its addresses tried in turn, the check's own facts.

Rule: whatever goes wrong on the way is part of the observation; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine

from check_smtp_core import verdicts
from check_smtp_core.address import Address, literal_family, resolve
from check_smtp_core.deadline import Deadline, OutOfTime, Stopwatch
from check_smtp_core.dialogue import Spoken
from check_smtp_core.engines import Engines
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.missing import missing_module
from check_smtp_core.session import Session
from check_smtp_core.tasks import Turns
from check_smtp_core.text import printable

if TYPE_CHECKING:
    from typing import Any, TypeVar

    from check_smtp_core.check import Check, Facts
    from check_smtp_core.engine import Agreed, Engine
    from check_smtp_core.mail_exchangers import Exchangers
    from check_smtp_core.options import Options

    Found = TypeVar("Found")


class Measure(NamedTuple):
    """One number for perfdata: a label of at most 19 characters, `s`, `B` or no unit.

    Outside its ranges it raises the named finding, in which `what` says what was measured, and
    `unit_in_words` what the ranges count; without a finding the ranges are only shown. `minimum`
    is the least possible value, if there is one. Of several endpoints the least value is told, or
    the greatest where `more_is_worse`.
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
    more_is_worse: bool = False


class Observation(NamedTuple):
    """What came of one endpoint.

    `host` is as it was named; it is empty for this machine. `facts` is None if the session ended
    before; `ended` says why. `notes` are the findings that every check reports. `phases` holds the
    completed ones, `time` the seconds in all.
    """

    host: str
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
    """One host and port that is observed once; `options` are its own.

    With `addresses` given it resolves nothing; `engines` and `turns` are shared with the other
    endpoints of the run. It keeps what has been seen, so that a run that is stopped from outside
    can still tell it.
    """

    def __init__(
        self,
        check: Check,
        options: Options,
        deadline: Deadline,
        engines: Engines | None = None,
        turns: Turns | None = None,
        addresses: list[Address] | None = None,
    ) -> None:
        self.options = options
        self._check = check
        self._deadline = deadline
        self._engines = engines or Engines(check, options)
        self._turns = turns or Turns()
        self._known_addresses = addresses
        self._stopwatch = Stopwatch()
        self._session: Session | None = None
        self._facts: Facts | None = None
        self._ended: Finding | None = None
        self._notes: list[Finding] = []

    async def observe(self) -> Observation:
        """Resolve, connect, let the check look, and leave with QUIT."""
        afterwards = getattr(self._check, "afterwards", None)
        try:
            addresses = self._known_addresses or await self._addresses()
            self._session = await self._connected(addresses)
            self._facts = await self._check.observe(self._session, self.options)
        except SessionEnded as ended:
            self._ended = ended.finding
        except OSError as error:
            self._ended = _shortage(error)
        finally:
            if afterwards is None:
                self._stopwatch.stop()
            if self._session is not None:
                with self._stopwatch.paused():
                    await self._session.quit()
                self._turns.give_back(str(self._session.address))
        if afterwards is not None:
            before = self._facts
            with self._stopwatch.time("mailbox"):
                self._facts = afterwards(before, self.options, self._deadline)
            if self._facts is before:  # there was nothing to look for
                del self._stopwatch.phases["mailbox"]
            self._stopwatch.stop()
        return self.so_far()

    async def resolve(self) -> list[Address]:
        """The addresses of the host; where there are none, that is what came of the endpoint."""
        return await self._found(self._addresses()) or []

    async def mail_exchangers(self) -> Exchangers | None:
        """The mail exchangers of the host as a domain; None where that is what came of it."""
        return await self._found(self._mail_exchangers())

    async def _found(self, search: Coroutine[Any, None, Found]) -> Found | None:
        try:
            return await search
        except SessionEnded as ended:
            self.fail(ended.finding)
        except OSError as error:
            self.fail(_shortage(error))
        return None

    def note(self, finding: Finding) -> None:
        """Add what is to be said beside whatever comes of it."""
        self._notes.append(finding)

    def fail(self, finding: Finding) -> None:
        """There is no more to observe here, for this reason."""
        self._ended = finding._replace(ends_session=True)
        self._stopwatch.stop()

    def so_far(self) -> Observation:
        """What has been observed by now."""
        session = self._session
        known = self._known_addresses[0] if self._known_addresses else ""
        return Observation(
            host=self.options.hostname,
            facts=self._facts,
            ended=self._ended,
            notes=tuple(self._notes + (session.notes if session else [])),
            address=str(session.address if session else known),
            origin=session.origin if session else "",
            phase=self._stopwatch.phase,
            time=self._stopwatch.total(),
            phases=dict(self._stopwatch.phases),
            agreed=session.agreed if session else None,
            dialogue=tuple(session.dialogue) if session else (),
        )

    def _new_engine(self) -> Engine:
        return self._engines.new(self.options.sni_name)

    async def _addresses(self) -> list[Address]:
        options = self.options
        question = resolve(options.hostname, options.port, options.family, self._deadline)
        if literal_family(options.hostname):
            return await question
        return await self._answer(question)

    async def _mail_exchangers(self) -> Exchangers:
        try:
            with self._stopwatch.paused():
                from check_smtp_core.mail_exchangers import mail_exchangers
        except ImportError as error:
            raise SessionEnded(Finding("local", printable(missing_module(error)))) from None
        options = self.options
        return await self._answer(
            mail_exchangers(options.hostname, options.ignore_mx, self._deadline)
        )

    async def _answer(self, question: Coroutine[Any, None, Found]) -> Found:
        """The answer to a question to the resolver."""
        try:
            with self._stopwatch.time("dns"):
                return await question
        except OutOfTime:
            waited = self._stopwatch.in_phase()
            silence = verdicts.silence("dns", waited, self.options.timeout, "")
            raise SessionEnded(silence) from None

    async def _connected(self, addresses: list[Address]) -> Session:
        """A session with the first address that answers; each gets its fair share of the time."""
        failed: list[Finding] = []
        silent: list[str] = []
        in_use: list[str] = []
        with self._stopwatch.time("connect"):
            for number, address in enumerate(addresses):
                session = Session(
                    address, self.options, self._deadline, self._stopwatch, self._new_engine
                )
                if not await self._took_turn(address):
                    in_use.append(str(address))
                    continue
                try:
                    share = self._deadline.left() / (len(addresses) - number)
                    await session.connect(self._deadline.within(share))
                except OutOfTime:
                    silent += [str(address)] if session.tried else []
                except SessionEnded as ended:
                    failed.append(ended.finding)
                else:
                    self._notes += _fallbacks(failed, silent)
                    return session
                await session.quit()
                self._turns.give_back(str(address))
            if in_use and not (failed or silent):
                text = f"another endpoint of this run took all the time of {', '.join(in_use)}"
                raise SessionEnded(Finding("local", text))
            raise SessionEnded(self._no_connection(failed, silent))

    async def _took_turn(self, address: Address) -> bool:
        """Wait, in no time of ours, while another endpoint of this run talks to the address."""
        try:
            with self._stopwatch.paused():
                await self._turns.take(str(address), self._deadline)
        except OutOfTime:
            return False
        return True

    def _no_connection(self, failed: list[Finding], silent: list[str]) -> Finding:
        """Of all that kept us out, the reason; a missing route yields to the others."""
        if silent or not failed:
            failed = [verdicts.unanswered(silent, self._stopwatch.in_phase()), *failed]
        telling = [each for each in failed if each.name != "no-route"] or failed
        first, *others = dict.fromkeys(telling)
        self._notes += [each._replace(ends_session=True) for each in others]
        return first


class ThisMachine:
    """A check of the machine it runs on: the same as Endpoints, without a session."""

    def __init__(self, check: Check, options: Options, deadline: Deadline) -> None:
        self._check = check
        self.options = options
        self._deadline = deadline
        self._stopwatch = Stopwatch()
        self._facts: Facts | None = None
        self._ended: Finding | None = None

    def prepare(self) -> None:
        """There is nothing to have ready."""

    async def observe(self) -> None:
        """Let the check look."""
        look: Callable[[Options, Deadline], Facts] = self._check.observe  # type: ignore[assignment]
        self._stopwatch.phase = self._check.__name__.rpartition(".")[2]
        try:
            self._facts = look(self.options, self._deadline)
        except SessionEnded as ended:
            self._ended = ended.finding
        finally:
            self._stopwatch.stop()

    def so_far(self) -> list[Observation]:
        """What has been observed by now."""
        seen = Observation(
            host="",
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
        return [seen]


def _shortage(error: OSError) -> Finding:
    """What is not the server's doing: no descriptor or thread is left here, or the like."""
    return verdicts.local("this machine is short of something", error)


def _fallbacks(failed: list[Finding], silent: list[str]) -> list[Finding]:
    reasons = [each.text for each in failed if each.name != "no-route"]
    reasons += [f"no answer ({address})" for address in silent]
    return [Finding("fallback", reason, said=True) for reason in reasons]
