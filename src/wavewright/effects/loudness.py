"""Normalisation of the loudness (EBU R 128) in two passes, below a limit of the true peak."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting
from ..base.ranges import ranged
from ..base.units import db_to_gain
from ..dsp.loudness import DUAL_MONO_LU, LoudnessMeter
from ..dsp.true_peak import TruePeakMeter
from .effect import Effect, EffectStream, Measurement, SeriesStream, TwoPassEffect
from .levels import ScaleBy
from .limiter import Limiter

LOWEST_PEAK_DB, HIGHEST_PEAK_DB = -60.0, 0.0


@dataclass(frozen=True)
class NormaliseLoudness(TwoPassEffect):
    """Normalise the integrated loudness (ITU-R BS.1770, EBU R 128) to ``loudness_lufs``; silence is unchanged.

    One gain is applied to the whole sound. If it would raise the true peak above ``max_true_peak_db``, the gain is
    lower, so that the dynamics stay and the sound is softer than the target. With ``limit``, a limiter (see
    :class:`.limiter.Limiter`) lowers these peaks instead; the sound is then slightly softer than the target.

    With ``dual_mono``, one channel is measured as the two loudspeakers that play it, 3 LU louder. Effects on channels
    that directly follow in a chain, such as ``stereo``, are part of what is measured.
    """

    loudness_lufs: float = ranged(-23.0, -70.0, 0.0)
    max_true_peak_db: float | None = None
    limit: bool = False
    dual_mono: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        peak_db = self.max_true_peak_db
        if peak_db is not None and not LOWEST_PEAK_DB <= peak_db <= HIGHEST_PEAK_DB:
            raise BadSetting(
                f"max_true_peak_db is {peak_db}; it must lie between {LOWEST_PEAK_DB} and {HIGHEST_PEAK_DB}."
            )

    def measurement(self, sample_rate: int, n_channels: int) -> LoudnessMeasurement:
        """Open a measurement, see :meth:`.effect.TwoPassEffect.measurement`."""
        return LoudnessMeasurement(self, sample_rate, n_channels)


class LoudnessMeasurement(Measurement):
    """The first pass of :class:`NormaliseLoudness`."""

    def __init__(self, settings: NormaliseLoudness, sample_rate: int, n_channels: int) -> None:
        self._settings = settings
        self._loudness = LoudnessMeter(sample_rate, n_channels)
        self._dual_mono_lu = DUAL_MONO_LU if settings.dual_mono and n_channels == 1 else 0.0
        self._peak = TruePeakMeter(n_channels) if settings.max_true_peak_db is not None else None

    def add(self, block: np.ndarray) -> None:
        """Measure the next block, ``(channels, time)``."""
        self._loudness.add(block)
        if self._peak is not None:
            self._peak.add(block)

    def effect(self) -> Effect:
        """Return the gain, with a limiter behind it if one is needed."""
        measured_lufs = self._loudness.integrated_lufs()
        if measured_lufs == -math.inf:
            return ScaleBy()
        gain_db = self._settings.loudness_lufs - measured_lufs - self._dual_mono_lu
        ceiling_db = self._settings.max_true_peak_db
        if self._peak is None or ceiling_db is None or self._peak.peak_db() + gain_db <= ceiling_db:
            return ScaleBy(float(db_to_gain(gain_db)))
        if self._settings.limit:
            return ScaleAndLimit(float(db_to_gain(gain_db)), ceiling_db)
        return ScaleBy(float(db_to_gain(ceiling_db - self._peak.peak_db())))


@dataclass(frozen=True)
class ScaleAndLimit(Effect):
    """Multiply by a linear factor, and keep true peaks below a ceiling: the second pass of a normalisation."""

    factor: float = ranged(1.0, 0.0, 1e12)
    ceiling_db: float = ranged(HIGHEST_PEAK_DB, LOWEST_PEAK_DB, HIGHEST_PEAK_DB)

    def stream(self, sample_rate: int, n_channels: int) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        effects = ScaleBy(self.factor), Limiter(self.ceiling_db)
        return SeriesStream(*(effect.stream(sample_rate, n_channels) for effect in effects))
