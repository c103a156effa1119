"""Does a message come out at the other end, and how fast?

Rule: observe() hands a message over, afterwards() looks into the mailbox, whatever became of the
submission, so that one run tells of both. A message stands in the state file before it is sent,
and until its fate is known and, where it came, it has been deleted from the mailbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from hashlib import sha256

from check_smtp_core import values, verdicts
from check_smtp_core.deadline import Deadline
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.missing import missing_module
from check_smtp_core.parser import InvalidValue
from check_smtp_core.text import printable
from check_smtp_delivery.collecting import Collector
from check_smtp_delivery.credentials import add_credentials
from check_smtp_delivery.fates import Loop, fate_findings
from check_smtp_delivery.ledger import Ledger, LedgerError, Tracked
from check_smtp_delivery.login import add_login, complete_login, encrypted, log_in
from check_smtp_delivery.mailbox import open_mailbox, read_access
from check_smtp_delivery.message import Envelope, address, new_token, written
from check_smtp_delivery.moment import Moment

if TYPE_CHECKING:
    from typing import Any

    from check_smtp_core.engine import Engine
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser
    from check_smtp_core.session import Session

ONE_ENDPOINT = True

_LOST_AFTER = 3600
_LOCK_SECONDS = 2.0
_NO_ANSWER = ("timeout", "closed", "protocol")
"""With these a server may have taken a message, and nobody knows."""


def add_options(parser: Parser) -> None:
    """What goes round, where it comes out, and how long it may take."""
    own = parser.own
    own.value(
        "--recipient",
        convert=address,
        metavar="ADDRESS",
        help="to whom: an address whose mail arrives in the mailbox (required)",
    )
    own.value(
        "--mail-from",
        convert=address,
        metavar="ADDRESS",
        help="from whom, on the envelope and in the message (the recipient)",
    )
    own.value(
        "-w",
        "--warning",
        dest="latency_warning",
        convert=values.threshold,
        metavar="RANGE",
        help="WARNING when a message takes a time outside this range, in seconds",
    )
    own.value(
        "-c",
        "--critical",
        dest="latency_critical",
        convert=values.threshold,
        metavar="RANGE",
        help="CRITICAL when a message takes a time outside this range, in seconds",
    )
    own.value(
        "--state-file",
        convert=values.wire_text,
        metavar="FILE",
        help="do not wait: remember the message here, and judge those of earlier runs",
    )
    own.value(
        "--lost-after",
        convert=_seconds,
        metavar="SECONDS",
        default=_LOST_AFTER,
        help=f"with --state-file: when a message counts as lost ({_LOST_AFTER})",
    )
    add_login(own)
    _add_mailbox(parser)


def _add_mailbox(parser: Parser) -> None:
    own = parser.own
    own.value(
        "--imap-host",
        convert=values.hostname,
        metavar="HOST",
        help="name or address of the IMAP server that has the mailbox",
    )
    own.value(
        "--imap-port",
        convert=values.port,
        metavar="PORT",
        default=0,
        help="its port (993; 143 without implicit TLS)",
    )
    own.value(
        "--imap-security",
        convert=_security,
        metavar="HOW",
        default="tls",
        help="tls (implicit), starttls, or tls-unverified, starttls-unverified, none, with which "
        "whoever sits in between learns the password",
    )
    own.value(
        "--imap-servername",
        convert=values.hostname,
        metavar="NAME",
        help="name that the IMAP server's certificate must have, instead of its HOST",
    )
    add_credentials(own, "imap-", " to the IMAP server")
    own.value(
        "--imap-folder",
        convert=values.wire_text,
        metavar="FOLDER",
        default="INBOX",
        help="folder to look in (INBOX)",
    )
    own.value(
        "--maildir",
        convert=values.wire_text,
        metavar="PATH",
        help="instead of IMAP: a Maildir on this machine",
    )
    own.value(
        "--junk-folder",
        convert=values.wire_text,
        metavar="FOLDER",
        help="folder for junk (the one that the IMAP server calls so, RFC 6154); with --maildir "
        "one below it, such as .Junk",
    )
    own.value(
        "--cleanup",
        convert=_cleanup,
        metavar="HOW",
        help="delete or keep the messages that were found (delete with IMAP, keep with a Maildir)",
    )
    own.value(
        "--authserv-id",
        convert=values.wire_text,
        metavar="NAME",
        help="whose Authentication-Results count (those of the topmost header)",
    )
    own.values(
        "--require-pass",
        convert=_method,
        metavar="METHOD",
        help="spf, dkim, dmarc: must be there and have passed",
    )


def complete(options: Options) -> None:
    """Check that the options name one loop."""
    if not options.recipient:
        raise InvalidValue("no recipient is given (--recipient)")
    if bool(options.imap_host) == bool(options.maildir):
        raise InvalidValue("one mailbox is needed: --imap-host or --maildir")
    if options.imap_host and not options.imap_user:
        raise InvalidValue("no user is given for the mailbox (--imap-user)")
    options.mail_from = options.mail_from or options.recipient
    implicit = options.imap_security.startswith("tls")
    options.imap_port = options.imap_port or (993 if implicit else 143)
    options.cleanup = options.cleanup or ("delete" if options.imap_host else "keep")
    if options.user:
        complete_login(options)
        clear = options.insecure_auth == "clear"
        if not (options.tls_mode or options.port == 465 or clear):
            options.tls_mode = "starttls"
    elif options.password_file or options.password or options.token_file:
        raise InvalidValue("no user is given for the mail server (-U)")


def engine_maker(options: Options) -> Callable[[str], Engine]:
    """With a login the verifier of the server; else any certificate will do."""
    if options.user:
        from check_smtp_tls.verified import verifier

        return verifier(options, needed=not options.insecure_auth)
    from check_smtp_core.tls import TlsEngine

    return TlsEngine


async def observe(session: Session, options: Options) -> Loop:
    """Up to the message, which is remembered before it is sent.

    What keeps us from opening the mailbox or from remembering the message is a fact, and then
    nothing is sent.
    """
    await session.welcome()
    hello = await session.hello()
    if options.user:
        hello = await encrypted(session, hello, options)
        await log_in(session, hello, options)
    elif options.tls_mode == "starttls":
        await session.starttls(hello)
        await session.hello()
    if options.imap_host:
        try:
            with session.paused():
                read_access(options)
        except SessionEnded as end:
            return _unsent(options, end.finding.text)
    message = Tracked(new_token(), Moment.now())
    ledger = _ledger(options, _patience(options))
    try:
        if ledger:
            ledger.change(lambda messages: [*messages, message])
    except LedgerError as trouble:
        return _unsent(options, str(trouble))
    sent, refused = message, None
    try:
        await _hand_over(session, options, message)
        sent = message._replace(accepted=True, sent=Moment.now())
    except SessionEnded as end:
        refused = end.finding
    in_doubt = refused is not None and session.handed_over and refused.name in _NO_ANSWER
    kept = sent if sent.accepted or in_doubt else None
    if ledger:
        # The message took its own time. Where the run's is over, there is none for a lock either.
        late = refused is not None and refused.name == "timeout"
        ledger.extend(Deadline.after(0) if late else _patience(options))
    facts = _facts(options, sent=kept, ended=refused)
    return facts._replace(notes=_remembered(ledger, message, kept))


async def _hand_over(session: Session, options: Options, message: Tracked) -> None:
    """MAIL, RCPT and DATA. SessionEnded where the server does not take it."""
    server = f"{options.hostname} port {options.port}"
    envelope = Envelope(options.mail_from, options.recipient, server, session.ehlo_name)
    date = datetime.fromtimestamp(message.sent.wall, timezone.utc)
    octets = written(message.token, envelope, date)
    for phase, verb, argument in (
        ("mail", "MAIL", f"FROM:<{options.mail_from}>"),
        ("rcpt", "RCPT", f"TO:<{options.recipient}>"),
    ):
        reply = await session.command(phase, verb, argument)
        if reply.code // 100 != 2:
            raise SessionEnded(verdicts.refused(phase, reply, 250, session.origin))
    reply = await session.data(octets)
    # 2yz to DATA itself is no answer to a message.
    if reply.code // 100 != 2 or not session.handed_over:
        raise SessionEnded(verdicts.refused("data", reply, 250, session.origin))


def _patience(options: Options) -> Deadline:
    """Until when another run may hold the state file from now on."""
    return Deadline.after(min(_LOCK_SECONDS, options.timeout / 2))


def _remembered(
    ledger: Ledger | None, message: Tracked, kept: Tracked | None
) -> tuple[Finding, ...]:
    """Save what became of a message, and give the findings about the state file.

    Another run may have found it by now: what that has written stands.
    """
    if ledger is None:
        return ()

    def edit(messages: list[Tracked]) -> list[Tracked]:
        if kept is None:
            return [each for each in messages if each.token != message.token]
        return [
            each._replace(accepted=kept.accepted, sent=kept.sent)
            if each.token == message.token
            else each
            for each in messages
        ]

    try:
        ledger.change(edit)
    except LedgerError as trouble:
        ledger.notes.append(Finding("local", str(trouble)))
    return tuple(ledger.notes)


def afterwards(facts: Loop | None, options: Options, deadline: Deadline) -> Loop | None:
    """Look into the mailbox; with a state file for the messages of earlier runs as well."""
    collector = Collector(
        lambda looking, dialogue, since: open_mailbox(options, looking, dialogue, since),
        options.cleanup == "delete",
        deadline,
        options.timeout,
    )
    ledger = _ledger(options, deadline)
    if ledger is None:
        if facts is None or facts.sent is None:
            return facts
        seen = collector.this(facts.sent)
    else:
        facts = facts or _facts(options)
        if facts.ended is not None and facts.ended.name == "local":
            return facts
        try:
            seen = collector.earlier(ledger, options.lost_after)
        except LedgerError as trouble:
            return facts._replace(notes=(*facts.notes, Finding("local", str(trouble))))
    notes = [*facts.notes, *(ledger.notes if ledger else ()), *seen.notes]
    return facts._replace(
        now=Moment.now(),
        came=seen.came,
        waiting=seen.waiting,
        blind=seen.blind,
        notes=(*notes, *_authentication(options, seen.results)),
        dialogue=seen.dialogue if options.verbose >= 3 else (),
        looked=True,
    )


def _authentication(options: Options, headers: bytes) -> list[Finding]:
    if not headers:
        return []
    from check_smtp_delivery.authentication_results import read_results, result_findings

    try:
        results = read_results(headers, options.authserv_id)
    except ImportError as error:
        return [Finding("local", printable(missing_module(error)))]
    return result_findings(results, options.require_pass)


def judge(facts: Loop, options: Options) -> list[Finding]:
    """The fate of the messages, and of this run's submission."""
    submission = [facts.ended] if facts.ended else []
    return [*submission, *facts.notes, *fate_findings(facts)]


