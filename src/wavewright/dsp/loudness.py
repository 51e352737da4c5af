"""Loudness after ITU-R BS.1770-4 and EBU R 128, and normalisation to a peak or a loudness."""

from __future__ import annotations

import math
from array import array

import numpy as np

from ..base.channel_layouts import LAYOUTS, Positions, loudness_gains
from ..base.errors import BadAudio
from ..base.units import db_to_gain
from .spectrum import float_wave

STEP_SECONDS = 0.1
STEPS_PER_BLOCK = 4
"""Gating blocks of 400 ms start every 100 ms (75 % overlap)."""

STEPS_PER_SHORT_TERM = 30
"""The sliding window of the short-term loudness, 3 s (EBU Tech 3341)."""

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0
RANGE_PERCENTILES = (10, 95)
"""Gate and percentiles of the loudness range (EBU Tech 3342)."""

LARGEST_SILENT_ENERGY = 1e-100
"""Energies that the guard against denormal numbers leaves of silence are below it."""

MIN_RATE_HZ = 4_000

DUAL_MONO_LU = 10.0 * math.log10(2.0)
"""By how much a mono sound is louder when two loudspeakers play it."""


def k_weighting(sample_rate: int) -> np.ndarray:
    """Return the two K-weighting filters for ``scipy.signal.sosfilt``.

    BS.1770-4 lists their coefficients for 48 kHz alone. For other rates they follow from the analogue filters by the
    bilinear transform.

    - returns: second-order sections, ``(2, 6)``.

    References
    ----------
    B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", 2018.
    """
    # A high shelf of 4 dB above 1.7 kHz ...
    centre_hz, gain_db, quality = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * centre_hz / sample_rate)
    high = 10.0 ** (gain_db / 20.0)
    band = high**0.4996667741545416
    a0 = 1.0 + k / quality + k * k
    shelf = [high + band * k / quality + k * k, 2 * (k * k - high), high - band * k / quality + k * k]
    shelf = [number / a0 for number in (*shelf, a0, 2 * (k * k - 1), 1 - k / quality + k * k)]
    # ... and a high pass at 38 Hz.
    centre_hz, quality = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * centre_hz / sample_rate)
    a0 = 1.0 + k / quality + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0]
    return np.array([shelf, high_pass])


class LoudnessMeter:
    """Loudness of consecutive blocks of a wave, which it does not keep: 8 bytes for each 100 ms.

    Blocks of any lengths give the same loudness. A wave shorter than a window of momentary or short-term loudness is
    one window of its own length, so that one-shots have a loudness.

    - ``sample_rate``: hz, at least 4000.
    - ``positions``: of the channels; by default the usual ones for their number.

    Raises BadAudio if the rate or the number of channels is another.
    """

    def __init__(self, sample_rate: int, n_channels: int, positions: Positions | None = None) -> None:
        positions = positions or LAYOUTS.get(n_channels)
        if positions is None:
            raise BadAudio(
                f"Loudness is defined for 1 to 8 channels, and this wave has {n_channels}; mix it down first."
            )
        if sample_rate < MIN_RATE_HZ:
            raise BadAudio(
                f"Loudness needs a sample rate of at least {MIN_RATE_HZ} Hz, and this is {sample_rate}; resample first."
            )
        self.sample_rate = sample_rate
        self.gains = np.array(loudness_gains(positions))
        self.filters = k_weighting(sample_rate)
        self.filter_state = np.zeros((n_channels, len(self.filters), 2))
        self.n_samples = 0
        self.step_energies = array("d", [0.0])  # the last step is still being filled
        self.filling = np.zeros(n_channels)  # energies of its channels so far

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        from .loudness_kernels import add_weighted_energies  # numba is slow to import

        n_samples = wave.shape[-1]
        if n_samples == 0:
            return
        if self._step_end(len(self.step_energies)) == self.n_samples:
            self.step_energies.append(0.0)
            self.filling[:] = 0.0
        ends: list[int] = []
        while not ends or ends[-1] < n_samples:
            ends.append(min(self._step_end(len(self.step_energies) + len(ends)) - self.n_samples, n_samples))
        energies = np.zeros((len(self.gains), len(ends)))
        energies[:, 0] = self.filling
        samples = np.ascontiguousarray(wave, None if wave.dtype == np.float32 else np.float64)
        add_weighted_energies(self.filters, samples, self.filter_state, np.array(ends), energies)
        self.filling = energies[:, -1]
        self.step_energies.pop()
        totals = self.gains @ energies
        self.step_energies.extend(np.where(totals > LARGEST_SILENT_ENERGY, totals, 0.0))
        self.n_samples += n_samples

    def integrated_lufs(self) -> float:
        """Return the integrated loudness so far, LUFS, ``-inf`` for silence (BS.1770-4, annex 1, eq. 4 to 7)."""
        powers = _gated(self._window_powers(STEPS_PER_BLOCK), RELATIVE_GATE_LU)
        return float(_power_to_lufs(powers.mean())) if len(powers) else -math.inf

    def momentary_lufs(self) -> np.ndarray:
        """Return the loudness of windows of 400 ms that start every 100 ms, ``(windows,)``, ``-inf`` for silence."""
        return _power_to_lufs(self._window_powers(STEPS_PER_BLOCK))

    def short_term_lufs(self) -> np.ndarray:
        """Return the loudness of windows of 3 s that start every 100 ms, ``(windows,)``, ``-inf`` for silence."""
        return _power_to_lufs(self._window_powers(STEPS_PER_SHORT_TERM))

    def range_lu(self) -> float:
        """Return the loudness range so far in LU, 0 for silence (EBU Tech 3342)."""
        powers = _gated(self._window_powers(STEPS_PER_SHORT_TERM), RANGE_GATE_LU)
        if len(powers) == 0:
            return 0.0
        low, high = np.percentile(_power_to_lufs(powers), RANGE_PERCENTILES, method="nearest")
        return float(high - low)

    def _window_powers(self, n_window_steps: int) -> np.ndarray:
        """Return the mean power of every window of complete steps, ``(windows,)``; a shorter wave is one window."""
        n_steps = len(self.step_energies)
        if self._step_end(n_steps) > self.n_samples:
            n_steps -= 1
        if n_steps < n_window_steps:
            return np.array([sum(self.step_energies) / max(1, self.n_samples)])
        energies = np.convolve(np.array(self.step_energies[:n_steps]), np.ones(n_window_steps), "valid")
        ends = np.rint(np.arange(n_steps + 1) * STEP_SECONDS * self.sample_rate)
        powers: np.ndarray = energies / (ends[n_window_steps:] - ends[:-n_window_steps])
        return powers

    def _step_end(self, n_steps: int) -> int:
        """Return the number of samples in the first ``n_steps`` steps."""
        return round(n_steps * STEP_SECONDS * self.sample_rate)


