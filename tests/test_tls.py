"""TLS over memory BIOs: an engine against a server, octets carried by hand."""

import re
import ssl
import warnings
from pathlib import Path
from time import monotonic

import pytest
import trustme

from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.tls import TlsEngine, Trust
from tests.conftest import Stage
from tests.tls_server import Server, shake_hands


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_session_agrees_and_carries_octets(server_tls: ssl.SSLContext, version: str) -> None:
    server_tls.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
    engine, server = TlsEngine("mail.example"), Server(server_tls)
    shake_hands(engine, server)
    agreed = engine.agreed()
    assert (agreed.version, agreed.bits in (128, 256)) == (version, True)
    assert engine.read() is None
    engine.write(b"EHLO x\r\n")
    server.incoming.write(engine.drain())
    assert server.tls.read() == b"EHLO x\r\n"
    engine.feed(server.say(b"250 x\r\n")[:10])
    assert engine.read() is None


def test_octets_may_come_in_any_pieces(server_tls: ssl.SSLContext) -> None:
    engine, server = TlsEngine(""), Server(server_tls)
    shake_hands(engine, server)
    read = b""
    for octet in server.say(b"220 mail.example\r\n"):
        engine.feed(bytes((octet,)))
        read += engine.read() or b""
    assert read == b"220 mail.example\r\n"


def test_an_old_server_is_still_a_session(server_tls: ssl.SSLContext) -> None:
    """Whether TLS 1.0 is good enough is another check's question."""
    server_tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        server_tls.minimum_version = server_tls.maximum_version = ssl.TLSVersion.TLSv1
    engine, server = TlsEngine(""), Server(server_tls)
    shake_hands(engine, server)
    assert engine.agreed().version == "TLSv1"


def test_close_notify_is_the_end_and_not_an_error(server_tls: ssl.SSLContext) -> None:
    engine, server = TlsEngine(""), Server(server_tls)
    shake_hands(engine, server)
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.unwrap()
    engine.feed(server.outgoing.read())
    assert engine.read() == b""
    engine.close()
    assert engine.drain() != b""


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"220 mail.example ESMTP\r\n", "tls-handshake: wrong version number"),
        (
            b"\x15\x03\x01\x00\x02\x02\x28",
            "tls-handshake: the server finds no common cipher, or wants a client certificate "
            "(sslv3 alert handshake failure)",
        ),
        (
            b"\x15\x03\x01\x00\x02\x02\x46",
            "tls-handshake: the server speaks none of the TLS versions that were offered "
            "(tlsv1 alert protocol version)",
        ),
    ],
)
def test_a_failed_handshake_is_told_in_openssls_words(octets: bytes, text: str) -> None:
    engine = TlsEngine("")
    assert not engine.handshake()
    engine.feed(octets)
    with pytest.raises(SessionEnded, match=rf"^{re.escape(text)}$"):
        engine.handshake()


def test_a_client_certificate_that_is_wanted_shows_up_at_the_first_read(
    server_tls: ssl.SSLContext, authority: trustme.CA
) -> None:
    """In TLS 1.3 the handshake is over for the client before the server has looked."""
    authority.configure_trust(server_tls)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    engine, server = TlsEngine(""), Server(server_tls)
    while not engine.handshake():
        engine.feed(server.answer(engine.drain()))
    engine.feed(server.answer(engine.drain()))
    with pytest.raises(
        SessionEnded, match=r"^tls-handshake: .*\(tlsv13 alert certificate required\)$"
    ):
        engine.read()


@pytest.mark.parametrize("only", ["TLSv1", "TLSv1.1", "TLSv1.2"])
def test_a_server_hello_tells_that_an_old_version_was_taken(
    server_tls: ssl.SSLContext, only: str
) -> None:
    server_tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        server_tls.minimum_version = ssl.TLSVersion.TLSv1
    engine, server = TlsEngine("", only=only), Server(server_tls)
    assert engine.server_version() == ""
    shake_hands(engine, server)
    assert (engine.server_version(), engine.agreed().version) == (only, only)


