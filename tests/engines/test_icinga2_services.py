"""The example services of contrib/icinga: all healthy, and one page for one fault."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.engines.conftest import contrib, example, free_port
from tests.engines.debian import need
from tests.engines.icinga2 import ALONE, PACKAGE, Icinga2
from tests.engines.mail_servers import MailServers
from tests.test_suite import CHECKS as ALL_CHECKS

HOST = "mail.example.com"
ENDPOINTS = {"mx": "smtp", "submission": "smtp", "submissions": "smtps"}
CHECKS = ("banner", "ehlo", "starttls", "cert")
HEALTHY = {check: [0, 0, 0] for check in CHECKS}
DEAD = {check: [2, 2, 2] for check in CHECKS}

_PAGES = """
object User "someone" { }
object NotificationCommand "page" {
	command = [ "SCRIPT", "$host.name$ $service.name$ $notification.type$" ]
}
apply Notification "page" to Host {
	command = "page"
	users = [ "someone" ]
	assign where true
}
apply Notification "page" to Service {
	command = "page"
	users = [ "someone" ]
	assign where true
}
"""


class Site:
    """The example host with its twelve services, on servers that are healthy or dead."""

    def __init__(self, node: Icinga2, pages: Path, servers: MailServers) -> None:
        self.node = node
        self._pages = pages
        self._servers = servers

    def serve(self, *checks: str, healthy: bool) -> None:
        """Let these checks of every endpoint ask a healthy server, or a port of nobody."""
        for endpoint, server in ENDPOINTS.items():
            port = self._servers.ports[server] if healthy else free_port()
            for check in checks:
                settings: dict[str, object] = {"smtp_port": port}
                if endpoint == "submissions":
                    settings[f"smtp_{check}_tls"] = True
                self.node.set_variables(f"{HOST}!smtp-{check}-{endpoint}", **settings)

    def check(self, check: str) -> list[int]:
        """Run a check of every endpoint until its state is a hard one; the states."""
        return [self._until_hard(f"{HOST}!smtp-{check}-{endpoint}") for endpoint in ENDPOINTS]

    def _until_hard(self, name: str) -> int:
        for _ in range(4):
            state = self.node.check(name).state
            if self.node.attributes(name, "state_type")["state_type"] == 1:
                return state
        raise AssertionError(f"{name} has no hard state after four checks")

    def check_host(self) -> int:
        """Run the host's check until its state is a hard one; the state."""
        return self._until_hard(HOST)

    def pages(self, count: int) -> list[str]:
        """The next pages, at least as many as these, sorted."""
        path = self._pages

        def enough() -> list[str] | None:
            lines = path.read_text().splitlines()
            return lines if len(lines) >= count else None

        found = self.node.wait_for("pages", enough)
        path.write_text("")
        return sorted(found)


def pages_of(check: str, kind: str) -> list[str]:
    return [f"{HOST} smtp-{check}-{endpoint} {kind}" for endpoint in ENDPOINTS]


@pytest.fixture
def site(tmp_path: Path, plugins: Path, servers: MailServers) -> Iterator[Site]:
    need(PACKAGE)
    pages = tmp_path / "pages"
    pages.touch()
    script = tmp_path / "page"
    script.write_text(f'#!/bin/sh\necho "$1" >>{pages}\n')
    script.chmod(0o755)
    services = contrib("icinga/services.conf")
    services = services.replace('address = "192.0.2.25"', 'address = "127.0.0.1"')
    services = services.replace('check_command = "hostalive"', 'check_command = "dummy"')
    # nothing but what the test asks for is run
    services = re.sub(r"check_interval = [15]m\n", "enable_active_checks = false\n", services)
    node = Icinga2(
        tmp_path,
        "alone",
        free_port(),
        trustme.CA(),
        plugins,
        "\n".join(
            [
                ALONE,
                contrib("icinga/check_smtp.conf"),
                services,
                _PAGES.replace("SCRIPT", str(script)),
            ]
        ),
    )
    code, words = node.validate()
    assert (code, re.findall(r"(?:warning|critical)/.*", words)) == (0, [])
    node.start()
    node.set_variables(HOST, smtp_cert_ca_file=servers.ca_file)
    yield Site(node, pages, servers)
    node.stop()


