"""A network of its own: addresses, names, and what a firewall and routes do to them.

Rule: everything lies in two namespaces (network and mounts) that end with the process that holds
them; nothing of this machine is changed, and its own network is not in reach.
"""

import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.network.signed_zone import signed_zone

_HOLD = "echo ready; exec cat"
_SERVER = Path(__file__).with_name("smtp_server.py")
_PATIENCE = 60.0

ADDRESSES = (
    *(f"192.0.2.{number}/32" for number in (1, 66, 67, 68, 69, 70)),
    *(f"2001:db8::{number}/128" for number in (1, 66, 67)),
)
"""All of them are this machine's, so that routes need no second one."""

FIREWALL = """
table inet faults {
	chain input {
		type filter hook input priority 0
		ip daddr 192.0.2.66 drop
		ip6 daddr 2001:db8::66 drop
		ip daddr 192.0.2.67 tcp dport 25 reject with tcp reset
		ip6 daddr 2001:db8::67 tcp dport 25 reject with tcp reset
		ip daddr 192.0.2.68 tcp dport 25 reject with icmp host-unreachable
		ip daddr 192.0.2.69 numgen inc mod 5 == 4 drop
		ip saddr 192.0.2.70 meta length > 200 drop
	}
}
"""

ROUTES = (
    ("prohibit", "198.51.100.1"),
    ("unreachable", "198.51.100.2"),
    ("blackhole", "198.51.100.3"),
)

# What is not in a static zone does not exist; a zone that denies answers nothing at all; and
# nobody is there to be asked for the last one.
_UNBOUND = """
server:
	interface: 127.0.0.1@53
	access-control: 127.0.0.0/8 allow
	directory: "{folder}"
	chroot: ""
	username: ""
	pidfile: ""
	use-syslog: no
	logfile: ""
	verbosity: 1
	outbound-msg-retry: 1
	module-config: "validator iterator"
{anchors}
	local-zone: "example.test." static
{data}
	local-zone: "silent.test." deny
	local-zone: "refused.test." refuse
	local-zone: "servfail.test." transparent
	local-zone: "signed.test." transparent
	local-zone: "stale.test." transparent
remote-control:
	control-enable: no
forward-zone:
	name: "servfail.test."
	forward-addr: 198.51.100.1
{zones}
"""

_ZONE = """
auth-zone:
	name: "{origin}"
	zonefile: "{file}"
	for-downstream: no
	for-upstream: yes
	fallback-enabled: no
"""

SIGNED = {"signed.test.": timedelta(days=1), "stale.test.": timedelta(days=-7)}
"""Zones with the host `mail`, and when their signatures expire; unbound forgives a day."""

NAMES = {
    "mail": ("192.0.2.1", "2001:db8::1"),
    "v4": ("192.0.2.1",),
    "v6": ("2001:db8::1",),
    "deaf6": ("192.0.2.1", "2001:db8::66"),
    "refused6": ("192.0.2.1", "2001:db8::67"),
    "deaf4": ("192.0.2.66", "2001:db8::1"),
    "deaf": ("192.0.2.66", "2001:db8::66"),
    "both": ("192.0.2.67", "2001:db8::66"),
    "far6": ("2001:db8:ffff::1",),
    "far6-near4": ("192.0.2.1", "2001:db8:ffff::1"),
    "closed4": ("192.0.2.67",),
    "nothing": (),
}
"""The names below example.test, and their addresses."""

EXCHANGERS = {
    "well": ("10 mail", "20 v4"),
    "half": ("10 mail", "20 refused6"),
    "nolisting": ("10 closed4", "20 mail"),
    "dangling": ("10 nosuch", "20 v4"),
    "null": ("0 .",),
}
"""The domains below example.test, and the hosts there that take their mail."""


class Network:
    """A context manager: while it lasts, commands can be run inside."""

    def __init__(self) -> None:
        self._inside: tuple[str, ...] = ()
        self._cleanup = ExitStack()

    def __enter__(self) -> "Network":
        with ExitStack() as cleanup:
            folder = Path(cleanup.enter_context(TemporaryDirectory()))
            # It ends when its standard input does.
            holder = _start(cleanup, "unshare", "--net", "--mount", "sh", "-c", _HOLD)
            self._inside = ("nsenter", f"--target={holder.pid}", "--net", "--mount")
            self._set_up(folder)
            unbound = ("/usr/sbin/unbound", "-d", "-c", str(folder / "unbound.conf"))
            _start(cleanup, *self._inside, *unbound, ready="start of service")
            _start(cleanup, *self._inside, sys.executable, str(_SERVER))
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def run(self, *command: str) -> tuple[int, str]:
        """Exit code and standard output of a command inside; it must leave stderr alone."""
        done = subprocess.run(
            (*self._inside, *command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.stderr == "", done.stderr
        return done.returncode, done.stdout.removesuffix("\n")

    def _set_up(self, folder: Path) -> None:
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="ascii")
        zones, anchors = "", ""
        for origin, until in SIGNED.items():
            zone = signed_zone(origin, until)
            file = folder / origin
            file.write_text(zone.text, encoding="ascii")
            zones += _ZONE.format(origin=origin, file=file)
            anchors += f"\ttrust-anchor: '{zone.anchor}'\n"
        (folder / "unbound.conf").write_text(
            _UNBOUND.format(folder=folder, data=_data(), zones=zones, anchors=anchors),
            encoding="ascii",
        )
        (folder / "firewall").write_text(FIREWALL, encoding="ascii")
        self._must("mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf")
        self._must("ip", "link", "set", "lo", "up")
        for address in ADDRESSES:
            self._must("ip", "address", "add", address, "dev", "lo")
        for kind, address in ROUTES:
            self._must("ip", "route", "add", kind, address)
        self._must("/usr/sbin/nft", "--file", str(folder / "firewall"))

    def _must(self, *command: str) -> None:
        done = subprocess.run(
            (*self._inside, *command), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def _data() -> str:
    lines = []
    for name, addresses in NAMES.items():
        for address in addresses:
            kind = "AAAA" if ":" in address else "A"
            lines.append(f"local-data: '{name}.example.test. {kind} {address}'")
        lines.append(f"local-data: '{name}.example.test. TXT here'")
    for domain, records in EXCHANGERS.items():
        for record in records:
            rest = "" if record.endswith(".") else ".example.test."
            lines.append(f"local-data: '{domain}.example.test. MX {record}{rest}'")
    return "\n".join(lines)


def _start(cleanup: ExitStack, *command: str, ready: str = "ready") -> "subprocess.Popen[str]":
    """Start a process and wait for a line with this word; it ends with the clean-up."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    cleanup.callback(process.wait, _PATIENCE)
    cleanup.callback(process.terminate)
    assert process.stdin is not None
    assert process.stdout is not None
    cleanup.callback(process.stdout.close)
    cleanup.callback(process.stdin.close)
    said = []
    for line in process.stdout:
        said.append(line)
        if ready in line:
            return process
    raise RuntimeError(f"{' '.join(command)} did not start: {''.join(said)}")
