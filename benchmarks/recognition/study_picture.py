"""Picture of the study of generated clips: error over the share of the recordings, a curve for each ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from wavewright.metrics.sampling import Interval
from wavewright.plots.plots import figure_class, save_figure, tidy_axes

COLOURS = ("#222222", "#2e86c1", "#c0392b", "#8e44ad", "#d68910", "#7fb3d5")  # the first for recordings alone
SHARES = (0.01, 0.1, 0.3, 1.0)  # with a mark on the axis
LOWEST_SHARE = 0.005


def draw_study(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Draw the rows of the table of errors, one plot for each task and source."""
    panels = sorted({(str(row["task"]), str(row["source"])) for row in rows if row["source"] != "none"})
    if not panels:
        return
    figure = figure_class()(figsize=(5 * len(panels), 4), layout="constrained")
    for number, (task, source) in enumerate(panels, 1):
        axes = figure.add_subplot(1, len(panels), number)
        of_panel = [row for row in rows if row["task"] == task and row["source"] in ("none", source)]
        for index, ratio in enumerate(sorted({0.0, *(_number(row["ratio"]) for row in of_panel)})):
            curve = [row for row in of_panel if row["ratio"] == ratio]
            shares = [_number(row["share"]) * (1 + 0.15 * index) for row in curve]
            errors = [row["error"] for row in curve]
            values = [error.value for error in errors if isinstance(error, Interval)]
            bounds = [
                [error.value - error.low for error in errors if isinstance(error, Interval)],
                [error.high - error.value for error in errors if isinstance(error, Interval)],
            ]
            label = f"{ratio:g} generated for each recording" if ratio else "recordings alone"
            axes.errorbar(
                shares, values, bounds, label=label, color=COLOURS[index % len(COLOURS)], marker="o", capsize=2
            )
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("share of the recordings")
        axes.set_ylabel("error")
        axes.set_title(f"{task}, generator: {source}")
        axes.set_xlim(LOWEST_SHARE, 2.0)
        axes.set_xticks(SHARES, [f"{share:.0%}" for share in SHARES])
        axes.minorticks_off()
        axes.legend(fontsize=8)
        tidy_axes(axes)
    save_figure(figure, path)


def _number(value: object) -> float:
    return float(str(value))