def test_every_check_of_every_endpoint_is_well(site: Site) -> None:
    site.serve(*CHECKS, healthy=True)
    assert {check: site.check(check) for check in CHECKS} == HEALTHY
    assert site.pages(0) == []


def test_the_words_of_each_service(site: Site, plugins: Path) -> None:
    found = {}
    for endpoint in ENDPOINTS:
        for check in CHECKS:
            program, *words = site.node.check(f"{HOST}!smtp-{check}-{endpoint}").command
            assert program == str(plugins / f"check_smtp_{check}")
            found[endpoint, check] = " ".join(words)
    name = f"--servername {HOST}"
    anchors = "--ca-file CA"
    assert {key: re.sub(r"/\S+ca\.pem", "CA", words) for key, words in found.items()} == {
        ("mx", "banner"): "--hostname 127.0.0.1 --port 25",
        ("mx", "ehlo"): "--hostname 127.0.0.1 --port 25 --require 8BITMIME",
        ("mx", "starttls"): "--hostname 127.0.0.1 --port 25",
        ("mx", "cert"): f"{anchors} --hostname 127.0.0.1 --port 25 {name}",
        ("submission", "banner"): "--hostname 127.0.0.1 --port 587",
        (
            "submission",
            "ehlo",
        ): "--hostname 127.0.0.1 --port 587 --require-auth PLAIN --starttls",
        ("submission", "starttls"): "--hostname 127.0.0.1 --port 587",
        ("submission", "cert"): f"{anchors} --hostname 127.0.0.1 --port 587 {name}",
        ("submissions", "banner"): "--hostname 127.0.0.1 --port 465",
        ("submissions", "ehlo"): "--hostname 127.0.0.1 --port 465 --require-auth PLAIN",
        ("submissions", "starttls"): "--hostname 127.0.0.1 --port 465",
        ("submissions", "cert"): f"{anchors} --hostname 127.0.0.1 --port 465 {name}",
    }


def test_an_endpoint_gets_the_checks_of_delivery_that_its_settings_ask_for(
    tmp_path: Path, plugins: Path
) -> None:
    need(PACKAGE)
    settings = {
        "mx": {
            "smtp_rcpt_accept": '[ "postmaster@example.com" ]',
            "smtp_relay_recipient": '"relay-test@example.org"',
            "smtp_loop_recipient": '"loop@example.com"',
        },
        "submission": {"smtp_auth_user": '"monitor@example.com"'},
    }
    wanted = "".join(
        f'\tvars.smtp_endpoints["{endpoint}"].{name} = {value}\n'
        for endpoint, pairs in settings.items()
        for name, value in pairs.items()
    )
    wanted += '\tvars.smtp_queue_on = NodeName\n\tzone = ZoneName\n\taddress = "127.0.0.1"\n'
    services = contrib("icinga/services.conf").replace('\taddress = "192.0.2.25"\n', wanted)
    names = ("check_smtp.conf", "delivery.conf")
    configuration = "\n".join([ALONE, *(contrib(f"icinga/{each}") for each in names), services])
    node = Icinga2(tmp_path, "alone", free_port(), trustme.CA(), plugins, configuration)
    code, words = node.validate()
    assert (code, re.findall(r"(?:warning|critical)/.*", words)) == (0, [])
    node.start()
    try:
        found = node.api("GET", "/v1/objects/services")["results"]
    finally:
        node.stop()
    services_there = {each["attrs"]["name"] for each in found}
    assert {name for name in services_there if name.split("-")[1] not in CHECKS} == {
        *("smtp-rcpt-mx", "smtp-relay-mx", "smtp-loop-mx", "smtp-auth-submission", "smtp-queue"),
    }


