"""A small piano roll as SVG, without a plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT, MARGIN = 640, 180, 4  # pixels
MAX_NOTES = 2_000
MIN_WIDTH = 1.0  # of a note
COLOURS = ("#3f5fa8", "#c2571a", "#2f8f6b", "#8a4fb0", "#b8912b", "#c0406f", "#3a9bb5", "#6b6b76")


def roll_svg(tracks: Sequence[np.ndarray], seconds: float, title: str) -> str:
    """Return notes as an SVG: time from left to right, pitch upwards, a colour for each track.

    - ``tracks``: start and end in seconds, and pitch, of the notes of each track, ``(notes, 3)``; the first MAX_NOTES
      are drawn.
    - ``seconds``: length of the music.
    """
    pitches = np.concatenate([notes[:MAX_NOTES, 2] for notes in tracks] or [np.zeros(0)])
    low, high = (pitches.min(), pitches.max()) if len(pitches) else (60.0, 60.0)
    row = (HEIGHT - 2 * MARGIN) / (high - low + 1)
    per_second = (WIDTH - 2 * MARGIN) / max(seconds, 1e-3)
    shapes = []
    for index, notes in enumerate(tracks):
        path = "".join(
            f"M{MARGIN + per_second * start:.1f} {HEIGHT - MARGIN - row * (pitch - low + 1):.1f}"
            f"h{(width := max(per_second * (end - start), MIN_WIDTH)):.1f}v{row:.1f}h-{width:.1f}z"
            for start, end, pitch in notes[:MAX_NOTES]
        )
        shapes.append(f'<path fill="{COLOURS[index % len(COLOURS)]}" d="{path}"/>')
    label = escape(f"Piano roll of {title}" if title else "Piano roll")
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
    return f'<svg role="img" aria-label="{label}" {size}>{"".join(shapes)}</svg>'
