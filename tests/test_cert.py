"""check_smtp_cert: verdicts over facts, and whole lines against servers."""

import re
import ssl
from argparse import Namespace
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from check_smtp_core.findings import Finding
from check_smtp_core.parser import InvalidValue, Parser, UsageError
from check_smtp_core.shared_options import add_shared_options
from check_smtp_tls import cert
from check_smtp_tls.cert import judge
from check_smtp_tls.certificate import Certificate, Chain
from check_smtp_tls.served import Served
from tests import chains
from tests.chains import HOST, INTERMEDIATE, LEAF, ROOT, Recipe
from tests.conftest import Outcome, Stage
from tests.test_served import served
from tests.test_trust import EXPIRED_INT, EXPIRED_LEAF, INT, SELF_SIGNED, certificate, chain
from tests.test_trust import LEAF as GOOD_LEAF
from tests.test_trust import ROOT as GOOD_ROOT

# -- verdicts without a network

PIN = "0123456789abcdef" * 4
OTHER_PIN = "f" * 64


def findings(facts: Served, **wanted: Any) -> list[Finding]:
    options = {"verify": True, "fingerprint": (), "issuer": "", **wanted}
    return judge(facts, Namespace(**options))  # type: ignore[arg-type]


def of_leaf(leaf: Certificate = GOOD_LEAF, **changes: Any) -> Chain:
    return chain(leaf._replace(**changes), INT, GOOD_ROOT)


EXPIRED = Finding("expired", "the certificate expired 3 days ago (2026-06-12 00:00 UTC)")
MISMATCH = Finding(
    "name-mismatch", "valid for www.example.net, which does not match mail.example.com"
)


