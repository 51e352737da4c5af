"""Compare the VAE with a waveform VAE of the same size on drums of unseen kits, with and without critics.

    python -m benchmarks.training.vae --corpus corpora/drums --minutes 20
    python -m benchmarks.training.vae --corpus corpora/drums --minutes 5 --only spectral waveform --json vae.json

All are trained on the same clips with the same losses and settings for as many minutes of one core; critics, where
there are any, start at half of the steps. The kits that the manifest marks ``valid`` and ``test`` are held out; the
networks are not conditioned on labels. Mel distance in nats and multi-resolution STFT distance: lower is better;
SI-SDR in dB: higher is better.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch

from benchmarks.harness.corpora import DRUM_LABELS, SMOKE_DRUM_TRAINING, corpus_entries
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from benchmarks.training.budget import NEVER, add_training_options, seconds_a_step
from benchmarks.training.waveform_vae import WaveformVae
from wavewright.base.errors import BadFolder
from wavewright.contracts.settings import override
from wavewright.data.entry import Entry
from wavewright.families.vae.config import VaeConfig
from wavewright.families.vae.modules import SpectralAutoencoder
from wavewright.families.vae.recipe import VaePrepared, VaeRecipe, prepare, recipe
from wavewright.families.vae.training import Vae, decode_clips, encode_clips, reconstruction_metrics
from wavewright.training.loop import Loop
from wavewright.training.report import Report as RunReport

MIN_REDUCTION = 0.15
MIN_STEPS = 2  # one without and one with critics


@dataclass(frozen=True)
class Variant:
    """One row of the table."""

    build: Callable[[VaeConfig], Vae]
    has_critics: bool


VARIANTS = {
    "spectral": Variant(Vae, False),
    "waveform": Variant(WaveformVae, False),
    "spectral with critics": Variant(Vae, True),
    "waveform with critics": Variant(WaveformVae, True),
}

RECONSTRUCTIONS = Table(
    "reconstructions of held-out clips",
    columns(variant="s", million_parameters=".1f", steps="d", clips="d")
    | columns(mel_distance_nats=".2f", stft_distance=".2f", si_sdr_db=".1f"),
)


def labelled_entries(corpus: Path) -> list[Entry]:
    """Return the clips of the five labels, all held-out kits marked ``valid``."""
    entries = corpus_entries(corpus, labels=DRUM_LABELS)
    return [replace(entry, split="train" if entry.split == "train" else "valid") for entry in entries]


def train_variant(
    variant: Variant, prepared: VaePrepared, minutes: float, out: Path
) -> tuple[SpectralAutoencoder, int]:
    """Return the averaged autoencoder after some processor minutes of one core, and the number of its steps."""
    torch.set_num_threads(1)
    training = prepared.recipe.training
    model = replace(prepared.recipe.model, adversarial_from=0)
    seconds = seconds_a_step(variant.build(model), prepared.batches, training)
    if variant.has_critics:
        with_critics = variant.build(replace(model, adversarial_from=1))
        seconds = (seconds + seconds_a_step(with_critics, prepared.batches, training)) / 2
    steps = max(MIN_STEPS, int(60 * minutes / seconds))
    if variant.has_critics:
        model = replace(model, adversarial_from=steps // 2)
    torch.manual_seed(0)
    settings = replace(training, steps=steps, evaluate_every=NEVER, save_every=NEVER, metric="")
    with RunReport(out, quiet=False) as run_report:
        loop = Loop(variant.build(model), prepared.batches, settings, out / "checkpoints", run_report)
        loop.run()
    return cast(SpectralAutoencoder, loop.average), steps


def settings_of(size: str, overrides: list[str]) -> VaeRecipe:
    """Return the recipe of all variants."""
    base = recipe(size)
    base = replace(base, model=replace(base.model, labels=DRUM_LABELS), training=replace(base.training, threads=1))
    return override(base, overrides)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    add_training_options(parser, "runs/vae-benchmark", minutes=20.0, size="base")
    parser.add_argument("--only", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train and measure each variant."""
    settings = settings_of(options.size, options.set)
    prepared = prepare(settings, labelled_entries(options.corpus), options.out / "cache")
    if prepared.valid is None:
        raise BadFolder(f"{options.corpus} has no held-out kits.")
    waves = prepared.waves(prepared.valid)
    mel_distances = {}
    for name in options.only:
        out = options.out / name.replace(" ", "-")
        autoencoder, steps = train_variant(VARIANTS[name], prepared, options.minutes, out)
        rebuilt = decode_clips(autoencoder, encode_clips(autoencoder, waves)[0])
        measured = reconstruction_metrics(waves, rebuilt, prepared.recipe.model.sample_rate)
        report.attach(name, measured)
        mel_distances[name] = measured["valid/mel"]
        report.add(
            RECONSTRUCTIONS,
            {
                "variant": name,
                "million_parameters": sum(parameter.numel() for parameter in autoencoder.parameters()) / 1e6,
                "steps": steps,
                "clips": len(waves),
                "mel_distance_nats": measured["valid/mel"],
                "stft_distance": measured["valid/stft"],
                "si_sdr_db": measured["valid/si_sdr"],
            },
        )
    if {"spectral", "waveform"} <= mel_distances.keys():
        reduction = 1 - mel_distances["spectral"] / mel_distances["waveform"]
        report.target("spectral", "mel distance below the waveform VAE's", reduction, at_least=MIN_REDUCTION)


BENCHMARK = Benchmark(
    __doc__,
    (RECONSTRUCTIONS, TARGETS),
    add_options,
    measure,
    smoke={
        **SMOKE_DRUM_TRAINING,
        "minutes": 1e-5,
        "only": ["spectral", "waveform with critics"],
        "set": ["model.sample_rate=8000", "model.n_samples=4096", "training.batch_size=4"],
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
