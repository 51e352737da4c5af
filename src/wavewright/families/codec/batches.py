"""Batches of crops of recordings, augmented, and the number of codebooks of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...contracts.settings import TrainingSettings
from ...data.crops import sampling_probabilities
from ...data.store import ClipStore
from ...dsp.tilt import tilt_spectrum
from ...errors import BadSetting
from ...ranges import check_ranges
from ...units import db_to_gain
from .config import CodecConfig

CODEBOOK_FRACTIONS = ((1 / 4, 0.3), (1 / 2, 0.35), (1.0, 0.2))
"""Fractions of the codebooks, and the probability of each; a clip of the rest uses any number of codebooks."""

MIX_ATTENUATION_DB = (5.0, 30.0)  # range of the attenuation of a crop that is mixed into another


@dataclass(frozen=True)
class CodecDataSettings:
    """Settings of the batches; raises BadSetting for a number out of its range."""

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "crop_frames": (4, 10_000),
        "valid_fraction": (0.0, 0.9),
        "gain_range_db": (0.0, 60.0),
        "speaker_exponent": (0.0, 1.0),
        "slowest": (0.5, 2.0),
        "fastest": (0.5, 2.0),
        "tilt_db": (0.0, 12.0),
        "mixed_fraction": (0.0, 1.0),
    }

    crop_frames: int = 60  # length of a crop in frames of codes
    valid_fraction: float = 0.05  # of the recordings (or groups), for validation, unless a manifest names splits
    gain_range_db: float = 24.0  # largest attenuation of a crop
    speaker_exponent: float = 0.6  # 0 draws each speaker equally often, 1 in proportion to the recordings' length
    slowest: float = 1.0  # range of the random speed of a crop; it changes the pitch, as if there were more speakers
    fastest: float = 1.0
    tilt_db: float = 0.0  # largest spectral tilt of a crop in dB per octave, as microphones differ
    mixed_fraction: float = 0.0  # of the crops are mixed with another

    def __post_init__(self) -> None:
        check_ranges(self, self.RANGES)
        if self.slowest > self.fastest:
            raise BadSetting(
                f"slowest is {self.slowest} and fastest {self.fastest}; the slowest speed must not be the larger."
            )


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
    model, data, training
        Settings of the run.
    """

    def __init__(
        self,
        store: ClipStore,
        rows: Sequence[int],
        model: CodecConfig,
        data: CodecDataSettings,
        training: TrainingSettings,
    ) -> None:
        self.store = store
        self.rows = np.array(rows)
        self.model = model
        self.data = data
        self.training = training
        self.n_samples = data.crop_frames * model.hop_length
        self.lengths = np.array([store.lengths[row] for row in rows])
        self.probabilities = sampling_probabilities(
            [store.entries[row] for row in rows], np.maximum(self.lengths, self.n_samples), data.speaker_exponent
        )

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return ``wave (batch, crop_frames * hop_length)`` float32 and ``n_codebooks (batch,)`` int64."""
        rng = np.random.default_rng([self.training.seed, step])
        waves = [self._draw_crop(rng) for _ in range(self.training.batch_size)]
        return {"wave": np.stack(waves), "n_codebooks": np.array([self._draw_n_codebooks(rng) for _ in waves])}

    def crop(self, row: int, start: int, n_samples: int) -> np.ndarray:
        """Return a crop ``(n_samples,)`` of a recording, padded with silence."""
        crop: np.ndarray = self.store.crop(row, start, n_samples)[0]
        return crop

    def whole(self, row: int) -> np.ndarray:
        """Return a recording ``(time,)``, padded with silence to whole frames."""
        hop_length = self.model.hop_length
        return self.crop(row, 0, -(-int(self.store.lengths[row]) // hop_length) * hop_length)

    def _draw_crop(self, rng: np.random.Generator) -> np.ndarray:
        """Return an augmented crop ``(n_samples,)``, mixed with another at times, at a random level."""
        wave = self._draw_augmented(rng)
        if rng.random() < self.data.mixed_fraction:
            wave = wave + np.float32(db_to_gain(-rng.uniform(*MIX_ATTENUATION_DB))) * self._draw_augmented(rng)
        gain = np.float32(db_to_gain(-rng.uniform(0, self.data.gain_range_db)))
        return gain * wave / max(float(np.abs(wave).max()), 1.0)

    def _draw_augmented(self, rng: np.random.Generator) -> np.ndarray:
        """Return a crop ``(n_samples,)`` at a random speed and spectral tilt."""
        data, sample_rate = self.data, self.model.sample_rate
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
        n_codebooks, drawn = self.model.n_codebooks, rng.random()
        for fraction, probability in CODEBOOK_FRACTIONS:
            if drawn < probability:
                return max(int(n_codebooks * fraction), 1)
            drawn -= probability
        return int(rng.integers(1, n_codebooks + 1))
