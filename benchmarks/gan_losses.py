"""The GAN's losses side by side: the same networks, recordings and processor minutes, judged as the bundled drums are.

    python benchmarks/gan_losses.py --corpus corpora/drums --minutes 10 --json gan_losses.json
    python benchmarks/gan_losses.py --corpus corpora/drums --minutes 10 --only bce r3gan

Each loss has the penalty of its paper and no energy distance; the last row is what the family does by default. Recordings are those of
split ``train`` of the corpus, the judge of the labels is the bundled drum classifier, and every clip that is drawn counts.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from drums import generated, recordings
from vae import seconds_a_step

from wavewright import models
from wavewright.cli.command import plain
from wavewright.data.folder import scan
from wavewright.families.gan.network import build
from wavewright.families.gan.recipe import prepare, recipe
from wavewright.metrics.embeddings import ClassifierEmbedding, LogMelEmbedding
from wavewright.metrics.judging import compare
from wavewright.training.run import Provenance, Run

LABELS = ("kick", "snare", "hat", "tom", "cymbal")
PAPERS: dict[str, dict[str, Any]] = {
    "bce": {"loss": "bce", "penalty_weight": 0.0, "energy_weight": 0.0},
    "hinge": {"loss": "hinge", "penalty_weight": 0.0, "energy_weight": 0.0},
    "wgan-gp": {"loss": "wgan-gp", "penalty_weight": 10.0, "penalty_every": 1, "critic_turns": 5, "energy_weight": 0.0},
    "r3gan": {"loss": "r3gan", "energy_weight": 0.0},
    "r3gan with energy distance": {"loss": "r3gan"},
}
"""What each row changes of the family's settings."""


def train(name: str, corpus: Path, size: str, minutes: float, out: Path) -> int:
    """Train a model for so many processor minutes of one core and export it to ``out``; returns its number of steps."""
    torch.set_num_threads(1)
    found = scan(corpus, manifest=corpus / "manifest.jsonl")
    found = replace(found, entries=[e for e in found.entries if e.label in LABELS and e.split == "train"])
    base = recipe(size)
    base = replace(base, model=replace(base.model, labels=LABELS, **PAPERS[name]))
    base = replace(base, training=replace(base.training, threads=1, metric="", evaluate_every=10**6, save_every=500))
    prepared = prepare(base, found.entries, out / "cache")
    steps = max(1, int(60 * minutes / seconds_a_step(build(prepared.recipe.model), prepared)))
    Run(out, "gan", replace(base, training=replace(base.training, steps=steps)), found, Provenance(name), out / "cache").train()
    return steps


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
    found = {}
    for name in given.only:
        out = given.out / name.replace(" ", "-")
        steps = train(name, given.corpus, given.size, given.minutes, out)
        player = models.load(str(out))
        rate, n_samples = player.sample_rate, player.config.n_samples
        judges = [LogMelEmbedding(rate, n_samples / rate), ClassifierEmbedding(models.load("drum-classifier"))]
        real = recordings(given.corpus, "train", list(player.labels), rate, n_samples)
        report = compare(real, generated(player, given.per_label, True), judges, cheats=False)
        found[name] = {"steps": steps, "report": report}
        print(f"\n{name}: {steps} steps\n{report}", flush=True)
        if given.json:
            given.json.write_text(json.dumps(plain(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
