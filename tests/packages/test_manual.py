"""The man pages: what a formatter says of them, and that they hold what --help holds."""

import argparse
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
def test_a_page_has_every_option_and_finding_and_no_hidden_option(check: str) -> None:
    words = {word.rstrip(",") for word in formatted(check).split()}
    shown: set[str] = set()
    hidden: set[str] = set()
    for action in project.parser(check)._actions:
        names = hidden if action.help is argparse.SUPPRESS else shown
        names.update(action.option_strings)
    assert shown - {"-h"} - words == set()
    assert {f" {name} " for name in hidden} & {
        f" {line.split()[0].rstrip(',')} "
        for line in formatted(check).splitlines()
        if line.startswith("       -")
    } == set()
    assert set(VOCABULARY) - words == set()
