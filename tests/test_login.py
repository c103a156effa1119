"""A login: its options, what becomes of a reply, and who may have the credentials."""

from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any, cast

import pytest

from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.observation import Check
from check_smtp_core.options import Options, parse_options, parser_of
from check_smtp_core.parser import UsageError
from check_smtp_core.reply import Capabilities, Reply, read_capabilities
from check_smtp_delivery import auth
from check_smtp_delivery.credentials import Credentials
from check_smtp_delivery.login import (
    Attempt,
    _chosen,
    add_login,
    complete_login,
    read_credentials,
)
from check_smtp_delivery.sasl import WITH_PASSWORD, WITH_TOKEN

WE = "we came from 192.0.2.10 as client.example"


def parsed(*arguments: str) -> Options:
    return parse_options(
        parser_of(cast("Check", auth)), ("-H", "mail.example", "-U", "jane", *arguments)
    )


# -- options


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ["--no-verify"],
            "--no-verify would show the password to whoever sits in between; "
            "--insecure-auth unverified does",
        ),
        (["--insecure-auth", "clear", "--tls"], "--insecure-auth clear contradicts TLS"),
        (["--insecure-auth", "clear", "--starttls"], "--insecure-auth clear contradicts TLS"),
        (["--insecure-auth", "clear", "-p", "465"], "--insecure-auth clear contradicts TLS"),
        (
            ["--insecure-auth", "yes"],
            'argument --insecure-auth: "yes" is neither unverified nor clear',
        ),
        (["--token-file", "t", "--password-file", "p"], "give a password or a token, not both"),
        (["--mechanism", "XOAUTH2"], "XOAUTH2 needs a token (--token-file)"),
        (["--mechanism", "plain", "--token-file", "t"], "PLAIN needs a password"),
        (
            ["--mechanism", "NTLM"],
            'argument --mechanism: "NTLM" is none of SCRAM-SHA-256, PLAIN, LOGIN, OAUTHBEARER, '
            "XOAUTH2",
        ),
        (
            ["--password", "s3cret"],
            "--password: everybody on this machine can read it there; use --password-file",
        ),
        (
            ["--token-file", "a\nb"],
            'argument --token-file: "a\nb" is not allowed: it holds control characters',
        ),
    ],
)
def test_options_that_do_not_fit_are_a_usage_error(arguments: list[str], why: str) -> None:
    with pytest.raises(UsageError) as error:
        parsed(*arguments)
    assert str(error.value) == why
    assert "s3cret" not in why


def test_options_that_fit() -> None:
    assert parsed("--mechanism", "scram-sha-256").mechanism == "SCRAM-SHA-256"
    assert parsed("--mechanism", "xoauth2", "--token-file", "t").token_file == "t"
    assert parsed("--insecure-auth", "clear", "-p", "25").insecure_auth == "clear"
    assert parsed("--insecure-auth", "unverified", "--tls").port == 465
    assert parsed("--insecure-auth", "").insecure_auth == ""
    assert parsed().port == 587
    assert parsed().tls_mode == "starttls"


def test_a_password_in_a_file_of_extra_opts_excludes_a_token(tmp_path: Path) -> None:
    ini = tmp_path / "secrets.ini"
    ini.write_text("[check_smtp_auth]\npassword=s3cret\n", encoding="utf-8")
    ini.chmod(0o600)
    assert parsed("--extra-opts", f"@{ini}").password == "s3cret"
    with pytest.raises(UsageError, match=r"^give a password or a token, not both$"):
        parsed("--extra-opts", f"@{ini}", "--token-file", "t")


