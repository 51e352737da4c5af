"""Batches of crops of recordings, augmented, and the number of codebooks of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...base.ranges import ranged
from ...base.units import db_to_gain
from ...contracts.recipe import RecipeOf
from ...data.augmentation import SpeedSettings
from ...data.crops import CropSettings, sampling_probabilities
from ...data.store import ClipStore
from ...dsp.tilt import tilt_spectrum
from .config import CodecConfig

CODEBOOK_FRACTIONS = ((1 / 4, 0.3), (1 / 2, 0.35), (1.0, 0.2))
"""Fractions of the codebooks, and the probability of each; a clip of the rest uses any number of codebooks."""

MIX_ATTENUATION_DB = (5.0, 30.0)  # range of the attenuation of a crop that is mixed into another


@dataclass(frozen=True)
class CodecDataSettings(CropSettings, SpeedSettings):
    """Settings of the batches; random speeds change the pitch, as if there were more speakers."""

    crop_frames: int = ranged(60, 4, 10_000)  # length of a crop in frames of codes
    slowest: float = ranged(1.0, 0.5, 2.0)
    fastest: float = ranged(1.0, 0.5, 2.0)
    tilt_db: float = ranged(0.0, 0.0, 12.0)  # largest spectral tilt of a crop in dB per octave, as microphones differ
    mixed_fraction: float = ranged(0.0, 0.0, 1.0)  # of the crops are mixed with another


class CodecBatches:
    """Batches of crops, a pure function of the step.

    The probability of a speaker grows with a power of the length of the recordings; recordings without a speaker count
    as one speaker.

    Parameters
    ----------
    store
        The recordings.
    rows
        Rows of the store to draw from.
    recipe
        Of the run.
    """

    def __init__(self, store: ClipStore, rows: Sequence[int], recipe: RecipeOf[CodecConfig, CodecDataSettings]) -> None:
        self.store = store
        self.rows = np.array(rows)
        self.recipe = recipe
        self.n_samples = recipe.data.crop_frames * recipe.model.hop_length
        self.lengths = np.array([store.lengths[row] for row in rows])
        self.probabilities = sampling_probabilities(
            [store.entries[row] for row in rows], np.maximum(self.lengths, self.n_samples), recipe.data.speaker_exponent
        )

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return ``wave (batch, crop_frames * hop_length)`` float32 and ``n_codebooks (batch,)`` int64."""
        rng = np.random.default_rng([self.recipe.training.seed, step])
        waves = [self._draw_crop(rng) for _ in range(self.recipe.training.batch_size)]
        return {"wave": np.stack(waves), "n_codebooks": np.array([self._draw_n_codebooks(rng) for _ in waves])}

    def crop(self, row: int, start: int, n_samples: int) -> np.ndarray:
        """Return a crop ``(n_samples,)`` of a recording, padded with silence."""
        crop: np.ndarray = self.store.crop(row, start, n_samples)[0]
        return crop

    def whole(self, row: int) -> np.ndarray:
        """Return a recording ``(time,)``, padded with silence to whole frames."""
        hop_length = self.recipe.model.hop_length
        return self.crop(row, 0, -(-int(self.store.lengths[row]) // hop_length) * hop_length)

    def _draw_crop(self, rng: np.random.Generator) -> np.ndarray:
        """Return an augmented crop ``(n_samples,)``, mixed with another at times, at a random level."""
        wave = self._draw_augmented(rng)
        if rng.random() < self.recipe.data.mixed_fraction:
            wave = wave + np.float32(db_to_gain(-rng.uniform(*MIX_ATTENUATION_DB))) * self._draw_augmented(rng)
        gain = np.float32(db_to_gain(-rng.uniform(0, self.recipe.data.gain_range_db)))
        return gain * wave / max(float(np.abs(wave).max()), 1.0)

    def _draw_augmented(self, rng: np.random.Generator) -> np.ndarray:
        """Return a crop ``(n_samples,)`` at a random speed and spectral tilt."""
        data, sample_rate = self.recipe.data, self.recipe.model.sample_rate
        index = rng.choice(len(self.rows), p=self.probabilities)
        speed = float(np.exp(rng.uniform(np.log(data.slowest), np.log(data.fastest))))
        n_source = int(np.ceil(self.n_samples * speed))
        start = int(rng.random() * (max(self.lengths[index] - n_source, 0) + 1))
        wave = self.crop(int(self.rows[index]), start, n_source)
        if speed != 1.0:
            import soxr

            wave = soxr.resample(wave, sample_rate * speed, sample_rate, quality="MQ")
            wave = np.pad(wave, (0, max(self.n_samples - len(wave), 0)))[: self.n_samples]
        tilt_db = rng.uniform(-data.tilt_db, data.tilt_db)
        return tilt_spectrum(wave, tilt_db, sample_rate) if tilt_db else wave

    def _draw_n_codebooks(self, rng: np.random.Generator) -> int:
        """Return the number of codebooks of a clip: often one that bitrates are given for, at times any other."""
        n_codebooks, drawn = self.recipe.model.n_codebooks, rng.random()
        for fraction, probability in CODEBOOK_FRACTIONS:
            if drawn < probability:
                return max(int(n_codebooks * fraction), 1)
            drawn -= probability
        return int(rng.integers(1, n_codebooks + 1))
