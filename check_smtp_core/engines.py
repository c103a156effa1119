"""The TLS engines of a run: what they have in common is loaded once, by whoever comes first.

Rule: nothing is loaded before it is needed or prepare() is called.
"""

from __future__ import annotations

import threading

from check_smtp_core.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from check_smtp_core.check import Check
    from check_smtp_core.engine import Engine
    from check_smtp_core.options import Options


class Engines:
    """Makes the engines for the sessions of one check with these options."""

    def __init__(self, check: Check, options: Options) -> None:
        self._check = check
        self._options = options
        self._make: Callable[[str], Engine] | None = None
        self._lock = threading.Lock()

    def new(self, server_name: str) -> Engine:
        """An engine that asks for this name (SNI), or for none if it is empty.

        SessionEnded with `local` where settings cannot be loaded; ImportError without a library.
        """
        with self._lock:
            if self._make is None:
                self._make = self._engine_maker()
            return self._make(server_name)

    def prepare(self) -> None:
        """Load what the first engine would have to load; what fails shows when that is made."""
        try:
            self.new("")
        except Exception:
            return

    def _engine_maker(self) -> Callable[[str], Engine]:
        if hasattr(self._check, "engine_maker"):
            maker: Callable[[str], Engine] = self._check.engine_maker(self._options)
            return maker
        from check_smtp_core.tls import TlsEngine

        return TlsEngine
