"""From a check's module to a plugin's output: the only module that knows nagiosplugin.

Rule: nagiosplugin's model is used as it stands (Resource, Metric, Context, Summary), its runtime
is not. What would go wrong there is settled here, once:

- Runtime and @guarded lose all results at a timeout, print tracebacks and let argparse exit 2;
  so Check is called without them, and entry.py, run.py and options.py see to the rest.
- Results ranks UNKNOWN above CRITICAL; the state comes from findings.worst().
- CheckError hides the results before it; a phase that failed is a Metric like any other.
- Check sorts the perfdata and Performance prints any number by str(); both are done here.
- Range("0") is a limit and Range(0) is none; ranges stay the text that thresholds.py has passed.
"""

from collections.abc import Iterator, Sequence

from check_smtp_core.deferred import deferred
from check_smtp_core.findings import Finding, State, state_of, worst
from check_smtp_core.observation import Measure, Observation
from check_smtp_core.options import Options
from check_smtp_core.output import Judged, Told, subject
from check_smtp_core.thresholds import in_words

# For its cookies, its runtime and its own words about a metric, which no check of ours asks for.
with deferred("fcntl", "json", "numbers", "tempfile", "traceback"):
    import nagiosplugin

_SERVICE_STATES = {
    State.OK: nagiosplugin.Ok,
    State.WARNING: nagiosplugin.Warn,
    State.CRITICAL: nagiosplugin.Critical,
    State.UNKNOWN: nagiosplugin.Unknown,
}


class _Verdict(nagiosplugin.Result):
    """A result that keeps the finding behind it; none for a measure within its ranges."""

    judged: Judged | None

    def __new__(
        cls, metric: nagiosplugin.Metric, finding: Finding | None, states: dict[str, State]
    ) -> "_Verdict":
        state = State.OK if finding is None else state_of(finding, states)
        hint = None if finding is None else str(finding)
        self: _Verdict = super().__new__(cls, _SERVICE_STATES[state], hint, metric)  # type: ignore[assignment]
        self.judged = None if finding is None else Judged(state, finding)
        return self


class _Findings(nagiosplugin.Context):
    """Gives each finding its state."""

    def __init__(self, states: dict[str, State]) -> None:
        super().__init__("finding")
        self._states = states

    def evaluate(
        self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource
    ) -> nagiosplugin.Result:
        return _Verdict(metric, metric.value, self._states)


class _Threshold(nagiosplugin.ScalarContext):
    """Holds one measure against its ranges."""

    def __init__(self, measure: Measure, states: dict[str, State]) -> None:
        super().__init__(measure.label, measure.warning or None, measure.critical or None)
        self._measure = measure
        self._states = states

    def evaluate(
        self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource
    ) -> nagiosplugin.Result:
        state = super().evaluate(metric, resource).state
        finding = None
        if self._measure.finding and state != nagiosplugin.Ok:
            finding = self._outside(State(int(state)))
        return _Verdict(metric, finding, self._states)

    def performance(
        self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource
    ) -> nagiosplugin.Performance:
        return perfdata(self._measure)

    def _outside(self, state: State) -> Finding:
        measure = self._measure
        limits = measure.critical if state is State.CRITICAL else measure.warning
        wanted = in_words(limits, measure.unit_in_words)
        return Finding(measure.finding, f"{measure.what} (wanted: {wanted})", state)


class _Endpoint(nagiosplugin.Resource):
    """One observed endpoint, as metrics: first its numbers, then its findings."""

    def __init__(self, measures: Sequence[Measure], findings: Sequence[Finding]) -> None:
        self._measures = measures
        self._findings = findings

    def probe(self) -> Iterator[nagiosplugin.Metric]:  # type: ignore[override]
        for measure in self._measures:
            yield nagiosplugin.Metric(measure.label, measure.value, measure.unit, 0)
        for finding in self._findings:
            yield nagiosplugin.Metric(finding.name, finding, context="finding")


class _Summary(nagiosplugin.Summary):
    """What has been judged, in the order in which it was."""

    def __init__(self) -> None:
        self.judged: list[Judged] = []

    def ok(self, results: nagiosplugin.Results) -> str:
        verdicts = [each.judged for each in results.results if isinstance(each, _Verdict)]
        self.judged = [each for each in verdicts if each is not None]
        return ""

    problem = ok


def told_of(seen: Observation, findings: list[Finding], options: Options) -> Told:
    """What is to be told of an endpoint: its findings and numbers, each with its state."""
    measures = _measures(seen, options)
    summary = _Summary()
    check = nagiosplugin.Check(
        _Endpoint(measures, findings),
        _Findings(options.states),
        *(_Threshold(measure, options.states) for measure in measures),
        summary,
    )
    check()
    summary.ok(check.results)
    judged = summary.judged
    stopped = any(finding.ends_session for finding in findings)
    sentence = seen.facts.sentence(seen.time) if seen.facts and not stopped else ""
    about = subject(seen.host, options.port, seen.address) if seen.host else ""
    return Told(about, worst(each.state for each in judged), judged, sentence, measures, seen)


def perfdata(measure: Measure) -> nagiosplugin.Performance:
    """One number as nagiosplugin prints it."""
    label, value, unit, warning, critical = measure[:5]
    if isinstance(value, int):
        number = str(value)
    else:
        number = f"{value:.4f}" if unit == "s" else f"{value:.2f}"
    return nagiosplugin.Performance(label, number, unit, warning, critical, measure.minimum)


def _measures(seen: Observation, options: Options) -> list[Measure]:
    """The numbers of an observation, `time` first, then the phases as they happened."""
    none = ("", "")
    # A session that ended before its time has no time worth judging.
    raises = "" if seen.ended or seen.facts is None else "slow"
    limits = options.thresholds
    what = f"the {'session' if seen.host else 'check'} took {seen.time:.3f} s"
    measures = [Measure("time", seen.time, "s", *limits.get("time", none), raises, what, "s")]
    for phase, seconds in seen.phases.items():
        ranges = limits.get(phase, none)
        what = f"phase {phase} took {seconds:.3f} s"
        measures.append(Measure(f"time_{phase}", seconds, "s", *ranges, "slow", what, "s"))
    return measures + list(seen.facts.measures() if seen.facts else ())
