"""What the codes of an InfoGAN control: drums without labels, a category and two continuous dimensions that nobody named.

    python benchmarks/infogan.py --corpus corpora/drums --minutes 15 --json infogan.json

The network is told no label. Of every category, clips with the other codes drawn at random are judged by the bundled drum classifier: the
normalised mutual information between category and kind is 0 where the category says nothing of the kind and 1 where it says all. Each continuous
dimension is moved from -1 to 1 with all other random numbers fixed: Spearman's rank correlation with brightness, loudness and length, the mean
over clips. Processor minutes of one core.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from scipy.stats import spearmanr
from vae import seconds_a_step

from wavewright import models
from wavewright.data.folder import scan
from wavewright.families.gan.network import build
from wavewright.families.gan.recipe import prepare, recipe
from wavewright.families.vae.directions import ATTRIBUTES, measure
from wavewright.training.run import Provenance, Run

LABELS = ("kick", "snare", "hat", "tom", "cymbal")
N_CATEGORIES, N_CONTINUOUS = 5, 2
STEPS = np.linspace(-1.0, 1.0, 7)
MEASURED = ("brightness", "loudness", "length")


def train(corpus: Path, size: str, minutes: float, out: Path) -> int:
    """Train the model for so many processor minutes and export it to ``out``; returns its number of steps."""
    torch.set_num_threads(1)
    found = scan(corpus, manifest=corpus / "manifest.jsonl")
    entries = [replace(e, label=None) for e in found.entries if e.label in LABELS and e.split == "train"]
    found = replace(found, entries=entries)
    base = recipe(size)
    codes = {"code_categories": N_CATEGORIES, "code_continuous": N_CONTINUOUS}
    base = replace(base, model=replace(base.model, labels=(), **codes))
    base = replace(base, training=replace(base.training, threads=1, metric="", evaluate_every=10**6, save_every=500))
    prepared = prepare(base, found.entries, out / "cache")
    steps = max(1, int(60 * minutes / seconds_a_step(build(prepared.recipe.model), prepared)))
    Run(
        out, "gan", replace(base, training=replace(base.training, steps=steps)), found, Provenance("infogan"), out / "cache"
    ).train()
    return steps


def code_of(category: int, continuous: np.ndarray) -> list[float]:
    """The code with one category and these continuous dimensions."""
    return [float(number == category) for number in range(N_CATEGORIES)] + [float(value) for value in continuous]


def normalised_mutual_information(counts: np.ndarray) -> float:
    """Mutual information of the rows and columns of ``counts (n, m)`` over the mean of their entropies (Strehl and Ghosh, 2002)."""
    joint = counts / counts.sum()
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)

    def entropy(p: np.ndarray) -> float:
        return float(-(p[p > 0] * np.log(p[p > 0])).sum())

    information = entropy(rows) + entropy(columns) - entropy(joint.ravel())
    return information / max((entropy(rows) + entropy(columns)) / 2, 1e-12)


def kinds_of_categories(player, classifier, per_category: int) -> np.ndarray:
    """How often each category ``(categories, kinds)`` sounds like each kind."""
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
    """Mean rank correlation of each continuous dimension with each attribute, ``(dimensions, attributes)``."""
    rng = np.random.default_rng(1)
    columns = [number for number, attribute in enumerate(ATTRIBUTES) if attribute.name in MEASURED]
    found = np.zeros((N_CONTINUOUS, n_clips, len(columns)))
    for dimension in range(N_CONTINUOUS):
        for clip in range(n_clips):
            category, continuous = int(rng.integers(N_CATEGORIES)), rng.uniform(-1, 1, N_CONTINUOUS)
            rows = []
            for value in STEPS:
                continuous[dimension] = value
                wave = player.generate(seed=2, start=clip, code=code_of(category, continuous))[0]
                rows.append(np.asarray(measure(wave, player.sample_rate))[columns])
            values = np.array(rows)
            found[dimension, clip] = [spearmanr(STEPS, column).statistic if np.ptp(column) > 0 else 0.0 for column in values.T]
    return found.mean(axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--out", type=Path, default=Path("runs/infogan"))
    parser.add_argument("--size", default="small")
    parser.add_argument("--minutes", type=float, default=15.0, help="of one core")
    parser.add_argument("--per-category", type=int, default=100)
    parser.add_argument("--clips", type=int, default=60, help="that each continuous dimension is moved for")
    parser.add_argument("--trained", action="store_true", help="measure the model that --out holds")
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    if not given.trained:
        print(f"{train(given.corpus, given.size, given.minutes, given.out)} steps")
    player, classifier = models.load(str(given.out)), models.load("drum-classifier")
    counts = kinds_of_categories(player, classifier, given.per_category)
    nmi = normalised_mutual_information(counts)
    print(f"category and kind: normalised mutual information {nmi:.2f}")
    print("          " + "".join(f"{kind:>9}" for kind in classifier.labels))
    for category, row in enumerate(counts):
        print(f"category {category}" + "".join(f"{int(count):9}" for count in row))
    rho = correlations(player, given.clips)
    names = [attribute.name for attribute in ATTRIBUTES if attribute.name in MEASURED]
    for dimension, row in enumerate(rho):
        print(f"dimension {dimension}: " + ", ".join(f"{name} {value:+.2f}" for name, value in zip(names, row, strict=True)))
    if given.json:
        found = {
            "nmi": nmi,
            "counts": counts.tolist(),
            "kinds": list(classifier.labels),
            "correlations": rho.tolist(),
            "of": names,
        }
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
