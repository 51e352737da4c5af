"""Train networks for a given processor time of one core."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from wavewright.contracts.settings import TrainingSettings
from wavewright.data.entry import Scan
from wavewright.families.gan.network import GanNetwork
from wavewright.families.gan.recipe import prepare, recipe
from wavewright.nn.network import Network
from wavewright.training.loop import Loop
from wavewright.training.report import Report
from wavewright.training.run import Provenance, Run

TIMED_STEPS = 6
NEVER = 10**6  # steps between evaluations


def seconds_a_step(
    network: Network, batches: Callable[[int], Mapping[str, np.ndarray]], settings: TrainingSettings
) -> float:
    """Return the processor seconds of a training step, the median of a few."""
    with tempfile.TemporaryDirectory() as folder, Report(Path(folder), quiet=True, mute=True) as report:
        timed = replace(settings, steps=TIMED_STEPS, evaluate_every=NEVER, save_every=NEVER, metric="")
        loop = Loop(network, batches, timed, Path(folder), report)
        loop.progress.steps = TIMED_STEPS
        loop.progress.threads = 1
        seconds = []
        for _ in range(TIMED_STEPS):
            start = time.process_time()
            loop.train_step(loop.batches_from)
            seconds.append(time.process_time() - start)
    return statistics.median(seconds[1:])


def train_gan(minutes: float, recordings: Scan, size: str, model: Mapping[str, object], name: str, out: Path) -> int:
    """Train a GAN for some processor minutes of one core and export it to ``out``.

    Parameters
    ----------
    minutes : float
        Processor time of the training steps, on one thread; at least one step is made.
    recordings : Scan
        Training recordings.
    size : str
        Size of the family's recipe.
    model : mapping
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
    base = replace(base, model=replace(base.model, **model))  # type: ignore[arg-type]
    base = replace(base, training=replace(base.training, threads=1, metric="", evaluate_every=NEVER, save_every=500))
    prepared = prepare(base, recordings.entries, out / "cache")
    network = GanNetwork(prepared.recipe.model)
    steps = max(1, int(60 * minutes / seconds_a_step(network, prepared.batches, prepared.recipe.training)))
    settings = replace(base, training=replace(base.training, steps=steps))
    Run(out, "gan", settings, recordings, Provenance(name), out / "cache").train()
    return steps
