"""Tiny models with random weights, exported like real ones, so that playing is tested without a trained model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wavewright.models.card import CARD_FILE, Card, Source
from wavewright.nn.network import ExportSpec, GraphSpec
from wavewright.training.export import export_model

SAMPLE_RATE = 8_000
LABELS = ("kick", "snare", "hat")
CONFIG: dict[str, Any] = {
    "generator": "spectral",
    "sample_rate": SAMPLE_RATE,
    "n_samples": 1600,
    "labels": LABELS,
    "latent_size": 4,
    "n_fft": 64,
    "hop_length": 16,
    "fade_in_samples": 8,
}
N_BINS, N_FRAMES = 33, 101


class TinySpectral(nn.Module):
    """A linear layer of latent, label and code, convolutions and a GRU over time, then spectrum and noise gain."""

    def __init__(self, n_labels: int = 3, code_size: int = 0, gain: float = 1.0):
        super().__init__()
        self.gain = gain
        self.labels = nn.Embedding(n_labels, 4) if n_labels else None
        self.start = nn.Linear(4 + (4 if n_labels else 0) + code_size, 8 * N_FRAMES)
        self.mix = nn.utils.parametrizations.weight_norm(nn.Conv1d(8, 8, 3, padding=1))
        self.recurrence = nn.GRU(8, 8, batch_first=True)
        self.norm = nn.BatchNorm1d(8)
        self.out = nn.Conv1d(8, 3 * N_BINS, 1)

    def forward(self, latent: Tensor, *rest: Tensor) -> tuple[Tensor, Tensor]:
        features = [latent, *rest]
        if self.labels is not None:
            features[1] = self.labels(rest[0])
        hidden = self.start(torch.cat(features, 1)).unflatten(1, (8, -1))
        hidden = torch.tanh(self.norm(self.mix(hidden)))
        hidden = self.recurrence(hidden.transpose(1, 2))[0].transpose(1, 2)
        real, imaginary, noise = self.out(hidden).chunk(3, 1)  # (batch, bins, frames) each
        return self.gain * torch.stack([real, imaginary], 1), self.gain * 0.02 * noise.exp()


class TinyWave(nn.Module):
    """A linear layer from latent and label to a wave."""

    def __init__(self) -> None:
        super().__init__()
        self.labels = nn.Embedding(3, 4)
        self.out = nn.Linear(8, 1600)

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        return torch.tanh(self.out(torch.cat([latent, self.labels(label)], 1))).unsqueeze(1)


def example_inputs(n_labels: int = 3, code_size: int = 0) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(0)
    inputs = {"latent": torch.randn(3, 4, generator=draw)}
    if n_labels:
        inputs["label"] = torch.arange(3) % n_labels
    if code_size:
        inputs["code"] = torch.rand(3, code_size, generator=draw)
    return inputs


def seeded(make: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """A module whose random weights depend on the seed alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def make_gan(
    folder: Path,
    name: str = "tiny",
    module: nn.Module | None = None,
    files: Mapping[str, Mapping[str, np.ndarray]] | None = None,
    **changes: Any,
) -> Path:
    """A model folder of a tiny GAN; ``files`` are further tensors, ``changes`` go into its config."""
    config = {**CONFIG, **changes}
    code_size = config.get("code_categories", 0) + config.get("code_continuous", 0)
    n_labels = len(config["labels"])
    module = module or seeded(lambda: TinySpectral(n_labels, code_size))
    outputs = ("spectrum", "noise_gain") if config["generator"] == "spectral" else ("wave",)
    card = Card(
        name=name,
        family="gan",
        description="A tiny model for tests.",
        config=config,
        labels=list(config["labels"]),
        sample_rate=config["sample_rate"],
        licence="CC0-1.0",
        sources=[Source(name="nothing", licence="CC0-1.0", credit="nobody", n_clips=0)],
    )
    graph = GraphSpec(module, example_inputs(n_labels, code_size), outputs)
    export_model(
        folder / name, card, ExportSpec({"generator.onnx": graph}, np.full((1, 8), 0.5, np.float32), files or {})
    )
    return folder / name


def sign_again(folder: Path) -> None:
    """Make the hashes on the card those of the files, as somebody who damages a model on purpose would."""
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    card["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in card["files"]}
    (folder / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")


def change_card(folder: Path, **changes: Any) -> None:
    """Overwrite entries of a card."""
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    (folder / CARD_FILE).write_text(json.dumps({**card, **changes}), encoding="utf-8")
