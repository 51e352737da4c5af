"""Loudness and levels of a recording."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...base.channel_layouts import LAYOUTS, Positions
from ...base.units import gain_to_db
from ...dsp.levels import ClippingDetector, FrameLevels, LevelMeter
from ...dsp.loudness import DUAL_MONO_LU, MIN_RATE_HZ, LoudnessMeter
from ...dsp.true_peak import TruePeakMeter

NOISE_FLOOR_PERCENTILE = 10
DIGITAL_SILENCE = 1e-12  # mean square below which a frame holds no noise, only zeros


@dataclass(frozen=True)
class Loudness:
    """Loudness after ITU-R BS.1770-4 and EBU R 128; None for silence.

    - ``integrated_lufs``: of the whole recording, gated.
    - ``range_lu``: loudness range, LU.
    - ``max_short_term_lufs``, ``max_momentary_lufs``: largest loudness of 3 s and of 400 ms.
    - ``dual_mono_lufs``: of a mono sound: the integrated loudness of the two loudspeakers that play it.
    """

    integrated_lufs: float | None
    range_lu: float
    max_short_term_lufs: float | None
    max_momentary_lufs: float | None
    dual_mono_lufs: float | None = None

    @classmethod
    def of(cls, meter: LoudnessMeter) -> Loudness:
        """Return the loudness of what a meter has measured."""
        largest = (meter.short_term_lufs().max(), meter.momentary_lufs().max())
        integrated_lufs = meter.integrated_lufs()
        dual_mono_lufs = _finite(integrated_lufs + DUAL_MONO_LU) if len(meter.gains) == 1 else None
        short_term_lufs, momentary_lufs = map(_finite, largest)
        return cls(
            _finite(integrated_lufs), round(meter.range_lu(), 2), short_term_lufs, momentary_lufs, dual_mono_lufs
        )


@dataclass(frozen=True)
class ChannelLevels:
    """Levels of one channel, in dB of full scale; None for silence."""

    peak_db: float | None
    rms_db: float | None
    dc_offset: float


@dataclass(frozen=True)
class RecordingLevels:
    """Levels of a recording in dB of full scale; None for silence.

    - ``peak_db``, ``true_peak_db``: largest sample, and largest value between samples at four times the rate (dBTP).
    - ``rms_db``: root mean square of all samples; that of a sine at full scale is -3.01 dB.
    - ``crest_factor_db``: peak over RMS.
    - ``noise_floor_db``: RMS level that a tenth of the frames of 20 ms stays below, without those of digital silence:
      the noise in pauses, where there are pauses.
    - ``dc_offset``: mean of the channel whose mean is farthest from 0.
    - ``clipped_runs``, ``clipped_samples``: runs of four or more samples at the extremes of a channel where the wave
      breaks off, and samples in them.
    - ``clipped_db``: the level at which they were clipped; None if there are none.
    """

    peak_db: float | None
    true_peak_db: float | None
    rms_db: float | None
    crest_factor_db: float | None
    noise_floor_db: float | None
    dc_offset: float
    clipped_runs: int
    clipped_samples: int
    clipped_db: float | None
    channels: tuple[ChannelLevels, ...]


class RecordingLevelsMeter:
    """Levels and loudness of consecutive blocks.

    - ``loudness``: meter of the loudness; None where BS.1770 defines none for these channels or this sample rate.
    """

    def __init__(self, sample_rate: int, n_channels: int, positions: Positions | None = None) -> None:
        has_loudness = n_channels in LAYOUTS and sample_rate >= MIN_RATE_HZ
        self.loudness = LoudnessMeter(sample_rate, n_channels, positions) if has_loudness else None
        self._levels = LevelMeter(n_channels)
        self._true_peak = TruePeakMeter(n_channels)
        self._clipping = ClippingDetector(n_channels)
        self._frames = FrameLevels(sample_rate, n_channels)

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        for meter in (self._levels, self._true_peak, self._clipping, self._frames):
            meter.add(wave)
        if self.loudness is not None:
            self.loudness.add(wave)

    def result(self) -> RecordingLevels:
        """Return the levels of all blocks."""
        levels, clipping = self._levels, self._clipping.result()
        peak_db, rms_db = _level_db(float(levels.peaks.max())), _level_db(levels.rms)
        powers = self._frames.powers()
        powers = powers[powers > DIGITAL_SILENCE]
        floor = math.sqrt(np.percentile(powers, NOISE_FLOOR_PERCENTILE)) if len(powers) else 0.0
        n_samples = max(1, levels.n_samples)
        channels = zip(levels.peaks, np.sqrt(levels.squares / n_samples), levels.sums / n_samples, strict=True)
        return RecordingLevels(
            peak_db=peak_db,
            true_peak_db=_finite(self._true_peak.peak_db()),
            rms_db=rms_db,
            crest_factor_db=None if peak_db is None or rms_db is None else round(peak_db - rms_db, 2),
            noise_floor_db=_level_db(floor),
            dc_offset=round(levels.dc_offset, 6),
            clipped_runs=clipping.n_runs,
            clipped_samples=clipping.n_samples,
            clipped_db=_level_db(clipping.level),
            channels=tuple(
                ChannelLevels(_level_db(peak), _level_db(rms), round(float(mean), 6)) for peak, rms, mean in channels
            ),
        )


def _level_db(gain: float) -> float | None:
    """Return a gain in dB, None for 0."""
    return round(float(gain_to_db(gain, -math.inf)), 2) if gain else None


def _finite(level: float) -> float | None:
    return round(float(level), 2) if math.isfinite(level) else None
