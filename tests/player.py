"""A server that plays one transcript and watches the client's manners.

A transcript is what both sides say, a line each, played from top to bottom:

    S: 220 mail.example ESMTP    say this line, with CRLF
    S> 22                        say this piece as it stands (Python escapes)
    C: EHLO client.example       insist on this line
    C+ MAIL FROM:<>              insist on this line, behind which more may have come already
    MESSAGE                      hear a message after DATA, up to the line with the dot, and
                                 hand it to `deliver`
    TLS                          do the server's side of a handshake
    PLAIN 421 bye                say this line past the TLS layer, and close
    SILENCE                      say nothing more until the client leaves
    DRIP 220 mail.example        say one octet every 50 ms until the client leaves
    FLOOD 250-x                  say this line again and again until the client leaves
    FLOOD> 250-x                 the same with a piece as it stands (Python escapes)
    CLOSE, RESET, HALF-CLOSE     end the connection
    AWAIT                        wait until the client says anything, and take it
    PAUSE                        leave the client 50 ms in which it must say nothing

When a transcript has ended the server closes. `faults` then holds what the client did wrong: a
wrong line, a bare LF, a second command before the reply, or words before the greeting.
"""

import codecs
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from textwrap import dedent
from time import sleep

_PATIENCE = 10.0


class _ClientGone(Exception):
    """The client closed or reset the connection."""


class Player:
    """Plays one transcript for one connection, at 127.0.0.1 or another address of this machine."""

    def __init__(
        self,
        transcript: str,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.faults: list[str] = []
        self.heard: list[str] = []
        self.messages: list[bytes] = []
        self.deliver: Callable[[bytes], None] = lambda _: None
        self.connections = 0
        self.sni: str | None = None
        lines = (line.strip() for line in dedent(transcript).splitlines())
        self._steps = [line for line in lines if line]
        self._tls = tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family)
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Player":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), "the transcript did not end"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            steps, tls = self._turn()
            self.connections += 1
            connection.settimeout(_PATIENCE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Performance(self, connection, steps, tls).play()

    def _turn(self) -> tuple[list[str], ssl.SSLContext | None]:
        """What the next connection gets to see."""
        return self._steps, self._tls


_ACTIONS = {
    "S:": "_say",
    "S>": "_say_piece",
    "C:": "_hear",
    "C+": "_hear_one_of_a_group",
    "MESSAGE": "_hear_message",
    "TLS": "_start_tls",
    "PLAIN": "_say_past_tls",
    "SILENCE": "_silence",
    "DRIP": "_drip",
    "FLOOD": "_flood",
    "FLOOD>": "_flood_pieces",
    "CLOSE": "_close",
    "RESET": "_reset",
    "HALF-CLOSE": "_half_close",
    "AWAIT": "_await",
    "PAUSE": "_pause",
}


class _Performance:
    def __init__(
        self,
        player: Player,
        connection: socket.socket,
        steps: list[str],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._player = player
        self._connection = connection
        self._steps = steps
        self._tls = tls
        self._octets = b""

    def play(self) -> None:
        try:
            for step in self._steps:
                word, _, rest = step.partition(" ")
                getattr(self, _ACTIONS[word])(rest)
            self._expect_no_more()
        except _ClientGone:
            pass
        except OSError as error:
            self._player.faults.append(f"{type(error).__name__}: {error}")
        finally:
            self._connection.close()

    def _say(self, line: str) -> None:
        self._send(line.encode("utf-8") + b"\r\n")

    def _say_piece(self, text: str) -> None:
        octets, _ = codecs.escape_decode(text.encode("latin-1"))
        self._send(octets)

    def _send(self, octets: bytes) -> None:
        try:
            self._connection.sendall(octets)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            raise _ClientGone from None

    def _hear(self, expected: str) -> None:
        self._hear_one_of_a_group(expected)
        if self._octets:
            heard = self._player.heard[-1]
            self._player.faults.append(f"{self._octets!r} came before the reply to {heard!r}")

    def _hear_one_of_a_group(self, expected: str) -> None:
        while b"\n" not in self._octets:
            self._octets += self._receive()
        line, self._octets = self._octets.split(b"\n", 1)
        heard = line.decode("utf-8").rstrip("\r")
        self._player.heard.append(heard)
        if not line.endswith(b"\r"):
            self._player.faults.append(f"bare LF after {heard!r}")
        if heard != expected:
            self._player.faults.append(f"heard {heard!r} instead of {expected!r}")

    def _hear_message(self, _: str) -> None:
        while not self._octets.endswith(b"\r\n.\r\n"):
            self._octets += self._receive()
        self._player.messages.append(self._octets.removesuffix(b".\r\n"))
        self._player.deliver(self._player.messages[-1])
        self._octets = b""

    def _receive(self) -> bytes:
        try:
            octets = self._connection.recv(65536)
        except (ConnectionResetError, ssl.SSLError):
            raise _ClientGone from None
        if not octets:
            raise _ClientGone
        return octets

    def _await(self, _: str) -> None:
        self._player.heard.append((self._octets or self._receive()).decode("latin-1"))
        self._octets = b""

    def _start_tls(self, _: str) -> None:
        assert self._tls is not None, "the transcript has TLS, but there is no certificate"

        def note_sni(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
            self._player.sni = name

        self._tls.sni_callback = note_sni
        try:
            self._connection = self._tls.wrap_socket(self._connection, server_side=True)
        except ssl.SSLError:
            raise _ClientGone from None

    def _say_past_tls(self, line: str) -> None:
        with socket.socket(fileno=self._connection.detach()) as below:
            below.sendall(line.encode("utf-8") + b"\r\n")
        raise _ClientGone

    def _silence(self, _: str) -> None:
        while True:
            self._player.heard.append(self._receive().decode("latin-1"))

    def _drip(self, text: str) -> None:
        octets, _ = codecs.escape_decode(text.encode("latin-1"))
        for octet in octets * 1000:
            self._send(bytes((octet,)))
            sleep(0.05)

    def _flood(self, line: str) -> None:
        while True:
            self._send(line.encode("latin-1") + b"\r\n")

    def _flood_pieces(self, text: str) -> None:
        octets, _ = codecs.escape_decode(text.encode("latin-1"))
        while True:
            self._send(octets * 1000)

    def _close(self, _: str) -> None:
        self._connection.close()
        raise _ClientGone

    def _reset(self, _: str) -> None:
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._close("")

    def _half_close(self, _: str) -> None:
        try:
            self._connection.shutdown(socket.SHUT_WR)
        except OSError:
            raise _ClientGone from None

    def _pause(self, _: str) -> None:
        self._connection.settimeout(0.05)
        try:
            self._octets += self._receive()
            self._player.faults.append(f"{self._octets!r} came though the reply was not over")
        except TimeoutError:
            pass
        finally:
            self._connection.settimeout(_PATIENCE)

    def _expect_no_more(self) -> None:
        """After the last line, which usually answers QUIT, the client has to leave."""
        if not isinstance(self._connection, ssl.SSLSocket):
            self._half_close("")
        if self._octets or (rest := self._receive()):
            self._player.faults.append(f"{self._octets or rest!r} came after the end")
