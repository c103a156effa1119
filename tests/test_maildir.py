"""Maildirs: what is found where, what is left alone, and what cannot be read."""

import os
from pathlib import Path

import pytest

from check_smtp_core.deadline import Deadline
from check_smtp_delivery import maildir
from check_smtp_delivery.mailbox import Found, Unreadable
from check_smtp_delivery.maildir import Maildir

TOKEN = "0123456789abcdef" * 2
MESSAGE = f"Subject: x\nX-SMTP-Check-Loop: {TOKEN}\n\nbody\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp", ".Junk/new", ".Junk/cur"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def deliver(path: Path, text: str = MESSAGE, arrived: float = 1000.0) -> str:
    path.write_text(text, encoding="ascii")
    os.utime(path, (arrived, arrived))
    return str(path)


def look(folder: Path, junk: str = "", since: float = 5000.0) -> list[Found]:
    return Maildir(str(folder), junk, Deadline.after(5), since).look({TOKEN})


def places(found: list[Found]) -> list[tuple[str, bool, float]]:
    return [(each.place, each.junk, each.arrived) for each in found]


def test_messages_in_new_and_cur_and_in_the_folder_for_junk(folder: Path) -> None:
    new = deliver(folder / "new/1.M1.host")
    seen = deliver(folder / "cur/2.M2.host:2,S", arrived=999.0)
    junk = deliver(folder / ".Junk/new/3.M3.host")
    deliver(folder / "tmp/4.M4.host")
    deliver(folder / "new/5.M5.host", MESSAGE.replace("0123", "9999"))
    deliver(folder / "new/6.M6.host", f"Subject: bounce\n\nX-SMTP-Check-Loop: {TOKEN}\n")
    assert places(look(folder)) == [(new, False, 1000.0), (seen, False, 999.0)]
    assert places(look(folder, ".Junk"))[2:] == [(junk, True, 1000.0)]


def test_of_a_large_folder_the_newest_messages_and_all_that_may_be_ours(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock that dates them may be an hour behind."""
    monkeypatch.setattr(maildir, "_NEWEST", 2)
    old = deliver(folder / "new/1", arrived=1.0)
    kept = [deliver(folder / f"cur/{number}", arrived=number) for number in (3.0, 2.0)]
    assert [each.place for each in look(folder, since=3601.5)] == kept
    assert [each.place for each in look(folder, since=3601.0)] == [*kept, old]


def test_links_and_folders_among_the_messages_are_left_alone(folder: Path) -> None:
    deliver(folder / "elsewhere")
    (folder / "new/1").symlink_to(folder / "elsewhere")
    (folder / "new/2").mkdir()
    os.mkfifo(folder / "new/3")
    assert look(folder) == []


def test_deleting(folder: Path) -> None:
    deliver(folder / "new/1")
    deliver(folder / "new/2", "Subject: other\n\n")
    mailbox = Maildir(str(folder), "", Deadline.after(5), 5000.0)
    found = mailbox.look({TOKEN})
    mailbox.delete(found)
    mailbox.delete(found)  # somebody else was faster
    assert [path.name for path in (folder / "new").iterdir()] == ["2"]


def test_a_folder_that_is_no_maildir(folder: Path) -> None:
    with pytest.raises(Unreadable, match="/nowhere/new cannot be read: no such file or directory"):
        look(folder / "nowhere")


def test_what_was_found_before_a_folder_that_is_missing_is_kept(folder: Path) -> None:
    deliver(folder / "new/1")
    with pytest.raises(Unreadable, match="/None/new cannot be read") as caught:
        look(folder, "None")
    assert len(caught.value.found) == 1


def test_no_time_is_left(folder: Path) -> None:
    deliver(folder / "new/1")
    with pytest.raises(Unreadable, match="there was no time left"):
        Maildir(str(folder), "", Deadline.after(-1), 5000.0).look({TOKEN})
