"""Confusion matrix and reliability diagram of a classifier as a PNG file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .plots import (
    GRID_COLOUR,
    INK,
    MAX_NAME_LENGTH,
    MAX_TITLE_LENGTH,
    WAVE_COLOUR,
    check_drawable,
    figure_class,
    save_figure,
    shorten,
    tidy_axes,
)

MAX_NUMBERED = 25  # labels up to which cells show their counts


def draw_confusion(
    confusion: np.ndarray,
    labels: Sequence[str],
    confidence: Sequence[float],
    accuracy: Sequence[float],
    counts: Sequence[int],
    out: Path,
    title: str = "",
) -> None:
    """Draw a confusion matrix, and beside it confidence against accuracy.

    - ``confusion``: counts ``(labels, labels)``, rows are true labels; colours are fractions of a row.
    - ``labels``: names of rows and columns.
    - ``confidence``, ``accuracy``, ``counts``: means and number of predictions of each bin of confidence.
    - ``out``: PNG file to write.
    - ``title``: title of the plot.

    Raises BadSetting or BadFolder or MissingExtra as :func:`.plots.check_drawable`.
    """
    check_drawable(out)
    n_labels = len(labels)
    side = min(12.0, 3.0 + 0.42 * n_labels)
    figure = figure_class()(figsize=(side + 4.5, max(side, 4.5)), dpi=120, layout="constrained")
    matrix, diagram = figure.subplots(1, 2, width_ratios=(side, 4.0))
    fractions = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    matrix.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    names = [shorten(label, MAX_NAME_LENGTH) for label in labels]
    matrix.set_xticks(range(n_labels), names, rotation=60, ha="right", fontsize=8, parse_math=False)
    matrix.set_yticks(range(n_labels), names, fontsize=8, parse_math=False)
    matrix.set_xlabel("recognised as", fontsize=9, color=INK)
    matrix.set_ylabel("label", fontsize=9, color=INK)
    if n_labels <= MAX_NUMBERED:
        for row, column in np.argwhere(confusion > 0):
            colour = "white" if fractions[row, column] > 0.5 else INK
            text = str(confusion[row, column])
            matrix.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    matrix.set_title(
        shorten(title, MAX_TITLE_LENGTH), loc="left", fontsize=11, fontweight="bold", color=INK, parse_math=False
    )
    diagram.plot([0, 1], [0, 1], color=GRID_COLOUR, linewidth=1.0)
    diagram.plot(confidence, accuracy, color=WAVE_COLOUR, linewidth=1.0)
    sizes = 20 + 180 * np.asarray(counts) / max(1, *counts, 1)
    diagram.scatter(confidence, accuracy, s=sizes, color=WAVE_COLOUR, alpha=0.7, linewidths=0)
    diagram.set(xlim=(0, 1), ylim=(-0.02, 1.02), aspect="equal")
    diagram.set_xlabel("confidence", fontsize=9, color=INK)
    diagram.set_ylabel("accuracy", fontsize=9, color=INK)
    tidy_axes(diagram)
    save_figure(figure, out)