def test_an_alert_is_no_server_hello(server_tls: ssl.SSLContext) -> None:
    # Debian's Python leaves it to OpenSSL's security level, which answers with another alert.
    server_tls.minimum_version = ssl.TLSVersion.TLSv1_2
    engine, server = TlsEngine("", only="TLSv1.1"), Server(server_tls)
    assert not engine.handshake()
    engine.feed(server.answer(engine.drain()))
    with pytest.raises(SessionEnded, match=r"^tls-handshake: .*protocol version\)$"):
        engine.handshake()
    assert engine.server_version() == ""


HELLO_REQUEST = r"\x16\x03\x03\x00\x04\x00\x00\x00\x00"


@pytest.mark.parametrize("check", ["ehlo", "starttls", "cert"])
@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(f"FLOOD> {HELLO_REQUEST}", id="endless HelloRequest records"),
        pytest.param(r"FLOOD> \x14\x03\x03\x00\x01\x01", id="endless ChangeCipherSpec records"),
        pytest.param(f"DRIP {HELLO_REQUEST}", id="dripping records"),
        pytest.param("FLOOD 220 mail.example", id="endless clear text"),
    ],
)
def test_no_handshake_outlasts_the_deadline(stage: Stage, check: str, flood: str) -> None:
    """OpenSSL skips HelloRequest records in C while they come; it must not have the socket."""
    started = monotonic()
    seen = stage(check, f"AWAIT\n{flood}", "--tls", "-t", "0.5")
    assert monotonic() - started < 0.5 + 0.5 + (1.0 if check == "cert" else 0.0)
    assert seen.code == 2
    assert ("timeout: the TLS handshake" in seen.text) or ("tls-handshake: " in seen.text)


@pytest.mark.parametrize(
    ("name", "anchors", "text"),
    [
        ("mail.example", "authority", ""),
        ("127.0.0.1", "authority", ""),
        (
            "imap.example",
            "authority",
            "the certificate is no good: hostname mismatch, certificate is not valid for "
            "'imap.example'.",
        ),
        (
            "127.0.0.2",
            "authority",
            "the certificate is no good: ip address mismatch, certificate is not valid for "
            "'127.0.0.2'.",
        ),
        (
            "mail.example",
            "another",
            "the certificate is no good: unable to get local issuer certificate",
        ),
    ],
)
def test_with_a_trust_the_certificate_has_to_be_in_order(
    server_tls: ssl.SSLContext,
    authority: trustme.CA,
    tmp_path: Path,
    name: str,
    anchors: str,
    text: str,
) -> None:
    (authority if anchors == "authority" else trustme.CA()).cert_pem.write_to_path(
        tmp_path / "ca.pem"
    )
    engine = TlsEngine(name, trust=Trust(str(tmp_path / "ca.pem"), ""))
    if not text:
        shake_hands(engine, Server(server_tls))
        return
    with pytest.raises(SessionEnded) as ended:
        shake_hands(engine, Server(server_tls))
    assert ended.value.finding == Finding("tls-handshake", text, ends_session=True)


def test_with_a_trust_old_versions_will_not_do(
    server_tls: ssl.SSLContext, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server_tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        server_tls.minimum_version = ssl.TLSVersion.TLSv1_1
        server_tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(SessionEnded):
        shake_hands(
            TlsEngine("mail.example", trust=Trust(str(tmp_path / "ca.pem"), "")),
            Server(server_tls),
        )


def test_anchors_that_are_none_are_a_fault_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    with pytest.raises(SessionEnded, match=r"ca\.pem cannot be used") as ended:
        TlsEngine("mail.example", trust=Trust(str(tmp_path / "ca.pem"), ""))
    assert ended.value.finding.name == "local"
