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


class Cluster:
    """A master and its agent, by the zones of contrib/icinga."""

    def __init__(self, folder: Path, plugins: Path, shared: str) -> None:
        authority = trustme.CA()
        ports = {MASTER: free_port(), AGENT: free_port()}
        zones = contrib("icinga/zones.conf")
        for name, address in ((MASTER, "192.0.2.10"), (AGENT, "192.0.2.26")):
            here = f'host = "127.0.0.1"\n\tport = {ports[name]}'
            zones = zones.replace(f'host = "{address}"', here)
        configuration = "\n".join([zones, shared])
        self.master, self.agent = (
            Icinga2(folder, name, port, authority, plugins, configuration)
            for name, port in ports.items()
        )

    def __enter__(self) -> "Cluster":
        for node in (self.master, self.agent):
            code, words = node.validate()
            assert code == 0, words
            node.start()
        self.master.wait_for_endpoint(AGENT)
        return self

    def __exit__(self, *_: object) -> None:
        self.master.stop()
        self.agent.stop()


@pytest.fixture(scope="module")
def master(
    tmp_path_factory: pytest.TempPathFactory, plugins: Path, servers: MailServers
) -> Iterator[Icinga2]:
    need(PACKAGE)
    example = contrib("icinga/services.conf").replace(
        'address = "192.0.2.25"', f'address = "127.0.0.1"\n\tvars.agent_endpoint = "{AGENT}"'
    )
    commands = contrib("icinga/check_smtp.conf")
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), plugins, commands)
    services = [case_services(STATES, servers, AGENT), example]
    cluster.master.add_to_zone("master", "\n".join(services))
    with cluster:
        yield cluster.master


@pytest.mark.parametrize("case", STATES, ids=lambda case: case.name)
def test_the_master_shows_what_the_check_said_on_the_agent(
    master: Icinga2, servers: MailServers, plugins: Path, case: Case
) -> None:
    result = master.check(f"mx!{case.name}")
    assert result.source == AGENT
    assert_shown(result, case, servers, plugins)


@pytest.mark.parametrize("check", ["banner", "ehlo", "starttls", "cert"])
def test_the_example_services_run_on_the_agent_that_the_host_names(
    master: Icinga2, servers: MailServers, check: str
) -> None:
    name = f"mail.example.com!smtp-{check}-mx"
    master.set_variables(name, smtp_port=servers.ports["smtp"], smtp_cert_ca_file=servers.ca_file)
    result = master.check(name)
    assert (result.state, result.source) == (0, AGENT)


def test_an_agent_gets_the_commands_from_the_global_zone(
    tmp_path: Path, plugins: Path, servers: MailServers
) -> None:
    """It reloads when it has them, and is away for some seconds."""
    need(PACKAGE)
    cluster = Cluster(tmp_path, plugins, "")
    cluster.master.add_to_zone("global-templates", contrib("icinga/check_smtp.conf"))
    cluster.master.add_to_zone("master", case_services(STATES[:1], servers, AGENT))
    with cluster:
        agent = cluster.agent
        command = "checkcommands/smtp_banner"
        agent.wait_for("the commands on the agent", lambda: agent.knows(command) or None)
        cluster.master.wait_for_endpoint(AGENT)
        result = cluster.master.check(f"mx!{STATES[0].name}")
        assert result.source == AGENT
        assert_shown(result, STATES[0], servers, plugins)
