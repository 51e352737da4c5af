"""Compare the chords that are found for melodies with those of the tunes, and measure the speed of accompaniments.

    python -m benchmarks.music.accompaniment --scores corpora/folk-tunes

The folder has the scores that recipes/composer.py writes, with the tracks ``melody`` and ``chords``; those named
``valid-...mid`` are compared. The chord of a bar is the one that sounds longest in it; bars without a chord are left
out. Printed are

- fractions of bars with the right root, and with the right root and third, of the chords that are found, of the best of
  I, IV and V by the notes of the bar, and of the tonic alone;
- seconds to accompany 32 bars, the median of several.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from benchmarks.harness.timing import median_seconds
from wavewright.music.accompaniment import accompany
from wavewright.music.accompaniment.chord_model import find_chords
from wavewright.music.accompaniment.melody import find_key, profile_of, skyline
from wavewright.music.bars import Bar, bars_of
from wavewright.music.formats import read_score, write_score
from wavewright.music.score import Score, Track, notes_of
from wavewright.music.theory import ChordSymbol, MusicalKey, chord_of_numeral

STYLES = ("folk", "pop", "bossa", "swing")
N_TIMED_BARS = 32
CHORDS = Table("chords of held-out tunes", columns(chords="s", tunes="d", bars="d", root=".3f", root_and_third=".3f"))
SPEED = Table("speed", columns(style="s", bars="d", notes="d", seconds=".3f"))

Finder = Callable[[np.ndarray, tuple[Bar, ...], MusicalKey], list[ChordSymbol]]


def found(notes: np.ndarray, bars: tuple[Bar, ...], key: MusicalKey) -> list[ChordSymbol]:
    """Return the most probable chord of each bar."""
    chords = dict(find_chords(notes, bars, key))
    result: list[ChordSymbol] = []
    for bar in bars:
        result.append(chords.get(bar.start) or result[-1])
    return result


def best_of_three(notes: np.ndarray, bars: tuple[Bar, ...], key: MusicalKey) -> list[ChordSymbol]:
    """Return the one of I, IV and V with the most of the notes of each bar."""
    minor = key.is_minor
    chords = [chord_of_numeral(numeral, key) for numeral in (("i", "iv", "V") if minor else ("I", "IV", "V"))]
    profiles = [profile_of(notes, bars, bar.start, bar.end) for bar in bars]
    return [max(chords, key=lambda chord: float(each[list(chord.pitch_classes)].sum())) for each in profiles]


def tonic(_notes: np.ndarray, bars: tuple[Bar, ...], key: MusicalKey) -> list[ChordSymbol]:
    """Return the chord of the tonic for each bar."""
    return [ChordSymbol(key.tonic, "m" if key.is_minor else "")] * len(bars)


FINDERS: dict[str, Finder] = {"found": found, "best of I, IV, V": best_of_three, "tonic": tonic}


def chord_of_bar(notes: np.ndarray, bar: Bar) -> tuple[int, bool] | None:
    """Return root and minor third of the chord that sounds longest in a bar; None if there is none."""
    inside = notes[(notes["start"] < bar.end) & (notes["start"] + notes["duration"] > bar.start)]
    lengths: Counter[tuple[int, bool]] = Counter()
    for start in np.unique(inside["start"]):
        together = inside[inside["start"] == start]
        root = int(together["pitch"].min()) % 12
        above = set(((together["pitch"] - root) % 12).tolist())
        end = int((together["start"] + together["duration"]).max())
        if above & {3, 4}:
            lengths[root, 3 in above] += min(end, bar.end) - max(int(start), bar.start)
    return lengths.most_common(1)[0][0] if lengths else None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--scores", type=Path, default=Path("corpora/folk-tunes"))
    parser.add_argument("--repeats", type=int, default=5)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add the rows of all ways to find chords, and of styles."""
    hits: dict[str, list[tuple[bool, bool]]] = {name: [] for name in FINDERS}
    paths = sorted(options.scores.glob("valid-*.mid"))
    for path in paths:
        score = read_score(path)
        tracks = {track.name: track for track in score.tracks}
        notes, bars = skyline(tracks["melody"]), bars_of(score)
        key = find_key(notes, bars)
        known = [chord_of_bar(tracks["chords"].notes, bar) for bar in bars]
        for name, finder in FINDERS.items():
            for chord, reference in zip(finder(notes, bars, key), known, strict=True):
                if reference is not None:
                    is_root = chord.root == reference[0]
                    hits[name].append((is_root, is_root and (3 in chord.intervals) == reference[1]))
    for name, of_bars in hits.items():
        root, third = np.mean(of_bars, axis=0)
        row = {"chords": name, "tunes": len(paths), "bars": len(of_bars)}
        report.add(CHORDS, {**row, "root": float(root), "root_and_third": float(third)})
    melody = random_melody(N_TIMED_BARS)
    for style in STYLES:
        n_notes = accompany(melody, style).n_notes
        seconds = median_seconds(lambda style=style: accompany(melody, style), options.repeats)
        report.add(SPEED, {"style": style, "bars": N_TIMED_BARS, "notes": n_notes, "seconds": seconds})


def random_melody(n_bars: int) -> Score:
    """Return eighths and quarters of a major key."""
    rng = np.random.default_rng(0)
    rows, tick = [], 0
    while tick < n_bars * 1920:
        duration = int(rng.choice([240, 480]))
        rows.append((tick, duration, int(rng.choice(MusicalKey().pitches(60, 79))), 80))
        tick += duration
    return Score((Track(notes_of(rows), "melody"),))


def synthetic_scores(folder: Path) -> Path:
    """Write a melody with its chords."""
    chords = [(1920 * bar, 1920, pitch, 60) for bar in range(4) for pitch in (48, 52, 55)]
    melody = random_melody(4).tracks[0]
    write_score(Score((melody, Track(notes_of(chords), "chords"))), folder / "valid-000.mid")
    return folder


BENCHMARK = Benchmark(__doc__, (CHORDS, SPEED), add_options, measure, smoke={"scores": synthetic_scores, "repeats": 1})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
