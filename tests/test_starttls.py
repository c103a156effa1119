"""check_smtp_starttls: verdicts without a network, and whole lines against transcripts."""

import os
import re
import ssl
import subprocess
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from check_smtp_core.dialogue import Hello
from check_smtp_core.engine import Agreed
from check_smtp_core.findings import Finding
from check_smtp_core.observation import Measure
from check_smtp_core.parser import InvalidValue
from check_smtp_core.reply import Reply, read_capabilities
from check_smtp_tls.starttls import Encryption, Refusal, _bits, _version, judge
from tests.chains import INTERMEDIATE, LEAF, server_context
from tests.conftest import Outcome, Stage, outcome, run_check
from tests.player import Player

# -- verdicts without a network

MODERN = Agreed("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)
ACCEPTED = Refusal("TLSv1", True, "accepted")
REFUSED = Refusal("TLSv1", False, "refused (tlsv1 alert protocol version)")
LOCAL = Finding("local", "this machine cannot offer TLSv1.1")


def encryption(
    agreed: Agreed = MODERN,
    extensions: tuple[str, ...] = ("SIZE 1000",),
    refusals: tuple[Refusal, ...] = (),
    min_bits: int = 128,
) -> Encryption:
    hello = Hello(read_capabilities(Reply(250, ("mail.example", *extensions))))
    return Encryption(agreed, hello, min_bits, refusals)


@pytest.mark.parametrize(
    ("facts", "wanted", "expected"),
    [
        (encryption(), {}, []),
        (encryption(), {"min_version": "TLSv1.3", "min_bits": 256}, []),
        (encryption(Agreed("TLSv1.2", "AES128-SHA", 128)), {}, []),
        (
            encryption(Agreed("TLSv1.2", "AES128-SHA", 128)),
            {"min_version": "TLSv1.3"},
            [Finding("tls-version", "no more than TLSv1.2; wanted: TLSv1.3")],
        ),
        (
            encryption(Agreed("TLSv1.1", "AES256-SHA", 256)),
            {},
            [Finding("tls-version", "no more than TLSv1.1; wanted: TLSv1.2")],
        ),
        (encryption(Agreed("TLSv1", "AES256-SHA", 256)), {"min_version": "TLSv1"}, []),
        (
            encryption(Agreed("TLSv1.2", "DES-CBC3-SHA", 112)),
            {},
            [Finding("cipher", "DES-CBC3-SHA has 112 bits, not 128")],
        ),
        (
            encryption(Agreed("TLSv1.2", "AES128-SHA", 128)),
            {"min_bits": 256},
            [Finding("cipher", "AES128-SHA has 128 bits, not 256")],
        ),
        (
            encryption(extensions=("SIZE", "STARTTLS")),
            {},
            [Finding("starttls-reoffered", "STARTTLS is offered again inside TLS (RFC 3207 4.2)")],
        ),
        (encryption(extensions=("XSTARTTLS",)), {}, []),
        (encryption(refusals=(REFUSED,)), {}, []),
        (encryption()._replace(group_bits=2048), {}, []),
        (
            encryption()._replace(group_bits=1024),
            {},
            [
                Finding(
                    "weak-key",
                    "Diffie-Hellman of only 1024 bits, which many clients refuse "
                    "(dh key too small)",
                )
            ],
        ),
        (encryption(refusals=(ACCEPTED,)), {}, [Finding("tls-version", "TLSv1 is accepted")]),
        (
            encryption(
                Agreed("TLSv1", "DES-CBC3-SHA", 112),
                ("STARTTLS",),
                (ACCEPTED, Refusal("TLSv1.1", False, "not offered", LOCAL)),
            ),
            {},
            [
                Finding("tls-version", "no more than TLSv1; wanted: TLSv1.2"),
                Finding("cipher", "DES-CBC3-SHA has 112 bits, not 128"),
                Finding(
                    "starttls-reoffered", "STARTTLS is offered again inside TLS (RFC 3207 4.2)"
                ),
                Finding("tls-version", "TLSv1 is accepted"),
                LOCAL,
            ],
        ),
    ],
)
def test_version_strength_manners_and_refusals_are_judged(
    facts: Encryption, wanted: dict[str, Any], expected: list[Finding]
) -> None:
    options = {"min_version": "TLSv1.2", "min_bits": 128, **wanted}
    assert judge(facts, Namespace(**options)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        ((), " in 0.041 s"),
        ((REFUSED,), ", TLSv1 refused"),
        ((REFUSED, REFUSED._replace(version="TLSv1.1")), ", TLSv1 and TLSv1.1 refused"),
        ((ACCEPTED, REFUSED._replace(version="TLSv1.1")), ", TLSv1.1 refused"),
        ((Refusal("TLSv1.1", False, "not offered", LOCAL),), ""),
    ],
)
def test_the_sentence_tells_version_cipher_and_strength(
    refusals: tuple[Refusal, ...], expected: str
) -> None:
    assert encryption(refusals=refusals).sentence(0.0412) == (
        f"encrypts with TLSv1.3, TLS_AES_256_GCM_SHA384, 256 bits{expected}"
    )


