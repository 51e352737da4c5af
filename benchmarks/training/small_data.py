"""Train the size ``small`` on 200 one-shots, 40 of each of five labels, for half an hour, and judge it by them.

    python -m benchmarks.training.small_data --corpus corpora/drums --out runs/small-data --max-minutes 30
    python -m benchmarks.training.small_data --corpus corpora/drums --out runs/recurrent --set model.recurrent=true

The judge of the labels is the bundled drum classifier.

GRUs in the network (``model.recurrent=true``) improve more per step, but a step takes 1.6 times as long. Per minute
both are equal, so convolutions alone are the default.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.generation.evaluation import EVALUATION, add_evaluation, drum_embeddings, generated_clips
from benchmarks.harness.corpora import DRUM_LABELS, SMOKE_DRUM_TRAINING, corpus_entries
from benchmarks.harness.script import Benchmark, Report
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.families import loading
from wavewright.metrics.clips import Clips
from wavewright.metrics.comparison import compare
from wavewright.training.run import train


def copy_recordings(corpus: Path, folder: Path, per_label: int) -> None:
    """Copy the same training recordings of each label to ``folder/<label>/``."""
    draw = random.Random(0)
    for label in DRUM_LABELS:
        paths = [entry.path for entry in corpus_entries(corpus, "train", (label,))]
        (folder / label).mkdir(parents=True)
        for path in draw.sample(paths, per_label):
            shutil.copyfile(path, folder / label / path.name)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--out", type=Path, default=Path("runs/small-data"))
    parser.add_argument("--size", default="small")
    parser.add_argument("--max-minutes", type=float, default=30.0)
    parser.add_argument("--recordings", type=int, default=40, help="of each label")
    parser.add_argument("--per-label", type=int, default=200, help="generated clips")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train and judge the model."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "clips"
        copy_recordings(options.corpus, folder, options.recordings)
        train(
            folder,
            "gan",
            options.size,
            options.out,
            "folder",
            max_minutes=options.max_minutes,
            settings=options.set,
        )
        model = loading.load_generator(options.out)
        rate, n_samples = model.sample_rate, model.generate()[0].shape[-1]
        store = ClipStore.build(
            scan(folder, "folder").entries, rate, n_samples, Preparation(), Path(temporary) / "cache"
        )
        recordings = Clips.of(
            np.stack([store[row][0] for row in range(len(store))]), rate, [str(label) for label in store.labels]
        )
        generated = generated_clips(model, options.per_label, False, report)
        add_evaluation(
            "small data", compare(recordings, generated, drum_embeddings(rate, n_samples), cheats=False), report
        )


BENCHMARK = Benchmark(
    __doc__,
    (EVALUATION,),
    add_options,
    measure,
    smoke={
        **SMOKE_DRUM_TRAINING,
        "recordings": 4,
        "per_label": 2,
        "set": [
            "training.steps=1",
            "training.threads=1",
            "training.metric=",
            "model.sample_rate=8000",
            "model.n_samples=2000",
        ],
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
