"""The names of `typing` that facts need, without importing it: that is a twelfth of a whole run.

Rule: a type checker sees the originals. A module that makes facts has
`from __future__ import annotations`, so that no annotation is evaluated.
"""

from __future__ import annotations

from operator import itemgetter

__all__ = ("TYPE_CHECKING", "NamedTuple", "cast")

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NamedTuple, cast
else:

    class _Maker(type):
        """Gives a tuple the annotated names as its fields; namedtuple() compiles code for each."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, object]) -> type:
            fields = tuple(body.get("__annotations__", ()))
            body["_fields"] = fields
            body["_field_defaults"] = {each: body[each] for each in fields if each in body}
            body["__slots__"] = ()
            for place, field in enumerate(fields):
                body[field] = property(itemgetter(place))
            return super().__new__(cls, name, bases, body)

    class NamedTuple(tuple, metaclass=_Maker):
        """typing.NamedTuple, as far as facts need it."""

        def __new__(cls, *values: object, **named: object) -> NamedTuple:
            """TypeError unless each field is given once, or has a default."""
            if named or len(values) != len(cls._fields):
                rest = cls._fields[len(values) :]
                given = {**cls._field_defaults, **named}
                too_many = not (rest or named)
                if too_many or not named.keys() <= set(rest) <= given.keys():
                    raise TypeError(f"{cls.__name__} is made of {', '.join(cls._fields)}")
                values += tuple([given[field] for field in rest])
            return super().__new__(cls, values)

        def _asdict(self) -> dict[str, object]:
            return dict(zip(self._fields, self, strict=True))

        def _replace(self, **changes: object) -> NamedTuple:
            values = list(map(changes.pop, self._fields, self))
            return type(self)(*values, **changes)

        def __getnewargs__(self) -> tuple[object, ...]:
            return tuple(self)

        def __repr__(self) -> str:
            told = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{type(self).__name__}({told})"

    def cast(_: object, value: object) -> object:
        """The value, of whose type only the reader is to be told."""
        return value
