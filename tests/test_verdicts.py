"""What a reply, an error number or a silence means, word for word."""

import errno
import os

import pytest

from check_smtp_core import verdicts
from check_smtp_core.findings import Finding
from check_smtp_core.reply import Capabilities, ProtocolError, Reply, read_capabilities

ORIGIN = "we came from 192.0.2.10 as probe.example.net"
IMPOSSIBLE = "impossible by the routes of this machine (a blackhole, or the wrong source address)"


# -- replies


@pytest.mark.parametrize(
    ("phase", "answered"),
    [
        ("greeting", "greeted with"),
        ("ehlo", "EHLO answered with"),
        ("helo", "HELO answered with"),
        ("lhlo", "LHLO answered with"),
        ("starttls", "STARTTLS answered with"),
        ("ehlo_tls", "EHLO inside TLS answered with"),
        ("auth", "AUTH answered with"),
        ("mail", "MAIL answered with"),
        ("rcpt", "RCPT answered with"),
        ("data", "DATA answered with"),
    ],
)
def test_421_means_that_the_service_closes_in_whatever_phase(phase: str, answered: str) -> None:
    """RFC 5321 3.8."""
    reply = Reply(421, ("4.3.2 closing",))
    text = f'{answered} "421 4.3.2 closing" ({ORIGIN})'
    assert verdicts.refused(phase, reply, 220, ORIGIN) == Finding("unavailable", text)


@pytest.mark.parametrize(
    ("phase", "reply", "expected", "finding"),
    [
        (
            "greeting",
            Reply(451, ("4.3.5 try later",)),
            220,
            Finding("unavailable", f'greeted with "451 4.3.5 try later" ({ORIGIN})'),
        ),
        (
            "ehlo",
            Reply(450, ("busy",)),
            250,
            Finding("unavailable", f'EHLO answered with "450 busy" ({ORIGIN})'),
        ),
        (
            "helo",
            Reply(450, ("busy",)),
            250,
            Finding("unavailable", f'HELO answered with "450 busy" ({ORIGIN})'),
        ),
        (
            "starttls",
            Reply(454, ("4.7.0 TLS not available",)),
            220,
            Finding(
                "unavailable", f'STARTTLS answered with "454 4.7.0 TLS not available" ({ORIGIN})'
            ),
        ),
        (
            "ehlo_tls",
            Reply(450, ("busy",)),
            250,
            Finding("unavailable", f'EHLO inside TLS answered with "450 busy" ({ORIGIN})'),
        ),
        (
            "auth",
            Reply(454, ("4.7.0 backend",)),
            235,
            Finding("tempfail", f'AUTH answered with "454 4.7.0 backend" ({ORIGIN})'),
        ),
        (
            "mail",
            Reply(452, ("disk full",)),
            250,
            Finding("tempfail", f'MAIL answered with "452 disk full" ({ORIGIN})'),
        ),
        (
            "rcpt",
            Reply(451, ("greylisted",)),
            250,
            Finding("tempfail", f'RCPT answered with "451 greylisted" ({ORIGIN})'),
        ),
        (
            "data",
            Reply(451, ("milter",)),
            354,
            Finding("tempfail", f'DATA answered with "451 milter" ({ORIGIN})'),
        ),
        (
            "greeting",
            Reply(554, ("no service", "go away")),
            220,
            Finding("reject", f'greeted with "554 no service / go away" ({ORIGIN})'),
        ),
        (
            "ehlo",
            Reply(550, ("bad name",)),
            250,
            Finding("reject", f'EHLO answered with "550 bad name" ({ORIGIN})'),
        ),
        (
            "starttls",
            Reply(502, ("",)),
            220,
            Finding("reject", f'STARTTLS answered with "502" ({ORIGIN})'),
        ),
        (
            "rcpt",
            Reply(550, ("5.1.1 unknown",)),
            250,
            Finding("reject", f'RCPT answered with "550 5.1.1 unknown" ({ORIGIN})'),
        ),
        (
            "greeting",
            Reply(250, ("hello",)),
            220,
            Finding("banner-code", 'greeted with "250 hello" instead of 220'),
        ),
        (
            "greeting",
            Reply(354, ("go on",)),
            220,
            Finding("banner-code", 'greeted with "354 go on" instead of 220'),
        ),
        (
            "greeting",
            Reply(220, ("mail ESMTP",)),
            554,
            Finding("banner-code", f'greeted with "220 mail ESMTP" instead of 554 ({ORIGIN})'),
        ),
        (
            "greeting",
            Reply(421, ("4.3.2 closing",)),
            554,
            Finding("banner-code", f'greeted with "421 4.3.2 closing" instead of 554 ({ORIGIN})'),
        ),
        (
            "greeting",
            Reply(451, ("try later",)),
            554,
            Finding("banner-code", f'greeted with "451 try later" instead of 554 ({ORIGIN})'),
        ),
        (
            "greeting",
            Reply(521, ("no mail",)),
            554,
            Finding("banner-code", f'greeted with "521 no mail" instead of 554 ({ORIGIN})'),
        ),
        (
            "ehlo",
            Reply(220, ("mail ESMTP",)),
            250,
            Finding("protocol", 'EHLO answered with "220 mail ESMTP" instead of 250'),
        ),
        (
            "ehlo",
            Reply(354, ("go on",)),
            250,
            Finding("protocol", 'EHLO answered with "354 go on" instead of 250'),
        ),
        (
            "starttls",
            Reply(250, ("ok",)),
            220,
            Finding("protocol", 'STARTTLS answered with "250 ok" instead of 220'),
        ),
        (
            "data",
            Reply(250, ("ok",)),
            354,
            Finding("protocol", 'DATA answered with "250 ok" instead of 354'),
        ),
    ],
)
def test_a_refusal_is_named_by_its_first_digit_and_its_phase(
    phase: str, reply: Reply, expected: int, finding: Finding
) -> None:
    assert verdicts.refused(phase, reply, expected, ORIGIN) == finding


