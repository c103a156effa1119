#!/usr/bin/env python3
"""Makes the Director's baskets from check_smtp.conf: run it after a change there.

Rule: names, arguments, variables and descriptions come from check_smtp.conf, which a test holds
to the command lines of the checks; here is only what Icinga 2 has no word for, such as the kind of
a form's field. A uuid depends on nothing but the object's name, so that an import of a later
version updates what an earlier one brought.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid5

HERE = Path(__file__).resolve().parent
BASKET = "check_smtp-basket.json"
BASKET_WITHOUT_UUIDS = "check_smtp-basket-director-1.10.json"

_NAMESPACE = UUID("9b0c6c0e-8f0a-4f57-a1c1-54b6b1c5c9d4")
_NUMBERS = (
    *("port", "expect_code", "min_size", "min_bits", "size", "quorum"),
    *("imap_port", "lost_after"),
)
_INTERVALS = {"smtp_cert": 3600, "smtp_relay": 3600}
_INTERVAL = 300
_WORDS = {
    "auth": "AUTH",
    "ca": "CA",
    "cert": "certificate",
    "ehlo": "EHLO",
    "imap": "IMAP",
    "ipv4": "IPv4 only",
    "ipv6": "IPv6 only",
    "lmtp": "LMTP",
    "mta": "MTA",
    "mx": "MX",
    "proxy": "PROXY",
    "servername": "server name",
    "sni": "SNI",
    "starttls": "STARTTLS",
    "tls": "implicit TLS",
}


class Argument(NamedTuple):
    """An argument of a command, and the variable of that command that it gets its value from.

    It is a flag, a list (its option is repeated) or a single value.
    """

    option: str
    variable: str
    flag: bool
    repeated: bool
    required: bool
    description: str


class Command(NamedTuple):
    """A CheckCommand: its executable, all its arguments, and the defaults of its variables."""

    name: str
    executable: str
    arguments: list[Argument]
    defaults: dict[str, str]


def commands_of(conf: str) -> list[Command]:
    """The commands that the text of check_smtp.conf defines, the shared arguments merged in."""
    blocks = dict(re.findall(r"^(\S[^\n]*) {\n(.*?)^}$", conf, re.DOTALL | re.MULTILINE))
    shared = {
        name: blocks.pop(f"globals.{name} = function(command)")
        for name in ("smtp_arguments", "smtp_endpoint_arguments", "smtp_local_arguments")
    }
    commands = []
    for head, block in blocks.items():
        name = head.removeprefix('object CheckCommand "').removesuffix('"')
        (executable,) = re.findall(r'\[ PluginContribDir \+ "/(\w+)" \]', block)
        arguments: dict[str, Argument] = {}
        for common in re.findall(r"^\targuments \+?= (\w+)\(", block, re.MULTILINE):
            arguments |= _arguments(shared[common].replace('"$" + command + "_', f'"${name}_'))
        arguments |= _arguments(block)
        variables = dict(re.findall(r'^\tvars\.(\w+) = "(.*)"$', block, re.MULTILINE))
        # What the template ipv4-or-ipv6 chooses is the host's address here: the Director does not
        # have that template.
        defaults = {
            key: value.replace("$check_address$", "$address$")
            for key, value in variables.items()
            if not key.startswith("check_")
        }
        commands.append(Command(name, executable, list(arguments.values()), defaults))
    return commands


def _arguments(block: str) -> dict[str, Argument]:
    found = {}
    for option, text in re.findall(
        r'^\t\t"(-[^"]+)" = {\n(.*?)^\t\t}$', block, re.DOTALL | re.MULTILINE
    ):
        settings = dict(re.findall(r'^\t\t\t(\w+) = "?(.*?)"?$', text, re.MULTILINE))
        value = settings.get("value") or settings["set_if"]
        found[option] = Argument(
            option=option,
            variable=value.strip("$"),
            flag="set_if" in settings,
            repeated=settings.get("repeat_key") == "true",
            required=settings.get("required") == "true",
            description=settings["description"],
        )
    return found


def basket(commands: list[Command], with_uuids: bool) -> dict[str, dict[str, object]]:
    """Commands, a service template for each, and the fields of their forms."""
    fields = [(command, each) for command in commands for each in command.arguments]
    numbers = {each.variable: number for number, (_, each) in enumerate(fields, 1)}
    objects: dict[str, dict[str, object]] = {"Command": {}, "ServiceTemplate": {}, "Datafield": {}}

    def add(kind: str, key: str, name: str, **properties: object) -> None:
        if with_uuids:
            properties["uuid"] = str(uuid5(_NAMESPACE, f"{kind} {name}"))
        objects[kind][key] = properties

    for command in commands:
        add(
            "Command",
            command.name,
            command.name,
            object_name=command.name,
            object_type="object",
            disabled=False,
            imports=[],
            is_string=None,
            methods_execute="PluginCheck",
            command=f"PluginContribDir + /{command.executable}",
            zone=None,
            arguments={each.option: _described(each) for each in command.arguments},
            fields=[
                {
                    "datafield_id": numbers[each.variable],
                    # The command itself has the default of its one required argument.
                    "is_required": "n",
                    "var_filter": None,
                }
                for each in command.arguments
            ],
            vars=command.defaults,
        )
        template = f"tpl-service-{command.name.replace('_', '-')}"
        add(
            "ServiceTemplate",
            template,
            template,
            object_name=template,
            object_type="template",
            imports=[],
            check_command=command.name,
            check_interval=str(_INTERVALS.get(command.name, _INTERVAL)),
            retry_interval="60",
            max_check_attempts="3",
            enable_perfdata=True,
            fields=[],
            vars={},
        )
    for command, each in fields:
        add(
            "Datafield",
            str(numbers[each.variable]),
            each.variable,
            varname=each.variable,
            caption=_caption(command, each),
            description=each.description,
            datatype=f"Icinga\\Module\\Director\\DataType\\DataType{_kind(command, each)}",
            format=None,
            settings={"visibility": "visible"} if _kind(command, each) == "String" else {},
        )
    return objects


def _described(argument: Argument) -> dict[str, object]:
    key = "set_if" if argument.flag else "value"
    settings: dict[str, object] = {key: f"${argument.variable}$"}
    if argument.repeated:
        settings["repeat_key"] = True
    if argument.required:
        settings["required"] = True
    return settings | {"description": argument.description}


def _kind(command: Command, argument: Argument) -> str:
    if argument.flag:
        return "Boolean"
    if argument.repeated:
        return "Array"
    return "Number" if _parameter(command, argument) in _NUMBERS else "String"


def _caption(command: Command, argument: Argument) -> str:
    check = command.name.removeprefix("smtp_")
    words = [_WORDS.get(word, word) for word in _parameter(command, argument).split("_")]
    return f"SMTP {_WORDS.get(check, check)}: {' '.join(words)}"


def _parameter(command: Command, argument: Argument) -> str:
    return argument.variable.removeprefix(f"{command.name}_")


def files() -> dict[Path, str]:
    """Both baskets and the text that belongs into each."""
    conf = (HERE.parent / "check_smtp.conf").read_text(encoding="utf-8")
    commands = commands_of(conf)
    return {
        HERE / name: json.dumps(basket(commands, with_uuids), indent=2) + "\n"
        for name, with_uuids in ((BASKET, True), (BASKET_WITHOUT_UUIDS, False))
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
        print(path)
