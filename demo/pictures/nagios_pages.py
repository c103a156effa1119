"""Nagios' own pages about mail servers that are well and that are not: docs/pictures/nagios-*.png.

Rule: the commands and services are those of contrib/, the servers are real Exims, the pages come
from Nagios' CGI programs, and a browser takes the pictures.
"""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image, ImageChops

from demo.pictures import network
from demo.pictures.exim import PACKAGE as EXIM_PACKAGE
from demo.pictures.exim import WELL, Exim
from tests import chains
from tests.engines import nagios4
from tests.engines.debian import missing
from tests.engines.nagios4 import Nagios4

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs/pictures"

_SERVICES = ("mx banner", "mx EHLO", "mx STARTTLS", "mx certificate")


class Server(NamedTuple):
    """A mail server: name, address, the states of its services, settings, and its certificate."""

    name: str
    address: str
    states: tuple[int, ...]
    settings: str = WELL
    days_left: float = 60.5


_SERVERS = (
    Server("mail.example.com", "192.0.2.25", (0, 0, 0, 0)),
    Server("mail2.example.com", "192.0.2.26", (0, 0, 0, 2), days_left=-2),
    Server(
        "mail3.example.com",
        "192.0.2.27",
        (1, 2, 2, 2),
        settings="tls_advertise_hosts =\nsmtp_banner = " + "*" * 20,
    ),
    Server(
        "mail4.example.com", "192.0.2.28", (2, 2, 2, 2), settings=f"{WELL}\nsmtp_accept_max = 1"
    ),
)
_FULL = _SERVERS[-1]
"""The one that turns everybody away, because somebody else has its only session."""

_HOST = """
define host {{
	use			generic-host
	host_name		{server.name}
	address			{server.address}
	hostgroups		smtp-mx
	check_command		check-host-alive
	max_check_attempts	3
	contact_groups		admins
}}
"""


class Picture(NamedTuple):
    """A page of Nagios: the program, what it is asked, and how much is shown of its height."""

    name: str
    program: str
    query: str
    height: int


_EXPIRED = "host=mail2.example.com&service=mx+certificate"
_PICTURES = (
    Picture("nagios-services", "status.cgi", "host=all&limit=0", 1400),
    Picture("nagios-service", "extinfo.cgi", f"type=2&{_EXPIRED}", 584),
)
_WIDTH = 1000
_SCALE = 1.6
_MARGIN = 16
_COLOURS = 64


def objects(ca_file: Path) -> str:
    """The object definitions: contrib's, with our hosts in the place of its host."""
    folder = ROOT / "contrib/nagios"
    services = (folder / "services-example.cfg").read_text(encoding="utf-8")
    services = re.sub(r"^define host \{.*?^\}\n", "", services, flags=re.DOTALL | re.MULTILINE)
    services = services.replace("--servername", f"--ca-file {ca_file} --servername")
    hosts = "".join(_HOST.format(server=server) for server in _SERVERS)
    return (folder / "check_smtp.cfg").read_text(encoding="utf-8") + services + hosts


@contextmanager
def web(nagios: Nagios4) -> Iterator[str]:
    """A web server for Nagios' pages, as its package sets one up; the address it is found at."""

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path.endswith(".cgi"):
                head, _, page = nagios.answer(path.rpartition("/")[2], query).partition(b"\n\n")
                self.wfile.write(b"HTTP/1.0 200 OK\r\n" + head + b"\r\n\r\n" + page)
            else:
                super().do_GET()

        def translate_path(self, path: str) -> str:
            path = path.partition("?")[0].removeprefix("/nagios4")
            base = (
                "/etc/nagios4" if path.startswith("/stylesheets/") else "/usr/share/nagios4/htdocs"
            )
            return base + path

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def photograph(address: str, picture: Picture) -> Path:
    """Take the picture of a page with Chromium, without the empty space below it; the file."""
    file = FOLDER / f"{picture.name}.png"
    with TemporaryDirectory() as profile:
        command = [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            f"--window-size={_WIDTH},{picture.height}",
            f"--force-device-scale-factor={_SCALE}",
            f"--screenshot={file}",
            f"{address}/cgi-bin/nagios4/{picture.program}?{picture.query}",
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(file) as taken:
        page = taken.convert("RGB")
    empty = Image.new("RGB", page.size, "white")
    _, _, _, bottom = ImageChops.difference(page, empty).getbbox() or (0, 0, 0, page.height)
    page.crop((0, 0, page.width, min(bottom + _MARGIN, page.height))).save(file)
    squeeze = ["pngquant", "--force", "--strip", "--ext=.png", str(_COLOURS), str(file)]
    subprocess.run(squeeze, check=True)
    return file


def take() -> list[Path]:
    """Start servers and Nagios, let it be sure of every state, and take the pictures."""
    network.leave_for(*(server.address for server in _SERVERS))
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        chains.written(folder / "ca.pem", chains.ROOT)
        exims = [_exim(folder, server) for server in _SERVERS]
        (folder / "nagios").mkdir()
        plugins = Path(sys.executable).parent
        nagios = Nagios4(folder / "nagios", plugins, objects(folder / "ca.pem"))
        try:
            for exim in exims:
                exim.start()
            occupier = _only_session(_FULL.address)
            nagios.start()
            for server in _SERVERS:
                for _ in range(4):
                    found = nagios.check(server.name, list(_SERVICES))
                # the picture must show what is told about it
                assert found == [(state, True) for state in server.states], (server, found)
            with occupier, web(nagios) as address:
                return [photograph(address, picture) for picture in _PICTURES]
        finally:
            nagios.stop()
            for exim in exims:
                exim.stop()


def _only_session(address: str) -> socket.socket:
    """A session that the server has greeted; it may first have to forget the one before."""
    while True:
        session = socket.create_connection((address, 25), timeout=10)
        if session.recv(4) == b"220 ":
            return session
        session.close()


def _exim(folder: Path, server: Server) -> Exim:
    leaf = chains.ending(server.days_left)._replace(name=server.name, names=(server.name,))
    return Exim(folder / server.name, server.name, server.address, server.settings, leaf)


def main() -> int:
    """Take the pictures: 0, or 1 where something is missing."""
    needed = (EXIM_PACKAGE, nagios4.PACKAGE, nagios4.PAGES_PACKAGE)
    reason = missing(*needed, "chromium", "fonts-liberation", "iproute2", "pngquant")
    reason = reason or network.denied()
    if reason:
        print(reason, file=sys.stderr)
        return 1
    for file in take():
        print(f"{file}: {file.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
