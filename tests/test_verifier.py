"""The TLS session of the certificate check: real handshakes over memory BIOs."""

import ssl
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_tls.anchors import Anchors
from check_smtp_tls.certificate import Chain
from check_smtp_tls.verifier import Verifier, words
from tests import chains
from tests.chains import (
    ANY,
    CLIENT,
    HOST,
    INTERMEDIATE,
    LEAF,
    OTHER_ROOT,
    ROOT,
    SELF_SIGNED,
    SERVER,
    Recipe,
    codes,
    element,
    server_context,
)
from tests.tls_server import Server, shake_hands

Trust = Callable[..., Anchors]


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return lambda *recipes: Anchors(chains.written(tmp_path / "ca.pem", *recipes), "")


def seen(context: ssl.SSLContext, anchors: Anchors) -> Chain:
    engine = Verifier(anchors)(HOST)
    shake_hands(engine, Server(context))
    chain = engine.chain()
    assert chain is not None
    return chain


def subjects(chain: Chain) -> tuple[list[str], list[str]]:
    """Presented, and on the path."""
    presented = [each.subject.removeprefix("CN=") for each in chain.presented]
    return presented, [each.subject.removeprefix("CN=") for each in chain.path]


def test_a_good_chain_leads_to_its_root(trust: Trust) -> None:
    chain = seen(server_context((LEAF, INTERMEDIATE)), trust(ROOT))
    assert subjects(chain) == (
        [HOST, "Example Issuing CA"],
        [HOST, "Example Issuing CA", "Example Root CA"],
    )
    assert (codes(chain), chain.anchored) == ([], True)
    assert [each.der for each in chain.path] == [
        chains.der(each) for each in (LEAF, INTERMEDIATE, ROOT)
    ]


def under(intermediate: Recipe, leaf: Recipe = LEAF) -> tuple[Recipe, ...]:
    return leaf._replace(issuer=intermediate), intermediate


EXPIRED_ROOT = ROOT._replace(until=-3)
UPPER = INTERMEDIATE._replace(name="Example Policy CA")
CROSS = ROOT._replace(issuer=ROOT._replace(name="Old Root CA"))


@pytest.mark.parametrize(
    ("sent", "store", "expected", "anchored"),
    [
        (under(INTERMEDIATE), (OTHER_ROOT, ROOT), [], True),
        ((LEAF, INTERMEDIATE, ROOT), (ROOT,), [], True),
        ((LEAF, ROOT, INTERMEDIATE), (ROOT,), [], True),
        ((LEAF,), (ROOT, INTERMEDIATE), [], True),
        ((LEAF._replace(issuer=ROOT),), (ROOT,), [], True),
        ((SELF_SIGNED,), (SELF_SIGNED,), [], True),
        # not anchored
        ((LEAF,), (ROOT,), [(20, 0), (21, 0)], False),
        ((LEAF, INTERMEDIATE), (OTHER_ROOT,), [(20, 1)], False),
        ((LEAF, INTERMEDIATE, ROOT), (OTHER_ROOT,), [(19, 2)], False),
        ((SELF_SIGNED,), (ROOT,), [(18, 0)], False),
        ((LEAF, INTERMEDIATE), (INTERMEDIATE,), [(2, 1)], False),
        (under(INTERMEDIATE._replace(issuer=UPPER)), (ROOT,), [(20, 1)], False),
        # dates
        ((LEAF._replace(until=-3), INTERMEDIATE), (ROOT,), [(10, 0)], True),
        (under(INTERMEDIATE._replace(until=-3)), (ROOT,), [(10, 1)], True),
        (
            under(INTERMEDIATE._replace(until=-3), LEAF._replace(until=-3)),
            (ROOT,),
            [(10, 1), (10, 0)],
            True,
        ),
        (under(INTERMEDIATE._replace(issuer=EXPIRED_ROOT)), (EXPIRED_ROOT,), [(10, 2)], True),
        ((LEAF._replace(since=3), INTERMEDIATE), (ROOT,), [(9, 0)], True),
        (
            under(INTERMEDIATE._replace(until=-3), LEAF),
            (OTHER_ROOT,),
            [(20, 1)],  # the date of the topmost one is forgotten
            False,
        ),
        # an expired and a valid edition of one key, in either order
        ((LEAF, INTERMEDIATE._replace(until=-3), INTERMEDIATE), (ROOT,), [], True),
        ((LEAF, INTERMEDIATE, INTERMEDIATE._replace(until=-3)), (ROOT,), [], True),
        ((LEAF, INTERMEDIATE), (EXPIRED_ROOT, ROOT), [], True),
        ((LEAF, INTERMEDIATE, CROSS._replace(until=-3)), (ROOT,), [], True),
        # purpose
        ((LEAF._replace(purposes=()), INTERMEDIATE), (ROOT,), [], True),
        ((LEAF._replace(purposes=(CLIENT, SERVER)), INTERMEDIATE), (ROOT,), [], True),
        ((LEAF._replace(purposes=(CLIENT,)), INTERMEDIATE), (ROOT,), [(26, 0)], True),
        ((LEAF._replace(purposes=(ANY,)), INTERMEDIATE), (ROOT,), [(26, 0)], True),
        (under(INTERMEDIATE._replace(purposes=(CLIENT,))), (ROOT,), [(26, 1)], True),
        ((LEAF._replace(usage=("crl_sign",)), INTERMEDIATE), (ROOT,), [(26, 0)], True),
        (
            (LEAF._replace(purposes=(), netscape=element(3, b"\x07\x80")), INTERMEDIATE),
            (ROOT,),
            [(26, 0)],
            True,
        ),
        # what an authority may do
        (under(INTERMEDIATE._replace(permitted=("example.org",))), (ROOT,), [(47, 0)], True),
        (under(INTERMEDIATE._replace(permitted=("example.com",))), (ROOT,), [], True),
        # strength is not OpenSSL's question
        ((LEAF._replace(signature="sha1"), INTERMEDIATE), (ROOT,), [], True),
        ((LEAF._replace(key="rsa1024"), INTERMEDIATE), (ROOT,), [], True),
        # everything at once
        (
            under(
                INTERMEDIATE._replace(permitted=("example.org",), until=-3),
                LEAF._replace(until=-3, purposes=(CLIENT,)),
            ),
            (ROOT,),
            [(26, 0), (47, 0), (10, 1), (10, 0)],
            True,
        ),
    ],
)
def test_every_complaint_is_noted_with_its_depth(
    trust: Trust,
    sent: tuple[Recipe, ...],
    store: tuple[Recipe, ...],
    expected: list[tuple[int, int]],
    anchored: bool,
) -> None:
    chain = seen(server_context(sent), trust(*store))
    # In which order they come depends on the version of OpenSSL.
    assert (sorted(codes(chain)), chain.anchored) == (sorted(expected), anchored)
    assert [each.der for each in chain.presented] == [chains.der(each) for each in sent]


