"""Looks for our messages in the mailbox: once for all earlier ones, or until this run's is there.

Rule: what was found is saved before it is deleted, and forgotten after that; a run that is killed
in between leaves a message of which the next one knows that it came, and tells so. Two runs at
once may both find a message; neither takes one of the other's for lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.findings import Finding
from check_smtp_core.lean_typing import NamedTuple
from check_smtp_delivery.ledger import Ledger, LedgerError, Tracked
from check_smtp_delivery.mailbox import Found, Mailbox, Unreadable
from check_smtp_delivery.moment import Moment

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_MARGIN, _LARGEST_MARGIN = 0.15, 1.0


class Collected(NamedTuple):
    """The messages that came and those that did not; `blind` says why nobody could look.

    `results` are the headers of the newest message that was found, as far as they tell of
    authentication. `notes` are findings about what went wrong after that.
    """

    came: tuple[Tracked, ...] = ()
    waiting: tuple[Tracked, ...] = ()
    blind: str = ""
    results: bytes = b""
    notes: tuple[Finding, ...] = ()
    dialogue: tuple[str, ...] = ()


Opener = Callable[[Deadline, list[str], float], Mailbox]


class Collector:
    """One visit to the mailbox. `deletes` is whether to delete there.

    `opener` opens it, before a deadline, for messages that were sent since a time of the clock.
    """

    def __init__(self, opener: Opener, deletes: bool, deadline: Deadline, timeout: float) -> None:
        self._opener = opener
        self._deletes = deletes
        self._deadline = deadline
        # What was seen still has to be told, and the mailbox to be left in order.
        margin = min(_LARGEST_MARGIN, _MARGIN * timeout)
        self._looking = Deadline(deadline.moment - margin)
        self._mailbox: Mailbox | None = None
        self._blind = ""
        self._notes: list[Finding] = []
        self._dialogue: list[str] = []

    def earlier(self, ledger: Ledger, lost_after: float) -> Collected:
        """Look once for all messages of a ledger, and keep it up to date.

        One that is older than `lost_after` seconds is forgotten once a later one has come.
        """
        known = ledger.change(lambda messages: messages)
        found: list[Found] = []
        try:
            found = self._look(known) if known else []
            return self._settled(ledger, known, found, lost_after)
        finally:
            self._leave()

    def this(self, message: Tracked) -> Collected:
        """Look for one message until it is there or the time is over; once if it is in doubt."""
        try:
            found = self._wait_for(message)
            came = tuple(
                message._replace(
                    latency=each.seen.seconds_since(message.sent),
                    folder=each.folder,
                    junk=each.junk,
                )
                for each in found[:1]
            )
            waiting = () if came else (message,)
            self._delete(found)
            return self._collected(came, waiting, found)
        finally:
            self._leave()

    # -- looking

    def _look(self, messages: Sequence[Tracked]) -> list[Found]:
        try:
            self._looking.left()
            if self._mailbox is None:
                self._mailbox = self._opener(self._looking, self._dialogue, _since(messages))
            return self._mailbox.look({each.token for each in messages})
        except OutOfTime:
            self._blind = "there was no time left to look into it"
            return []
        except Unreadable as trouble:
            self._blind = str(trouble)
            return trouble.found

    def _wait_for(self, message: Tracked) -> list[Found]:
        pause = _FIRST_PAUSE
        found = self._look([message])
        while not found and not self._blind and message.accepted:
            try:
                self._looking.pause(pause)
                found = self._look([message])
                self._looking.left()
            except OutOfTime:
                self._blind = ""  # it could be read, until there was no time left
                break
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return found

    # -- what becomes of it

    def _settled(
        self,
        ledger: Ledger,
        known: Sequence[Tracked],
        found: Sequence[Found],
        lost_after: float,
    ) -> Collected:
        now = Moment.now()
        there = {each.token: each for each in reversed(found)}
        judged = {
            each.token: _judged(each, there.get(each.token), now, bool(self._blind))
            for each in known
        }
        came = tuple(each for each in judged.values() if each.latency is not None)
        try:
            current = ledger.change(lambda messages: [_updated(each, judged) for each in messages])
            waiting = tuple(each for each in current if each.latency is None)
            self._delete(found)
            gone = _finished(list(judged.values()), now, lost_after, bool(self._blind))
            ledger.change(lambda messages: [each for each in messages if each.token not in gone])
        except LedgerError as trouble:
            self._notes.append(Finding("local", str(trouble)))
            waiting = tuple(each for each in judged.values() if each.latency is None)
        return self._collected(came, waiting, found)

    def _collected(
        self, came: tuple[Tracked, ...], waiting: tuple[Tracked, ...], found: Sequence[Found]
    ) -> Collected:
        order = [each.token for each in came]
        newest = max(found, key=lambda each: order.index(each.token), default=None)
        return Collected(
            came,
            waiting,
            self._blind,
            newest.results if newest else b"",
            tuple(self._notes),
            tuple(self._dialogue),
        )

    def _delete(self, found: Sequence[Found]) -> None:
        if not (self._deletes and found and self._mailbox):
            return
        try:
            self._mailbox.extend(self._deadline)
            self._mailbox.delete(found)
        except Unreadable as trouble:
            text = f"what was found there could not be deleted: {trouble}"
            self._notes.append(Finding("mailbox", text))

    def _leave(self) -> None:
        if self._mailbox is not None:
            self._mailbox.extend(self._deadline)
            self._mailbox.close()


def _since(messages: Sequence[Tracked]) -> float:
    """When the oldest was sent, by the wall clock of then or of now, whichever is earlier."""
    now = Moment.now()
    sent = [each.sent for each in messages]
    return min(min(each.wall, now.wall - now.seconds_since(each)) for each in sent)


def _judged(message: Tracked, found: Found | None, now: Moment, blind: bool) -> Tracked:
    """What is known of a message after this look; what an earlier one saw stands."""
    if message.latency is not None:
        return message
    if found is not None:
        return _arrived(message, found, now)
    return message if blind else message._replace(missed=now.seconds_since(message.sent))


def _arrived(message: Tracked, found: Found, now: Moment) -> Tracked:
    """A message that came: how long it took.

    The mailbox's clock says when, but may be wrong: by ours it came after the last look in vain,
    and before this one.
    """
    age = now.seconds_since(message.sent)
    took = found.arrived - message.sent.wall if found.arrived else age
    latency = min(max(took, message.missed, 0.0), age)
    return message._replace(latency=latency, folder=found.folder, junk=found.junk)


def _finished(judged: list[Tracked], now: Moment, lost_after: float, blind: bool) -> set[str]:
    """The messages that need not be remembered: what came, and what is lost before the last such.

    So a loss is told of until mail flows again, and at least once.
    """
    came = [number for number, each in enumerate(judged) if each.latency is not None]
    before = judged[: came[-1]] if came and not blind else []
    lost = [each for each in before if now.seconds_since(each.sent) > lost_after]
    return {each.token for each in (*lost, *(judged[number] for number in came))}


def _updated(message: Tracked, judged: dict[str, Tracked]) -> Tracked:
    """A message as it stands in the file now, which another run may have changed meanwhile."""
    known = judged.get(message.token)
    if known is None or message.latency is not None:
        return message
    return message._replace(
        missed=known.missed, latency=known.latency, folder=known.folder, junk=known.junk
    )
