"""Synthetic one-shots of two labels, a classifier that separates them, and folders of labelled clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from wavewright.base.errors import BadSetting
from wavewright.contracts.runtime import Classifier

SAMPLE_RATE = 22_050  # hertz
SECONDS = 0.3


def tones(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``n`` decaying clips ``(n, time)`` and their labels in turn: noise in random bands, tones of random partials."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    waves, labels = [], []
    for index in range(n):
        wave = _tone(rng, time) if index % 2 else _noise(rng, time)
        waves.append(0.5 * wave / np.abs(wave).max())
        labels.append("tone" if index % 2 else "noise")
    return np.array(waves, dtype=np.float32), np.array(labels)


def write_labelled(folder: Path, waves: Mapping[str, Iterable[np.ndarray]], sample_rate: int) -> Path:
    """Write the waves of each label as ``<label>/<index>.wav`` and return the folder."""
    for label, of_label in waves.items():
        (folder / label).mkdir()
        for index, wave in enumerate(of_label):
            soundfile.write(folder / label / f"{index}.wav", wave, sample_rate)
    return folder


def _noise(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Two bands of noise, each with its own colour, level and decay."""
    frequencies_hz = np.fft.rfftfreq(len(time), 1 / SAMPLE_RATE) + 1.0
    wave = 0.01 * rng.standard_normal(len(time)) * np.exp(-time / 0.1)
    for _ in range(2):
        centre_hz, octaves = np.exp(rng.uniform(np.log(200), np.log(8000))), rng.uniform(0.3, 1.5)
        colour = np.exp(-0.5 * (np.log2(frequencies_hz / centre_hz) / octaves) ** 2)
        band = np.fft.irfft(np.fft.rfft(rng.standard_normal(len(time))) * colour, len(time))
        wave += 10 ** rng.uniform(-1, 0) * np.exp(-time / rng.uniform(0.01, 0.15)) * band / band.std()
    return wave


def _tone(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Five partials, each with its own level and decay, and a little noise."""
    pitch_hz = np.exp(rng.uniform(np.log(80), np.log(800)))
    wave = 0.01 * rng.standard_normal(len(time)) * np.exp(-time / rng.uniform(0.01, 0.15))
    for partial in range(1, 6):
        level = 10 ** rng.uniform(-2, 0) if partial > 1 else 1.0
        wave += level * np.exp(-time / rng.uniform(0.01, 0.15)) * np.sin(2 * np.pi * partial * pitch_hz * time)
    return wave


class TinyCard:
    """The fields of a model card that metrics use."""

    def __init__(self, family: str = "classifier") -> None:
        self.name, self.family, self.metrics = "judge", family, {"test/accuracy": 0.91}
        self.labels, self.sample_rate = ["noise", "tone"], SAMPLE_RATE


class TinyJudge(Classifier):
    """A classifier of ``tones`` by spectral flatness, with the runtime interface of the family classifier."""

    def __init__(self) -> None:
        self.card = TinyCard()

    def embed(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """``(n, time)`` to flatness and the relative level of eight bands, both logarithmic, ``(n, 9)``."""
        power = np.abs(np.fft.rfft(waves)) ** 2 + 1e-9
        level = np.log(power.mean(axis=1, keepdims=True))
        edges = np.geomspace(8, power.shape[1], 9).astype(int)
        bands = [np.log(power[:, low:high].mean(axis=1, keepdims=True)) - level for low, high in pairwise(edges)]
        return np.concatenate([np.log(power).mean(axis=1, keepdims=True) - level, *bands], axis=1)

    def probabilities(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """``(n, time)`` to the probabilities of noise and tone ``(n, 2)``."""
        tonal = 1 / (1 + np.exp(6 * (self.embed(waves)[:, 0] + 6.3)))
        return np.stack([1 - tonal, tonal], axis=1)

    def logits(self, wave: np.ndarray) -> np.ndarray:
        """``(time,)`` to the logits of noise and tone ``(2,)``."""
        return np.log(self.probabilities(wave[None])[0])

    def frame_logits(self, wave: np.ndarray) -> np.ndarray:
        """Refused: there are no frames."""
        raise BadSetting("The judge has no frames.")
