"""What a check is made of: every module of a check has it, as far as that can be seen."""

import inspect

import pytest

from check_smtp_core.check import Check
from tests.test_suite import CHECKS, module_of, parser_of


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_has_all_parts(check: str) -> None:
    module = module_of(check)
    parts = [name for name in vars(Check) if not name.startswith("_")]
    assert [name for name in parts if not inspect.isfunction(getattr(module, name))] == []


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_of_a_server_awaits_its_session(check: str) -> None:
    observes = module_of(check).observe
    assert inspect.iscoroutinefunction(observes) == (not parser_of(check).local)
