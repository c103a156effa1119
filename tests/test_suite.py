"""What the suite promises as a whole: checks are known everywhere, imports go one way."""

import argparse
import ast
import configparser
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

import pytest

from check_smtp_core import options
from check_smtp_core.findings import VOCABULARY, State
from check_smtp_core.manual import argparse_parser, help_text
from check_smtp_core.parser import Parser

if TYPE_CHECKING:
    from check_smtp_core.check import Check

ROOT = Path(__file__).parent.parent
PACKAGES = ("check_smtp_core", "check_smtp_handshake", "check_smtp_tls", "check_smtp_delivery")
NOT_FOR_ENGINES = {"--help", "--version", "--explain"}


def console_scripts() -> dict[str, str]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options.entry_points"]["console_scripts"].split("\n")
    return dict(re.split(r"\s*=\s*", line, maxsplit=1) for line in lines if line)


CHECKS = sorted(console_scripts())


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def module_of(check: str) -> ModuleType:
    package, _, name = console_scripts()[check].partition(":")
    return import_module(getattr(import_module(package), name).module)


def is_local(check: str) -> bool:
    """Whether it is a check of the machine it runs on."""
    return getattr(module_of(check), "LOCAL", False)


def question(check: str) -> str:
    return (module_of(check).__doc__ or "").partition("\n")[0]


def parser_of(check: str) -> Parser:
    return options.parser_of(cast("Check", module_of(check)))


def in_argparse(check: str) -> argparse.ArgumentParser:
    return argparse_parser(parser_of(check))


def options_of(check: str) -> set[str]:
    """The option strings that an engine's definition uses: long ones, where there are any."""
    options = set()
    for action in in_argparse(check)._actions:
        if action.help is not argparse.SUPPRESS:
            options.add(max(action.option_strings, key=len))
    return options - NOT_FOR_ENGINES


@pytest.mark.parametrize("check", CHECKS)
def test_a_script_has_the_name_of_its_module_and_nothing_in_between(check: str) -> None:
    assert module_of(check).__name__.endswith("." + check.removeprefix("check_smtp_"))


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_has_its_parts_in_their_order(check: str) -> None:
    names = [
        name for name in vars(module_of(check)) if name in ("add_options", "observe", "judge")
    ]
    assert names == ["add_options", "observe", "judge"]


@pytest.mark.parametrize("check", CHECKS)
def test_readme_asks_the_question_that_the_check_answers(check: str) -> None:
    assert f"| `{check}` | {question(check)} |" in read("README.md")
    assert f"\n### {check}\n" in read("README.md")


@pytest.mark.parametrize("check", CHECKS)
def test_readme_lists_the_options_of_the_check(check: str) -> None:
    section = read("README.md").split(f"\n### {check}\n")[1].split("\n#")[0]
    parser = Parser(check, "")
    module_of(check).add_options(parser)
    for option in parser.own.options:
        value = f" {option.metavar}" if option.metavar else ""
        if option.help:
            assert f"`{option.names[-1]}{value}`" in section


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "path",
    [
        "CHANGELOG.md",
        "contrib/icinga/check_smtp.conf",
        "contrib/nagios/check_smtp.cfg",
        "contrib/nrpe/check_smtp.cfg",
        "docs/performance.md",
        "demo/__main__.py",
    ],
)
def test_every_check_is_known_where_users_look(check: str, path: str) -> None:
    assert check in read(path)


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_has_its_page(check: str) -> None:
    assert (ROOT / "docs" / f"{check}.md").is_file()


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_has_its_test(check: str) -> None:
    assert (ROOT / "tests" / f"test_{check.removeprefix('check_smtp_')}.py").is_file()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_its_test(package: str) -> None:
    modules = {path.stem for path in (ROOT / package).glob("[!_]*.py")}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}
    assert modules - tests == set()


@pytest.mark.parametrize("check", CHECKS)
def test_help_fits_a_terminal(check: str) -> None:
    lines = help_text(parser_of(check)).splitlines()
    assert max(map(len, lines)) <= 80


def icinga_block(head: str) -> str:
    """What stands between the braces after a head that begins a line."""
    conf = read("contrib/icinga/check_smtp.conf")
    match = re.search(rf"^{re.escape(head)} {{\n(.*?)^}}$", conf, re.DOTALL | re.MULTILINE)
    assert match is not None, head
    return match[1]


def icinga_arguments(check: str) -> dict[str, str]:
    """The arguments of a check's command, and what stands between the braces of each."""
    command = check.removeprefix("check_")
    own = icinga_block(f'object CheckCommand "{command}"')
    names = re.findall(rf'^\targuments \+?= (\w+)\("{command}"\)$', own, re.MULTILINE)
    blocks = (icinga_block(f"globals.{name} = function(command)") for name in names)
    shared = "".join(blocks).replace('"$" + command + "_', f'"${command}_')
    pattern = re.compile(r'^\t\t"(-[^"]+)" = {\n(.*?)^\t\t}$', re.DOTALL | re.MULTILINE)
    return dict(pattern.findall(shared) + pattern.findall(own))


