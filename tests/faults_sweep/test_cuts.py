"""STARTTLS sessions, cut and reset at every octet; and the installed executables at fifty."""

import pytest

from tests import fault_page
from tests.fault_proxy import Fault, Kind
from tests.fault_sessions import IN_TLS, MORE_IN_TLS, PLAIN, Case, edges, every
from tests.fault_sweep import Rig, assert_right, sweep

EACH = 10


@pytest.mark.parametrize("case", IN_TLS, ids=str)
def test_no_octet_of_a_session_is_where_a_cut_leads_astray(case: Case) -> None:
    with Rig(case) as rig:
        found = rig.pieces()
        fault_page.compare(str(case), fault_page.of_cuts(sweep(rig, found, every(found)), found))


@pytest.mark.parametrize("case", MORE_IN_TLS, ids=str)
def test_other_kinds_of_tls_are_no_other_where_a_piece_begins_and_ends(case: Case) -> None:
    with Rig(case) as rig:
        found = rig.pieces()
        sweep(rig, found, edges(found))


@pytest.mark.parametrize("case", IN_TLS, ids=str)
def test_a_server_that_says_no_more_but_still_hears_is_told_as_one_that_closed(case: Case) -> None:
    with Rig(case) as rig:
        for piece in rig.pieces():
            cut, half = (rig.run(Fault(kind, piece.start)) for kind in (Kind.CUT, Kind.HALF_CLOSE))
            assert half == cut


@pytest.mark.parametrize("case", (*PLAIN, *IN_TLS), ids=str)
def test_the_executables_tell_what_the_sweep_tells(case: Case) -> None:
    with Rig(case) as rig:
        found = rig.pieces()
        whole = rig.run(Fault())
        for number in range(EACH):
            kind = (Kind.CUT, Kind.RESET)[number % 2]
            fault = Fault(kind, found[-1].end * number // (EACH - 1))
            seen = rig.seen(*rig.execute(fault))
            assert_right(case, seen, whole, fault, found)
            assert seen == rig.run(fault)


@pytest.mark.parametrize("case", IN_TLS, ids=str)
def test_a_session_in_single_octets_is_the_session(case: Case) -> None:
    with Rig(case) as rig:
        assert rig.seen(*rig.execute(Fault(Kind.DRIP, 0, 0.001))) == rig.run(Fault())
