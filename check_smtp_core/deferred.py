"""Modules that a library imports and no check uses: they wait until somebody does.

Rule: named here by who imports the library, in one place. The standard library's LazyLoader is no
help: up to Python 3.12 the second import of a module that it made loads the module.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

from check_smtp_core.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class deferred:  # noqa: N801 - it reads as a word of the language
    """A context manager: while its body imports a library, these modules are stand-ins.

    Those that are loaded already stay as they are. The library keeps its stand-in, whose first
    use loads the module; others get the module.
    """

    def __init__(self, *names: str) -> None:
        self._stand_ins = {name: _stand_in(name) for name in names if name not in sys.modules}

    def __enter__(self) -> None:
        sys.modules.update(self._stand_ins)

    def __exit__(self, *_: object) -> None:
        for name, stand_in in self._stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


def _stand_in(name: str) -> ModuleType:
    module = ModuleType(name)

    def load(attribute: str) -> Any:
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(import_module(name), attribute)

    module.__getattr__ = load  # type: ignore[method-assign]
    return module