def test_a_long_and_hostile_reply_is_quoted_screened_and_shortened() -> None:
    reply = Reply(554, ('<b>"no"</b> | x=1\x1b[31m', "y" * 200))
    quote = "554 (b)'no'(/b) / x=1[31m / " + "y" * 89 + "..."
    finding = Finding("reject", f'RCPT answered with "{quote}" ({ORIGIN})')
    assert verdicts.refused("rcpt", reply, 250, ORIGIN) == finding


@pytest.mark.parametrize(
    ("phase", "error", "text"),
    [
        (
            "greeting",
            ProtocolError("this is SSH, not SMTP", "SSH-2.0-OpenSSH_9.2"),
            'this is SSH, not SMTP (in place of the greeting): "SSH-2.0-OpenSSH_9.2"',
        ),
        (
            "greeting",
            ProtocolError("the server speaks TLS from the first octet: use --tls"),
            "the server speaks TLS from the first octet: use --tls (in place of the greeting)",
        ),
        (
            "ehlo",
            ProtocolError("this is no SMTP reply", "a|b\x07"),
            'this is no SMTP reply (in place of the reply to EHLO): "a/b"',
        ),
        (
            "ehlo_tls",
            ProtocolError("a reply has too many lines (limit 500)"),
            "a reply has too many lines (limit 500) (in place of the reply to EHLO inside TLS)",
        ),
        (
            "the reply to HELO",
            ProtocolError("this is no SMTP reply", "hello"),
            'this is no SMTP reply (in place of the reply to HELO): "hello"',
        ),
        (
            "the greeting inside TLS",
            ProtocolError("this is POP3, not SMTP", "+OK"),
            'this is POP3, not SMTP (in place of the greeting inside TLS): "+OK"',
        ),
    ],
)
def test_what_is_no_reply_is_a_protocol_finding(
    phase: str, error: ProtocolError, text: str
) -> None:
    assert verdicts.not_understood(phase, error) == Finding("protocol", text)


# -- no connection


