"""A login (RFC 4954): who may learn the credentials, by which mechanism, and what came of it.

Rule: no credentials go to a server that has not proved its name inside TLS, unless --insecure-auth
says so; one login per run, since a second wrong one may lock the account. Secrets are concealed
before they go out, in every form in which they do.
"""

from __future__ import annotations

from check_smtp_core import verdicts
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.parser import InvalidValue
from check_smtp_core.reply import Capabilities, Reply
from check_smtp_core.text import defused, printable, quoted, shortened
from check_smtp_core.values import wire_text
from check_smtp_delivery.credentials import (
    Credentials,
    add_credentials,
    read_password,
    read_secret,
)
from check_smtp_delivery.sasl import (
    WITH_PASSWORD,
    WITH_TOKEN,
    BadChallenge,
    Impostor,
    Mechanism,
    begun,
    decoded_challenge,
    encoded,
    possible,
)

if TYPE_CHECKING:
    from check_smtp_core.dialogue import Hello
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Section
    from check_smtp_core.session import Session

# RFC 4954 4: a command line with its initial response must fit the limit of RFC 5321.
_LINE_LIMIT = 512
_ACCEPTED, _CHALLENGE = 235, 334
# The server says something of the mechanism or of TLS, and nothing of the credentials.
_OF_THE_MECHANISM = (500, 501, 502, 503, 504, 530)
_TOO_WEAK = (534, 538)
_USER_LIMIT = 60


class Attempt(NamedTuple):
    """A login that was tried: whose, by which mechanism, the server's reply, what it remarked.

    `proved` is false when the server accepted it without a proof that it owes; `origin` says who
    we were.
    """

    user: str
    mechanism: str
    reply: Reply
    remark: str
    proved: bool
    origin: str

    @property
    def accepted(self) -> bool:
        """Whether we are logged in now."""
        return self.reply.code // 100 == 2

    @property
    def credentials_refused(self) -> bool:
        """Whether the server has judged the credentials, and refuses them."""
        code = self.reply.code
        return code // 100 == 5 and code not in (*_OF_THE_MECHANISM, *_TOO_WEAK)

    @property
    def who(self) -> str:
        """The user, fit to print."""
        return shortened(printable(self.user), _USER_LIMIT)

    @property
    def quote(self) -> str:
        """The server's words."""
        return quoted(str(self.reply))

    def finding(self) -> Finding | None:
        """Why we are not logged in; None if we are."""
        if self.accepted:
            return None if self.proved else _impostor(f"accepted with {self.quote} all the same")
        if self.reply.code // 100 != 5 or self.reply.code in _OF_THE_MECHANISM:
            return verdicts.refused("auth", self.reply, _ACCEPTED, self.origin)
        remark = f"{self.remark}; " if self.remark else ""
        text = f"AUTH {self.mechanism} as {self.who} answered with {self.quote}"
        text += f" ({remark}{self.origin})"
        return Finding("auth-failed", text)


def add_login(section: Section) -> None:
    """Add the options of a login at the SMTP server."""
    add_credentials(section)
    section.value(
        "--token-file",
        convert=wire_text,
        metavar="FILE",
        help="file with a token of OAuth 2.0 on its first line, instead of a password",
    )
    section.value(
        "--mechanism",
        convert=_mechanism,
        metavar="MECHANISM",
        help="SCRAM-SHA-256, PLAIN or LOGIN, or with --token-file OAUTHBEARER or XOAUTH2 (the "
        "first of them that the server offers)",
    )
    section.value(
        "--insecure-auth",
        convert=_insecure,
        metavar="HOW",
        help="send the credentials inside TLS with any certificate (unverified), or without TLS "
        "(clear); whoever sits in between learns them",
    )


def complete_login(options: Options) -> None:
    """Whether the options of a login fit together. InvalidValue if not."""
    if not options.verify:
        raise InvalidValue(
            "--no-verify would show the password to whoever sits in between; "
            "--insecure-auth unverified does"
        )
    if options.insecure_auth == "clear" and (options.tls_mode or options.port == 465):
        raise InvalidValue("--insecure-auth clear contradicts TLS")
    if options.token_file and (options.password_file or options.password):
        raise InvalidValue("give a password or a token, not both")
    if options.mechanism and (options.mechanism in WITH_TOKEN) != bool(options.token_file):
        what = "a token (--token-file)" if options.mechanism in WITH_TOKEN else "a password"
        raise InvalidValue(f"{options.mechanism} needs {what}")


def read_credentials(options: Options) -> Credentials:
    """The user and the secret. SessionEnded with `local` where it cannot be read."""
    if options.token_file:
        return Credentials(options.user, read_secret(options.token_file))
    return Credentials(options.user, read_password(options.password, options.password_file))


async def encrypted(session: Session, hello: Hello, options: Options) -> Hello:
    """TLS as the options want it, and the last answer to EHLO; `hello` is the first."""
    if options.tls_mode == "implicit" or options.insecure_auth == "clear":
        return hello
    try:
        await session.starttls(hello)
    except SessionEnded as end:
        raise _unsent(end.finding) from None
    return await session.hello()


