"""The verifier without a callback: what hosts see that forbid memory to write and execute."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from OpenSSL import SSL

from check_smtp_core.findings import Finding
from check_smtp_tls.anchors import Anchors
from check_smtp_tls.certificate import Chain
from check_smtp_tls.trust import (
    date_findings,
    days_left,
    order_findings,
    strength_findings,
    trust_findings,
)
from check_smtp_tls.verifier import Verifier
from tests import chains
from tests.chains import HOST, INTERMEDIATE, LEAF, NOW, ROOT, Recipe
from tests.faults import FAULTS, Setup, combinations
from tests.tls_server import Server, shake_hands

_set_verify = SSL.Context.set_verify


def _without_callbacks(context: SSL.Context, mode: int, callback: Any = None) -> None:
    """As cffi has it where no memory may be written and executed."""
    if callback is not None:
        raise MemoryError("Cannot allocate write+execute memory for ffi.callback()")
    _set_verify(context, mode, callback)


@pytest.fixture
def hardened(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    def harden(on: bool) -> None:
        monkeypatch.setattr(SSL.Context, "set_verify", _without_callbacks if on else _set_verify)

    return harden


def seen(sent: tuple[Recipe, ...], anchors: Anchors) -> Chain:
    engine = Verifier(anchors)(HOST)
    shake_hands(engine, Server(chains.server_context(sent)))
    chain = engine.chain()
    assert chain is not None
    return chain


def verdict(chain: Chain) -> tuple[list[Finding], float, bool]:
    findings = date_findings(chain, NOW) + trust_findings(chain)
    findings += strength_findings(chain) + order_findings(chain, NOW)
    return findings, days_left(chain, NOW), chain.anchored


SETUPS = {name: fault(Setup()) for name, fault in (FAULTS | combinations()).items()}


@pytest.mark.parametrize("name", SETUPS)
def test_the_findings_are_those_of_the_callback(
    hardened: Callable[[bool], None], tmp_path: Path, name: str
) -> None:
    setup = SETUPS[name]
    anchors = Anchors(chains.written(tmp_path / "ca.pem", *setup.anchors), "")
    with_callback = seen(setup.presented, anchors)
    hardened(True)
    without = seen(setup.presented, anchors)
    assert without.presented == with_callback.presented
    assert without.path == with_callback.path
    assert verdict(without) == verdict(with_callback)


def test_the_path_is_the_one_of_the_handshake(
    hardened: Callable[[bool], None], tmp_path: Path
) -> None:
    """Forgiving dates must not lead astray, to the expired intermediate of two."""
    old = INTERMEDIATE._replace(until=-10, permitted=("example.org",))
    anchors = Anchors(chains.written(tmp_path / "ca.pem", ROOT), "")
    hardened(True)
    chain = seen((LEAF._replace(until=-3), old, INTERMEDIATE), anchors)
    assert chains.codes(chain) == [(10, 0)]
    assert [each.der for each in chain.path] == [
        chains.der(each) for each in (LEAF._replace(until=-3), INTERMEDIATE, ROOT)
    ]
    assert days_left(chain, NOW) == -3.0


NO_AUTHORITY = INTERMEDIATE._replace(authority=False, permitted=("example.org",))
NETSCAPE = LEAF._replace(purposes=(), netscape=chains.element(3, b"\x07\x80"))


@pytest.mark.parametrize(
    ("sent", "lost"),
    [
        # a fault of the chain behind one that cannot be forgiven
        ((LEAF._replace(issuer=NO_AUTHORITY), NO_AUTHORITY), (47, 0)),
        # Netscape's certificate type "client"
        ((NETSCAPE, INTERMEDIATE), (26, 0)),
    ],
)
def test_two_faults_stay_unseen_and_no_more(
    hardened: Callable[[bool], None],
    tmp_path: Path,
    sent: tuple[Recipe, ...],
    lost: tuple[int, int],
) -> None:
    anchors = Anchors(chains.written(tmp_path / "ca.pem", ROOT), "")
    with_callback = set(chains.codes(seen(sent, anchors)))
    hardened(True)
    missed = with_callback - set(chains.codes(seen(sent, anchors)))
    # That no authority has a purpose either (26 beside 79) is no finding.
    assert missed - {(26, 1)} == {lost}


def test_without_anchors_there_is_still_a_chain(hardened: Callable[[bool], None]) -> None:
    hardened(True)
    chain = seen((LEAF, INTERMEDIATE), Anchors("", ""))
    assert (chains.codes(chain), chain.anchored) == ([(20, 1)], False)


_PROGRAM = """
import ctypes
import sys
from pathlib import Path

PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(77)

from OpenSSL import SSL

try:
    SSL.Context(SSL.TLS_CLIENT_METHOD).set_verify(SSL.VERIFY_PEER, lambda *_: True)
except MemoryError:
    pass
else:
    sys.exit(78)

from tests import chains
from tests.test_offline import seen
from check_smtp_tls.anchors import Anchors

chains.written(Path(sys.argv[1]), chains.ROOT)
leaf = chains.LEAF._replace(until=-3, purposes=(chains.CLIENT,))
print(chains.codes(seen((leaf, chains.INTERMEDIATE), Anchors(sys.argv[1], ""))))
"""


def test_under_a_kernel_that_forbids_it_the_complaints_are_the_same(tmp_path: Path) -> None:
    """For real, as systemd's MemoryDenyWriteExecute does it (Linux 6.3 and later)."""
    script = tmp_path / "hardened.py"
    script.write_text(_PROGRAM, encoding="ascii")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "ca.pem")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in (77, 78):
        pytest.skip("this kernel does not forbid memory to write and execute")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[(10, 0), (26, 0)]\n", "")
