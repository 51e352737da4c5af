"""Plot of a transcription: notes over the pitch of each frame, and the level."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...plots.plots import (
    GRID_COLOUR,
    INK,
    MAP_COLOURS,
    MAX_TITLE_LENGTH,
    SOFTWARE,
    check_drawable,
    figure_class,
    save_figure,
    shorten,
    tidy_axes,
)
from .beats import Beats
from .melody import Transcription
from .salience import FRAMES_PER_SECOND, MelodyFrames
from .settings import TranscriptionSettings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOTE_COLOUR, PITCH_COLOUR = MAP_COLOURS[0], MAP_COLOURS[1]
MAX_POINTS = 20_000
MAX_BARS = 200
LEVEL_DB = (-80.0, 0.0)


def draw_transcription(transcription: Transcription, out: Path, title: str, beats: Beats | None = None) -> None:
    """Draw the notes of a transcription, the pitch of its clear frames, and its level into a PNG file.

    - ``out``: PNG file to write.
    - ``title``: title of the plot, the name of the sound file.
    - ``beats``: lines mark the beginnings of bars.

    Raises BadSetting or BadFolder or MissingExtra as :func:`wavewright.plots.check_drawable`.
    """
    check_drawable(out)
    figure = figure_class()(figsize=(11, 5.2), dpi=120, layout="constrained")
    notes_axes, level_axes = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    _draw_notes(notes_axes, transcription)
    if transcription.frames is None:
        _draw_loudness(level_axes, transcription)
    else:
        step = 1 + len(transcription.frames) // MAX_POINTS
        seconds = np.arange(0, len(transcription.frames), step) / FRAMES_PER_SECOND
        level_db = np.maximum(transcription.frames.level_db[::step], LEVEL_DB[0])
        level_axes.plot(seconds, level_db, color=INK, linewidth=0.7)
        level_axes.set_ylim(*LEVEL_DB)
        level_axes.set_ylabel("dB", fontsize=8, color=INK)
    level_axes.set_xlabel("seconds", fontsize=9, color=INK)
    level_axes.set_xlim(0, max(transcription.seconds, 1e-3))
    if beats is not None:
        bars = beats.times_s[beats.first_downbeat :: beats.beats_per_bar]
        for time in bars[:: 1 + len(bars) // MAX_BARS]:
            notes_axes.axvline(time, color=GRID_COLOUR, linewidth=0.9, zorder=0)
    for axes in (notes_axes, level_axes):
        tidy_axes(axes)
    figure.suptitle(
        shorten(title, MAX_TITLE_LENGTH), x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK, parse_math=False
    )
    save_figure(figure, out, {"Software": SOFTWARE, "Source": json.dumps(title)})


def _draw_loudness(axes: Axes, transcription: Transcription) -> None:
    """Draw the velocity of each note at its onset."""
    starts = [note.start_s for note in transcription.notes]
    axes.vlines(starts, 0, [note.velocity for note in transcription.notes], color=INK, linewidth=0.7)
    axes.set_ylim(0, 127)
    axes.set_ylabel("velocity", fontsize=8, color=INK)


def _draw_notes(axes: Axes, transcription: Transcription) -> None:
    """Draw the notes as bars, and the clearest candidate of the pitch of each frame over them."""
    from matplotlib.collections import PolyCollection

    tuning = (transcription.tuning_cents or 0.0) / 100
    corners = []
    for note in transcription.notes:
        low, high = note.pitch + tuning - 0.42, note.pitch + tuning + 0.42
        corners.append([(note.start_s, low), (note.start_s, high), (note.end_s, high), (note.end_s, low)])
    axes.add_collection(PolyCollection(corners, facecolors=NOTE_COLOUR, alpha=0.35, edgecolors=NOTE_COLOUR, zorder=1))
    if transcription.frames is not None:
        _draw_pitch(axes, transcription.frames)
    pitches = [note.pitch for note in transcription.notes] or [60]
    low, high = min(pitches) - 3, max(pitches) + 4
    axes.set_ylim(low, high)
    octaves = [pitch for pitch in range(low, high) if pitch % 12 == 0] or [low + 3]
    axes.set_yticks(octaves, [f"C{pitch // 12 - 1}" if pitch % 12 == 0 else str(pitch) for pitch in octaves])
    axes.set_ylabel("pitch", fontsize=8, color=INK)
    axes.grid(axis="y", color=GRID_COLOUR, linewidth=0.6)


def _draw_pitch(axes: Axes, frames: MelodyFrames) -> None:
    """Draw the clearest candidate of the pitch of each frame."""
    step = 1 + len(frames) // MAX_POINTS
    is_clear = frames.clarity[::step, 0] > TranscriptionSettings().min_clarity
    seconds = np.arange(0, len(frames), step) / FRAMES_PER_SECOND
    axes.plot(
        seconds, np.where(is_clear, frames.pitch[::step, 0], np.nan), ".", color=PITCH_COLOUR, markersize=1.5, zorder=2
    )
