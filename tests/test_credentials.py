"""User names and passwords: where they may stand, and that no message holds them."""

from pathlib import Path

import pytest

from check_smtp_core.findings import SessionEnded
from check_smtp_core.options import parse_options
from check_smtp_core.parser import Parser, UsageError
from check_smtp_core.shared_options import add_shared_options
from check_smtp_delivery.credentials import (
    Credentials,
    add_credentials,
    read_password,
    read_secret,
)


def file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def parser() -> Parser:
    made = Parser("check_smtp_test", "")
    add_credentials(made.own)
    add_credentials(made.own, "imap-", " at the IMAP server")
    add_shared_options(made)
    return made


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"s3cret", "s3cret"),
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r\nsecond line\n", "s3cret"),
        (b" with blanks \n", " with blanks "),
        ("pässword|`$\n".encode(), "pässword|`$"),
    ],
)
def test_the_first_line_of_a_file_is_the_secret(
    tmp_path: Path, content: bytes, secret: str
) -> None:
    assert read_secret(str(file(tmp_path, content))) == secret


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (b"", 0o600, "has an empty first line"),
        (b"\nsecret", 0o600, "has an empty first line"),
        (b"\xff\xfe", 0o600, "is not UTF-8"),
        (b"a\x00b", 0o600, "holds control characters"),
        (b"s3cret", 0o604, "can be read by everybody on this machine (chmod o-r)"),
        (b"s3cret", 0o644, "can be read by everybody on this machine (chmod o-r)"),
    ],
)
def test_a_file_that_cannot_be_used_is_our_fault(
    tmp_path: Path, content: bytes, mode: int, why: str
) -> None:
    path = file(tmp_path, content, mode)
    with pytest.raises(SessionEnded) as ended:
        read_secret(str(path))
    assert str(ended.value.finding) == f"local: {path} {why}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SessionEnded) as ended:
        read_secret(f"{tmp_path}/none")
    assert str(ended.value.finding) == (
        f"local: {tmp_path}/none cannot be read: no such file or directory"
    )


def test_the_file_goes_before_the_ini_file_and_that_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(file(tmp_path, b"of the file"))
    monkeypatch.setenv("CHECK_SMTP_PASSWORD", "of the environment")
    assert read_password("of the ini file", path) == "of the file"
    assert read_password("of the ini file", "") == "of the ini file"
    assert read_password("", "") == "of the environment"


@pytest.mark.parametrize(
    ("prefix", "why"),
    [
        ("", "(--password-file, or the variable CHECK_SMTP_PASSWORD)"),
        ("imap-", "(--imap-password-file, or the variable CHECK_SMTP_IMAP_PASSWORD)"),
    ],
)
def test_without_a_password_the_line_says_where_one_may_stand(
    monkeypatch: pytest.MonkeyPatch, prefix: str, why: str
) -> None:
    monkeypatch.delenv("CHECK_SMTP_PASSWORD", raising=False)
    with pytest.raises(SessionEnded) as ended:
        read_password("", "", prefix)
    assert str(ended.value.finding) == f"local: no password is given {why}"


@pytest.mark.parametrize("form", [["--password=s3cret"], ["--password", "s3cret"]])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(form: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        parse_options(parser(), ["-H", "mail.example", *form])
    assert str(error.value) == (
        "--password: everybody on this machine can read it there; use --password-file"
    )


def test_a_password_may_stand_in_a_file_of_extra_opts(tmp_path: Path) -> None:
    path = file(tmp_path, b"[check_smtp_test]\nuser=me\npassword=s3cret\nimap-password=other\n")
    options = parse_options(parser(), ["-H", "mail.example", f"--extra-opts=@{path}"])
    assert (options.user, options.password, options.imap_password) == ("me", "s3cret", "other")


def test_the_secret_is_in_no_traceback() -> None:
    assert "s3cret" not in repr(Credentials("me", "s3cret"))
