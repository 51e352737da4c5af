"""Make a generated clip like a recording: its ends, its mean spectrum and its noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.units import db_to_gain, gain_to_db

FRAME_SECONDS, HOP_SECONDS = 0.032, 0.01
N_BANDS = 16  # of equal width in octaves, from LOWEST_HZ to half the sample rate
LOWEST_HZ = 80.0
LARGEST_GAIN_DB = 25.0
STRENGTHS = (0.3, 1.0)  # range of the part of the difference between the spectra, in dB, that is made up for
EDGE_SECONDS = 0.01  # at both ends of a recording
EDGE_DB = (-60.0, -12.0)  # range of the level of the ends below the peak
QUIET_FRACTION = 0.1  # of the frames of a recording, which are its noise
SMALLEST = 1e-10  # power


@dataclass(frozen=True)
class RecordingMatch:
    """Makes clips like recordings of their label, so that a classifier learns the label and not the source.

    The ends of a clip are cut where its level is that of the ends of the recording. A filter brings the mean spectrum
    nearer to that of the recording, by a part that is drawn. Noise with the spectrum of the quietest frames of the
    recording is added.

    Attributes
    ----------
    recordings
        Waves ``(time,)`` of each label, not silent.
    sample_rate
        Of the recordings and the clips.
    """

    recordings: Mapping[str, Sequence[np.ndarray]]
    sample_rate: int

    def __call__(self, wave: np.ndarray, label: str, rng: np.random.Generator) -> np.ndarray:
        """Return a clip ``(time,)`` float32 with peak 1, made like a recording of the label; silence is unchanged."""
        if not np.abs(wave).max(initial=0.0):
            return wave.astype(np.float32)
        candidates = self.recordings[label]
        recording = candidates[int(rng.integers(len(candidates)))]
        cut = _at_peak(cut_ends(_at_peak(wave), *edges_db(recording, self.sample_rate)))
        power = self._frames(_at_peak(recording))
        gain_db = self._bands_db(power.mean(axis=0)) - self._bands_db(self._frames(cut).mean(axis=0))
        gain_db = np.clip(gain_db, -LARGEST_GAIN_DB, LARGEST_GAIN_DB)
        filtered = _at_peak(self._filter(cut, rng.uniform(*STRENGTHS) * (gain_db - gain_db.mean())))
        return _at_peak(filtered + self._noise(power, len(filtered), rng)).astype(np.float32)

    def _frames(self, wave: np.ndarray) -> np.ndarray:
        """Return the power spectra of windowed frames, ``(frames, bins)``; their mean over bins is that of samples."""
        n_frame, n_hop = (max(2, round(seconds * self.sample_rate)) for seconds in (FRAME_SECONDS, HOP_SECONDS))
        padded = np.pad(wave, (0, max(0, n_frame - len(wave))))
        window = np.hanning(n_frame)
        frames = np.lib.stride_tricks.sliding_window_view(padded, n_frame)[::n_hop] * window
        power: np.ndarray = np.abs(np.fft.rfft(frames)) ** 2 / np.sum(window**2)
        return power

    def _edges_hz(self) -> np.ndarray:
        return np.geomspace(LOWEST_HZ, self.sample_rate / 2, N_BANDS + 1)

    def _bands_db(self, power: np.ndarray) -> np.ndarray:
        """Return the mean power in dB of each band, of a spectrum ``(bins,)``."""
        frequency = np.linspace(0, self.sample_rate / 2, len(power))
        edges = self._edges_hz()
        fine = np.geomspace(edges[0], edges[-1], 16 * N_BANDS)  # so that narrow bands have values, too
        means = np.interp(fine, frequency, power).reshape(N_BANDS, -1).mean(axis=1)
        levels: np.ndarray = 10 * np.log10(means + SMALLEST)
        return levels

    def _filter(self, wave: np.ndarray, gain_db: np.ndarray) -> np.ndarray:
        """Return a wave filtered by the gain of each band, with no delay."""
        edges = self._edges_hz()
        n_fft = len(wave) + round(FRAME_SECONDS * self.sample_rate)
        frequency = np.maximum(np.fft.rfftfreq(n_fft, 1 / self.sample_rate), 1.0)
        curve = np.interp(np.log(frequency), np.log(np.sqrt(edges[1:] * edges[:-1])), gain_db)
        filtered: np.ndarray = np.fft.irfft(np.fft.rfft(wave, n_fft) * db_to_gain(curve), n_fft)[: len(wave)]
        return filtered

    def _noise(self, power: np.ndarray, n_samples: int, rng: np.random.Generator) -> np.ndarray:
        """Return noise ``(n_samples,)`` with the spectrum of the quietest frames of a recording."""
        levels = power.sum(axis=1)
        quiet = power[levels <= np.quantile(levels, QUIET_FRACTION)].mean(axis=0)
        spectrum = np.fft.rfft(rng.standard_normal(n_samples))
        positions = np.linspace(0, 1, len(spectrum)), np.linspace(0, 1, len(quiet))
        noise: np.ndarray = np.fft.irfft(spectrum * np.sqrt(np.interp(*positions, quiet)), n_samples)
        return noise


def edges_db(wave: np.ndarray, sample_rate: int) -> tuple[float, float]:
    """Return the levels of the start and of the end of a wave ``(time,)`` below its peak, within :data:`EDGE_DB`."""
    n_edge = max(1, round(EDGE_SECONDS * sample_rate))
    peak = np.abs(wave).max()
    start, end = (float(gain_to_db(np.abs(edge).max() / peak)) for edge in (wave[:n_edge], wave[-n_edge:]))
    return float(np.clip(start, *EDGE_DB)), float(np.clip(end, *EDGE_DB))


def cut_ends(wave: np.ndarray, start_db: float, end_db: float) -> np.ndarray:
    """Return a wave ``(time,)`` of peak 1 from the first sample at a level to the last one at another, not empty."""
    magnitude = np.abs(wave)
    first = int(np.flatnonzero(magnitude >= db_to_gain(start_db))[0])
    last = int(np.flatnonzero(magnitude >= db_to_gain(end_db))[-1])
    return wave[min(first, last) : max(first, last) + 1]


def _at_peak(wave: np.ndarray) -> np.ndarray:
    """Return a wave that is not silent, with peak 1."""
    return np.asarray(wave / np.abs(wave).max())