def test_bits_are_shown_with_their_limit() -> None:
    assert encryption(min_bits=256).measures() == [Measure("bits", 256, warning="256:")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TLSv1", "TLSv1"),
        ("tlsv1.0", "TLSv1"),
        ("TLSv1.1", "TLSv1.1"),
        ("tlsv1.2", "TLSv1.2"),
        ("TLSV1.3", "TLSv1.3"),
    ],
)
def test_a_version_is_taken_in_any_case(text: str, expected: str) -> None:
    assert _version(text) == expected


@pytest.mark.parametrize(
    ("convert", "text", "message"),
    [
        *(
            (_version, text, f'"{text}" is none of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3')
            for text in ("SSLv3", "1.2", "TLSv1.4", "TLSv1.10", "TLSv1.")
        ),
        *(
            (_bits, text, f'"{text}" is not a number of bits')
            for text in ("-1", "many", "128.0", "12800", "١٢٨")
        ),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    convert: Callable[[str], object], text: str, message: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        convert(text)
    assert str(refused.value) == message


# -- whole lines

OFFER = """\
S: 220 mail.example ESMTP
C: EHLO client.example
S: 250-mail.example
S: 250 STARTTLS
"""
GO = f"{OFFER}C: STARTTLS\nS: 220 go\n"
INSIDE = """\
TLS
C: EHLO client.example
S: 250-mail.example
S: 250 AUTH PLAIN
C: QUIT
S: 221 Bye
"""
BYE = "C: QUIT\nS: 221 Bye"
SESSION = "encrypts with TLSv1.3, TLS_AES_256_GCM_SHA384, 256 bits"
SENTENCE = f"{SESSION} in T s"
TIMES = "time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 time_ehlo=Ts;;;0"
ORIGIN = "we came from 127.0.0.1 as client.example"


def test_an_encrypted_session_is_told_in_one_line(stage: Stage) -> None:
    assert stage("starttls", GO + INSIDE) == (
        0,
        [
            f"SMTP_STARTTLS OK - 127.0.0.1:PORT {SENTENCE} | {TIMES} time_starttls=Ts;;;0 "
            "time_tls=Ts;;;0 time_ehlo_tls=Ts;;;0 bits=256;128:;;0"
        ],
    )


def test_implicit_tls_comes_before_the_greeting(stage: Stage) -> None:
    transcript = f"TLS\n{OFFER.replace('250 STARTTLS', '250 SIZE')}{BYE}"
    assert stage("starttls", transcript, "--tls", "-vv") == (
        0,
        [
            f"SMTP_STARTTLS OK - 127.0.0.1:PORT {SENTENCE} | time=Ts;;;0 time_connect=Ts;;;0 "
            "time_tls=Ts;;;0 time_greeting=Ts;;;0 time_ehlo=Ts;;;0 bits=256;128:;;0",
            f"connected to 127.0.0.1; {ORIGIN}",
            "TLSv1.3 with TLS_AES_256_GCM_SHA384, 256 bits",
            "times: connect T s, tls T s, greeting T s, ehlo T s",
            "extension SIZE",
        ],
    )


@pytest.mark.parametrize(
    ("transcript", "code", "text"),
    [
        (
            f"S: 220 x\nC: EHLO client.example\nS: 250 x\n{BYE}",
            2,
            "CRITICAL - 127.0.0.1:PORT no-starttls: STARTTLS is not offered",
        ),
        (
            f"S: 220 x\nC: EHLO client.example\nS: 250 STARTTLS\n{BYE}",
            2,
            "CRITICAL - 127.0.0.1:PORT no-starttls: not offered: STARTTLS stands on the first "
            "line, where the server's name belongs",
        ),
        (
            f"S: 220 x\nC: EHLO client.example\nS: 250-x\nS: 250 XSTARTTLS\n{BYE}",
            2,
            "CRITICAL - 127.0.0.1:PORT no-starttls: STARTTLS is not offered",
        ),
        (
            f"{OFFER}C: STARTTLS\nS: 454 4.7.0 TLS not available due to local problem\n{BYE}",
            2,
            'CRITICAL - 127.0.0.1:PORT unavailable: STARTTLS answered with "454 4.7.0 TLS not '
            f'available due to local problem" ({ORIGIN})',
        ),
        (
            f"{OFFER}C: STARTTLS\nS: 421 bye\n{BYE}",
            2,
            f'CRITICAL - 127.0.0.1:PORT unavailable: STARTTLS answered with "421 bye" ({ORIGIN})',
        ),
        (
            f"{OFFER}C: STARTTLS\nS: 502 5.5.1 not implemented\n{BYE}",
            2,
            'CRITICAL - 127.0.0.1:PORT reject: STARTTLS answered with "502 5.5.1 not '
            f'implemented" ({ORIGIN})',
        ),
        (
            f"{OFFER}C: STARTTLS\nS: 250 ok\n{BYE}",
            2,
            'CRITICAL - 127.0.0.1:PORT protocol: STARTTLS answered with "250 ok" instead of 220',
        ),
        (
            f"{OFFER}C: STARTTLS\nCLOSE",
            2,
            "CRITICAL - 127.0.0.1:PORT closed: the server closed the connection before the reply "
            "to STARTTLS",
        ),
        (
            f"{GO}AWAIT\nRESET",
            2,
            "CRITICAL - 127.0.0.1:PORT closed: the connection was reset in the TLS handshake",
        ),
        (
            f"{GO}AWAIT\nCLOSE",
            2,
            "CRITICAL - 127.0.0.1:PORT closed: the server closed the connection in the TLS "
            "handshake",
        ),
        (
            f"{GO}AWAIT\nS> \\x15\\x03\\x01\\x00\\x02\\x02\\x28\nSILENCE",
            2,
            "CRITICAL - 127.0.0.1:PORT tls-handshake: the server finds no common cipher, or "
            "wants a client certificate (sslv3 alert handshake failure)",
        ),
        (
            f"{OFFER}C: STARTTLS\nS> 220 go\\r\\n250 injected\\r\\n\nSILENCE",
            2,
            "CRITICAL - 127.0.0.1:PORT injection: clear text between the reply to STARTTLS and "
            'TLS: "250 injected"',
        ),
        (
            f"{GO}TLS\nC: EHLO client.example\nS: 250-x\nS: 250 STARTTLS\n{BYE}",
            1,
            "WARNING - 127.0.0.1:PORT starttls-reoffered: STARTTLS is offered again inside TLS "
            f"(RFC 3207 4.2); {SENTENCE}",
        ),
        (
            f"{GO}TLS\nC: EHLO client.example\nS: 421 too busy\n{BYE}",
            2,
            "CRITICAL - 127.0.0.1:PORT unavailable: EHLO inside TLS answered with "
            f'"421 too busy" ({ORIGIN})',
        ),
        (
            f"{GO}TLS\nC: EHLO client.example\nCLOSE",
            2,
            "CRITICAL - 127.0.0.1:PORT closed: the server closed the connection before the reply "
            "to EHLO inside TLS",
        ),
        (
            "S: 220 x\nC: EHLO client.example\nS: 502 no\nC: HELO client.example\nS: 250 x\n"
            f"{BYE}",
            2,
            "CRITICAL - 127.0.0.1:PORT no-starttls: STARTTLS is not offered; "
            'no-esmtp: EHLO answered with "502 no", HELO accepted',
        ),
    ],
)
def test_what_kept_the_session_in_clear_text_is_named(
    stage: Stage, transcript: str, code: int, text: str
) -> None:
    seen = stage("starttls", transcript)
    assert (seen.code, seen.text) == (code, f"SMTP_STARTTLS {text}")


def test_nothing_is_said_after_an_injection(stage: Stage) -> None:
    stage("starttls", f"{OFFER}C: STARTTLS\nS> 220 go\\r\\n250 injected\\r\\n\nSILENCE")
    assert stage.player is not None
    assert stage.player.heard == ["EHLO client.example", "STARTTLS"]


@pytest.mark.parametrize("transcript", ["S: 421 busy\nC: QUIT\nS: 221 Bye", "CLOSE", "SILENCE"])
def test_what_was_not_reached_is_not_tested(stage: Stage, transcript: str) -> None:
    seen = stage("starttls", transcript, "-t", "0.3")
    assert seen.code == 2
    assert "no-starttls" not in seen.text
    assert "bits" not in seen.perfdata


def test_a_strength_below_the_least_is_a_warning(stage: Stage) -> None:
    seen = stage("starttls", GO + INSIDE, "--min-bits", "257")
    assert (seen.code, seen.text) == (
        1,
        "SMTP_STARTTLS WARNING - 127.0.0.1:PORT cipher: TLS_AES_256_GCM_SHA384 has 256 bits, "
        f"not 257; {SENTENCE}",
    )
    assert seen.perfdata.endswith(" bits=256;257:;;0")


# -- versions


def context(oldest: str, newest: str = "TLSv1_3") -> ssl.SSLContext:
    """A server that speaks these versions."""
    made = server_context((LEAF, INTERMEDIATE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version = ssl.TLSVersion[oldest]
        made.maximum_version = ssl.TLSVersion[newest]
    return made


@pytest.mark.parametrize(
    ("newest", "arguments", "code", "text"),
    [
        (
            "TLSv1",
            (),
            2,
            "CRITICAL - 127.0.0.1:PORT tls-version: no more than TLSv1; wanted: TLSv1.2; "
            "encrypts with TLSv1, ECDHE-ECDSA-AES256-SHA, 256 bits in T s",
        ),
        (
            "TLSv1_2",
            ("--min-version", "tlsv1.3"),
            2,
            "CRITICAL - 127.0.0.1:PORT tls-version: no more than TLSv1.2; wanted: TLSv1.3; "
            "encrypts with TLSv1.2, ECDHE-ECDSA-AES256-GCM-SHA384, 256 bits in T s",
        ),
        (
            "TLSv1",
            ("--min-version", "TLSv1"),
            0,
            "OK - 127.0.0.1:PORT encrypts with TLSv1, ECDHE-ECDSA-AES256-SHA, 256 bits in T s",
        ),
    ],
)
def test_an_old_server_is_reached_and_then_judged(
    newest: str, arguments: tuple[str, ...], code: int, text: str
) -> None:
    seen = Stage(context("TLSv1", newest))("starttls", GO + INSIDE, *arguments)
    assert (seen.code, seen.text) == (code, f"SMTP_STARTTLS {text}")


@pytest.mark.parametrize(
    ("newest", "text"),
    [
        (
            "TLSv1_3",
            r"tls-handshake: the server insists on .*\(tlsv13 alert certificate required\)",
        ),
        ("TLSv1_2", r"tls-handshake: the server .*\((sslv3|tls) alert handshake failure\)"),
    ],
)
def test_a_demand_for_a_client_certificate_is_no_session(newest: str, text: str) -> None:
    """In TLS 1.3 it shows up only at the first read: a handshake alone would look fine."""
    demanding = context("TLSv1_2", newest)
    demanding.verify_mode = ssl.CERT_REQUIRED
    seen = Stage(demanding)("starttls", f"{GO}TLS\nC: EHLO client.example")
    assert seen.code == 2
    assert re.fullmatch(rf"SMTP_STARTTLS CRITICAL - 127\.0\.0\.1:PORT {text}", seen.text)


class Turns(Player):
    """Plays a transcript for each connection in its turn, with the TLS that belongs to it."""

    def __init__(self, *turns: tuple[str, ssl.SSLContext]) -> None:
        super().__init__("CLOSE")
        self._turns = [(transcript.splitlines(), tls) for transcript, tls in turns]

    def _turn(self) -> tuple[list[str], ssl.SSLContext | None]:
        return self._turns[self.connections]


MODERN_ONLY = context("TLSv1_2")
ALL_VERSIONS = context("TLSv1")
FIRST = (GO + INSIDE, MODERN_ONLY)


def in_turns(*turns: tuple[str, ssl.SSLContext], arguments: tuple[str, ...]) -> Outcome:
    with Turns(*turns) as player:
        given = ("-H", "127.0.0.1", "-p", str(player.port), "--ehlo-name", "client.example")
        code, output = run_check("starttls", *given, *arguments)
    assert player.faults == []
    assert player.connections == len(turns)
    return outcome(code, output, player.port)


def test_versions_that_are_refused_are_told() -> None:
    refusing = (f"{GO}TLS", MODERN_ONLY)
    seen = in_turns(
        *(FIRST, refusing, refusing),
        arguments=("--refuse-version", "TLSv1,TLSv1.1", "-vv"),
    )
    assert (seen.code, seen.text) == (
        0,
        f"SMTP_STARTTLS OK - 127.0.0.1:PORT {SESSION}, TLSv1 and TLSv1.1 refused",
    )
    assert seen.lines[-2:] == [
        f"{version} offered alone: refused (the server speaks none of the TLS versions that were "
        "offered (tlsv1 alert protocol version))"
        for version in ("TLSv1", "TLSv1.1")
    ]
    assert seen.perfdata == (
        f"{TIMES} time_starttls=Ts;;;0 time_tls=Ts;;;0 time_ehlo_tls=Ts;;;0 bits=256;128:;;0"
    )


def test_a_version_that_is_accepted_though_it_must_be_refused_is_critical() -> None:
    seen = in_turns(
        FIRST,
        (f"{GO}TLS\n{BYE}", ALL_VERSIONS),
        (f"{GO}TLS", MODERN_ONLY),
        arguments=("--refuse-version", "TLSv1", "--refuse-version", "TLSv1.1"),
    )
    assert (seen.code, seen.text) == (
        2,
        "SMTP_STARTTLS CRITICAL - 127.0.0.1:PORT tls-version: TLSv1 is accepted; "
        f"{SESSION}, TLSv1.1 refused",
    )


def test_implicit_tls_is_asked_in_the_same_way() -> None:
    inside = f"TLS\n{OFFER.replace('250 STARTTLS', '250 SIZE')}{BYE}"
    seen = in_turns(
        (inside, MODERN_ONLY),
        ("TLS", MODERN_ONLY),
        (f"TLS\nS: 220 x\n{BYE}", ALL_VERSIONS),
        arguments=("--tls", "--refuse-version", "TLSv1,TLSv1.1"),
    )
    assert (seen.code, seen.text) == (
        2,
        "SMTP_STARTTLS CRITICAL - 127.0.0.1:PORT tls-version: TLSv1.1 is accepted; "
        f"{SESSION}, TLSv1 refused",
    )


def test_a_modern_version_can_be_forbidden_too() -> None:
    seen = in_turns(
        (GO + INSIDE, ALL_VERSIONS),
        (f"{GO}TLS\n{BYE}", ALL_VERSIONS),
        (f"{GO}TLS", context("TLSv1_3")),
        arguments=("--refuse-version", "TLSv1.3,TLSv1.2"),
    )
    assert (seen.code, seen.text) == (
        2,
        "SMTP_STARTTLS CRITICAL - 127.0.0.1:PORT tls-version: TLSv1.3 is accepted; "
        f"{SESSION}, TLSv1.2 refused",
    )


@pytest.mark.parametrize(
    ("ending", "refused"),
    [
        ("AWAIT\nCLOSE", "refused (the server closed the connection in the TLS handshake)"),
        ("AWAIT\nRESET", "refused (the connection was reset in the TLS handshake)"),
    ],
)
def test_hanging_up_on_an_old_version_is_a_refusal(ending: str, refused: str) -> None:
    seen = in_turns(
        FIRST, (f"{GO}{ending}", MODERN_ONLY), arguments=("--refuse-version", "TLSv1", "-vv")
    )
    assert seen.text == f"SMTP_STARTTLS OK - 127.0.0.1:PORT {SESSION}, TLSv1 refused"
    assert seen.lines[-1] == f"TLSv1 offered alone: {refused}"


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (
            f"S: 421 too many connections\n{BYE}",
            "unavailable: TLSv1 was not offered: greeted with "
            '"421 too many connections" (we came from 127.0.0.1)',
        ),
        (
            f"{OFFER}C: STARTTLS\nS: 454 not now\n{BYE}",
            f'unavailable: TLSv1 was not offered: STARTTLS answered with "454 not now" ({ORIGIN})',
        ),
    ],
)
def test_a_question_that_could_not_be_put_is_no_refusal(second: str, text: str) -> None:
    seen = in_turns(FIRST, (second, MODERN_ONLY), arguments=("--refuse-version", "TLSv1"))
    assert (seen.code, seen.text) == (
        2,
        f"SMTP_STARTTLS CRITICAL - 127.0.0.1:PORT {text}; {SESSION}",
    )


def test_silence_is_no_refusal() -> None:
    """Whether the server would take the version is not known then."""
    seen = in_turns(
        FIRST,
        (f"{GO}SILENCE", MODERN_ONLY),
        arguments=("--refuse-version", "TLSv1", "-t", "0.5"),
    )
    assert seen.code == 2
    assert "timeout: " in seen.text
    assert "refused" not in seen.text


_PROGRAM = "import sys; from check_smtp_tls import check_smtp_starttls; check_smtp_starttls()"
_NO_TLS_1 = """
openssl_conf = setup
[setup]
ssl_conf = ssl
[ssl]
system_default = policy
[policy]
Protocol = ALL,-TLSv1
"""


def test_a_version_that_this_machine_cannot_offer_is_our_own_fault(tmp_path: Path) -> None:
    """A machine whose policy forbids TLS 1.0 cannot tell whether a server would refuse it."""
    policy = tmp_path / "openssl.cnf"
    policy.write_text(_NO_TLS_1, encoding="ascii")
    with Turns(FIRST) as player:
        done = subprocess.run(
            [
                *(sys.executable, "-c", _PROGRAM),
                *("-H", "127.0.0.1", "-p", str(player.port), "-F", "client.example"),
                *("--refuse-version", "TLSv1"),
            ],
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "OPENSSL_CONF": str(policy)},
            capture_output=True,
            text=True,
            check=False,
        )
    seen = outcome(done.returncode, done.stdout.rstrip("\n"), player.port)
    assert done.stderr == ""
    assert player.faults == []
    assert (seen.code, seen.text) == (
        3,
        "SMTP_STARTTLS UNKNOWN - 127.0.0.1:PORT local: this machine cannot offer TLSv1 to see "
        f"it refused: no protocols available; {SESSION}",
    )
