"""A master and an agent: the agent runs the checks, the master shows what they said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.engines.cases import STATES, Case
from tests.engines.conftest import contrib, free_port
from tests.engines.debian import need
from tests.engines.icinga2 import PACKAGE, Icinga2
from tests.engines.icinga2_services import assert_shown, case_services
from tests.engines.mail_servers import MailServers

MASTER, AGENT = "monitor.example.com", "agent.example.com"


@pytest.fixture(scope="module")
def master(
    tmp_path_factory: pytest.TempPathFactory, plugins: Path, servers: MailServers
) -> Iterator[Icinga2]:
    need(PACKAGE)
    folder = tmp_path_factory.mktemp("cluster")
    authority = trustme.CA()
    ports = {MASTER: free_port(), AGENT: free_port()}
    zones = contrib("icinga/zones.conf")
    for name, address in ((MASTER, "192.0.2.10"), (AGENT, "192.0.2.26")):
        here = f'host = "127.0.0.1"\n\tport = {ports[name]}'
        zones = zones.replace(f'host = "{address}"', here)
    shared = "\n".join([zones, contrib("icinga/check_smtp.conf")])
    nodes = [
        Icinga2(folder, name, port, authority, plugins, shared) for name, port in ports.items()
    ]
    example = contrib("icinga/services.conf").replace(
        'address = "192.0.2.25"', f'address = "127.0.0.1"\n\tvars.agent_endpoint = "{AGENT}"'
    )
    nodes[0].add_to_zone("master", "\n".join([case_services(STATES, servers, AGENT), example]))
    for node in nodes:
        code, words = node.validate()
        assert code == 0, words
        node.start()
    nodes[0].wait_for_endpoint(AGENT)
    yield nodes[0]
    for node in nodes:
        node.stop()


@pytest.mark.parametrize("case", STATES, ids=lambda case: case.name)
def test_the_master_shows_what_the_check_said_on_the_agent(
    master: Icinga2, servers: MailServers, plugins: Path, case: Case
) -> None:
    result = master.check(f"mx!{case.name}")
    assert result.source == AGENT
    assert_shown(result, case, servers, plugins)


def test_the_example_services_run_on_the_agent_that_the_host_names(
    master: Icinga2, servers: MailServers
) -> None:
    name = "mail.example.com!smtp-banner-mx"
    master.set_variables(name, smtp_port=servers.ports["smtp"])
    result = master.check(name)
    assert (result.state, result.source) == (0, AGENT)
