"""Words that are shown nowhere, wholly, cut off or in pieces."""

from base64 import b64encode

import pytest

from check_smtp_core.concealment import REPEATS, Concealment


@pytest.mark.parametrize(
    ("secrets", "text", "cut", "shown"),
    [
        ((), "535 no", False, "535 no"),
        (("",), "535 no", True, "535 no"),
        (("s3cret",), "535 s3cret s3crets", False, "535 *** ***s"),
        (("s3", "s3cret"), "535 s3cret s3", False, "535 *** ***"),
        (("s3cret",), "535 s3cre", False, "535 s3cre"),
        (("s3cret",), "535 s3cre", True, "535 ***"),
        (("s3cret",), "535 s3c", True, "535 ***"),
        (("s3cret",), "535 s3", True, "535 s3"),
        (("s3cret", "other"), "535 oth", True, "535 ***"),
        (("s3cret",), "s3c", True, "***"),
    ],
)
def test_a_secret_is_hidden_even_if_only_its_beginning_came(
    secrets: tuple[str, ...], text: str, cut: bool, shown: str
) -> None:
    concealment = Concealment()
    concealment.add(*secrets)
    assert concealment.concealed(text, cut) == shown


USER, SECRET = "jane@example.com", 'Zx"9\\qüv-Tangerine'
PLAIN = b64encode(f"\0{USER}\0{SECRET}".encode()).decode()
ALONE = b64encode(SECRET.encode()).decode()


def guarded(secret: str = SECRET, response: str = PLAIN) -> Concealment:
    concealment = Concealment()
    concealment.add(secret, ALONE)
    concealment.guard(secret, USER, response)
    return concealment


@pytest.mark.parametrize(
    "lines",
    [
        # base64: cut short, over two lines, without padding, at another place in other octets
        (f"5.5.2 unrecognised: AUTH PLAIN {PLAIN[:12]}...",),
        (f"5.5.2 {PLAIN[:5]}", f"5.5.2 {PLAIN[5:10]}", f"5.5.2 {PLAIN[10:]}"),
        (f"5.5.2 {PLAIN.rstrip('=')}",),
        (f"5.5.2 {ALONE[:-4]}",),
        (f"5.5.2 {b64encode(b'x' + SECRET.encode()).decode()}",),
        (f"5.5.2 {b64encode(b'xy' + SECRET.encode()).decode()}",),
        # the secret: over two lines, quoted, as Python has it, its beginning, its end, its case
        ('5.5.2 Zx"9\\q', "5.5.2 üv-Tan"),
        ('5.5.2 "Zx\\"9\\\\qüv-Tangerine"',),
        (f"5.5.2 {SECRET!r}",),
        (f"5.5.2 {SECRET.encode()!r}",),
        (f"5.5.2 {SECRET!a}",),
        (f"5.5.2 {SECRET[:8]}",),
        ("5.5.2 no tangerine",),
        (f"5.5.2 {SECRET.upper()}",),
        (f"5.5.2 {SECRET.encode().hex()}",),
        (f"5.5.2 {' '.join(SECRET)}",),
    ],
)
def test_a_reply_that_holds_a_piece_of_a_secret_loses_its_text(lines: tuple[str, ...]) -> None:
    concealment = guarded()
    assert concealment.lines(lines) == (f"5.5.2 {REPEATS}",)
    said = " / ".join(f"535-{line}" for line in lines)
    assert concealment.concealed(said) == f"535-5.5.2 {REPEATS}"
    said = "\r\n".join(f"535 {line}" for line in lines)
    assert concealment.concealed(said) == f"535 5.5.2 {REPEATS}"


@pytest.mark.parametrize(
    "lines",
    [
        ("5.7.8 Error: authentication failed: AUTH PLAIN",),
        (f"5.7.8 wrong password for {USER}",),
        ("5.7.8 Username and Password not accepted.", "5.7.8 https://example.com/?p=BadCred"),
        ("",),
    ],
)
def test_other_words_and_the_name_of_the_user_are_shown(lines: tuple[str, ...]) -> None:
    assert guarded().lines(lines) == lines
    assert guarded("jane@example.org", "").lines(lines) == lines


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("s3cr", "535 s3c", "535 s3c"),
        ("s3cr", "535 S3 CR", f"535 {REPEATS}"),
        ("s3", "535 S3", "535 S3"),
        # what looks like a code may be the secret
        ("5.123.456", "5.12 5.123.456", "5.12 ***"),
        ("5.123.456", "5.123.45 6", REPEATS),
        # an echo within an echo
        ("s3cret", "535 s3cs3cretret", f"535 {REPEATS}"),
    ],
)
def test_short_and_strange_secrets(secret: str, text: str, shown: str) -> None:
    assert guarded(secret, "").concealed(text) == shown


def test_what_we_say_is_not_taken_for_an_echo() -> None:
    assert guarded().own(f"MAIL FROM:<tangerine@example.com> {SECRET}") == (
        "MAIL FROM:<tangerine@example.com> ***"
    )
