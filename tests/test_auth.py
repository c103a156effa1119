"""check_smtp_auth: logins that work, are refused or are never tried, against transcripts."""

import os
import re
import subprocess
import sys
from argparse import Namespace
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from check_smtp_core.concealment import REPEATS
from check_smtp_core.findings import Finding
from check_smtp_core.reply import Reply
from check_smtp_delivery import sasl
from check_smtp_delivery.auth import LoginSeen, judge
from check_smtp_delivery.login import Attempt
from tests import chains
from tests.chains import HOST
from tests.conftest import Outcome, Stage, run_check, unhurried
from tests.faults import FAULTS, Setup
from tests.player import Player
from tests.test_sasl import FINAL, FIRST, NONCE, SERVER_FINAL, SERVER_FIRST

USER, PASSWORD = "jane@example.com", "s3cret-Pässword"
WE = "we came from 192.0.2.10 as client.example"
INSIDE_PERFDATA = (
    "time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 time_ehlo=Ts;;;0 time_starttls=Ts;;;0 "
    "time_tls=Ts;;;0 time_ehlo_tls=Ts;;;0"
)
HEAD = "SMTP_AUTH {} - 127.0.0.1:PORT "


def base64(text: str | bytes) -> str:
    return b64encode(text.encode() if isinstance(text, str) else text).decode()


PLAIN = base64(f"\0{USER}\0{PASSWORD}")
BYE = "\nC: QUIT\nS: 221 2.0.0 Bye"
OPENING = "S: 220 mail.example.com\nC: EHLO client.example\nS: 250-mail.example.com\n"
GO = f"{OPENING}S: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n"
INSIDE = f"{GO}TLS\nC: EHLO client.example\nS: 250-mail.example.com\n"


def offering(*mechanisms: str) -> str:
    """The dialogue up to the offer inside TLS."""
    return f"{INSIDE}S: 250 AUTH {' '.join(mechanisms)}\n"


# -- verdicts without a network


def seen(
    code: int, text: str = "words", proved: bool = True, version: str = "TLSv1.3"
) -> LoginSeen:
    attempt = Attempt(USER, "PLAIN", Reply(code, (text,)), "", proved, WE)
    return LoginSeen(attempt, False, ("PLAIN",), ("PLAIN", "LOGIN"), version)


def findings(facts: LoginSeen, refuse: bool = False) -> list[Finding]:
    return judge(facts, Namespace(refuse=refuse))  # type: ignore[arg-type]


REFUSED = Finding("auth-failed", f'AUTH PLAIN as {USER} answered with "535 words" ({WE})')
IMPOSTOR = Finding(
    "untrusted",
    "the server does not prove that it knows the password "
    '(accepted with "235 words" all the same)',
)
NOT_JUDGED = "; the credentials were not judged"


@pytest.mark.parametrize(
    ("facts", "expected", "refusing"),
    [
        (
            seen(235),
            [],
            [Finding("not-refused", f'AUTH PLAIN as {USER} answered with "235 words"')],
        ),
        (seen(535), [REFUSED], []),
        (seen(235, proved=False), [IMPOSTOR], [IMPOSTOR]),
        (
            seen(454),
            [Finding("tempfail", f'AUTH answered with "454 words" ({WE})')],
            [Finding("tempfail", f'AUTH answered with "454 words" ({WE}){NOT_JUDGED}')],
        ),
        (
            seen(504),
            [Finding("reject", f'AUTH answered with "504 words" ({WE})')],
            [Finding("reject", f'AUTH answered with "504 words" ({WE}){NOT_JUDGED}')],
        ),
        (
            seen(534),
            [Finding("auth-failed", f'AUTH PLAIN as {USER} answered with "534 words" ({WE})')],
            [
                Finding(
                    "auth-failed",
                    f'AUTH PLAIN as {USER} answered with "534 words" ({WE}){NOT_JUDGED}',
                )
            ],
        ),
    ],
)
def test_a_login_is_judged(
    facts: LoginSeen, expected: list[Finding], refusing: list[Finding]
) -> None:
    assert findings(facts) == expected
    assert findings(facts, refuse=True) == refusing


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (seen(235), f"lets {USER} log in (PLAIN inside TLSv1.3) in 0.500 s"),
        (seen(535), ""),
        (
            seen(535)._replace(refuse=True),
            f'refuses the login of {USER} (PLAIN inside TLSv1.3) in 0.500 s: "535 words"',
        ),
        (seen(235)._replace(refuse=True), ""),
        (seen(235, proved=False), ""),
        (seen(235, version=""), f"lets {USER} log in (PLAIN without TLS) in 0.500 s"),
        (seen(454), ""),
        (
            seen(235)._replace(attempt=seen(235).attempt._replace(user="x" * 70)),
            f"lets {'x' * 57}... log in (PLAIN inside TLSv1.3) in 0.500 s",
        ),
    ],
)
def test_the_sentence_says_who_and_how(facts: LoginSeen, sentence: str) -> None:
    assert facts.sentence(0.5) == sentence


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        (seen(235), ["AUTH without TLS: PLAIN", "AUTH inside TLSv1.3: PLAIN LOGIN"]),
        (seen(235)._replace(before=None), ["AUTH inside TLSv1.3: PLAIN LOGIN"]),
        (
            seen(235)._replace(before=()),
            ["AUTH without TLS: nothing", "AUTH inside TLSv1.3: PLAIN LOGIN"],
        ),
        (seen(235, version=""), ["AUTH without TLS: PLAIN"]),
    ],
)
def test_the_mechanisms_before_and_after_tls_are_compared(
    facts: LoginSeen, lines: list[str]
) -> None:
    assert facts.details(1) == lines
    assert facts.details(2) == []


