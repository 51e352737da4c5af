"""Compose pieces by every rule with random limits: notes that break them, and the time of 32 bars.

python -m benchmarks.music.rules --pieces 1000
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from wavewright.music.rules import PRESETS, compose_by_rule
from wavewright.music.score import Score
from wavewright.music.theory import MusicalKey

KEYS = ("C", "G", "F#m", "Bb", "D dorian", "E phrygian", "A harmonic minor", "Eb minor", "F lydian")
METRES = ("2/4", "3/4", "4/4", "6/8", "5/4", "7/8")
FORMS = ("A", "AB", "AABA", "AA'BA")
MAX_SECONDS = 1.0

RULES = Table("pieces by rules", columns(rule="s", pieces="d", notes="d", broken="d", seconds_of_32_bars=".3f"))


def n_broken(score: Score, key: MusicalKey, ranges: list[tuple[int, int]]) -> int:
    """Return how many notes are outside of the key, of the range of their voice, or of the piece."""
    count = 0
    for track, (lowest, highest) in zip(score.tracks, ranges, strict=True):
        pitches, ends = track.notes["pitch"], track.notes["start"] + track.notes["duration"]
        is_broken = ends > score.length
        if not track.is_drum:
            in_key = np.isin(pitches % 12, list(key.pitch_classes))
            is_broken = is_broken | ~in_key | (pitches < lowest) | (pitches > highest)
        count += int(is_broken.sum())
    return count


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--pieces", type=int, default=1_000, help="of all rules together")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each rule."""
    rng = np.random.default_rng(0)
    total = 0
    for name in PRESETS.names:
        piece = PRESETS.load(name)
        count = -(-options.pieces // len(PRESETS.names))
        broken, notes = 0, 0
        for seed in range(count):
            form = FORMS[int(rng.integers(len(FORMS)))]
            lowest = int(rng.integers(36, 60))
            pitches = (lowest, lowest + int(rng.integers(24, 37)))
            key = KEYS[int(rng.integers(len(KEYS)))]
            bars = 4 * len(form.replace("'", "")) * int(rng.integers(1, 3))
            metre = METRES[int(rng.integers(len(METRES)))]
            score = compose_by_rule(piece, key=key, bars=bars, metre=metre, form=form, pitches=pitches, seed=seed)
            ranges = [voice.range or pitches for voice in piece.voices for _ in voice.line_names]
            broken += n_broken(score, MusicalKey.parse(key), ranges)
            notes += score.n_notes
        total += broken
        seconds = []
        for seed in range(5):
            start = time.perf_counter()
            compose_by_rule(piece, bars=32, form="AABA", seed=seed)
            seconds.append(time.perf_counter() - start)
        row = {"rule": name, "pieces": count, "notes": notes, "broken": broken}
        report.add(RULES, row | {"seconds_of_32_bars": float(np.median(seconds))})
        report.target(name, "seconds to compose 32 bars", float(np.median(seconds)), at_most=MAX_SECONDS)
    report.target("all rules", "notes that break a limit", total, at_most=0)


BENCHMARK = Benchmark(__doc__, (RULES, TARGETS), add_options, measure, smoke={"pieces": 22})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
