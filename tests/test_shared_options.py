"""The options that all checks share: who has which."""

from check_smtp_core.parser import Parser
from check_smtp_core.shared_options import add_shared_options

SERVER = (
    "-H --hostname -p --port -4 -6 --source-address --proxy-protocol -F --ehlo-name -L --lmtp "
    "-s --tls -S --starttls --servername --no-sni --ca-file --ca-path --no-verify"
)
SEVERAL = "--all-addresses --mx --ignore-mx --quorum --perfdata-each"
ALL = (
    "-t --timeout -w --warning -c --critical --phase-warning --phase-critical --state "
    "--extra-opts -v --verbose --explain -V --version -h --help"
)


def names(parser: Parser) -> set[str]:
    add_shared_options(parser)
    return {
        name
        for section in parser.sections
        for option in section.options
        if option.help
        for name in option.names
    }


def test_a_check_of_a_server_has_them_all() -> None:
    assert names(Parser("check", "")) == {*SERVER.split(), *SEVERAL.split(), *ALL.split()}


def test_a_check_of_one_endpoint_knows_nothing_of_several() -> None:
    parser = Parser("check", "")
    parser.one_endpoint = True
    assert names(parser) == {*SERVER.split(), *ALL.split()}


def test_a_check_of_this_machine_knows_nothing_of_servers() -> None:
    assert names(Parser("check", "", local=True)) == set(ALL.split())


def test_what_a_check_declares_itself_is_left_to_it() -> None:
    parser = Parser("check", "")
    parser.own.value("-w", "--warning", convert=str, metavar="DAYS", help="days")
    parser.own.value("-f", "--mail-from", convert=str, metavar="ADDRESS", help="sender")
    names(parser)
    own = [option.names for option in parser.own.options]
    assert own == [("-w", "--warning"), ("-f", "--mail-from")]
    assert parser.by_name["-w"].metavar == "DAYS"
    assert parser.by_name["-f"].metavar == "ADDRESS"
