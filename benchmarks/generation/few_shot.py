"""Adapt a generator to a label that it does not have, from few recordings: beside a whole training, and from nothing.

    python -m benchmarks.generation.few_shot --folder corpora/effects/impact --base morph-drums

Recordings are drawn by a seed; those that are left are held out. Distances are Frechet distances of log-mel embeddings
between clips of the new label and the held-out recordings; smaller is better. That of the recordings themselves, drawn
to learn from, is beside them. Labels of the base are kept if the judge recognises clips of them; the first row has how
many of the base's own clips it recognises.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, smoke_drums
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns, optional
from wavewright.contracts.runtime import Classifier, Generator
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.families import loading
from wavewright.metrics.embeddings import LogMelEmbedding
from wavewright.metrics.frechet import frechet_distance
from wavewright.tasks.train import train

SECONDS = 0.6  # of a clip that are compared
SEED = 7

RESULTS = Table(
    "a new label",
    {
        **columns(recordings="d", method="s"),
        **optional(distance=".1f", of_recordings=".1f"),
        **columns(labels_kept=".2f"),
        **optional(minutes=".1f"),
    },
)


def waves_of(paths: Sequence[Path], sample_rate: int, n_samples: int) -> np.ndarray:
    """Return recordings ``(n, time)``, aligned to their onsets as a generator learns them."""
    chosen = set(paths)
    entries = [entry for entry in scan(paths[0].parent).entries if entry.path in chosen]
    store = ClipStore.build(entries, sample_rate, n_samples, Preparation("one-shot"))
    return np.stack([store[row][0] for row in range(len(store))])


def kept(model: Generator, judge: Classifier, labels: Sequence[str], count: int) -> float:
    """Return the fraction of clips of the base's labels that are recognised as such; 0 for labels that are lost."""
    hits = []
    for label in labels:
        if label not in model.labels:
            hits.append(0.0)
            continue
        waves = np.concatenate(model.generate(label, count, SEED))
        guesses = judge.probabilities(waves, model.sample_rate).argmax(1)
        hits.append(float(np.mean(np.array(judge.labels)[guesses] == label)))
    return float(np.mean(hits))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--folder", type=Path, default=Path("corpora/effects/impact"), help="of the new label")
    parser.add_argument("--base", default="morph-drums")
    parser.add_argument("--judge", default="drum-classifier", help="recognises the labels of the base")
    parser.add_argument("--counts", type=int, nargs="+", default=[5, 20, 100])
    parser.add_argument("--methods", nargs="+", default=["few-shot", "whole", "from nothing"])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--clips", type=int, default=48, help="generated clips of a label")
    parser.add_argument("--set", nargs="*", default=[], help="settings of all trainings")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train by each method from each number of recordings, and compare the clips with the held-out recordings."""
    base = loading.load_generator(options.base)
    judge = loading.load_classifier(options.judge)
    paths = [entry.path for entry in scan(options.folder).entries]
    order = np.random.default_rng(SEED).permutation(len(paths))
    n_learned = max(options.counts)
    held_out = [paths[row] for row in order[n_learned:]]
    n_samples = base.generate(base.labels[0], 1, 0)[0].shape[1]
    embedding = LogMelEmbedding(base.sample_rate, SECONDS)
    reference = embedding(waves_of(held_out, base.sample_rate, n_samples), base.sample_rate)
    of_base = kept(base, judge, base.labels, options.clips)
    report.add(RESULTS, {"recordings": 0, "method": "base alone", "labels_kept": of_base})
    for count in options.counts:
        learned = [paths[row] for row in order[:count]]
        own = embedding(waves_of(learned, base.sample_rate, n_samples), base.sample_rate)
        for method in options.methods:
            with tempfile.TemporaryDirectory() as temporary:
                label = options.folder.name
                source = Path(temporary) / "recordings"
                (source / label).mkdir(parents=True)
                for path in learned:
                    shutil.copy(path, source / label)
                call: Mapping[str, object] = {
                    "few-shot": {"from_": options.base, "few_shot": True},
                    "whole": {"from_": options.base},
                    "from nothing": {"family": base.folder.card.family},
                }[method]
                settings = (f"training.steps={options.steps}", "training.threads=1", *options.set)
                out = Path(temporary) / "run"
                done = train(source, out=out, label_from="folder", set=settings, quiet=True, **call)  # type: ignore[arg-type]
                model = loading.load_generator(out)
                clips = np.concatenate(model.generate(label if model.labels else None, options.clips, SEED))
                report.add(
                    RESULTS,
                    {
                        "recordings": count,
                        "method": method,
                        "distance": frechet_distance(reference, embedding(clips, model.sample_rate)),
                        "of_recordings": frechet_distance(reference, own) if len(own) > 1 else None,
                        "labels_kept": kept(model, judge, base.labels, options.clips),
                        "minutes": done.minutes,
                    },
                )


def smoke_label(folder: Path) -> Path:
    """Write recordings of one label that the base does not have. Return their folder."""
    target = folder / "new"
    target.mkdir(parents=True)
    for entry in corpus_entries(smoke_drums(folder), labels=("tom",)):
        shutil.copy(entry.path, target)
    return target


BENCHMARK = Benchmark(
    __doc__,
    (RESULTS,),
    add_options,
    measure,
    smoke={
        "folder": smoke_label,
        "base": "ambience",  # quicker to export than a VAE
        "counts": [5],
        "methods": ["few-shot"],
        "steps": 1,
        "clips": 2,
        "set": ["training.batch_size=4"],
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
