"""docs/: options, findings, perfdata and lines on the pages are those of the checks today.

The tables keep what people wrote in their last columns: `UPDATE_DOCS=1 pytest tests/test_docs.py`
writes the first columns anew, with an empty cell where words are missing.
"""

import argparse
import ast
import os
import re
import shlex
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from check_smtp_core.findings import VOCABULARY, State
from check_smtp_core.observation import Observation
from check_smtp_core.options import Options, parse_options
from check_smtp_core.output import status_line
from check_smtp_core.plugin import told_of
from check_smtp_delivery import loop, queue
from check_smtp_delivery.fates import Loop
from check_smtp_delivery.ledger import Tracked
from check_smtp_delivery.mail_systems import SYSTEMS
from check_smtp_delivery.moment import Moment
from check_smtp_tls.lifetime import DEFAULT_CRITICAL, DEFAULT_WARNING
from tests.scenes import FULLEST, LINES, OTHERS, Scene, Told, as_written, told
from tests.test_suite import (
    CHECKS,
    ROOT,
    icinga_arguments,
    imports,
    in_argparse,
    is_local,
    module_of,
    parser_of,
    question,
    read,
)

DOCS = ROOT / "docs"
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "contrib").rglob("*.md"))
    if page.is_file()
)
on_every_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(ROOT))
)
OF_BANNER_ONLY = {"banner-host", "banner-text"}

Cells = tuple[str, ...]
Tell = Callable[[str, Scene], Told]


@pytest.fixture(scope="module")
def tell(tmp_path_factory: pytest.TempPathFactory) -> Tell:
    """Plays a scene for a check, once for all tests."""
    folder = tmp_path_factory.mktemp("scenes")

    @cache
    def played(check: str, scene: Scene) -> Told:
        with pytest.MonkeyPatch.context() as monkeypatch:
            return told(check, scene, folder, monkeypatch)

    return played


def page_of(check: str) -> str:
    return read(f"docs/{check}.md")


