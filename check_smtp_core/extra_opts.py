"""Options from an ini file, as the Monitoring Plugins' --extra-opts reads them.

Rule: a section's keys are option names without their dashes; what the file says comes first, so
that the command line wins. Nothing here interprets an option.
"""

import configparser
import os
import re

FILES = (
    "/usr/local/etc/monitoring-plugins/monitoring-plugins.ini",
    "/usr/local/etc/monitoring-plugins.ini",
    "/etc/monitoring-plugins/monitoring-plugins.ini",
    "/etc/monitoring-plugins.ini",
    "/usr/local/etc/nagios/plugins.ini",
    "/etc/nagios/plugins.ini",
    "/etc/nagios-plugins/config/plugins.ini",
)
"""Where the file is looked for when none is named and MP_CONFIG_FILE is not set."""

_HEADER = re.compile(r"\s*\[([^]]*)\]")


class ExtraOptsError(Exception):
    """The file or its section cannot be read; the message says which and why."""


def read_extra_opts(where: str, default_section: str) -> list[str]:
    """The arguments that `[SECTION][@FILE]` stands for. ExtraOptsError if there are none."""
    section, _, path = where.partition("@")
    section = section or default_section
    path = path or _default_file()
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except OSError as error:
        raise ExtraOptsError(f"{path}: {os.strerror(error.errno or 0).lower()}") from None
    except UnicodeDecodeError:
        raise ExtraOptsError(f"{path}: not UTF-8") from None
    # Other sections are other plugins' business: their errors are none of ours.
    parser = configparser.ConfigParser(
        allow_no_value=True,
        interpolation=None,
        delimiters=("=",),
        comment_prefixes=("#", ";"),
        default_section="",
        empty_lines_in_values=False,
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    lines = _section_lines(text, section)
    if lines is None:
        raise ExtraOptsError(f"{path}: no section [{section}]")
    try:
        parser.read_string("\n".join(["[options]", *lines]))
    except configparser.DuplicateOptionError as error:
        raise ExtraOptsError(
            f"{path}: {error.option} stands twice in [{section}]; separate its values by commas"
        ) from None
    except configparser.Error:
        raise ExtraOptsError(
            f"{path}: section [{section}] is not of the form key = value"
        ) from None
    arguments = (_argument(key, value) for key, value in parser.items("options"))
    return [argument for argument in arguments if argument]


def _default_file() -> str:
    if named := os.environ.get("MP_CONFIG_FILE"):
        return named
    folders = os.environ.get("NAGIOS_CONFIG_PATH", "")
    candidates = [os.path.join(each, "plugins.ini") for each in folders.split(":") if each]
    for path in (*candidates, *FILES):
        if os.path.exists(path):
            return path
    raise ExtraOptsError("no file is named and none of the usual ones exists")


def _section_lines(text: str, section: str) -> list[str] | None:
    lines: list[str] | None = None
    inside = False
    for line in text.splitlines():
        if header := _HEADER.match(line):
            inside = header[1].strip() == section
            lines = (lines or []) if inside else lines
        elif inside and lines is not None:
            lines.append(line.strip())
    return lines


def _argument(key: str, value: str | None) -> str:
    """One argument; empty for a letter with an empty value, which would take the next one's."""
    name = key.lstrip("-")
    option = f"-{name}" if len(name) == 1 else f"--{name}="
    if value is None:
        return option.removesuffix("=")
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    value = value[1:-1] if quoted else value
    return option + value if value or len(name) > 1 else ""
