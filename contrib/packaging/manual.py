"""The man page of a check, from its parser and the vocabulary of findings.

Rule: no sentence about an option, a finding or a check is written here.
"""

import os
import re
from argparse import HelpFormatter

from argparse_manpage.manpage import Manpage

from check_smtp_core.explain import explanation
from check_smtp_core.findings import VOCABULARY
from contrib.packaging import project

_EXIT_STATUS = (
    ("0", "OK: what the check asks for is so."),
    ("1", "WARNING: it works, but not as it should."),
    ("2", "CRITICAL: it does not work, or a server's answer says so."),
    ("3", "UNKNOWN: the fault is on this side (usage, missing module, resolver, no route); also"),
)


def man_page(check: str) -> str:
    """The page in man(7) macros."""
    os.environ["SOURCE_DATE_EPOCH"] = str(project.seconds())
    parser = project.parser(check)
    # One line each: what troff must not take for a request would else begin a line.
    parser.formatter_class = _Unbroken
    sections = [group.title or "" for group in parser._action_groups]
    question, parser.description = parser.description or "", _description(check)
    page = Manpage(parser)
    page.description = question
    page.source = f"{project.NAME} {project.VERSION}"
    page.manual = "SMTP checks"
    page.add_section("synopsis", "=", _synopsis(check))
    page.add_section("findings", "=", _findings())
    page.add_section("exit status", "=", _exit_status())
    page.add_section("see also", "=", _see_also(check))
    return _with_options_in_one_section(str(page), sections)


class _Unbroken(HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=10000)


def _description(check: str) -> str:
    return (
        f"{check} is a plugin for Nagios, Icinga 2 and NRPE. It prints one line with its state, "
        "what it found and performance data, and ends with the exit status of that state."
    )


def _synopsis(check: str) -> str:
    options = ("--explain \\fIFINDING\\fR", "--help", "--version")
    lines = [f".B {check}", "\\-H \\fIHOST\\fR [\\fIoptions\\fR]"]
    for option in options:
        lines += [".br", f".B {check}", _escaped(option)]
    return "\n".join(lines)


def _findings() -> str:
    lines = ["The findings of the whole suite, their default states and what they mean."]
    for name, default in VOCABULARY.items():
        state = "by threshold" if default is None else default.name
        lines += [".TP", f"\\fB{_escaped(name)}\\fR ({state})", _escaped(_meaning(name))]
    return "\n".join(lines)


def _meaning(name: str) -> str:
    """The paragraph of --explain between its headline and the usual causes."""
    _, _, text = explanation(name).partition("\n")
    return text.partition("\nUsual causes:")[0].replace("\n", " ")


def _exit_status() -> str:
    lines = []
    for code, words in _EXIT_STATUS:
        lines += [".TP", f".B {code}", _escaped(words)]
    return "\n".join([*lines, "after \\-\\-help, \\-\\-version and \\-\\-explain."])


def _see_also(check: str) -> str:
    others = [f".BR {name} (1)" for name in project.CHECKS if name != check]
    return " ,\n".join(others) + f"\n.PP\n/usr/share/doc/{_escaped(project.NAME)}/README.md"


def _escaped(text: str) -> str:
    """Text for troff: its hyphens are those of options and names."""
    return re.sub(r"\\(?!f[BIR])", r"\\e", text).replace("-", r"\-")


def _with_options_in_one_section(page: str, sections: list[str]) -> str:
    """The page with the parser's sections below OPTIONS, where readers of man pages look."""
    heading = ".SH OPTIONS\n"
    for title in sections:
        line = f".SH {title.upper()}\n"
        if line in page:
            page = page.replace(line, f"{heading}.SS {title[0].upper()}{title[1:]}\n")
            heading = ""
    # argparse-manpage escapes the hyphens of the date as well.
    title, _, rest = page.partition("\n")
    return title.replace(r"\-", "-") + "\n" + rest
