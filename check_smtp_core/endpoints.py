"""Which endpoints a run is about: hosts, all their addresses, the mail exchangers of a domain.

Rule: endpoints are observed side by side, before one deadline; but no server is called twice at
the same time: who wants the same address stands in line.
"""

from __future__ import annotations

from check_smtp_core.address import literal_family
from check_smtp_core.engines import Engines
from check_smtp_core.findings import Finding
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.observation import Endpoint, Observation
from check_smtp_core.tasks import Turns, begin
from check_smtp_core.text import printable

if TYPE_CHECKING:
    from check_smtp_core.address import Address
    from check_smtp_core.check import Check
    from check_smtp_core.deadline import Deadline
    from check_smtp_core.options import Options


class Endpoints:
    """All endpoints of a run, in the order in which they were named or found; at least one.

    Before its mail exchangers are known, a domain itself stands for them.
    """

    def __init__(self, check: Check, options: Options, deadline: Deadline) -> None:
        self._check = check
        self._options = options
        self._deadline = deadline
        self._engines = Engines(check, options)
        self._turns = Turns()
        self._implicit = False
        self._known: set[tuple[str, str]] = set()
        hosts = options.hostnames or (options.mx,)
        self._places = [[self._endpoint(host)] for host in hosts]

    def so_far(self) -> list[Observation]:
        """What has been observed by now, host by host."""
        return [endpoint.so_far() for place in self._places for endpoint in place]

    def prepare(self) -> None:
        """Have TLS ready before it is needed; may be called from another thread."""
        if self._options.tls_mode:
            self._engines.prepare()

    async def observe(self) -> None:
        """Find them all, and observe each."""
        if self._options.mx and not await self._found_exchangers():
            return
        await begin([self._observe_host(place) for place in self._places])

    async def _found_exchangers(self) -> bool:
        """Put the exchangers of the domain in its place; false where there are none."""
        ((domain,),) = self._places
        found = await domain.mail_exchangers()
        if found is None:
            return False
        self._implicit = found.implicit
        self._places = [[self._endpoint(host)] for host in found.hosts]
        return True

    async def _observe_host(self, place: list[Endpoint]) -> None:
        (whole,) = place
        if not (self._options.all_addresses or self._options.mx):
            await whole.observe()
            return
        host = whole.options.hostname
        if self._options.mx and literal_family(host):
            text = f"the MX record of {printable(self._options.mx)} names an address, not a host"
            whole.fail(Finding("no-such-host", f"{text} (RFC 5321 5.1)"))
            return
        if addresses := await whole.resolve():
            new = [address for address in addresses if self._is_new(host, address)]
            place[:] = [self._endpoint(host, [address]) for address in new]
            if self._implicit:
                text = f"{printable(host)} has no MX record, its own address takes its mail"
                place[0].note(Finding("fallback", text, said=True))
            await begin([endpoint.observe() for endpoint in place])

    def _endpoint(self, host: str, addresses: list[Address] | None = None) -> Endpoint:
        options = self._options.at(host)
        return Endpoint(
            self._check, options, self._deadline, self._engines, self._turns, addresses
        )

    def _is_new(self, host: str, address: Address) -> bool:
        """Whether nobody asks there yet: who asks for a name asks there once for each name."""
        name = host if getattr(self._check, "ASKS_FOR_A_NAME", False) else ""
        known = (str(address), name)
        if known in self._known:
            return False
        self._known.add(known)
        return True
