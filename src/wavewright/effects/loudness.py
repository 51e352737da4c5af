"""Normalisation of the loudness (EBU R 128) in two passes, below a limit of the true peak."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.errors import BadSetting
from ..base.ranges import ranged
from ..base.units import db_to_gain, seconds_to_samples
from ..dsp.loudness import DUAL_MONO_LU, LoudnessMeter
from ..dsp.true_peak import TruePeakMeter
from .dynamics import Limiter
from .effect import Effect, EffectStream, Measurement, SeriesStream, TwoPassEffect
from .levels import ScaleBy
from .spool import Spool

LOWEST_PEAK_DB, HIGHEST_PEAK_DB = -60.0, 0.0
TOLERANCE_LU = 0.05  # of a limited sound
MAX_TRIALS = 6
MIN_SLOPE = 0.2  # in LU per dB of gain
MAX_LIMITING_DB = 12.0  # largest attenuation of a peak in order to come nearer to the target
BLOCK_SECONDS = 10.0


@dataclass(frozen=True)
class NormaliseLoudness(TwoPassEffect):
    """Normalise the integrated loudness (ITU-R BS.1770, EBU R 128) to ``loudness_lufs``; silence is unchanged.

    One gain is applied to the whole sound. If it would raise the true peak above ``max_true_peak_db``, the gain is
    lower, so that the dynamics stay and the sound is softer than the target. With ``limit``, a limiter (see
    :class:`.dynamics.Limiter`) lowers these peaks instead. What it takes of the loudness is made up by more gain, until
    the sound is within 0.05 LU of the target, or peaks are lowered by 12 dB.

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

    def measurement(self, sound: SoundFormat) -> LoudnessMeasurement:
        """Open a measurement, see :meth:`.effect.TwoPassEffect.measurement`."""
        offset_lu = DUAL_MONO_LU if self.dual_mono and sound.n_channels == 1 else 0.0
        peak_db = self.max_true_peak_db
        limiter = Limiter(peak_db) if self.limit and peak_db is not None else None
        return LoudnessMeasurement(sound, self.loudness_lufs - offset_lu, peak_db, limiter)


class LoudnessMeasurement(Measurement):
    """The first pass of a normalisation; with a limiter it keeps the samples, on which it tries gains.

    ``lufs`` and ``true_peak_db`` are those of the result, once :meth:`effect` has returned; minus infinity for silence,
    and for a true peak that was not measured.

    - ``sound``: what is added.
    - ``target_lufs``: loudness of the result.
    - ``max_true_peak_db``: largest true peak of the result.
    - ``limiter``: lowers peaks above it; without one, the gain is lower.
    - ``is_capped``: peaks are never lowered by more than `MAX_LIMITING_DB`, also where the target needs it.
    """

    def __init__(
        self,
        sound: SoundFormat,
        target_lufs: float,
        max_true_peak_db: float | None = None,
        limiter: Limiter | None = None,
        *,
        is_capped: bool = False,
    ) -> None:
        self.lufs = self.true_peak_db = -math.inf
        self._sound = sound
        self._target_lufs, self._max_true_peak_db = target_lufs, max_true_peak_db
        self._limiter, self._is_capped = limiter, is_capped
        self._loudness = self._meter()
        self._peak = TruePeakMeter(sound.n_channels) if max_true_peak_db is not None else None
        self._spool = Spool(sound.n_channels) if limiter is not None else None

    def add(self, block: np.ndarray) -> None:
        """Measure the next block, ``(channels, time)``."""
        self._loudness.add(block)
        if self._peak is not None:
            self._peak.add(block)
        if self._spool is not None:
            self._spool.append(block)

    def effect(self) -> Effect:
        """Return the gain, with a limiter behind it if one is needed."""
        measured_lufs = self._loudness.integrated_lufs()
        if measured_lufs == -math.inf:
            return ScaleBy()
        gain_db = self._target_lufs - measured_lufs
        peak_db = -math.inf if self._peak is None else self._peak.peak_db()
        headroom_db = math.inf if self._max_true_peak_db is None else self._max_true_peak_db - peak_db
        if self._limiter is not None and gain_db > headroom_db:
            return self._limited(self._limiter, measured_lufs, headroom_db + MAX_LIMITING_DB)
        gain_db = min(gain_db, headroom_db)
        self.lufs, self.true_peak_db = measured_lufs + gain_db, peak_db + gain_db
        return ScaleBy(float(db_to_gain(gain_db)))

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the samples that were added, which are kept with a limiter alone."""
        if self._spool is not None:
            n_block = seconds_to_samples(BLOCK_SECONDS, self._sound.sample_rate)
            for start in range(0, self._spool.n_samples, n_block):
                yield self._spool.read(start, min(n_block, self._spool.n_samples - start))

    def _limited(self, limiter: Limiter, measured_lufs: float, largest_db: float) -> Effect:
        """Return a gain and the limiter with which the sound has the target loudness, by the secant method."""
        step_db = self._target_lufs - measured_lufs
        largest_db = largest_db if self._is_capped else max(largest_db, step_db)
        gain_db, self.lufs = 0.0, measured_lufs
        for _ in range(MAX_TRIALS):
            step_db = min(step_db, largest_db - gain_db)
            gain_db += step_db
            effect = ScaleAndLimit(float(db_to_gain(gain_db)), limiter)
            previous_lufs = self.lufs
            self._measure(effect)
            missing_lu = self._target_lufs - self.lufs
            if abs(missing_lu) <= TOLERANCE_LU or gain_db == largest_db:
                break
            slope = (self.lufs - previous_lufs) / step_db if step_db else 1.0  # less than 1 where the limiter is active
            step_db = missing_lu / min(max(slope, MIN_SLOPE), 1.0)
        return effect

    def _meter(self) -> LoudnessMeter:
        return LoudnessMeter(self._sound.sample_rate, self._sound.n_channels, self._sound.positions)

    def _measure(self, effect: Effect) -> None:
        """Measure the loudness and the true peak that the samples have after an effect."""
        loudness, peak = self._meter(), TruePeakMeter(self._sound.n_channels)
        for block in effect.stream(self._sound).process_blocks(self.blocks()):
            loudness.add(block)
            peak.add(block)
        self.lufs, self.true_peak_db = loudness.integrated_lufs(), peak.peak_db()


@dataclass(frozen=True)
class ScaleAndLimit(Effect):
    """Multiply by a linear factor, and lower the peaks that exceed a ceiling: the second pass of a normalisation."""

    factor: float = ranged(1.0, 0.0, 1e12)
    limiter: Limiter = field(default_factory=Limiter)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        effects = ScaleBy(self.factor), self.limiter
        return SeriesStream(*(effect.stream(sound) for effect in effects))
