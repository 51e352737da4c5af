"""How well a classifier tells composed pieces from real ones.

    python -m benchmarks music.real_or_composed --model folk-tunes --scores corpora/folk-tunes

The folder has the scores that recipes/composer.py writes; real pieces are the held-out ones (``valid-...mid``). For
each of them the model composes one of as many bars, in the same metre, in a key that it draws. A random forest of 500
trees and a logistic regression learn from features of pieces: histograms of degrees of the scale, intervals, durations,
positions in the bar and directions of the melody; the same of the lowest voice; notes of a bar and their spread, range,
rests, bars that return exactly and varied, cadences, the last degree, and chords. Printed is the fraction that they
tell right in ten folds, in which a real piece and the one composed after it are always together, with a 95 % interval
over pairs; 0.5 is chance.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.music.composition import bar_steps_of, synthetic_scores
from wavewright.contracts.composition import CompositionSettings
from wavewright.families.composer.config import ComposerConfig
from wavewright.families.composer.conversion import grid_of, lane_events
from wavewright.families.composer.form import form_of
from wavewright.families.composer.grid import Grid
from wavewright.families.composer.vocabulary import FIRST_NOTE
from wavewright.families.loading import load_composer
from wavewright.metrics.sampling import bootstrap_interval
from wavewright.music.formats import read_score
from wavewright.music.score import Score

TOLD = Table("pieces that are told right", columns(model="s", classifier="s", pairs="d", right=".3f"))
N_FOLDS, N_RESAMPLED = 10, 2_000
MAX_DURATION, MAX_INTERVAL = 16, 12


def features_of(score: Score, config: ComposerConfig) -> np.ndarray:
    """Return the features of a piece."""
    grid = grid_of(score, config)
    found = form_of(grid, config)
    tonic = found.key.tonic if found.key else 0
    last_lane = config.n_lanes - 1 if config.layout == "voices" else 0
    bars = found.plan.bars
    shares = [
        np.mean([bar.source is not None and bar.manner == "exact" for bar in bars]),
        np.mean([bar.source is not None and bar.manner == "varied" for bar in bars]),
        np.mean([bar.cadence in ("full", "half") for bar in bars[3::4]] or [False]),
    ]
    parts = [voice_features(grid, lane, config, tonic) for lane in dict.fromkeys((0, last_lane))]
    if config.layout == "lead-sheet":
        chords = lane_events(grid, 1)
        roots = np.bincount(
            [(symbol - config.vocabulary.first_chord - tonic) % 12 for _, _, symbol in chords], None, 12
        )
        parts += [np.array([len(chords) / len(bars)]), roots / max(len(chords), 1)]
    return np.concatenate([np.array(shares), *parts])


def voice_features(grid: Grid, lane: int, config: ComposerConfig, tonic: int) -> np.ndarray:
    """Return the features of one voice."""
    events = lane_events(grid, lane)
    starts, ends, symbols = (np.array(each) for each in zip(*events or [(0, 1, FIRST_NOTE)], strict=True))
    pitches = symbols - FIRST_NOTE + config.vocabulary.lowest
    intervals = np.clip(np.diff(pitches), -MAX_INTERVAL, MAX_INTERVAL) + MAX_INTERVAL
    steps = np.sign(np.diff(pitches)) + 1
    pairs = 3 * steps[:-1] + steps[1:]
    of_bar = np.bincount(starts // grid.bar_steps, None, len(grid) // grid.bar_steps)
    histograms = [
        np.bincount((pitches - tonic) % 12, None, 12),
        np.bincount(intervals, None, 2 * MAX_INTERVAL + 1),
        np.bincount(np.minimum(ends - starts, MAX_DURATION), None, MAX_DURATION + 1),
        np.bincount(16 * (starts % grid.bar_steps) // grid.bar_steps, None, 16),
        np.bincount(pairs, None, 9),
    ]
    numbers = [of_bar.mean(), of_bar.std(), np.ptp(pitches), pitches.std(), 1 - (ends - starts).sum() / len(grid)]
    last = np.eye(12)[(pitches[-1] - tonic) % 12]
    return np.concatenate([*(each / max(each.sum(), 1) for each in histograms), numbers, last])


def measure(options: Options, report: Report) -> None:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    composer = load_composer(options.model)
    config = composer.folder.config(ComposerConfig)
    real = [read_score(path) for path in sorted(options.scores.glob("valid-*.mid"))[: options.count]]
    composed = []
    for seed, score in enumerate(real):
        grid = grid_of(score, config)
        settings = CompositionSettings(seed=seed, bar_steps=bar_steps_of(score))
        composed.append(composer.compose(len(grid) // grid.bar_steps, settings))
    features = np.stack([features_of(score, config) for score in [*real, *composed]])
    is_real, groups = np.arange(len(features)) < len(real), np.tile(np.arange(len(real)), 2)
    folds = GroupKFold(min(N_FOLDS, len(real)))  # in which each piece and the one composed after it are together
    classifiers = {
        "random forest": RandomForestClassifier(500, random_state=0),
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=2_000)),
    }
    for name, classifier in classifiers.items():
        right = cross_val_predict(classifier, features, is_real, groups=groups, cv=folds) == is_real
        share = bootstrap_interval(np.mean, [right.reshape(2, -1).mean(0)], repeats=N_RESAMPLED)
        report.add(TOLD, model=options.model, classifier=name, pairs=len(real), right=share)


BENCHMARK = Benchmark(
    measure,
    Option("model", "folk-tunes", smoke="chorales"),
    Option("scores", Path("corpora/folk-tunes"), smoke=synthetic_scores),
    Option("count", 100, "real pieces at most", smoke=3),
)
