"""Modules that a library imports and no check uses: they wait until somebody does.

Rule: named here by who imports the library, in one place. The standard library's LazyLoader is no
help: up to Python 3.12 the second import of a module that it made loads the module.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


@contextmanager
def deferred(*names: str) -> Iterator[None]:
    """While the body imports a library, these modules are stand-ins, unless they are loaded.

    The library keeps its stand-in, whose first use loads the module; others get the module.
    """
    stand_ins = {name: _stand_in(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
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