@pytest.mark.parametrize(
    ("number", "address", "finding"),
    [
        (
            errno.ECONNREFUSED,
            "192.0.2.25",
            Finding("connect", "connection refused (192.0.2.25)"),
        ),
        (errno.ECONNRESET, "192.0.2.25", Finding("connect", "connection reset (192.0.2.25)")),
        (
            errno.EHOSTUNREACH,
            "2001:db8::19",
            Finding("connect", "host unreachable (2001:db8::19)"),
        ),
        (
            errno.ETIMEDOUT,
            "192.0.2.25",
            Finding("connect", "no answer within the system's own limit (192.0.2.25)"),
        ),
        (
            errno.EACCES,
            "192.0.2.25",
            Finding("connect", "prohibited by a route or firewall of this machine (192.0.2.25)"),
        ),
        (
            errno.EPERM,
            "192.0.2.25",
            Finding("connect", "prohibited by a route or firewall of this machine (192.0.2.25)"),
        ),
        (
            errno.ENOBUFS,
            "192.0.2.25",
            Finding("connect", f"{os.strerror(errno.ENOBUFS).lower()} (192.0.2.25)"),
        ),
        (
            errno.EINVAL,
            "192.0.2.25",
            Finding("connect", f"{IMPOSSIBLE} (192.0.2.25)"),
        ),
        (
            errno.EINVAL,
            "fe80::19",
            Finding("local", "a link-local address needs its interface: fe80::19%eth0"),
        ),
        (
            errno.EINVAL,
            "FE80::19",
            Finding("local", "a link-local address needs its interface: FE80::19%eth0"),
        ),
        (
            errno.EINVAL,
            "2001:db8::19",
            Finding("connect", f"{IMPOSSIBLE} (2001:db8::19)"),
        ),
        (
            errno.ENETUNREACH,
            "192.0.2.25",
            Finding("no-route", "this machine has no IPv4 route to 192.0.2.25"),
        ),
        (
            errno.ENETUNREACH,
            "2001:db8::19",
            Finding("no-route", "this machine has no IPv6 route to 2001:db8::19"),
        ),
        (
            errno.EADDRNOTAVAIL,
            "2001:db8::19",
            Finding("no-route", "this machine has no IPv6 route to 2001:db8::19"),
        ),
        (
            errno.EAFNOSUPPORT,
            "2001:db8::19",
            Finding("no-route", "this machine has no IPv6 route to 2001:db8::19"),
        ),
    ],
)
def test_a_failed_connect_is_named_by_its_error_number(
    number: int, address: str, finding: Finding
) -> None:
    assert verdicts.unreached(number, address) == finding


@pytest.mark.parametrize(
    ("addresses", "seconds", "text"),
    [
        (["192.0.2.25"], 8.0, "no answer to connect from 192.0.2.25 within 8 s"),
        (
            ["2001:db8::19", "192.0.2.25"],
            2.5,
            "no answer to connect from 2001:db8::19, 192.0.2.25 within 2.5 s",
        ),
        (["192.0.2.25"], 8.0043, "no answer to connect from 192.0.2.25 within 8 s"),
        (["192.0.2.25"], 0.3812, "no answer to connect from 192.0.2.25 within 0.38 s"),
        (["192.0.2.25"], 12.34, "no answer to connect from 192.0.2.25 within 12 s"),
    ],
)
def test_addresses_that_do_not_answer_are_a_timeout(
    addresses: list[str], seconds: float, text: str
) -> None:
    assert verdicts.unanswered(addresses, seconds) == Finding("timeout", text)


def test_no_time_to_try_an_address_is_no_fault_of_the_server() -> None:
    text = "no time was left to connect (a busy machine, or a slow resolver?)"
    assert verdicts.unanswered([], 0.0) == Finding("local", text)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            OSError(errno.EADDRNOTAVAIL, "x"),
            f"cannot bind: {os.strerror(errno.EADDRNOTAVAIL).lower()}",
        ),
        (OSError("no\nnumber"), "cannot bind: no number"),
    ],
)
def test_a_fault_of_ours_has_the_systems_words_without_its_number(
    error: OSError, text: str
) -> None:
    assert verdicts.local("cannot bind", error) == Finding("local", text)


# -- silence, and the end of the connection