@pytest.mark.parametrize(
    ("intermediate", "code"),
    [
        (INTERMEDIATE._replace(authority=False), {24, 79}),
        (INTERMEDIATE._replace(usage=("digital_signature",)), {24, 32, 79}),
        (INTERMEDIATE._replace(issuer=ROOT._replace(path_length=0)), {25}),
    ],
)
def test_an_authority_that_is_none_is_complained_about(
    trust: Trust, intermediate: Recipe, code: set[int]
) -> None:
    """Which code it is depends on the version of OpenSSL."""
    root = intermediate.issuer or ROOT
    chain = seen(server_context(under(intermediate)), trust(root))
    assert code & {each for each, _ in codes(chain)}
    assert chain.anchored


def test_a_signature_that_is_wrong_is_complained_about(trust: Trust) -> None:
    """The intermediate has its issuer's name, but another authority's signature."""
    impostor = ROOT._replace(owner="somebody else")
    leaf, intermediate = under(INTERMEDIATE._replace(issuer=impostor))
    chain = seen(server_context((leaf, intermediate)), trust(ROOT))
    assert chain.complaints
    assert {each.code for each in chain.complaints} <= {7, 20, 21, 30}


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_session_agrees_and_goes_on_although_verification_failed(
    trust: Trust, version: str
) -> None:
    context = server_context((SELF_SIGNED,))
    context.maximum_version = ssl.TLSVersion[version]
    engine, server = Verifier(trust(ROOT))(HOST), Server(context)
    shake_hands(engine, server)
    chain = engine.chain()
    assert chain is not None
    assert codes(chain) == [(18, 0)]
    agreed = engine.agreed()
    assert (agreed.version, agreed.bits in (128, 256)) == (version.replace("_", "."), True)
    assert engine.read() is None
    engine.write(b"QUIT\r\n")
    server.incoming.write(engine.drain())
    assert server.tls.read() == b"QUIT\r\n"
    octets = server.say(b"221 Bye\r\n")
    engine.feed(octets[:7])
    assert engine.read() is None
    engine.feed(octets[7:])
    assert engine.read() == b"221 Bye\r\n"
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.unwrap()
    engine.feed(server.outgoing.read())
    assert engine.read() == b""
    engine.close()
    assert engine.drain() != b""


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_an_old_server_shows_its_certificate_too(trust: Trust, version: str) -> None:
    context = server_context((LEAF, INTERMEDIATE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    engine = Verifier(trust(ROOT))(HOST)
    shake_hands(engine, Server(context))
    chain = engine.chain()
    assert chain is not None
    assert (engine.agreed().version, codes(chain)) == (version.replace("_", "."), [])


@pytest.mark.parametrize(
    ("key_type", "key"),
    [("rsa", "RSA 2048"), ("ecdsa", "ECDSA 256")],
)
def test_a_server_with_two_certificates_is_asked_for_one(
    trust: Trust, key_type: str, key: str
) -> None:
    context = server_context((LEAF, INTERMEDIATE), (LEAF._replace(key="rsa2048"), INTERMEDIATE))
    engine = Verifier(trust(ROOT), key_type)(HOST)
    shake_hands(engine, Server(context))
    chain = engine.chain()
    assert chain is not None
    assert (chain.presented[0].key, codes(chain)) == (key, [])
    assert engine.agreed().version == "TLSv1.2"


@pytest.mark.parametrize("name", [HOST, ""])
def test_the_name_is_sent_by_sni(trust: Trust, name: str) -> None:
    asked: list[str | None] = []
    context = server_context((LEAF, INTERMEDIATE))
    context.sni_callback = lambda _, name, __: asked.append(name)
    shake_hands(Verifier(trust(ROOT))(name), Server(context))
    assert asked == [name or None]


def test_there_is_no_chain_before_the_handshake(trust: Trust) -> None:
    engine = Verifier(trust(ROOT))(HOST)
    assert engine.chain() is None
    assert engine.handshake() is False
    assert engine.chain() is None


def test_a_client_certificate_that_is_wanted_leaves_the_servers_seen(trust: Trust) -> None:
    """In TLS 1.2 the server has shown its own before it turns us away."""
    context = server_context((LEAF, INTERMEDIATE))
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    engine = Verifier(trust(ROOT))(HOST)
    with pytest.raises(SessionEnded, match=r"^tls-handshake: .*alert handshake failure\)$"):
        shake_hands(engine, Server(context))
    chain = engine.chain()
    assert chain is not None
    assert subjects(chain)[1] == [HOST, "Example Issuing CA", "Example Root CA"]
    assert (codes(chain), chain.anchored) == ([], True)


def test_in_tls_1_3_the_want_of_one_shows_up_at_the_first_read(trust: Trust) -> None:
    context = server_context((LEAF, INTERMEDIATE))
    context.verify_mode = ssl.CERT_REQUIRED
    engine = Verifier(trust(ROOT))(HOST)
    shake_hands(engine, Server(context))
    with pytest.raises(SessionEnded, match=r"^tls-handshake: .*alert certificate required\)$"):
        engine.read()
    chain = engine.chain()
    assert chain is not None
    assert codes(chain) == []


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"220 mail.example ESMTP\r\n", r"wrong version number|packet length too long"),
        (b"\x15\x03\x01\x00\x02\x02\x28", r".*alert handshake failure\)"),
        (b"\x15\x03\x01\x00\x02\x02\x46", r".*alert protocol version\)"),
    ],
)
def test_a_failed_handshake_is_told_in_openssls_words(
    trust: Trust, octets: bytes, text: str
) -> None:
    engine = Verifier(trust(ROOT))(HOST)
    assert not engine.handshake()
    engine.feed(octets)
    with pytest.raises(SessionEnded, match=rf"^tls-handshake: ({text})$"):
        engine.handshake()
    assert engine.chain() is None


