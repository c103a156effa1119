"""The mail servers that the engines' checks talk to: the demo server, and broken ones.

Rule: a server has a name, by which the cases ask for its port; each broken one is a transcript.
"""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from demo.server import running
from tests.engines.queues import write_queues
from tests.player import Player

HOSTILE_GREETING = (
    r"220 mx|load=99;1;2 <script>alert(1)</script> $(reboot) `id` $HOSTADDRESS$ %s ; \x1b[31mred"
    r"\x00\x07\xe2\x80\xae\xff\xc2\x9b \r{}"
)

_MANY_LINES = r"220-mail.example.com says a lot of words in every line of it\r\n" * 300

_BROKEN = {
    "gone": "CLOSE",
    "silent": "SILENCE",
    "plain": """
        S: 220 mail.example.com ESMTP
        C: EHLO monitor.example
        S: 250-mail.example.com
        S: 250 SIZE 1000000
        C: QUIT
        S: 221 bye
        """,
    "hostile greeting": rf"""
        S> {HOSTILE_GREETING}\r\n
        C: QUIT
        S: 221 bye
        """,
    "hostile refusal": """
        S: 554 go away & touch TOUCHED; touch TOUCHED & echo
        C: QUIT
        S: 221 bye
        """,
    "hostile extensions": r"""
        S: 220 mail.example.com ESMTP
        C: EHLO monitor.example
        S> 250-mail.example.com\r\n250-X|x=1 <b>$(id)`id`\x1b]0;title\x07\r\n250 SIZE 10\r\n
        C: QUIT
        S: 221 bye
        """,
    "long line": f"""
        S: 220 {"A" * 20000}
        C: QUIT
        S: 221 bye
        """,
    "many lines": f"""
        S> {_MANY_LINES}
        S: 220 the end
        C: QUIT
        S: 221 bye
        """,
}


class MailServers(NamedTuple):
    """The ports of the running servers by name, what the demo has in files, and the queues.

    These files are its authority, a password and a Maildir. The server without a name, and without
    a port, is the machine itself.
    """

    ports: dict[str, int]
    ca_file: str
    password_file: str
    maildir: str
    queues: str

    @property
    def files(self) -> dict[str, str]:
        """The files and folders by the words that stand for them in a case."""
        return {
            "CA": self.ca_file,
            "PASSWORD": self.password_file,
            "MAILDIR": self.maildir,
            "QUEUE": self.queues,
        }


@contextmanager
def mail_servers(tls: ssl.SSLContext | None = None) -> Iterator[MailServers]:
    """All servers, until the end of the block."""
    with ExitStack() as stack:
        demo = stack.enter_context(running())
        ports = {name: port for name, port in demo._asdict().items() if isinstance(port, int)}
        ports[""] = 0
        for name, transcript in _BROKEN.items():
            ports[name] = stack.enter_context(Player(transcript, tls)).port
        queues = stack.enter_context(TemporaryDirectory())
        write_queues(Path(queues))
        yield MailServers(ports, demo.ca_file, demo.password_file, demo.maildir, queues)
