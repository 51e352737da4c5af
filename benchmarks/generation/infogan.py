"""Measure the control of an InfoGAN's codes: a category and two continuous dimensions, on drums without labels.

    python -m benchmarks.generation.infogan --corpus corpora/drums --minutes 15 --json infogan.json

The network is not conditioned on labels. The bundled drum classifier judges clips of every category, with the other
codes drawn at random: the normalised mutual information of category and kind of drum is 0 if they are independent
and 1 if each determines the other. Each continuous dimension is moved from -1 to 1 with all other random numbers
fixed: Spearman's rank correlation with brightness, loudness and length, the mean over clips. Processor minutes of
one core.

After 2,718 steps of the size ``small``, the category does not correspond to the kind of drum (normalised mutual
information 0.02), but the continuous dimensions control brightness: rank correlations of -0.53 and -0.86.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

import numpy as np
from scipy.stats import spearmanr

from benchmarks.harness.corpora import DRUM_LABELS, SMOKE_DRUM_TRAINING, corpus_entries
from benchmarks.harness.models import load_as
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from benchmarks.training.budget import SMOKE_CLIPS, add_clip_options, add_training_options, train_gan
from wavewright.contracts.runtime import Classifier
from wavewright.data.entry import Scan
from wavewright.families import loading
from wavewright.families.gan.runtime import GanRuntime
from wavewright.families.vae.attributes import ATTRIBUTES, measure_attributes

N_CATEGORIES = 5
N_CONTINUOUS = 2
STEPS = np.linspace(-1.0, 1.0, 7)
MEASURED = ("brightness", "loudness", "length")

CATEGORIES = Table(
    "clips of a category by kind of drum",
    columns(category="d", **dict.fromkeys(DRUM_LABELS, "d")),
)
INFORMATION = Table("category and kind of drum", columns(normalised_mutual_information=".2f", training_steps="d"))
CONTINUOUS = Table(
    "rank correlation of the continuous dimensions",
    columns(dimension="d", **dict.fromkeys(MEASURED, "+.2f")),
)


def code_of(category: int, continuous: np.ndarray) -> list[float]:
    """Return the code of a category and continuous dimensions."""
    return [float(index == category) for index in range(N_CATEGORIES)] + [float(value) for value in continuous]


def normalised_mutual_information(counts: np.ndarray) -> float:
    """Return the mutual information of rows and columns of ``counts (n, m)`` over the mean of their entropies.

    References
    ----------
    A. Strehl, J. Ghosh, "Cluster ensembles: a knowledge reuse framework for combining multiple partitions", 2002.
    """
    joint = counts / counts.sum()
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)

    def entropy(p: np.ndarray) -> float:
        return float(-(p[p > 0] * np.log(p[p > 0])).sum())

    information = entropy(rows) + entropy(columns) - entropy(joint.ravel())
    return information / max((entropy(rows) + entropy(columns)) / 2, 1e-12)


def kinds_of_categories(model: GanRuntime, classifier: Classifier, per_category: int) -> np.ndarray:
    """Count how often clips of each category are classified as each kind of drum, ``(categories, kinds)``."""
    rng = np.random.default_rng(0)
    counts = np.zeros((N_CATEGORIES, len(classifier.labels)), dtype=int)
    for category in range(N_CATEGORIES):
        waves = [
            model.generate(seed=category, start=index, code=code_of(category, rng.uniform(-1, 1, N_CONTINUOUS)))[0][0]
            for index in range(per_category)
        ]
        kinds = classifier.probabilities(np.stack(waves), model.sample_rate).argmax(axis=1)
        counts[category] = np.bincount(kinds, minlength=len(classifier.labels))
    return counts


def rank_correlations(model: GanRuntime, n_clips: int) -> np.ndarray:
    """Return the mean rank correlation of each dimension with each attribute, ``(dimensions, attributes)``."""
    rng = np.random.default_rng(1)
    columns = [index for index, attribute in enumerate(ATTRIBUTES) if attribute.name in MEASURED]
    rho = np.zeros((N_CONTINUOUS, n_clips, len(columns)))
    for dimension in range(N_CONTINUOUS):
        for clip in range(n_clips):
            category, continuous = int(rng.integers(N_CATEGORIES)), rng.uniform(-1, 1, N_CONTINUOUS)
            rows = []
            for value in STEPS:
                continuous[dimension] = value
                wave = model.generate(seed=2, start=clip, code=code_of(category, continuous))[0][0]
                rows.append(np.asarray(measure_attributes(wave, model.sample_rate))[columns])
            values = np.array(rows)
            rho[dimension, clip] = [spearmanr(STEPS, each).statistic if np.ptp(each) > 0 else 0.0 for each in values.T]
    mean: np.ndarray = rho.mean(axis=1)
    return mean


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    add_training_options(parser, "runs/infogan", minutes=15.0)
    add_clip_options(parser)
    parser.add_argument("--per-category", type=int, default=100)
    parser.add_argument("--clips", type=int, default=60, help="for each continuous dimension")
    parser.add_argument("--trained", action="store_true", help="measure the model in --out")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train the model, unless ``--trained``, and measure its codes."""
    if not options.trained:
        entries = corpus_entries(options.corpus, "train", DRUM_LABELS)
        unlabelled = Scan(tuple(replace(entry, label=None) for entry in entries))
        settings = {
            "labels": (),
            "code_categories": N_CATEGORIES,
            "code_continuous": N_CONTINUOUS,
            "sample_rate": options.sample_rate,
            "n_samples": options.samples,
        }
        train_gan(options.minutes, unlabelled, options.size, settings, "infogan", options.out)
    model, classifier = load_as(GanRuntime, options.out), loading.load("drum-classifier")
    counts = kinds_of_categories(model, classifier, options.per_category)
    for category, row in enumerate(counts):
        report.add(CATEGORIES, {"category": category, **dict(zip(classifier.labels, row.tolist(), strict=True))})
    information = normalised_mutual_information(counts)
    steps = int(model.card.training["steps"])
    report.add(INFORMATION, {"normalised_mutual_information": information, "training_steps": steps})
    names = [attribute.name for attribute in ATTRIBUTES if attribute.name in MEASURED]
    for dimension, row in enumerate(rank_correlations(model, options.clips)):
        report.add(CONTINUOUS, {"dimension": dimension, **dict(zip(names, row.tolist(), strict=True))})


BENCHMARK = Benchmark(
    __doc__,
    (CATEGORIES, INFORMATION, CONTINUOUS),
    add_options,
    measure,
    smoke={**SMOKE_DRUM_TRAINING, **SMOKE_CLIPS, "minutes": 0.0, "per_category": 1, "clips": 1},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
