"""A private Postfix to measure against, on addresses of its own or in a namespace.

Rule: its configuration, queue and logs lie in a folder that is removed at the end, and only the
processes of this folder are ended. Needs root and Debian's package; no mail leaves it.
"""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import chown
from tempfile import TemporaryDirectory

import trustme

from bench.peers import Where

NAME = "mail.example.test"

_PATIENCE = 20.0

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = {name}
mydestination =
local_recipient_maps =
local_transport = error:no local delivery
default_transport = error:no outbound mail
inet_interfaces = {interfaces}
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
disable_dns_lookups = yes
alias_maps =
alias_database =
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
default_process_limit = 150
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/certificate.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_relay_restrictions = reject_unauth_destination
"""

# Processes stay, so that no start of one is measured.
_MASTER = """
{plain} inet n - n - 150 smtpd -o max_use=1000000 -o max_idle=3600s
{implicit} inet n - n - 150 smtpd -o max_use=1000000 -o max_idle=3600s -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def running(address: str, prefix: Sequence[str] = (), interfaces: str = "") -> Iterator[Where]:
    """Run it on this address; `prefix` is a command that starts commands (nsenter).

    `interfaces` are the addresses to listen on, if there are more. RuntimeError if it does not
    start.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        ports = _free_ports()
        where = _set_up(folder, address, ports, interfaces or address)
        postfix = (*prefix, "/usr/sbin/postfix", "-c", str(folder / "conf"))
        _must(*postfix, "start")
        try:
            _wait_for(where, prefix)
            yield where
        finally:
            _must(*postfix, "stop")


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _set_up(folder: Path, address: str, ports: tuple[int, int], interfaces: str) -> Where:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    leaf = authority.issue_cert(NAME, address, key_type=trustme.KeyType.ECDSA)
    for number, blob in enumerate(leaf.cert_chain_pems):
        blob.write_to_path(folder / "certificate.pem", append=bool(number))
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for each in ("conf", "spool", "data"):
        (folder / each).mkdir()
    chown(folder / "data", "postfix")
    main = _MAIN.format(folder=folder, name=NAME, interfaces=interfaces)
    (folder / "conf/main.cf").write_text(main, encoding="ascii")
    master = _MASTER.format(plain=ports[0], implicit=ports[1])
    (folder / "conf/master.cf").write_text(master.lstrip(), encoding="ascii")
    return Where(address, *ports, NAME, str(folder / "ca.pem"))


def _wait_for(where: Where, prefix: Sequence[str]) -> None:
    """Wait until it greets on its first port; in a namespace only those inside can ask."""
    ask = f"exec 3<>/dev/tcp/{where.address}/{where.plain} && read -t 5 line <&3"
    deadline = time.monotonic() + _PATIENCE
    while subprocess.run(  # noqa: S603 - the command is ours
        [*prefix, "bash", "-c", ask], capture_output=True, check=False
    ).returncode:
        if time.monotonic() > deadline:
            raise RuntimeError("Postfix does not greet")
        time.sleep(0.1)


def _must(*command: str) -> None:
    done = subprocess.run(  # noqa: S603 - the command is ours
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {(done.stdout + done.stderr).strip()}")
