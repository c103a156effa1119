"""SASL mechanisms: what is said first, the answers, and the server's own proof."""

import sys
from base64 import b64encode

import pytest

from check_smtp_core.findings import SessionEnded
from check_smtp_delivery.credentials import Credentials
from check_smtp_delivery.sasl import (
    MOST_ROUNDS,
    BadChallenge,
    Impostor,
    Mechanism,
    Scram,
    begun,
    decoded_challenge,
    encoded,
    possible,
)

JANE = Credentials("jane", "s3cret")

# The example of RFC 7677 3.
NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
FIRST = f"n,,n=user,r={NONCE}"
SERVER_FIRST = f"r={NONCE}{SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
FINAL = f"c=biws,r={NONCE}{SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SERVER_FINAL = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def scram() -> Scram:
    return Scram(Credentials("user", "pencil"), NONCE)


@pytest.mark.parametrize(
    ("name", "credentials", "first"),
    [
        ("PLAIN", JANE, b"\0jane\0s3cret"),
        ("PLAIN", Credentials("jané", "pässword"), "\0jané\0pässword".encode()),
        ("LOGIN", JANE, None),
        ("XOAUTH2", JANE, b"user=jane\x01auth=Bearer s3cret\x01\x01"),
        ("OAUTHBEARER", JANE, b"n,a=jane,\x01auth=Bearer s3cret\x01\x01"),
        (
            "OAUTHBEARER",
            Credentials("a=b,c", "s3cret"),
            b"n,a=a=3Db=2Cc,\x01auth=Bearer s3cret\x01\x01",
        ),
    ],
)
def test_what_is_said_first(name: str, credentials: Credentials, first: bytes | None) -> None:
    mechanism = begun(name, credentials)
    assert mechanism.first == first
    assert mechanism.proved


