"""Postfix hands mail over to Dovecot by LMTP, and Dovecot shows it by IMAP: a whole way of mail.

What becomes of a message depends on its recipient: `lost` is dropped, `junk` is filed as junk,
`stamped` gets a header that says what SPF said of it.
"""

from tests.lab.server import Server

SERVERS = tuple(
    Server(
        kind="mail_loop",
        release=release,
        packages=("postfix", "dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "dovecot-sieve"),
        users=("postfix", "postdrop", "dovecot", "dovenull", "vmail"),
        ports=("smtp", "lmtp", "imap", "imaps"),
        ended="",
        told="",
        left="",
    )
    for release in ("bookworm", "trixie")
)
