"""What a reply, an error number or a silence means, as a Finding.

Rule: pure functions from what happened to a finding, the same for every check; words that quote
the server go through quoted().
"""

import os
import re
from errno import (
    EACCES,
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    ECONNREFUSED,
    ECONNRESET,
    EHOSTUNREACH,
    EINVAL,
    ENETUNREACH,
    EPERM,
    ETIMEDOUT,
)

from check_smtp_core.findings import Finding
from check_smtp_core.reply import Capabilities, ProtocolError, Reply, names_ftp, other_protocol
from check_smtp_core.text import decoded, printable, quoted, visible

AWAITED = {
    "tls": "the TLS handshake",
    "greeting": "the greeting",
    "ehlo": "the reply to EHLO",
    "starttls": "the reply to STARTTLS",
    "ehlo_tls": "the reply to EHLO inside TLS",
    "auth": "the reply to AUTH",
    "mail": "the reply to MAIL",
    "rcpt": "the reply to RCPT",
    "data": "the reply to DATA",
    "mailbox": "the mailbox",
}
"""What a client waits for in each phase, in words."""

_ANSWERED = {
    "greeting": "greeted with",
    "ehlo": "EHLO answered with",
    "helo": "HELO answered with",
    "lhlo": "LHLO answered with",
    "starttls": "STARTTLS answered with",
    "ehlo_tls": "EHLO inside TLS answered with",
    "xclient": "XCLIENT answered with",
    "auth": "AUTH answered with",
    "mail": "MAIL answered with",
    "rcpt": "RCPT answered with",
    "data": "DATA answered with",
}

_HANDSHAKE = ("greeting", "ehlo", "helo", "lhlo", "starttls", "ehlo_tls")

_NEARLY_ALL = 0.9

# What an administrator can do something about; the words differ between OpenSSL's versions.
_TLS_WORDS = {
    "alert handshake failure": "the server finds no common cipher, or wants a client certificate",
    "alert protocol version": "the server speaks none of the TLS versions that were offered",
    "unrecognized name": "the server has no certificate for this name",
    "certificate required": "the server insists on a client certificate",
    "alert internal error": "the server cannot go on, often for its certificate or security level",
}

_UNREACHED = {
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection reset",
    EHOSTUNREACH: "host unreachable",
    ETIMEDOUT: "no answer within the system's own limit",
    EACCES: "prohibited by a route or firewall of this machine",
    EPERM: "prohibited by a route or firewall of this machine",
    EINVAL: "impossible by the routes of this machine (a blackhole, or the wrong source address)",
}


def unreached(number: int, address: str) -> Finding:
    """Why a connection to this address could not be made, by the error number of connect()."""
    if number in (ENETUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT):
        family = "IPv6" if ":" in address else "IPv4"
        return Finding("no-route", f"this machine has no {family} route to {address}")
    if number == EINVAL and address.lower().startswith("fe80:"):
        return Finding("local", f"a link-local address needs its interface: {address}%eth0")
    words = _UNREACHED.get(number) or os.strerror(number).lower()
    return Finding("connect", f"{words} ({address})")


def unanswered(addresses: list[str], seconds: float) -> Finding:
    """The finding for addresses that did not answer connect() within this many seconds in all.

    Where none was even tried, nothing is known of the server.
    """
    if not addresses:
        return Finding(
            "local", "no time was left to connect (a busy machine, or a slow resolver?)"
        )
    where = ", ".join(addresses)
    return Finding("timeout", f"no answer to connect from {where} within {_seconds(seconds)}")


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{max(seconds, 0.001):.2g} s"


def local(what: str, error: OSError) -> Finding:
    """A fault of this machine, with the system's words for it."""
    words = os.strerror(error.errno).lower() if error.errno else printable(str(error))
    return Finding("local", f"{what}: {words}")