@pytest.mark.parametrize("name", ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"])
def test_nothing_goes_on_for_ever(name: str) -> None:
    mechanism = begun(name, JANE)
    said = []
    with pytest.raises(BadChallenge, match="a challenge that is not due"):
        for _ in range(3):
            said.append(mechanism.answer(b""))
    assert (
        said
        == {
            "PLAIN": [],
            "LOGIN": [b"jane", b"s3cret"],
            "XOAUTH2": [b""],
            "OAUTHBEARER": [b"\x01"],
        }[name]
    )


@pytest.mark.parametrize(
    ("challenge", "remark"),
    [
        (b'{"status":"400","schemes":"Bearer","scope":"https://mail.example/"}', "status 400"),
        (b'{"status":"invalid_token"}', "status invalid_token"),
        (b'{"status":401}', "status 401"),
        (b'{"status":"' + b"x" * 50 + b'"}', "status " + "x" * 40),
        (b'{"status":"a\\nb<c>\\u202e"}', "status a b(c)"),
        (b'{"error":"400"}', "no status"),
        (b'["status"]', "no status"),
        (b"status", "no status"),
        (b"\xff", "no status"),
        (b"", "no status"),
        (b"[" * 10000, "no status"),
    ],
)
def test_the_status_of_a_refused_token_is_told(challenge: bytes, remark: str) -> None:
    mechanism = begun("XOAUTH2", JANE)
    assert mechanism.answer(challenge) == b""
    assert mechanism.remark == remark


def test_scram_as_in_the_rfc() -> None:
    mechanism = scram()
    assert mechanism.first == FIRST.encode()
    proved = [mechanism.proved]
    assert mechanism.answer(SERVER_FIRST.encode()) == FINAL.encode()
    proved.append(mechanism.proved)
    assert mechanism.answer(SERVER_FINAL.encode()) == b""
    assert [*proved, mechanism.proved] == [False, False, True]
    with pytest.raises(BadChallenge, match="a challenge that is not due"):
        mechanism.answer(b"")


@pytest.mark.parametrize(
    ("challenge", "why"),
    [
        (b"", "a challenge that is not one of SCRAM"),
        (b"hello", "a challenge that is not one of SCRAM"),
        (b"\xff", "a challenge that is not UTF-8"),
        # another nonce, no nonce of the server's own, a part too many or too few
        (SERVER_FIRST.replace("rOp", "rOq").encode(), "a challenge that is not one of SCRAM"),
        (SERVER_FIRST.replace(SERVER_NONCE, "").encode(), "a challenge that is not one of SCRAM"),
        (b"m=x," + SERVER_FIRST.encode(), "a challenge that is not one of SCRAM"),
        (SERVER_FIRST.partition(",i")[0].encode(), "a challenge that is not one of SCRAM"),
        (SERVER_FIRST.replace("4096", "-1").encode(), "a challenge that is not one of SCRAM"),
        (SERVER_FIRST.replace("4096", "none").encode(), "a challenge that is not one of SCRAM"),
        (
            SERVER_FIRST.replace("4096", "2147483647").encode(),
            "a challenge that asks for 2147483647 rounds of hashing",
        ),
        (
            SERVER_FIRST.replace("4096", "4095").encode(),
            "a challenge that asks for 4095 rounds of hashing",
        ),
        (b"e=other-error", "a challenge that is not one of SCRAM"),
    ],
)
def test_a_challenge_of_scram_that_makes_no_sense(challenge: bytes, why: str) -> None:
    mechanism = scram()
    with pytest.raises(BadChallenge, match=f"^{why}$"):
        mechanism.answer(challenge)
    assert not mechanism.proved


def test_the_rounds_of_hashing_have_a_limit_that_real_servers_keep() -> None:
    assert scram().answer(SERVER_FIRST.replace("4096", "600000").encode()).startswith(b"c=biws,")
    with pytest.raises(BadChallenge):
        scram().answer(SERVER_FIRST.replace("4096", str(MOST_ROUNDS + 1)).encode())


@pytest.mark.parametrize("final", ["v=" + encoded(b"x" * 32), "v=", "v=!", "x=1", "", "hello"])
def test_a_server_without_the_right_signature_is_an_impostor(final: str) -> None:
    mechanism = scram()
    mechanism.answer(SERVER_FIRST.encode())
    with pytest.raises(Impostor):
        mechanism.answer(final.encode())
    assert not mechanism.proved


def test_an_error_at_the_end_of_scram_is_a_remark() -> None:
    mechanism = scram()
    mechanism.answer(SERVER_FIRST.encode())
    assert mechanism.answer(b"e=invalid-proof") == b""
    assert mechanism.remark == "invalid-proof"
    assert not mechanism.proved


@pytest.mark.parametrize(
    ("user", "password"), [("jane", "a\u0007b"), ("ja\u0888ne", "x"), ("א1", "x")]
)
def test_what_saslprep_forbids_is_our_fault(user: str, password: str) -> None:
    with pytest.raises(SessionEnded) as end:
        Scram(Credentials(user, password))
    assert str(end.value) == (
        "local: user or password holds what SCRAM forbids (SASLprep, RFC 4013)"
    )


def test_saslprep_makes_equal_what_looks_equal() -> None:
    """RFC 4013: a soft hyphen is nothing, the roman numeral nine is IX."""
    one, other = (
        Scram(Credentials(user, password), NONCE)
        for user, password in (("user", "pe\u00adncil\u2168"), ("us\u00ader", "pencilIX"))
    )
    assert one.first == other.first == FIRST.encode()
    assert one.answer(SERVER_FIRST.encode()) == other.answer(SERVER_FIRST.encode())


def test_without_its_library_scram_is_not_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    assert possible("SCRAM-SHA-256")
    monkeypatch.setitem(sys.modules, "scramp", None)
    assert not possible("SCRAM-SHA-256")
    assert possible("PLAIN")
    with pytest.raises(SessionEnded) as end:
        begun("SCRAM-SHA-256", JANE)
    assert str(end.value) == (
        "local: the Python module scramp is missing (Debian: install python3-scramp)"
    )


@pytest.mark.parametrize(
    ("text", "octets"), [("", b""), ("eA==", b"x"), (" eA== ", b"x"), ("eA", None), ("ü", None)]
)
def test_a_challenge_is_base64(text: str, octets: bytes | None) -> None:
    if octets is None:
        with pytest.raises(BadChallenge, match="a challenge that is not base64"):
            decoded_challenge(text)
    else:
        assert decoded_challenge(text) == octets
        assert encoded(octets) == b64encode(octets).decode()


def test_a_traceback_shows_no_secret() -> None:
    assert "s3cret" not in repr(JANE)
    assert "s3cret" not in repr(begun("PLAIN", JANE)) + repr(Mechanism(JANE))