def test_a_domain_is_asked_for_by_its_name_alone(tmp_path: Path, plugins: Path) -> None:
    need(PACKAGE)
    domains = re.sub(
        r"check_interval = \d+[mh]\n",
        "enable_active_checks = false\n",
        contrib("icinga/domains.conf"),
    )
    commented = "// vars.smtp_starttls_"
    assert domains.count(commented) == 2
    domains = domains.replace(commented, commented.removeprefix("// "))
    configuration = "\n".join([ALONE, contrib("icinga/check_smtp.conf"), domains])
    node = Icinga2(tmp_path, "alone", free_port(), trustme.CA(), plugins, configuration)
    code, words = node.validate()
    assert (code, re.findall(r"(?:warning|critical)/.*", words)) == (0, [])
    node.start()
    try:
        asked = {
            check: node.check(f"example.com!smtp-{check}-domain").command[1:]
            for check in ("starttls", "cert")
        }
    finally:
        node.stop()
    nobody = ["--hostname", ""]  # which means "not given"
    assert asked == {
        "starttls": [
            *nobody,
            *("--ignore-mx", "mx0.example.com", "--mx", "example.com", "--quorum", "1"),
        ],
        "cert": [*nobody, "--mx", "example.com"],
    }


def test_dependent_checks_go_on_running_and_only_keep_quiet(site: Site) -> None:
    found = site.node.api("GET", "/v1/objects/dependencies")["results"]
    kinds = {
        (
            each["attrs"]["parent_service_name"].partition("-banner-")[0] or "the host",
            each["attrs"]["disable_checks"],
            each["attrs"]["disable_notifications"],
            each["attrs"]["ignore_soft_states"],
            tuple(each["attrs"]["states"]),
        )
        for each in found
    }
    assert len(found) == 12
    assert kinds == {
        ("smtp", False, True, False, ("OK", "Warning")),
        ("the host", False, True, False, ("Up",)),
    }


def test_a_dead_service_rings_by_its_banner_check_alone(site: Site) -> None:
    site.serve(*CHECKS, healthy=False)
    assert {check: site.check(check) for check in CHECKS} == DEAD
    site.serve(*CHECKS, healthy=True)
    assert {check: site.check(check) for check in (*CHECKS[1:], "banner")} == HEALTHY
    # pages come in their order: what the others had to say would stand before the recovery
    problems, recoveries = pages_of("banner", "PROBLEM"), pages_of("banner", "RECOVERY")
    assert site.pages(6) == sorted(problems + recoveries)


def test_a_fault_behind_a_healthy_banner_rings_by_itself(site: Site) -> None:
    site.serve("banner", healthy=True)
    site.serve("starttls", healthy=False)
    assert site.check("banner") == [0, 0, 0]
    assert site.check("starttls") == [2, 2, 2]
    assert site.pages(3) == pages_of("starttls", "PROBLEM")


def test_a_dead_host_rings_once(site: Site) -> None:
    """Even where the services are sure of it before the host is."""
    site.serve(*CHECKS, healthy=False)
    site.node.set_variables(HOST, dummy_state=2)
    site.node.check(HOST)
    assert {check: site.check(check) for check in CHECKS} == DEAD
    assert site.check_host() == 2
    site.node.set_variables(HOST, dummy_state=0)
    assert site.check_host() == 0
    assert site.pages(2) == [f"{HOST}  PROBLEM", f"{HOST}  RECOVERY"]


def test_the_examples_of_the_pages_are_valid(tmp_path: Path, plugins: Path) -> None:
    """README has a host with three services, and each check's page has one for that host."""
    need(PACKAGE)
    examples = [example("README.md", "### Icinga 2", "object Host")]
    for check in ALL_CHECKS:
        page = example(f"docs/{check}.md", "### Icinga 2", "apply Service")
        page = re.sub(r"\n *command_endpoint = .*", "", page)  # there is no agent here
        examples.append(page.replace("apply Service ", f'apply Service "{check} of its page " + '))
    configuration = "\n".join([ALONE, contrib("icinga/check_smtp.conf"), *examples])
    node = Icinga2(tmp_path, "alone", free_port(), trustme.CA(), plugins, configuration)
    code, words = node.validate()
    assert (code, re.findall(r"(?:warning|critical)/.*", words)) == (0, [])
    assert (
        f"Instantiated {3 + sum(each.count('apply Service') for each in examples[1:])} Services."
        in words
    )
