"""Train the peer of the bundled generators: a plain class-conditional WaveGAN, by the same loop on the same clips.

Donahue, McAuley and Puckette, "Adversarial Audio Synthesis", 2019, tables 2 and 3, with the classic loss (binary
cross-entropy), transposed convolutions and phase shuffle; labels enter as an embedding beside the latent vector and
as a projection in the critic.

    python -m benchmarks.generation.wavegan --corpus corpora/drums --out runs/wavegan --max-minutes 20
    python -m benchmarks.generation.wavegan --corpus corpora/digits --kind digits --out runs/wavegan-digits
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.harness.corpora import DIGIT_LABELS, DRUM_LABELS, SEED, corpus_entries, smoke_digits, smoke_out
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.families.gan.config import GanConfig
from wavewright.families.gan.modules import ConditioningMLP, WaveGenerator
from wavewright.families.gan.recipe import GanRecipe, prepare, recipe
from wavewright.families.gan.training import GanTraining
from wavewright.nn.blocks import phase_shuffle
from wavewright.nn.losses import critic_loss
from wavewright.nn.network import Batch, Network, Turn
from wavewright.training.loop import Loop
from wavewright.training.report import Report as RunReport

FIRST_FRAMES = 16
WIDTH = 32  # channels of the layer beside the waveform; the paper has 64


@dataclass(frozen=True)
class Kind:
    """Clips of ``n_samples`` at ``sample_rate`` hertz that start at their onset if ``is_aligned``."""

    labels: tuple[str, ...]
    sample_rate: int
    n_samples: int
    is_aligned: bool


KINDS = {
    "drums": Kind(DRUM_LABELS, 44_100, 31_232, True),
    "digits": Kind(DIGIT_LABELS, 8_000, 8_000, False),
    "short digits": Kind(DIGIT_LABELS, 4_000, 2_000, False),  # for the smoke mode
}

WAVEGAN = Table(
    "plain WaveGAN",
    columns(kind="s", steps="d", million_parameters=".2f", peak=".2f"),
)


def strides_of(config: GanConfig) -> tuple[int, ...]:
    """Return strides from 16 frames to at least the samples of a clip: fours, then a two where needed."""
    doublings = math.ceil(math.log2(config.n_samples / FIRST_FRAMES))
    return (4,) * (doublings // 2) + (2,) * (doublings % 2)


class PlainGenerator(nn.Module):
    """Latent and label -> waveform ``(batch, 1, n_samples)`` in [-1, 1], by transposed convolutions of 25 samples."""

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        self.condition = ConditioningMLP(config)
        strides = strides_of(config)
        widths = [min(WIDTH << (len(strides) - 1 - index), 512) for index in range(len(strides))]
        self.start = nn.Linear(ConditioningMLP.size, widths[0] * FIRST_FRAMES)
        self.layers = nn.ModuleList(
            nn.ConvTranspose1d(
                before, after, 25, stride, padding=(26 - stride) // 2, output_padding=(26 - stride) % 2 ^ 1
            )
            for before, after, stride in zip(widths, [*widths[1:], 1], strides, strict=True)
        )

    def forward(self, latent: Tensor, label: Tensor | None, code: Tensor | None = None) -> Tensor:
        """Return the waveform of a latent vector ``(batch, latent_size)`` and a label ``(batch,)``."""
        hidden = self.start(self.condition(latent, label, code)).unflatten(1, (-1, FIRST_FRAMES))
        for layer in self.layers:
            hidden = layer(F.relu(hidden))
        return torch.tanh(hidden.float())[..., : self.config.n_samples]

    wave = forward


class PlainCritic(nn.Module):
    """Waveform -> logit ``(batch, 1)``, by strided convolutions of 25 samples with phase shuffle between them."""

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        strides, n_labels = strides_of(config), len(config.labels)
        widths = [min(WIDTH << index, 512) for index in range(len(strides))]
        self.layers = nn.ModuleList(
            nn.Conv1d(before, after, 25, stride, padding=11)
            for before, after, stride in zip([1, *widths], widths, reversed(strides), strict=False)
        )
        self.to_logit = nn.LazyLinear(1)
        self.projection = nn.LazyLinear(n_labels, bias=False)

    def forward(self, wave: Tensor, label: Tensor) -> Tensor:
        """Return the logit of waves ``(batch, 1, n_samples)`` with labels ``(batch,)``."""
        hidden = wave
        for index, layer in enumerate(self.layers):
            hidden = F.leaky_relu(layer(hidden), 0.2)
            if index < len(self.layers) - 1:
                hidden = phase_shuffle(hidden, 2)
        flat = hidden.flatten(1).float()
        return self.to_logit(flat) + self.projection(flat).gather(1, label.unsqueeze(1))


class PlainWaveGan(Network):
    """Generator and critic with the classic loss."""

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        self.generator = PlainGenerator(config)
        self.critic = PlainCritic(config)
        # A first call sets the size of the lazy layers.
        self.critic(torch.zeros(1, 1, config.n_samples), torch.zeros(1, dtype=torch.int64))

    def players(self) -> dict[str, nn.Module]:
        """Return the two networks by name."""
        return {"critic": self.critic, "generator": self.generator}

    def inference_module(self) -> nn.Module:
        """Return the network whose weights are averaged."""
        return self.generator

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of each loss."""
        return {"adv/critic": 1.0, "adv/generator": 1.0}

    def turns(self, step: int) -> list[Turn]:
        """Return each network with its loss function."""
        return [("critic", self._critic_loss), ("generator", self._generator_loss)]

    def _critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        batch["fake"] = self.generator(torch.randn(len(batch["wave"]), self.config.latent_size), batch["label"])
        real = self.critic(batch["wave"], batch["label"])
        return {"adv/critic": critic_loss("bce", real, self.critic(batch["fake"].detach(), batch["label"]))}

    def _generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adv/generator": F.softplus(-self.critic(batch["fake"], batch["label"])).mean()}


