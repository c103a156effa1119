"""Fixtures: the network, once for all tests."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.engines.debian import need
from tests.network.namespace import Network


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    made = subprocess.run(
        ("unshare", "--net", "--mount", "true"), capture_output=True, text=True, check=False
    )
    if os.getuid() != 0 or made.returncode:
        pytest.skip(f"namespaces of network and mounts need root {made.stderr.strip()}".strip())
    need("unbound", "nftables", "iproute2")
    with Network() as network:
        yield network
