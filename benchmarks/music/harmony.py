"""Harmonise the sopranos of held-out chorales, and count broken rules beside those of the composer.

    python -m benchmarks music.harmony --chorales jsb-chorales-16th-satb.npz

The file is that of recipes/harmony.py. The chords of ``chorales`` are J. S. Bach's; ``network`` harmonises their
sopranos; ``chord HMM`` has the most probable chords of the soprano, two a bar, voiced with the least motion. The key of
all three is the most probable one of the soprano. Printed are, for each,

- violations of the rules of voice leading a chord (a beat), and their ratio to the composer's;
- beats that are a triad or a seventh chord, or a part of one with its third;
- the fraction of sixteenths on which alto, tenor and bass are the composer's;
- the longest run of beats that are those of a training chorale in some key, longest and median over the pieces;
- seconds a chorale.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.music.composition import longest_run
from wavewright.music.accompaniment.chorale import harmonise_grid
from wavewright.music.accompaniment.chord_model import find_chords
from wavewright.music.accompaniment.melody import find_key
from wavewright.music.accompaniment.voice_leading import (
    SILENT,
    STEPS_PER_QUARTER,
    VOICE_RANGES,
    violations_per_chord,
)
from wavewright.music.accompaniment.voicing import lead_voices
from wavewright.music.bars import bars_of
from wavewright.music.score import Score, Track, notes_of
from wavewright.music.theory import MusicalKey

CHORDS = ({0, 4, 7, 10}, {0, 4, 7, 11}, {0, 3, 7, 10}, {0, 3, 6, 10}, {0, 3, 6, 9}, {0, 4, 8})
WHOLE = Table(
    "harmonised sopranos",
    columns(
        harmony="s", chorales="d", chords="d", violations=".3f", ratio=".2f", triads_and_sevenths=".3f", alto=".3f",
        tenor=".3f", bass=".3f", longest_copy="d", median_copy=".1f", seconds=".2f",
    ),
)  # fmt: skip

Harmoniser = Callable[[np.ndarray, MusicalKey], np.ndarray]


def soprano_notes(soprano: np.ndarray) -> np.ndarray:
    """Return the notes of a voice at sixteenths, NOTE with a tick a step."""
    starts = np.flatnonzero(np.append(True, np.diff(soprano) != 0))
    ends = np.append(starts[1:], len(soprano))
    return notes_of(
        [(int(s), int(e - s), int(soprano[s]), 80) for s, e in zip(starts, ends, strict=True) if soprano[s] != SILENT]
    )


def score_of(soprano: np.ndarray) -> Score:
    """Return a soprano as a score in 4/4."""
    return Score((Track(soprano_notes(soprano), "soprano"),), ticks_per_quarter=STEPS_PER_QUARTER)


def by_network(soprano: np.ndarray, key: MusicalKey) -> np.ndarray:
    """Return four voices by the bundled network."""
    given = np.full((len(soprano), 4), SILENT)
    given[:, 0] = soprano
    is_given = np.repeat((soprano == SILENT)[:, None], 4, axis=1)
    is_given[:, 0] = True
    return harmonise_grid(given, is_given, key.tonic)


def by_chords(soprano: np.ndarray, key: MusicalKey) -> np.ndarray:
    """Return the soprano with the most probable chords in three voices."""
    score = score_of(soprano)
    bars = bars_of(score)
    found = find_chords(score.tracks[0].notes, bars, key, 2)
    starts = [tick for tick, _ in found]
    ends = [*starts[1:], len(soprano)]
    ceilings = [
        int(min([p for p in soprano[s:e] if p != SILENT], default=81)) for s, e in zip(starts, ends, strict=True)
    ]
    voicings = lead_voices([chord for _, chord in found], 3, VOICE_RANGES[3][0] + 4, VOICE_RANGES[1][1], ceilings)
    grid = np.full((len(soprano), 4), SILENT)
    grid[:, 0] = soprano
    for start, end, pitches in zip(starts, ends, voicings, strict=True):
        grid[start:end, 1:] = pitches[::-1]
    grid[soprano == SILENT] = SILENT
    return grid


def is_chord(pitches: np.ndarray) -> bool:
    """Return whether four pitches are a triad or seventh chord, or a part of one with its third."""
    classes = {int(pitch) % 12 for pitch in pitches if pitch != SILENT}
    for root in classes:
        above = {(each - root) % 12 for each in classes}
        if above & {3, 4} and any(above <= chord for chord in CHORDS):
            return True
    return False


def beats_of(pitches: np.ndarray) -> list[tuple[int, ...]]:
    """Return each beat as its intervals below the soprano and the soprano's motion since the beat before."""
    beats = pitches[::STEPS_PER_QUARTER]
    motion = np.diff(beats[:, 0], prepend=beats[:1, 0])
    return [(int(step), *(int(p) for p in beat[0] - beat[1:])) for step, beat in zip(motion, beats, strict=True)]