def test_a_token_is_read_as_a_password_is(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("ya29.token\n", encoding="utf-8")
    file.chmod(0o640)
    assert read_credentials(parsed("--token-file", str(file))) == ("jane", "ya29.token")
    assert read_credentials(parsed("--password-file", str(file))) == ("jane", "ya29.token")
    file.chmod(0o644)
    with pytest.raises(SessionEnded, match="can be read by everybody on this machine"):
        read_credentials(parsed("--token-file", str(file)))


# -- the mechanism


def offering(*mechanisms: str) -> Capabilities:
    line = " ".join(("AUTH", *mechanisms)) if mechanisms else "8BITMIME"
    return read_capabilities(Reply(250, ("mail.example", line)))


@pytest.mark.parametrize(
    ("offered", "options", "chosen"),
    [
        (["PLAIN", "LOGIN"], {}, "PLAIN"),
        (["LOGIN", "CRAM-MD5"], {}, "LOGIN"),
        (["plain", "Login", "scram-sha-1", "scram-sha-256"], {}, "SCRAM-SHA-256"),
        (["PLAIN", "SCRAM-SHA-256-PLUS"], {}, "PLAIN"),
        (["PLAIN", "SCRAM-SHA-256"], {"mechanism": "PLAIN"}, "PLAIN"),
        (["PLAIN", "XOAUTH2"], {"token_file": "t"}, "XOAUTH2"),
        (["XOAUTH2", "OAUTHBEARER"], {"token_file": "t"}, "OAUTHBEARER"),
        (["XOAUTH2"], {}, "not offered: AUTH SCRAM-SHA-256 or PLAIN or LOGIN; offered: XOAUTH2"),
        (
            ["PLAIN", "GSS|API"],
            {"token_file": "t"},
            "not offered: AUTH OAUTHBEARER or XOAUTH2; offered: PLAIN GSS/API",
        ),
        (
            ["PLAIN", "LOGIN"],
            {"mechanism": "SCRAM-SHA-256"},
            "not offered: AUTH SCRAM-SHA-256; offered: PLAIN LOGIN",
        ),
        ([], {}, "AUTH is not offered"),
        ([], {"mechanism": "PLAIN"}, "AUTH is not offered"),
    ],
)
def test_the_best_mechanism_is_chosen_or_what_is_missing_is_told(
    offered: list[str], options: dict[str, str], chosen: str
) -> None:
    wanted: Any = Namespace(**{"mechanism": "", "token_file": "", **options})
    if " " in chosen:
        with pytest.raises(SessionEnded) as end:
            _chosen(offering(*offered), wanted)
        assert str(end.value) == f"missing: {chosen}"
    else:
        assert _chosen(offering(*offered), wanted) == chosen


def test_without_its_library_scram_gives_way_unless_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scramp", None)
    both, alone = offering("PLAIN", "SCRAM-SHA-256"), offering("SCRAM-SHA-256")
    anything: Any = Namespace(mechanism="", token_file="")
    scram: Any = Namespace(mechanism="SCRAM-SHA-256", token_file="")
    assert _chosen(both, anything) == "PLAIN"
    # The module that is missing is the finding then.
    assert _chosen(alone, anything) == _chosen(both, scram) == "SCRAM-SHA-256"


def test_every_mechanism_has_its_place() -> None:
    assert set(WITH_PASSWORD) & set(WITH_TOKEN) == set()


# -- the reply


def attempt(code: int, text: str = "words", remark: str = "", proved: bool = True) -> Attempt:
    return Attempt("jane", "PLAIN", Reply(code, (text,)), remark, proved, WE)


@pytest.mark.parametrize(
    ("code", "name", "refused"),
    [
        (235, None, False),
        (250, None, False),
        # of the credentials
        (535, "auth-failed", True),
        (525, "auth-failed", True),
        (550, "auth-failed", True),
        (554, "auth-failed", True),
        # of the mechanism, of TLS, of the command: they say nothing of the credentials
        (534, "auth-failed", False),
        (538, "auth-failed", False),
        (500, "reject", False),
        (501, "reject", False),
        (502, "reject", False),
        (503, "reject", False),
        (504, "reject", False),
        (530, "reject", False),
        # not now
        (432, "tempfail", False),
        (454, "tempfail", False),
        (451, "tempfail", False),
        # no answer at all
        (354, "protocol", False),
        (150, "protocol", False),
        (699, "protocol", False),
    ],
)
def test_what_a_reply_says_of_a_login(code: int, name: str | None, refused: bool) -> None:
    seen = attempt(code)
    finding = seen.finding()
    assert (finding.name if finding else None) == name
    assert seen.credentials_refused is refused


@pytest.mark.parametrize(
    ("seen", "finding"),
    [
        (
            attempt(535, "5.7.8 Error: authentication failed"),
            Finding(
                "auth-failed",
                'AUTH PLAIN as jane answered with "535 5.7.8 Error: authentication failed" '
                f"({WE})",
            ),
        ),
        (
            attempt(535, "5.7.8 no", "status 400"),
            Finding(
                "auth-failed",
                f'AUTH PLAIN as jane answered with "535 5.7.8 no" (status 400; {WE})',
            ),
        ),
        (
            attempt(454, "4.7.0 Temporary authentication failure"),
            Finding(
                "tempfail",
                f'AUTH answered with "454 4.7.0 Temporary authentication failure" ({WE})',
            ),
        ),
        (
            attempt(530, "5.7.0 Must issue a STARTTLS command first"),
            Finding(
                "reject",
                f'AUTH answered with "530 5.7.0 Must issue a STARTTLS command first" ({WE})',
            ),
        ),
        (
            attempt(235, "2.7.0 ok", proved=False),
            Finding(
                "untrusted",
                "the server does not prove that it knows the password "
                '(accepted with "235 2.7.0 ok" all the same)',
            ),
        ),
        (
            attempt(354),
            Finding("protocol", 'AUTH answered with "354 words" instead of 235'),
        ),
    ],
)
def test_a_refused_login_is_quoted(seen: Attempt, finding: Finding) -> None:
    assert seen.finding() == finding


def test_the_options_of_a_login_can_be_added_elsewhere() -> None:
    """Another check may log in without asking anything about it."""
    from check_smtp_core.parser import Parser

    parser = Parser("check_smtp_test", "")
    add_login(parser.own)
    options = Options()
    parser.parse(["--user", "jane", "--mechanism", "login"], options)
    options.verify, options.tls_mode, options.port = True, "", 25
    complete_login(options)
    options.verify = False
    with pytest.raises(ArgumentTypeError):
        complete_login(options)
    assert repr(Credentials("jane", "s3cret")) == "Credentials('jane', ***)"