@pytest.mark.parametrize(
    ("phase", "said", "finding"),
    [
        ("dns", "", Finding("resolver", "no answer from the resolver within 2.5 s")),
        (
            "greeting",
            "",
            Finding(
                "timeout",
                "the greeting did not come within 2.5 s "
                "(overloaded, delaying its greeting, or a port for implicit TLS or HTTP?)",
            ),
        ),
        (
            "the greeting inside TLS",
            "",
            Finding("timeout", "the greeting inside TLS did not come within 2.5 s"),
        ),
        (
            "the reply to HELO",
            "",
            Finding("timeout", "the reply to HELO did not come within 2.5 s"),
        ),
        (
            "the reply to LHLO",
            "250-a",
            Finding("timeout", 'the reply to LHLO had not ended within 2.5 s: "250-a"'),
        ),
        (
            "greeting",
            "220-wait / 22",
            Finding("timeout", 'the greeting had not ended within 2.5 s: "220-wait / 22"'),
        ),
        ("tls", "", Finding("timeout", "the TLS handshake was not over within 2.5 s")),
        ("ehlo", "", Finding("timeout", "the reply to EHLO did not come within 2.5 s")),
        (
            "ehlo",
            "250-a|b",
            Finding("timeout", 'the reply to EHLO had not ended within 2.5 s: "250-a/b"'),
        ),
        ("starttls", "", Finding("timeout", "the reply to STARTTLS did not come within 2.5 s")),
        (
            "ehlo_tls",
            "",
            Finding("timeout", "the reply to EHLO inside TLS did not come within 2.5 s"),
        ),
        ("auth", "", Finding("timeout", "the reply to AUTH did not come within 2.5 s")),
        ("mail", "", Finding("timeout", "the reply to MAIL did not come within 2.5 s")),
        ("rcpt", "", Finding("timeout", "the reply to RCPT did not come within 2.5 s")),
        ("data", "", Finding("timeout", "the reply to DATA did not come within 2.5 s")),
    ],
)
def test_silence_names_the_phase_and_what_had_come(
    phase: str, said: str, finding: Finding
) -> None:
    assert verdicts.silence(phase, 2.5, 2.5, said) == finding


PART = "within 0.38 s, which was left of 1.6 s"


@pytest.mark.parametrize(
    ("phase", "waited", "limit", "said", "finding"),
    [
        ("dns", 0.3812, 1.6, "", Finding("resolver", f"no answer from the resolver {PART}")),
        (
            "greeting",
            0.3812,
            1.6,
            "",
            Finding(
                "timeout",
                f"the greeting did not come {PART} "
                "(overloaded, delaying its greeting, or a port for implicit TLS or HTTP?)",
            ),
        ),
        ("tls", 0.3812, 1.6, "", Finding("timeout", f"the TLS handshake was not over {PART}")),
        ("ehlo", 0.3812, 1.6, "", Finding("timeout", f"the reply to EHLO did not come {PART}")),
        (
            "ehlo",
            0.3812,
            1.6,
            "250-a",
            Finding("timeout", f'the reply to EHLO had not ended {PART}: "250-a"'),
        ),
        (
            "the reply to HELO",
            0.3812,
            1.6,
            "",
            Finding("timeout", f"the reply to HELO did not come {PART}"),
        ),
        (
            "ehlo",
            7.19,
            8.0,
            "",
            Finding(
                "timeout", "the reply to EHLO did not come within 7.2 s, which was left of 8 s"
            ),
        ),
        ("ehlo", 7.2, 8.0, "", Finding("timeout", "the reply to EHLO did not come within 8 s")),
        ("ehlo", 8.0004, 8.0, "", Finding("timeout", "the reply to EHLO did not come within 8 s")),
    ],
)
def test_silence_in_what_was_left_of_the_time_says_how_much_that_was(
    phase: str, waited: float, limit: float, said: str, finding: Finding
) -> None:
    assert verdicts.silence(phase, waited, limit, said) == finding


