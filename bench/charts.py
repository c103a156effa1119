"""Draw what bench.side_by_side has measured: a picture for each question, from its JSON.

Rule: every figure in a picture is one of the file's.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot
from matplotlib.axes import Axes

_OURS, _PEER = "#2f6fab", "#b8bec6"
_FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"


def draw_all(figures: dict[str, Any], folder: Path) -> list[Path]:
    """Draw a picture for each question, and one for many endpoints: their files."""
    pyplot.rcParams.update({"font.size": 9, "svg.hashsalt": "bench", "svg.fonttype": "none"})
    names = dict.fromkeys(row["question"] for row in figures["rows"])
    drawn = [_draw_question(figures, name, folder) for name in names]
    return [*drawn, _draw_crowds(figures, folder)]


def _draw_question(figures: dict[str, Any], question: str, folder: Path) -> Path:
    near = [row for row in figures["rows"] if row["question"] == question]
    far = [row for row in figures["far"] if row["question"] == question]
    figure, (cpu, wall) = pyplot.subplots(
        1, 2, figsize=(9, 0.8 + 0.38 * len(near)), layout="constrained", sharey=True
    )
    labels = [row["label"] for row in near]
    middles = [row["cpu"]["median"] for row in near]
    reach = [
        [row["cpu"]["median"] - row["cpu"]["low"] for row in near],
        [row["cpu"]["high"] - row["cpu"]["median"] for row in near],
    ]
    _bars(cpu, labels, middles, reach)
    cpu.set_title("processor time, ms", fontsize=9)
    _bars(wall, labels, [row["wall"]["100"] for row in far], None)
    cpu.invert_yaxis()
    wall.set_title("wall time at a round trip of 100 ms, ms", fontsize=9)
    figure.suptitle(question, fontsize=10, fontweight="bold")
    return _save(figure, folder / f"bench-{question.lower().replace(' ', '-')}.svg")


def _bars(axes: Axes, labels: list[str], values: list[float], reach: Any) -> None:
    colours = [_OURS if label.startswith(("check_smtp_",)) else _PEER for label in labels]
    bars = axes.barh(labels, values, color=colours, xerr=reach, error_kw={"ecolor": "#555555"})
    axes.bar_label(bars, fmt="%.0f", padding=3, fontsize=8)
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_crowds(figures: dict[str, Any], folder: Path) -> Path:
    figure, axes = pyplot.subplots(figsize=(6, 3), layout="constrained")
    for question in dict.fromkeys(each["question"] for each in figures["crowds"]):
        each = [row for row in figures["crowds"] if row["question"] == question]
        counts = [row["endpoints"] for row in each]
        (line,) = axes.plot(counts, [row["cpu"] for row in each], marker="o", label=question)
        peers = [row["cpu"] / row["ratio"] for row in each]
        axes.plot(
            counts, peers, color=line.get_color(), linestyle=":", label="check_smtp, a run each"
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.set_xlabel("endpoints in one run")
    axes.set_ylabel("processor time for each, ms")
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return _save(figure, folder / "bench-endpoints.svg")


def _save(figure: Any, path: Path) -> Path:
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    return path


def main() -> None:
    """Draw the pictures of the docs."""
    parser = argparse.ArgumentParser(prog="python -m bench.charts", description=__doc__)
    parser.add_argument("json", type=Path, metavar="FILE", help="what side_by_side --json wrote")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="default: %(default)s")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for path in draw_all(json.loads(options.json.read_text(encoding="utf-8")), options.folder):
        print(path)


if __name__ == "__main__":
    main()
