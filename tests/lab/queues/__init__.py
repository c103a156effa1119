"""The mail hosts whose queues are checked: which releases, and what belongs to each kind.

Rule: a kind is a folder here, with what is laid over its root; `start` sets it up, and makes
/ready when its queue can be listed.
"""

RELEASES = {
    "postfix": ("bookworm", "trixie"),
    "exim": ("bookworm", "trixie"),
    "sendmail": ("bookworm", "trixie"),
    "opensmtpd": ("trixie",),
}
"""Those whose Python is new enough for the check, and whose mail systems are in the lab."""

PACKAGES = ("python3", "faketime")
"""What the check and the tests need of a release, beside the mail systems."""

PROGRAMS = {
    "postfix": "/usr/sbin/postqueue",
    "exim": "/usr/sbin/exim4",
    "sendmail": "/usr/libexec/sendmail/sendmail",
    "opensmtpd": "/usr/sbin/smtpctl",
}
"""A release has most of them: those of other kinds of hosts are taken away."""

USERS = {
    "postfix": ("postfix", "postdrop"),
    "exim": ("Debian-exim",),
    "sendmail": ("smmta", "smmsp"),
    "opensmtpd": ("opensmtpd", "opensmtpq"),
}
"""What the packages would have made."""