# -- whole lines against transcripts


class Client:
    """Runs the check with credentials against a server with a certificate of some kind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password = self.written("password", PASSWORD)
        self.player: Player | None = None

    def written(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(f"{text}\n", encoding="utf-8")
        path.chmod(0o600)
        return str(path)

    def __call__(self, transcript: str, *arguments: str, fault: str = "none") -> Outcome:
        setup = FAULTS[fault](Setup())
        stage = Stage(chains.server_context(setup.presented))
        given = {
            "-U": USER,
            "--servername": HOST,
            "--ca-file": chains.written(self.folder / "ca.pem", *setup.anchors),
        }
        if "--token-file" not in arguments:
            given["--password-file"] = self.password
        more = [word for pair in given.items() if pair[0] not in arguments for word in pair]
        result = stage("auth", transcript, *arguments, *more)
        self.player = stage.player
        return result

    @property
    def heard(self) -> list[str]:
        assert self.player is not None
        return self.player.heard


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path)


WORKING: list[tuple[str, list[str], str, str]] = [
    ("PLAIN LOGIN", [], "PLAIN", f"C: AUTH PLAIN {PLAIN}"),
    (
        "LOGIN",
        [],
        "LOGIN",
        f"C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: {base64(USER)}\nS: 334 UGFzc3dvcmQ6\n"
        f"C: {base64(PASSWORD)}",
    ),
    (
        "PLAIN LOGIN",
        ["--mechanism", "login"],
        "LOGIN",
        # The questions are not always base64.
        f"C: AUTH LOGIN\nS: 334 Username:\nC: {base64(USER)}\nS: 334\nC: {base64(PASSWORD)}",
    ),
]


@pytest.mark.parametrize(("offered", "arguments", "mechanism", "dialogue"), WORKING)
def test_a_login_works(
    client: Client, offered: str, arguments: list[str], mechanism: str, dialogue: str
) -> None:
    transcript = f"{offering(offered)}{dialogue}\nS: 235 2.7.0 Authentication successful{BYE}"
    result = client(transcript, *arguments)
    assert result.code == 0
    assert result.text == (
        HEAD.format("OK") + f"lets {USER} log in ({mechanism} inside TLSv1.3) in T s"
    )
    assert result.perfdata == f"{INSIDE_PERFDATA} time_auth=Ts;;;0"


def test_the_port_of_implicit_tls_has_nothing_to_compare(client: Client) -> None:
    transcript = f"TLS\n{OPENING}S: 250 AUTH PLAIN\nC: AUTH PLAIN {PLAIN}\nS: 235 ok{BYE}"
    result = client(transcript, "--tls", "-v")
    assert result.code == 0
    assert result.text == HEAD.format("OK") + f"lets {USER} log in (PLAIN inside TLSv1.3) in T s"
    assert result.lines[1:] == ["AUTH inside TLSv1.3: PLAIN"]


def test_a_long_secret_waits_for_the_empty_challenge(client: Client) -> None:
    """RFC 4954 4: the line with the initial response must not be longer than 512 octets."""
    for size in (348, 349):
        token = "x" * size
        said = base64(f"user=jane\x01auth=Bearer {token}\x01\x01")
        fits = len(f"AUTH XOAUTH2 {said}\r\n") <= 512
        assert fits == (size == 348)
        dialogue = f"C: AUTH XOAUTH2 {said}" if fits else f"C: AUTH XOAUTH2\nS: 334\nC: {said}"
        transcript = f"{offering('XOAUTH2')}{dialogue}\nS: 235 ok{BYE}"
        token_file = client.written("token", token)
        result = client(transcript, "--token-file", token_file, "-U", "jane", "-vvv")
        assert result.code == 0
        assert "xxxx" not in "\n".join(result.lines)
        assert said[:20] not in "\n".join(result.lines)


@pytest.fixture
def known_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sasl._MECHANISMS, "SCRAM-SHA-256", partial(sasl.Scram, nonce=NONCE))


SCRAM = f"C: AUTH SCRAM-SHA-256 {base64(FIRST)}\nS: 334 {base64(SERVER_FIRST)}\n"
PROOF = f"{SCRAM}C: {base64(FINAL)}\n"


@pytest.mark.usefixtures("known_nonce")
@pytest.mark.parametrize(
    ("dialogue", "code", "text"),
    [
        (
            f"{PROOF}S: 334 {base64(SERVER_FINAL)}\nC: \nS: 235 2.7.0 ok",
            0,
            "lets user log in (SCRAM-SHA-256 inside TLSv1.3) in T s",
        ),
        (
            f"{PROOF}S: 535 5.7.8 no",
            2,
            'auth-failed: AUTH SCRAM-SHA-256 as user answered with "535 5.7.8 no" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            f"{PROOF}S: 334 {base64('e=invalid-proof')}\nC: \nS: 535 5.7.8 no",
            2,
            'auth-failed: AUTH SCRAM-SHA-256 as user answered with "535 5.7.8 no" '
            "(invalid-proof; we came from 127.0.0.1 as client.example)",
        ),
        (
            f"{PROOF}S: 334 {base64('v=' + base64(b'x' * 32))}\nC: *\nS: 501 5.7.0 cancelled",
            2,
            "untrusted: the server does not prove that it knows the password "
            "(its signature is wrong)",
        ),
        (
            f"{PROOF}S: 235 2.7.0 welcome",
            2,
            "untrusted: the server does not prove that it knows the password "
            '(accepted with "235 2.7.0 welcome" all the same)',
        ),
        (
            f"C: AUTH SCRAM-SHA-256 {base64(FIRST)}\nS: 235 2.7.0 welcome",
            2,
            "untrusted: the server does not prove that it knows the password "
            '(accepted with "235 2.7.0 welcome" all the same)',
        ),
        (
            f"C: AUTH SCRAM-SHA-256 {base64(FIRST)}\nS: 334 {base64('r=other,s=AAAA,i=1')}\n"
            "C: *\nS: 501 5.7.0 cancelled",
            2,
            "protocol: AUTH SCRAM-SHA-256: a challenge that is not one of SCRAM: "
            f'"334 {base64("r=other,s=AAAA,i=1")}"',
        ),
        (
            f"C: AUTH SCRAM-SHA-256 {base64(FIRST)}\n"
            f"S: 334 {base64(SERVER_FIRST.replace('4096', '99999999'))}\nC: *\nS: 501 cancelled",
            2,
            "protocol: AUTH SCRAM-SHA-256: a challenge that asks for 99999999 rounds of hashing: "
            f'"334 {base64(SERVER_FIRST.replace("4096", "99999999"))[:113]}..."',
        ),
        (
            f"{PROOF}S: 334 {base64(SERVER_FINAL)}\nC: \nS: 334 eA==\nC: *\nS: 501 cancelled",
            2,
            'protocol: AUTH SCRAM-SHA-256: a challenge that is not due: "334 eA=="',
        ),
    ],
)
def test_scram_lets_the_server_prove_itself(
    client: Client, dialogue: str, code: int, text: str
) -> None:
    password = client.written("pencil", "pencil")
    transcript = f"{offering('PLAIN SCRAM-SHA-256')}{dialogue}{BYE}"
    result = client(transcript, "-U", "user", "--password-file", password, "-vvv")
    state = {0: "OK", 2: "CRITICAL"}[code]
    assert (result.code, result.text) == (code, HEAD.format(state) + text)
    said = "\n".join(result.lines)
    for secret in ("pencil", base64("pencil"), base64(FINAL), FINAL.rpartition("p=")[2]):
        assert secret not in said


TOKEN = "ya29.a0AfB_token"
BEARER = base64(f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01")
BEARER_7628 = base64(f"n,a={USER},\x01auth=Bearer {TOKEN}\x01\x01")
ERROR = base64('{"status":"400","schemes":"Bearer","scope":"https://mail.example.com/"}')


@pytest.mark.parametrize(
    ("offered", "dialogue", "code", "text"),
    [
        (
            "PLAIN XOAUTH2",
            f"C: AUTH XOAUTH2 {BEARER}\nS: 235 2.7.0 Accepted",
            0,
            f"lets {USER} log in (XOAUTH2 inside TLSv1.3) in T s",
        ),
        (
            "XOAUTH2",
            f"C: AUTH XOAUTH2 {BEARER}\nS: 334 {ERROR}\nC: \n"
            "S: 535-5.7.8 Username and Password not accepted.\nS: 535 5.7.8 See help",
            2,
            f"auth-failed: AUTH XOAUTH2 as {USER} answered with "
            '"535 5.7.8 Username and Password not accepted. / 5.7.8 See help" '
            "(status 400; we came from 127.0.0.1 as client.example)",
        ),
        (
            "XOAUTH2 OAUTHBEARER",
            f"C: AUTH OAUTHBEARER {BEARER_7628}\nS: 235 2.7.0 ok",
            0,
            f"lets {USER} log in (OAUTHBEARER inside TLSv1.3) in T s",
        ),
        (
            "OAUTHBEARER",
            f"C: AUTH OAUTHBEARER {BEARER_7628}\nS: 334 {ERROR}\nC: AQ==\nS: 535 5.7.8 no",
            2,
            f'auth-failed: AUTH OAUTHBEARER as {USER} answered with "535 5.7.8 no" '
            "(status 400; we came from 127.0.0.1 as client.example)",
        ),
        (
            "PLAIN",
            "",
            2,
            "missing: not offered: AUTH OAUTHBEARER or XOAUTH2; offered: PLAIN",
        ),
    ],
)
def test_a_token_logs_in(
    client: Client, offered: str, dialogue: str, code: int, text: str
) -> None:
    token = client.written("token", TOKEN)
    result = client(f"{offering(offered)}{dialogue}{BYE}", "--token-file", token, "-vvv")
    state = {0: "OK", 2: "CRITICAL"}[code]
    assert (result.code, result.text) == (code, HEAD.format(state) + text)
    assert TOKEN not in "\n".join(result.lines)


SENT = f"C: AUTH PLAIN {PLAIN}\n"


@pytest.mark.parametrize(
    ("reply", "arguments", "code", "text"),
    [
        (
            "S: 535 5.7.8 Error: authentication failed",
            [],
            2,
            f"auth-failed: AUTH PLAIN as {USER} answered with "
            '"535 5.7.8 Error: authentication failed" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            "S: 535 5.7.8 Error: authentication failed",
            ["--refuse"],
            0,
            f"refuses the login of {USER} (PLAIN inside TLSv1.3) in T s: "
            '"535 5.7.8 Error: authentication failed"',
        ),
        (
            "S: 235 2.7.0 ok",
            ["--refuse"],
            2,
            f'not-refused: AUTH PLAIN as {USER} answered with "235 2.7.0 ok"',
        ),
        (
            "S: 454 4.7.0 Temporary authentication failure",
            [],
            1,
            'tempfail: AUTH answered with "454 4.7.0 Temporary authentication failure" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            "S: 454 4.7.0 Temporary authentication failure",
            ["--refuse"],
            1,
            'tempfail: AUTH answered with "454 4.7.0 Temporary authentication failure" '
            "(we came from 127.0.0.1 as client.example); the credentials were not judged",
        ),
        (
            "S: 421 4.7.0 Too many errors",
            ["--refuse"],
            2,
            'unavailable: AUTH answered with "421 4.7.0 Too many errors" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            "S: 504 5.5.4 Unrecognized authentication type",
            [],
            2,
            'reject: AUTH answered with "504 5.5.4 Unrecognized authentication type" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            "S: 334 eA==\nC: *\nS: 501 5.7.0 Authentication aborted",
            [],
            2,
            'protocol: AUTH PLAIN: a challenge that is not due: "334 eA=="',
        ),
        (
            "S: 334 eA==\nC: *\nS: 421 4.7.0 bye",
            [],
            2,
            'protocol: AUTH PLAIN: a challenge that is not due: "334 eA=="',
        ),
        (
            "S: 334 no base64!\nC: *\nS: 501 5.7.0 Authentication aborted",
            [],
            2,
            'protocol: AUTH PLAIN: a challenge that is not base64: "334 no base64!"',
        ),
        (
            "S: hello",
            [],
            2,
            'protocol: this is no SMTP reply (in place of the reply to AUTH inside TLS): "hello"',
        ),
        (
            "CLOSE",
            [],
            2,
            "closed: the server closed the connection before the reply to AUTH inside TLS",
        ),
        (
            "SILENCE",
            ["-t", "0.5"],
            2,
            "timeout: the reply to AUTH inside TLS did not come within 0.5 s",
        ),
    ],
)
def test_what_may_become_of_a_login(
    client: Client, reply: str, arguments: list[str], code: int, text: str
) -> None:
    ends = "" if reply in ("CLOSE", "SILENCE") or reply.startswith(("S: 421", "S: hello")) else BYE
    transcript = f"{offering('PLAIN LOGIN')}{SENT}{reply}{ends or BYE}"
    result = client(transcript, *arguments)
    state = ("OK", "WARNING", "CRITICAL")[code]
    assert (result.code, unhurried(result.text)) == (code, HEAD.format(state) + text)


def test_after_a_login_nothing_is_sent_but_quit(client: Client) -> None:
    client(f"{offering('PLAIN')}{SENT}S: 235 ok{BYE}")
    assert client.heard[-2:] == [f"AUTH PLAIN {PLAIN}", "QUIT"]


def test_an_odd_acceptance_is_one_and_noted(client: Client) -> None:
    result = client(f"{offering('PLAIN')}{SENT}S: 250 ok{BYE}", "-v")
    assert result.code == 0
    assert result.lines[1] == ("OK nonstandard: the reply to AUTH: the code 250 instead of 235")


@pytest.mark.parametrize(
    ("offer", "arguments", "text"),
    [
        ("S: 250 SIZE", [], "missing: AUTH is not offered"),
        (
            "S: 250 AUTH GSSAPI NTLM",
            [],
            "missing: not offered: AUTH SCRAM-SHA-256 or PLAIN or LOGIN; offered: GSSAPI NTLM",
        ),
        (
            "S: 250 AUTH PLAIN LOGIN",
            ["--mechanism", "SCRAM-SHA-256"],
            "missing: not offered: AUTH SCRAM-SHA-256; offered: PLAIN LOGIN",
        ),
    ],
)
def test_a_mechanism_that_is_not_offered_is_missing(
    client: Client, offer: str, arguments: list[str], text: str
) -> None:
    for refuse in ([], ["--refuse"]):
        result = client(f"{INSIDE}{offer}{BYE}", *arguments, *refuse)
        assert (result.code, result.text) == (2, HEAD.format("CRITICAL") + text)


def test_mechanisms_before_tls_are_a_finding(client: Client) -> None:
    clear = INSIDE.replace("S: 250 STARTTLS", "S: 250-STARTTLS\nS: 250 AUTH CRAM-MD5 LOGIN PLAIN")
    result = client(f"{clear}S: 250 AUTH PLAIN\n{SENT}S: 235 ok{BYE}")
    assert (result.code, result.text) == (
        1,
        HEAD.format("WARNING") + "plaintext-auth: AUTH LOGIN PLAIN is offered without TLS; "
        f"lets {USER} log in (PLAIN inside TLSv1.3) in T s",
    )
    fine = clear.replace("AUTH CRAM-MD5 LOGIN PLAIN", "AUTH CRAM-MD5 SCRAM-SHA-256")
    assert client(f"{fine}S: 250 AUTH PLAIN\n{SENT}S: 235 ok{BYE}").code == 0


# -- who must not have the credentials

UNSENT = "; no credentials were sent"


@pytest.mark.parametrize(
    ("fault", "arguments", "text"),
    [
        (
            "unknown root",
            [],
            "untrusted: Example Root CA is not trusted here "
            f"(or another intermediate is not sent){UNSENT}",
        ),
        (
            "self-signed",
            [],
            f"self-signed: the certificate is its own issuer, and not trusted here{UNSENT}",
        ),
        ("expired", [], "expired: the certificate expired 3 days ago (DATE)" + UNSENT),
        (
            "wrong name",
            [],
            "name-mismatch: valid for www.example.net, example.net, which does not match "
            f"mail.example.com{UNSENT}",
        ),
        (
            "none",
            ["--servername", "127.0.0.1"],
            "name-mismatch: valid for mail.example.com, which does not match 127.0.0.1; "
            f"--servername says which name to expect{UNSENT}",
        ),
        (
            "wrong purpose",
            [],
            f"wrong-purpose: the certificate is not meant for TLS servers{UNSENT}",
        ),
        (
            "missing intermediate",
            [],
            "incomplete-chain: its issuer Example Issuing CA is neither sent nor trusted here"
            + UNSENT,
        ),
        (
            "SHA-1 signature",
            [],
            f"weak-signature: the certificate is signed with SHA-1{UNSENT}",
        ),
    ],
)
@pytest.mark.parametrize("refuse", [[], ["--refuse"]])
def test_a_server_that_proves_nothing_gets_no_credentials(
    client: Client, fault: str, arguments: list[str], text: str, refuse: list[str]
) -> None:
    result = client(f"{offering('PLAIN')[:-1]}{BYE}", *arguments, *refuse, fault=fault)
    assert client.heard == [
        "EHLO client.example",
        "STARTTLS",
        "EHLO client.example",
        "QUIT",
    ]
    line = result.text.partition(" (20")
    told = line[0] + (f" (DATE){line[2].partition(')')[2]}" if line[1] else "")
    assert (result.code, told) == (2, HEAD.format("CRITICAL") + text)


def test_every_fault_is_named_at_once(client: Client, tmp_path: Path) -> None:
    arguments = ("--servername", "other.example.com")
    result = client(f"{offering('PLAIN')[:-1]}{BYE}", *arguments, "-v", fault="self-signed")
    assert result.text == (
        HEAD.format("CRITICAL")
        + f"self-signed: the certificate is its own issuer, and not trusted here{UNSENT}; "
        "name-mismatch: valid for mail.example.com, which does not match other.example.com"
    )


@pytest.mark.parametrize("state", ["untrusted=ok,name-mismatch=ok", "untrusted=warning"])
def test_no_state_makes_a_server_trusted(client: Client, state: str) -> None:
    client(f"{offering('PLAIN')[:-1]}{BYE}", "--state", state, fault="unknown root")
    assert not [each for each in client.heard if each.startswith("AUTH")]


def test_unverified_tls_has_to_be_asked_for(client: Client) -> None:
    result = client(
        f"{offering('PLAIN')}{SENT}S: 235 ok{BYE}",
        "--insecure-auth",
        "unverified",
        fault="unknown root",
    )
    assert (result.code, result.text) == (
        0,
        HEAD.format("OK") + f"lets {USER} log in (PLAIN inside TLSv1.3) in T s",
    )


def test_a_login_in_clear_text_has_to_be_asked_for(client: Client) -> None:
    transcript = f"{OPENING}S: 250-STARTTLS\nS: 250 AUTH PLAIN\n{SENT}S: 235 ok{BYE}"
    result = client(transcript, "--insecure-auth", "clear")
    assert (result.code, result.text) == (
        1,
        HEAD.format("WARNING") + "plaintext-auth: AUTH PLAIN is offered without TLS; "
        f"lets {USER} log in (PLAIN without TLS) in T s",
    )


@pytest.mark.parametrize("arguments", [[], ["--insecure-auth", "unverified"]])
@pytest.mark.parametrize(
    ("transcript", "heard", "text"),
    [
        (
            f"{OPENING}S: 250 AUTH PLAIN{BYE}",
            ["EHLO client.example", "QUIT"],
            f"no-starttls: STARTTLS is not offered{UNSENT}; "
            "plaintext-auth: AUTH PLAIN is offered without TLS",
        ),
        (
            f"{OPENING}S: 250 STARTTLS\nC: STARTTLS\n"
            r"S> 220 go\r\n235 welcome\r\n" + "\nSILENCE",
            ["EHLO client.example", "STARTTLS"],
            f'injection: clear text between the reply to STARTTLS and TLS: "235 welcome"{UNSENT}',
        ),
        (
            f"{OPENING}S: 250 STARTTLS\nC: STARTTLS\nS: 454 4.7.0 TLS not available{BYE}",
            ["EHLO client.example", "STARTTLS", "QUIT"],
            'unavailable: STARTTLS answered with "454 4.7.0 TLS not available" '
            f"(we came from 127.0.0.1 as client.example){UNSENT}",
        ),
    ],
)
def test_where_tls_is_taken_away_nothing_is_sent(
    client: Client, transcript: str, heard: list[str], text: str, arguments: list[str]
) -> None:
    result = client(transcript, *arguments)
    assert (result.code, result.text) == (2, HEAD.format("CRITICAL") + text)
    assert client.heard == heard


# -- what must not be shown

ECHOES: list[Callable[[str, str], str]] = [
    lambda password, sent: f"S: 535 5.7.8 {password} is wrong",
    lambda password, sent: f"S: 535 5.7.8 cannot decode {sent}",
    lambda password, sent: f"S: 535 5.7.8 {base64(password)}",
    lambda password, sent: f"S: 535-5.7.8 {password}\nS: 535 {sent}",
    lambda password, sent: f"S: 334 {sent}\nC: *\nS: 501 {sent}",
    lambda password, sent: f"S: {password} {sent}",
    lambda password, sent: f"S: 421 4.7.0 {password} {sent}",
    lambda password, sent: f"S: 235 ok\nS: 250 {password} {sent}",
    lambda password, sent: f"S> 535 {sent}\nCLOSE",
    lambda password, sent: f"S> 535 {sent[:-3]}\nCLOSE",
    lambda password, sent: f"S> 535-{password}\\r\\n535-{sent}\\r\\n{password[:-2]}\nCLOSE",
    lambda password, sent: f"S> {'x' * 100} {sent}\nCLOSE",
]


@pytest.mark.parametrize("number", range(len(ECHOES)))
def test_a_server_that_echoes_a_secret_does_not_get_it_printed(
    client: Client, number: int
) -> None:
    password = "Zq8-" + "hunter2-Correct-Horse" * 6
    sent = base64(f"\0jane\0{password}")
    file = client.written("long", password)
    first = f"C: AUTH PLAIN {sent}\n"
    transcript = f"{offering('PLAIN')}{first}{ECHOES[number](password, sent)}"
    transcript += "" if "CLOSE" in transcript else BYE
    for more in (["-vvv"], []):
        setup = ("-U", "jane", "--password-file", file, *more)
        output = "\n".join(client(transcript, *setup).lines)
        assert "Zq8-" not in output
        assert "hunter2" not in output
        assert sent[:24] not in output
        assert base64(password)[:16] not in output


PIECES: list[tuple[Callable[[str, str], str], str]] = [
    (lambda password, sent: f"S: 500 unrecognised: AUTH PLAIN {sent[:14]}...", "500"),
    (lambda password, sent: f"S: 535-5.7.8 {sent[:14]}\nS: 535 5.7.8 {sent[14:]}", "535 5.7.8"),
    (lambda password, sent: f"S: 535 5.7.8 {sent.rstrip('=')[:-1]}", "535 5.7.8"),
    (
        lambda password, sent: f"S: 535-5.7.8 {password[:5]}\nS: 535 5.7.8 {password[5:]}",
        "535 5.7.8",
    ),
    (lambda password, sent: f"S: 535 5.7.8 {password.encode()!r}", "535 5.7.8"),
    (lambda password, sent: f"S: 454 4.7.0 {password[:7]}", "454 4.7.0"),
    (lambda password, sent: f"S: 535 {password.swapcase()}", "535"),
    (lambda password, sent: f"S> 535-{sent[:5]}\\r\\n535 {sent[5:9]}\nCLOSE", "535"),
    (lambda password, sent: f"S: what is {password[:9]}", "what is"),
    (lambda password, sent: f"S: 334 {sent[:-4]}\nC: *\nS: 501 {sent[:-4]}", "334"),
]


@pytest.mark.parametrize("level", [[], ["-v"], ["-vv"], ["-vvv"]])
@pytest.mark.parametrize(("echo", "codes"), PIECES)
def test_nor_does_one_that_echoes_pieces_of_it(
    client: Client, echo: Callable[[str, str], str], codes: str, level: list[str]
) -> None:
    password = 'Zq8-\\"Horse"-battery'
    sent = base64(f"\0jane\0{password}")
    transcript = f"{offering('PLAIN')}C: AUTH PLAIN {sent}\n{echo(password, sent)}"
    transcript += "" if "CLOSE" in transcript else BYE
    file = client.written("quotes", password)
    # A challenge that holds them is answered before it is shown.
    mechanism = ("--mechanism", "PLAIN")
    result = client(transcript, "-U", "jane", "--password-file", file, *mechanism, *level)
    output = "\n".join(result.lines)
    assert re.search(rf"{codes}[ -](\*\*\*|{re.escape(REPEATS)})", output)
    for piece in ("zq8", "horse", "battery", sent[:6].lower(), sent[14:20].lower()):
        assert piece not in output.lower()


def test_nobody_finds_the_secret_in_the_list_of_processes(client: Client) -> None:
    """The installed check waits for the reply to AUTH; then its arguments are read."""
    setup = FAULTS["none"](Setup())
    script = Path(sys.executable).parent / "check_smtp_auth"
    transcript = f"{offering('PLAIN')}{SENT}SILENCE"
    ca = chains.written(client.folder / "ca.pem", *setup.anchors)
    with Player(transcript, chains.server_context(setup.presented)) as player:
        command = [str(script), "-H", "127.0.0.1", "-p", str(player.port), "-U", USER, "-t", "2"]
        command += ["--servername", HOST, "--ca-file", ca, "--ehlo-name", "client.example", "-vvv"]
        environment = {"PATH": os.environ["PATH"], "CHECK_SMTP_PASSWORD": PASSWORD}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        ) as process:
            assert process.stdout is not None
            arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            output = process.stdout.read().decode()
    assert player.heard[3] == f"AUTH PLAIN {PLAIN}"
    assert process.returncode == 2
    assert "C: AUTH PLAIN ***" in output
    for secret in (PASSWORD, PLAIN, base64(PASSWORD)):
        assert secret not in output
        assert secret.encode() not in arguments


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            [],
            "SMTP_AUTH UNKNOWN - usage: no user is given (-U); what is offered is a question for "
            "check_smtp_ehlo (see check_smtp_auth --help)",
        ),
        (
            ["-U", "jane", "--no-verify"],
            "SMTP_AUTH UNKNOWN - usage: --no-verify would show the password to whoever sits in "
            "between; --insecure-auth unverified does (see check_smtp_auth --help)",
        ),
        (
            ["-U", "jane\r\nRSET"],
            'SMTP_AUTH UNKNOWN - usage: argument -U/--user: "jane  RSET" is not allowed: it holds '
            "control characters (see check_smtp_auth --help)",
        ),
    ],
)
def test_usage_errors(arguments: list[str], line: str) -> None:
    assert run_check("auth", "-H", "mail.example", *arguments) == (3, line)


@pytest.mark.parametrize(
    ("name", "text", "mode", "why"),
    [
        ("password", "", 0o600, "has an empty first line"),
        ("password", "s3cret", 0o644, "can be read by everybody on this machine (chmod o-r)"),
        ("none", "", 0o600, "cannot be read: no such file or directory"),
    ],
)
def test_a_secret_that_cannot_be_read_is_our_fault(
    client: Client, name: str, text: str, mode: int, why: str
) -> None:
    path = client.folder / name
    if name != "none":
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
    result = client("S: 220 x", "--password-file", str(path))
    assert result.code == 3
    assert result.text == HEAD.format("UNKNOWN") + f"local: {path} {why}"
    assert client.heard == []


def test_without_any_secret_the_line_says_where_it_may_stand(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHECK_SMTP_PASSWORD", raising=False)
    result = client("S: 220 x", "--password-file", "")
    assert result.text == HEAD.format("UNKNOWN") + (
        "local: no password is given (--password-file, or the variable CHECK_SMTP_PASSWORD)"
    )


def test_scram_without_its_library_is_our_fault(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing: Any = None
    monkeypatch.setitem(sys.modules, "scramp", missing)
    result = client(f"{offering('SCRAM-SHA-256')[:-1]}{BYE}")
    assert (result.code, result.text) == (
        3,
        HEAD.format("UNKNOWN")
        + "local: the Python module scramp is missing (Debian: install python3-scramp)",
    )
