"""Sessions without TLS, cut and reset at every octet; those with TLS are in tests/faults_sweep."""

import pytest

from tests import fault_page
from tests.fault_proxy import Fault, Kind
from tests.fault_sessions import HANDSHAKE, PLAIN, Case, Piece, at, every, pieces
from tests.fault_sweep import Rig, sweep


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_no_octet_of_a_session_is_where_a_cut_leads_astray(case: Case) -> None:
    with Rig(case) as rig:
        found = rig.pieces()
        fault_page.compare(str(case), fault_page.of_cuts(sweep(rig, found, every(found)), found))


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_a_session_in_single_octets_is_the_session(case: Case) -> None:
    with Rig(case) as rig:
        assert rig.run(Fault(Kind.DRIP, 0, 0.001)) == rig.run(Fault())


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_a_server_that_says_no_more_but_still_hears_is_told_as_one_that_closed(case: Case) -> None:
    with Rig(case) as rig:
        for piece in rig.pieces():
            cut, half = (rig.run(Fault(kind, piece.start)) for kind in (Kind.CUT, Kind.HALF_CLOSE))
            assert half == cut


def test_the_page_has_all_sweeps_in_their_order() -> None:
    assert fault_page.titles() == list(fault_page.SECTIONS)


def test_a_stream_is_taken_apart_into_replies_and_records() -> None:
    stream = b"220-x\r\n220 y\r\n250 z\r\n" + b"\x16\x03\x03\x00\x02ab" + b"\x17\x03\x03\x00\x01c"
    stream += b"221 q\r\n"
    names = ("greeting", "EHLO", "ServerHello", "the first session ticket", "QUIT")
    found = pieces(stream, names)
    assert found == [
        Piece("greeting", 0, 14, "greeting"),
        Piece("EHLO", 14, 21, "EHLO"),
        Piece("ServerHello", 21, 28, HANDSHAKE),
        Piece("the first session ticket", 28, 34, "QUIT"),
        Piece("QUIT", 34, 41, "QUIT"),
    ]
    assert [at(octets, found) for octets in (13, 14, 41)] == [found[0], found[1], None]
