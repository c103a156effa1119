"""The parser's manners: nothing ends the process, nothing is guessed."""

from argparse import Namespace
from typing import Any

import pytest

from check_smtp_core.parser import Information, InvalidValue, Parser, UsageError


def number(text: str) -> int:
    if not text.isdecimal():
        raise InvalidValue(f'"{text}" is not a number')
    return int(text)


def parser() -> Parser:
    """A parser with one option of each kind."""
    new = Parser("check_smtp_test", "Is this a test?")
    section = new.section("test")
    section.value("-n", "--number", convert=number, metavar="N", help="a number", default=0)
    section.value("-H", "--hostname", convert=str, metavar="HOST", help="a text")
    section.values("--list", convert=number, metavar="N", help="numbers")
    section.choice("-4", dest="family", const=4, default=0, help="one")
    section.choice("-6", dest="family", const=6, default=0, help="or the other")
    section.flag("-L", "--lmtp", help="a flag")
    section.flag("--no-sni", dest="sni", const=False, help="a flag that switches off")
    section.counter("-v", help="a flag that counts")
    section.places("--extra", const="@", metavar="PLACE", help="places")
    section.text("--about", text=lambda parser, _: f"about {parser.prog}", help="a text")
    section.text_about(
        "--explain",
        text=lambda _, value: f"it is {value}",
        convert=number,
        metavar="N",
        help="a text",
    )
    section.secret("--password", "use a file")
    section.refused("-e", "use --list")
    return new


DEFAULTS: dict[str, Any] = {
    "number": 0,
    "hostname": "",
    "list": (),
    "family": 0,
    "lmtp": False,
    "sni": True,
    "v": 0,
    "extra": None,
    "password": "",
    "about": None,
    "explain": None,
    "e": None,
}


def parsed(*arguments: str, onto: Namespace | None = None) -> dict[str, Any]:
    """What differs from the defaults."""
    namespace = Namespace() if onto is None else onto
    parser().parse(arguments, namespace)
    assert set(vars(namespace)) == set(DEFAULTS)
    return {name: value for name, value in vars(namespace).items() if value != DEFAULTS[name]}


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ([], {}),
        (["-n", "5"], {"number": 5}),
        (["-n5"], {"number": 5}),
        (["--number", "5"], {"number": 5}),
        (["--number=5"], {"number": 5}),
        (["-n", "", "--hostname", "", "--list", "", "--list="], {}),
        (["-n", "5", "-n", ""], {"number": 5}),
        (["-n", "", "-n", "5"], {"number": 5}),
        (["--list", "1"], {"list": (1,)}),
        (["--list", "1,2", "--list", "3"], {"list": (1, 2, 3)}),
        (["--list", " 1 ,, 2 , "], {"list": (1, 2)}),
        (["-4"], {"family": 4}),
        (["-4", "-4"], {"family": 4}),
        (["-6"], {"family": 6}),
        (["-L"], {"lmtp": True}),
        (["--lmtp", "-L"], {"lmtp": True}),
        (["--no-sni"], {"sni": False}),
        (["-H=mail"], {"hostname": "mail"}),
        (["-n=5", "-H", "-"], {"number": 5, "hostname": "-"}),
        (["--extra", "a@b", "--extra=", "--extra"], {"extra": ("a@b", "", "@")}),
        (["--extra", "-L"], {"extra": ("@",), "lmtp": True}),
        (["-vv", "-v"], {"v": 3}),
        (["-vL4"], {"v": 1, "lmtp": True, "family": 4}),
        (["-vn5"], {"v": 1, "number": 5}),
        (["-H", "a b"], {"hostname": "a b"}),
        (["--hostname=-n"], {"hostname": "-n"}),
        (["--hostname=-1:5"], {"hostname": "-1:5"}),
    ],
)
def test_arguments_are_read(arguments: list[str], values: dict[str, Any]) -> None:
    assert parsed(*arguments) == values


EXPECTED_ONE = "expected one argument (a value that begins with - needs the form --option=-1:5)"

