"""Two network namespaces, and between them a link that takes its time.

Rule: TCP is the kernel's own at both ends, so that handshakes, Nagle and delayed acknowledgements
are real; only whole IP packets are held back. Needs root and /dev/net/tun, but no netem.
"""

import fcntl
import os
import select
import struct
import subprocess
import threading
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

TUN = Path("/dev/net/tun")

CLIENT_ADDRESS, SERVER_ADDRESS = "198.51.100.1", "198.51.100.2"

# From linux/if_tun.h.
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000

_LARGEST_PACKET = 65535


class _Packet(NamedTuple):
    """A packet on its way: when it is due (monotonic time), at which device, and its octets."""

    due: float
    device: int
    octets: bytes


class DelayedLink:
    """A context manager: while it lasts, the namespaces `client` and `server` are joined.

    Their names hold the number of this process; they are removed at the end. `enter_client` and
    `enter_server` are the commands that start another command inside. The server has so many
    `addresses`, one after the other.
    """

    def __init__(self, addresses: int = 1) -> None:
        self._addresses = addresses
        self.client = f"smtp-bench-{os.getpid()}-client"
        self.server = f"smtp-bench-{os.getpid()}-server"
        self.enter_client = ("nsenter", f"--net=/run/netns/{self.client}")
        self.enter_server = ("nsenter", f"--net=/run/netns/{self.server}")
        self._one_way = 0.0
        self._cleanup = ExitStack()

    def __enter__(self) -> "DelayedLink":
        with ExitStack() as cleanup:
            client = self._end(cleanup, self.client, CLIENT_ADDRESS, SERVER_ADDRESS)
            server = self._end(cleanup, self.server, SERVER_ADDRESS, CLIENT_ADDRESS)
            self._add_addresses()
            stop = os.eventfd(0)
            cleanup.callback(os.close, stop)
            forwarder = threading.Thread(target=self._forward, args=(client, server, stop))
            forwarder.start()
            cleanup.callback(forwarder.join)
            cleanup.callback(os.eventfd_write, stop, 1)
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._cleanup.close()

    def set_round_trip(self, seconds: float) -> None:
        """Set the time of a round trip, when the packets that are on their way have arrived."""
        time.sleep(4 * self._one_way)
        self._one_way = seconds / 2

    def _end(self, cleanup: ExitStack, namespace: str, address: str, peer: str) -> int:
        """Make one end of the link: the file descriptor of its device."""
        cleanup.callback(_ip, "netns", "delete", namespace, check=False)
        _ip("netns", "add", namespace)
        device = os.open(TUN, os.O_RDWR)
        cleanup.callback(os.close, device)
        wish = struct.pack("16sH", b"smtpbench%d", _IFF_TUN | _IFF_NO_PI)  # %d: a free number
        name = fcntl.ioctl(device, _TUNSETIFF, wish)[:16].rstrip(b"\0").decode("ascii")
        _ip("link", "set", name, "netns", namespace)
        _ip("-n", namespace, "address", "add", address, "peer", peer, "dev", name)
        _ip("-n", namespace, "link", "set", name, "up")
        return device

    def _add_addresses(self) -> None:
        network, _, last = SERVER_ADDRESS.rpartition(".")
        _ip("-n", self.client, "route", "add", f"{network}.0/24", "via", SERVER_ADDRESS)
        for number in range(1, self._addresses):
            address = f"{network}.{int(last) + number}/32"
            _ip("-n", self.server, "address", "add", address, "dev", "lo")
        _ip("-n", self.server, "link", "set", "lo", "up")

    def _forward(self, client: int, server: int, stop: int) -> None:
        """Carry packets between the two devices, each half a round trip after it came."""
        opposite = {client: server, server: client}
        under_way: deque[_Packet] = deque()
        while True:
            patience = max(0.0, under_way[0].due - time.monotonic()) if under_way else None
            # Not poll(), which counts in milliseconds.
            readable, _, _ = select.select([client, server, stop], [], [], patience)
            if stop in readable:
                return
            now = time.monotonic()
            for device in readable:
                octets = os.read(device, _LARGEST_PACKET)
                under_way.append(_Packet(now + self._one_way, opposite[device], octets))
            while under_way and under_way[0].due <= time.monotonic():
                packet = under_way.popleft()
                os.write(packet.device, packet.octets)


def _ip(*arguments: str, check: bool = True) -> None:
    """Run ip(8). RuntimeError with its own words if it fails, unless `check` is false."""
    done = subprocess.run(  # noqa: S603 - the command is ours
        ["ip", *arguments],  # noqa: S607 - its folder differs between distributions
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
