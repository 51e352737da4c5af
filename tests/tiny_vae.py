"""Tiny VAEs with random weights, exported like trained ones, and tones as input."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from tiny_models import seeded

from wavewright.families import loading
from wavewright.families.vae.config import LATENTS_FILE, VaeConfig
from wavewright.families.vae.latent_distribution import LatentDistribution
from wavewright.families.vae.modules import SpectralAutoencoder
from wavewright.families.vae.runtime import VaeRuntime
from wavewright.families.vae.training import graphs_of
from wavewright.models.card import Card
from wavewright.nn.network import ExportSpec
from wavewright.training.export import export_model

RATE = 8_000
SPECTRA = VaeConfig(sample_rate=RATE, n_samples=2048, n_fft=256, hop_length=64, labels=("high", "low"), noise_bands=12)
CLIPS = replace(SPECTRA, channels=16, hidden=24, kernel_size=5, encoder_blocks=1, decoder_blocks=2, latent_size=6)
FRAMES = replace(CLIPS, latent="frames", frames_per_latent=2)
CAUSAL = replace(FRAMES, causal=True, pitched=True)


def autoencoder_of(config: VaeConfig) -> SpectralAutoencoder:
    """Return an autoencoder with random weights and an audible output."""
    network = seeded(lambda: SpectralAutoencoder(config))
    with torch.no_grad():
        network.decoder.head.bias[: config.frame_settings.n_bins] = -2.2
    return network


def latents_of(config: VaeConfig, n: int = 20) -> dict[str, np.ndarray]:
    """Return the latents of ``n`` training clips, ``0.wav``, ``1.wav`` ..., and the directions of four attributes."""
    rng = np.random.default_rng(0)
    means = rng.standard_normal((n, 1, config.latent_size)).astype(np.float32)
    labels = np.arange(n) % max(len(config.labels), 1)
    distribution = LatentDistribution.fit(
        means, np.full_like(means, 0.1), labels, max(len(config.labels), 1), [f"{i}.wav" for i in range(n)]
    )
    return distribution.tensors() | {"directions": np.eye(4, config.latent_size, dtype=np.float32)}


def make_vae(folder: Path, config: VaeConfig, name: str = "tiny") -> VaeRuntime:
    """Export the model ``folder / name`` and open it."""
    card = Card(
        name=name,
        family="vae",
        config=json.loads(json.dumps(asdict(config))),
        labels=list(config.labels),
        sample_rate=config.sample_rate,
    )
    graphs = graphs_of(autoencoder_of(config))
    export_model(
        folder / name, card, ExportSpec(graphs, np.zeros((1, 8), np.float32), {LATENTS_FILE: latents_of(config)})
    )
    return loading.load(folder / name)


def tone(f0_hz: float, seconds: float = 0.2, start: float = 0.0, gain: float = 0.5) -> np.ndarray:
    """Return a decaying sine ``(time,)`` at RATE that starts at ``start`` seconds."""
    time = np.arange(round((seconds + start) * RATE)) / RATE - start
    return (gain * np.sin(2 * np.pi * f0_hz * time) * np.exp(-time / 0.05) * (time >= 0)).astype(np.float32)
