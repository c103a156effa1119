"""What each finding means, what usually causes it and what to do: the text of --explain.

Rule: one entry per name of the vocabulary, written for someone who was woken by it.
"""

from __future__ import annotations

from textwrap import fill

from check_smtp_core.findings import VOCABULARY
from check_smtp_core.lean_typing import NamedTuple


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
        "EHLO: our EHLO name is not liked; relaying denied to RCPT: the domain is none of the "
        "server's own; a service that is switched off",
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
        "One address of the host failed and a later one served; with --mx, the domain has no MX "
        "record and its own address takes the mail (RFC 5321 5.1).",
        "one of several machines or one address family is down; an MX record that was forgotten",
        "check the address that the line names, or publish the record; --state fallback=warning "
        "makes it heard.",
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
        "Something that is required (--require, --require-auth, XCLIENT for --xclient, SMTPUTF8 "
        "for an address that is not ASCII) is not offered.",
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
        "The server does not promise to take messages of the size of --min-size or --size.",
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
        "The path ends at an authority that this machine does not trust; or, in a login with "
        "SCRAM, the server did not prove that it knows the password.",
        "a private authority; an old list of authorities; the wrong --ca-file; for want of the "
        "proof, somebody else who answers in place of the server",
        "give --ca-file with the authority, or use a public certificate. For want of the proof "
        "find out who answers there.",
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
    "unknown-user": _Entry(
        "The server knows no such recipient, though it should (5.1.x, or words to that effect).",
        "an account or alias that was removed; a user database or map that is empty or not "
        "reached; the domain is no longer hosted there",
        "look the address up on the server (postmap -q, exim -bt, sendmail -bv).",
    ),
    "policy": _Entry(
        "The server refuses the monitoring host, not the recipient: for its address, its EHLO "
        "name, its reverse DNS, a blocklist, the sender, a missing login or missing TLS. The "
        "reply is quoted.",
        "a monitoring host without a PTR record or with a private EHLO name; a blocklist that "
        "lists it, or one that lists everybody since it was shut down or its limit was passed",
        "if only the monitoring host is hit, give --ehlo-name, --mail-from or --starttls, or "
        "exempt it on the server; if a blocklist answers for everybody, all mail is refused: "
        "remove it there.",
    ),
    "full": _Entry(
        "There is no room: on the server (452, x.3.1) or in this mailbox (x.2.2).",
        "a full disk or too little free space for the server's own limit; a quota",
        "free space on the queue's file system; for one mailbox, raise its quota or empty it.",
    ),
    "greylisted": _Entry(
        "The recipient was refused for now, as greylisting does with senders it does not know.",
        "greylisting; postscreen's deeper tests",
        "exempt the monitoring address from greylisting, or give --state greylisted=ok.",
    ),
    "not-refused": _Entry(
        "Something was accepted that must be refused: a recipient of --reject or --tempfail, or a "
        "login of --refuse.",
        "a catch-all address or a server in front that knows no recipients; an account that "
        "should be locked",
        "for a recipient: mail to unknown users will bounce to innocent people; let the server "
        "look recipients up. For a login: lock the account.",
    ),
    "catch-all": _Entry(
        "A recipient that nobody can know of was accepted, so that acceptance proves nothing.",
        "a catch-all address; a server in front that knows no recipients; a server that answers "
        "only after DATA",
        "let the server look recipients up at RCPT, or do without --control-probe.",
    ),
    "open-relay": _Entry(
        "The server takes mail from a foreign sender for a foreign recipient.",
        "a too wide mynetworks, relay or access list; a proxy or NAT in front, so that everybody "
        "seems to come from a trusted address",
        "close it at once: such servers are found and abused within hours. If only the monitoring "
        "address may relay there, the check proves nothing: use --xclient, or ask from outside.",
    ),
    "trusted": _Entry(
        "The server relays for us, but we came from an address that servers usually trust, so "
        "that this proves nothing about others.",
        "the check runs on the mail host or in its network (mynetworks, relay_from_hosts)",
        "run it from outside, or give --xclient with an address from outside and allow the "
        "monitoring host XCLIENT.",
    ),
    "auth-failed": _Entry(
        "The login was refused for good (535 and its like; 534 and 538: not by this mechanism).",
        "a wrong or expired password, token or account; a locked account; a user database that is "
        "not reached; a mechanism that the account cannot use",
        "try the same credentials with a mail program, and read the server's log.",
    ),
    "plaintext-auth": _Entry(
        "The server offers to take passwords or tokens in clear text without TLS (RFC 4954 4).",
        "smtpd_tls_auth_only or its like is not set",
        "offer PLAIN and LOGIN inside TLS only.",
    ),
    "mail-system": _Entry(
        "The mail system of this host does not run, so that its queue does not move.",
        "it was stopped, did not start after a reboot, or its configuration is broken",
        "start it, and read its log.",
    ),
    "queue-age": _Entry(
        "The oldest message of a queue waits for too long.",
        "a destination that is down or refuses us; a filter, disk or name server that is ill",
        "see the reasons with -v; mend the most frequent one.",
    ),
    "queue-length": _Entry(
        "More messages are waiting than there should be.",
        "a large mailing; a destination or filter that is down; a compromised account that sends "
        "spam",
        "see the reasons and domains with -v; the age of the oldest says whether it moves.",
    ),
    "in-flight": _Entry(
        "A message was sent and has not come yet, but it still has time.",
        "greylisting; a queue; the check has just begun",
        "nothing.",
    ),
    "late": _Entry(
        "A message took, or is taking, longer than the threshold.",
        "greylisting; a full queue; a slow filter or mailbox",
        "follow the message through the logs by its Message-ID, which -v shows.",
    ),
    "lost": _Entry(
        "A message that was accepted did not come in all the time it had.",
        "a filter that drops silently; a bounce; delivery to another mailbox or folder",
        "follow it through the logs by its Message-ID.",
    ),
    "junk": _Entry(
        "The message came, but into the junk folder.",
        "a spam filter, often since SPF, DKIM or DMARC fails or the sending address is listed",
        "see the message's own headers in that folder.",
    ),
    "mailbox": _Entry(
        "The mailbox could not be read, so nothing is known of the messages.",
        "the IMAP server is down; its certificate or our login is no good; a folder is missing",
        "check the IMAP server; the messages are looked for again at the next run.",
    ),
    "spf": _Entry(
        "The receiving server says in Authentication-Results that SPF did not pass.",
        "a sending address that is missing in the domain's SPF record; forwarding",
        "compare the record with the addresses that the mail really leaves from.",
    ),
    "dkim": _Entry(
        "The receiving server says in Authentication-Results that DKIM did not pass.",
        "signing is off; a key that is not published; something on the way changes messages",
        "look at the DKIM-Signature header of the message and at the key in DNS.",
    ),
    "dmarc": _Entry(
        "The receiving server says in Authentication-Results that DMARC did not pass.",
        "neither SPF nor DKIM passed for the domain in From",
        "mend SPF or DKIM for that domain.",
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
