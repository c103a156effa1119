"""Does this login work, or is it refused as it should be?

Rule: a login is tried once per run. Only 235 is a working login, and only a verdict on the
credentials is a refusal of them: a server that is ill, or offers no fitting mechanism, proves
nothing.
"""

from __future__ import annotations

from check_smtp_core.findings import Finding
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.parser import InvalidValue
from check_smtp_core.text import defused, shortened
from check_smtp_delivery.login import (
    Attempt,
    add_login,
    complete_login,
    encrypted,
    read_credentials,
    try_login,
)
from check_smtp_delivery.sasl import CLEAR

if TYPE_CHECKING:
    from check_smtp_core.observation import Measure
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser
    from check_smtp_core.session import Session
    from check_smtp_tls.verifier import Verifier

TLS_BY_DEFAULT = True
ASKS_FOR_A_NAME = True
DEFAULT_PORT = 587


class LoginSeen(NamedTuple):
    """A login: what came of it, what was wanted, and the mechanisms before TLS and after it.

    `before` is None where TLS came first.
    """

    attempt: Attempt
    refuse: bool
    before: tuple[str, ...] | None
    after: tuple[str, ...]
    tls_version: str

    def sentence(self, seconds: float) -> str:
        """What became of the login, where it is what was wanted."""
        attempt = self.attempt
        inside = f" inside {self.tls_version}" if self.tls_version else " without TLS"
        by = f"({attempt.mechanism}{inside}) in {seconds:.3f} s"
        if self.refuse and attempt.credentials_refused:
            return f"refuses the login of {attempt.who} {by}: {attempt.quote}"
        if not self.refuse and attempt.accepted and attempt.proved:
            return f"lets {attempt.who} log in {by}"
        return ""

    def measures(self) -> list[Measure]:
        """None but the times."""
        return []

    def details(self, level: int) -> list[str]:
        """The mechanisms before TLS and after it (-v)."""
        if level != 1:
            return []
        lines = []
        if self.before is not None:
            lines.append(f"AUTH without TLS: {_words(self.before)}")
        if self.tls_version:
            lines.append(f"AUTH inside {self.tls_version}: {_words(self.after)}")
        return lines


def add_options(parser: Parser) -> None:
    """Who logs in, how, and whether it must fail."""
    add_login(parser.own)
    parser.own.flag("--refuse", help="the server must refuse these credentials")


def complete(options: Options) -> None:
    """Somebody has to log in, and the options of a login have to fit together."""
    if not options.user:
        raise InvalidValue(
            "no user is given (-U); what is offered is a question for check_smtp_ehlo"
        )
    complete_login(options)


def engine_maker(options: Options) -> Verifier:
    """The verifier of the server, whose anchors are needed before credentials go out."""
    from check_smtp_tls.verified import verifier

    return verifier(options, needed=not options.insecure_auth)


async def observe(session: Session, options: Options) -> LoginSeen:
    """Greeting, EHLO, TLS, EHLO again, and one login."""
    credentials = read_credentials(options)
    await session.welcome()
    first = await session.hello()
    before = None if session.agreed else first.capabilities.mechanisms
    session.notes += _in_clear(before or ())
    hello = await encrypted(session, first, options)
    return LoginSeen(
        attempt=await try_login(session, hello, credentials, options),
        refuse=options.refuse,
        before=before,
        after=hello.capabilities.mechanisms,
        tls_version=session.agreed.version if session.agreed else "",
    )


def _in_clear(offered: tuple[str, ...]) -> list[Finding]:
    if clear := [each for each in offered if each in CLEAR]:
        return [Finding("plaintext-auth", f"AUTH {' '.join(clear)} is offered without TLS")]
    return []


def judge(facts: LoginSeen, options: Options) -> list[Finding]:
    """The login works or, with --refuse, the credentials are refused."""
    attempt = facts.attempt
    finding = attempt.finding()
    if not options.refuse:
        return [finding] if finding else []
    if attempt.credentials_refused:
        return []
    if finding is None:
        text = f"AUTH {attempt.mechanism} as {attempt.who} answered with {attempt.quote}"
        return [Finding("not-refused", text)]
    if not attempt.accepted:
        finding = finding._replace(text=f"{finding.text}; the credentials were not judged")
    return [finding]


def _words(mechanisms: tuple[str, ...]) -> str:
    return shortened(defused(" ".join(mechanisms))) or "nothing"
