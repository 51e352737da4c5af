"""The peer that bundled generators are compared with: a plain class-conditional WaveGAN, trained by the same loop on the same clips.

Donahue, McAuley and Puckette, "Adversarial Audio Synthesis", 2019, tables 2 and 3, with the classic loss (binary cross-entropy),
transposed convolutions and phase shuffle; labels enter as an embedding beside the latent vector and as a projection in the critic.

    python -m benchmarks.generation.wavegan --corpus corpora/drums --out runs/wavegan --max-minutes 20
    python -m benchmarks.generation.wavegan --corpus corpora/digits --kind digits --out runs/wavegan-digits --max-minutes 20
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from wavewright.data.folder import scan
from wavewright.families.gan.config import GanConfig
from wavewright.families.gan.network import Condition, evaluate
from wavewright.families.gan.recipe import GanRecipe, prepare, recipe
from wavewright.nn.blocks import phase_shuffle
from wavewright.nn.losses import critic_loss, generator_loss
from wavewright.training.loop import Loop
from wavewright.training.report import Report

FIRST_FRAMES = 16
WIDTH = 32  # channels of the layer beside the waveform; the paper has 64


@dataclass(frozen=True)
class Kind:
    """What a corpus holds: clips of ``n_samples`` at ``sample_rate`` hertz, beginning at their onset or where the file begins."""

    labels: tuple[str, ...]
    sample_rate: int
    n_samples: int
    is_aligned: bool


KINDS = {
    "drums": Kind(("kick", "snare", "hat", "tom", "cymbal"), 44_100, 31_232, True),
    "digits": Kind(tuple("0123456789"), 8_000, 8_000, False),
}


def strides_of(config: GanConfig) -> tuple[int, ...]:
    """From 16 frames to at least the clip's samples: fours, then a two where needed (six layers to 32,768)."""
    doublings = math.ceil(math.log2(config.n_samples / FIRST_FRAMES))
    return (4,) * (doublings // 2) + (2,) * (doublings % 2)


class PlainGenerator(nn.Module):
    """Latent and label -> waveform ``(batch, 1, n_samples)`` in [-1, 1], by transposed convolutions of 25 samples."""

    def __init__(self, config: GanConfig):
        super().__init__()
        self.config = config
        self.condition = Condition(config)
        strides = strides_of(config)
        widths = [min(WIDTH << (len(strides) - 1 - index), 512) for index in range(len(strides))]
        self.start = nn.Linear(Condition.size, widths[0] * FIRST_FRAMES)
        self.layers = nn.ModuleList(
            nn.ConvTranspose1d(
                before, after, 25, stride, padding=(26 - stride) // 2, output_padding=(26 - stride) % 2 ^ 1
            )
            for before, after, stride in zip(widths, [*widths[1:], 1], strides, strict=True)
        )

    def forward(self, latent: Tensor, label: Tensor | None, code: Tensor | None = None) -> Tensor:
        hidden = self.start(self.condition(latent, label, code)).unflatten(1, (-1, FIRST_FRAMES))
        for layer in self.layers:
            hidden = layer(F.relu(hidden))
        return torch.tanh(hidden.float())[..., : self.config.n_samples]

    wave = forward


class PlainCritic(nn.Module):
    """Waveform -> logit ``(batch, 1)``, by strided convolutions of 25 samples with phase shuffle between them."""

    def __init__(self, config: GanConfig):
        super().__init__()
        strides, n_labels = strides_of(config), len(config.labels)
        widths = [min(WIDTH << index, 512) for index in range(len(strides))]
        self.layers = nn.ModuleList(
            nn.Conv1d(before, after, 25, stride, padding=11)
            for before, after, stride in zip([1, *widths], widths, reversed(strides), strict=False)
        )
        self.to_logit = nn.LazyLinear(1)
        self.by_label = nn.LazyLinear(n_labels, bias=False)

    def forward(self, wave: Tensor, label: Tensor) -> Tensor:
        hidden = wave
        for index, layer in enumerate(self.layers):
            hidden = F.leaky_relu(layer(hidden), 0.2)
            if index < len(self.layers) - 1:
                hidden = phase_shuffle(hidden, 2)
        flat = hidden.flatten(1).float()
        return self.to_logit(flat) + self.by_label(flat).gather(1, label.unsqueeze(1))


class PlainWaveGan(nn.Module):
    """Generator and critic with the classic loss."""

    def __init__(self, config: GanConfig):
        super().__init__()
        self.config = config
        self.generator, self.critic = PlainGenerator(config), PlainCritic(config)
        self.critic(
            torch.zeros(1, 1, config.n_samples), torch.zeros(1, dtype=torch.int64)
        )  # gives the lazy layers their size

    def players(self) -> dict[str, nn.Module]:
        return {"critic": self.critic, "generator": self.generator}

    def averaged(self) -> nn.Module:
        return self.generator

    def loss_weights(self, step: int) -> dict[str, float]:
        return {"adv/critic": 1.0, "adv/generator": 1.0}

    def turns(self, step: int) -> list:
        return [("critic", self._critic), ("generator", self._generator)]

    def _critic(self, batch: dict) -> dict[str, Tensor]:
        batch["fake"] = self.generator(torch.randn(len(batch["wave"]), self.config.latent_size), batch["label"])
        real = self.critic(batch["wave"], batch["label"])
        return {"adv/critic": critic_loss("bce", real, self.critic(batch["fake"].detach(), batch["label"]))}

    def _generator(self, batch: dict) -> dict[str, Tensor]:
        fake = self.critic(batch["fake"], batch["label"])
        return {"adv/generator": generator_loss("bce", fake, fake)}


def settings(kind: Kind) -> GanRecipe:
    """The paper's optimizer settings (Adam 1e-4, betas 0.5 and 0.9) and a batch of 16."""
    base = recipe("base")
    model = replace(base.model, labels=kind.labels, sample_rate=kind.sample_rate, n_samples=kind.n_samples)
    training = replace(
        base.training, learning_rate=1e-4, betas=(0.5, 0.9), batch_size=16, threads=1, schedule="constant", metric=""
    )
    return replace(base, model=model, data=replace(base.data, align=kind.is_aligned), training=training)


def generated(run: Path, kind: Kind, per_label: int, seed: int) -> np.ndarray:
    """``per_label`` clips of every label of a run of this script, in the labels' order: ``(n, n_samples)``."""
    generator = PlainGenerator(settings(kind).model).eval()
    tensors = load_file(run / "checkpoints" / "last.safetensors")
    generator.load_state_dict({name[8:]: tensor for name, tensor in tensors.items() if name.startswith("average/")})
    torch.manual_seed(seed)
    with torch.no_grad():
        size = generator.config.latent_size
        rows = [
            generator(torch.randn(1, size), torch.tensor([label]))
            for label in range(len(kind.labels))
            for _ in range(per_label)
        ]
    return torch.cat(rows)[:, 0].numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/drums"))
    parser.add_argument("--out", type=Path, default=Path("runs/wavegan"))
    parser.add_argument("--max-minutes", type=float, default=20)
    parser.add_argument("--kind", choices=KINDS, default="drums", help="what the corpus holds")
    given = parser.parse_args()
    data = prepare(settings(KINDS[given.kind]), scan(given.corpus, manifest=given.corpus / "manifest.jsonl").entries)
    torch.manual_seed(data.recipe.training.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    with Report(given.out) as report:
        network = PlainWaveGan(data.recipe.model)
        measure = lambda average: evaluate(average, data)  # noqa: E731
        loop = Loop(network, data.batches, data.recipe.training, given.out / "checkpoints", report, measure)
        loop.resume()
        loop.run(given.max_minutes)


if __name__ == "__main__":
    sys.exit(main())