@pytest.mark.parametrize(
    ("facts", "wanted", "expected"),
    [
        (served(), {}, []),
        (served(reference="MAIL.example.com"), {}, []),
        # names
        (served(of_leaf(names=("www.example.net",))), {}, [MISMATCH]),
        (
            served(of_leaf(names=("a.example", "b.example", "c.example", "d.example"))),
            {},
            [
                Finding(
                    "name-mismatch",
                    "valid for a.example, b.example, c.example and 1 more, "
                    "which does not match mail.example.com",
                )
            ],
        ),
        (
            served(of_leaf(names=("a.example",), addresses=("192.0.2.1",))),
            {},
            [
                Finding(
                    "name-mismatch",
                    "valid for a.example, 192.0.2.1, which does not match mail.example.com",
                )
            ],
        ),
        (
            served(of_leaf(names=("a|b<c>\u202e",))),
            {},
            [Finding("name-mismatch", "valid for a/b(c), which does not match mail.example.com")],
        ),
        (
            served(reference="192.0.2.25"),
            {},
            [
                Finding(
                    "name-mismatch",
                    "valid for mail.example.com, which does not match 192.0.2.25; "
                    "--servername says which name to expect",
                )
            ],
        ),
        (served(of_leaf(addresses=("192.0.2.25",)), reference="192.0.2.25"), {}, []),
        (served(of_leaf(addresses=("2001:db8::1",)), reference="2001:DB8:0::1"), {}, []),
        (
            served(of_leaf(names=(), has_names=False)),
            {},
            [
                Finding(
                    "name-mismatch",
                    "no subjectAltName, so it is valid for no host (wanted: mail.example.com)",
                )
            ],
        ),
        (
            served(of_leaf(names=())),
            {},
            [Finding("name-mismatch", "valid for no host, which does not match mail.example.com")],
        ),
        (
            served(of_leaf(names=(), has_names=False, unreadable="invalid | thing")),
            {},
            [Finding("name-mismatch", "its names cannot be read (invalid / thing)")],
        ),
        # everything at once, and what is left of it without trust and name
        (
            served(
                chain(
                    EXPIRED_LEAF._replace(
                        names=("www.example.net",), weak_key="RSA 1024", weak_signature="SHA-1"
                    ),
                    complaints=((20, 0), (21, 0), (26, 0)),
                    anchored=False,
                ),
                version="TLSv1",
                ended=Finding("closed", "the server closed the connection", ends_session=True),
            ),
            {"fingerprint": (PIN,), "issuer": "Let's Encrypt"},
            [
                Finding("closed", "the server closed the connection", ends_session=True),
                EXPIRED,
                Finding(
                    "incomplete-chain", "its issuer Issuing CA is neither sent nor trusted here"
                ),
                Finding("wrong-purpose", "the certificate is not meant for TLS servers"),
                MISMATCH,
                Finding("weak-key", "the certificate has an RSA key of only 1024 bits"),
                Finding("weak-signature", "the certificate is signed with SHA-1"),
                Finding(
                    "fingerprint",
                    "neither the certificate ... nor its key ... is pinned (see -vv)",
                ),
                Finding("fingerprint", "issued by Issuing CA, not by Let's Encrypt"),
                Finding(
                    "tls-version", "the server speaks no more than TLSv1 (RFC 8996 forbids it)"
                ),
            ],
        ),
        (
            served(
                chain(
                    EXPIRED_LEAF._replace(names=("www.example.net",), weak_key="RSA 1024"),
                    EXPIRED_INT,
                    complaints=((20, 1), (26, 0)),
                    anchored=False,
                )
            ),
            {"verify": False},
            [
                EXPIRED,
                Finding(
                    "expired",
                    'the intermediate "Issuing CA" expired 10 days ago (2026-06-05 12:00 UTC)',
                ),
                Finding("weak-key", "the certificate has an RSA key of only 1024 bits"),
            ],
        ),
        (
            served(
                chain(SELF_SIGNED, complaints=((18, 0),), anchored=False), reference="snakeoil"
            ),
            {"verify": False},
            [],
        ),
        # pins: the certificate's, or its key's; one of several is enough
        (served(of_leaf(fingerprint=PIN)), {"fingerprint": (PIN,)}, []),
        (served(of_leaf(key_fingerprint=PIN)), {"fingerprint": (OTHER_PIN, PIN)}, []),
        (
            served(of_leaf(fingerprint=PIN, key_fingerprint=PIN)),
            {"fingerprint": (OTHER_PIN,)},
            [
                Finding(
                    "fingerprint",
                    "neither the certificate 0123456789abcdef... nor its key "
                    "0123456789abcdef... is pinned (see -vv)",
                )
            ],
        ),
        (served(), {"issuer": "issuing ca"}, []),
        (served(), {"issuer": "O=Example"}, []),
        (
            served(),
            {"issuer": "Other CA"},
            [Finding("fingerprint", "issued by Issuing CA, not by Other CA")],
        ),
        # versions
        *(
            (
                served(version=version),
                {},
                [
                    Finding(
                        "tls-version",
                        f"the server speaks no more than {version} (RFC 8996 forbids it)",
                    )
                ],
            )
            for version in ("TLSv1", "TLSv1.1")
        ),
        (served(version="TLSv1.2"), {}, []),
    ],
)
def test_all_faults_are_reported_together(
    facts: Served, wanted: dict[str, Any], expected: list[Finding]
) -> None:
    assert findings(facts, **wanted) == expected


def on_disk(since: float, **changes: Any) -> Certificate:
    return certificate(HOST, "Issuing CA", since, 90)._replace(fingerprint=PIN, **changes)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (None, []),
        (GOOD_LEAF, []),
        (
            on_disk(-1),
            [
                Finding(
                    "not-reloaded",
                    "the file has a certificate of 2026-06-14, "
                    "the server still shows one of 2026-05-16",
                )
            ],
        ),
        (on_disk(-40), []),  # the server has the newer one: the file is what is old
        (on_disk(-30), []),
        (
            on_disk(-1, key="RSA 2048"),
            [
                Finding(
                    "local", "the file holds RSA 2048, the server shows ECDSA 256: see --key-type"
                )
            ],
        ),
        (
            on_disk(-1, key="ECDSA 384"),
            [
                Finding(
                    "not-reloaded",
                    "the file has a certificate of 2026-06-14, "
                    "the server still shows one of 2026-05-16",
                )
            ],
        ),
    ],
)
def test_a_newer_certificate_on_disk_means_that_nobody_reloaded(
    file: Certificate | None, expected: list[Finding]
) -> None:
    assert findings(served(on_disk=file)) == expected


