"""A tiny WaveNet with random weights, a signal and a condition, without torch."""

from __future__ import annotations

import dataclasses

import numpy as np

from wavewright.families.wavenet.config import WaveNetConfig
from wavewright.families.wavenet.signal import wave_to_signal

# No width is a multiple of the processor's registers; labels give the torch network a condition.
LAYERS = WaveNetConfig(
    sample_rate=16_000, labels=("a", "b"), n_layers=6, dilation_cycle=4, channels=10, skip_channels=18
)
CONFIG = dataclasses.replace(
    LAYERS, head_channels=70, input_taps=5, n_mixtures=3, condition_channels=8, hop_length=16, condition_hop=8
)
MU_LAW = dataclasses.replace(CONFIG, head="mu-law")


def random_tensors(config, seed=0):
    """Weights large enough that every unit is active."""
    rng = np.random.default_rng(seed)
    tensors = {}

    def linear(name, rows, columns, gain):
        tensors[f"{name}.weight"] = (rng.standard_normal((rows, columns)) * gain / np.sqrt(columns)).astype(np.float32)
        tensors[f"{name}.bias"] = (0.1 * rng.standard_normal(rows)).astype(np.float32)

    linear("input", config.channels, config.input_taps, 3.0)
    for layer in range(config.n_layers):
        linear(f"dilated.{layer}", 2 * config.channels, 2 * config.channels, 1.2)
        if layer < config.n_layers - 1:
            linear(f"residual.{layer}", config.channels, config.channels, 0.7)
    linear("skip", config.skip_channels, config.n_layers * config.channels, 2.0)
    linear("head", config.head_channels, config.skip_channels, 1.4)
    linear("output", config.outputs, config.head_channels, 1.4)
    return tensors


def random_signal(n_streams, n_samples, config=CONFIG, seed=1):
    steps = np.random.default_rng(seed).standard_normal((n_streams, n_samples)) * 0.03
    return wave_to_signal(np.clip(np.cumsum(steps, axis=1), -1, 1), config)


def random_condition(n_streams, n_samples, config=CONFIG, seed=2):
    n_segments = -(-n_samples // config.condition_hop)
    shape = (n_streams, n_segments, config.n_layers, 2 * config.channels)
    return (0.3 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)
