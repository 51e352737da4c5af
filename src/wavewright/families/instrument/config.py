"""Configuration of the instrument family's networks, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...base.errors import BadSetting
from ...base.ranges import ranged
from ...contracts.config import ModelConfig

DECODER_FILE, ENCODER_FILE = "decoder.onnx", "encoder.onnx"
WEIGHT_PREFIX = "instrument."
TIMBRES = "timbres.weight"
"""Name of the table of latents, one row for each label."""

METRICS = ("valid/level_db", "valid/encoded_db")
"""Validation metrics: error of levels of notes from the latent of their label, and from that of another note."""

FLOOR_DB = -80.0
"""Smallest level, in dB of the loudest note of an instrument."""

DENSEST_S = 0.004
N_PITCH_FEATURES, N_TIME_FEATURES = 12, 16
N_CONDITIONS = N_PITCH_FEATURES + N_TIME_FEATURES + 1


@dataclass(frozen=True)
class InstrumentConfig(ModelConfig):
    """Configuration of the network; everything that inference needs to know."""

    TITLE = "an instrument"
    VALIDATION_METRICS = METRICS

    sample_rate: int = ranged(44_100, 8_000, 192_000)
    labels: tuple[str, ...] = ()
    seconds: float = ranged(1.9, 0.2, 10.0)  # of a note that are learned; then its last slope goes on
    n_times: int = ranged(40, 8, 200)  # frames of a note, dense at its start
    n_partials: int = ranged(80, 8, 200)
    n_bands: int = ranged(24, 4, 64)  # of noise
    latent_size: int = ranged(16, 2, 128)
    hidden_size: int = ranged(320, 8, 2_048)
    n_layers: int = ranged(3, 1, 12)
    lowest: float = ranged(36.0, 0.0, 127.0)  # pitches as MIDI numbers; notes beyond have the timbre of the nearest
    highest: float = ranged(96.0, 0.0, 127.0)
    release_s: float = ranged(0.25, 0.005, 10.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lowest > self.highest:
            raise BadSetting(f"lowest is {self.lowest:g} and highest {self.highest:g}; they must rise.")

    @property
    def n_levels(self) -> int:
        """Levels of a frame: partials, then bands."""
        return self.n_partials + self.n_bands

    @property
    def times_s(self) -> np.ndarray:
        """Times of the frames after the onset, ``(n_times,)``: linear at first, then in equal ratios."""
        steps = np.linspace(0, np.log1p(self.seconds / DENSEST_S), self.n_times)
        return DENSEST_S * np.expm1(steps)

    @property
    def band_edges_hz(self) -> np.ndarray:
        """Edges of the bands of noise, ``(n_bands + 1,)``, equally wide on the scale of Glasberg and Moore (1990)."""
        high_hz = 0.45 * self.sample_rate
        rates = np.linspace(np.log1p(0.00437 * 40.0), np.log1p(0.00437 * high_hz), self.n_bands + 1)
        return np.expm1(rates) / 0.00437


SIZES: dict[str, InstrumentConfig] = {
    "tiny": InstrumentConfig(n_times=12, n_partials=16, n_bands=8, latent_size=4, hidden_size=32, n_layers=1),
    "small": InstrumentConfig(),
    "base": InstrumentConfig(hidden_size=512, n_layers=4, latent_size=32),
}
"""The configuration of each size."""


def conditions(pitch: np.ndarray, velocity: np.ndarray, seconds: np.ndarray, config: InstrumentConfig) -> np.ndarray:
    """Return what the decoder is conditioned on besides the latent.

    - ``pitch``, ``velocity``, ``seconds``: MIDI numbers, 0 to 127, and the time after the onset; shapes that broadcast
      to ``(...)``.
    - returns: ``(..., N_CONDITIONS)`` float32: bumps over pitch and over the logarithm of time, and the velocity.
    """
    pitch, velocity, seconds = np.broadcast_arrays(pitch, velocity, seconds)
    clipped = np.clip(pitch, config.lowest, config.highest)
    late = np.log1p(np.clip(seconds, 0, config.seconds) / DENSEST_S) / np.log1p(config.seconds / DENSEST_S)
    features = [_bumps((clipped - 24) / 84, N_PITCH_FEATURES), _bumps(late, N_TIME_FEATURES)]
    return np.concatenate([*features, velocity[..., None] / 64 - 1], axis=-1).astype(np.float32)


def _bumps(t: np.ndarray, n: int) -> np.ndarray:
    """Return Gaussian bumps ``(..., n)`` with centres from 0 to 1."""
    return np.asarray(np.exp(-0.5 * ((t[..., None] - np.linspace(0, 1, n)) * (n - 1)) ** 2))
