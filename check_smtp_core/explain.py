"""What each finding means, what usually causes it and what to do: the text of --explain.

Rule: one entry per name of the vocabulary, written for someone who was woken by it.
"""

from textwrap import fill
from typing import NamedTuple

from check_smtp_core.findings import VOCABULARY


class _Entry(NamedTuple):
    meaning: str
    causes: str
    remedy: str


_ENTRIES = {
    "no-such-host": _Entry(
        "The name does not exist, or it has no address of the wanted family.",
        "a typing error; a record that was removed or never published; -6 for a host that only "
        "has IPv4",
        "ask the resolver of the monitoring host (getent ahosts NAME); mend the record or -H.",
    ),
    "resolver": _Entry(
        "The resolver of the monitoring host did not answer, or could not at this time. Nothing "
        "is known about the mail server.",
        "a dead or overloaded resolver; SERVFAIL because of broken DNSSEC or dead name servers of "
        "the zone",
        "check /etc/resolv.conf on the monitoring host and ask for the name there; the mail "
        "server itself may be well.",
    ),
    "connect": _Entry(
        "No TCP connection could be made: refused, reset or unreachable.",
        "the mail server is not running or does not listen on this port and address; a firewall "
        "that rejects; the host is down",
        "on the host: is the service running, and does it listen (ss -ltn)? From elsewhere: does "
        "the port answer there?",
    ),
    "timeout": _Entry(
        "The time of -t passed; the line names the phase in which it did.",
        "in connect: a firewall drops packets or the host is down. In greeting: the server is "
        "overloaded, looks up names, delays its greeting on purpose (postscreen, greet_pause), or "
        "the port speaks another protocol. Later: a slow milter, policy service or disk",
        "look at the server's load and its log for our address; if the server delays on purpose, "
        "give -t more, below the engine's own limit.",
    ),
    "closed": _Entry(
        "The server closed or reset the connection though it still owed a reply.",
        "a crashing or restarting server process; a limit of connections; a firewall, fail2ban or "
        "load balancer that cuts; an allow-list without the monitoring host",
        "look in the server's log for our address at that time.",
    ),
    "protocol": _Entry(
        "What came is not SMTP, or breaks it so badly that no sender of mail could go on.",
        "another service on the port (the line names it where it can); a proxy's error page; a "
        "middlebox that rewrites; a broken server",
        "check -p and --tls, then what really listens there.",
    ),
    "unavailable": _Entry(
        "The server turns clients away at this time, with 421 or another 4yz code. Its reply is "
        "quoted, and so is who we were.",
        "shutdown or overload; too many connections from our address; a greylist or rate limit; a "
        "broken configuration (Postfix says 451 4.3.5)",
        "read the reply and look for it in the server's log. If it is about us only, exempt the "
        "monitoring address from the limit.",
    ),
    "tempfail": _Entry(
        "A later command (MAIL, RCPT, DATA, AUTH) got a 4yz reply: not now.",
        "greylisting; a limit; a backend that is ill (user database, milter, disk)",
        "read the quoted reply; if it lasts, it stops mail for everybody.",
    ),
    "reject": _Entry(
        "A 5yz reply where success was needed: the server refuses for good.",
        "554 in the greeting: a blocklist or access rule hit the monitoring address; 550 after "
        "EHLO: our EHLO name is not liked; a service that is switched off",
        "read the quoted reply; allow the monitoring address, or set --ehlo-name.",
    ),
    "no-route": _Entry(
        "The monitoring host has no route, or no address, of that family. The server was not "
        "asked.",
        "IPv6 is not set up on the monitoring host",
        "give -4, or set up the family; if the host has other addresses, they decide.",
    ),
    "local": _Entry(
        "A fault of the monitoring host or of the check's set-up; nothing is known about the "
        "server. The state cannot be overridden.",
        "an unreadable file, a missing Python module, a source address that is not ours; a "
        "machine so busy that -t was over before it connected",
        "do what the line says, on the monitoring host.",
    ),
    "fallback": _Entry(
        "One address of the host failed and a later one served.",
        "one of several machines or one address family is down",
        "check the address that the line names; --state fallback=warning makes it heard.",
    ),
    "nonstandard": _Entry(
        "Something in the server's replies breaks the standard, but harms no sender.",
        "bare LF line ends, long lines, octets outside ASCII, no text after the code, mixed codes",
        "nothing, unless some sender has trouble with it.",
    ),
    "unsolicited": _Entry(
        "The server sent data when it owed no reply.",
        "a broken server or proxy that answers twice; lines of a reply that lack their code",
        "look at the dialogue with -vvv; senders will take these lines for the next reply.",
    ),
    "masked": _Entry(
        "The greeting or EHLO keywords were overwritten with * or X on the way.",
        "the SMTP inspection of a firewall (Cisco PIX and ASA: fixup smtp, inspect esmtp)",
        "switch the inspection off: it hides STARTTLS and so sends mail in clear text.",
    ),
    "no-esmtp": _Entry(
        "EHLO was refused and HELO accepted: no extensions, hence no TLS, no AUTH, no SIZE.",
        "an ancient server, or a middlebox that lets only HELO through",
        "look for an SMTP proxy in front of the server.",
    ),
    "slow": _Entry(
        "A time was outside the range that was given for it.",
        "load, DNS look-ups of the server, greet delays, a long way",
        "the perfdata says which phase took the time (time_<phase>).",
    ),
    "expiring": _Entry(
        "The certificate, or one on its path, expires soon.",
        "renewal did not run or failed",
        "renew it and reload the server; see not-reloaded.",
    ),
    "banner-code": _Entry(
        "The greeting has another code than the one that is expected (220).",
        "another service on the port; with --expect-code: the server no longer refuses",
        "read the quoted greeting.",
    ),
    "banner-host": _Entry(
        "The greeting names another host than --expect-host.",
        "a wrong machine behind the address; a changed myhostname or server name",
        "check where DNS, NAT or the load balancer lead.",
    ),
    "banner-text": _Entry(
        "The greeting does not match --expect.",
        "a changed banner, an upgrade, another machine",
        "read the greeting with -vv, then mend the server or the pattern.",
    ),
    "missing": _Entry(
        "Something that is required (--require, --require-auth) is not offered.",
        "a changed configuration; a certificate that the server could not load (then there is no "
        "STARTTLS); mechanisms that are only offered inside TLS; a middlebox",
        "compare with -vv; with --starttls the list inside TLS is judged.",
    ),
    "forbidden": _Entry(
        "Something that is forbidden (--forbid, --forbid-auth) is offered.",
        "a changed configuration; AUTH without TLS",
        "switch it off on the server.",
    ),
    "size": _Entry(
        "The server does not promise to take messages of the size of --min-size.",
        "message_size_limit or its like is too low, or SIZE is not offered",
        "raise the limit, or ask for less.",
    ),
    "no-starttls": _Entry(
        "STARTTLS is not offered, so nothing can be encrypted on this port.",
        "TLS is not set up; the certificate or key could not be read; a middlebox removes it "
        "(see masked)",
        "look in the server's log for TLS errors at its start.",
    ),
    "starttls-reoffered": _Entry(
        "STARTTLS is offered inside TLS, which RFC 3207 forbids.",
        "a proxy ends TLS in front of a server that does not know it",
        "let the proxy, or the server, do TLS, but one of them only.",
    ),
    "injection": _Entry(
        "Clear text came between the reply to STARTTLS and TLS. A careless client would take it "
        "for part of the encrypted session.",
        "somebody in between; a server or proxy with a buffering fault (CVE-2011-0411)",
        "treat it as an attack until it is explained; do not send passwords there.",
    ),
    "tls-handshake": _Entry(
        "The TLS handshake failed; the words are OpenSSL's.",
        "no certificate on the server; no common version or cipher; clear text on a TLS port or "
        "the other way round; a client certificate is demanded",
        "try openssl s_client -starttls smtp -connect HOST:PORT, and read the server's log.",
    ),
    "tls-version": _Entry(
        "The TLS version is older than the one that is required, or one that --refuse-version "
        "names was accepted.",
        "an old server or an old setting",
        "allow TLSv1.2 and TLSv1.3 only (RFC 8996, RFC 9325).",
    ),
    "cipher": _Entry(
        "The cipher is weaker than required.",
        "an old list of ciphers on the server",
        "set the server's list to its vendor's or to Mozilla's recommendation.",
    ),
    "expired": _Entry(
        "A certificate on the path has expired.",
        "renewal failed, or the server was not reloaded after it",
        "renew, reload, and watch expiring.",
    ),
    "not-yet-valid": _Entry(
        "A certificate is valid only from a later time on.",
        "a certificate that was installed too early; a wrong clock here or at the issuer",
        "check the clocks first.",
    ),
    "untrusted": _Entry(
        "The path ends at an authority that this machine does not trust.",
        "a private authority; an old list of authorities; the wrong --ca-file",
        "give --ca-file with the authority, or use a public certificate.",
    ),
    "self-signed": _Entry(
        "The certificate is its own issuer, and this machine does not trust it.",
        "a certificate made by the installer (snakeoil)",
        "use a certificate from an authority, or give it as --ca-file.",
    ),
    "incomplete-chain": _Entry(
        "The issuer of the certificate is neither sent by the server nor trusted here.",
        "only the certificate was installed, not the chain (fullchain); or a private authority "
        "that this machine does not know",
        "give the server certificate and intermediates in one file; for a private authority give "
        "--ca-file.",
    ),
    "name-mismatch": _Entry(
        "The certificate is not valid for the name that was asked for (RFC 9525: subjectAltName).",
        "another virtual host's certificate; a name that was forgotten; a check by address",
        "give --servername, or a certificate with this name.",
    ),
    "wrong-purpose": _Entry(
        "The certificate must not be used for a TLS server.",
        "a client or mail certificate was installed",
        "use a certificate with the purpose serverAuth.",
    ),
    "weak-key": _Entry(
        "A key on the certificate's path, or the server's Diffie-Hellman group, is too short.",
        "an old certificate or authority; an old dhparam file",
        "use RSA with 2048 bits or more, or ECDSA; remove the file, or switch DHE ciphers off.",
    ),
    "weak-signature": _Entry(
        "A certificate on the path is signed with MD5 or SHA-1.",
        "an old or private authority",
        "have it issued anew with SHA-256.",
    ),
    "fingerprint": _Entry(
        "The certificate, its key or its issuer is not the one that --fingerprint or --issuer "
        "asks for.",
        "it was renewed, with another key or by another authority; somebody in between",
        "compare with the server's file before you change the option.",
    ),
    "not-reloaded": _Entry(
        "The certificate on disk is newer than the one that is served.",
        "it was renewed, but the server still holds the old one",
        "reload the server, and let the renewal do so next time.",
    ),
    "extra-expired": _Entry(
        "The server sends an expired certificate that the valid path does not need.",
        "an old cross-signed intermediate",
        "remove it from the chain file; old clients may trip over it.",
    ),
    "chain-order": _Entry(
        "The certificates are not sent in the order of the path.",
        "a chain file that was put together in the wrong order",
        "put the server's certificate first, then each issuer after what it issued.",
    ),
}


def explanation(name: str) -> str:
    """The text for one finding. KeyError for a name that the vocabulary does not know."""
    default = VOCABULARY[name]
    entry = _ENTRIES[name]
    state = "as the threshold says" if default is None else default.name
    lines = (
        f"{name} (default state: {state})",
        entry.meaning,
        f"Usual causes: {entry.causes}.",
        f"What to do: {entry.remedy}",
    )
    return "\n".join(fill(line, 79, break_on_hyphens=False) for line in lines)