def refused(phase: str, reply: Reply, expected: int, origin: str) -> Finding:
    """The finding for a reply that was not the one that was needed.

    `phase` is where it came, `expected` the code that was needed, `origin` says who we were,
    which is what a postmaster greps for. RFC 5321 4.2.1: 4yz may pass, 5yz will not;
    3.8: 421 is the service closing, at any time.
    """
    answered = f"{_ANSWERED[phase]} {quoted(str(reply))}"
    if phase == "greeting" and expected != 220:
        return Finding("banner-code", f"{answered} instead of {expected} ({origin})")
    if reply.code == 421 or (reply.code // 100 == 4 and phase in _HANDSHAKE):
        name = "unavailable"
    elif reply.code // 100 == 4:
        name = "tempfail"
    elif reply.code // 100 == 5:
        name = "reject"
    else:
        name = "banner-code" if phase == "greeting" else "protocol"
        return Finding(name, f"{answered} instead of {expected}")
    return Finding(name, f"{answered} ({origin})")


def not_understood(phase: str, error: ProtocolError) -> Finding:
    """The finding for octets that are no reply."""
    quote = f": {quoted(error.quote)}" if error.quote else ""
    where = AWAITED.get(phase, phase)
    return Finding("protocol", f"{error.reason} (in place of {where}){quote}")


def silence(phase: str, waited: float, limit: float, said: str) -> Finding:
    """The finding for a deadline that passed in a phase.

    `waited` is how long the phase had lasted, `limit` the time for the whole run, both in
    seconds; `said` is what had come of a reply.
    """
    within = f"within {limit:g} s"
    if waited < _NEARLY_ALL * limit:
        within = f"within {_seconds(waited)}, which was left of {limit:g} s"
    if phase == "dns":
        return Finding("resolver", f"no answer from the resolver {within}")
    awaited = AWAITED.get(phase, phase)
    if phase == "tls":
        return Finding("timeout", f"{awaited} was not over {within}")
    if said:
        return Finding("timeout", f"{awaited} had not ended {within}: {quoted(said)}")
    hint = (
        " (overloaded, delaying its greeting, or a port for implicit TLS or HTTP?)"
        if phase == "greeting"
        else ""
    )
    return Finding("timeout", f"{awaited} did not come {within}{hint}")


def lost(phase: str, reset: bool, said: str) -> Finding:
    """The finding for a connection that ended while a reply was due."""
    how = "the connection was reset" if reset else "the server closed the connection"
    awaited = AWAITED.get(phase, phase)
    if said:
        return Finding("closed", f"{how} within {awaited}: {quoted(said)}")
    return Finding(
        "closed", f"{how} before {awaited}" if phase != "tls" else f"{how} in {awaited}"
    )


def no_ehlo(refusal: Reply, helo: str) -> Finding:
    """The finding for a server that does not know EHLO; `helo` is what became of HELO."""
    return Finding("no-esmtp", f"EHLO answered with {quoted(str(refusal))}, HELO {helo}")


def no_starttls(capabilities: Capabilities) -> Finding:
    """The finding for a server that does not offer STARTTLS."""
    if capabilities.domain.strip().upper() == "STARTTLS":
        where = "STARTTLS stands on the first line, where the server's name belongs"
        return Finding("no-starttls", f"not offered: {where}")
    return Finding("no-starttls", "STARTTLS is not offered")


def injection(octets: bytes) -> Finding:
    """The finding for clear text behind the reply to STARTTLS (RFC 3207 6, CVE-2011-0411)."""
    quote = quoted(decoded(octets).strip()) if octets.strip() else "an empty line"
    return Finding("injection", f"clear text between the reply to STARTTLS and TLS: {quote}")


def handshake_failed(words: str) -> Finding:
    """The finding for a TLS session that failed, from OpenSSL's words for it."""
    words = printable(words).lower() or "the TLS session broke"
    meaning = next((told for key, told in _TLS_WORDS.items() if words.endswith(key)), "")
    return Finding("tls-handshake", f"{meaning} ({words})" if meaning else words)


def plain_text_for_tls(octets: bytes, implicit: bool) -> Finding:
    """The finding for a server that answers TLS in clear text; `implicit` if it began with TLS."""
    protocol = other_protocol(octets)
    named = f" ({protocol})" if protocol else ""
    quote = quoted(visible(decoded(octets).rstrip()))
    hint = " (a port for --starttls?)" if implicit and octets[:3].isdigit() else ""
    text = f"the server answered TLS in clear text{named}: {quote}{hint}"
    return Finding("tls-handshake", text)


def unsolicited(octets: bytes, phase: str, origin: str) -> Finding:
    """The finding for data that came when no reply was due, after this phase.

    A 421 says that the service closes.
    """
    text = " / ".join(line for line in decoded(octets).splitlines() if line)
    after = AWAITED.get(phase, phase)
    if re.match(r"421(?![^\s-])", text):
        return Finding("unavailable", f"after {after}: {quoted(text)} ({origin})")
    return Finding("unsolicited", f"data after {after} though none was due: {quoted(text)}")


def about_greeting(greeting: Reply) -> list[Finding]:
    """What every check notes about a greeting: masking, and oddities that harm nobody."""
    findings = []
    if _is_masked(greeting.text):
        quote = quoted(str(greeting))
        findings.append(Finding("masked", f"the greeting was overwritten on the way: {quote}"))
    oddities = list(greeting.oddities)
    if names_ftp(greeting):
        oddities.append("it names FTP, not SMTP")
    return findings + _nonstandard(AWAITED["greeting"], oddities)


def about_reply(phase: str, reply: Reply, expected: int) -> list[Finding]:
    """The harmless oddities of a reply, such as 251 where 250 was expected."""
    oddities = list(reply.oddities)
    if reply.code != expected:
        oddities.append(f"the code {reply.code} instead of {expected}")
    return _nonstandard(AWAITED.get(phase, phase), oddities)


def about_capabilities(phase: str, capabilities: Capabilities) -> list[Finding]:
    """What every check notes about capabilities: masked keywords and harmless oddities."""
    masked = [word for word in capabilities.extensions if _is_masked_keyword(word)]
    findings = []
    if masked:
        words = printable(", ".join(masked[:3]))
        findings.append(
            Finding(
                "masked", f"EHLO keywords were overwritten on the way ({words}); often STARTTLS"
            )
        )
    return findings + _nonstandard(AWAITED.get(phase, phase), capabilities.oddities)


def _nonstandard(place: str, oddities: "list[str] | tuple[str, ...]") -> list[Finding]:
    return [Finding("nonstandard", f"{place}: {'; '.join(oddities)}")] if oddities else []


def _is_masked_keyword(word: str) -> bool:
    # A Cisco ASA overwrites a keyword with X and leaves its last letter: 250-XXXXXXXA.
    return word.startswith("****") or (word.startswith("XXXX") and not word[:-1].strip("X"))


def _is_masked(text: str) -> bool:
    # Cisco's old "fixup" stars everything but 2, 0 and blanks. Stars around words are decoration.
    bare = "".join(text.split())
    starred = bare.count("*") >= 4 and not bare.strip("*02")
    return starred or (len(bare) >= 4 and not bare.strip("X"))