@pytest.mark.parametrize(
    ("phase", "reset", "said", "text"),
    [
        ("greeting", False, "", "the server closed the connection before the greeting"),
        ("greeting", True, "", "the connection was reset before the greeting"),
        (
            "greeting",
            False,
            "220-wait",
            'the server closed the connection within the greeting: "220-wait"',
        ),
        ("ehlo", True, "250-a", 'the connection was reset within the reply to EHLO: "250-a"'),
        (
            "starttls",
            False,
            "",
            "the server closed the connection before the reply to STARTTLS",
        ),
        ("tls", False, "", "the server closed the connection in the TLS handshake"),
        ("tls", True, "", "the connection was reset in the TLS handshake"),
        (
            "ehlo_tls",
            False,
            "",
            "the server closed the connection before the reply to EHLO inside TLS",
        ),
        ("the reply to HELO", True, "", "the connection was reset before the reply to HELO"),
        (
            "the greeting inside TLS",
            False,
            "220-a",
            'the server closed the connection within the greeting inside TLS: "220-a"',
        ),
    ],
)
def test_a_lost_connection_names_the_phase_and_what_had_come(
    phase: str, reset: bool, said: str, text: str
) -> None:
    assert verdicts.lost(phase, reset, said) == Finding("closed", text)


@pytest.mark.parametrize("helo", ["tried", "accepted"])
def test_a_server_that_does_not_know_ehlo_is_quoted_and_what_became_of_helo_is_said(
    helo: str,
) -> None:
    assert verdicts.no_ehlo(Reply(502, ("unknown",)), helo) == Finding(
        "no-esmtp", f'EHLO answered with "502 unknown", HELO {helo}'
    )


# -- STARTTLS


@pytest.mark.parametrize(
    ("capabilities", "text"),
    [
        (Capabilities("mail.example.com"), "STARTTLS is not offered"),
        (
            Capabilities("StartTLS"),
            "not offered: STARTTLS stands on the first line, where the server's name belongs",
        ),
        (Capabilities("mail STARTTLS"), "STARTTLS is not offered"),
    ],
)
def test_a_server_without_starttls_is_told_why_if_that_can_be_seen(
    capabilities: Capabilities, text: str
) -> None:
    assert verdicts.no_starttls(capabilities) == Finding("no-starttls", text)


def test_blank_lines_behind_starttls_are_an_injection_too() -> None:
    assert verdicts.injection(b"\r\n").text.endswith(" and TLS: an empty line")


def test_clear_text_behind_starttls_is_an_injection() -> None:
    """RFC 3207 6, CVE-2011-0411."""
    assert verdicts.injection(b"250 injected\r\n") == Finding(
        "injection", 'clear text between the reply to STARTTLS and TLS: "250 injected"'
    )


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"220 mail ESMTP\r\n", ': "220 mail ESMTP" (a port for --starttls?)'),
        (
            b"220-mail ESMTP\r\n220 hi\r\n",
            ': "220-mail ESMTP\\r\\n220 hi" (a port for --starttls?)',
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", ' (SSH): "SSH-2.0-OpenSSH_9.2"'),
        (b"* OK ready\r\n", ' (IMAP): "* OK ready"'),
        (b"+OK ready\r\n", ' (POP3): "+OK ready"'),
        (b"-ERR unknown\r\n", ' (POP3 or Redis): "-ERR unknown"'),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ' (HTTP): "HTTP/1.1 400 Bad Request"'),
        (b"\x00\x05\x1b[m\xff\r\n", ': "\\x00\\x05\\x1b[m\\xff"'),
        (b"\x00", ': "\\x00"'),
    ],
)
def test_clear_text_in_place_of_tls_is_a_failed_handshake(octets: bytes, told: str) -> None:
    assert verdicts.plain_text_for_tls(octets, implicit=True) == Finding(
        "tls-handshake", f"the server answered TLS in clear text{told}"
    )


