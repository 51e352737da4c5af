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
from functools import partial
from itertools import starmap
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import chorales, smoke_chorales
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import timed
from benchmarks.music.composition import longest_run
from wavewright.music.accompaniment.chorale import harmonise_grid
from wavewright.music.accompaniment.chord_model import find_chords
from wavewright.music.accompaniment.melody import find_key
from wavewright.music.accompaniment.voice_leading import SILENT, STEPS_PER_QUARTER, VOICE_RANGES, violations_per_chord
from wavewright.music.accompaniment.voicing import lead_voices
from wavewright.music.bars import bars_of
from wavewright.music.score import Score, Track, notes_of
from wavewright.music.theory import MusicalKey

CHORDS = ({0, 4, 7, 10}, {0, 4, 7, 11}, {0, 3, 7, 10}, {0, 3, 6, 10}, {0, 3, 6, 9}, {0, 4, 8})
WHOLE = Table(
    "harmonised sopranos",
    columns(harmony="s", chorales="d", chords="d", violations=".3f", ratio=".2f", triads_and_sevenths=".3f")
    | columns(alto=".3f", tenor=".3f", bass=".3f", longest_copy="d", median_copy=".1f", seconds=".2f"),
)

Harmoniser = Callable[[np.ndarray, MusicalKey], np.ndarray]


def score_of(soprano: np.ndarray) -> Score:
    """Return a voice at sixteenths as a score in 4/4 with a tick a step."""
    starts = np.flatnonzero(np.append(True, np.diff(soprano) != 0))
    ends = np.append(starts[1:], len(soprano))
    pairs = [(int(s), int(e)) for s, e in zip(starts, ends, strict=True) if soprano[s] != SILENT]
    notes = [(start, end - start, int(soprano[start]), 80) for start, end in pairs]
    return Score((Track(notes_of(notes), "soprano"),), ticks_per_quarter=STEPS_PER_QUARTER)


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
    pieces = chorales(options.chorales, "test")
    scores = [score_of(piece[:, 0]) for piece in pieces]
    keys = [find_key(score.tracks[0].notes, bars_of(score)) for score in scores]
    n_chords = np.array([len(piece[::STEPS_PER_QUARTER]) for piece in pieces])
    training, runs = [beats_of(piece) for piece in chorales(options.chorales, "train")], {}
    makers: dict[str, Harmoniser | None] = {"Bach": None, "network": by_network, "chord HMM": by_chords}
    bachs_rate = 0.0
    sopranos = [(piece[:, 0], key) for piece, key in zip(pieces, keys, strict=True)]
    for name, maker in makers.items():
        work = partial(list, starmap(maker, sopranos) if maker else pieces)
        made, seconds = timed(work, time.perf_counter)
        of_pieces = [sum(violations_per_chord(each, key.tonic).values()) for each, key in zip(made, keys, strict=True)]
        rate = float(np.average(of_pieces, weights=n_chords))
        bachs_rate = bachs_rate or rate
        copies = [longest_run(beats_of(each), training, runs, _run) for each in made]
        same = np.concatenate([each == piece for each, piece in zip(made, pieces, strict=True)]).mean(0)
        beats = np.concatenate([each[::STEPS_PER_QUARTER] for each in made])
        row = {"harmony": name, "chorales": len(pieces), "chords": int(n_chords.sum()), "violations": rate}
        row |= {"ratio": rate / bachs_rate, "seconds": seconds / len(pieces)}
        row |= {"triads_and_sevenths": float(np.mean([is_chord(beat) for beat in beats]))}
        row |= dict(zip(("alto", "tenor", "bass"), same[1:], strict=True))
        report.add(WHOLE, row, longest_copy=max(copies), median_copy=float(np.median(copies)))


BENCHMARK = Benchmark(measure, Option("chorales", Path("jsb-chorales-16th-satb.npz"), smoke=smoke_chorales))
