"""Compare the GAN's losses on the same networks, recordings and processor minutes, judged as the bundled drums are.

    python -m benchmarks.training.gan_losses --corpus corpora/drums --minutes 10 --json gan_losses.json
    python -m benchmarks.training.gan_losses --corpus corpora/drums --minutes 10 --only bce r3gan

Each loss has the penalty of its paper and no energy distance; the last row is the family's default. Recordings are
those of split ``train`` of the corpus, the judge of the labels is the bundled drum classifier, and every generated
clip counts.

After six minutes of a core, losses without a penalty lead in label agreement (``hinge`` 0.92), because their steps cost
less; ``wgan-gp`` makes a fifth of the steps. The default, ``r3gan`` with the energy distance, has the highest coverage
(0.60) and the lowest 1-nearest-neighbour accuracy (0.91). Single runs: differences of a tenth are within chance.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from benchmarks.generation.evaluation import (
    EVALUATION,
    add_evaluation,
    drum_embeddings,
    generated_clips,
    recorded_clips,
)
from benchmarks.harness.corpora import DRUM_LABELS, SMOKE_DRUM_TRAINING, corpus_entries
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from benchmarks.training.budget import SMOKE_CLIPS, add_clip_options, add_training_options, train_gan
from wavewright.data.entry import Scan
from wavewright.families import loading
from wavewright.metrics.comparison import compare

LOSSES: dict[str, Mapping[str, object]] = {
    "bce": {"loss": "bce", "penalty_weight": 0.0, "energy_weight": 0.0},
    "hinge": {"loss": "hinge", "penalty_weight": 0.0, "energy_weight": 0.0},
    "wgan-gp": {"loss": "wgan-gp", "penalty_weight": 10.0, "penalty_every": 1, "critic_turns": 5, "energy_weight": 0.0},
    "r3gan": {"loss": "r3gan", "energy_weight": 0.0},
    "r3gan with energy distance": {"loss": "r3gan"},
}
"""Settings of each row that differ from the family's."""

STEPS = Table("training steps", columns(loss="s", steps=",d"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    add_training_options(parser, "runs/gan-losses", minutes=10.0)
    add_clip_options(parser)
    parser.add_argument("--per-label", type=int, default=200)
    parser.add_argument("--only", nargs="+", default=list(LOSSES), choices=list(LOSSES))


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train and judge a model with each loss."""
    recordings = Scan(tuple(corpus_entries(options.corpus, "train", DRUM_LABELS)))
    clips = {"labels": DRUM_LABELS, "sample_rate": options.sample_rate, "n_samples": options.samples}
    for name in options.only:
        out = options.out / name.replace(" ", "-")
        steps = train_gan(options.minutes, recordings, options.size, {**clips, **LOSSES[name]}, name, out)
        report.add(STEPS, {"loss": name, "steps": steps})
        model = loading.load_generator(out)
        rate, n_samples = model.sample_rate, model.generate()[0].shape[-1]
        real = recorded_clips(options.corpus, "train", model.labels, rate, n_samples)
        generated = generated_clips(model, options.per_label, True, report)
        add_evaluation(name, compare(real, generated, drum_embeddings(rate, n_samples), cheats=False), report)


BENCHMARK = Benchmark(
    __doc__,
    (STEPS, EVALUATION),
    add_options,
    measure,
    smoke={**SMOKE_DRUM_TRAINING, **SMOKE_CLIPS, "minutes": 1e-5, "per_label": 2, "only": ["wgan-gp"]},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
