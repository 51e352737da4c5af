"""Recipes of the instrument: settings of each size, and the notes of a training."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...base.result import Failed
from ...contracts.recipe import PreparedOf, RecipeOf, split_rows
from ...contracts.settings import COSINE_SETTINGS
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.selection import label_indices, select_labels
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...dsp.pitch import track_pitch
from .analysis import note_levels
from .batches import InstrumentDataSettings, NotePairs, Notes, relative_levels
from .config import SIZES, InstrumentConfig

DEFAULT_VELOCITY = 100

_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SHIFTS = {"": 0, "#": 1, "s": 1, "b": -1}
_NOTE = re.compile(r"(?<![a-z])([a-g])(#|s|b|)(-1|\d)(?!\d)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\dva-z.])(\d{2,3})(?![\d.])", re.IGNORECASE)
_VELOCITY = re.compile(r"(?<![a-z])v(?:el(?:ocity)?)?[-_ ]?(\d{1,3})(?!\d)", re.IGNORECASE)


def pitch_by_name(path: Path) -> float | None:
    """Return the MIDI number that a file name holds: ``As3``, ``C#4``, ``Bb2`` or ``058``; None without one.

    The last note name counts, else the last number of two or three digits up to 127. C4 is 60.
    """
    notes = [
        _SEMITONES[letter.lower()] + _SHIFTS[shift.lower()] + 12 * (int(octave) + 1)
        for letter, shift, octave in _NOTE.findall(path.stem)
    ]
    numbers = [int(number) for number in _NUMBER.findall(_VELOCITY.sub("", path.stem))]
    valid = [pitch for pitch in (notes or numbers) if 0 <= pitch <= 127]
    return float(valid[-1]) if valid else None


def velocity_by_name(path: Path) -> int:
    """Return the velocity that a file name holds, such as ``v80`` or ``vel100``; DEFAULT_VELOCITY without one."""
    velocities = [int(number) for number in _VELOCITY.findall(path.stem) if 1 <= int(number) <= 127]
    return velocities[-1] if velocities else DEFAULT_VELOCITY


InstrumentRecipe = RecipeOf[InstrumentConfig, InstrumentDataSettings]

TRACKED_HZ = (50.0, 1_500.0)
MIN_VOICED_FRAMES = 15
"""Frames of 10 ms that must have a pitch, in a recording whose name has none."""

TRAINING = replace(
    COSINE_SETTINGS,
    batch_size=48,
    learning_rate=2e-3,
    ema_decay=0.995,
    evaluate_every=250,
    save_every=250,
    metric="valid/level_db",
)


@dataclass(frozen=True, kw_only=True)
class InstrumentPrepared(PreparedOf[InstrumentRecipe, NotePairs]):
    """A recipe with its data, and the validation notes."""

    valid: Notes


def recipe(size: str) -> InstrumentRecipe:
    """Return the recipe of a size: ``tiny`` for tests, ``small`` for up to a hundred instruments, ``base`` for more."""
    return InstrumentRecipe(SIZES[size], InstrumentDataSettings(), TRAINING)


def prepare(recipe: InstrumentRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> InstrumentPrepared:
    """Split and measure notes; the labels that occur become the model's, unless the recipe has its own.

    Raises BadFolder if nothing is left to train on, or no recording has a pitch.
    """
    data, model = recipe.data, recipe.model
    split = [each for each in assign_splits(entries, valid=data.valid_fraction, test=0.0) if each.split != "test"]
    selection = select_labels(split, model.labels, data.smallest_class)
    preparation = Preparation("one-shot", align=data.align, level="none", lead_seconds=0.0)
    n_samples = round((model.seconds + 0.1) * model.sample_rate)
    store = ClipStore.build(selection.entries, model.sample_rate, n_samples, preparation, cache_folder)
    pitches = store.cached("pitch-1", lambda: {"pitch": np.array([_pitch(store, row) for row in range(len(store))])})
    pitch = pitches["pitch"]
    known = [row for row in range(len(store)) if pitch[row] >= 0]
    failed = [
        Failed(entry.path, "its name has no pitch such as C#4 or 61, and none was detected")
        for row, entry in enumerate(store.entries)
        if pitch[row] < 0
    ]
    if not known:
        raise BadFolder(
            f"None of the {len(store)} recordings is a note: {failed[0]}. Put the pitch into the names: "
            "flute/C#4.wav, or flute/61.wav with the MIDI number."
        )
    model = replace(model, labels=selection.labels, lowest=float(pitch[known].min()), highest=float(pitch[known].max()))
    recipe = replace(recipe, model=model)
    entries_left = [store.entries[row] for row in known]
    train, valid = split_rows(entries_left)
    key = f"levels-1-{model.seconds:g}-{model.n_times}-{model.n_partials}-{model.n_bands}"
    levels = store.cached(key, lambda: {"levels": _measured(store, pitch, model)})["levels"][known]
    names = [entry.label for entry in entries_left]
    label = label_indices(names, model.labels) if model.labels else np.zeros(len(names), np.int64)
    velocity = np.array([velocity_by_name(entry.path) for entry in entries_left], np.float64)
    notes = Notes(relative_levels(levels, label), pitch[known], velocity, label)
    training = recipe.training
    return InstrumentPrepared(
        recipe=recipe if valid else recipe.without_valid_metric(),
        train_entries=tuple(entries_left[row] for row in train),
        failed=(*selection.failed, *store.failed, *failed),
        batches=NotePairs(notes.select(train), model, data, training.batch_size, training.seed),
        valid=notes.select(valid),
    )


def _measured(store: ClipStore, pitch: np.ndarray, config: InstrumentConfig) -> np.ndarray:
    """Return the levels ``(n, n_times, n_levels)`` of all clips."""
    known = np.where(pitch < 0, 60.0, pitch)
    return np.stack([note_levels(store[row][0], float(known[row]), config) for row in range(len(store))])


def _pitch(store: ClipStore, row: int) -> float:
    """Return the pitch of a clip by its entry, its name or its sound; -1 for none."""
    entry = store.entries[row]
    by_name = entry.pitch if entry.pitch is not None else pitch_by_name(entry.path)
    return by_name if by_name is not None else detected_pitch(store[row][0], store.sample_rate)


def detected_pitch(wave: np.ndarray, sample_rate: int) -> float:
    """Return the median pitch of a wave ``(time,)`` as a MIDI number, -1 if most of it has none."""
    f0_hz = track_pitch(wave, sample_rate, sample_rate // 100, TRACKED_HZ[0], min(TRACKED_HZ[1], sample_rate / 4)).f0_hz
    voiced = f0_hz[f0_hz > 0]
    if len(voiced) < MIN_VOICED_FRAMES:
        return -1.0
    return float(69 + 12 * np.log2(np.median(voiced) / 440))
