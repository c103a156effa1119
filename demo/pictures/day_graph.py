"""Draw docs/pictures/day.png from docs/pictures/day.txt: how long each phase took, and the states.

Rule: everything in it comes from the perfdata and the exit codes of the file.
"""

from itertools import groupby
from pathlib import Path

import matplotlib

matplotlib.use("agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from demo.pictures.day import FILE, INTERVAL
from demo.pictures.record import PHASES, Check, digest, read

PICTURE = FILE.with_suffix(".png")

_COLOURS = ("#4b5a6a", "#2f6fab", "#55a5c9", "#9ecae1", "#f0a04b", "#d8722c")
_STATES = {
    0: ("OK", "#44aa44", "#2e7a2e"),
    1: ("WARNING", "#f3c623", "#946c00"),
    2: ("CRITICAL", "#d63333", "#b01c1c"),
    3: ("UNKNOWN", "#9b59b6", "#6f3d85"),
}
_GREY = "#555555"
_GAP = 12
"""Points between a finding and what it is about: clear of the bars beside it."""


def draw(checks: list[Check], picture: Path) -> None:
    """Draw the checks of a day into a PNG file."""
    pyplot.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9})
    figure, (load, phases, states) = pyplot.subplots(
        3, sharex=True, figsize=(9, 4.6), height_ratios=(1.1, 5, 0.35), layout="constrained"
    )
    _draw_load(load, checks)
    _draw_phases(phases, checks)
    _draw_states(states, checks)
    figure.suptitle(
        f"check_smtp_starttls: {len(checks)} checks run one right after the other, "
        f"counted as {INTERVAL} minutes apart",
        fontsize=10,
    )
    figure.savefig(picture, dpi=110, metadata={"Software": None, "Source": digest(FILE)})


def _hours(checks: list[Check]) -> list[float]:
    return [each.minute / 60 for each in checks]


def _draw_load(axes: Axes, checks: list[Check]) -> None:
    axes.fill_between(_hours(checks), [each.load for each in checks], step="post", color="#cccccc")
    axes.set_ylabel("clients")
    axes.set_ylim(0)
    _tidy(axes)


def _draw_phases(axes: Axes, checks: list[Check]) -> None:
    times = [[each.milliseconds(phase) for each in checks] for phase in PHASES]
    axes.stackplot(_hours(checks), times, labels=PHASES, colors=_COLOURS, step="post")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1],
        labels[::-1],
        loc="upper left",
        framealpha=1,
        edgecolor="none",
        title="phase",
    )
    for finding, run in groupby(checks, key=lambda each: each.finding):
        named = list(run)
        if finding and len(named) > 1:
            middle = (named[0].minute + named[-1].minute + INTERVAL) / 2 / 60
            height = max(sum(map(each.milliseconds, PHASES)) for each in named)
            axes.annotate(
                finding,
                (middle, height),
                (0, _GAP),
                textcoords="offset points",
                ha="center",
                color=_STATES[named[0].state][2],
            )
    limits = [each.limit for each in checks]
    axes.step(_hours(checks), limits, where="post", color=_STATES[1][2], lw=0.8, ls="--")
    axes.annotate("-w", (24, limits[-1]), (2, -3), textcoords="offset points", color=_STATES[1][2])
    axes.margins(y=0.15)
    axes.set_ylabel("time in ms")
    axes.set_ylim(bottom=0)
    axes.yaxis.grid(visible=True, color="#e4e4e4")
    axes.set_axisbelow(True)
    _tidy(axes)


def _draw_states(axes: Axes, checks: list[Check]) -> None:
    width = INTERVAL / 60
    for each in checks:
        axes.axvspan(
            each.minute / 60, each.minute / 60 + width, color=_STATES[each.state][1], lw=0
        )
    seen = sorted({each.state for each in checks})
    patches = [Patch(color=_STATES[state][1], label=_STATES[state][0]) for state in seen]
    axes.legend(
        handles=patches,
        loc="upper right",
        bbox_to_anchor=(1.0, -1.2),
        ncols=len(seen),
        frameon=False,
    )
    axes.set_yticks([])
    axes.set_ylabel("state", rotation=0, ha="right", va="center")
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3), [f"{hour:02}:00" for hour in range(0, 25, 3)])
    _tidy(axes)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=_GREY)


def main() -> None:
    """Draw the picture."""
    draw(read(FILE), PICTURE)
    print(PICTURE)


if __name__ == "__main__":
    main()