def test_only_a_port_that_began_with_tls_may_be_one_for_starttls() -> None:
    finding = verdicts.plain_text_for_tls(b"421 timeout\r\n", implicit=False)
    assert finding.text == 'the server answered TLS in clear text: "421 timeout"'


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("wrong version number", "wrong version number"),
        (
            "SSLv3 alert handshake failure",
            "the server finds no common cipher, or wants a client certificate "
            "(sslv3 alert handshake failure)",
        ),
        (
            "tlsv1 unrecognized name",
            "the server has no certificate for this name (tlsv1 unrecognized name)",
        ),
        (
            "tlsv1 alert internal error",
            "the server cannot go on, often for its certificate or security level "
            "(tlsv1 alert internal error)",
        ),
        ("", "the TLS session broke"),
    ],
)
def test_what_an_alert_means_stands_before_openssls_words(words: str, text: str) -> None:
    assert verdicts.handshake_failed(words) == Finding("tls-handshake", text)


# -- what nobody asked for


@pytest.mark.parametrize(
    ("octets", "phase", "finding"),
    [
        (
            b"250 more\r\n",
            "greeting",
            Finding("unsolicited", 'data after the greeting though none was due: "250 more"'),
        ),
        (
            b"250-a\r\n250 b\r\n",
            "ehlo",
            Finding(
                "unsolicited",
                'data after the reply to EHLO though none was due: "250-a / 250 b"',
            ),
        ),
        (
            b"\r\n250 a\r\n\r\n",
            "ehlo",
            Finding("unsolicited", 'data after the reply to EHLO though none was due: "250 a"'),
        ),
        (
            b"\xff\x00",
            "ehlo_tls",
            Finding(
                "unsolicited",
                'data after the reply to EHLO inside TLS though none was due: "\\xff"',
            ),
        ),
        (
            b"421 4.4.2 idle too long\r\n",
            "ehlo",
            Finding(
                "unavailable", f'after the reply to EHLO: "421 4.4.2 idle too long" ({ORIGIN})'
            ),
        ),
        (
            b"421-closing\r\n421 now\r\n",
            "greeting",
            Finding("unavailable", f'after the greeting: "421-closing / 421 now" ({ORIGIN})'),
        ),
        pytest.param(
            b"421\r\n",
            "greeting",
            Finding("unavailable", f'after the greeting: "421" ({ORIGIN})'),
            id="a code may stand alone",
        ),
        (
            b"4210 weird\r\n",
            "greeting",
            Finding("unsolicited", 'data after the greeting though none was due: "4210 weird"'),
        ),
    ],
)
def test_data_that_was_not_due_is_unsolicited_unless_the_service_closes(
    octets: bytes, phase: str, finding: Finding
) -> None:
    assert verdicts.unsolicited(octets, phase, ORIGIN) == finding


@pytest.mark.parametrize("octets", [b"<html>\r\n", b"421 closing\r\n"])
def test_data_may_come_before_any_phase_with_a_reply_was_completed(octets: bytes) -> None:
    """A greeting that is none, of several lines: only `connect` is complete when we leave."""
    finding = verdicts.unsolicited(octets, "connect", ORIGIN)
    assert finding.name == ("unavailable" if octets.startswith(b"421") else "unsolicited")


# -- oddities and masks


CISCO = "*" * 40 + "0*2******0***********************2******200**0*********00*0"
"""What Cisco's `fixup protocol smtp` leaves of a greeting."""


