"""check_smtp_queue on real mail hosts: queues that are empty, old, on hold, long or forbidden.

A story is what happens to a host, step by step, and what the check says after each step. Mail
waits because its next host, 127.0.0.1:9, refuses connections. An old message is made so: its time
is changed where it lies, or the clock of the program that queues it. Nobody waits for an hour.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from check_smtp_core.findings import State
from tests.lab.conftest import Lab
from tests.lab.queue_host import USER, QueueHost
from tests.lab.queues import RELEASES

OK, WARNING, CRITICAL, UNKNOWN = State

_OLD = "queue-age: the oldest message waits 1 h 40 min (wanted: at most 1 h); "
_OLD_AGE = 6000
_CLOCK = f"LD_PRELOAD=$(ls /usr/lib/*/faketime/libfaketime.so.1) FAKETIME=-{_OLD_AGE}s"
_SEND = (
    "printf 'Subject: x\\n\\nhello\\n' | {} -f alice@example.com bob@example.net carol@example.org"
)
_MANY = "smtp-source {} -l 100 -f alice@example.com -t bob@example.net 127.0.0.1:@smtp@"


class Step(NamedTuple):
    """What happens, and what the check then says to a user who gives it these options.

    A line of `more` has to be among those of -v.
    """

    does: str
    state: State
    text: str
    user: str = USER
    options: str = ""
    more: str = ""


_POSTFIX = (
    Step("", OK, "Postfix: the queue is empty"),
    Step(
        _SEND.format("sendmail")
        + """
        until postqueue -j | grep -q delay_reason; do sleep 0.1; done""",
        OK,
        "Postfix: 1 message, the oldest waits T (deferred 1)",
        options="-v",
        more="reason of 2 recipients: connect to [IP][IP]:9: Connection refused",
    ),
    Step(
        # the time stands in the file, in a record of ten digits
        f"""
        file=$(find /var/spool/postfix/deferred -type f)
        time=$(postqueue -j | sed 's/.*"arrival_time": \\([0-9]*\\).*/\\1/')
        sed -i "s/$time/$((time - {_OLD_AGE}))/" $file
        chown postfix $file""",
        WARNING,
        f"{_OLD}Postfix: 1 message, the oldest waits 1 h 40 min (deferred 1)",
    ),
    Step(
        "postsuper -h ALL",
        OK,
        "Postfix: 1 message, on hold (hold 1)",
    ),
    Step(
        # what is left in incoming is what a dead queue manager leaves
        f"postconf -M# qmgr/unix && postfix reload && {_MANY.format('-d -m 10000 -s 4')}",
        OK,
        "Postfix: 10001 messages, the oldest waits T (incoming 10000, hold 1)",
    ),
    Step(
        "",
        CRITICAL,
        "queue-length: 10000 messages in incoming (wanted: at most 1000); Postfix: 10001 "
        "messages, "
        "the oldest waits T (incoming 10000, hold 1)",
        options="--queue-critical incoming=1000",
    ),
    Step(
        "postconf -e authorized_mailq_users=root",
        UNKNOWN,
        'local: nagios may not list the queue of Postfix: "postqueue: fatal: User nagios(900) is '
        "not "
        'allowed to view the mail queue" (authorized_mailq_users in main.cf says who may)',
    ),
    Step(
        "",
        OK,
        "Postfix: 10001 messages, the oldest waits T (incoming 10000, hold 1)",
        user="root",
    ),
    Step(
        "postconf -X authorized_mailq_users && postfix stop",
        CRITICAL,
        'mail-system: Postfix does not run: "postqueue: fatal: Queue report unavailable - mail '
        "system "
        'is down (Connect to the Postfix showq service: Connection re..."',
    ),
    Step(
        "",
        CRITICAL,
        'mail-system: Postfix does not run: "postqueue: warning: Mail system is down -- accessing '
        'queue directly (Connect to the Postfix showq service: Connection..."; Postfix: 10001 '
        "messages, the oldest waits T (incoming 10000, hold 1)",
        user="root",
    ),
    Step(
        "mv /former/exim4 /usr/sbin",
        UNKNOWN,
        "local: Postfix and Exim are installed here, and none seems to run: say with --mta which "
        "one "
        "is meant",
    ),
    Step(
        "rm /usr/sbin/exim4 /usr/sbin/postqueue",
        UNKNOWN,
        "local: no Postfix, Exim, Sendmail or OpenSMTPD is installed here (--command names a "
        "program "
        "elsewhere)",
    ),
)

_EXIM = (
    Step(
        "",
        UNKNOWN,
        'local: nagios may not list the queue of Exim: "exim: permission denied@NOT_ADMIN@" '
        "(queue_list_requires_admin = false lets everybody)",
    ),
    Step("", OK, "Exim: the queue is empty", user="root"),
    Step(
        "echo 'queue_list_requires_admin = false' > /etc/exim4/permission.conf",
        OK,
        "Exim: the queue is empty",
    ),
    Step(
        f"{_CLOCK} bash -c '{_SEND.format('exim4 -odq').replace(chr(39), chr(34))}'",
        WARNING,
        f"{_OLD}Exim: 1 message, the oldest waits 1 h 40 min (waiting 1)",
        options="-v",
        more="domain of 1 recipient: example.net",
    ),
    Step(
        "exim4 -Mf $(exim4 -bpr | sed -n '1s/.* \\(\\S*\\) <.*/\\1/p')",
        OK,
        "Exim: 1 message, on hold (frozen 1)",
    ),
    Step(
        # one process makes no more than 200 names in a second (before 4.97)
        """
        for number in $(seq 500); do
          echo 'MAIL FROM:<alice@example.com>'
          echo 'RCPT TO:<bob@example.net>'
          printf 'DATA\\nSubject: x\\n\\nhello\\n.\\n'
        done > /batch
        for number in $(seq 20); do exim4 -odq -bS < /batch & done
        wait""",
        OK,
        "Exim: 10001 messages, the oldest waits T (waiting 10000, frozen 1)",
    ),
    Step(
        # that of another was left here, and does not run
        "mv /former/postqueue /usr/sbin",
        OK,
        "Exim: 10001 messages, the oldest waits T (waiting 10000, frozen 1)",
    ),
    Step(
        "rm /usr/sbin/postqueue; kill $(pgrep -o -x exim4); while pgrep -x exim4; do sleep 0.1; "
        "done",
        CRITICAL,
        "mail-system: Exim does not run: none of its processes runs here; Exim: 10001 messages, "
        "the "
        "oldest waits T (waiting 10000, frozen 1)",
    ),
)

_SENDMAIL = (
    Step(
        "",
        UNKNOWN,
        'local: nagios may not list the queue of Sendmail: "Program mode requires special '
        "privileges, "
        'e.g., root or TrustedUser. can not chdir(/var/spool/mqueue/): Permission de..." (the '
        "queue's folder and PrivacyOptions=restrictmailq say who may)",
    ),
    Step("", OK, "Sendmail: the queue is empty", user="root"),
    Step(
        _SEND.format("/usr/libexec/sendmail/sendmail -Am -odq")
        + "\n"
        + _SEND.format(
            "chroot --userspec=nagios:nagios / /usr/libexec/sendmail/sendmail -Ac -odq"
        ),
        OK,
        "Sendmail: 2 messages, the oldest waits T (mta 1, msp 1)",
        user="root",
        options="-v",
        more="reason of 4 recipients: host map: lookup (example.com): deferred",
    ),
    Step(
        f"""
        sed -i "s/^T[0-9]*/T$(($(date +%s) - {_OLD_AGE + 59}))/" /var/spool/mqueue/q?/qf*""",
        WARNING,
        "queue-age: the oldest message waits 1 h T (wanted: at most 1 h); Sendmail: 2 messages, "
        "the "
        "oldest waits 1 h T (mta 1, msp 1)",
        user="root",
    ),
    Step(
        "/usr/libexec/sendmail/sendmail -Qtesting -qI$(basename /var/spool/mqueue/q?/qf* | cut "
        "-c3-)",
        OK,
        "Sendmail: 2 messages, the oldest waits T (msp 1, quarantined 1)",
        user="root",
    ),
    Step(
        _MANY.format("-d -m 2000 -s 4"),
        OK,
        "Sendmail: 2002 messages, the oldest waits T (mta 2000, msp 1, quarantined 1)",
        user="root",
    ),
    Step(
        "kill $(head -1 /run/sendmail/mta.pid); while pgrep -x sendmail; do sleep 0.1; done",
        CRITICAL,
        "mail-system: Sendmail does not run: none of its processes runs here; Sendmail: 2002 "
        "messages, the oldest waits T (mta 2000, msp 1, quarantined 1)",
        user="root",
    ),
)

_OPENSMTPD = (
    Step(
        "",
        UNKNOWN,
        'local: nagios may not list the queue of OpenSMTPD: "smtpctl: need root privileges" (only '
        "root may)",
    ),
    Step("", OK, "OpenSMTPD: the queue is empty", user="root"),
    Step(
        f"smtpctl pause mta; {_SEND.format('/tools/sendmail')}",
        OK,
        "OpenSMTPD: 1 message, the oldest waits T (pending 1)",
        user="root",
        options="-v",
        more="domain of 1 recipient: example.net",
    ),
    Step(
        "smtpctl pause envelope $(smtpctl show queue | head -1 | cut -c1-8)",
        OK,
        "OpenSMTPD: 1 message, on hold (suspended 1)",
        user="root",
    ),
    Step(
        f"for number in $(seq 200); do {_SEND.format('/tools/sendmail')}; done",
        OK,
        "OpenSMTPD: 201 messages, the oldest waits T (pending 200, suspended 1)",
        user="root",
    ),
    Step(
        # it lists its files by itself then
        f"""
        kill $(pgrep -o -x smtpd); while pgrep -x smtpd; do sleep 0.1; done
        file=$(find /var/spool/smtpd/queue -type f -name '????????????????' | head -1)
        sed -i "s/^ctime: .*/ctime: $(($(date +%s) - {_OLD_AGE}))/" $file""",
        CRITICAL,
        "mail-system: OpenSMTPD does not run: none of its processes runs here; queue-age: the "
        "oldest "
        "message waits 1 h 40 min (wanted: at most 1 h); OpenSMTPD: 201 messages, the oldest "
        "waits "
        "1 h 40 min (offline 201)",
        user="root",
    ),
)

STORIES = {"postfix": _POSTFIX, "exim": _EXIM, "sendmail": _SENDMAIL, "opensmtpd": _OPENSMTPD}


@pytest.fixture(params=[f"{kind} {release}" for kind in STORIES for release in RELEASES[kind]])
def told(lab: Lab, request: pytest.FixtureRequest) -> Iterator[tuple[QueueHost, str, str]]:
    kind, release = request.param.split()
    host = lab.queue_host(kind, release)
    yield host, kind, release
    host.stop()


def test_a_story(told: tuple[QueueHost, str, str]) -> None:
    host, kind, release = told
    # Exim says more since 4.98, which becomes a comma in our quotation
    admin = ", not admin" if release == "trixie" else ""
    for step in STORIES[kind]:
        host.shell(step.does.replace("@smtp@", str(host.port)))
        code, output = host.check(step.user, "-t", "30", *step.options.split())
        first, *more = output.split("\n")
        line = f"SMTP_QUEUE {step.state.name} - {step.text.replace('@NOT_ADMIN@', admin)}"
        assert equalled(first) == line, step
        assert code == step.state
        assert step.more in ("", *more)


def equalled(line: str) -> str:
    """A status line without its perfdata, with ages under an hour made equal."""
    text = line.partition(" | ")[0]
    text = re.sub(r"(?<=waits )\d+ (?:s|min)\b", "T", text)
    return text if "Sendmail" not in text else re.sub(r"(?<=1 h )\d+ min", "T", text)