def settings(kind: Kind) -> GanRecipe:
    """Return the paper's optimizer settings (Adam 1e-4, betas 0.5 and 0.9) with a batch of 16."""
    base = recipe("base")
    model = replace(base.model, labels=kind.labels, sample_rate=kind.sample_rate, n_samples=kind.n_samples)
    training = replace(
        base.training, learning_rate=1e-4, betas=(0.5, 0.9), batch_size=16, threads=1, schedule="constant", metric=""
    )
    return replace(base, model=model, data=replace(base.data, align=kind.is_aligned), training=training)


def generate(run: Path, kind: Kind, per_label: int, seed: int) -> np.ndarray:
    """Return ``per_label`` clips of every label of a run of this script, in the labels' order: ``(n, n_samples)``."""
    generator = PlainGenerator(settings(kind).model).eval()
    tensors = load_file(run / "checkpoints" / "last.safetensors")
    prefix = "average/"
    averaged = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    generator.load_state_dict(averaged)
    torch.manual_seed(seed)
    with torch.no_grad():
        size = generator.config.latent_size
        rows = [
            generator(torch.randn(1, size), torch.tensor([label]))
            for label in range(len(kind.labels))
            for _ in range(per_label)
        ]
    return torch.cat(rows)[:, 0].numpy()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--out", type=Path, default=Path("runs/wavegan"))
    parser.add_argument("--max-minutes", type=float, default=20.0)
    parser.add_argument("--steps", type=int, default=0, help="0: as many as the minutes allow")
    parser.add_argument("--kind", choices=KINDS, default="drums", help="of clips in the corpus")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Train, then draw a clip of each label."""
    kind = KINDS[options.kind]
    base = settings(kind)
    base = replace(base, training=replace(base.training, steps=options.steps or base.training.steps))
    data = prepare(base, corpus_entries(options.corpus))
    torch.manual_seed(data.recipe.training.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    network = PlainWaveGan(data.recipe.model)
    with RunReport(options.out) as run_report:
        loop = Loop(
            network,
            data.batches,
            data.recipe.training,
            options.out / "checkpoints",
            run_report,
            lambda average: GanTraining().evaluate(cast(WaveGenerator, average), data),
        )
        loop.resume()
        progress = loop.run(options.max_minutes)
    report.add(
        WAVEGAN,
        {
            "kind": options.kind,
            "steps": progress.step,
            "million_parameters": sum(parameter.numel() for parameter in network.parameters()) / 1e6,
            "peak": float(np.abs(generate(options.out, kind, 1, SEED)).max()),
        },
    )


BENCHMARK = Benchmark(
    __doc__,
    (WAVEGAN,),
    add_options,
    measure,
    smoke={"corpus": smoke_digits, "kind": "short digits", "out": smoke_out, "steps": 1},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
