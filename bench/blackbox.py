"""What a probe costs blackbox_exporter, which is resident and started once.

Rule: its own processor time is read before and after some probes.
"""

import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from bench import installed
from bench.peers import Where

_PROBES = 50
_PATIENCE = 10.0
_CONFIGURATION = """
modules:
  smtp_starttls:
    prober: tcp
    timeout: 5s
    tcp:
      query_response:
        - expect: "^220 "
        - send: "EHLO bench.example\\r"
        - expect: "^250[ -]STARTTLS"
        - expect: "^250 "
        - send: "STARTTLS\\r"
        - expect: "^220"
        - starttls: true
        - send: "QUIT\\r"
      tls_config:
        ca_file: "{ca_file}"
        server_name: "{name}"
"""


def measure(where: Where) -> float:
    """Milliseconds of processor time for a probe of STARTTLS; 0 where it is not installed."""
    program = which("prometheus-blackbox-exporter", path=installed.ENVIRONMENT["PATH"])
    if program is None:
        return 0.0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "blackbox.yml"
        text = _CONFIGURATION.format(ca_file=where.ca_file, name=where.name)
        file.write_text(text, encoding="utf-8")
        command = [program, f"--config.file={file}", f"--web.listen-address=127.0.0.1:{port}"]
        with subprocess.Popen(  # noqa: S603 - the command is ours
            command, env=installed.ENVIRONMENT, stderr=subprocess.DEVNULL
        ) as process:
            try:
                return _cost(process.pid, port, where)
            finally:
                process.terminate()


def _cost(pid: int, port: int, where: Where) -> float:
    target = f"{where.address}:{where.plain}"
    url = f"http://127.0.0.1:{port}/probe?module=smtp_starttls&target={target}"
    _wait_for(url)
    before = _ticks(pid)
    for _ in range(_PROBES):
        if "\nprobe_success 1" not in _get(url):
            raise RuntimeError("a probe of blackbox_exporter failed")
    return (_ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / _PROBES * 1000


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            _get(url)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - our own
        text: str = answer.read().decode("utf-8")
    return text


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
