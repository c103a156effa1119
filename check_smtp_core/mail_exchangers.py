"""The mail exchangers of a domain (RFC 5321 5.1), by dnspython.

Rule: the resolver never outlasts the deadline; what cannot be found is told as for any other name.
"""

from collections.abc import Sequence

import dns.exception
import dns.resolver

from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.tasks import in_thread
from check_smtp_core.text import printable


class Exchangers(NamedTuple):
    """The hosts that take a domain's mail, the preferred ones first.

    Without an MX record that is the domain itself, which is then `implicit`.
    """

    hosts: list[str]
    implicit: bool


async def mail_exchangers(domain: str, ignored: Sequence[str], deadline: Deadline) -> Exchangers:
    """The mail exchangers of a domain.

    Those that are ignored are left out. SessionEnded with `no-such-host` for a domain that does
    not exist or takes no mail (RFC 7505), with `resolver` when DNS fails, with `local` when
    nothing is left; OutOfTime when nobody answered.
    """
    shown = printable(domain)
    name = f"{domain.removesuffix('.')}."
    try:
        seconds = deadline.left()
        answer = await in_thread(
            lambda: dns.resolver.resolve(name, "MX", lifetime=seconds),
            deadline,
        )
    except dns.resolver.NoAnswer:
        return Exchangers([domain], True)
    except dns.resolver.NXDOMAIN:
        raise SessionEnded(Finding("no-such-host", f"the domain {shown} does not exist")) from None
    except dns.exception.Timeout:
        raise OutOfTime from None
    except dns.exception.DNSException:
        text = f"temporary failure while looking for the MX records of {shown}"
        raise SessionEnded(Finding("resolver", text)) from None
    records = sorted((each.preference, each.exchange.to_text(True).lower()) for each in answer)
    hosts = list(dict.fromkeys(host for _, host in records if host != "."))
    if not hosts:
        text = f"the domain {shown} takes no mail (null MX, RFC 7505)"
        raise SessionEnded(Finding("no-such-host", text))
    left_out = {each.lower().removesuffix(".") for each in ignored}
    left = [host for host in hosts if host not in left_out]
    if not left:
        raise SessionEnded(Finding("local", f"--ignore-mx leaves no mail exchanger of {shown}"))
    return Exchangers(left, False)