def test_endless_hello_requests_hold_nobody(trust: Trust) -> None:
    """OpenSSL only ever has what it was fed: each call returns, and the clock can be looked at."""
    engine = Verifier(trust(ROOT))(HOST)
    assert not engine.handshake()
    for _ in range(100):
        engine.feed(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 100)
        assert not engine.handshake()


@pytest.mark.parametrize("content", ["", "nonsense\n", "-----BEGIN CERTIFICATE-----\nx\n"])
def test_a_file_without_certificates_is_our_own_fault(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(content, encoding="ascii")
    with pytest.raises(SessionEnded) as ended:
        Verifier(Anchors(str(file), ""))(HOST)
    text = f"the CA file {file} holds no certificates that can be read"
    assert ended.value.finding == Finding("local", text, ends_session=True)


def test_a_hashed_folder_serves_as_well_as_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "anchors"
    folder.mkdir()
    name = f"{chains.subject_hash(ROOT):08x}.0"
    chains.written(folder / name, ROOT)
    chain = seen(server_context((LEAF, INTERMEDIATE)), Anchors("", str(folder)))
    assert (codes(chain), chain.anchored) == ([], True)


def test_without_anchors_there_is_still_a_chain() -> None:
    """With --no-verify a machine that has none can be told the dates all the same."""
    chain = seen(server_context((LEAF, INTERMEDIATE)), Anchors("", ""))
    assert (codes(chain), chain.anchored) == ([(20, 1)], False)


def test_complaints_have_openssls_words() -> None:
    assert words(10) == "certificate has expired"
    assert words(47) == "permitted subtree violation"