def _power_to_lufs(power: np.ndarray) -> np.ndarray:
    """Return the loudness of K-weighted mean powers (BS.1770-4, annex 1, eq. 2), ``-inf`` for 0."""
    with np.errstate(divide="ignore"):
        lufs: np.ndarray = -0.691 + 10.0 * np.log10(power)
    return lufs


def _gated(powers: np.ndarray, relative_lu: float) -> np.ndarray:
    """Return the powers above the absolute gate and above one that is relative to the mean of those."""
    loud: np.ndarray = powers[powers > 10.0 ** ((ABSOLUTE_GATE_LUFS + 0.691) / 10.0)]
    if len(loud) == 0:
        return loud
    gated: np.ndarray = loud[loud > loud.mean() * 10.0 ** (relative_lu / 10.0)]
    return gated


def integrated_loudness(wave: np.ndarray, sample_rate: int) -> float:
    """Return the integrated loudness of a wave after BS.1770-4.

    A wave shorter than one gating block of 400 ms is one block of its own length, so that one-shots have a loudness.

    - ``wave``: ``(channels, time)`` or ``(time,)``.
    - returns: LUFS, ``-inf`` for silence.

    Raises BadAudio if there are more than 8 channels, or the sample rate is below 4 kHz.

    References
    ----------
    ITU-R BS.1770-4, annex 1.
    """
    wave = np.atleast_2d(wave)
    meter = LoudnessMeter(sample_rate, wave.shape[0])
    n_block = 10 * sample_rate
    for start in range(0, wave.shape[-1], n_block):
        meter.add(wave[:, start : start + n_block])
    return meter.integrated_lufs()


def normalise_loudness(wave: np.ndarray, sample_rate: int, target_lufs: float = -23.0) -> np.ndarray:
    """Normalise a wave to a loudness; the peak may then exceed 1.

    - ``wave``: ``(channels, time)`` or ``(time,)``.
    - returns: the same shape; silence is unchanged.

    Raises BadAudio as :func:`integrated_loudness`.
    """
    loudness_lufs = integrated_loudness(wave, sample_rate)
    if loudness_lufs == -math.inf:
        return float_wave(wave).copy()
    return _with_gain(wave, float(db_to_gain(target_lufs - loudness_lufs)))


def _with_gain(wave: np.ndarray, gain: float) -> np.ndarray:
    wave = float_wave(wave)
    scaled: np.ndarray = wave * wave.dtype.type(gain)
    return scaled
