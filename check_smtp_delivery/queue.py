"""Is mail piling up on this host, and how long does the oldest message wait?

Rule: the age counts more than the number, and mail that is on hold has no age. A queue that cannot
be listed is never an empty one.
"""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone

from check_smtp_core.deadline import Deadline
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.observation import Measure
from check_smtp_core.parser import InvalidValue
from check_smtp_core.text import defused, printable, quoted, shortened
from check_smtp_core.values import threshold, wire_text
from check_smtp_delivery.child import Ended, listen
from check_smtp_delivery.durations import duration_range, has_unit, in_words
from check_smtp_delivery.mail_systems import (
    QUEUES,
    SYSTEMS,
    Found,
    find,
    running_processes,
    system_of_program,
)
from check_smtp_delivery.tally import Tally

if TYPE_CHECKING:
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser

LOCAL = True

DEFAULT_WARNING, DEFAULT_CRITICAL = "1h", "1d"

_SHOWN = 5
_DOWN = re.compile(r"mail system is down|doesn't seem to be running", re.IGNORECASE)
_DENIED = re.compile(
    r"not allowed|permission denied|not permitted|need root|special privileges|not admin",
    re.IGNORECASE,
)

# Some programs end with 0 all the same.
_FAILED = re.compile(r"denied|fatal|\berror|failed|\b(?:cannot|can not|can't)\b", re.IGNORECASE)


class Limit(NamedTuple):
    """A range for one part of the queue: over the age of its oldest message, or over a number."""

    queue: str
    of_age: bool
    range: str


class Limits(NamedTuple):
    """The ranges of one state: for the oldest message, for all messages, and for each part."""

    age: str
    number: str
    queues: tuple[Limit, ...]

    def of(self, queue: str, of_age: bool) -> str:
        """The last range given for a part; empty if there is none."""
        found = [each.range for each in self.queues if each[:2] == (queue, of_age)]
        return found[-1] if found else ""


class Listed(NamedTuple):
    """What the mail system listed; `trouble` is what it complained of, `complete` if it ended."""

    found: Found
    tally: Tally
    complete: bool
    trouble: tuple[Finding, ...]
    warning: Limits
    critical: Limits

    def sentence(self, seconds: float) -> str:
        """How many messages there are, how long the oldest waits, and where they are."""
        tally, least = self.tally, "" if self.complete else "at least "
        name = self.found.system.name
        if not tally.messages:
            return f"{name}: {'the queue is empty' if self.complete else 'nothing listed yet'}"
        parts = ", ".join(f"{queue} {count}" for queue, count in tally.counts.items() if count)
        waits = f"the oldest waits {least}{in_words(tally.age)}"
        if tally.held == tally.messages:
            waits = "on hold"
        return f"{name}: {least}{_messages(tally.messages)}, {waits} ({parts})"

    def measures(self) -> list[Measure]:
        """`age`, `messages`, a number for each part of the queue, its size where it is told.

        None where time was over before the first message: nothing is known, which is not 0.
        """
        tally = self.tally
        if not (tally.messages or self.complete):
            return []
        least = "" if self.complete else "at least "
        oldest = f"the oldest message waits {least}{in_words(tally.age)}"
        many = f"{least}{_messages(tally.messages)}"
        measures = [
            self._measure("age", int(tally.age), "s", "queue-age", oldest),
            self._measure("messages", tally.messages, "", "queue-length", many),
        ]
        for queue, count in tally.counts.items():
            what = f"{least}{_messages(count)} in {queue}"
            measures.append(self._measure(queue, count, "", "queue-length", what, queue))
        for queue, age in tally.oldest.items():
            if self.warning.of(queue, True) or self.critical.of(queue, True):
                what = f"the oldest message in {queue} waits {least}{in_words(age)}"
                label = f"age_{queue}"
                measures.append(self._measure(label, int(age), "s", "queue-age", what, queue))
        if self.found.system.sized:
            measures.append(Measure("queue_size", tally.size, "B"))
        return measures

    def _measure(
        self, label: str, value: int, unit: str, finding: str, what: str, queue: str = ""
    ) -> Measure:
        of_age = unit == "s"
        warning, critical = (
            each.of(queue, of_age) if queue else each.age if of_age else each.number
            for each in (self.warning, self.critical)
        )
        return Measure(label, value, unit, warning, critical, finding, what, unit)

    def details(self, level: int) -> list[str]:
        """The parts of the queue, the most frequent reasons and domains; the program (-vv)."""
        if level == 2:
            return [f"listed by {printable(self.found.program)}"]
        tally = self.tally
        lines = [
            f"{queue}: {_messages(count)}, the oldest waits {in_words(tally.oldest[queue])}"
            for queue, count in tally.counts.items()
            if count
        ]
        for what, top in (("reason", tally.reasons), ("domain", tally.domains)):
            about = "" if top.exact and self.complete else "about "
            for text, count in top.most(_SHOWN):
                people = f"{about}{count} recipient{'' if count == 1 else 's'}"
                lines.append(f"{what} of {people}: {shortened(defused(text) or '(none)')}")
        return lines


