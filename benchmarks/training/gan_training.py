"""Train a GAN for a given processor time: used by gan_losses.py and infogan.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.training.vae import seconds_a_step
from wavewright.data.entry import Scan
from wavewright.data.folder import scan
from wavewright.families.gan.network import build
from wavewright.families.gan.recipe import prepare, recipe
from wavewright.training.run import Provenance, Run

LABELS = ("kick", "snare", "hat", "tom", "cymbal")


def training_drums(corpus: Path) -> Scan:
    """Return the recordings of split ``train`` with one of ``LABELS``."""
    found = scan(corpus, manifest=corpus / "manifest.jsonl")
    return replace(found, entries=tuple(e for e in found.entries if e.label in LABELS and e.split == "train"))


def train_for(minutes: float, recordings: Scan, size: str, model: dict[str, Any], name: str, out: Path) -> int:
    """Train a model for so many processor minutes of one core and export it to ``out``.

    Parameters
    ----------
    minutes : float
        Processor time of the training steps, on one thread.
    recordings : Scan
        Training recordings.
    size : str
        Size of the family's recipe.
    model : dict
        Model settings that differ from the recipe's.
    name : str
        Name on the card.
    out : Path
        Run folder.

    Returns
    -------
    int
        The number of steps.
    """
    torch.set_num_threads(1)
    base = recipe(size)
    base = replace(base, model=replace(base.model, **model))
    base = replace(base, training=replace(base.training, threads=1, metric="", evaluate_every=10**6, save_every=500))
    prepared = prepare(base, recordings.entries, out / "cache")
    steps = max(1, int(60 * minutes / seconds_a_step(build(prepared.recipe.model), prepared)))
    settings = replace(base, training=replace(base.training, steps=steps))
    Run(out, "gan", settings, recordings, Provenance(name), out / "cache").train()
    return steps
