"""Mean spectrum of a recording: octave bands, centroid, bandwidth and mains hum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...dsp.spectrum import FrameBuffer, hann_window, power_spectrum

OCTAVES_HZ = {31.5: -5, 63: -4, 125: -3, 250: -2, 500: -1, 1_000: 0, 2_000: 1, 4_000: 2, 8_000: 3, 16_000: 4}
"""Nominal frequency of each octave band, and its octaves from 1 kHz, which are 10 ** 0.3 each (IEC 61260)."""

N_BANDS = 256
"""Bands of equal width in which the bandwidth is searched."""

RANGE_DB = 100.0  # below the loudest band there is nothing but rounding and leakage
SIXTEEN_BITS_DB = 10 * math.log10(2.0**-30 / 3)  # power of the rounding to 16 bits ...
DITHER_DB = 8.0  # ... which dither raises by 4.8 dB
CLIFF_DB = 25.0  # a spectrum that falls by so much within CLIFF_BANDS was cut off by a filter
CLIFF_BANDS = 8
FLAT_BANDS = 5

MAINS_HZ = (50.0, 60.0)
N_HARMONICS = 6
HUM_RANGE_HZ = 400.0
HUM_DB = 12.0  # of a harmonic above its surroundings
HUM_TOLERANCE = 0.008  # of the frequency, which the mains keep to 0.4 %
SURROUND_HZ = (4.0, 12.0)
HUM_FLOOR_DB = -90.0  # of full scale, below which the tones are those of rounding to 16 bits ...
HUM_RANGE_DB = 60.0  # ... and below the level of the recording, those of fewer bits and codecs


@dataclass(frozen=True)
class Hum:
    """Mains hum: its frequency, the level of its harmonics in dB of full scale, and which of them stand out."""

    frequency_hz: float
    level_db: float
    harmonics: tuple[int, ...]


@dataclass(frozen=True)
class Spectrum:
    """Mean spectrum of all channels.

    - ``octaves_db``: RMS level of each octave band by its nominal frequency in Hz, dB of full scale; None for silence.
    - ``centroid_hz``: mean frequency, weighted by power; None for silence.
    - ``bandwidth_hz``: highest frequency with more than rounding noise, or that of a filter's edge below it; None for
      silence.
    - ``hum``: tones of 50 or 60 Hz and their harmonics that are there all the time.
    """

    octaves_db: dict[float, float | None]
    centroid_hz: float | None
    bandwidth_hz: float | None
    hum: Hum | None


class SpectrumMeter:
    """Mean spectrum of consecutive blocks, from frames of one to two seconds that overlap by half."""

    def __init__(self, sample_rate: int, n_channels: int) -> None:
        self._sample_rate = sample_rate
        self._n_fft = 1 << (sample_rate - 1).bit_length()
        self._window = hann_window(self._n_fft)
        self._frames = FrameBuffer(n_channels, self._n_fft, self._n_fft // 2)
        # Half a frame of silence before the first sample, so that the window weighs all samples alike.
        self._frames.add(np.zeros((n_channels, self._n_fft // 2), np.float32))
        self._power = np.zeros(self._n_fft // 2 + 1)
        n_low = int(HUM_RANGE_HZ * self._n_fft / sample_rate)
        self._log_power = np.zeros(min(n_low, len(self._power)))
        self._n_logs = 0
        self._n_samples = 0
        self._squares = 0.0

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        self._n_samples += wave.shape[1]
        self._squares += float(np.square(wave, dtype=np.float64).sum()) / len(wave)
        for frame in self._frames.add(wave).swapaxes(0, 1):
            power = self._frame_power(frame)
            self._power += power
            if power.any():
                self._log_power += np.log(power[: len(self._log_power)] + 1e-30)
                self._n_logs += 1

    def result(self) -> Spectrum:
        """Return the spectrum of all blocks."""
        rest = self._frames.rest()
        power = self._power.copy()
        for start in (0, self._n_fft // 2):
            last = rest[:, start : start + self._n_fft]
            power += self._frame_power(np.pad(last, ((0, 0), (0, self._n_fft - last.shape[1]))))
        total = power.sum()
        if not total:
            return Spectrum(dict.fromkeys(self._octaves(), None), None, None, None)
        power *= self._squares / max(1, self._n_samples) / total  # the sum of the bins is the mean square
        bins_hz = np.arange(len(power)) * self._sample_rate / self._n_fft
        return Spectrum(
            {centre: _band_db(power, bins_hz, octave) for centre, octave in self._octaves().items()},
            round(float(bins_hz @ power / power.sum()), 1),
            round(bandwidth(power, self._sample_rate), 0),
            self._hum(),
        )

    def _octaves(self) -> dict[float, int]:
        return {centre: octave for centre, octave in OCTAVES_HZ.items() if centre < self._sample_rate / 2}

    def _frame_power(self, frame: np.ndarray) -> np.ndarray:
        """Return the mean power spectrum of a frame of all channels, ``(bins,)``, both halves of the spectrum."""
        power: np.ndarray = power_spectrum(np.fft.rfft(frame * self._window)).mean(axis=0, dtype=np.float64)
        power[1:-1] *= 2.0
        return power

    def _hum(self) -> Hum | None:
        """Return the hum, from the geometric mean of the frames, in which tones that come and go disappear."""
        if not self._n_logs:
            return None
        scale = self._n_fft * float(np.square(self._window).sum())
        mean_square = self._squares / max(1, self._n_samples)
        least = max(10 ** (HUM_FLOOR_DB / 10), mean_square * 10 ** (-HUM_RANGE_DB / 10))
        power = np.exp(self._log_power / self._n_logs) / scale
        candidates = [hum for mains_hz in MAINS_HZ if (hum := self._hum_at(power, mains_hz, least))]
        return max(candidates, key=lambda hum: (len(hum.harmonics), hum.level_db), default=None)

    def _hum_at(self, power: np.ndarray, mains_hz: float, least: float) -> Hum | None:
        """Return the hum of a frequency, None unless its first harmonic or two others stand out."""
        bin_hz = self._sample_rate / self._n_fft
        bins_hz = np.arange(len(power)) * bin_hz
        harmonics, total = [], 0.0
        for harmonic in range(1, N_HARMONICS + 1):
            centre_hz = harmonic * mains_hz
            if centre_hz + SURROUND_HZ[1] >= bins_hz[-1]:
                break
            distance = np.abs(bins_hz - centre_hz)
            around = float(np.median(power[(distance >= SURROUND_HZ[0]) & (distance <= SURROUND_HZ[1])]))
            near = np.flatnonzero(distance <= 3 * bin_hz)
            peak = int(near[power[near].argmax()])
            lobe = power[peak - 2 : peak + 3]
            frequency_hz = float(bins_hz[peak - 2 : peak + 3] @ lobe / max(lobe.sum(), 1e-30))
            is_there = abs(frequency_hz - centre_hz) <= max(HUM_TOLERANCE * centre_hz, 0.25 * bin_hz)
            tone = float(lobe.sum())
            if is_there and tone >= least and power[peak] > around * 10 ** (HUM_DB / 10):
                harmonics.append(harmonic)
                total += tone
        if 1 not in harmonics and len(harmonics) < 2:
            return None
        return Hum(mains_hz, round(10 * math.log10(total), 1), tuple(harmonics))


def bandwidth(power: np.ndarray, sample_rate: int) -> float:
    """Return the highest frequency that is really there.

    - ``power``: power spectrum ``(bins,)`` from 0 to half the sample rate, whose sum is the mean square of the wave.
    - returns: hz. Above it there is nothing louder than 16-bit rounding noise with dither, or than 100 dB below the
      loudest band; or the spectrum falls there by 25 dB within 3 % of the range, as it does after a resampler or a
      lossy codec, and stays low.
    """
    bands = [band.mean() for band in np.array_split(power, min(N_BANDS, len(power)))]
    levels_db = 10 * np.log10(np.maximum(bands, 1e-30))
    rounding_db = SIXTEEN_BITS_DB + DITHER_DB - 10 * math.log10(len(power))
    is_empty = levels_db <= max(rounding_db, levels_db.max() - RANGE_DB)
    levels_db = np.where(is_empty, min(rounding_db, levels_db.max() - RANGE_DB), levels_db)
    band_hz = sample_rate / 2 / len(bands)
    highest_above = np.maximum.accumulate(levels_db[::-1])[::-1]
    for band in range(FLAT_BANDS, len(bands) - 1):
        below_db = float(np.median(levels_db[band - FLAT_BANDS : band]))
        above = min(band + CLIFF_BANDS, len(bands) - 1)
        if below_db - highest_above[above] >= CLIFF_DB:
            # The edge is where the level has fallen halfway.
            half_db = (below_db + highest_above[above]) / 2
            return band_hz * (int(np.flatnonzero(levels_db > half_db)[-1]) + 1)
    there = np.flatnonzero(~is_empty)
    return band_hz * (int(there[-1]) + 1) if len(there) else 0.0


def _band_db(power: np.ndarray, bins_hz: np.ndarray, octave: int) -> float | None:
    """Return the level of the octave band so many octaves from 1 kHz."""
    centre_hz = 1_000 * 10 ** (0.3 * octave)
    in_band = (bins_hz >= centre_hz * 10**-0.15) & (bins_hz < centre_hz * 10**0.15)
    total = float(power[in_band].sum())
    return round(10 * math.log10(total), 1) if total > 0 else None