def section(page: str, heading: str) -> str:
    """What stands between a heading and the next one of any level."""
    _, found, rest = f"\n{page}".partition(f"\n{heading}\n")
    assert found, heading
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[Cells]:
    """The rows of the one table in a text, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [tuple(line.strip("| ").split(" | ")) for line in lines[1:]]


def hold_table(check: str, heading: str, expected: Sequence[Cells]) -> None:
    """Insist on the first cells of a table's rows, and on words of people's own behind them."""
    page = page_of(check)
    text = section(page, heading)
    width = len(expected[0])
    if os.environ.get("UPDATE_DOCS"):
        words = {row[0]: row[width:] for row in rows(text)}
        table = [" | ".join((*cells, *words.get(cells[0], ("",)))) for cells in expected]
        kept = [line for line in text.splitlines() if not line.startswith("| `")]
        place = next(number for number, line in enumerate(kept) if line.startswith("|---"))
        kept[place + 1 : place + 1] = [f"| {row} |" for row in table]
        new = page.replace(f"{heading}\n{text}", f"{heading}\n" + "\n".join(kept) + "\n")
        (DOCS / f"{check}.md").write_text(new, encoding="utf-8")
        text = section(new, heading)
    assert [row[:width] for row in rows(text)] == list(expected)
    assert [row for row in rows(text) if len(row) == width or not row[-1].strip()] == []


# -- options


NEEDED = {
    "check_smtp_rcpt": {"accept": "postmaster"},
    "check_smtp_auth": {"user": "monitor@example.com"},
    "check_smtp_loop": {"recipient": "loop@example.com", "maildir": "/var/mail/loop/Maildir"},
}
"""What a check cannot do without, beside a host."""


def parsed(check: str, *arguments: str) -> Options:
    needed = [f"--{name}={value}" for name, value in NEEDED.get(check, {}).items()]
    host = () if is_local(check) else ("-H", "mail.example.com")
    return parse_options(parser_of(check), (*host, *needed, *arguments))


def of_lifetime(limits: tuple[float, float]) -> str:
    days, percent = limits
    return f"{days:g} days or {percent:g} %, whichever is less"


IN_WORDS = {
    "hostnames": "required",
    "servername": "HOST",
    "ehlo_name": "our own name or address",
    "days_warning": of_lifetime(DEFAULT_WARNING),
    "days_critical": of_lifetime(DEFAULT_CRITICAL),
    "age_warning": queue.DEFAULT_WARNING,
    "age_critical": queue.DEFAULT_CRITICAL,
    "mta": "the one that is installed and runs",
    "ca_file": "this machine's",
    "ca_path": "this machine's",
    "accept": "none",
    "mechanism": "the first that is offered",
    "imap_port": "993, or 143",
    "imap_servername": "HOST",
    "imap_host": "none",
    "imap_user": "none",
    "maildir": "none",
    "cleanup": "delete; keep with `--maildir`",
    "junk_folder": "the server's own",
    "authserv_id": "of the topmost header",
}
"""Defaults that are no value of the parser, by what they stand for."""


def default_of(check: str, action: argparse.Action) -> str:
    """The default as a page tells it: what holds when only the host is given."""
    if (check, action.dest) == ("check_smtp_loop", "mail_from"):
        return "the recipient"
    if action.dest in IN_WORDS or action.dest in NEEDED.get(check, {}):
        return IN_WORDS.get(action.dest, "required")
    options = parsed(check)
    if action.dest == "port":
        return f"{options.port}; {parsed(check, '--tls').port} with `--tls`"
    if action.dest == "tls_mode":
        return "on" if options.tls_mode == action.const else "off"
    if action.dest == "timeout_and_state":
        return f"{options.timeout:g}"
    if action.nargs == 0:
        return "off"
    value = getattr(options, action.dest, None)
    return f"{value}" if value else "none"


def in_table(check: str, action: argparse.Action) -> Cells:
    words = action.metavar or ""
    value = f" [{words}]" if action.nargs == "?" else f" {words}" if words else ""
    *short, long = action.option_strings
    names = ", ".join(f"`{each}`" for each in (*short, f"{long}{value}"))
    return names, default_of(check, action)


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_lists_all_options_with_their_defaults(check: str) -> None:
    own, *shared = [
        [
            in_table(check, action)
            for action in group._group_actions
            if action.help is not argparse.SUPPRESS
        ]
        for group in in_argparse(check)._action_groups
        if group._group_actions
    ]
    hold_table(check, "### Its own", own)
    hold_table(check, "### Shared by all checks", [each for group in shared for each in group])


@pytest.mark.parametrize("check", CHECKS)
def test_only_a_check_of_many_hosts_says_that_it_takes_them(check: str) -> None:
    many = not (is_local(check) or getattr(module_of(check), "ONE_ENDPOINT", False))
    assert ("all hosts are checked, side by side" in page_of(check)) == many


# -- findings


def reached(check: str, tell: Tell) -> set[str]:
    """The findings in which the scenes of a check end."""
    scenes = (*LINES[check], *OTHERS[check])
    return {name for scene in scenes for name in tell(check, scene).findings}


def listed(check: str) -> list[str]:
    return [row[0].strip("`") for row in rows(section(page_of(check), "## Findings"))]


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_lists_the_findings_that_the_check_can_end_in(check: str, tell: Tell) -> None:
    # Up to the greeting no check differs from another.
    can = set() if is_local(check) else reached("check_smtp_banner", tell) - OF_BANNER_ONLY
    can |= OF_BANNER_ONLY if check == "check_smtp_banner" else reached(check, tell)
    words: dict[State | None, str] = {state: state.name for state in State}
    words[None] = "by threshold"
    expected = [(f"`{name}`", words[state]) for name, state in VOCABULARY.items() if name in can]
    hold_table(check, "## Findings", expected)


def test_every_finding_stands_on_a_page() -> None:
    assert {name for check in CHECKS for name in listed(check)} == set(VOCABULARY)


def rooms_of(check: str) -> set[Path]:
    """The files of a check: its own module, and what that needs of its package."""
    module = module_of(check).__name__
    package = module.partition(".")[0]
    found, waiting = set(), {module}
    while waiting:
        path = ROOT / f"{waiting.pop().replace('.', '/')}.py"
        if path.is_file() and path not in found:
            found.add(path)
            waiting |= {each for each in imports(path) if each.startswith(f"{package}.")}
    return found


@pytest.mark.parametrize("check", CHECKS)
def test_every_finding_that_the_code_of_a_check_names_is_listed(check: str) -> None:
    named = {
        node.value
        for path in rooms_of(check)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert named & set(VOCABULARY) - set(listed(check)) == set()


# -- perfdata


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_lists_the_perfdata_that_the_check_prints(check: str, tell: Tell) -> None:
    perfdata = tell(check, FULLEST[check]).perfdata
    printed = [
        re.fullmatch(r"(\w+)=(?:T|[0-9.]+)([a-zA-Z]*)(?:;.*)?", each) for each in perfdata.split()
    ]
    expected = [(f"`{match[1]}`", match[2] or "none") for match in printed if match]
    assert len(expected) == len(printed)
    hold_table(check, "## Perfdata", expected)


# -- lines


def quoted_lines(check: str) -> list[str]:
    text = section(page_of(check), "## When you see this line")
    return re.findall(r"^    (SMTP_.+)$", text, re.MULTILINE)


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_quotes_lines_that_the_check_prints(check: str, tell: Tell) -> None:
    lines = [tell(check, scene).line for scene in LINES[check]]
    assert [as_written(line) for line in quoted_lines(check)] == lines


@pytest.mark.parametrize("check", CHECKS)
def test_every_quoted_line_is_followed_by_what_to_do_first(check: str) -> None:
    text = section(page_of(check), "## When you see this line")
    told_of = re.split(r"^    SMTP_.+$", text, flags=re.MULTILINE)[1:]
    assert [each for each in told_of if not re.search(r"\*\*First\*\*:\s\S", each)] == []


# -- the rest of a page


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_asks_the_question_and_names_the_package(check: str) -> None:
    page = page_of(check)
    assert page.startswith(f"# {check}\n\n{question(check)}\n")
    package, _, _ = module_of(check).__name__.partition(".")
    assert f"| package | `{package}` |" in section(page, "## Fact sheet")


@pytest.mark.parametrize("check", CHECKS)
def test_the_fact_sheet_tells_what_is_sent_and_timed(check: str, tell: Tell) -> None:
    sheet = dict(row for row in rows(section(page_of(check), "## Fact sheet")) if len(row) == 2)
    fullest = FULLEST[check]
    if is_local(check):
        commands = {" ".join(run.arguments) for each in SYSTEMS.values() for run in each.listings}
        assert [each for each in commands if f" {each}`" not in sheet["runs"]] == []
        return
    assert isinstance(fullest.transcript, str)
    sent = [f"`{verb}`" for verb in re.findall(r"^C: (\w+)", fullest.transcript, re.MULTILINE)]
    assert re.search(rf"(^| ){', '.join(sent)}(;|$)", sheet["sends"])
    timed = re.findall(r"time_(\w+)=", tell(check, fullest).perfdata)
    assert set(re.findall(r"\w+", sheet["phases"])) >= set(timed)


def measured() -> dict[str, dict[str, str]]:
    """The figures of the pages of measurements: what was measured, then command and figure."""
    page = read("docs/performance.md")
    engine = rows(section(read("docs/icinga-distributed.md"), "## How many checks a node carries"))
    trips = rows(section(page, "## Round trips").partition("\n\n*")[0])
    instructions = rows(section(page, "## Instructions"))
    return {
        "round trips": {row[0]: row[4] for row in trips if len(row) == 5},
        "ms at a round trip of 100 ms": {row[0]: row[1] for row in trips if len(row) == 5},
        "million instructions": {row[0]: row[1] for row in instructions},
        "ms of processor time": {row[0]: row[1] for row in engine},
    }


@pytest.mark.parametrize("check", CHECKS)
def test_the_costs_are_those_that_were_measured(check: str) -> None:
    sheet = dict(row for row in rows(section(page_of(check), "## Fact sheet")) if len(row) == 2)
    for what, figures in measured().items():
        if is_local(check) and what != "million instructions":
            continue
        told_of = dict(re.findall(r"(`[^`]+`): ([0-9.]+)", sheet[what]))
        assert told_of, what
        assert told_of.items() <= figures.items()


@pytest.mark.parametrize("check", CHECKS)
def test_the_examples_can_be_used(check: str) -> None:
    page = page_of(check)
    assert f'check_command = "{check.removeprefix("check_")}"' in page
    port_and_options = r"(.*)" if is_local(check) else r"(\d*)!?(.*)"
    in_nagios = re.findall(rf"check_command +{check}!{port_and_options}", page)
    in_nrpe = re.findall(rf"\]=/usr/lib/nagios/plugins/{check}(.*)", page)
    assert in_nagios
    assert in_nrpe
    for each in in_nagios:
        host = () if is_local(check) else ("-H", "mail.example.com", "-p", each[0])
        words = shlex.split((each if is_local(check) else each[1]).replace("$HOSTNAME$", "x"))
        parse_options(parser_of(check), (*host, *words))
    for arguments in in_nrpe:
        parse_options(parser_of(check), shlex.split(arguments))


def variables_of(check: str) -> set[str]:
    """The variables of Icinga's command that its arguments take their values from."""
    arguments = icinga_arguments(check).values()
    return {name for each in arguments for name in re.findall(r"\$(smtp_\w+)\$", each)}


