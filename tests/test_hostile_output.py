"""Nothing that a server says, or writes into its certificate, harms who reads the output."""

import re
import socket
import ssl
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from check_smtp_core.findings import State
from tests import chains
from tests.chains import LEAF, Recipe, element
from tests.conftest import run_check
from tests.listener import Listener
from tests.strategies import UNHURRIED, hostile_octets, hostile_texts, sessions

_LAST_LINE = re.compile(rb"(?:.*\n)?\d\d\d(?: [^\n]*|\r*)\n", re.DOTALL)

STATUS = re.compile(
    r"SMTP_(?:BANNER|EHLO|STARTTLS|CERT|AUTH) (OK|WARNING|CRITICAL|UNKNOWN) - (.+?)(?: \| (.+))?"
)
PERFDATA = re.compile(r"[a-z0-9_]{1,19}=-?[0-9]+(?:\.[0-9]+)?[sB]?(?:;[-0-9.:~@]*){0,4}")
UNSEEN = {
    *(0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0),
    *range(0xFE00, 0xFE10),
    *range(0xE0000, 0xE1000),
}
"""Default_Ignorable_Code_Point, as far as they are no control or format characters."""


class Answering(Listener):
    """A server that says the next of its answers to each line, whatever the line may be.

    Where a `220` answers STARTTLS, TLS begins; `implicit` starts with TLS. It says no more when
    nothing is left to say, or when the client may still wait for the end of an answer.
    """

    patience = 1.0

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__()
        self.answers: list[bytes] = []
        self.implicit = False
        self.tls = tls

    def answer(self, connection: socket.socket) -> None:
        line = b""
        try:
            if self.implicit:
                connection = self.tls.wrap_socket(connection, server_side=True)
            for answer in self.answers:
                connection.sendall(answer)
                if line == b"STARTTLS\r\n" and answer.startswith(b"220"):
                    connection = self.tls.wrap_socket(connection, server_side=True)
                if not _LAST_LINE.fullmatch(answer):
                    break
                line = connection.recv(4096)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        finally:
            connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    answering = Answering(chains.server_context((LEAF,)))
    with answering:
        yield answering


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


def unprintable(char: str) -> bool:
    """Whether a character steers, breaks the line, or is seen by nobody."""
    category = unicodedata.category(char)
    return category[0] == "C" or category in ("Zl", "Zp") or ord(char) in UNSEEN


def assert_harmless(code: int, output: str, verbose: bool) -> None:
    """One status line in order, and nothing below it that it does not have to fear."""
    status, *more = output.split("\n")
    matched = STATUS.fullmatch(status)
    assert matched, status
    word, text, perfdata = matched.groups()
    assert State[word] == code
    assert perfdata, "these servers are all reached, so there is always `time`"
    assert perfdata.startswith("time=")
    for item in perfdata.split(" "):
        assert PERFDATA.fullmatch(item), item
    assert verbose or not more
    for line in (text, *more):
        assert not set(line) & set("|<>$`"), line
        assert not set(filter(unprintable, set(line))), line


def assert_within_limits(output: str, encoding: str) -> None:
    """Nagios reads 8 KiB; a telephone shows less than 300 octets."""
    octets = output.encode(encoding)
    assert len(octets) < 8192
    assert len(octets.partition(b" | ")[0]) < 300


CHECKS = st.sampled_from(
    [
        ("banner", ("--expect-host", "mail.example.com", "--expect", "^never$")),
        ("ehlo", ("--require", "DSN,AUTH=X", "--forbid", "STARTTLS,SIZE", "--min-size", "9")),
        ("ehlo", ("--starttls", "--forbid", "AUTH")),
        ("ehlo", ("--lmtp", "--require-auth", "PLAIN")),
        ("starttls", ()),
        ("cert", ()),
        ("auth", ("-U", "jane", "--insecure-auth", "clear")),
        ("auth", ("-U", "jane", "--insecure-auth", "clear", "--mechanism", "LOGIN", "--refuse")),
    ]
)


@pytest.fixture(autouse=True, scope="module")
def password() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("CHECK_SMTP_PASSWORD", "s3cret")
        yield


VERBOSE = st.sampled_from([(), ("-v",), ("-vv",), ("-vvv",)])
ENCODINGS = st.sampled_from(["utf-8", "ascii", "latin-1"])
SHARED = ("-H", "127.0.0.1", "-t", "5", "--ehlo-name", "client.example")


LONGEST = [b"220 x\r\n", "250-日|本\r\n".encode() * 499 + b"250 x\r\n"]

REFUSING = [
    b"220 x\r\n",
    b"250-x\r\n250 AUTH LOGIN <|>\r\n",
    b"334 |$(id)`\r\n",
    b"334 \x1b[31m\r\n",
    "535 no | <b>`$\u202e\r\n".encode(),
    b"221 x\r\n",
]


