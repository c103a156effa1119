"""What the dashboard and the graph templates ask Graphite for, as metrics of Icinga 2.

Rule: pure, and about any dashboard: it reads the queries as they stand in the files, and knows
nothing of what the checks print. Names are those of Icinga 2's GraphiteWriter:
`icinga2.<host>.services.<service>.<check command>.perfdata.<label>.value` and its neighbours.
"""

import json
import re
from configparser import ConfigParser
from typing import Any, NamedTuple


class Metric(NamedTuple):
    """One number of a service: `value`, `warn` or `crit` of a perfdata label.

    What Icinga 2 tells of the service itself is of the label `metadata`, as in
    `Metric("smtp_banner", "metadata", "state")`.
    """

    command: str
    label: str
    kind: str


class Query(NamedTuple):
    """What one curve asks for: any of some metrics. `where` is the title or the template."""

    where: str
    text: str
    metrics: frozenset[Metric]


def sent(path: str) -> Metric | None:
    """The metric that a path of the GraphiteWriter names; None if it is not a service's."""
    metrics = _metrics(path)
    return metrics[0] if len(metrics) == 1 else None


def of_dashboard(text: str) -> list[Query]:
    """The queries of a Grafana dashboard's panels, from its JSON."""
    return [
        Query(panel["title"], target["target"], frozenset(_metrics(path)))
        for panel in panels(json.loads(text))
        for target in panel.get("targets", ())
        for path in _paths(target["target"])
    ]


def panels(dashboard: Any) -> list[Any]:
    """All panels of a dashboard, those inside its rows too."""
    found = []
    for panel in dashboard["panels"]:
        found += [panel, *panel.get("panels", ())]
    return found


def of_templates(text: str) -> list[Query]:
    """The queries of the Graphite module's templates, from their INI text."""
    templates = ConfigParser(interpolation=None, delimiters="=", comment_prefixes=";")
    templates.read_string(text)
    queries = []
    for section in templates.sections():
        name, _, part = section.rpartition(".")
        if part != "metrics_filters":
            continue
        commands = templates[f"{name}.graph"]["check_command"].strip('"')
        for quoted in templates[section].values():
            path = quoted.strip('"')
            asked = path.replace(
                "$service_name_template$", f"icinga2.*.services.*.{{{commands.replace(' ', '')}}}"
            )
            queries.append(Query(name, path, frozenset(_metrics(asked))))
    return queries


def _paths(target: str) -> list[str]:
    return re.findall(r"icinga2(?:\.(?:\{[^}]*\}|[^.,(){}\s])+)+", target)


def _metrics(path: str) -> list[Metric]:
    """The metrics that a path means, its braces expanded."""
    match = re.fullmatch(
        r"icinga2\.[^.]+\.services\.[^.]+\.([^.]+)\.(?:perfdata\.)?([^.]+)\.([^.]+)", path
    )
    if match is None:
        return []
    return [
        Metric(command, label, kind)
        for command in _expanded(match[1])
        for label in _expanded(match[2])
        for kind in _expanded(match[3])
    ]


def _expanded(text: str) -> list[str]:
    head, brace, rest = text.partition("{")
    if not brace:
        return [text]
    words, _, tail = rest.partition("}")
    return [f"{head}{word}{each}" for word in words.split(",") for each in _expanded(tail)]