def add_options(parser: Parser) -> None:
    """Which mail system, how long its oldest message may wait, and how many there may be."""
    for letter, word, default in (
        ("-w", "warning", DEFAULT_WARNING),
        ("-c", "critical", DEFAULT_CRITICAL),
    ):
        parser.own.value(
            letter,
            f"--{word}",
            dest=f"age_{word}",
            convert=duration_range,
            default=duration_range(default),
            metavar="DURATION",
            help=f"{word.upper()} when the oldest message has waited longer: 90m, 2h, 3d, or "
            f"seconds ({default})",
        )
    for word in ("warning", "critical"):
        parser.own.value(
            f"--count-{word}",
            convert=threshold,
            metavar="RANGE",
            help=f"{word.upper()} when the number of all messages is outside this range",
        )
    for word in ("warning", "critical"):
        parser.own.values(
            f"--queue-{word}",
            convert=_limit,
            metavar="QUEUE=LIMIT",
            help=f"{word.upper()} for one part of the queue: a number of messages "
            "(deferred=500), or the age of its oldest (active=15m)",
        )
    parser.own.value(
        "--mta",
        convert=_mta,
        metavar="NAME",
        help=f"the mail system: {', '.join(SYSTEMS)} (the one that is installed and runs)",
    )
    parser.own.value(
        "--command",
        convert=_absolute,
        metavar="PATH",
        help="its program, where it is at an odd place: a postqueue, exim, sendmail or smtpctl",
    )


def complete(options: Options) -> None:
    """A program has to be one of a mail system, and a part of a queue one of its parts."""
    if options.command and not options.mta:
        options.mta = system_of_program(options.command)
        if not options.mta:
            raise InvalidValue(f'say with --mta what "{options.command}" belongs to')


def observe(options: Options, deadline: Deadline) -> Listed:
    """Find the mail system, and have it list its queue."""
    if options.command:
        # Whether it runs is not ours to guess: who knows what it is called there.
        found = Found(SYSTEMS[options.mta], options.command, None)
    else:
        found = find(options.mta, processes=running_processes())
    _hold_names(found, options)
    tally = Tally(found.system.queues)
    ended = _list(found, tally, deadline)
    return Listed(
        found,
        tally,
        all(each.complete for each in ended),
        tuple(_trouble(found, ended, tally)),
        Limits(options.age_warning, options.count_warning, options.queue_warning),
        Limits(options.age_critical, options.count_critical, options.queue_critical),
    )


def judge(facts: Listed, options: Options) -> list[Finding]:
    """What kept the listing from being whole; the rest is a matter of thresholds."""
    findings = list(facts.trouble)
    if not facts.complete:
        program = printable(os.path.basename(facts.found.program))
        text = f"{program} was still listing after {options.timeout:g} s"
        findings.append(Finding("timeout", text))
    return findings


def _list(found: Found, tally: Tally, deadline: Deadline) -> list[Ended]:
    ended: list[Ended] = []
    for listing in found.system.listings:
        if listing.needs and not os.path.exists(listing.needs):
            continue
        reader = listing.reader(tally, datetime.now(timezone.utc))
        ended.append(listen([found.program, *listing.arguments], reader.hear, deadline))
        if not ended[-1].complete or ended[-1].code:
            break
        reader.end()
    return ended


def _trouble(found: Found, ended: list[Ended], tally: Tally) -> list[Finding]:
    """What the listings' complaints and exit codes mean. SessionEnded where nothing is known."""
    name = found.system.name
    said = " ".join([*(each.complaints for each in ended), *tally.strange])
    quote = quoted(" ".join(said.split())) if said.strip() else "nothing"
    code = ended[-1].code
    if _DOWN.search(said) or found.runs is False:
        shown = f": {quote}" if said.strip() else ": none of its processes runs here"
        finding = Finding("mail-system", f"{name} does not run{shown}")
        if code or tally.strange:
            raise SessionEnded(finding)
        return [finding]
    complaints = " ".join(each.complaints for each in ended)
    whole = all(each.complete for each in ended)
    failed = whole and not tally.messages and _FAILED.search(complaints) is not None
    if (code or failed) and _DENIED.search(said):
        text = f"{_account()} may not list the queue of {name}: {quote}"
        raise SessionEnded(Finding("local", f"{text} ({found.system.permission})"))
    if code:
        program = printable(os.path.basename(found.program))
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        raise SessionEnded(Finding("local", f"{program} failed with {how} and said {quote}"))
    if failed:
        program = printable(os.path.basename(found.program))
        raise SessionEnded(Finding("local", f"{program} listed nothing and said {quote}"))
    if tally.strange:
        text = f"the listing of {name} cannot be understood: {quoted(tally.strange[0])}"
        raise SessionEnded(Finding("local", text))
    return []


def _hold_names(found: Found, options: Options) -> None:
    for limit in (*options.queue_warning, *options.queue_critical):
        if limit.queue not in found.system.queues:
            has = ", ".join(found.system.queues)
            text = f"{found.system.name} has no queue {limit.queue} (it has {has})"
            raise SessionEnded(Finding("local", text))


def _account() -> str:
    import pwd

    try:
        return printable(pwd.getpwuid(os.geteuid()).pw_name)
    except KeyError:
        return f"user {os.geteuid()}"


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"


def _limit(text: str) -> Limit:
    queue, equals, limit = text.partition("=")
    if not equals or queue not in QUEUES:
        raise InvalidValue(f'"{text}" is not QUEUE=LIMIT; queues are {", ".join(QUEUES)}')
    of_age = has_unit(limit)
    return Limit(queue, of_age, duration_range(limit) if of_age else threshold(limit))


def _mta(text: str) -> str:
    if text.lower() not in SYSTEMS:
        raise InvalidValue(f'"{text}" is none of {", ".join(SYSTEMS)}')
    return text.lower()


def _absolute(text: str) -> str:
    if not os.path.isabs(wire_text(text)):
        raise InvalidValue(f'"{text}" is not an absolute path')
    return text