@given(sessions(), CHECKS, VERBOSE, ENCODINGS)
@example(LONGEST, ("ehlo", ()), ("-vvv",), "utf-8")
@example(LONGEST, ("ehlo", ()), ("-vvv",), "ascii")
@example(REFUSING, ("auth", ("-U", "jane", "--insecure-auth", "clear")), ("-vvv",), "utf-8")
@settings(UNHURRIED, max_examples=150)
def test_whatever_a_server_says_the_output_is_harmless(
    server: Answering,
    said: list[bytes],
    check: tuple[str, tuple[str, ...]],
    verbose: tuple[str, ...],
    encoding: str,
) -> None:
    server.answers, server.implicit = said, False
    name, options = check
    port = str(server.port)
    code, output = run_check(name, *SHARED, "-p", port, *options, *verbose, encoding=encoding)
    assert_harmless(code, output, bool(verbose))
    assert_within_limits(output, encoding)


# -- certificates


def distinguished_name(*parts: tuple[str, int, bytes]) -> bytes:
    """A Name in DER (RFC 5280 4.1.2.4) of attribute types, string types and octets."""
    sets = [
        element(0x31, element(0x30, bytes.fromhex(kind) + element(tag, octets)))
        for kind, tag, octets in parts
    ]
    return element(0x30, b"".join(sets))


def of_two_octets(text: str) -> bytes:
    """The text as a BMPString, without what it cannot hold and OpenSSL would not serve."""
    return "".join(char for char in text if char <= "\uffff").encode("utf-16-be", "ignore")


COMMON_NAME, ORGANISATION, UNKNOWN = "0603550403", "060355040a", "0603290102"
UTF8, PRINTABLE, TELETEX, IA5, BMP = 0x0C, 0x13, 0x14, 0x16, 0x1E
strings = (
    st.tuples(st.just(UTF8), hostile_texts.map(lambda text: text.encode("utf-8", "ignore")))
    | st.tuples(st.just(BMP), hostile_texts.map(of_two_octets))
    | st.tuples(st.sampled_from([PRINTABLE, TELETEX, IA5]), hostile_octets)
)
names = st.lists(
    st.tuples(st.sampled_from([COMMON_NAME, COMMON_NAME, ORGANISATION, UNKNOWN]), strings),
    max_size=3,
).map(lambda parts: distinguished_name(*((kind, *string) for kind, string in parts)))
alternative_names = st.lists(
    st.tuples(st.sampled_from([0x82, 0x82, 0x87, 0x81, 0x86]), hostile_octets), max_size=5
).map(lambda entries: element(0x30, b"".join(element(*entry) for entry in entries)))
CERTIFICATE_CHECKS = st.sampled_from(
    [
        (True, ()),
        (True, ("--issuer", "Example")),
        (False, ("--issuer", "Example", "--fingerprint", "0" * 64)),
        (False, ("--no-verify",)),
    ]
)
"""Whether the issuer is an anchor, and the options."""


def renamed(recipe: Recipe, subject: bytes, issuer: bytes) -> Recipe:
    """The same certificate with other names, as they stand."""

    def alter(parts: list[bytes]) -> None:
        parts[chains.ISSUER], parts[chains.SUBJECT] = issuer, subject

    return recipe._replace(alter=alter)


@given(names, names, alternative_names | st.none(), CERTIFICATE_CHECKS, VERBOSE, ENCODINGS)
@settings(UNHURRIED, max_examples=50)
def test_whatever_a_certificate_says_the_output_is_harmless(
    server: Answering,
    scratch: Path,
    subject: bytes,
    issuer: bytes,
    alternatives: bytes | None,
    wanted: tuple[bool, tuple[str, ...]],
    verbose: tuple[str, ...],
    encoding: str,
) -> None:
    trusted, options = wanted
    authority = renamed(chains.ROOT, issuer, issuer)
    leaf = LEAF._replace(issuer=authority, san=alternatives or b"")
    leaf = leaf._replace(names=() if alternatives else LEAF.names)
    leaf = renamed(leaf, subject, issuer)
    server.tls, server.implicit = chains.server_context((leaf, authority)), True
    server.answers = [b"220 mail.example.com\r\n", b"221 Bye\r\n"]
    anchor = chains.written(scratch / "ca.pem", authority if trusted else chains.OTHER_ROOT)
    arguments = ("--tls", "--servername", LEAF.name, "--ca-file", anchor, *options, *verbose)
    port = str(server.port)
    code, output = run_check("cert", *SHARED, "-p", port, *arguments, encoding=encoding)
    assert_harmless(code, output, bool(verbose))
    assert_within_limits(output, encoding)