SEEN = "everybody on this machine can read it there; use a file"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-n", "x"], 'argument -n/--number: "x" is not a number'),
        (["--list", "1,x"], 'argument --list: "x" is not a number'),
        (["-n"], f"argument -n/--number: {EXPECTED_ONE}"),
        (["-n", "-L"], f"argument -n/--number: {EXPECTED_ONE}"),
        (["--hostname", "-1:5"], f"argument -H/--hostname: {EXPECTED_ONE}"),
        (["-n", "1", "-n", "1"], "-n is given twice"),
        (["-n", "1", "--number", "2"], "--number is given twice"),
        (["-n", "0", "-n", "0"], "-n is given twice"),
        (["-4", "-6"], "-6 contradicts another option"),
        (["-46"], "-6 contradicts another option"),
        (["-6", "-4"], "-4 contradicts another option"),
        (["--password", "x"], f"--password: {SEEN}"),
        (["--password=x"], f"--password: {SEEN}"),
        (["mail"], 'unknown argument "mail"'),
        (["-"], 'unknown argument "-"'),
        (["-L", "-x", "--lmtp"], 'unknown argument "-x"'),
        (["-Lx"], 'unknown argument "-Lx"'),
        (["-L5"], 'unknown argument "-L5"'),
        (["-n", "1", "mail", "web"], 'unknown argument "mail"'),
        ([""], 'unknown argument ""'),
        (["-x"], 'unknown argument "-x"'),
        (["--unknown"], 'unknown argument "--unknown"'),
        (["--unknown=1"], 'unknown argument "--unknown=1"'),
        (["--num", "1"], 'unknown argument "--num"'),
        (["--numbe=1"], 'unknown argument "--numbe=1"'),
        (["--lm"], 'unknown argument "--lm"'),
        (["--lmtp=1"], "argument -L/--lmtp: ignored explicit argument '1'"),
        (["-e", "220"], "-e is an option of check_smtp: use --list"),
        (["-e220"], "-e is an option of check_smtp: use --list"),
        (["-e"], "-e is an option of check_smtp: use --list"),
        (["-H", "a\udcff"], "an argument is not valid UTF-8"),
        (["\ud800"], "an argument is not valid UTF-8"),
        (["--explain", "x"], 'argument --explain: "x" is not a number'),
    ],
)
def test_what_cannot_be_understood_is_a_usage_error(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as error:
        parsed(*arguments)
    assert str(error.value) == message


def test_nothing_follows_a_double_dash() -> None:
    with pytest.raises(UsageError):
        parsed("--", "mail")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--about"], "about check_smtp_test"),
        (["--explain", "5"], "it is 5"),
        (["-n", "1", "--about", "--unknown"], "about check_smtp_test"),
    ],
)
def test_who_asks_for_a_text_gets_nothing_but_it(arguments: list[str], text: str) -> None:
    with pytest.raises(Information) as information:
        parsed(*arguments)
    assert str(information.value) == text


@pytest.mark.parametrize(
    ("first", "second", "values"),
    [
        (["-n", "1"], ["-n", "2"], {"number": 2}),
        (["-n", "1"], ["-n", ""], {"number": 1}),
        (["-n", "1"], [], {"number": 1}),
        (["-4"], ["-6"], {"family": 6}),
        (["--list", "1"], ["--list", "2"], {"list": (1, 2)}),
        (["-L"], ["-v"], {"lmtp": True, "v": 1}),
    ],
)
def test_later_arguments_override_earlier_ones_of_another_place(
    first: list[str], second: list[str], values: dict[str, Any]
) -> None:
    namespace = Namespace()
    parsed(*first, onto=namespace)
    assert parsed(*second, onto=namespace) == values


def test_a_parser_can_be_used_again() -> None:
    again = parser()
    for _ in range(2):
        namespace = Namespace()
        again.parse(["-n", "1", "-4"], namespace)
        assert (namespace.number, namespace.family) == (1, 4)
