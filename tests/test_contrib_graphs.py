"""The Grafana dashboard and the graph templates: they ask for what the checks print."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from demo.server import DemoServer, running
from tests.conftest import run_check
from tests.engines.metrics import Metric, Query, of_dashboard, of_templates, panels, sent
from tests.listed import postfix_line, program
from tests.test_suite import CHECKS, is_local

CONTRIB = Path(__file__).parent.parent / "contrib"
DASHBOARD = (CONTRIB / "grafana" / "smtp-checks.json").read_text(encoding="utf-8")
TEMPLATES = (CONTRIB / "icinga" / "graphite" / "check_smtp.ini").read_text(encoding="utf-8")
QUERIES = {"dashboard": of_dashboard(DASHBOARD), "templates": of_templates(TEMPLATES)}

dashboard: Any = json.loads(DASHBOARD)


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def printed(server: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> set[Metric]:
    """The metrics that Icinga 2 makes of what the checks print, all phases reached."""
    limits = ("--phase-warning", "time=20", "--phase-critical", "time=50")
    trust = ["--ca-file", server.ca_file]
    login = ["-U", "monitor@example.com", "--password-file", server.password_file]
    message = ["--recipient", "loop@example.com", "--maildir", server.maildir]
    own = {
        "ehlo": [["--starttls"]],
        "cert": [trust],
        "rcpt": [["--accept", "postmaster"]],
        "relay": [["--recipient", "carol@example.org"]],
        "auth": [[*trust, *login]],
        "loop": [[*message, "-w", "20", "-c", "50"]],
    }
    own["queue"] = [
        ["--command", program(tmp_path_factory.mktemp("queue"), name, listing)]
        for name, listing in (
            ("postqueue", f"{postfix_line()}\n"),
            ("sendmail", "\t\tTotal requests: 0\n"),
            ("exim4", ""),
            ("smtpctl", ""),
        )
    ]
    metrics = set()
    for check in CHECKS:
        name = check.removeprefix("check_smtp_")
        host = ("-H", "localhost", "-4", "-p", str(server.smtp)) if not is_local(check) else ()
        items = []
        for options in own.get(name, [[]]):
            code, output = run_check(name, *host, *limits, *options)
            assert code == 0, output
            items += output.partition(" | ")[2].split()
        for item in items:
            label, _, numbers = item.partition("=")
            for kind, text in zip(("value", "warn", "crit"), numbers.split(";"), strict=False):
                # A range is no number, and the GraphiteWriter leaves it out.
                if re.fullmatch(r"[\d.]+[sB]?", text):
                    metrics.add(Metric(f"smtp_{name}", label, kind))
    return metrics


def of_perfdata(queries: list[Query]) -> list[Query]:
    return [query for query in queries if {each.label for each in query.metrics} != {"metadata"}]


@pytest.mark.parametrize("which", QUERIES)
def test_every_query_asks_for_something(which: str) -> None:
    assert [query for query in QUERIES[which] if not query.metrics] == []


@pytest.mark.parametrize("which", QUERIES)
def test_every_query_has_an_answer(which: str, printed: set[Metric]) -> None:
    unanswered = [each for each in of_perfdata(QUERIES[which]) if not each.metrics & printed]
    assert unanswered == []


@pytest.mark.parametrize("which", QUERIES)
def test_every_number_is_shown(which: str, printed: set[Metric]) -> None:
    asked = frozenset[Metric]().union(*(query.metrics for query in QUERIES[which]))
    assert printed - asked == set()


def test_a_dashboard_over_metadata_asks_for_states_only() -> None:
    queries = [
        each for each in QUERIES["dashboard"] if each not in of_perfdata(QUERIES["dashboard"])
    ]
    commands = {check.removeprefix("check_") for check in CHECKS}
    assert [query.metrics for query in queries] == [
        {Metric(command, "metadata", "state") for command in commands}
    ]


def test_hosts_and_services_to_choose_from_are_those_of_all_checks() -> None:
    queries = [each["query"] for each in dashboard["templating"]["list"][1:]]
    commands = ",".join(check.removeprefix("check_smtp_") for check in CHECKS)
    found = [sorted(re.findall(r"\w+", query.rpartition(".smtp_")[2])) for query in queries]
    assert found == [commands.split(","), commands.split(",")]


@pytest.mark.parametrize(
    ("path", "metric"),
    [
        (
            "icinga2.mx.services.smtp-banner.smtp_banner.perfdata.time.value",
            Metric("smtp_banner", "time", "value"),
        ),
        (
            "icinga2.mx.services.smtp-banner.smtp_banner.metadata.state",
            Metric("smtp_banner", "metadata", "state"),
        ),
        ("icinga2.mx.host.dummy.metadata.state", None),
    ],
)
def test_a_path_of_the_graphite_writer_is_read(path: str, metric: Metric | None) -> None:
    assert sent(path) == metric


def test_braces_in_a_query_are_any_of_their_words() -> None:
    text = "alias(icinga2.$host.services.$service.smtp_{banner,cert}.perfdata.time.value, 'time')"
    board = json.dumps({"panels": [{"title": "Time", "targets": [{"target": text}]}]})
    metrics = {Metric("smtp_banner", "time", "value"), Metric("smtp_cert", "time", "value")}
    assert of_dashboard(board) == [Query("Time", text, frozenset(metrics))]


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    ids = [panel["id"] for panel in panels(dashboard)]
    assert len(set(ids)) == len(ids)
    places = [squares(panel["gridPos"]) for panel in panels(dashboard)]
    assert [one & other for one, other in combinations(places, 2) if one & other] == []
    assert max(x for place in places for x, _ in place) < 24


def squares(place: dict[str, int]) -> set[tuple[int, int]]:
    return {
        (x, y)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    }


def test_the_dashboard_needs_nothing_but_a_data_source_to_choose() -> None:
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    assert set(re.findall(r"\$\{?([a-z]+)", DASHBOARD)) == variables
    uids = {each["uid"] for each in values_of(dashboard, "datasource")}
    assert uids == {"${datasource}", "-- Grafana --"}
    assert "id" not in dashboard


def values_of(node: Any, key: str) -> list[Any]:
    """All values of a key, wherever it stands."""
    if isinstance(node, list):
        return [found for each in node for found in values_of(each, key)]
    if not isinstance(node, dict):
        return []
    inside = [found for value in node.values() for found in values_of(value, key)]
    return [node[key], *inside] if key in node else inside
