"""The example services of contrib/nagios: all healthy, and one page for one fault."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines.conftest import contrib, example, free_port
from tests.engines.debian import need
from tests.engines.mail_servers import MailServers
from tests.engines.nagios4 import PACKAGE, Nagios4
from tests.test_suite import CHECKS

HOST = "mail.example.com"
ENDPOINTS = {"mx": "smtp", "submission": "smtp", "submissions": "smtps"}
PORTS = {"25": "mx", "587": "submission", "465": "submissions"}
BANNERS = ["mx banner", "submission banner", "submissions banner"]
OTHERS = [
    f"{endpoint} {check}"
    for endpoint in ENDPOINTS
    for check in ("EHLO", "TLS" if endpoint == "submissions" else "STARTTLS", "certificate")
]
DEPENDENCIES = len(OTHERS)

SECOND_HOST = """
define host {
	use			generic-host
	host_name		mail2.example.com
	address			127.0.0.1
	hostgroups		smtp-mx,smtp-submission,smtp-submissions
	max_check_attempts	3
	contact_groups		admins
}
"""


@pytest.fixture
def site(
    tmp_path: Path, plugins: Path, servers: MailServers
) -> Iterator[Callable[[Callable[[str, str], bool]], Nagios4]]:
    """Starts the example with each service on a healthy server, or on a port of nobody.

    Its argument tells from the command and the endpoint whether the server is healthy.
    """
    need(PACKAGE)
    started: list[Nagios4] = []

    def start(healthy: Callable[[str, str], bool]) -> Nagios4:
        def on_its_port(match: re.Match[str]) -> str:
            command, port, more = match.groups()
            endpoint = PORTS[port]
            more = more or "!"
            if command.endswith("cert"):
                more += f" --ca-file {servers.ca_file}"
            if endpoint == "submissions":
                more += " --tls"
            there = servers.ports[ENDPOINTS[endpoint]]
            return f"{command}!{there if healthy(command, endpoint) else free_port()}{more}"

        services = contrib("nagios/services-example.cfg").replace("192.0.2.25", "127.0.0.1")
        services = re.sub(r"(check_smtp_\w+)!(\d+)(!.*)?$", on_its_port, services, flags=re.M)
        objects = [contrib("nagios/check_smtp.cfg"), services]
        nagios = Nagios4(tmp_path, plugins, "\n".join(objects))
        code, words = nagios.verify()
        assert (code, re.findall(r"^(?:Warning|Error).*", words, re.MULTILINE)) == (0, [])
        assert f"Checked {DEPENDENCIES} service dependencies" in words
        started.append(nagios)
        nagios.start()
        return nagios

    yield start
    for nagios in started:
        nagios.stop()


def until_hard(nagios: Nagios4, services: list[str]) -> list[int]:
    """Force checks of services until the state of each is a hard one; the states."""
    for _ in range(4):
        found = nagios.check(HOST, services)
        if all(hard for _, hard in found):
            break
    assert all(hard for _, hard in found)
    return [state for state, _ in found]


def test_every_check_of_every_endpoint_is_well(site: Callable[..., Nagios4]) -> None:
    nagios = site(lambda command, endpoint: True)
    assert until_hard(nagios, BANNERS + OTHERS) == [0] * 12
    assert nagios.pages() == []


def test_a_dead_service_rings_by_its_banner_check_alone(site: Callable[..., Nagios4]) -> None:
    nagios = site(lambda command, endpoint: endpoint != "submission")
    assert until_hard(nagios, BANNERS) == [0, 2, 0]
    assert until_hard(nagios, OTHERS) == [0, 0, 0, 2, 2, 2, 0, 0, 0]
    assert nagios.pages() == [f"{HOST};submission banner;CRITICAL"]


def test_a_fault_behind_a_healthy_banner_rings_by_itself(site: Callable[..., Nagios4]) -> None:
    nagios = site(lambda command, endpoint: command != "check_smtp_ehlo")
    assert until_hard(nagios, BANNERS) == [0, 0, 0]
    assert until_hard(nagios, OTHERS) == [2, 0, 0, 2, 0, 0, 2, 0, 0]
    assert sorted(nagios.pages()) == [f"{HOST};{name} EHLO;CRITICAL" for name in ENDPOINTS]


def test_a_dead_host_rings_once(site: Callable[..., Nagios4]) -> None:
    nagios = site(lambda command, endpoint: False)
    nagios.let_host_die(HOST)
    assert until_hard(nagios, BANNERS + OTHERS) == [2] * 12
    assert nagios.pages() == [f"{HOST};DOWN"]


def test_the_words_of_each_service(tmp_path: Path, spellers: Path) -> None:
    need(PACKAGE)
    objects = [contrib("nagios/check_smtp.cfg"), contrib("nagios/services-example.cfg")]
    nagios = Nagios4(tmp_path, spellers, "\n".join(objects))
    nagios.start()
    try:
        output = {service: nagios.status(HOST, service).output for service in BANNERS + OTHERS}
    finally:
        nagios.stop()
    found = {service: words.replace("[-H][192.0.2.25]", "") for service, words in output.items()}
    name = f"[--servername][{HOST}]"
    assert found == {
        "mx banner": "[check_smtp_banner][-p][25]",
        "mx EHLO": "[check_smtp_ehlo][-p][25][--require][8BITMIME]",
        "mx STARTTLS": "[check_smtp_starttls][-p][25]",
        "mx certificate": f"[check_smtp_cert][-p][25]{name}",
        "submission banner": "[check_smtp_banner][-p][587]",
        "submission EHLO": "[check_smtp_ehlo][-p][587][--starttls][--require-auth][PLAIN]",
        "submission STARTTLS": "[check_smtp_starttls][-p][587]",
        "submission certificate": f"[check_smtp_cert][-p][587]{name}",
        "submissions banner": "[check_smtp_banner][-p][465]",
        "submissions EHLO": "[check_smtp_ehlo][-p][465][--require-auth][PLAIN]",
        "submissions TLS": "[check_smtp_starttls][-p][465]",
        "submissions certificate": f"[check_smtp_cert][-p][465]{name}",
    }


def test_a_check_depends_on_the_banner_of_its_own_host(tmp_path: Path, plugins: Path) -> None:
    need(PACKAGE)
    objects = [contrib("nagios/check_smtp.cfg"), contrib("nagios/services-example.cfg")]
    code, words = Nagios4(tmp_path, plugins, "\n".join([*objects, SECOND_HOST])).verify()
    assert code == 0
    assert f"Checked {2 * DEPENDENCIES} service dependencies" in words


def test_the_example_of_delivery_is_valid_beside_the_other(tmp_path: Path, plugins: Path) -> None:
    names = ("check_smtp.cfg", "services-example.cfg", "delivery-example.cfg")
    objects = [contrib(f"nagios/{name}") for name in names]
    check_nrpe = "define command {\n\tcommand_name check_nrpe\n\tcommand_line true\n}\n"
    verify(Nagios4(tmp_path, plugins, "\n".join([*objects, check_nrpe])), services=12 + 5)


def test_the_example_of_a_domain_is_valid(tmp_path: Path, plugins: Path) -> None:
    objects = [contrib(f"nagios/{name}") for name in ("check_smtp.cfg", "domains-example.cfg")]
    verify(Nagios4(tmp_path, plugins, "\n".join(objects)), services=2)


def test_the_example_in_readme_is_valid(tmp_path: Path, plugins: Path) -> None:
    objects = [example("README.md", "### Nagios", "define command"), host("localhost")]
    verify(Nagios4(tmp_path, plugins, "\n".join(objects)), services=1)


def test_the_examples_of_the_pages_are_valid(tmp_path: Path, plugins: Path) -> None:
    pages = [f"docs/{check}.md" for check in CHECKS]
    services = [example(page, "### Nagios", "define service") for page in pages]
    hosts = [host(HOST), host("localhost")]
    objects = [contrib("nagios/check_smtp.cfg"), *hosts, *services]
    count = sum(each.count("define service") for each in services)
    verify(Nagios4(tmp_path, plugins, "\n".join(objects)), services=count)


def host(name: str) -> str:
    return re.sub(r".*hostgroups.*\n", "", SECOND_HOST.replace("mail2.example.com", name))


def verify(nagios: Nagios4, services: int) -> None:
    need(PACKAGE)
    code, words = nagios.verify()
    assert (code, re.findall(r"^(?:Warning|Error).*", words, re.MULTILINE)) == (0, [])
    assert f"Checked {services} services." in words
