"""What --help shows: the question, the options that are not hidden, and the vocabulary."""

from check_smtp_core.findings import VOCABULARY
from check_smtp_core.manual import argparse_parser, help_text
from check_smtp_core.parser import Parser


def parser() -> Parser:
    new = Parser("check_smtp_test", "Is this a test?")
    section = new.section("test")
    section.value("-p", "--port", convert=int, metavar="PORT", help="a port (25)", default=25)
    section.values("--list", convert=int, metavar="N", help="numbers")
    section.flag("-L", "--lmtp", help="a flag")
    section.places("--extra-opts", const="@", metavar="PLACE", help="places")
    section.secret("--password", "use a file")
    section.refused("-e", "use --list")
    return new


def test_help_begins_with_the_usage_and_the_question() -> None:
    lines = help_text(parser()).splitlines()
    assert lines[:3] == ["usage: check_smtp_test -H HOST [options]", "", "Is this a test?"]


def test_help_shows_what_was_declared_and_leaves_out_what_is_refused() -> None:
    words = help_text(parser()).partition("\nfindings of")[0].split()
    options = [word.rstrip(",") for word in words if word.startswith(("-", "[", "P", "N"))]
    assert options[options.index("--port") :] == [
        "--port",
        "PORT",
        "--list",
        "N",
        "-L",
        "--lmtp",
        "--extra-opts",
        "[PLACE]",
    ]
    assert not {"--password", "-e"} & set(words)


def test_a_check_of_this_machine_has_no_host() -> None:
    local = Parser("check_smtp_test", "Is this a test?", local=True)
    assert help_text(local).startswith("usage: check_smtp_test [options]\n")


def test_help_shows_every_finding_under_its_state() -> None:
    text = help_text(parser())
    listed = text[text.index("findings of the whole suite") : text.index("exit states:")]
    found: dict[str, str] = {}
    label = ""
    for line in listed.splitlines()[1:]:
        head, colon, rest = line.strip().rpartition(":")
        label = head if colon else label
        found |= dict.fromkeys(rest.replace(",", " ").split(), label)
    assert found == {
        name: "by threshold" if state is None else state.name for name, state in VOCABULARY.items()
    }


def test_tools_that_know_argparse_find_all_options_in_its_terms() -> None:
    actions = {
        action.option_strings[-1]: (action.dest, action.default, action.nargs, action.metavar)
        for action in argparse_parser(parser())._actions
    }
    assert actions == {
        "--port": ("port", 25, None, "PORT"),
        "--list": ("list", (), None, "N"),
        "--lmtp": ("lmtp", False, 0, None),
        "--extra-opts": ("extra_opts", None, "?", "PLACE"),
        "--password": ("password", "", None, None),
        "-e": ("e", None, "?", None),
    }
