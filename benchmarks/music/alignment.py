"""Align scores that are played with a wandering tempo by other instruments, and compare the times of their notes.

    python -m benchmarks music.alignment

Pieces of bands by rule are played by the patches of the synthesiser; the tempo of each quarter is that of the one
before times a random factor. Printed are the distances of the starts of notes in ms: median and 95th percentile.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.music.transcription import played
from wavewright.inference.score_alignment.aligning import RATE, align_score
from wavewright.music.rules import compose_by_rule
from wavewright.music.score import Score
from wavewright.music.timing import TEMPO
from wavewright.synth import SynthEngine, general_midi

STEP = 0.05
"""Standard deviation of the logarithm of the factor from one quarter to the next."""

FACTORS = (0.6, 1.6)
US_PER_QUARTER = 600_000
TIMES = Table("starts of notes", columns(piece="s", notes="d", seconds=".1f", fit=".3f", median_ms=".1f", p95_ms=".1f"))


def wandering(score: Score, rng: np.random.Generator) -> Score:
    """Return a score whose tempo wanders."""
    ticks = np.arange(0, max(score.length, 1), score.ticks_per_quarter)
    factors = np.exp(np.cumsum(rng.normal(0.0, STEP, len(ticks))))
    factors = np.clip(factors / np.exp(np.log(factors).mean()), *FACTORS)
    rows = [(int(tick), round(US_PER_QUARTER * float(each))) for tick, each in zip(ticks, factors, strict=True)]
    return replace(score, tempos=np.array(rows, TEMPO))


def measure(options: Options, report: Report) -> None:
    rows: list[tuple[np.ndarray, float, float]] = []
    for seed in range(options.pieces):
        score = compose_by_rule("band", bars=options.bars, seed=seed)
        performed = wandering(score, np.random.default_rng(seed))
        wave = played(performed, SynthEngine(general_midi(), RATE), RATE).mean(axis=0)
        alignment = align_score(wave, score)
        starts = np.concatenate([track.notes["start"] for track in score.tracks])
        errors = 1_000.0 * np.abs(alignment.times(starts) - performed.tempo_map.seconds(starts))
        rows.append((errors, len(wave) / RATE, alignment.fit))
        _add(report, f"band {seed}", *rows[-1])
    errors, seconds, fits = zip(*rows, strict=True)
    _add(report, "all", np.concatenate(errors), sum(seconds), float(np.mean(fits)))


def _add(report: Report, name: str, errors: np.ndarray, seconds: float, fit: float) -> None:
    median, p95 = np.percentile(errors, [50, 95])
    report.add(TIMES, piece=name, notes=len(errors), seconds=seconds, fit=fit, median_ms=median, p95_ms=p95)


BENCHMARK = Benchmark(measure, Option("pieces", 8, smoke=1), Option("bars", 16, smoke=4))