@pytest.mark.parametrize(
    ("greeting", "findings"),
    [
        (Reply(220, ("mail.example.com ESMTP Postfix",)), []),
        (
            Reply(220, (CISCO,)),
            [
                Finding(
                    "masked",
                    f'the greeting was overwritten on the way: "220 {CISCO}"',
                )
            ],
        ),
        (
            Reply(220, ("**** 2 **0*",)),
            [Finding("masked", 'the greeting was overwritten on the way: "220 **** 2 **0*"')],
        ),
        (
            Reply(220, ("XXXXXXXX",)),
            [Finding("masked", 'the greeting was overwritten on the way: "220 XXXXXXXX"')],
        ),
        (
            Reply(220, ("XXXX XX", "XXX")),
            [Finding("masked", 'the greeting was overwritten on the way: "220 XXXX XX / XXX"')],
        ),
        (Reply(220, ("XXXXXXXX ready",)), []),
        (Reply(220, ("XXX",)), []),
        (Reply(220, ("xxxx",)), []),
        (Reply(220, ("****X",)), []),
        (Reply(220, ("**** 2 **0* 1",)), []),
        (Reply(220, ("**********", "* Welcome *", "**********")), []),
        (Reply(220, ("******** ESMTP ready",)), []),
        (Reply(220, ("***",)), []),
        (Reply(220, ("2002",)), []),
        (Reply(220, ("**** mail.example.com ****",)), []),
        (Reply(220, ("mail.example.com ESMTP ****",)), []),
        (Reply(220, ("XXXL.example.com ESMTP",)), []),
        (Reply(220, ("XXXXmail ESMTP",)), []),
        (Reply(220, ("",)), []),
        (
            Reply(220, ("(vsFTPd 3.0.3)",)),
            [Finding("nonstandard", "the greeting: it names FTP, not SMTP")],
        ),
        (
            Reply(220, ("a",), ("blank lines", "a line ends in a bare LF")),
            [Finding("nonstandard", "the greeting: blank lines; a line ends in a bare LF")],
        ),
        (
            Reply(220, ("FTP",), ("blank lines",)),
            [Finding("nonstandard", "the greeting: blank lines; it names FTP, not SMTP")],
        ),
    ],
)
def test_a_masked_greeting_is_told_from_a_decorated_one(
    greeting: Reply, findings: list[Finding]
) -> None:
    assert verdicts.about_greeting(greeting) == findings


@pytest.mark.parametrize(
    ("phase", "code", "oddities", "expected", "findings"),
    [
        ("ehlo", 250, (), 250, []),
        (
            "ehlo",
            250,
            ("blank lines",),
            250,
            [Finding("nonstandard", "the reply to EHLO: blank lines")],
        ),
        (
            "starttls",
            220,
            ("octets outside ASCII", "blank lines"),
            220,
            [Finding("nonstandard", "the reply to STARTTLS: octets outside ASCII; blank lines")],
        ),
        (
            "ehlo",
            251,
            (),
            250,
            [Finding("nonstandard", "the reply to EHLO: the code 251 instead of 250")],
        ),
        (
            "ehlo_tls",
            200,
            ("blank lines",),
            250,
            [
                Finding(
                    "nonstandard",
                    "the reply to EHLO inside TLS: blank lines; the code 200 instead of 250",
                )
            ],
        ),
    ],
)
def test_oddities_of_a_reply_are_one_finding(
    phase: str, code: int, oddities: tuple[str, ...], expected: int, findings: list[Finding]
) -> None:
    assert verdicts.about_reply(phase, Reply(code, ("a",), oddities), expected) == findings


def masked(words: str) -> Finding:
    text = f"EHLO keywords were overwritten on the way ({words}); often STARTTLS"
    return Finding("masked", text)


@pytest.mark.parametrize(
    ("lines", "findings"),
    [
        (("PIPELINING", "SIZE 100"), []),
        (("XXXXXXXA",), [masked("XXXXXXXA")]),
        (("xxxxxxxa",), [masked("XXXXXXXA")]),
        (("STARTTLS", "XXXX"), [masked("XXXX")]),
        (("XXXXA", "XXXXB", "XXXXC", "XXXXD"), [masked("XXXXA, XXXXB, XXXXC")]),
        (("********",), [masked("********")]),
        (("XXX", "XCLIENT", "XEXCH50", "XXXXADR"), []),
        (
            ("-",),
            [Finding("nonstandard", 'the reply to EHLO: a line without a keyword: "-"')],
        ),
        (
            ("XXXXXXXA", "SIZE big"),
            [
                masked("XXXXXXXA"),
                Finding("nonstandard", "the reply to EHLO: SIZE without a number"),
            ],
        ),
    ],
)
def test_masked_keywords_are_named(lines: tuple[str, ...], findings: list[Finding]) -> None:
    """A Cisco ASA leaves a keyword's last letter; others leave stars or X alone."""
    capabilities = read_capabilities(Reply(250, ("mail.example.com", *lines)))
    assert verdicts.about_capabilities("ehlo", capabilities) == findings
