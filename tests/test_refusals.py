"""refusals: what real servers say to MAIL and RCPT, and what it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_smtp_core.findings import VOCABULARY
from check_smtp_core.reply import Reply
from check_smtp_delivery import refusals
from check_smtp_delivery.refusals import (
    ACCEPTED,
    BLOCKLIST,
    COMMAND,
    FULL,
    GREYLISTED,
    HELO,
    HOST,
    IMPOSSIBLE,
    LOGIN,
    PERMANENT,
    POLICY,
    RELAYING,
    RELAYING_FOR_NOW,
    SENDER,
    SIZE,
    TEMPORARY,
    TLS,
    TOO_MANY,
    UNKNOWN_USER,
    UNROUTABLE,
    Meaning,
    enhanced_code,
    is_for_now,
    meaning_of_mail,
    meaning_of_rcpt,
)


def reply(text: str) -> Reply:
    """A reply from its lines, as people write them: `550-5.1.1 one / 550 5.1.1 two`."""
    lines = text.split(" / ")
    return Reply(int(lines[0][:3]), tuple(line[4:] for line in lines))


RCPT = {
    "accepted": [
        ("250 2.1.5 Ok", ACCEPTED),
        ("250", ACCEPTED),
        ("251 2.1.5 User not local; will forward to <x@example.net>", ACCEPTED),
        ("252 2.0.0 Cannot VRFY user, but will accept message", ACCEPTED),
        ("250 2.1.5 <x@example.com> Recipient ok, greylisting is off", ACCEPTED),
        ("220 mail.example.com ESMTP", IMPOSSIBLE),
        ("221 2.0.0 Bye", IMPOSSIBLE),
        ("354 End data with <CR><LF>.<CR><LF>", IMPOSSIBLE),
    ],
    "Postfix": [
        ("550 5.1.1 <x@example.com>: Recipient address rejected: User unknown", UNKNOWN_USER),
        (
            "550 5.1.1 <x@example.com>: Recipient address rejected: User unknown in local "
            "recipient table",
            UNKNOWN_USER,
        ),
        (
            "550 5.1.1 <x@example.com>: Recipient address rejected: User unknown in virtual "
            "mailbox table",
            UNKNOWN_USER,
        ),
        (
            "550 5.1.1 <x@example.com>: Recipient address rejected: undeliverable address: host "
            "192.0.2.7[192.0.2.7] said: 550 5.1.1 Unknown user (in reply to RCPT TO command)",
            UNKNOWN_USER,
        ),
        ("550 5.1.0 <x@example.com>: Recipient address rejected: closed account", UNKNOWN_USER),
        (
            "450 4.1.1 <x@example.com>: Recipient address rejected: User unknown in local "
            "recipient table",
            TEMPORARY,
        ),
        (
            "450 4.1.1 <x@example.com>: Recipient address rejected: unverified address: Address "
            "verification in progress",
            TEMPORARY,
        ),
        ("450 4.1.1 unverified address", TEMPORARY),
        ("554 5.7.1 <x@example.net>: Relay access denied", RELAYING),
        ("550 5.7.1 <x>: Relay access denied", RELAYING),
        ("454 4.7.1 <x@example.net>: Relay access denied", RELAYING_FOR_NOW),
        ("554 5.7.1 <x@example.com>: Recipient address rejected: Access denied", PERMANENT),
        ("450 4.2.0 <x>: Recipient address rejected: Greylisted", GREYLISTED),
        (
            "450 4.2.0 <x@example.com>: Recipient address rejected: Greylisted, see "
            "http://postgrey.schweikert.ch/help/example.com.html",
            GREYLISTED,
        ),
        (
            "451 4.7.1 <x@example.com>: Recipient address rejected: Greylisted for 5 minutes",
            GREYLISTED,
        ),
        (
            "450 4.7.1 <x@example.com>: Recipient address rejected: Please try again later",
            GREYLISTED,
        ),
        (
            "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.10]",
            HOST,
        ),
        (
            "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.10]",
            HOST,
        ),
        (
            "550 5.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.10]",
            HOST,
        ),
        ("554 5.7.1 <unknown[192.0.2.10]>: Client host rejected: Access denied", HOST),
        (
            "504 5.5.2 <nagios01>: Helo command rejected: need fully-qualified hostname",
            HELO,
        ),
        ("450 4.7.1 <nagios01>: Helo command rejected: Host not found", HELO),
        ("550 5.7.1 <localhost>: Helo command rejected: Host not found", HELO),
        (
            "501 5.5.2 <[2001:db8::19]>: Helo command rejected: invalid ip address",
            HELO,
        ),
        (
            "550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org",
            BLOCKLIST,
        ),
        (
            "554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using "
            "zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.10",
            BLOCKLIST,
        ),
        (
            "554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using "
            "zen.spamhaus.org; Error: open resolver; https://check.spamhaus.org/returnc/pub/",
            BLOCKLIST,
        ),
        (
            "554 5.7.1 Service unavailable; Helo command [nagios01] blocked using dbl.example",
            BLOCKLIST,
        ),
        ("450 4.1.8 <x@example.net>: Sender address rejected: Domain not found", SENDER),
        (
            "550 5.7.27 <x@example.com>: Sender address rejected: Domain example.com does not "
            "accept mail (nullMX)",
            SENDER,
        ),
        ("553 5.7.1 <x@example.com>: Sender address rejected: not logged in", SENDER),
        ("504 5.5.2 <root>: Sender address rejected: need fully-qualified address", SENDER),
        (
            "550 5.7.23 <x@example.com>: Recipient address rejected: Message rejected due to: SPF "
            "fail - not authorized. Please see http://www.openspf.net/Why?s=helo",
            SENDER,
        ),
        (
            "556 5.1.10 <x@example.com>: Recipient address rejected: Domain example.com does not "
            "accept mail (nullMX)",
            UNROUTABLE,
        ),
        (
            "550 5.1.2 <x@example.invalid>: Recipient address rejected: Domain not found",
            UNROUTABLE,
        ),
        (
            "450 4.1.2 <x@example.invalid>: Recipient address rejected: Domain not found",
            TEMPORARY,
        ),
        ("452 4.3.1 Insufficient system storage", FULL),
        ("452 4.5.3 Error: too many recipients", TOO_MANY),
        ("450 4.7.1 Error: too many recipients from 192.0.2.10", POLICY),
        ("451 4.3.0 <x@example.com>: Temporary lookup failure", TEMPORARY),
        ("451 4.3.5 Server configuration error", TEMPORARY),
        ("451 4.7.1 Service unavailable - try again later", TEMPORARY),
        ("450 4.3.2 Service currently unavailable", TEMPORARY),
        ("550 5.5.1 Protocol error", COMMAND),
        ("503 5.5.1 Error: need MAIL command", COMMAND),
        ("504 5.5.2 <x>: Recipient address rejected: need fully-qualified address", PERMANENT),
        ("501 5.1.3 Bad recipient address syntax", UNKNOWN_USER),
        ("530 5.7.0 Must issue a STARTTLS command first", TLS),
        ("530 5.7.0 Authentication required", LOGIN),
    ],
    "Exim and cPanel": [
        ("550 Unrouteable address", UNROUTABLE),
        ("550 Unknown user", UNKNOWN_USER),
        ("550 No such user here", UNKNOWN_USER),
        ('550 No Such User Here"', UNKNOWN_USER),
        ("550 relay not permitted", RELAYING),
        ("550 Administrative prohibition", PERMANENT),
        ("550 Sender verify failed", SENDER),
        ("550-Verification failed for <x@example.net>", SENDER),
        (
            "550-Verification failed for <x@example.net> / 550-No Such User Here / "
            "550 Sender verify failed",
            SENDER,
        ),
        ("451 Could not complete sender verify callout", SENDER),
        ("451 Could not complete recipient verify callout", TEMPORARY),
        (
            "550-Callout verification failed: / 550 550 5.1.1 <x@example.com> User unknown",
            UNKNOWN_USER,
        ),
        ("451 Temporary local problem - please try later", TEMPORARY),
        ("452 space shortage, please try later", FULL),
        ("452 too many recipients", TOO_MANY),
        ("550 Only one recipient accepted for NULL sender", TOO_MANY),
        ("451 Greylisted, please come back later", GREYLISTED),
        (
            '550 "JunkMail rejected - mon.example.net [192.0.2.10]:4711 is in an RBL, see '
            'https://www.spamhaus.org/query/ip/192.0.2.10"',
            BLOCKLIST,
        ),
        (
            "550-mon.example.net [192.0.2.10]:4711 is currently not permitted to relay through "
            "/ 550-this server. Perhaps you have not logged into the pop/imap server in the last "
            "30 / 550 minutes or do not have SMTP Authentication turned on in your email client.",
            RELAYING,
        ),
        ("550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", HELO),
        ("550 Bad HELO - Host impersonating domain name [example.com]", HELO),
        ("501 <x>: recipient address must contain a domain", COMMAND),
        ("552 Mailbox is full / 552 over quota", FULL),
    ],
    "Sendmail": [
        ("550 5.1.1 <x@example.com>... User unknown", UNKNOWN_USER),
        ("550 5.7.1 <x@example.net>... Relaying denied", RELAYING),
        (
            "550 5.7.1 <x@example.net>... Relaying denied. Proper authentication required.",
            RELAYING,
        ),
        (
            "550 5.7.1 <x@example.net>... Relaying denied. IP name lookup failed [192.0.2.10]",
            RELAYING,
        ),
        ("553 5.1.8 <x@example.net>... Domain of sender address x@ex does not exist", SENDER),
        ("451 4.1.8 Domain of sender address x@example.net does not resolve", SENDER),
        ("452 4.4.5 Insufficient disk space; try again later", FULL),
        ("452 4.5.3 Too many recipients", TOO_MANY),
        ("451 4.7.1 Greylisting in action, please come back in 00:05:00", GREYLISTED),
        ("451 4.7.1 Please try again later", GREYLISTED),
        ("550 5.7.1 Command rejected", POLICY),
        ("550 5.7.1 Access denied", POLICY),
        ("451 4.3.2 Please try again later", TEMPORARY),
        ("530 5.7.0 Authentication required", LOGIN),
        ("550 5.7.1 Rejected: 192.0.2.10 listed at bl.spamcop.net", BLOCKLIST),
    ],
    "OpenSMTPD, Courier, qmail and others": [
        ("550 Invalid recipient: <x@example.com>", UNKNOWN_USER),
        ("550 Invalid recipient", UNKNOWN_USER),
        ("524 5.2.4 Mailing list expansion problem: <x@example.com>", PERMANENT),
        ("421 4.3.0 Temporary failure", TEMPORARY),
        ("451 4.3.0 Temporary failure, please try again later.", TEMPORARY),
        ("451 Temporary failure, please try again later.", TEMPORARY),
        ("550 User unknown.", UNKNOWN_USER),
        ("550 User <x@example.com> unknown.", UNKNOWN_USER),
        ("513 Relaying denied.", RELAYING),
        ("550 sorry, no mailbox here by that name (#5.1.1)", UNKNOWN_USER),
        ("511 sorry, no mailbox here by that name (#5.1.1 - chkuser)", UNKNOWN_USER),
        (
            "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            RELAYING,
        ),
        ("451 GREYLISTED (#4.3.0)", GREYLISTED),
        ("550 relaying denied", RELAYING),
        ("550 I cannot deliver mail for <x@example.com>", PERMANENT),
        ("550 5.1.1 Destination address is unknown (user does not exist)", UNKNOWN_USER),
        ("503 5.7.1 Relay not allowed", RELAYING),
        ("550 5.1.1 <x@example.com> User doesn't exist: x@example.com", UNKNOWN_USER),
        ("452 4.2.2 <x@example.com> Mailbox is full", FULL),
        ("552 5.2.2 <x@example.com> Quota exceeded (mailbox for user is full)", FULL),
        ("530 SMTP authentication is required.", LOGIN),
        (
            "503 This mail server requires authentication when attempting to send to a non-local "
            "e-mail address. Please check your mail client settings",
            LOGIN,
        ),
        ("550 <x@example.com>, Recipient unknown", UNKNOWN_USER),
        ("554 Relay rejected for policy reasons.", RELAYING),
        ("550 5.7.1 Relaying to <x@example.net> denied (authentication required)", RELAYING),
        ("551 User not local; please try <x@example.net>", PERMANENT),
        ("500 5.5.2 Command unrecognized", COMMAND),
    ],
    "Exchange and Outlook.com": [
        (
            "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) "
            "[DB8EUR05FT004.eop-eur05.prod.protection.outlook.com]",
            UNKNOWN_USER,
        ),
        (
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient x@example.com not found by SMTP "
            "address lookup",
            UNKNOWN_USER,
        ),
        ("550 5.1.1 User unknown", UNKNOWN_USER),
        ("550 5.5.0 Requested action not taken: mailbox unavailable", UNKNOWN_USER),
        ("550 5.7.1 Unable to relay", RELAYING),
        ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", RELAYING),
        ("550 5.7.64 TenantAttribution; Relay Access Denied", RELAYING),
        ("530 5.7.1 Client was not authenticated", LOGIN),
        ("530 5.7.57 Client not authenticated to send mail.", LOGIN),
        (
            "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL "
            "FROM",
            LOGIN,
        ),
        ("452 4.3.1 Insufficient system resources (UsedDiskSpace[C:\\Queue])", FULL),
        ("552 5.2.2 Mailbox full", FULL),
        ("451 4.7.500 Server busy. Please try again later from [192.0.2.10]. (S77714)", POLICY),
        (
            "451 4.7.650 The mail server [192.0.2.10] has been temporarily rate limited due to IP "
            "reputation.",
            BLOCKLIST,
        ),
        (
            "550 5.7.606 Access denied, banned sending IP [192.0.2.10]",
            BLOCKLIST,
        ),
        (
            "550 5.7.1 Unfortunately, messages from [192.0.2.10] weren't sent. Please contact "
            "your Internet service provider since part of their network is on our block list "
            "(S3140).",
            BLOCKLIST,
        ),
        ("550 5.2.1 Mailbox cannot be accessed", PERMANENT),
    ],
    "Gmail and Yahoo": [
        (
            "550-5.1.1 The email account that you tried to reach does not exist. Please try / "
            "550-5.1.1 double-checking the recipient's email address for typos or / "
            "550 5.1.1 unnecessary spaces. a1-20020a gsmtp",
            UNKNOWN_USER,
        ),
        (
            "550-5.2.1 The email account that you tried to reach is inactive. / 550 5.2.1 gsmtp",
            PERMANENT,
        ),
        (
            "450-4.2.1 The user you are trying to contact is receiving mail too quickly. / "
            "450 4.2.1 Please resend your message at a later time. gsmtp",
            TEMPORARY,
        ),
        (
            "452-4.2.2 The recipient's inbox is out of storage space and inactive. / "
            "452 4.2.2 Please direct the recipient to / gsmtp",
            FULL,
        ),
        (
            "451-4.3.0 Multiple destination domains per transaction is unsupported. / "
            "451 4.3.0 Please try again. gsmtp",
            TOO_MANY,
        ),
        (
            "550-5.7.1 [192.0.2.10] Gmail has detected that this message is suspicious due to the "
            "very low / 550 5.7.1 reputation of the sending domain.",
            BLOCKLIST,
        ),
        (
            "550-5.7.25 [192.0.2.10] The IP address sending this message does not have a / "
            "550 5.7.25 PTR record setup",
            HOST,
        ),
        (
            "550-5.7.26 This mail has been blocked because the sender is unauthenticated. / "
            "550 5.7.26 gsmtp",
            SENDER,
        ),
        (
            "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.10, because the ip is "
            "in Spamhaus's list",
            BLOCKLIST,
        ),
        ("554 delivery error: dd This user doesn't have a yahoo.com account", UNKNOWN_USER),
    ],
    "Cisco, Barracuda, Mimecast and Proofpoint": [
        ("550 #5.1.0 Address rejected.", UNKNOWN_USER),
        ("452 #4.5.3 Too many recipients", TOO_MANY),
        (
            "550 #5.7.1 Your access to submit messages to this e-mail system has been rejected.",
            POLICY,
        ),
        (
            "554 Your access to this mail system has been rejected due to the sending MTA's poor "
            "reputation.",
            BLOCKLIST,
        ),
        (
            "554 Service unavailable; Client host [mon.example.net] blocked using Barracuda "
            "Reputation; http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.10",
            BLOCKLIST,
        ),
        ("550 permanent failure for one or more recipients (x:550 5.1.1 unknown)", PERMANENT),
        ("550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550", UNKNOWN_USER),
        (
            "451 Internal resources are temporarily unavailable - "
            "https://community.mimecast.com/docs/DOC-1369#451",
            GREYLISTED,
        ),
        ("550 csi.mimecast.org Poor Reputation Sender.", BLOCKLIST),
        ("554 Email rejected due to security policies", POLICY),
        ("550 5.1.1 User Unknown", UNKNOWN_USER),
        ("550 <x@example.com>: Recipient address rejected: unverified address", UNKNOWN_USER),
        ("550 Mailbox disabled", PERMANENT),
        ("550 5.7.1 Mailbox disabled", PERMANENT),
        ("450 4.7.1 Mailbox is disabled", TEMPORARY),
        ("550 Recipient not authorized", PERMANENT),
        ("550 5.7.1 Recipient not authorized", PERMANENT),
        ("550 5.7.1 your account is disabled", POLICY),
        ("550 5.7.1 client not authorized", POLICY),
        ("550 5.7.0 Local Policy Violation", POLICY),
        (
            "554 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.10",
            BLOCKLIST,
        ),
    ],
    "words of many more": [
        ("550 Relaying mail to example.net is not allowed", RELAYING),
        ("550 we don't handle mail for example.net", RELAYING),
        ("553 sorry, that domain isn't in my list of allowed rcpthost (#5.7.1)", RELAYING),
        ("550 address not present in directory", UNKNOWN_USER),
        ("550 x@example.com: email address could not be found", UNKNOWN_USER),
        ("550 no account by that name here", UNKNOWN_USER),
        ("550 no mailbox found", UNKNOWN_USER),
        ("550 sorry, badrcptto (#5.1.1)", UNKNOWN_USER),
        ("553 this recipient is not in my validrcptto list (#5.7.1)", UNKNOWN_USER),
        ("550 there is no one at this address", UNKNOWN_USER),
        ("550 this address no longer accepts mail", UNKNOWN_USER),
        ("550 the user's email name is not found", UNKNOWN_USER),
        ("550 invalid or unknown virtual user", UNKNOWN_USER),
        ("550 non-existent user", UNKNOWN_USER),
        ("550 Username unknown", UNKNOWN_USER),
        ("550 your IP address not found in our list", HOST),
        ("550 hostname not found", PERMANENT),
        ("550 user not active", UNKNOWN_USER),
        ("550 sender IP address rejected", BLOCKLIST),
        ("550 Mail server at 192.0.2.10 is blocked", BLOCKLIST),
        ("550 sorry, your remotehost looks suspiciously like spammer", BLOCKLIST),
        ("451 Message from 192.0.2.10 temporarily deferred due to user complaints", BLOCKLIST),
        ("550 please use the SMTP server of your ISP", HOST),
        ("550 the corresponding forward DNS entry does not point to the sending IP", BLOCKLIST),
        ("550 Access denied. IP name lookup failed [192.0.2.10]", HOST),
        ("550 unauthenticated mail is prohibited by the DMARC policy", SENDER),
        ("550 Bogus MAIL FROM", SENDER),
        ("550 sender was rejected", SENDER),
        ("550 mailbox size limit exceeded", FULL),
        ("550 the recipient mailbox has exceeded its disk space limit", FULL),
        ("550 recipient rejected: mailbox would exceed maximum allowed storage", FULL),
        ("552 message length exceeds administrative limit", SIZE),
        ("550 recipient domain must exist", UNROUTABLE),
    ],
    "text and code disagree": [
        ("550 2.1.5 Ok", PERMANENT),
        ("550 4.7.1 come back later", PERMANENT),
        ("450 5.1.1 no such user", TEMPORARY),
        ("550 5.7.1 No such user here", UNKNOWN_USER),
        ("550 5.1.1 Relaying denied", RELAYING),
        ("550 greylisted", PERMANENT),
        ("552 Too much of everything", FULL),
        ("452 4.2.1 The mailbox is busy", TEMPORARY),
        # what is in an address is no word of the server's
        ("550 5.1.1 <helo-ptr-relay-denied@spamhaus.org>: User unknown", UNKNOWN_USER),
        ("550 5.1.1 greylisted@example.com: unknown user", UNKNOWN_USER),
        ("550 5.7.1", POLICY),
        ("550", PERMANENT),
        ("450", TEMPORARY),
        ("599 5.99.999 ?", PERMANENT),
    ],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [pytest.param(*row, id=f"{server}: {row[0]}") for server in RCPT for row in RCPT[server]],
)
def test_what_rcpt_is_answered_with(text: str, expected: Meaning) -> None:
    assert meaning_of_rcpt(reply(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250 2.1.0 Ok", ACCEPTED),
        ("452 4.3.1 Insufficient system storage", FULL),
        ("452 4.4.5 Insufficient disk space; try again later", FULL),
        ("452 space shortage, please try later", FULL),
        ("552 5.3.4 Message size exceeds fixed limit", SIZE),
        ("552 5.2.3 Message is too large; 204800 bytes max", SIZE),
        ("552 5.2.3 Message size exceeds fixed maximum message size (204800)", SIZE),
        ("552 Message size exceeds maximum permitted", SIZE),
        ("552 5.3.4 Message too big for system", SIZE),
        ("523 the message size exceeds 204800 bytes", SIZE),
        ("552 Requested mail action aborted: exceeded storage allocation", FULL),
        ("552 No", SIZE),
        ("530 5.7.0 Must issue a STARTTLS command first", TLS),
        ("530 5.7.57 Client not authenticated to send mail.", LOGIN),
        ("530 authentication required", LOGIN),
        ("530 5.5.1 Invalid command: Must issue an AUTH command first", LOGIN),
        ("535 Authentication required.", LOGIN),
        ("550 5.7.9 Mail to submission port must be authenticated", LOGIN),
        ("530 5.5.1 Authentication Required.", LOGIN),
        ("553 5.1.8 <x@example.net>... Domain of sender address x@ex does not exist", SENDER),
        ("550 5.1.1 unknown user", SENDER),
        ("550 5.7.1 account disabled", SENDER),
        ("501 5.1.7 Bad sender address syntax", SENDER),
        ("550 Unrouteable address", SENDER),
        ("451 4.3.0 Try again later", TEMPORARY),
        ("450 4.7.1 <x>: Sender address rejected: Greylisted", GREYLISTED),
        ("503 5.5.1 Error: send HELO/EHLO first", COMMAND),
        ("550 5.7.1 no", POLICY),
    ],
)
def test_what_mail_is_answered_with(text: str, expected: Meaning) -> None:
    assert meaning_of_mail(reply(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250 2.1.5 Ok", "2.1.5"),
        ("550 5.1.1 <x>: User unknown", "5.1.1"),
        ("550 5.1.1", "5.1.1"),
        ("550 #5.1.0 Address rejected.", "5.1.0"),
        ("550 sorry (#5.1.1)", "5.1.1"),
        ("451 4.7.650 rate limited", "4.7.650"),
        ("550-first / 550 5.7.1 second", "5.7.1"),
        ("550 5.01.001 zeros", "5.1.1"),
        ("550 4.1.1 another class", ""),
        ("450 5.1.1 another class", ""),
        ("550 5.1 too short", ""),
        ("550 5.1.1.1 too long", ""),
        ("550 192.0.2.1 is an address", ""),
        ("550 5.0.2.1 is an address", ""),
        ("550 see RFC 5.1.1", ""),
        ("354 3.0.0 no such class", ""),
    ],
)
def test_the_enhanced_code_has_the_class_of_the_reply(text: str, expected: str) -> None:
    assert enhanced_code(reply(text)) == expected


@pytest.mark.parametrize(
    ("code", "expected"), [(450, True), (421, True), (552, True), (550, False), (554, False)]
)
def test_552_may_pass_like_4yz(code: int, expected: bool) -> None:
    assert is_for_now(Reply(code, ("no",))) is expected


def test_every_meaning_is_a_finding_of_the_vocabulary() -> None:
    meanings = [each for each in vars(refusals).values() if isinstance(each, Meaning)]
    assert len(set(meanings)) == len(meanings) == 20
    assert {each.finding for each in meanings} - set(VOCABULARY) == {""}


@given(code=st.integers(200, 599), lines=st.lists(st.text(max_size=80), min_size=1, max_size=4))
def test_every_reply_means_something(code: int, lines: list[str]) -> None:
    said = Reply(code, tuple(lines))
    for meaning in (meaning_of_rcpt(said), meaning_of_mail(said)):
        assert (meaning == ACCEPTED) == (code // 100 == 2 and code not in (220, 221, 235))
    assert enhanced_code(said)[:1] in ("", str(code)[0])


def test_a_long_reply_is_read_in_no_time() -> None:
    lines = ("relay " * 1300, "domain " * 1300, "unknown " * 1000, "from your " * 800) * 2
    assert meaning_of_rcpt(Reply(550, lines)) == PERMANENT
