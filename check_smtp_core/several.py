"""The output of a run about several endpoints: how many are well, and what ails the others.

Rule: pure. The line names the endpoints that are not well, the worst first; each has a line of its
own with -v. The numbers are those of all endpoints together, under labels that never change; those
of each only on request, because an engine reads no more than 8 KiB.
"""

from __future__ import annotations

from collections.abc import Sequence

from check_smtp_core.findings import State, severity, worst
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.observation import Measure
from check_smtp_core.output import Piece, Told, fitting, verbose_lines

if TYPE_CHECKING:
    from check_smtp_core.options import Options

_LONGEST_LABEL = 19
_MOST_OCTETS = 5000
"""Of perfdata about each endpoint; the rest of it has room as well."""


def summed_up(
    service: str, told: Sequence[Told], options: Options, encoding: str
) -> tuple[State, str, list[Measure], list[str]]:
    """State, status line without perfdata, numbers, and further lines, of all endpoints."""
    well = sum(each.state is State.OK for each in told)
    state = worst(each.state for each in told)
    if options.quorum and well >= options.quorum:
        state = State.OK
    elif options.quorum > len(told):
        state = State.CRITICAL
    measures = _totals(told, well, options)
    if options.perfdata_each:
        measures += _of_each(told, bool(options.all_addresses or options.mx))
    line = _line(service, state, told, well, options, encoding)
    return state, line, measures, _more(told, options.verbose)


def _line(
    service: str, state: State, told: Sequence[Told], well: int, options: Options, encoding: str
) -> str:
    domain = f"{options.mx}: " if options.mx else ""
    are = "endpoint is" if len(told) == 1 else "endpoints are"
    head = f"{service} {state.name} - {domain}{well} of {len(told)} {are} well"
    if options.quorum:
        head += f" (wanted: {options.quorum})"
    if well:
        head += f", the slowest in {_slowest(told):.3f} s"
    ranked = sorted(told, key=lambda each: -severity(each.state))
    pieces = [
        Piece(each.about, f"{each.about} {_ails(each)}")
        for each in ranked
        if each.state is not State.OK
    ]
    pieces += [
        Piece(each.about, f"{each.about} {judged.finding}")
        for each in ranked
        for judged in each.judged
        if each.state is State.OK and (judged.finding.said or judged.finding.ends_session)
    ]
    return fitting(f"{head}; " if pieces else head, pieces or [Piece("", "")], encoding)


def _slowest(told: Sequence[Told]) -> float:
    """The longest time in seconds: of those that are well, or of all where none is."""
    times = [each.seen.time for each in told if each.state is State.OK]
    return max(times or [each.seen.time for each in told])


def _ails(told: Told) -> str:
    """What is not well with an endpoint, the worst first."""
    ranked = sorted(told.judged, key=lambda each: -severity(each.state))
    return "; ".join(str(each.finding) for each in ranked if each.state is not State.OK)


def _more(told: Sequence[Told], level: int) -> list[str]:
    """A line for each endpoint with -v, its facts below it with -vv, the dialogue with -vvv."""
    lines = []
    for each in told if level else ():
        said = _ails(each) or each.sentence or "; ".join(str(one.finding) for one in each.judged)
        lines.append(f"{each.state.name} {each.about} {said}")
        facts = verbose_lines(each, level)
        lines += [f"  {fact}" for fact in facts if level > 1]
    return lines


def _totals(told: Sequence[Told], well: int, options: Options) -> list[Measure]:
    """The slowest time, how many there are and are well, and the worst of each check's own."""
    warning, critical = options.thresholds.get("time", ("", ""))
    least_well = f"{options.quorum}:" if options.quorum else ""
    measures = [
        Measure("time_max", _slowest(told), "s", warning, critical),
        Measure("endpoints", len(told)),
        Measure("endpoints_ok", well, warning=least_well),
    ]
    worst_of: dict[str, Measure] = {}
    for each in told:
        for measure in each.seen.facts.measures() if each.seen.facts else ():
            kind = "max" if measure.more_is_worse else "min"
            label = f"{measure.label[: _LONGEST_LABEL - 4]}_{kind}"
            known = worst_of.get(label)
            if known is None or (measure.value > known.value) is measure.more_is_worse:
                worst_of[label] = measure._replace(label=label, finding="")
    return measures + list(worst_of.values())


def _of_each(told: Sequence[Told], by_address: bool) -> list[Measure]:
    """The time of each endpoint, under its name as it was given, with its address if that is one.

    A label that depended on what became of an endpoint would break its graph.
    """
    measures, size = [], 0
    for each in told:
        label = f"time_{each.seen.host}"
        if by_address and each.seen.address not in ("", each.seen.host):
            label += f"_{each.seen.address}"
        size += len(label) + len("='' 0.0000s;;;0")
        if size > _MOST_OCTETS:
            break
        measures.append(Measure(label, each.seen.time, "s"))
    return measures
