"""The client's side of SASL mechanisms: what is said first, and the answer to each challenge.

Rule: pure, no session and no clock. A mechanism that lets the server prove something tells whether
it did; a challenge that makes no sense leaves as BadChallenge.
"""

import re
from base64 import b64decode, b64encode
from typing import Any

from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.missing import missing_module
from check_smtp_core.text import printable
from check_smtp_delivery.credentials import Credentials

WITH_PASSWORD = ("SCRAM-SHA-256", "PLAIN", "LOGIN")
"""Mechanisms for a password, the best first."""

WITH_TOKEN = ("OAUTHBEARER", "XOAUTH2")
"""Mechanisms for a token of OAuth 2.0, the best first."""

CLEAR = ("PLAIN", "LOGIN", *WITH_TOKEN)
"""Mechanisms by which who listens learns the secret itself."""

LEAST_ROUNDS, MOST_ROUNDS = 4096, 2_000_000
"""How much hashing a server may ask for: RFC 7677 4, and what takes a second or two."""

_SHA_256 = "SCRAM-SHA-256"
_FIRST_OF_SERVER = re.compile(r"r=([!-+\--~]+),s=[A-Za-z0-9+/]+={0,2},i=([1-9][0-9]{0,19})(?:,|$)")
_STATUS_LIMIT = 40


class BadChallenge(Exception):
    """The server's challenge makes no sense; the message says why."""


class Impostor(Exception):
    """The server did not prove that it knows the password."""


class Mechanism:
    """One login by one mechanism.

    `first` is what the client says first, or None where the server begins. `proved` is false as
    long as the server owes a proof of its own. `remark` is what the server said of a refusal in
    a challenge.
    """

    first: bytes | None = None
    proved = True
    remark = ""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def answer(self, challenge: bytes) -> bytes:
        """The answer to a challenge. BadChallenge or Impostor when there is none to give."""
        raise BadChallenge("a challenge that is not due")


class Plain(Mechanism):
    """PLAIN (RFC 4616)."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.first = f"\0{credentials.user}\0{credentials.secret}".encode()


class Login(Mechanism):
    """LOGIN: user and password, one after the other, whatever the server asks."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self._answers = [credentials.user.encode(), credentials.secret.encode()]

    def answer(self, challenge: bytes) -> bytes:
        """As Mechanism has it."""
        return self._answers.pop(0) if self._answers else super().answer(challenge)


class XOAuth2(Mechanism):
    """XOAUTH2, as Google and Microsoft have it: a refusal begins with a challenge."""

    _to_error = b""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        user, token = credentials
        self.first = f"user={user}\x01auth=Bearer {token}\x01\x01".encode()

    def answer(self, challenge: bytes) -> bytes:
        """As Mechanism has it: the reply to it will be the refusal."""
        if self.remark:
            return super().answer(challenge)
        self.remark = _status(challenge)
        return self._to_error


class OAuthBearer(XOAuth2):
    """OAUTHBEARER (RFC 7628)."""

    _to_error = b"\x01"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        user = credentials.user.replace("=", "=3D").replace(",", "=2C")
        self.first = f"n,a={user},\x01auth=Bearer {credentials.secret}\x01\x01".encode()


class Scram(Mechanism):
    """SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding, by the library scramp.

    Its versions differ in what they look at and when, so challenges are looked at here first.
    """

    proved = False

    def __init__(self, credentials: Credentials, nonce: str = "") -> None:
        super().__init__(credentials)
        from secrets import token_urlsafe

        from scramp import ScramClient, ScramException, ScramMechanism

        self._nonce = nonce or token_urlsafe(24)
        try:
            # Only this way all versions prepare the password before it is needed.
            ScramMechanism(_SHA_256).make_auth_info(credentials.secret, LEAST_ROUNDS)
            self._client: Any = ScramClient([_SHA_256], *credentials, c_nonce=self._nonce)
            first: str = self._client.get_client_first()
        except ScramException:
            text = "user or password holds what SCRAM forbids (SASLprep, RFC 4013)"
            raise SessionEnded(Finding("local", text)) from None
        self.first = first.encode()
        self._steps = [self._prove, self._believe]

    def answer(self, challenge: bytes) -> bytes:
        """As Mechanism has it."""
        if not self._steps:
            return super().answer(challenge)
        try:
            return self._steps.pop(0)(challenge.decode())
        except UnicodeDecodeError:
            raise BadChallenge("a challenge that is not UTF-8") from None

    def _prove(self, challenge: str) -> bytes:
        parts = _FIRST_OF_SERVER.match(challenge)
        if parts is None or not parts[1].startswith(self._nonce) or parts[1] == self._nonce:
            raise BadChallenge("a challenge that is not one of SCRAM")
        if not LEAST_ROUNDS <= int(parts[2]) <= MOST_ROUNDS:
            raise BadChallenge(f"a challenge that asks for {parts[2]} rounds of hashing")
        try:
            self._client.set_server_first(challenge)
            return str(self._client.get_client_final()).encode()
        except Exception:  # what is raised differs as well
            raise BadChallenge("a challenge that is not one of SCRAM") from None

    def _believe(self, challenge: str) -> bytes:
        if challenge.startswith("e="):
            self.remark = printable(challenge[2:])[:_STATUS_LIMIT]
            return b""
        try:
            self._client.set_server_final(challenge)
        except Exception:  # as above
            raise Impostor from None
        self.proved = True
        return b""


_MECHANISMS: dict[str, type[Mechanism]] = {
    "SCRAM-SHA-256": Scram,
    "PLAIN": Plain,
    "LOGIN": Login,
    "OAUTHBEARER": OAuthBearer,
    "XOAUTH2": XOAuth2,
}


def begun(name: str, credentials: Credentials) -> Mechanism:
    """A login by this mechanism. SessionEnded with `local` where this machine cannot do it."""
    try:
        return _MECHANISMS[name](credentials)
    except ImportError as error:
        raise SessionEnded(Finding("local", printable(missing_module(error)))) from None


def possible(name: str) -> bool:
    """Whether this machine has what the mechanism needs."""
    if not name.startswith("SCRAM-"):
        return True
    try:
        import scramp  # noqa: F401
    except ImportError:
        return False
    return True


def encoded(octets: bytes) -> str:
    """Octets as they go over the wire."""
    return b64encode(octets).decode("ascii")


def decoded_challenge(text: str) -> bytes:
    """The octets of a challenge, which may be empty. BadChallenge if it is not base64."""
    try:
        return b64decode(text.strip(), validate=True)
    except ValueError:
        raise BadChallenge("a challenge that is not base64") from None


def _status(challenge: bytes) -> str:
    """The status in a refusal in JSON (RFC 7628 3.2.2)."""
    from json import loads

    try:
        status = loads(challenge)["status"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "no status"
    return f"status {printable(str(status))[:_STATUS_LIMIT]}"
