"""Fuzz target: what a server says is a reply or a ProtocolError, however it comes in pieces."""

import sys

import atheris

with atheris.instrument_imports(include=["check_smtp_core"]):
    from check_smtp_core.conversation import Conversation
    from check_smtp_core.reply import REPLY_LIMIT, REPLY_LINES, Reply, read_capabilities

from tests.test_conversation import heard, on_one_line


def target(octets: bytes) -> None:
    """The first octet is the size of the pieces, from one octet to 64 KiB."""
    size, said = octets[:1] or b"\x00", octets[1:]
    step = (size[0] + 1) ** 2
    pieces = [said[at : at + step] for at in range(0, len(said), step)]
    outcomes = heard([said])
    assert [*map(on_one_line, heard(pieces))] == [*map(on_one_line, outcomes)]
    for outcome in outcomes:
        if isinstance(outcome, Reply):
            assert 200 <= outcome.code <= 599
            assert 0 < len(outcome.lines) <= REPLY_LINES
            assert len(outcome.text.encode()) <= 4 * REPLY_LIMIT
            read_capabilities(outcome)
    unfinished = Conversation()
    unfinished.receive_data(said[:100])
    unfinished.cut_short()
    unfinished.said_so_far()


if __name__ == "__main__":
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
