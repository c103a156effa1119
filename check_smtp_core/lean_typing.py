"""The names of `typing` that facts need, without importing it: that is a twelfth of a whole run.

Rule: a type checker sees the originals. A module that makes facts has
`from __future__ import annotations`, so that no annotation is evaluated.
"""

from __future__ import annotations

from collections import namedtuple

__all__ = ("TYPE_CHECKING", "NamedTuple", "cast")

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NamedTuple, cast
else:

    class _Maker(type):
        """Makes a tuple with the annotated names as its fields, and with the rest of the body."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, object]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body.pop("__annotations__")
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            for attribute, value in body.items():
                if attribute != "__module__":
                    setattr(made, attribute, value)
            return made

    class NamedTuple(metaclass=_Maker):
        """typing.NamedTuple, as far as facts need it."""

    def cast(_: object, value: object) -> object:
        """The value, of whose type only the reader is to be told."""
        return value
