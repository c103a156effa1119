"""A network of this process alone, so that servers have the addresses and ports of real ones.

Rule: the machine's own network is left behind before an address is added. Needs root.
"""

import ctypes
import os
import subprocess

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of linux/sched.h


def denied() -> str:
    """Why there can be no such network, or nothing."""
    return "" if os.geteuid() == 0 else "only root gets a network of its own"


def leave_for(*addresses: str) -> None:
    """Move this process into an empty network that has these addresses; no way leads back.

    Call it before the first thread is started: threads have networks one by one.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"no network of our own: {os.strerror(number)}")
    _ip("link", "set", "lo", "up")
    for address in addresses:
        _ip("address", "add", f"{address}/32", "dev", "lo")


def _ip(*words: str) -> None:
    subprocess.run(["/usr/sbin/ip", *words], check=True)