# -- the command line


def parsed(*arguments: str) -> Namespace:
    parser = Parser("check_smtp_cert", "")
    cert.add_options(parser)
    add_shared_options(parser)
    options = Namespace()
    parser.parse(arguments, options)
    return options


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PIN, PIN),
        (PIN.upper(), PIN),
        (":".join(re.findall("..", PIN)), PIN),
        (f"SHA256:{PIN}", PIN),
    ],
)
def test_a_fingerprint_is_taken_as_openssl_prints_it(text: str, expected: str) -> None:
    assert cert._fingerprint(text) == expected


@pytest.mark.parametrize(
    ("convert", "text", "message"),
    [
        (cert._fingerprint, "abc", '"abc" is no SHA-256 fingerprint in hexadecimal digits'),
        (cert._key_type, "dsa", '"dsa" is neither rsa nor ecdsa'),
        (cert._lifetime, "0%", '"0%" is no percentage above 0 and up to 100'),
        (cert._lifetime, "9:1", '"9:1" is a range that starts after its end'),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    convert: Callable[[str], object], text: str, message: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        convert(text)
    assert str(refused.value) == message


def test_pins_may_be_several_and_w_and_c_are_days_here() -> None:
    options = parsed("--fingerprint", f"{PIN},{OTHER_PIN}", "-w", "30", "-c", "10%")
    assert options.fingerprint == (PIN, OTHER_PIN)
    assert (options.days_warning, options.days_critical) == (("30:", 0.0), ("", 10.0))
    with pytest.raises(UsageError):
        parsed("-w", "soon")


# -- whole lines

STARTTLS = """
    S: 220 mail.example ESMTP
    C: EHLO client.example
    S: 250-mail.example
    S: 250 STARTTLS
    C: STARTTLS
    S: 220 go
    TLS
    C: QUIT
    S: 221 Bye
"""
IMPLICIT = "TLS\nS: 220 mail.example ESMTP\nC: QUIT\nS: 221 Bye"
TIMES = (
    "time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 time_ehlo=Ts;;;0 "
    "time_starttls=Ts;;;0 time_tls=Ts;;;0"
)


class Serve:
    """Plays a transcript with these certificates, to a client that trusts the root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca_file = chains.written(folder / "ca.pem", ROOT)
        self.stage: Stage | None = None

    def __call__(
        self,
        transcript: str,
        *arguments: str,
        sent: tuple[Recipe, ...] = (LEAF, INTERMEDIATE),
        context: ssl.SSLContext | None = None,
    ) -> Outcome:
        self.stage = Stage(context or chains.server_context(sent))
        given = {"--servername": HOST, "--ca-file": self.ca_file}
        missing = [word for pair in given.items() if pair[0] not in arguments for word in pair]
        return _stable(self.stage("cert", transcript, *missing, *arguments))


def _stable(seen: Outcome) -> Outcome:
    """Dates as DATE; days stay, because all of them are counted from now."""
    lines = [re.sub(r"\d{4}-\d\d-\d\d", "DATE", line) for line in seen.lines]
    return seen._replace(lines=lines)


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    return Serve(tmp_path)


OK_TEXT = (
    "SMTP_CERT OK - 127.0.0.1:PORT 60 days left (until DATE) for mail.example.com, "
    "issued by Example Issuing CA"
)


def test_a_good_certificate_is_told_in_one_line(serve: Serve) -> None:
    assert serve(STARTTLS) == (
        0,
        [f"{OK_TEXT} | {TIMES} days_left=60.50;21:;7: days_left_leaf=60.50"],
    )


def test_implicit_tls_comes_before_the_greeting(serve: Serve) -> None:
    assert serve(IMPLICIT, "--tls") == (
        0,
        [
            f"{OK_TEXT} | time=Ts;;;0 time_connect=Ts;;;0 time_tls=Ts;;;0 "
            "time_greeting=Ts;;;0 days_left=60.50;21:;7: days_left_leaf=60.50"
        ],
    )
    assert serve.stage is not None
    assert serve.stage.player is not None
    assert serve.stage.player.sni == HOST


NO_DAY = b"261332000000Z"


@pytest.mark.parametrize(
    ("since", "until", "arguments", "text", "days"),
    [
        (
            b"",
            NO_DAY,
            (),
            "expired: the certificate ends at a moment that cannot be read; "
            "untrusted: the certificate: format error in certificate's notAfter field; "
            "name-mismatch: its names cannot be read (the certificate is malformed)",
            "days_left=0.00;0:;0: days_left_leaf=0.00",
        ),
        (
            b"",
            NO_DAY,
            ("--no-verify",),
            "expired: the certificate ends at a moment that cannot be read; "
            "nobody can read when it ends, issued by Example Issuing CA",
            "days_left=0.00;0:;0: days_left_leaf=0.00",
        ),
        (
            NO_DAY,
            b"",
            ("--no-verify",),
            "not-yet-valid: the certificate begins at a moment that cannot be read; "
            "60 days left (until DATE), issued by Example Issuing CA",
            "days_left=60.50;0:;0: days_left_leaf=60.50",
        ),
    ],
)
def test_a_date_that_nobody_can_read_is_the_certificates_fault_and_not_ours(
    serve: Serve, since: bytes, until: bytes, arguments: tuple[str, ...], text: str, days: str
) -> None:
    leaf = LEAF._replace(alter=chains.dates(since, until))
    seen = serve(IMPLICIT, "--tls", *arguments, sent=(leaf, INTERMEDIATE))
    assert (seen.code, seen.text) == (2, f"SMTP_CERT CRITICAL - 127.0.0.1:PORT {text}")
    assert seen.perfdata.endswith(f" {days}")
    seen = serve(IMPLICIT, "--tls", *arguments, "-v", sent=(leaf, INTERMEDIATE))
    (dates,) = [line for line in seen.lines if "unreadable date" in line]
    assert dates == (
        "    an unreadable date to DATE (60 days left), unknown key"
        if since
        else "    DATE to an unreadable date (0 days left), unknown key"
    )


@pytest.mark.parametrize(
    ("until", "arguments", "code", "text", "perfdata"),
    [
        (
            20.505,
            (),
            1,
            "WARNING - 127.0.0.1:PORT expiring: 20.50 days left (wanted: at least 21 days); "
            "20 days left (until DATE) for mail.example.com, issued by Example Issuing CA",
            "days_left=20.50;21:;7:",
        ),
        (
            6.505,
            (),
            2,
            "CRITICAL - 127.0.0.1:PORT expiring: 6.50 days left (wanted: at least 7 days); "
            "6 days left (until DATE) for mail.example.com, issued by Example Issuing CA",
            "days_left=6.50;21:;7:",
        ),
        (
            60.505,
            ("-w", "70", "-c", "50"),
            1,
            "WARNING - 127.0.0.1:PORT expiring: 60.50 days left (wanted: at least 70 days); "
            "60 days left (until DATE) for mail.example.com, issued by Example Issuing CA",
            "days_left=60.50;70:;50:",
        ),
        (
            60.505,
            ("-w", "50%", "-c", "10%"),
            0,
            OK_TEXT.partition(" ")[2],
            "days_left=60.50;45:;9:",
        ),
        (
            60.505,
            ("-w", "90%", "-c", "70%"),
            2,
            "CRITICAL - 127.0.0.1:PORT expiring: 60.50 days left (wanted: at least 63 days); "
            "60 days left (until DATE) for mail.example.com, issued by Example Issuing CA",
            "days_left=60.50;81:;63:",
        ),
        (
            60.505,
            ("-c", "~:50"),
            2,
            "CRITICAL - 127.0.0.1:PORT expiring: 60.50 days left (wanted: at most 50 days); "
            "60 days left (until DATE) for mail.example.com, issued by Example Issuing CA",
            "days_left=60.50;21:;~:50",
        ),
    ],
)
def test_days_are_held_against_days_or_percent(
    serve: Serve, until: float, arguments: tuple[str, ...], code: int, text: str, perfdata: str
) -> None:
    seen = serve(STARTTLS, *arguments, sent=(chains.ending(until), INTERMEDIATE))
    assert (seen.code, seen.text) == (code, f"SMTP_CERT {text}")
    assert seen.perfdata == f"{TIMES} {perfdata} days_left_leaf={until - 0.005:.2f}"


def test_v_prints_the_chain_and_vv_names_and_fingerprints(serve: Serve) -> None:
    leaf = LEAF._replace(names=(HOST, "www.example.com", "192.0.2.25", "*.example.net"))
    old = INTERMEDIATE._replace(name="Old CA", until=-10)
    seen = serve(STARTTLS, "-v", sent=(leaf, INTERMEDIATE, old))
    assert seen.lines[1:] == [
        "OK extra-expired: Old CA is sent, expired and not needed",
        "sent by the server:",
        "  0 CN=mail.example.com, for mail.example.com, www.example.com, *.example.net and 1 more",
        "    issued by CN=Example Issuing CA",
        "    DATE to DATE (60 days left), ECDSA 256",
        "  1 CN=Example Issuing CA",
        "    issued by CN=Example Root CA",
        "    DATE to DATE (999 days left), ECDSA 256",
        "  2 CN=Old CA",
        "    issued by CN=Example Root CA",
        "    DATE to DATE (-11 days left), ECDSA 256",
        "trusted here: CN=Example Root CA",
    ]
    seen = serve(STARTTLS, "-vv", sent=(leaf, INTERMEDIATE))
    assert seen.lines[-10:] == [
        "trusted here: CN=Example Root CA",
        "connected to 127.0.0.1; we came from 127.0.0.1 as client.example",
        "TLSv1.3 with TLS_AES_256_GCM_SHA384, 256 bits",
        "times: connect T s, greeting T s, ehlo T s, starttls T s, tls T s",
        f"certificate SHA-256: {chains.fingerprint(leaf)}",
        f"public key SHA-256: {chains.key_fingerprint(leaf)}",
        "name: mail.example.com",
        "name: www.example.com",
        "name: *.example.net",
        "name: 192.0.2.25",
    ]


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("CLOSE", "closed: the server closed the connection before the greeting inside TLS"),
        (
            "S: 421 too busy\nC: QUIT\nS: 221 Bye",
            'unavailable: greeted with "421 too busy" (we came from 127.0.0.1)',
        ),
        (
            "S: 554 not you\nC: QUIT\nS: 221 Bye",
            'reject: greeted with "554 not you" (we came from 127.0.0.1)',
        ),
    ],
)
def test_what_breaks_after_the_handshake_leaves_the_certificate_judged(
    serve: Serve, ending: str, text: str
) -> None:
    seen = serve(f"TLS\n{ending}", "--tls", sent=(chains.ending(-3.495), INTERMEDIATE))
    assert (seen.code, seen.text) == (
        2,
        f"SMTP_CERT CRITICAL - 127.0.0.1:PORT {text}; "
        f"expired: the certificate expired 3 days ago ({_clock(-3.495)})",
    )
    assert seen.perfdata.endswith("days_left=-3.50;21:;7: days_left_leaf=-3.50")


def _clock(days: float) -> str:
    return f"DATE {chains.NOW + timedelta(days=days):%H:%M} UTC"


@pytest.mark.parametrize(
    ("transcript", "arguments", "text"),
    [
        (
            "S: 220 x\nC: EHLO client.example\nS: 250 x\nC: QUIT\nS: 221 Bye",
            (),
            "no-starttls: STARTTLS is not offered",
        ),
        (
            "S: 421 go away\nC: QUIT\nS: 221 Bye",
            (),
            'unavailable: greeted with "421 go away" (we came from 127.0.0.1)',
        ),
        ("AWAIT\nRESET", ("--tls",), "closed: the connection was reset in the TLS handshake"),
        (
            "S: 220 mail.example ESMTP\nSILENCE",
            ("--tls",),
            'tls-handshake: the server answered TLS in clear text: "220 mail.example ESMTP" '
            "(a port for --starttls?)",
        ),
    ],
)
def test_without_a_certificate_the_reason_is_said(
    serve: Serve, transcript: str, arguments: tuple[str, ...], text: str
) -> None:
    seen = serve(transcript, *arguments)
    assert (seen.code, seen.text) == (2, f"SMTP_CERT CRITICAL - 127.0.0.1:PORT {text}")
    assert "days_left" not in seen.perfdata


def test_a_certificate_is_judged_although_the_server_wanted_one_of_ours(serve: Serve) -> None:
    """In TLS 1.2 the handshake fails, but the server has shown its own before."""
    context = chains.server_context((chains.ending(-3.495), INTERMEDIATE))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    seen = serve(STARTTLS.partition("C: QUIT")[0], context=context)
    assert (seen.code, re.sub(r"handshake: .*alert", "handshake: alert", seen.text)) == (
        2,
        "SMTP_CERT CRITICAL - 127.0.0.1:PORT tls-handshake: alert handshake failure); "
        f"expired: the certificate expired 3 days ago ({_clock(-3.495)})",
    )
    assert seen.perfdata.endswith("days_left=-3.50;21:;7: days_left_leaf=-3.50")


def test_with_tls_1_3_the_want_of_ours_does_not_matter_here(serve: Serve) -> None:
    """What can be said about the server's certificate has been said by then."""
    context = chains.server_context((LEAF, INTERMEDIATE))
    context.verify_mode = ssl.CERT_REQUIRED
    seen = serve(STARTTLS.partition("C: QUIT")[0], context=context)
    assert (seen.code, seen.text) == (0, OK_TEXT)


def test_a_server_with_two_certificates_shows_the_one_that_is_asked_for(serve: Serve) -> None:
    expired = chains.ending(-3.495)._replace(key="rsa2048")
    context = chains.server_context((LEAF, INTERMEDIATE), (expired, INTERMEDIATE))
    assert serve(STARTTLS, "--key-type", "ecdsa", context=context).text == OK_TEXT
    assert serve(STARTTLS, "--key-type", "RSA", context=context).text == (
        "SMTP_CERT CRITICAL - 127.0.0.1:PORT expired: "
        f"the certificate expired 3 days ago ({_clock(-3.495)}); "
        "it ended on DATE for mail.example.com, issued by Example Issuing CA"
    )


def test_a_u_label_is_looked_for_as_its_a_label(serve: Serve) -> None:
    leaf = LEAF._replace(names=("xn--mil-qla.example.com",))
    seen = serve(STARTTLS, "--servername", "mäil.example.com.", sent=(leaf, INTERMEDIATE))
    assert seen.text == OK_TEXT.replace("mail.example.com", "xn--mil-qla.example.com")


@pytest.mark.parametrize(
    ("recipes", "code", "text"),
    [
        ((LEAF, INTERMEDIATE), 0, OK_TEXT),
        ((LEAF._replace(since=-90, until=0.5),), 0, OK_TEXT),
        (
            (LEAF._replace(since=-1, until=89), INTERMEDIATE),
            2,
            "SMTP_CERT CRITICAL - 127.0.0.1:PORT not-reloaded: the file has a certificate of "
            "DATE, the server still shows one of DATE; 60 days left (until DATE) for "
            "mail.example.com, issued by Example Issuing CA",
        ),
        (
            (LEAF._replace(key="rsa2048"),),
            3,
            "SMTP_CERT UNKNOWN - 127.0.0.1:PORT local: the file holds RSA 2048, the server "
            "shows ECDSA 256: see --key-type; 60 days left (until DATE) for mail.example.com, "
            "issued by Example Issuing CA",
        ),
    ],
)
def test_the_certificate_on_disk_is_compared(
    serve: Serve, recipes: tuple[Recipe, ...], code: int, text: str
) -> None:
    file = serve.folder / "server.pem"
    # As servers have it, key and chain may stand in the same file.
    file.write_text(chains.key_pem(recipes[0]) + chains.pem(*recipes), encoding="ascii")
    seen = serve(STARTTLS, "--file", str(file))
    assert (seen.code, seen.text) == (code, text)


def test_a_file_that_cannot_be_read_is_our_own_fault(serve: Serve) -> None:
    missing, garbage = serve.folder / "no.pem", serve.folder / "garbage.pem"
    garbage.write_text("nonsense\n", encoding="ascii")
    for file, why in ((missing, "no such file or directory"), (garbage, "no certificate in PEM")):
        seen = serve(STARTTLS, "--file", str(file))
        assert seen.code == 3
        assert seen.text.startswith(f"SMTP_CERT UNKNOWN - 127.0.0.1:PORT local: {file}: {why}")


def test_a_file_that_cannot_be_read_hides_no_fault_of_the_server(serve: Serve) -> None:
    """An unknown is less than a fault, and all findings of a run are named."""
    expired = (chains.ending(-3.495), INTERMEDIATE)
    seen = serve(STARTTLS, "--file", str(serve.folder / "no.pem"), "-v", sent=expired)
    assert seen.code == 2
    assert sorted(line.split(":")[0] for line in seen.lines[1:3]) == [
        "CRITICAL expired",
        "UNKNOWN local",
    ]
    assert seen.perfdata.endswith("days_left=-3.50;21:;7: days_left_leaf=-3.50")


@pytest.mark.parametrize("content", [None, "nonsense\n"])
def test_without_anchors_nothing_is_said_to_a_server_that_waits_for_tls(
    serve: Serve, content: str | None
) -> None:
    """A QUIT in clear text after `220 go` would be garbage for its TLS."""
    file = serve.folder / "other.pem"
    if content is not None:
        file.write_text(content, encoding="ascii")
    before_tls = STARTTLS.partition("TLS\n    C: QUIT")[0]
    seen = serve(f"{before_tls}SILENCE", "--ca-file", str(file))
    why = "holds no certificates that can be read"
    if content is None:
        why = "cannot be read: no such file or directory"
    assert (seen.code, seen.text) == (
        3,
        f"SMTP_CERT UNKNOWN - 127.0.0.1:PORT local: the CA file {file} {why}",
    )
    assert serve.stage is not None
    assert serve.stage.player is not None
    assert serve.stage.player.heard[2:] == []


def test_no_verify_skips_trust_and_name_but_not_dates(serve: Serve) -> None:
    leaf = chains.ending(20.505)._replace(issuer=None, names=("other.example",))
    assert serve(STARTTLS, "--no-verify", sent=(leaf,)).text == (
        "SMTP_CERT WARNING - 127.0.0.1:PORT expiring: 20.50 days left (wanted: at least 21 days);"
        " 20 days left (until DATE), issued by mail.example.com"
    )


def test_any_finding_may_have_another_state(serve: Serve) -> None:
    seen = serve(STARTTLS, "--state", "self-signed=warning", sent=(chains.SELF_SIGNED,))
    assert (seen.code, seen.text) == (
        1,
        "SMTP_CERT WARNING - 127.0.0.1:PORT self-signed: the certificate is its own issuer, "
        "and not trusted here; 60 days left (until DATE) for mail.example.com, "
        "issued by mail.example.com",
    )
