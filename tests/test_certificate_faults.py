"""docs/certificate-faults.md: what the check says of every fault is what it says today."""

import os
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import chains
from tests.chains import HOST
from tests.conftest import outcome, run_check
from tests.faults import FAULTS, Setup, combinations
from tests.listener import Listener

PAGE = Path(__file__).parent.parent / "docs" / "certificate-faults.md"
HEAD = """\
# What certificate faults look like

Each line is what `check_smtp_cert` prints, before its perfdata, about a server with this fault or
with these two; it is `192.0.2.25:465`, asked for by the name mail.example.com, and DATE stands for
a date. Findings whose state is OK are listed with `-v` only. A test makes the certificates, runs
the check on them and compares; `UPDATE_DOCS=1 pytest tests/test_certificate_faults.py` writes
this page anew.

"""


class Shop(Listener):
    """A server with implicit TLS that shows whichever certificate lies in its window."""

    context: ssl.SSLContext

    def answer(self, connection: socket.socket) -> None:
        with self.context.wrap_socket(connection, server_side=True) as tls:
            tls.sendall(b"220 mail.example.com ESMTP\r\n")
            tls.recv(100)
            tls.sendall(b"221 Bye\r\n")


class Row(NamedTuple):
    """One fault, and what the check makes of it."""

    fault: str
    findings: str
    state: str
    line: str

    def __str__(self) -> str:
        return f"| {' | '.join(self)} |\n"


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    with shop:
        yield shop


def row(shop: Shop, ca_file: Path, fault: str, setup: Setup) -> Row:
    shop.context = chains.server_context(setup.presented)
    chains.written(ca_file, *setup.anchors)
    arguments = ("-H", "127.0.0.1", "-p", str(shop.port), "--tls", "--servername", HOST, "-v")
    code, output = run_check("cert", *arguments, "--ca-file", str(ca_file))
    seen = outcome(code, output, shop.port)
    text = seen.text.replace("127.0.0.1:PORT", "192.0.2.25:465")
    # a machine that begins its tests late has less left
    text = re.sub(r"\b24 h \d+ min", "24 h 6 min", text)
    text = re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?", "DATE", text)
    names = [
        match[2] + (" (OK)" if match[1] == "OK" else "")
        for match in map(re.compile(r"([A-Z]+) ([a-z-]+): ").match, seen.lines[1:])
        if match
    ]
    state = text.split()[1]
    return Row(fault, ", ".join(f"`{each}`" for each in names) or "none", state, f"`{text}`")


def test_the_page_of_faults_shows_what_the_check_says(shop: Shop, tmp_path: Path) -> None:
    page = HEAD
    for title, faults in (("One fault", FAULTS), ("Two faults", combinations())):
        page += f"## {title}\n\n| fault | findings | state | line |\n|---|---|---|---|\n"
        for name, fault in faults.items():
            page += str(row(shop, tmp_path / "ca.pem", name, fault(Setup())))
        page += "\n"
    page = page.rstrip("\n") + "\n"
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page