def _run(piece: Sequence[tuple[int, ...]], start: int, size: int) -> tuple:
    return (piece[start][1:], *piece[start + 1 : start + size])


def measure(options: Options, report: Report) -> None:
    """Add the rows of the composer, the network and the chords, and of each rule."""
    with np.load(options.chorales) as arrays:
        pieces = {
            split: np.split(arrays[split].astype(int), np.cumsum(arrays[f"{split}_lengths"])[:-1])
            for split in ("train", options.split)
        }
    chorales = pieces[options.split][: options.limit]
    keys = [find_key(soprano_notes(piece[:, 0]), bars_of(score_of(piece[:, 0]))) for piece in chorales]
    harmonies: dict[str, list[np.ndarray]] = {"Bach": chorales}
    seconds = {"Bach": 0.0}
    makers: dict[str, Harmoniser] = {"network": by_network, "chord HMM": by_chords}
    for name, maker in makers.items():
        started = time.perf_counter()
        harmonies[name] = [maker(piece[:, 0], key) for piece, key in zip(chorales, keys, strict=True)]
        seconds[name] = (time.perf_counter() - started) / len(chorales)
    n_chords = np.array([len(piece[::STEPS_PER_QUARTER]) for piece in chorales])
    training, runs = [beats_of(piece) for piece in pieces["train"]], {}
    rates: dict[str, np.ndarray] = {}
    for name, made in harmonies.items():
        of_pieces = [list(violations_per_chord(each, key.tonic).values()) for each, key in zip(made, keys, strict=True)]
        rates[name] = np.average(of_pieces, axis=0, weights=n_chords)
        copies = [longest_run(beats_of(each), training, runs, _run) for each in made]
        same = np.concatenate([each == piece for each, piece in zip(made, chorales, strict=True)]).mean(0)
        beats = np.concatenate([each[::STEPS_PER_QUARTER] for each in made])
        row = {"harmony": name, "chorales": len(chorales), "chords": int(n_chords.sum()), "seconds": seconds[name]}
        row |= {"violations": float(rates[name].sum()), "ratio": float(rates[name].sum() / rates["Bach"].sum())}
        row |= {"triads_and_sevenths": float(np.mean([is_chord(beat) for beat in beats]))}
        row |= {voice: float(same[lane]) for lane, voice in enumerate(("alto", "tenor", "bass"), start=1)}
        report.add(WHOLE, **row, longest_copy=max(copies), median_copy=float(np.median(copies)))


def synthetic_chorales(folder: Path) -> Path:
    """Write pieces of four chords, two of which are parallel octaves."""
    piece = np.repeat(np.array([(72, 67, 64, 48), (74, 67, 59, 50), (71, 67, 62, 43), (72, 64, 60, 48)]), 4, axis=0)
    arrays = {}
    for split in ("train", "valid", "test"):
        arrays |= {split: np.concatenate([piece, piece]).astype(np.int8), f"{split}_lengths": [len(piece)] * 2}
    np.savez(folder / "chorales.npz", **arrays)
    return folder / "chorales.npz"


BENCHMARK = Benchmark(
    __doc__,
    (WHOLE,),
    measure,
    Option("chorales", Path("jsb-chorales-16th-satb.npz"), smoke=synthetic_chorales),
    Option("split", "test", choices=("valid", "test")),
    Option("limit", type=int, help="chorales of the split; all by default"),
)