def _facts(options: Options, **known: Any) -> Loop:
    return Loop(
        **{"sent": None, "ended": None, "notes": (), **known},
        synchronous=not options.state_file,
        sender=options.mail_from,
        limits=(options.latency_warning, options.latency_critical),
        lost_after=options.lost_after,
        now=Moment.now(),
    )


def _unsent(options: Options, why: str) -> Loop:
    ended = Finding("local", f"nothing was sent: {why}", ends_session=True)
    return _facts(options, ended=ended)


def _ledger(options: Options, deadline: Deadline) -> Ledger | None:
    """The state file, where there is one; a loop is known by what goes where, without secrets."""
    if not options.state_file:
        return None
    words = (
        *(options.hostname, options.port, options.mail_from, options.recipient),
        *(options.imap_host, options.imap_port, options.imap_user, options.imap_folder),
        options.maildir,
    )
    key = sha256(repr(words).encode()).hexdigest()
    return Ledger(options.state_file, key, deadline)


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", text) or not int(text):
        raise InvalidValue(f'"{text}" is not a number of seconds above 0')
    return int(text)


def _security(text: str) -> str:
    return _one_of(text, ("tls", "starttls", "tls-unverified", "starttls-unverified", "none"))


def _cleanup(text: str) -> str:
    return _one_of(text, ("delete", "keep"))


def _method(text: str) -> str:
    return _one_of(text, ("spf", "dkim", "dmarc"))


def _one_of(text: str, words: tuple[str, ...]) -> str:
    if text.lower() not in words:
        raise InvalidValue(f'"{text}" is none of {", ".join(words)}')
    return text.lower()
