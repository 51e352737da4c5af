"""An embedding of short speech: a picture of the sound between its silences, stretched to one length, and how long it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..dsp.mel import mel_filterbank
from ..dsp.spectrum import spectrogram
from ..errors import BadSetting
from ..units import db_to_gain, seconds_to_samples
from .embeddings import checked_waves, decibels, detail_of, frame_samples, mean_of_spans, part, peakiness, resampled


@dataclass(frozen=True)
class SpeechEmbedding:
    """A fixed picture of a word: no weights, any level; silence before and behind it counts for nothing.

    ``LogMelEmbedding`` sees the padding behind a short clip as 70 dB of difference to a longer one, so that its distances between words
    are mostly distances between lengths. Here the sound from its first to its last 10 ms within 35 dB of the loudest is seen through
    frames of about 46 ms, an eighth apart:

    - picture, 8 x 24: mean power in 8 equal spans of the sound and 24 mel bands (HTK's scale, 30 Hz to 8 kHz or half the sample rate), in
      decibels below the loudest cell, not below -50 dB;
    - flicker and peakiness, 3 x 8 each: as in ``LogMelEmbedding``, in 3 equal spans;
    - length: 6 dB for each doubling.

    Distances read in dB, as there. Takes of a word are as far apart as they are spoken, so no distance makes two recordings one sound:
    compare with ``takes_from="group"``.
    """

    sample_rate: int = 16_000

    name: ClassVar[str] = "speech"
    near_duplicate_distance: ClassVar[float | None] = None
    silence_db: ClassVar[float] = -35.0
    floor_db: ClassVar[float] = -50.0
    length_db: ClassVar[float] = 6.0
    n_mels: ClassVar[int] = 24
    n_spans: ClassVar[int] = 8
    n_detail_mels: ClassVar[int] = 8
    n_detail_spans: ClassVar[int] = 3
    detail_weight: ClassVar[float] = 2.0

    def __post_init__(self) -> None:
        if not 4_000 <= self.sample_rate <= 768_000:
            raise BadSetting(
                f"The sample rate is {self.sample_rate} Hz; the speech embedding needs 4,000 to 768,000 Hz."
            )

    @property
    def n_fft(self) -> int:
        """Samples of a frame."""
        return frame_samples(self.sample_rate)

    def __call__(self, waves: np.ndarray, sample_rate: int) -> np.ndarray:
        """Embed ``waves`` ``(n, time)`` of ``sample_rate`` hertz as ``(n, 241)``; raises BadAudio as ``checked_waves``."""
        waves = resampled(checked_waves(waves), sample_rate, self.sample_rate)
        filters = mel_filterbank(
            self.sample_rate, self.n_fft, self.n_mels, 30.0, min(8_000.0, self.sample_rate / 2), "htk"
        )
        return np.stack([self._embed(self.sound_in(wave), filters) for wave in waves])

    def sound_in(self, wave: np.ndarray) -> np.ndarray:
        """``wave`` ``(time,)`` without the silence around it; silence stays whole."""
        n_frame = max(1, seconds_to_samples(0.01, self.sample_rate))
        frames = np.pad(wave, (0, -len(wave) % n_frame)).reshape(-1, n_frame)
        level = np.sqrt(np.square(frames).mean(axis=1))
        loud = np.flatnonzero((level > 0) & (level >= level.max() * db_to_gain(self.silence_db)))
        return wave[loud[0] * n_frame : (loud[-1] + 1) * n_frame] if len(loud) else wave

    def _embed(self, sound: np.ndarray, filters: np.ndarray) -> np.ndarray:
        """One row ``(241,)`` of a sound ``(time,)``."""
        hop_length = self.n_fft // 8
        power = spectrogram(
            np.pad(sound, (0, max(0, self.n_spans * hop_length - len(sound)))), self.n_fft, hop_length
        ).T
        mel_power = power @ filters.T  # (frames, mels)
        picture = mean_of_spans(mel_power, self.n_spans, even=True)
        loudest = picture.max()
        changes = np.abs(np.diff(decibels(mel_power, loudest, self.floor_db), axis=0))
        peaks = peakiness(power, filters, self.floor_db)
        details = [detail_of(values, self.n_detail_spans, self.n_detail_mels, even=True) for values in (changes, peaks)]
        return np.concatenate(
            [
                part(decibels(picture, loudest, self.floor_db)),
                *(self.detail_weight * part(detail) for detail in details),
                [self.length_db * np.log2(len(sound) / self.sample_rate)],
            ]
        )
