"""Fuzz target: whatever a server says in a session, the output of a check is harmless.

Rule: a whole run, from the command line to the output, but over a connection in memory: no
socket, and no TLS, which begins by itself wherever a check would shake hands.
"""

import os
import sys
from contextlib import nullcontext
from functools import cache
from time import monotonic
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar, cast

import atheris

with atheris.instrument_imports(
    include=["check_smtp_core", "check_smtp_handshake", "check_smtp_tls", "check_smtp_delivery"]
):
    from check_smtp_core import plugin, session
    from check_smtp_core.connection import ConnectionLost
    from check_smtp_core.engine import Agreed
    from check_smtp_core.options import parse_options, parser_of
    from check_smtp_delivery import auth
    from check_smtp_handshake import banner, ehlo
    from check_smtp_tls import starttls

from fuzz.seeds import ANSWER, UNASKED
from tests.test_hostile_output import assert_harmless, assert_within_limits

if TYPE_CHECKING:
    from check_smtp_core.observation import Check

CHECKS: list[tuple[ModuleType, tuple[str, ...]]] = [
    (banner, ("--expect-host", "mail.example.com", "--expect", "^never$")),
    (banner, ("--expect-code", "554", "--expect", "x")),
    (ehlo, ("--require", "DSN,AUTH=X", "--forbid", "STARTTLS,SIZE", "--min-size", "9")),
    (ehlo, ("--require-auth", "PLAIN", "--forbid-auth", "LOGIN")),
    (ehlo, ("--starttls", "--require", "STARTTLS,SIZE")),
    (ehlo, ("--lmtp", "--state", "protocol=warning,nonstandard=critical")),
    (starttls, ()),
    (starttls, ("--tls", "-w", "0.001", "--state", "unsolicited=ok")),
    (auth, ("-U", "jane", "--insecure-auth", "clear")),
    (auth, ("-U", "jane", "--insecure-auth", "clear", "--refuse", "--mechanism", "LOGIN")),
    (auth, ("-U", "jane", "--insecure-auth", "clear", "--mechanism", "SCRAM-SHA-256")),
]
os.environ["CHECK_SMTP_PASSWORD"] = "x" * 8
VERBOSE = ((), ("-v",), ("-vv",), ("-vvv",))
SHARED = ("-H", "192.0.2.25", "-t", "5", "--ehlo-name", "client.example")


class NoEngine:
    """An engine that has nothing to do."""

    def diffie_hellman_bits(self) -> int:
        """No group was used."""
        return 0


class InMemory:
    """A Connection whose server has said everything beforehand.

    Answers come one at each read(), as far as UNASKED; what follows that has come by the time
    of the next read_now().
    """

    said: ClassVar[list[bytes]] = []

    def __init__(self, *_: object) -> None:
        self.usable = True
        self.engine: object = None
        self.agreed: Agreed | None = None
        self.deadline: object = None
        self._answers = iter(self.said)
        self._unasked = b""

    def connect(self, deadline: object) -> str:
        """Connected at once."""
        return "192.0.2.10"

    def send_proxy_header(self, version: int) -> None:
        """Nobody reads it."""

    def start_tls(self, engine: object) -> Agreed:
        """Shake hands without a word."""
        self.engine = engine
        self.agreed = Agreed("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)
        return self.agreed

    def read(self) -> bytes:
        """The next answer, or the end."""
        answer, _, self._unasked = next(self._answers, b"").partition(UNASKED)
        if not answer:
            raise ConnectionLost(reset=False)
        return answer

    def read_now(self) -> bytes:
        """What came with the last answer though nobody asked."""
        unasked, self._unasked = self._unasked, b""
        return unasked

    def write(self, octets: bytes) -> None:
        """The server has its answers ready."""

    def close(self) -> None:
        """Nothing is open."""


def target(octets: bytes) -> None:
    """The first octet picks the check, its verbosity and the encoding; the rest is said."""
    choice = (octets[:1] or b"\x00")[0]
    InMemory.said = octets[1:].split(ANSWER)
    check, options = CHECKS[choice & 7]
    verbose = VERBOSE[choice >> 4 & 3]
    encoding = "ascii" if choice & 0x80 else "utf-8"
    arguments = (*SHARED, *options, *verbose)
    code, output = plugin.run(cast("Check", check), arguments, monotonic(), encoding)
    assert_harmless(code, output, bool(verbose))
    assert_within_limits(output, encoding)


def in_memory() -> None:
    """Put the connection in memory in its place, and leave out what would only cost time.

    The command lines are few, and libFuzzer needs the timer signal for itself.
    """
    vars(session).update(Connection=InMemory)
    vars(plugin).update(
        Backstop=lambda *_: nullcontext(),
        parser_of=cache(parser_of),
        parse_options=cache(parse_options),
    )
    for check in (ehlo, starttls):
        vars(check).update(new_engine=lambda _: NoEngine())


if __name__ == "__main__":
    in_memory()
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