async def log_in(session: Session, hello: Hello, options: Options) -> None:
    """Log in, or leave with SessionEnded: what is wrong with the server, or with the login."""
    attempt = await try_login(session, hello, read_credentials(options), options)
    if (finding := attempt.finding()) is not None:
        raise SessionEnded(finding)


async def try_login(
    session: Session, hello: Hello, credentials: Credentials, options: Options
) -> Attempt:
    """Try the login, and tell what the server replied, whatever it was.

    SessionEnded where the server must not have the credentials, has no fitting mechanism, or
    does not speak it.
    """
    with session.paused():
        if not options.insecure_auth:
            _insist_on_proof(session, options.reference)
        name = _chosen(hello.capabilities, options)
        session.concealment.add(credentials.secret, encoded(credentials.secret.encode()))
        mechanism = begun(name, credentials)
        _guard(session, credentials, mechanism.first or b"")
    reply = await _exchange(session, name, mechanism)
    if reply.code // 100 == 2:
        session.notes += verdicts.about_reply("auth", reply, _ACCEPTED)
    remark = defused(session.concealment.concealed(mechanism.remark))
    return Attempt(credentials.user, name, reply, remark, mechanism.proved, session.origin)


def _insist_on_proof(session: Session, reference: str) -> None:
    from check_smtp_tls.verified import server_faults

    if faults := server_faults(session, reference):
        session.notes += faults[1:]
        raise _unsent(faults[0])


def _unsent(finding: Finding) -> SessionEnded:
    return SessionEnded(finding._replace(text=f"{finding.text}; no credentials were sent"))


def _chosen(offer: Capabilities, options: Options) -> str:
    """The mechanism that was asked for, or else the best one. SessionEnded with `missing`."""
    usual = WITH_TOKEN if options.token_file else WITH_PASSWORD
    wanted = [options.mechanism] if options.mechanism else usual
    offered = offer.mechanisms
    fitting = [each for each in wanted if each in offered]
    able = [each for each in fitting if possible(each)]
    if able or fitting:
        return (able or fitting)[0]
    if not offered:
        raise SessionEnded(Finding("missing", "AUTH is not offered"))
    names = " or ".join(wanted)
    text = f"not offered: AUTH {names}; offered: {shortened(defused(' '.join(offered)))}"
    raise SessionEnded(Finding("missing", text))


async def _exchange(session: Session, name: str, mechanism: Mechanism) -> Reply:
    """The dialogue of a login, up to the reply that ends it."""
    first = mechanism.first
    argument = name
    if first is not None and len(f"AUTH {name} {encoded(first)}\r\n") <= _LINE_LIMIT:
        argument, first = f"{name} {_said(session, first)}", None
    reply = await session.command("auth", "AUTH", argument)
    while reply.code == _CHALLENGE:
        try:
            if first is None:
                answer = mechanism.answer(_challenge(name, reply))
            else:
                answer, first = first, None
        except (BadChallenge, Impostor) as fault:
            raise await _cancelled(session, _fault(session, name, fault, reply)) from None
        reply = await session.respond("auth", _said(session, answer), "AUTH")
    return reply


def _guard(session: Session, credentials: Credentials, first: bytes) -> None:
    """Let nobody repeat the secret in pieces, nor what we say first if that tells it."""
    telling = credentials.secret.encode() in first
    response = encoded(first) if telling else ""
    session.concealment.guard(credentials.secret, credentials.user, response)


def _said(session: Session, octets: bytes) -> str:
    """Octets in base64, concealed from now on."""
    line = encoded(octets)
    session.concealment.add(line)
    return line


def _challenge(name: str, reply: Reply) -> bytes:
    """What the server asks. LOGIN answers in its order, however the question is written."""
    return b"" if name == "LOGIN" else decoded_challenge(reply.lines[-1])


def _fault(session: Session, name: str, fault: Exception, reply: Reply) -> Finding:
    if isinstance(fault, Impostor):
        return _impostor("its signature is wrong")
    quote = quoted(session.concealment.concealed(str(reply)))
    return Finding("protocol", f"AUTH {name}: {fault}: {quote}")


def _impostor(how: str) -> Finding:
    return Finding("untrusted", f"the server does not prove that it knows the password ({how})")


async def _cancelled(session: Session, finding: Finding) -> SessionEnded:
    """Leave the dialogue (RFC 4954 4), and say why."""
    try:
        await session.respond("auth", "*", "AUTH")
    except SessionEnded:
        pass
    return SessionEnded(finding)


def _mechanism(text: str) -> str:
    known = (*WITH_PASSWORD, *WITH_TOKEN)
    if text.upper() not in known:
        raise InvalidValue(f'"{text}" is none of {", ".join(known)}')
    return text.upper()


def _insecure(text: str) -> str:
    if text not in ("unverified", "clear"):
        raise InvalidValue(f'"{text}" is neither unverified nor clear')
    return text
