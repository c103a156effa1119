"""What a session needs of a TLS library: the engines that there are have it."""

import pytest

from check_smtp_core.engine import Engine
from check_smtp_core.tls import TlsEngine


@pytest.mark.parametrize("engine", [TlsEngine])
def test_an_engine_has_all_that_a_session_calls(engine: type) -> None:
    wanted = {name for name in vars(Engine) if not name.startswith("_")}
    assert wanted == {"handshake", "agreed", "read", "write", "close", "feed", "drain"}
    assert all(callable(getattr(engine, name, None)) for name in wanted)
