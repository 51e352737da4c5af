"""Measure what the codes of an InfoGAN control: a category and two continuous dimensions, on drums without labels.

    python -m benchmarks.generation.infogan --corpus corpora/drums --minutes 15 --json infogan.json

The network is not conditioned on labels. The bundled drum classifier judges clips of every category, with the other
codes drawn at random: the normalised mutual information of category and kind of drum is 0 if they are independent
and 1 if each determines the other. Each continuous dimension is moved from -1 to 1 with all other random numbers
fixed: Spearman's rank correlation with brightness, loudness and length, the mean over clips. Processor minutes of
one core."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.stats import spearmanr

from benchmarks.training.gan_training import train_for, training_drums
from wavewright import loading
from wavewright.families.vae.directions import ATTRIBUTES, measure

N_CATEGORIES, N_CONTINUOUS = 5, 2
STEPS = np.linspace(-1.0, 1.0, 7)
MEASURED = ("brightness", "loudness", "length")


def train(corpus: Path, size: str, minutes: float, out: Path) -> int:
    """Train the model without labels for some processor minutes and export it to ``out``; return its number of steps."""
    drums = training_drums(corpus)
    unlabelled = replace(drums, entries=tuple(replace(entry, label=None) for entry in drums.entries))
    settings = {"labels": (), "code_categories": N_CATEGORIES, "code_continuous": N_CONTINUOUS}
    return train_for(minutes, unlabelled, size, settings, "infogan", out)


def code_of(category: int, continuous: np.ndarray) -> list[float]:
    """Return the code of a category and continuous dimensions."""
    return [float(number == category) for number in range(N_CATEGORIES)] + [float(value) for value in continuous]


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


def kinds_of_categories(player, classifier, per_category: int) -> np.ndarray:
    """Count how often clips of each category are classified as each kind of drum, ``(categories, kinds)``."""
    rng, counts = np.random.default_rng(0), np.zeros((N_CATEGORIES, len(classifier.labels)))
    for category in range(N_CATEGORIES):
        waves = [
            player.generate(seed=category, start=index, code=code_of(category, rng.uniform(-1, 1, N_CONTINUOUS)))[0, 0]
            for index in range(per_category)
        ]
        kinds = classifier.probabilities(np.stack(waves), player.sample_rate).argmax(axis=1)
        counts[category] += np.bincount(kinds, minlength=len(classifier.labels))
    return counts


def correlations(player, n_clips: int) -> np.ndarray:
    """Return the mean rank correlation of each dimension with each attribute, ``(dimensions, attributes)``."""
    rng = np.random.default_rng(1)
    columns = [number for number, attribute in enumerate(ATTRIBUTES) if attribute.name in MEASURED]
    rho = np.zeros((N_CONTINUOUS, n_clips, len(columns)))
    for dimension in range(N_CONTINUOUS):
        for clip in range(n_clips):
            category, continuous = int(rng.integers(N_CATEGORIES)), rng.uniform(-1, 1, N_CONTINUOUS)
            rows = []
            for value in STEPS:
                continuous[dimension] = value
                wave = player.generate(seed=2, start=clip, code=code_of(category, continuous))[0, 0]
                rows.append(np.asarray(measure(wave, player.sample_rate))[columns])
            values = np.array(rows)
            rho[dimension, clip] = [spearmanr(STEPS, each).statistic if np.ptp(each) > 0 else 0.0 for each in values.T]
    return rho.mean(axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--out", type=Path, default=Path("runs/infogan"))
    parser.add_argument("--size", default="small")
    parser.add_argument("--minutes", type=float, default=15.0, help="of one core")
    parser.add_argument("--per-category", type=int, default=100)
    parser.add_argument("--clips", type=int, default=60, help="for each continuous dimension")
    parser.add_argument("--trained", action="store_true", help="measure the model that --out holds")
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    if not given.trained:
        print(f"{train(given.corpus, given.size, given.minutes, given.out)} steps")
    player, classifier = loading.load(str(given.out)), loading.load("drum-classifier")
    counts = kinds_of_categories(player, classifier, given.per_category)
    nmi = normalised_mutual_information(counts)
    print(f"category and kind: normalised mutual information {nmi:.2f}")
    print("          " + "".join(f"{kind:>9}" for kind in classifier.labels))
    for category, row in enumerate(counts):
        print(f"category {category}" + "".join(f"{int(count):9}" for count in row))
    rho = correlations(player, given.clips)
    names = [attribute.name for attribute in ATTRIBUTES if attribute.name in MEASURED]
    for dimension, row in enumerate(rho):
        print(
            f"dimension {dimension}: "
            + ", ".join(f"{name} {value:+.2f}" for name, value in zip(names, row, strict=True))
        )
    if given.json:
        results = {
            "nmi": nmi,
            "counts": counts.tolist(),
            "kinds": list(classifier.labels),
            "correlations": rho.tolist(),
            "of": names,
        }
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
