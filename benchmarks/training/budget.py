"""Train networks for a given processor time of one core."""

from __future__ import annotations

import argparse
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
from wavewright.families.gan.recipe import prepare, recipe
from wavewright.families.gan.training import GanNetwork
from wavewright.nn.network import Network
from wavewright.training.loop import Loop
from wavewright.training.report import Report
from wavewright.training.run import Provenance, Run

SMOKE_CLIPS = {"sample_rate": 8_000, "samples": 2_000}
"""Values of :func:`add_clip_options` in the smoke mode."""

TIMED_STEPS = 6
NEVER = 10**6  # steps between evaluations


def add_training_options(parser: argparse.ArgumentParser, out: str, minutes: float, size: str = "small") -> None:
    """Add the options of scripts that train on drums for some minutes, with these defaults."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--out", type=Path, default=Path(out))
    parser.add_argument("--size", default=size)
    parser.add_argument("--minutes", type=float, default=minutes, help="of one core, for each model")


def add_clip_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the clips that a GAN generates."""
    parser.add_argument("--sample-rate", type=int, default=44_100)
    parser.add_argument("--samples", type=int, default=31_232, help="of a clip")


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
