"""Synthetic one-shots of two labels, and a classifier that tells them apart, for tests of what judges sounds."""

from __future__ import annotations

import numpy as np

SAMPLE_RATE = 22_050  # hertz
SECONDS = 0.3


def tones(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``n`` decaying sounds ``(n, time)`` and their labels in turn: noise of random colour, tones of random pitch."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    frequencies_hz = np.fft.rfftfreq(len(time), 1 / SAMPLE_RATE) + 1.0
    waves, labels = [], []
    for index in range(n):
        decay = np.exp(-time / rng.uniform(0.02, 0.15))
        centre_hz, octaves = np.exp(rng.uniform(np.log(300), np.log(8000))), rng.uniform(0.4, 1.5)
        colour = np.exp(-0.5 * (np.log2(frequencies_hz / centre_hz) / octaves) ** 2)
        noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(len(time))) * (colour + 0.01), len(time))
        pitch_hz = np.exp(rng.uniform(np.log(80), np.log(1500)))
        tone = np.sin(2 * np.pi * pitch_hz * time) + rng.uniform(0, 0.5) * np.sin(6 * np.pi * pitch_hz * time)
        tone += 0.01 * rng.standard_normal(len(time))
        wave = decay * (tone if index % 2 else noise)
        waves.append(0.5 * wave / np.abs(wave).max())
        labels.append("tone" if index % 2 else "noise")
    return np.array(waves, dtype=np.float32), np.array(labels)


class TinyCard:
    """What a metric reads of a model card."""

    def __init__(self, family: str = "classifier") -> None:
        self.name, self.family, self.metrics = "judge", family, {"test/accuracy": 0.91}
        self.labels, self.sample_rate = ["noise", "tone"], SAMPLE_RATE


class TinyJudge:
    """A classifier of ``tones`` by how flat their spectra are; its runtime interface is that of the family classifier."""

    def __init__(self) -> None:
        self.card = TinyCard()

    def embed(self, waves: np.ndarray) -> np.ndarray:
        """``(n, time)`` to flatness and level, both logarithmic, ``(n, 2)``."""
        power = np.abs(np.fft.rfft(waves)) ** 2 + 1e-9
        level = np.log(power.mean(axis=1))
        return np.stack([np.log(power).mean(axis=1) - level, level], axis=1)

    def probabilities(self, waves: np.ndarray) -> np.ndarray:
        """``(n, time)`` to the probabilities of noise and tone ``(n, 2)``."""
        tonal = 1 / (1 + np.exp(6 * (self.embed(waves)[:, 0] + 5.75)))
        return np.stack([1 - tonal, tonal], axis=1)
