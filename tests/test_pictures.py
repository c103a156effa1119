"""The pictures: each is there, is explained, and shows what the lines beside it say."""

import re
import struct
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import pytest

from check_smtp_core.findings import State
from demo.pictures.record import PHASES, digest, read, text_of

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs/pictures"
DAY = FOLDER / "day.txt"
LABELS = ["time", *(f"time_{phase}" for phase in PHASES), "bits"]
LARGEST = 150_000

_SVG = "{http://www.w3.org/2000/svg}"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunks(picture: Path) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG file, up to the one that ends it."""
    octets = picture.read_bytes()
    assert octets.startswith(_SIGNATURE)
    found, place = [], len(_SIGNATURE)
    while place < len(octets):
        size, kind = struct.unpack_from(">I4s", octets, place)
        found.append((kind, octets[place + 8 : place + 8 + size]))
        place += 12 + size
    return found


def shown(page: Path) -> list[tuple[str, Path]]:
    """The pictures of a page with their alternative texts."""
    found = re.findall(r"!\[([^]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    return [(text, (page.parent / path).resolve()) for text, path in found]


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = [each for page in PAGES for each in shown(page)]
CHECKS = read(DAY)


def test_every_picture_is_shown_and_every_shown_one_is_there() -> None:
    assert {path for _, path in SHOWN} == {*FOLDER.glob("*.png"), *FOLDER.glob("*.svg")}


@pytest.mark.parametrize(("text", "path"), SHOWN)
def test_a_picture_is_small_and_told_to_those_who_do_not_see_it(text: str, path: Path) -> None:
    if path.suffix == ".svg":
        assert ElementTree.parse(path).getroot().tag == f"{_SVG}svg"
    else:
        kinds = [kind for kind, _ in chunks(path)]
        assert (kinds[0], kinds[-1]) == (b"IHDR", b"IEND")
    assert path.stat().st_size < LARGEST
    assert len(text.split()) > 10


@pytest.mark.parametrize(("text", "path"), [each for each in SHOWN if "Bars, " in each[0]])
def test_the_bars_show_the_figures_of_the_table_below(text: str, path: Path) -> None:
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    table = page.partition(f"({path.relative_to(ROOT / 'docs')})\n\n")[2].partition("\n\n")[0]
    rows = [[cell.strip(" `") for cell in row.split("|")[1:-1]] for row in table.splitlines()[2:]]
    words = [each.text or "" for each in ElementTree.parse(path).iter(f"{_SVG}text")]
    figures = [float(cell) for row in rows for cell in (row[1], row[5])]
    drawn = [float(word) for word in words if word.isdecimal()]
    told = [float(each) for pair in re.findall(r"(\d+) and (\d+)(?:;|$)", text) for each in pair]
    assert len(rows) > 2
    assert {row[0] for row in rows} < set(words)
    # each was rounded from more digits
    assert told == pytest.approx(figures, abs=0.55)
    assert all(min(abs(each - figure) for each in drawn) < 0.55 for figure in figures)


def test_a_day_has_a_check_every_five_minutes() -> None:
    assert [each.minute for each in CHECKS] == list(range(0, 24 * 60, 5))


def test_a_line_of_the_day_is_what_the_check_prints() -> None:
    for check in CHECKS:
        assert check.line.startswith(f"SMTP_STARTTLS {State(check.state).name} - 192.0.2.25:25 ")
        values = dict(re.findall(r"(\w+)=([\d.]+)", check.line.partition(" | ")[2]))
        assert list(values) == [label for label in LABELS if label in values], check
        milliseconds = 1000 * float(values["time"])
        # each is rounded to a tenth of a millisecond
        assert sum(map(check.milliseconds, PHASES)) < milliseconds + 0.5, check
        well = "bits" in values and milliseconds <= check.limit
        assert (check.state == State.OK) == (check.finding == "") == well, check


def test_the_page_tells_when_the_checks_were_not_ok() -> None:
    rows = []
    for (finding, state), run in groupby(CHECKS, key=lambda each: (each.finding, each.state)):
        minutes = [each.minute for each in run]
        if finding:
            since, until = (divmod(minute, 60) for minute in (minutes[0], minutes[-1] + 5))
            name = State(state).name
            rows.append(f"| {_clock(*since)} | {_clock(*until)} | {name} | `{finding}` |")
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^(\| \d\d:\d\d .*?`[a-z-]+` \|)", page, re.MULTILINE) == rows


def test_the_graph_was_drawn_from_the_lines() -> None:
    texts = [data for kind, data in chunks(FOLDER / "day.png") if kind == b"tEXt"]
    assert texts == [b"Source\0" + digest(DAY).encode()]


def test_the_lines_are_written_as_they_are_read(tmp_path: Path) -> None:
    heading = "".join(
        line.removeprefix("#").removeprefix(" ")
        for line in DAY.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.startswith("#")
    )
    (tmp_path / "day.txt").write_text(text_of(CHECKS, heading), encoding="utf-8")
    assert (tmp_path / "day.txt").read_bytes() == DAY.read_bytes()


@pytest.mark.parametrize("line", ["", "05:00 2 SMTP_STARTTLS OK", "5:00 2 0 SMTP_STARTTLS OK"])
def test_another_line_is_no_check(tmp_path: Path, line: str) -> None:
    (tmp_path / "day.txt").write_text(f"# heading\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no check: "):
        read(tmp_path / "day.txt")


def _clock(hour: int, minute: int) -> str:
    return f"{hour:02}:{minute:02}"
