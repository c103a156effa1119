"""Can the session be encrypted, how well, and does SMTP go on inside?

Rule: any certificate will do. A finished handshake is not yet a session, so EHLO is said inside;
what must be refused is asked over further connections, one after the other.
"""

from __future__ import annotations

from check_smtp_core.dialogue import Hello
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple, cast
from check_smtp_core.observation import Measure
from check_smtp_core.parser import InvalidValue

if TYPE_CHECKING:
    from check_smtp_core.engine import Agreed
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser
    from check_smtp_core.session import Session
    from check_smtp_core.tls import TlsEngine

TLS_BY_DEFAULT = True

_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_LEAST_BITS = 128
# RFC 9325 4.4; OpenSSL refuses less at its security level 2, the default of Debian and Ubuntu.
_LEAST_GROUP_BITS = 2048
_REFUSALS = ("tls-handshake", "closed")


class Refusal(NamedTuple):
    """What a server did when only this version was offered: how it refused, or that it did not.

    `finding` is set where the question could not be put.
    """

    version: str
    accepted: bool
    how: str
    finding: Finding | None = None


class Encryption(NamedTuple):
    """What TLS agreed on, the answer to EHLO inside, and what was refused.

    `group_bits` is the size of the Diffie-Hellman group, if one was used.
    """

    agreed: Agreed
    hello: Hello
    min_bits: int
    refusals: tuple[Refusal, ...]
    group_bits: int = 0

    def sentence(self, seconds: float) -> str:
        """Version, cipher and strength."""
        version, cipher, bits = self.agreed
        refused = [
            each.version for each in self.refusals if not each.accepted and not each.finding
        ]
        more = f", {' and '.join(refused)} refused" if refused else ""
        took = "" if self.refusals else f" in {seconds:.3f} s"
        return f"encrypts with {version}, {cipher}, {bits} bits{took}{more}"

    def measures(self) -> list[Measure]:
        """`bits`: the strength of the cipher."""
        return [Measure("bits", self.agreed.bits, warning=f"{self.min_bits}:")]

    def details(self, level: int) -> list[str]:
        """The extensions inside TLS, and how old versions were refused (-vv)."""
        if level == 1:
            return []
        lines = [f"extension {line}" for line in self.hello.capabilities.lines]
        return lines + [f"{each.version} offered alone: {each.how}" for each in self.refusals]


def add_options(parser: Parser) -> None:
    """How good the encryption has to be."""
    parser.own.value(
        "--min-version",
        convert=_version,
        metavar="VERSION",
        default="TLSv1.2",
        help="the oldest TLS version that will do (TLSv1.2)",
    )
    parser.own.value(
        "--min-bits",
        convert=_bits,
        metavar="BITS",
        default=_LEAST_BITS,
        help=f"the least strength of the cipher ({_LEAST_BITS})",
    )
    parser.own.values(
        "--refuse-version",
        convert=_version,
        metavar="VERSION",
        help="a TLS version that the server must refuse; a further connection for each",
    )


async def observe(session: Session, options: Options) -> Encryption:
    """STARTTLS (or implicit TLS), EHLO inside, and then the versions that must be refused."""
    await session.welcome()
    if options.tls_mode == "starttls":
        await session.starttls(await session.hello())
    hello = await session.hello()
    engine: TlsEngine = cast("TlsEngine", session.engine)
    assert session.agreed is not None
    if options.refuse_version:
        await session.quit()
    refusals = [await _offer_alone(session, options, each) for each in options.refuse_version]
    group_bits = engine.diffie_hellman_bits()
    return Encryption(session.agreed, hello, options.min_bits, tuple(refusals), group_bits)


def judge(facts: Encryption, options: Options) -> list[Finding]:
    """The version first; then strength, manners, and what was not refused."""
    findings = []
    version, cipher, bits = facts.agreed
    if _VERSIONS.index(version) < _VERSIONS.index(options.min_version):
        text = f"no more than {version}; wanted: {options.min_version}"
        findings.append(Finding("tls-version", text))
    if bits < options.min_bits:
        findings.append(Finding("cipher", f"{cipher} has {bits} bits, not {options.min_bits}"))
    if 0 < facts.group_bits < _LEAST_GROUP_BITS:
        text = f"Diffie-Hellman of only {facts.group_bits} bits, which many clients refuse"
        findings.append(Finding("weak-key", f"{text} (dh key too small)"))
    if facts.hello.capabilities.offers("STARTTLS"):
        text = "STARTTLS is offered again inside TLS (RFC 3207 4.2)"
        findings.append(Finding("starttls-reoffered", text))
    for refusal in facts.refusals:
        if refusal.finding:
            findings.append(refusal.finding)
        elif refusal.accepted:
            findings.append(Finding("tls-version", f"{refusal.version} is accepted"))
    return findings


async def _offer_alone(session: Session, options: Options, version: str) -> Refusal:
    """Offer one version only, over a connection of its own."""
    from check_smtp_core.tls import TlsEngine

    try:
        engine = TlsEngine(options.sni_name, only=version)
        engine.handshake()  # only says what it would send: can this machine offer it at all?
    except SessionEnded as ended:
        text = f"this machine cannot offer {version} to see it refused: {ended.finding.text}"
        return Refusal(version, False, "not offered", Finding("local", text))
    another = None
    try:
        another = await session.again(lambda: engine)
        await another.welcome()
        if options.tls_mode == "starttls":
            await another.starttls(await another.hello())
    except SessionEnded as ended:
        if engine.server_version() == version:
            return Refusal(version, True, f"accepted, then {ended.finding.text}")
        if another and another.engine and ended.finding.name in _REFUSALS:
            return Refusal(version, False, f"refused ({ended.finding.text})")
        finding = ended.finding._replace(ends_session=False)
        offered = "offered, but" if another and another.engine else "not offered:"
        text = f"{version} was {offered} {finding.text}"
        return Refusal(version, False, "not offered", finding._replace(text=text))
    finally:
        if another:
            await another.quit()
    return Refusal(version, True, "accepted")


def _version(text: str) -> str:
    names = {name.lower().removesuffix("0"): name for name in _VERSIONS} | {"tlsv1.0": "TLSv1"}
    name = names.get(text.lower())
    if name is None:
        raise InvalidValue(f'"{text}" is none of {", ".join(_VERSIONS)}')
    return name


def _bits(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        raise InvalidValue(f'"{text}" is not a number of bits')
    return int(text)