VARIABLES = {name for check in CHECKS for name in variables_of(check)}
ANY_VARIABLE = rf"\b(?:{'|'.join(check.removeprefix('check_') for check in CHECKS)})_\w+"


@on_every_page
def test_every_variable_of_icinga_on_a_page_is_one_of_its_command(page: Path) -> None:
    assert set(re.findall(ANY_VARIABLE, page.read_text(encoding="utf-8"))) - VARIABLES == set()


@on_every_page
def test_every_command_of_nagios_on_a_page_is_defined(page: Path) -> None:
    defined = re.findall(r"command_name\s+(\S+)", read("contrib/nagios/check_smtp.cfg"))
    used = re.findall(r"check_command +([^\s=!]+)", page.read_text(encoding="utf-8"))
    assert set(used) - set(defined) == set()


@on_every_page
def test_every_command_of_nrpe_on_a_page_is_one_of_contrib(page: Path) -> None:
    lines = re.findall(r"^    (command\[.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(lines) - set(read("contrib/nrpe/check_smtp.cfg").splitlines()) == set()


# -- links


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@on_every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    for target in targets:
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = page.parent / path if path else page
        assert goal.exists(), target
        assert not anchor or anchor in anchors(goal), target


@pytest.mark.parametrize("check", CHECKS)
def test_readme_leads_to_the_page(check: str) -> None:
    assert f"(docs/{check}.md)" in read("README.md")


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_leads_to_its_man_page_and_to_operations(check: str) -> None:
    page = page_of(check)
    assert f"| man page | `man {check}`" in section(page, "## Fact sheet")
    assert "(operations.md)" in section(page, "## See also")


def test_the_examples_of_the_loop_name_one_maildir() -> None:
    files = [each for each in (ROOT / "contrib").rglob("*") if each.is_file()]
    texts = [each.read_bytes().decode("utf-8", "replace") for each in (*files, *PAGES)]
    paths = {path for text in texts for path in re.findall(r"/var/mail/[\w/.-]*", text)}
    assert paths == {"/var/mail/loop/Maildir"}


def test_the_line_of_a_loss_in_readme_is_what_the_check_says() -> None:
    (line,) = re.findall(r"^    (SMTP_LOOP CRITICAL .*) \| ", read("README.md"), re.MULTILINE)
    token = re.findall(r"[0-9a-f]{32}", line)[0]
    options = parsed("check_smtp_loop", "-w", "300", "-c", "1800")
    ages = (3602.214, *(3301.12 - 300 * number for number in range(11)), 0.1)
    waiting = tuple(Tracked(token, Moment(0.0, "a", -age), accepted=True) for age in ages)
    facts = Loop(
        sent=waiting[-1],
        ended=None,
        notes=(),
        synchronous=False,
        sender="loop@example.com",
        limits=(options.latency_warning, options.latency_critical),
        lost_after=options.lost_after,
        now=Moment(0.0, "a", 0.0),
        waiting=waiting,
        looked=True,
    )
    seen = Observation(
        "mail.example.com", facts, None, (), "192.0.2.25", "", "mailbox", 0.2, {}, None, ()
    )
    told_of_it = told_of(seen, loop.judge(facts, options), options)
    about, judged, sentence = told_of_it.about, told_of_it.judged, told_of_it.sentence
    assert status_line("SMTP_LOOP", told_of_it.state, about, judged, sentence, "ascii") == line
