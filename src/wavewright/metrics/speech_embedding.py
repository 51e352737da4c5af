"""Embedding of spoken words: log-mel spectrogram, flux and tonality between the silences, and the length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..base.units import db_to_gain, seconds_to_samples
from ..dsp.spectrum import spectrogram
from .embeddings import SpectralEmbedding
from .spectral_features import N_SPANS, spectral_features


@dataclass(frozen=True)
class SpeechEmbedding(SpectralEmbedding):
    """A deterministic embedding of spoken words, invariant to gain and to silence around the word; no weights.

    In ``LogMelEmbedding`` the padding of a short clip differs from a longer clip by 70 dB, so its distances between
    words are mostly distances between lengths. Here the wave is trimmed to the span between its first and last 10 ms
    within 35 dB of the loudest, and analysed in frames of about 46 ms with a hop of an eighth. The 241 numbers are

    - the log-mel spectrogram, 8 x 24: mean power in 8 equal time spans and 24 mel bands (HTK scale, 30 Hz to 8 kHz or
      half the sample rate), in dB relative to the loudest cell, not below -50 dB;
    - spectral flux and tonality, 3 x 8 each: as in ``LogMelEmbedding``, in 3 equal time spans;
    - the length: 6 dB for each doubling.

    Distances read in dB. Takes of one word differ as freely as speech does, so no distance defines near-duplicates:
    compare with ``takes_from="group"``.

    Attributes
    ----------
    sample_rate : int
        Sample rate of the analysis in hertz, 4,000 to 768,000.
    """

    sample_rate: int = 16_000

    name: ClassVar[str] = "speech"
    near_duplicate_distance: ClassVar[float | None] = None
    silence_db: ClassVar[float] = -35.0
    floor_db: ClassVar[float] = -50.0
    f_max_hz: ClassVar[float] = 8_000.0
    length_db: ClassVar[float] = 6.0

    def _trim(self, wave: np.ndarray) -> np.ndarray:
        """Return ``wave`` ``(time,)`` without the silence at both ends; a silent wave is returned whole."""
        n_frame = max(1, seconds_to_samples(0.01, self.sample_rate))
        frames = np.pad(wave, (0, -len(wave) % n_frame)).reshape(-1, n_frame)
        rms = np.sqrt(np.square(frames).mean(axis=1))
        active = np.flatnonzero((rms > 0) & (rms >= rms.max() * db_to_gain(self.silence_db)))
        return wave[active[0] * n_frame : (active[-1] + 1) * n_frame] if len(active) else wave

    def _embed(self, wave: np.ndarray, filters: np.ndarray) -> np.ndarray:
        """Embed one trimmed wave ``(time,)`` as ``(241,)``."""
        hop_length = self.n_fft // 8
        padded = np.pad(wave, (0, max(0, N_SPANS * hop_length - len(wave))))  # a frame for every span
        power = spectrogram(padded, self.n_fft, hop_length).T  # (frames, bins)
        features = spectral_features(power, filters, self.floor_db, geometric=False, pad_flux=False)
        return np.concatenate([*features, [self.length_db * np.log2(len(wave) / self.sample_rate)]])
