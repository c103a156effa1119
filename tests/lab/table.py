"""The table of the lab: each case of each server."""

from importlib import import_module

from tests.lab.cases import Case
from tests.lab.server import Server

_KINDS = (
    *("postfix", "exim", "sendmail", "opensmtpd", "dovecot", "courier", "chasquid", "qpsmtpd"),
)

TABLE: tuple[tuple[Server, Case], ...] = tuple(
    (server, case)
    for module in (import_module(f"tests.lab.servers.{kind}") for kind in _KINDS)
    for server in module.SERVERS
    for case in module.cases(server)
)
SERVERS: tuple[Server, ...] = tuple(dict.fromkeys(server for server, _ in TABLE))
