"""Compare the GAN's losses on the same networks, recordings and processor minutes, judged as the bundled drums are.

    python -m benchmarks.training.gan_losses --corpus corpora/drums --minutes 10 --json gan_losses.json
    python -m benchmarks.training.gan_losses --corpus corpora/drums --minutes 10 --only bce r3gan

Each loss has the penalty of its paper and no energy distance; the last row is the family's default. Recordings are
those of split ``train`` of the corpus, the judge of the labels is the bundled drum classifier, and every generated
clip counts."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.generation.drums import generated, recordings
from benchmarks.training.gan_training import LABELS, train_for, training_drums
from wavewright import loading
from wavewright.cli.command import plain
from wavewright.metrics.comparison import compare
from wavewright.metrics.embeddings import ClassifierEmbedding, LogMelEmbedding

PAPERS: dict[str, dict[str, Any]] = {
    "bce": {"loss": "bce", "penalty_weight": 0.0, "energy_weight": 0.0},
    "hinge": {"loss": "hinge", "penalty_weight": 0.0, "energy_weight": 0.0},
    "wgan-gp": {"loss": "wgan-gp", "penalty_weight": 10.0, "penalty_every": 1, "critic_turns": 5, "energy_weight": 0.0},
    "r3gan": {"loss": "r3gan", "energy_weight": 0.0},
    "r3gan with energy distance": {"loss": "r3gan"},
}
"""Settings of each row that differ from the family's."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--out", type=Path, default=Path("runs/gan-losses"))
    parser.add_argument("--size", default="small")
    parser.add_argument("--minutes", type=float, default=10.0, help="of one core, for each")
    parser.add_argument("--per-label", type=int, default=200)
    parser.add_argument("--only", nargs="*", default=list(PAPERS), choices=list(PAPERS))
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    results = {}
    for name in given.only:
        out = given.out / name.replace(" ", "-")
        settings = {"labels": LABELS, **PAPERS[name]}
        steps = train_for(given.minutes, training_drums(given.corpus), given.size, settings, name, out)
        player = loading.load(str(out))
        rate, n_samples = player.sample_rate, player.config.n_samples
        judges = [LogMelEmbedding(rate, n_samples / rate), ClassifierEmbedding(loading.load("drum-classifier"))]
        real = recordings(given.corpus, "train", list(player.labels), rate, n_samples)
        report = compare(real, generated(player, given.per_label, True), judges, cheats=False)
        results[name] = {"steps": steps, "report": report}
        print(f"\n{name}: {steps} steps\n{report}", flush=True)
        if given.json:
            given.json.write_text(json.dumps(plain(results), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