@pytest.mark.parametrize("check", CHECKS)
def test_the_icinga_command_has_every_option_and_invents_none(check: str) -> None:
    assert set(icinga_arguments(check)) == options_of(check)


@pytest.mark.parametrize("check", CHECKS)
def test_icinga_gives_flags_as_flags_and_lists_as_lists(check: str) -> None:
    arguments = icinga_arguments(check)
    for action in in_argparse(check)._actions:
        settings = arguments.get(max(action.option_strings, key=len))
        if settings is None:
            continue
        assert ("set_if" in settings) == (action.nargs == 0), action.option_strings
        # The host's address, which is one.
        repeated = action.default == () and action.dest != "hostnames"
        assert ("repeat_key" in settings) == repeated, action.option_strings
        assert re.search(r'\tdescription = "[A-Z].+\."\n', settings), action.option_strings


@pytest.mark.parametrize("check", CHECKS)
def test_every_icinga_argument_has_its_own_variable(check: str) -> None:
    command = check.removeprefix("check_")
    names = {"--hostname": "address", "-4": "ipv4", "-6": "ipv6"}
    for option, settings in icinga_arguments(check).items():
        name = names.get(option, option.lstrip("-").replace("-", "_"))
        assert re.search(rf'\t(value|set_if) = "\${command}_{name}\$"\n', settings)


def test_readme_tells_every_finding_with_its_default_state() -> None:
    words: dict[State | None, str] = {state: state.name for state in State}
    words[None] = "by threshold"
    rows = re.findall(r"^\| (`[^|]+) \|[^|]+\| ([^|]+) \|$", read("README.md"), re.MULTILINE)
    told = {name: state for names, state in rows for name in re.findall(r"`([^`]+)`", names)}
    assert told == {name: words[state] for name, state in VOCABULARY.items()}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).glob("*.py"))


def users_of(module: str, *packages: str) -> set[str]:
    return {
        path.stem
        for package in packages
        for path in modules(package)
        if any(name == module or name.startswith(f"{module}.") for name in imports(path))
    }


@pytest.mark.parametrize(
    ("module", "users"),
    [
        ("nagiosplugin", {"plugin"}),
        ("ssl", {"tls"}),
        ("time", {"deadline", "entry"}),
        ("select", {"tasks"}),
        ("signal", {"backstop", "child"}),
        ("subprocess", {"child"}),
        ("selectors", {"child"}),
        ("configparser", {"extra_opts"}),
        ("imaplib", {"imap"}),
        ("authres", {"authentication_results"}),
        ("fcntl", {"ledger"}),
        ("idna", {"address"}),
        # The families of addresses are named in more places; a connection is made in one.
        (
            "socket",
            {
                "connection",
                "address",
                "shared_options",
                "proxy_protocol",
                "names",
                "alternative_names",
            },
        ),
    ],
)
def test_what_is_special_has_one_place(module: str, users: set[str]) -> None:
    assert users_of(module, *PACKAGES) == users


@pytest.mark.parametrize(
    "pure", ["text", "reply", "conversation", "findings", "verdicts", "output"]
)
def test_pure_modules_import_nothing_that_acts(pure: str) -> None:
    acting = {"socket", "ssl", "select", "time", "signal", "threading", "sys", "nagiosplugin"}
    assert imports(ROOT / "check_smtp_core" / f"{pure}.py") & acting == set()


@pytest.mark.parametrize(
    "pure",
    [
        *("tally", "reasons", "durations"),
        *("postfix_queue", "exim_queue", "sendmail_queue", "opensmtpd_queue"),
    ],
)
def test_what_reads_a_queues_listing_acts_on_nothing(pure: str) -> None:
    acting = {"os", "socket", "subprocess", "select", "selectors", "time", "signal", "sys"}
    assert imports(ROOT / "check_smtp_delivery" / f"{pure}.py") & acting == set()


def test_the_core_imports_no_check() -> None:
    for path in modules("check_smtp_core"):
        others = tuple(each for each in PACKAGES if each != "check_smtp_core")
        assert not [name for name in imports(path) if name.startswith(others)]


def test_the_handshake_knows_nothing_of_the_tls_checks() -> None:
    for path in modules("check_smtp_handshake"):
        assert not [name for name in imports(path) if name.startswith("check_smtp_tls")]


def test_only_delivery_knows_the_checks_of_delivery() -> None:
    for package in ("check_smtp_handshake", "check_smtp_tls"):
        for path in modules(package):
            assert not [name for name in imports(path) if name.startswith("check_smtp_delivery")]


def imports_of_a_run(path: Path) -> set[str]:
    """What a module imports at its top when it runs, and not only for type checkers."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_no_run_pays_for_typing(package: str) -> None:
    """It would be a twelfth of the instructions of a whole run; lean_typing has what is needed."""
    users = {path.stem for path in modules(package) if "typing" in imports_of_a_run(path)}
    assert users <= {"check"}


def test_text_imports_nothing_at_all() -> None:
    assert imports(ROOT / "check_smtp_core" / "text.py") == set()


def test_no_file_grows_beyond_one_room() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for package in (*PACKAGES, "demo")
        for path in modules(package)
    }
    assert {path: count for path, count in lines.items() if count > 420} == {}
