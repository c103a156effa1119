"""The other side of an engine: a TLS server over memory BIOs, octets carried by hand."""

import ssl

from check_smtp_core.engine import Engine


class Server:
    """The server's side of a TLS session over memory BIOs."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def answer(self, octets: bytes) -> bytes:
        """Take octets in a handshake and return what is to go back, an alert too."""
        self.incoming.write(octets)
        try:
            self.tls.do_handshake()
        except ssl.SSLError:
            pass
        return self.outgoing.read()

    def say(self, octets: bytes) -> bytes:
        """What goes over the wire for these octets."""
        self.tls.write(octets)
        return self.outgoing.read()


def shake_hands(engine: Engine, server: Server) -> None:
    """Carry a handshake to its end. SessionEnded where it fails."""
    while not engine.handshake():
        engine.feed(server.answer(engine.drain()))
    engine.feed(server.answer(engine.drain()))
