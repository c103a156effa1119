"""contrib/icinga/director/: the baskets are what generate.py makes, and both say the same."""

import json
import os
from pathlib import Path
from runpy import run_path
from typing import Any
from uuid import UUID

import pytest

from check_smtp_core.parser import InvalidValue
from tests.test_suite import CHECKS, in_argparse, options_of

FOLDER = Path(__file__).parent.parent / "contrib" / "icinga" / "director"
DATA_TYPE = "Icinga\\Module\\Director\\DataType\\DataType"

generator = run_path(str(FOLDER / "generate.py"))


def basket(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


BASKET = basket("check_smtp-basket.json")
WITHOUT_UUIDS = basket("check_smtp-basket-director-1.10.json")


def test_the_baskets_are_what_the_generator_makes() -> None:
    for path, text in generator["files"]().items():
        if os.environ.get("UPDATE_DOCS"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text


def test_the_baskets_differ_in_uuids_only() -> None:
    stripped = {
        kind: {name: without_uuid(each) for name, each in objects.items()}
        for kind, objects in BASKET.items()
    }
    assert stripped == WITHOUT_UUIDS


def without_uuid(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name != "uuid"}


def test_every_object_has_a_uuid_of_its_own() -> None:
    uuids = [UUID(each["uuid"]) for objects in BASKET.values() for each in objects.values()]
    assert len(set(uuids)) == len(uuids)
    assert {(each.version, len(each.bytes)) for each in uuids} == {(5, 16)}


@pytest.mark.parametrize(
    ("kind", "key", "uuid"),
    [
        ("Command", "smtp_banner", "9f468e40-d45d-5641-bd34-bcdb1ffed377"),
        ("ServiceTemplate", "tpl-service-smtp-banner", "9081abb9-2cc8-5f44-95f5-32a0e8a7d4a4"),
        ("Datafield", "1", "ba7a29f5-6003-503c-acfd-5b144a6344da"),
    ],
)
def test_a_uuid_never_changes_once_people_have_imported_it(kind: str, key: str, uuid: str) -> None:
    assert BASKET[kind][key]["uuid"] == uuid


@pytest.mark.parametrize("check", CHECKS)
def test_a_command_has_every_option_and_a_field_for_each(check: str) -> None:
    command = BASKET["Command"][check.removeprefix("check_")]
    assert command["command"] == f"PluginContribDir + /{check}"
    assert set(command["arguments"]) == options_of(check)
    values = [each.get("value") or each.get("set_if") for each in command["arguments"].values()]
    numbers = [str(each["datafield_id"]) for each in command["fields"]]
    assert [f"${BASKET['Datafield'][each]['varname']}$" for each in numbers] == values


@pytest.mark.parametrize("check", CHECKS)
def test_a_field_is_of_the_kind_of_its_option(check: str) -> None:
    command = BASKET["Command"][check.removeprefix("check_")]
    kinds = {}
    for option, field in zip(command["arguments"], command["fields"], strict=True):
        data_type = BASKET["Datafield"][str(field["datafield_id"])]["datatype"]
        kinds[option] = data_type.removeprefix(DATA_TYPE)
    for action in in_argparse(check)._actions:
        option = max(action.option_strings, key=len)
        if option not in kinds:
            continue
        if action.nargs == 0:
            assert kinds[option] == "Boolean", option
        elif action.default == () and action.dest != "hostnames":
            assert kinds[option] == "Array", option
        else:
            number = takes_numbers_only(action.type or str)
            assert kinds[option] == ("Number" if number else "String"), option


def takes_numbers_only(convert: Any) -> bool:
    """Whether an option's converter takes a whole number, and nothing like a range or a name."""
    try:
        return isinstance(convert("554"), int)
    except InvalidValue:
        return False


INTERVALS = {"check_smtp_cert": "3600", "check_smtp_relay": "3600"}


@pytest.mark.parametrize("check", CHECKS)
def test_every_command_has_a_service_template(check: str) -> None:
    command = check.removeprefix("check_")
    template = BASKET["ServiceTemplate"][f"tpl-service-{command.replace('_', '-')}"]
    assert template["check_command"] == command
    assert template["check_interval"] == INTERVALS.get(check, "300")


def test_captions_and_descriptions_are_there_and_captions_are_unique() -> None:
    fields = BASKET["Datafield"].values()
    captions = [each["caption"] for each in fields]
    assert len(set(captions)) == len(captions)
    assert all(each["description"].endswith(".") for each in fields)


def test_nothing_is_a_function_which_the_director_cannot_read() -> None:
    for path in generator["files"]():
        assert "{{" not in path.read_text(encoding="utf-8")
