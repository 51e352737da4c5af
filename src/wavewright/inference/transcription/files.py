"""Transcribe a recording, or all of a folder, to files of scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...audio.sound_file import OpenSound, open_sound
from ...base.errors import BadAudio
from ...base.whole_file import write_whole
from ...contracts.note_detection import NoteDetector
from ...families.loading import load_note_detector
from ...music.formats import WRITABLE, write_score
from ...music.score import Score, keys_of
from ...music.theory import pitch_name
from ...outputs.converted_folder import ConvertFile
from ...outputs.made import Made, MadeFile
from ...outputs.manifest_file import known_records
from ...plots.plots import (
    GRID_COLOUR,
    INK,
    MAP_COLOURS,
    check_drawable,
    figure_class,
    save_titled,
    tidy_axes,
)
from .beats import Beats, track_beats
from .melody import Transcription, transcribe_file
from .polyphony import detect_file, onsets_of
from .salience import FRAMES_PER_SECOND, MelodyFrames
from .score import beat_grid, check_quantisation, score_of
from .settings import PolyphonicSettings, TranscriptionSettings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# --- Plot of a transcription: notes over the pitch of each frame, and the level

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
    save_titled(figure, title, out)


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


NOTES_FILE = ".json"
SUFFIXES = (*WRITABLE, NOTES_FILE)
"""Endings of the files that a recording is transcribed to."""

NOTATION = (".musicxml", ".mxl", ".abc")
"""Endings of scores that are read by people: their notes are quantised, their tempo is one."""

NOTATION_VALUE = 16
MAX_SHOWN_CHORDS = 16


@dataclass(frozen=True)
class TimedChord:
    """A chord such as ``Am7`` from a time on."""

    start_s: float
    symbol: str


def _described(melody: Mapping[str, Any]) -> tuple[str, ...]:
    """Return number and range of the notes, tempo, metre, key, tuning and chords as lines."""
    tuning = "" if melody["tuning_cents"] is None else f", tuning {melody['tuning_cents']:+.0f} cents"
    pitches = [note.pitch for note in melody["notes"]]
    lines = [
        f"  {len(pitches)} notes from {pitch_name(min(pitches))} to {pitch_name(max(pitches))}",
        f"  {melody['tempo']:.0f} beats a minute, {melody['metre']}, {melody['key']}{tuning}",
    ]
    if melody["chords"] is not None:
        shown = " ".join(chord.symbol for chord in melody["chords"][:MAX_SHOWN_CHORDS])
        lines.append(f"  chords: {shown}{' ...' if len(melody['chords']) > MAX_SHOWN_CHORDS else ''}")
    return tuple(lines)


@dataclass(frozen=True)
class MelodyTranscription:
    """Settings of transcriptions to scores; raises BadSetting for a note value that notes are not quantised to."""

    settings: TranscriptionSettings | PolyphonicSettings  # of the notes: of one voice, or of several
    quantise: int | None = None
    """Note value on which notes start and end; by default sixteenths in notation, else the times of the recording."""
    tempo: float | None = None  # about so many beats a minute; None to estimate it
    beats_per_bar: int | None = None  # quarters of a bar; None for 3 or 4, which fits better
    has_chords: bool = False  # the chord of each bar is found, too

    def __post_init__(self) -> None:
        check_quantisation(self.quantise)

    def write(
        self, sound: OpenSound, target: Path, plot: Path | None = None, show: Callable[[float], None] = lambda _: None
    ) -> Made:
        """Transcribe a recording to a file of one of the `SUFFIXES`; draw it to ``plot``.

        The details are ``tempo`` (median of the beats, in beats a minute), ``metre``, ``key``, ``tuning_cents`` (above
        440 Hz for A4; None of several voices), ``notes``, and ``chords`` (None unless they are asked for).

        Raises BadAudio if the recording cannot be read, or has no notes, or BadSetting or BadFolder if a setting is
        wrong, or a file cannot be written.
        """
        file, transcription = sound.path, self._transcribe(sound, show)
        if not transcription.notes:
            raise BadAudio(
                f"{file} has no notes: it is silent, has no pitch, or none in the range; try another recording."
            )
        is_polyphonic = isinstance(self.settings, PolyphonicSettings)
        onsets = onsets_of(transcription.notes) if is_polyphonic else transcription.notes
        beats = track_beats(onsets, transcription.seconds, self.tempo, self.beats_per_bar)
        suffix = target.suffix.lower()
        is_notation = suffix in NOTATION
        value = self.quantise or (NOTATION_VALUE if is_notation else None)
        score = score_of(
            transcription.notes,
            beats,
            value,
            is_steady=is_notation,
            is_polyphonic=is_polyphonic,
            has_chords=self.has_chords,
        )
        seconds = round(transcription.seconds, 3)
        melody = {
            "tuning_cents": transcription.tuning_cents,
            "tempo": round(beats.tempo, 1),
            "metre": f"{beats.beats_per_bar}/4",
            "key": keys_of(score)[0][1].name,
            "notes": transcription.notes,
            "chords": _timed_chords(score, beats) if self.has_chords else None,
        }
        if suffix == NOTES_FILE:
            write_whole(target, _json_of({"file": file.name, "seconds": seconds, **melody}, beats))
        else:
            write_score(score, target)
        if plot is not None:
            draw_transcription(transcription, plot, file.name, beats)
        others = [] if plot is None else [MadeFile(path=plot, source=file)]
        made = MadeFile(path=target, source=file, seconds=seconds, details={"n_notes": len(transcription.notes)})
        return Made.of(made, *others, details=melody, lines=_described(melody))

    def _transcribe(self, sound: OpenSound, show: Callable[[float], None]) -> Transcription:
        """Return the notes of a recording."""
        if isinstance(self.settings, TranscriptionSettings):
            return transcribe_file(sound, self.settings, show)
        return detect_file(sound, opened_detector(self.settings.model), self.settings, show)


@lru_cache(maxsize=1)
def opened_detector(model: str) -> NoteDetector:
    """Return a model of several voices, opened once."""
    return load_note_detector(model)


def _timed_chords(score: Score, beats: Beats) -> tuple[TimedChord, ...]:
    """Return the chords of a score in seconds of the recording, whose beats are its quarters."""
    times_s = beat_grid(beats)[0]
    quarters = np.array([chord.tick for chord in score.chords]) / score.ticks_per_quarter
    starts = np.interp(quarters, np.arange(len(times_s)), times_s).round(3).tolist()
    return tuple(TimedChord(start, chord.symbol) for start, chord in zip(starts, score.chords, strict=True))


@dataclass(frozen=True)
class FolderTranscription:
    """The transcription of all recordings of a folder."""

    transcription: MelodyTranscription  # settings of the scores

    def begin(self, folder: Path) -> ConvertFile:
        """Return the function that transcribes a recording; the manifest says what is up to date."""
        known = known_records(folder)

        def convert(source: Path, out: Path) -> MadeFile:
            settings = json.loads(json.dumps(asdict(self.transcription)))
            sound = open_sound(source)
            origin = {"source_hash": sound.hash, "settings": settings}
            record = known(out, origin)
            if record is not None:
                details = {"n_notes": int(record["n_notes"])}
                made = MadeFile(path=out, source=source, seconds=record["duration"], is_new=False, details=details)
            else:
                made = self.transcription.write(sound, out).files[0]
            return replace(made, origin={**origin, **made.details})

        return convert


def _json_of(melody: Mapping[str, Any], beats: Beats) -> bytes:
    """Return the notes and the beats as JSON."""
    contents = {**melody, "notes": [asdict(note) for note in melody["notes"]]}
    if melody["chords"] is not None:
        contents["chords"] = [asdict(chord) for chord in melody["chords"]]
    contents["beats_s"] = [round(float(time), 3) for time in beats.times_s]
    contents["first_downbeat"] = beats.first_downbeat
    return (json.dumps(contents, indent=1) + "\n").encode()
