"""Scores as piano rolls: notes by pitch and time, drums below, with bars and chords."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import BadScore, BadSetting
from ..music.bars import bars_of
from ..music.score import Score, Track
from .plots import (
    GRID_COLOUR,
    INK,
    MAP_COLOURS,
    check_drawable,
    figure_class,
    save_titled,
    shorten,
    tidy_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_NOTES = 500_000
MAX_LINES = 200
"""Bars or chords above which only some of them are drawn."""

BLACK_KEYS = (1, 3, 6, 8, 10)
BLACK_KEY_COLOUR = "#f3f3f7"
MIN_WIDTH = 1 / 2_000
"""Width of the shortest notes, as a fraction of the length."""

DRUM_NAMES = dict(enumerate((
    "high Q", "slap", "scratch push", "scratch pull", "sticks", "square click", "metronome", "metronome bell",
    "kick 2", "kick", "side stick", "snare", "clap", "snare 2", "tom 1", "closed hat", "tom 2", "pedal hat",
    "tom 3", "open hat", "tom 4", "tom 5", "crash", "tom 6", "ride", "china", "ride bell", "tambourine", "splash",
    "cowbell", "crash 2", "vibraslap", "ride 2", "high bongo", "low bongo", "mute conga", "open conga", "low conga",
    "high timbale", "low timbale", "high agogo", "low agogo", "cabasa", "maracas", "short whistle", "long whistle",
    "short guiro", "long guiro", "claves", "high wood block", "low wood block", "mute cuica", "open cuica",
    "mute triangle", "open triangle", "shaker", "jingle bell", "bell tree", "castanets", "mute surdo", "open surdo",
), 27))  # fmt: skip
"""Drums of General MIDI 2 by their keys."""


def draw_piano_roll(score: Score, out: Path, title: str = "") -> None:
    """Draw a score as a piano roll into a PNG file.

    Each track has its colour, loud notes are darker. Lines are bars; chord symbols stand above.

    - ``title``: title of the plot; it is stored in the metadata, see :func:`~wavewright.plots.read_png_title`.

    Raises BadScore if the score has no notes, or more than 500,000, or BadSetting or BadFolder or MissingExtra as
    :func:`~wavewright.plots.check_drawable`.
    """
    check_drawable(out)
    if not 0 < score.n_notes <= MAX_NOTES:
        raise BadScore(f"The score has {score.n_notes} notes; scores of 1 to {MAX_NOTES} notes are drawn.")
    tracks = [track for track in score.tracks if len(track.notes)]
    tonal, drums = [track for track in tracks if not track.is_drum], [track for track in tracks if track.is_drum]
    colours = {id(track): MAP_COLOURS[index % len(MAP_COLOURS)] for index, track in enumerate(tracks)}
    keys = sorted({int(key) for track in drums for key in track.notes["pitch"]})
    heights = [3.6] * bool(tonal) + [0.5 + 0.16 * len(keys)] * bool(drums)
    figure = figure_class()(figsize=(10, 1.0 + sum(heights)), dpi=120, layout="constrained")
    all_axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    if tonal:
        _draw_keys(all_axes[0], tonal)
    for axes, group in zip(all_axes, [each for each in (tonal, drums) if each], strict=True):
        rows = {key: index for index, key in enumerate(keys)} if group is drums else None
        for track in group:
            _draw_notes(axes, score, track, colours[id(track)], rows)
        _draw_bars(axes, score)
        tidy_axes(axes)
    if drums:
        all_axes[-1].set_yticks(range(len(keys)), [DRUM_NAMES.get(key, str(key)) for key in keys], fontsize=7)
        all_axes[-1].set_ylim(-0.7, len(keys) - 0.3)
    _draw_chords(all_axes[0], score)
    all_axes[-1].set_xlabel("seconds", fontsize=9, color=INK)
    all_axes[-1].set_xlim(0, max(score.seconds, 1e-3))
    _draw_names(all_axes[0], tracks, [colours[id(track)] for track in tracks])
    save_titled(figure, title, out)


def _draw_keys(axes: Axes, tracks: Sequence[Track]) -> None:
    """Shade the black keys of the range of the tracks, and name the Cs."""
    pitches = np.concatenate([track.notes["pitch"] for track in tracks])
    low, high = int(pitches.min()) - 2, int(pitches.max()) + 3
    for pitch in range(low, high):
        if pitch % 12 in BLACK_KEYS:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color=BLACK_KEY_COLOUR, linewidth=0, zorder=0)
    octaves = [pitch for pitch in range(low, high) if pitch % 12 == 0] or [low + 2]
    axes.set_yticks(octaves, [f"C{pitch // 12 - 1}" if pitch % 12 == 0 else str(pitch) for pitch in octaves])
    axes.set_ylim(low, high - 0.5)


def _draw_notes(axes: Axes, score: Score, track: Track, colour: str, rows: dict[int, int] | None) -> None:
    """Draw the notes of a track as bars at their pitches, or at the rows of their keys."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba

    notes = track.notes
    start = score.tempo_map.seconds(notes["start"])
    end = score.tempo_map.seconds(notes["start"] + notes["duration"])
    end = np.maximum(end, start + MIN_WIDTH * score.seconds)
    pitch = notes["pitch"] if rows is None else np.array([rows[int(key)] for key in notes["pitch"]])
    low, high = pitch - 0.42, pitch + 0.42
    corners = np.stack([np.stack([start, start, end, end], 1), np.stack([low, high, high, low], 1)], 2)
    shades = np.tile(to_rgba(colour), (len(notes), 1))
    shades[:, 3] = 0.35 + 0.65 * notes["velocity"] / 127
    axes.add_collection(PolyCollection(list(corners), facecolors=shades, linewidths=0, zorder=2))


def _draw_bars(axes: Axes, score: Score) -> None:
    """Draw a line at each bar, or at some of many."""
    try:
        bars = bars_of(score)
    except BadSetting:  # too many for lines
        return
    for bar in bars[:: -(-len(bars) // MAX_LINES)]:
        axes.axvline(float(score.tempo_map.seconds(bar.start)), color=GRID_COLOUR, linewidth=0.7, zorder=1)


def _draw_chords(axes: Axes, score: Score) -> None:
    """Write the chord symbols above, as many as there is room for."""
    last = -np.inf
    for chord in score.chords[: 10 * MAX_LINES]:
        at = float(score.tempo_map.seconds(chord.tick))
        if at - last >= score.seconds / 40:
            axes.annotate(
                shorten(chord.symbol, 12),
                (at, 1),
                xycoords=("data", "axes fraction"),
                xytext=(1, 2),
                textcoords="offset points",
                fontsize=7,
                color=INK,
                parse_math=False,
            )
            last = at


def _draw_names(axes: Axes, tracks: Sequence[Track], colours: Sequence[str]) -> None:
    """Write the names of the first tracks above, with their colours."""
    from matplotlib.patches import Patch

    handles = []
    for track, colour in list(zip(tracks, colours, strict=True))[: len(MAP_COLOURS)]:
        name = track.name or ("drums" if track.is_drum else f"program {track.program + 1}")
        handles.append(Patch(color=colour, label=shorten(name, 16).replace("$", r"\$").lstrip("_") or "track"))
    axes.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1, 1.04),
        ncols=len(handles),
        fontsize=7,
        frameon=False,
        borderpad=0,
        handlelength=1,
        columnspacing=1,
    )
