"""The man pages: what a formatter says of them, and that they hold what --help holds."""

import argparse
import re
import shutil
import subprocess

import pytest

from check_smtp_core.findings import VOCABULARY
from contrib.packaging import project
from contrib.packaging.manual import man_page
from tests.packages.conftest import cannot


def formatted(check: str) -> str:
    """The page as a reader sees it."""
    if not shutil.which("groff"):
        cannot("groff is not installed")
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tascii", "-P-cbou"],
        input=man_page(check),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("check", project.CHECKS)
def test_a_page_asks_the_question_and_has_its_sections_in_order(check: str) -> None:
    lines = formatted(check).splitlines()
    sections = [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "FINDINGS",
        "EXIT STATUS",
        "SEE ALSO",
    ]
    assert [line for line in lines if line in sections] == sections
    start = lines.index("NAME") + 1
    name = " ".join(" ".join(lines[start : lines.index("SYNOPSIS")]).split())
    assert name == f"{check} - {project.parser(check).description}"


@pytest.mark.parametrize("check", project.CHECKS)
def test_a_page_lists_the_options_of_help_and_no_hidden_one(check: str) -> None:
    options = formatted(check).partition("\nOPTIONS\n")[2].partition("\nFINDINGS\n")[0]
    lines = [line for line in options.splitlines() if line.startswith("       -")]
    listed = {each.split()[0] for line in lines for each in line.split(", ")}
    shown = {
        name
        for action in project.parser(check)._actions
        if action.help is not argparse.SUPPRESS
        for name in action.option_strings
    }
    # The page's own purpose; the tool leaves them out.
    assert listed == shown - {"-h", "--help"}


@pytest.mark.parametrize("check", project.CHECKS)
def test_a_page_tells_every_finding_and_its_default_state(check: str) -> None:
    findings = formatted(check).partition("\nFINDINGS\n")[2].partition("\nEXIT STATUS\n")[0]
    told = re.findall(r"^       ([a-z][a-z-]+) \(([A-Za-z ]+)\)$", findings, re.MULTILINE)
    assert dict(told) == {
        name: "by threshold" if state is None else state.name for name, state in VOCABULARY.items()
    }
