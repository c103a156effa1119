"""Facts without `typing`: as NamedTuples they are what typing's would be."""

from __future__ import annotations

import subprocess
import sys
from copy import copy
from typing import Any

import pytest

from check_smtp_core.lean_typing import NamedTuple, cast


class Fact(NamedTuple):
    """A fact with a default, a method and a property."""

    name: str
    value: float = 5.0

    def twice(self) -> float:
        """Twice the value."""
        return 2 * self.value

    @property
    def title(self) -> str:
        return self.name.title()

    @classmethod
    def named(cls, name: str) -> Fact:
        return cls(name)


def test_a_fact_is_a_tuple_with_names_and_defaults() -> None:
    fact = Fact("size")
    assert fact == ("size", 5.0)
    assert (fact.name, fact.value, fact.twice(), fact.title) == ("size", 5.0, 10.0, "Size")
    assert Fact.named("x") == Fact(name="x", value=5.0)
    assert fact._replace(value=1.0) == Fact("size", 1.0)
    assert repr(fact) == "Fact(name='size', value=5.0)"


def test_a_fact_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Fact("size").name = "x"  # type: ignore[misc]


def test_a_fact_knows_where_it_comes_from() -> None:
    assert (Fact.__doc__ or "").startswith("A fact with")
    assert (Fact.__module__, Fact.__qualname__) == (__name__, "Fact")
    assert Fact._fields == ("name", "value")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((), {"value": 1.0}),
        (("size", 1.0, 2.0), {}),
        (("size", 1.0, 2.0), {"value": 1.0}),
        (("size",), {"name": "size"}),
        (("size",), {"weight": 1.0}),
    ],
)
def test_a_fact_has_no_more_and_no_fewer_fields(values: tuple[Any, ...], named: Any) -> None:
    with pytest.raises(TypeError, match=r"^Fact is made of name, value$"):
        Fact(*values, **named)


def test_what_is_replaced_is_a_field() -> None:
    with pytest.raises(TypeError, match=r"^Fact is made of name, value$"):
        Fact("size")._replace(weight=1.0)  # type: ignore[call-arg]


def test_a_fact_has_room_for_nothing_else() -> None:
    with pytest.raises(AttributeError):
        Fact("size").weight = 1.0  # type: ignore[attr-defined]


def test_a_copy_of_a_fact_is_the_same_fact() -> None:
    assert copy(Fact("size", 1.0)) == Fact("size", 1.0)


def test_a_cast_changes_nothing() -> None:
    value = object()
    assert cast("str", value) is value


def test_typing_is_not_imported() -> None:
    code = (
        "import sys; import check_smtp_core.run, check_smtp_core.plugin, check_smtp_core.several\n"
        "import check_smtp_handshake.banner, check_smtp_handshake.ehlo\n"
        "sys.exit('typing' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
