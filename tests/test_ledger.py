"""State files: what is in them after a change, and what becomes of those that are no good."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from check_smtp_core.deadline import Deadline
from check_smtp_core.findings import Finding
from check_smtp_delivery import ledger
from check_smtp_delivery.ledger import Ledger, LedgerError, Tracked
from check_smtp_delivery.moment import Moment

SENT = Moment(1700000000.25, "b3b1", 1234.5)
FIRST = Tracked("1" * 32, SENT)
SECOND = Tracked("2" * 32, SENT, True, 12.5, 3.25, "Spam & Müll", True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state"


def opened(path: Path, key: str = "loop") -> Ledger:
    return Ledger(str(path), key, Deadline.after(0.2))


def add(*messages: Tracked) -> ledger.Edit:
    return lambda known: [*known, *messages]


def same(known: list[Tracked]) -> list[Tracked]:
    return known


def test_what_is_written_is_read_again(path: Path) -> None:
    assert opened(path).change(add(FIRST)) == [FIRST]
    assert opened(path).change(add(SECOND)) == [FIRST, SECOND]
    assert opened(path).change(same) == [FIRST, SECOND]
    assert opened(path).change(lambda _: []) == []
    assert opened(path).change(same) == []


def test_loops_that_share_a_file_leave_each_other_alone(path: Path) -> None:
    opened(path, "a").change(add(FIRST))
    opened(path, "b").change(add(SECOND))
    assert opened(path, "a").change(same) == [FIRST]
    assert opened(path, "b").change(lambda _: []) == []
    assert opened(path, "a").change(same) == [FIRST]


def test_only_its_owner_may_read_it(path: Path) -> None:
    os.umask(os.umask(0))
    opened(path).change(add(FIRST))
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes == {"state": 0o600, "state.lock": 0o600}


def test_an_edit_that_fails_changes_nothing(path: Path) -> None:
    opened(path).change(add(FIRST))

    def fail(_: list[Tracked]) -> list[Tracked]:
        raise KeyError

    with pytest.raises(KeyError):
        opened(path).change(fail)
    assert opened(path).change(same) == [FIRST]


def test_what_a_killed_run_left_beside_it_does_not_matter(path: Path) -> None:
    opened(path).change(add(FIRST))
    (path.parent / "state.new").write_text("half of", encoding="ascii")
    assert opened(path).change(add(SECOND)) == [FIRST, SECOND]
    assert not (path.parent / "state.new").exists()


def test_a_link_in_place_of_the_new_file_is_not_followed(path: Path) -> None:
    target = path.parent / "target"
    (path.parent / "state.new").symlink_to(target)
    opened(path).change(add(FIRST))
    assert not target.exists()
    (path.parent / "state.lock").unlink()
    (path.parent / "state.lock").symlink_to(target)
    with pytest.raises(LedgerError, match="symbolic links"):
        opened(path).change(same)
    assert not target.exists()


WELL: dict[str, Any] = {
    "token": "1" * 32,
    "sent": {"wall": 1.0, "boot": "", "monotonic": 2.0},
    "accepted": True,
    "missed": 0.0,
    "latency": None,
    "folder": "",
    "junk": False,
}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\x00",
        "{",
        "[]",
        "null",
        "[" * 100000,
        '{"version": 2, "loops": {}}',
        '{"loops": {}}',
        '{"version": 1, "loops": []}',
        '{"version": 1, "loops": {"loop": {}}',
        '{"version": 1, "loops": {"loop": [1]}}',
        *(
            json.dumps({"version": 1, "loops": {"loop": [{**WELL, **wrong}]}})
            for wrong in (
                {"token": 5},
                {"token": "x" * 32},
                {"token": "1" * 31},
                {"sent": None},
                {"sent": {"wall": "then", "boot": "", "monotonic": 1}},
                {"latency": "long"},
                {"latency": float("nan")},
                {"missed": -1},
                {"missed": 10**400},
                {"missed": 1e300},
                {"latency": 10**400},
                {"latency": 1e300},
                {"sent": {"wall": 10**400, "boot": "", "monotonic": 1}},
                {"sent": {"wall": 1e300, "boot": "", "monotonic": 1}},
                {"sent": {"wall": -1, "boot": "", "monotonic": 1}},
                {"sent": {"wall": 1, "boot": "", "monotonic": 10**400}},
                {"sent": {"wall": 1, "boot": "", "monotonic": -1e300}},
                {"folder": None},
            )
        ),
    ],
)
def test_a_damaged_file_is_set_aside(path: Path, content: str) -> None:
    path.write_text(content, encoding="ascii")
    state = opened(path)
    assert state.change(add(FIRST)) == [FIRST]
    aside = path.parent / "state.damaged"
    text = f"the state file was damaged and is now {aside}: nothing is known of the messages in it"
    assert state.notes == [Finding("local", text)]
    assert aside.read_text(encoding="ascii") == content
    assert opened(path).change(same) == [FIRST]


def test_a_file_of_octets_is_damaged_as_well(path: Path) -> None:
    path.write_bytes(b'{"version": 1, "loops": {"\xff": []}}')
    state = opened(path)
    state.change(same)
    assert len(state.notes) == 1


def test_the_oldest_go_where_there_are_too_many(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MOST", 3)
    state = opened(path)
    messages = [FIRST._replace(token=str(number) * 32) for number in range(5)]
    assert state.change(add(*messages)) == messages[2:]
    text = "2 of the oldest given up: more than 3 are waiting for the mailbox"
    assert state.notes == [Finding("lost", text)]


def test_another_run_holds_the_lock(path: Path) -> None:
    held = opened(path)
    with held._lock(), pytest.raises(LedgerError, match="state is locked by another run"):
        opened(path).change(add(FIRST))
    assert opened(path).change(same) == []


def test_a_folder_that_cannot_be_written(path: Path) -> None:
    with pytest.raises(LedgerError, match="nowhere/state cannot be written: no such file"):
        opened(path.parent / "nowhere" / "state").change(add(FIRST))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_somebody_else(path: Path) -> None:
    path.touch()
    os.chown(path, 12345, -1)
    with pytest.raises(LedgerError, match="can be written by others than this user"):
        opened(path).change(same)


def test_a_pipe_in_its_place_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(LedgerError, match="is not a file"):
        opened(path).change(same)
