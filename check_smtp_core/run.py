"""A run of a check, from its arguments to its exit code and output.

Rule: what observes is here and imported first; TLS and what judges, which is nagiosplugin's (see
plugin.py), are imported while a server that is far away is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from check_smtp_core.backstop import Backstop, Stopped
from check_smtp_core.deadline import Deadline
from check_smtp_core.endpoints import Endpoints
from check_smtp_core.findings import Finding, State, state_of, worst
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.observation import Observation, ThisMachine
from check_smtp_core.options import Options, parse_options, parser_of
from check_smtp_core.output import Judged, status_line, subject, verbose_lines, whole_output
from check_smtp_core.parser import Information, UsageError
from check_smtp_core.tasks import finish
from check_smtp_core.text import printable, shortened

if TYPE_CHECKING:
    from check_smtp_core.check import Check

_LAST_MOMENT = 0.05
"""Seconds for what a run that is stopped has yet to judge."""


def run(check: Check, arguments: Sequence[str], started: float, encoding: str) -> tuple[int, str]:
    """Run a check: its exit code and its whole output, without the last line end.

    `started` is the monotonic time from which the timeout counts; `encoding` that of the
    standard output. Errors of ours leave as exceptions; entry.py prints them.
    """
    parser = parser_of(check)
    service = parser.prog.removeprefix("check_").upper()
    try:
        options = parse_options(parser, arguments)
    except Information as information:
        return State.UNKNOWN.value, str(information)
    except UsageError as error:
        words = shortened(printable(str(error)), 200)
        return (
            State.UNKNOWN.value,
            f"{service} UNKNOWN - usage: {words} (see {parser.prog} --help)",
        )
    deadline = Deadline.after(options.timeout, started)
    seen = _observe(check, options, deadline, service)
    try:
        from check_smtp_core.plugin import perfdata, told_of
    except ImportError:
        # Half of a module, where making ready fails at this moment; another import says why.
        from check_smtp_core.plugin import perfdata, told_of

    told = [told_of(*each, options) for each in seen]
    if options.several:
        from check_smtp_core.several import summed_up

        state, line, measures, more = summed_up(service, told, options, encoding)
    else:
        (whole,) = told
        state, measures = whole.state, whole.measures
        line = status_line(service, state, whole.about, whole.judged, whole.sentence, encoding)
        more = verbose_lines(whole, options.verbose)
    numbers = [str(perfdata(measure)) for measure in measures]
    return state.value, whole_output(line, numbers, more, encoding)


def _make_ready(places: ThisMachine | Endpoints) -> None:
    """Have ready what will be needed, in the order in which it will be; failures show then."""
    try:
        places.prepare()
        import_module("check_smtp_core.plugin")
    except Exception:
        return


def _observe(
    check: Check, options: Options, deadline: Deadline, service: str
) -> list[tuple[Observation, list[Finding]]]:
    """What came of each endpoint, and the findings in it, before the deadline."""
    kind = ThisMachine if getattr(check, "LOCAL", False) else Endpoints
    places: ThisMachine | Endpoints = kind(check, options, deadline)

    def last_words() -> tuple[int, str]:
        stopped = [_stopped(Stopped("deadline"), each, options) for each in places.so_far()]
        judged = [Judged(state_of(finding, options.states), finding) for finding in stopped]
        state = worst(each.state for each in judged)
        about = subject(options.hostname, options.port, "") if options.hostname else ""
        return state.value, status_line(service, state, about, judged, "", "ascii")

    seen: list[tuple[Observation, list[Finding]]] = []
    judging = False
    try:
        with Backstop(deadline, last_words):
            finish(places.observe(), lambda: _make_ready(places))
            judging = True
            for observation in places.so_far():
                seen.append((observation, _findings(check, observation, options)))
    except Stopped as stopped:
        rest = places.so_far()[len(seen) :]
        if stopped.why == "deadline" and judging and rest:
            seen.append((rest[0], _stopped_findings(stopped, rest[0], options)))
            del rest[0]  # to judge it was what took so long
        seen += _judged_at_last(check, rest, stopped, options, last_words)
    return seen


def _judged_at_last(
    check: Check,
    rest: Sequence[Observation],
    stopped: Stopped,
    options: Options,
    last_words: Callable[[], tuple[int, str]],
) -> list[tuple[Observation, list[Finding]]]:
    """The findings of a run that was stopped: endpoints that were through keep their verdicts."""
    goes_on = hasattr(check, "afterwards")  # then facts alone do not tell that one is through
    seen: list[tuple[Observation, list[Finding]]] = []
    try:
        with Backstop(Deadline.after(_LAST_MOMENT), last_words):
            for observation in rest:
                through = observation.ended is not None or observation.facts is not None
                if through and not goes_on:
                    findings = _findings(check, observation, options)
                else:
                    findings = _stopped_findings(stopped, observation, options)
                seen.append((observation, findings))
    except Stopped:
        for observation in rest[len(seen) :]:
            seen.append((observation, _stopped_findings(stopped, observation, options)))
    return seen


def _stopped_findings(stopped: Stopped, seen: Observation, options: Options) -> list[Finding]:
    return [_stopped(stopped, seen, options), *seen.notes]


def _findings(check: Check, seen: Observation, options: Options) -> list[Finding]:
    """All findings in what came of an endpoint."""
    findings = [*([seen.ended] if seen.ended else []), *seen.notes]
    return findings + (check.judge(seen.facts, options) if seen.facts else [])


def _stopped(stopped: Stopped, seen: Observation, options: Options) -> Finding:
    """The finding for a run that its own deadline did not end."""
    where = f"in phase {seen.phase}" if seen.phase else "before the first phase"
    if stopped.why != "deadline":
        text = f"ended by {stopped.why} after {seen.time:.1f} s, {where}"
    elif seen.facts is not None:
        text = f"judging what the server said took more than {options.timeout:g} s (a pattern?)"
    elif seen.phase:
        text = f"phase {seen.phase} was not over within {options.timeout:g} s"
    else:
        text = f"this machine took {options.timeout:g} s and more to begin (is it busy?)"
        return Finding("local", text, ends_session=True)
    return Finding("timeout", text, ends_session=True)
