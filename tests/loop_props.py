"""What the scenes of check_smtp_loop need besides a server: mailboxes, state files, a password.

Rule: words in capitals among the arguments stand for them. MAILDIR is a Maildir where the
messages of the scene arrive, JUNK one where all of them are junk, STAMPED one where they get
headers on top; in EMPTY nothing arrives. STATE is a new state file, DAMAGED one that cannot be
read; OLD knows of a message of two hours ago. SECRET is a file with a password, IMAP the port of a
server that refuses it.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from tests.imap_server import ImapServer

STAMP = (
    b"Authentication-Results: mx.example.com;\r\n spf=softfail smtp.mailfrom=example.net;\r\n"
    b" dkim=fail header.d=example.net; dmarc=fail header.from=example.net\r\n"
)


class Props(NamedTuple):
    """The arguments with everything in place, what happens to a message, the state file."""

    given: list[str]
    deliver: Callable[[bytes], None]
    state: Path

    def age(self, seconds: float) -> None:
        """Make what the state file knows older."""
        content = json.loads(self.state.read_text(encoding="ascii"))
        for messages in content["loops"].values():
            for each in messages:
                each["sent"]["wall"] -= seconds
                each["sent"]["monotonic"] -= seconds
        self.state.write_text(json.dumps(content), encoding="ascii")


@contextmanager
def props(given: list[str], parent: Path) -> Iterator[Props]:
    """The things that these arguments name, below a folder."""
    folder = Path(mkdtemp(dir=parent))
    maildir, state, secret = folder / "Maildir", folder / "state", folder / "secret"
    for name in ("new", "cur", ".Junk/new", ".Junk/cur"):
        (maildir / name).mkdir(parents=True)
    secret.touch(0o600)
    secret.write_text("correct horse", encoding="ascii")
    if "DAMAGED" in given:
        state.write_text("{", encoding="ascii")

    def deliver(message: bytes) -> None:
        if "EMPTY" in given:
            return
        inbox = maildir / (".Junk/new" if "JUNK" in given else "new")
        (inbox / str(len(list(inbox.iterdir())))).write_bytes(
            (STAMP if "STAMPED" in given else b"") + message
        )

    places = dict.fromkeys(("MAILDIR", "JUNK", "STAMPED", "EMPTY"), str(maildir))
    places |= dict.fromkeys(("STATE", "DAMAGED", "OLD"), str(state))
    places |= {"SECRET": str(secret)}
    with ExitStack() as stack:
        if "IMAP" in given:
            places["IMAP"] = str(stack.enter_context(ImapServer()).port)
        yield Props([places.get(each, each) for each in given], deliver, state)


def as_written(line: str) -> str:
    """A line as the page of the loop writes it."""
    line = re.sub(r"(?<=loop\.)[0-9a-f]{32}(?=@)", "HEX", line)
    line = re.sub(r"/\S+/state\b", "/var/lib/nagios/smtp-loop", line)
    line = re.sub(r"/\S+/Maildir\b", "/var/mail/loop/Maildir", line)
    return re.sub(r"IMAP port [0-9]+", "IMAP port 993", line)
