"""From the host a user names to the addresses to try, and the names we go by.

Rule: a literal never touches the resolver, and the resolver never outlasts the deadline:
getaddrinfo() cannot be interrupted, so it runs in a thread that nobody waits for.
"""

from __future__ import annotations

import re
import socket

from check_smtp_core.deadline import Deadline
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.tasks import in_thread
from check_smtp_core.text import printable

if TYPE_CHECKING:
    from typing import Any


_NO_SUCH_HOST = frozenset(
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY")
    if hasattr(socket, name)
)


class Address(NamedTuple):
    """One address to connect to: its family and what connect() takes."""

    family: int
    sockaddr: tuple[str | int, ...]

    def __str__(self) -> str:
        """The address as people write it, without the port."""
        return str(self.sockaddr[0])


def literal_family(host: str) -> int:
    """AF_INET or AF_INET6 if the host is an address, bracketed or not; 0 if it is a name."""
    bare = unbracketed(host)
    if ":" in bare:
        try:
            socket.inet_pton(socket.AF_INET6, bare.partition("%")[0])
        except OSError:
            return 0
        return socket.AF_INET6
    try:
        socket.inet_pton(socket.AF_INET, bare)
    except (OSError, ValueError):
        return 0
    return socket.AF_INET


def unbracketed(host: str) -> str:
    """The host without the brackets around an address literal."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def checked_host(host: str) -> str:
    """The host as it goes to the resolver: a bare literal, or a name in ASCII.

    ValueError if it is neither; ImportError if a U-label needs the package idna.
    """
    if literal_family(host):
        return unbracketed(host)
    labels = host.removesuffix(".").split(".")
    if len(host) > 254 or not all(re.fullmatch(r"[\w-]{1,63}", label) for label in labels):
        hint = "; the port is -p" if host.count(":") == 1 else ""
        raise ValueError(f"neither a host name nor an address{hint}")
    name = host if host.isascii() else a_labels(host)
    labels = name.removesuffix(".").split(".")
    # getaddrinfo() reads 127.1, 0x7f.1 and 2130706433 as addresses that nobody meant.
    if re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", labels[-1]):
        raise ValueError("not a complete address")
    return name


def a_labels(name: str) -> str:
    """A name with U-labels as A-labels (IDNA 2008, RFC 5891). ValueError if that is impossible."""
    import idna  # only names with U-labels pay for it

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"not a valid internationalised name ({error})") from None


def reference_name(host: str) -> str:
    """The name to ask for by SNI: without its trailing dot; empty for an address (RFC 6066 3)."""
    return "" if literal_family(host) else host.removesuffix(".")


async def resolve(host: str, port: int, family: int, deadline: Deadline) -> list[Address]:
    """The addresses of a checked host in the resolver's order, each once; at least one.

    SessionEnded with `no-such-host` or `resolver` when there are none, OutOfTime when the
    resolver is silent.
    """
    literal = literal_family(host)

    def ask() -> list[tuple[Any, ...]]:
        flags = socket.AI_NUMERICHOST if literal else 0
        # As bytes: text would load the IDNA 2003 codec.
        return socket.getaddrinfo(host.encode("ascii"), port, family, socket.SOCK_STREAM, 0, flags)

    try:
        found = ask() if literal else await in_thread(ask, deadline)
    except OSError as error:
        raise SessionEnded(_unresolved(host, family, error)) from None
    return list(dict.fromkeys(Address(each[0], each[4]) for each in found))


def _unresolved(host: str, family: int, error: OSError) -> Finding:
    name = printable(host)
    if "%" in host and isinstance(error, socket.gaierror):
        return Finding("local", f"this machine has no such interface: {name}")
    code = error.errno if isinstance(error, socket.gaierror) else None
    if code in _NO_SUCH_HOST:
        kind = {int(socket.AF_INET): " IPv4", int(socket.AF_INET6): " IPv6"}.get(family, "")
        return Finding("no-such-host", f"the name {name} does not exist or has no{kind} address")
    kind = "temporary failure" if code == socket.EAI_AGAIN else "failure"
    return Finding("resolver", f"{kind} while resolving the name {name}")


def ehlo_name(local_address: str) -> str:
    """The name for EHLO: this machine's own if it has a dot, else the literal of its address.

    RFC 5321 4.1.4 wants a name that means us, or the literal; never a DNS look-up (it costs time
    and can hang) and never `localhost`, which filters take for a liar.
    """
    name = socket.gethostname().removesuffix(".")
    if _means_us(name):
        return name
    address = local_address.partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _means_us(name: str) -> bool:
    labels = name.lower().split(".")
    return (
        len(labels) > 1
        and all(
            re.fullmatch(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", label) for label in labels
        )
        and not any(re.fullmatch(r"localhost[0-9]*|localdomain[0-9]*", label) for label in labels)
        and not labels[-1].isdecimal()
    )
