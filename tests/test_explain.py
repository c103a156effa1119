"""The texts of --explain."""

import pytest

from check_smtp_core.explain import _ENTRIES, explanation
from check_smtp_core.findings import VOCABULARY
from tests.conftest import run_check


def test_every_finding_is_explained_and_nothing_else() -> None:
    assert list(_ENTRIES) == list(VOCABULARY)


@pytest.mark.parametrize("name", VOCABULARY)
def test_an_explanation_fits_a_terminal_and_says_what_to_do(name: str) -> None:
    lines = explanation(name).splitlines()
    assert lines[0].startswith(f"{name} (default state: ")
    assert max(map(len, lines)) <= 79
    assert any(line.startswith("What to do: ") for line in lines)


def test_explain_needs_no_host_and_exits_like_help() -> None:
    assert run_check("ehlo", "--explain", "masked") == (
        3,
        "masked (default state: WARNING)\n"
        "The greeting or EHLO keywords were overwritten with * or X on the way.\n"
        "Usual causes: the SMTP inspection of a firewall (Cisco PIX and ASA: fixup smtp,\n"
        "inspect esmtp).\n"
        "What to do: switch the inspection off: it hides STARTTLS and so sends mail in\n"
        "clear text.",
    )
