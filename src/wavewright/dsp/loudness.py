"""Integrated loudness after ITU-R BS.1770-4, and waves brought to a peak or a loudness."""

from __future__ import annotations

import math

import numpy as np

from ..errors import BadAudio
from ..units import db_to_gain
from .spectrum import float_wave

STEP_SECONDS = 0.1
STEPS_PER_BLOCK = 4
"""Gating blocks of 400 ms start every 100 ms (75 % overlap)."""

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
SURROUND_GAIN = 1.41
LOWEST_RATE_HZ = 4_000

CHANNEL_GAINS = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    5: (1.0, 1.0, 1.0, SURROUND_GAIN, SURROUND_GAIN),
    6: (1.0, 1.0, 1.0, 0.0, SURROUND_GAIN, SURROUND_GAIN),
}
"""Gains by number of channels (BS.1770-4, table 3): left, right, centre, then with six the low-frequency channel, surrounds."""


def k_weighting(sample_rate: int) -> np.ndarray:
    """The two filters that stand for the head and the ear, as second-order sections ``(2, 6)`` for ``scipy.signal.sosfilt``.

    BS.1770-4 lists coefficients for 48 kHz alone. Here they follow, for any rate, from the analogue filters behind them (B. De Man,
    "Evaluation of implementations of the EBU R128 loudness measurement", 2018) by the bilinear transform.
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
    """Measures integrated loudness while a wave passes in pieces, so that its length does not matter."""

    def __init__(self, sample_rate: int, n_channels: int):
        """Raises BadAudio for numbers of channels whose places in the room BS.1770 does not tell, and for very low rates."""
        if n_channels not in CHANNEL_GAINS:
            raise BadAudio(
                f"Loudness is defined for 1, 2, 3, 5 or 6 channels, and this wave has {n_channels}; mix it down first."
            )
        if sample_rate < LOWEST_RATE_HZ:
            raise BadAudio(
                f"Loudness needs a sample rate of at least {LOWEST_RATE_HZ} Hz, and this is {sample_rate}; resample first."
            )
        self.sample_rate = sample_rate
        self.gains = np.array(CHANNEL_GAINS[n_channels])
        self.filters = k_weighting(sample_rate)
        self.filter_state = np.zeros((len(self.filters), n_channels, 2))
        self.n_samples = 0
        self.step_energies = [0.0]  # the last step is still being filled

    def add(self, wave: np.ndarray) -> None:
        """Take the next piece of the wave ``(channels, time)``."""
        from scipy.signal import sosfilt  # slow to import

        if wave.shape[-1] == 0:
            return
        weighted, self.filter_state = sosfilt(self.filters, wave.astype(np.float64), axis=-1, zi=self.filter_state)
        energy = self.gains @ np.square(weighted)  # (time,)
        if self._step_end(len(self.step_energies)) == self.n_samples:
            self.step_energies.append(0.0)
        edges = [0]
        while (edge := self._step_end(len(self.step_energies) + len(edges) - 1) - self.n_samples) < len(energy):
            edges.append(edge)
        sums = np.add.reduceat(energy, edges)
        self.step_energies[-1] += sums[0]
        self.step_energies.extend(sums[1:])
        self.n_samples += len(energy)

    def integrated_lufs(self) -> float:
        """The integrated loudness so far in LUFS, ``-inf`` for silence (BS.1770-4, annex 1, equations 4 to 7)."""
        powers = self._block_powers()
        loud = powers[powers > 10.0 ** ((ABSOLUTE_GATE_LUFS + 0.691) / 10.0)]
        if len(loud) == 0:
            return -math.inf
        loud = loud[loud > loud.mean() * 10.0 ** (RELATIVE_GATE_LU / 10.0)]
        return -0.691 + 10.0 * math.log10(loud.mean())

    def _block_powers(self) -> np.ndarray:
        """The mean power of every gating block ``(blocks,)``; a wave shorter than one block is a block of its own length."""
        n_steps = len(self.step_energies)
        if self._step_end(n_steps) > self.n_samples:
            n_steps -= 1
        if n_steps < STEPS_PER_BLOCK:
            return np.array([sum(self.step_energies) / max(1, self.n_samples)])
        energies = np.convolve(self.step_energies[:n_steps], np.ones(STEPS_PER_BLOCK), "valid")
        ends = np.array([self._step_end(step) for step in range(n_steps + 1)])
        return energies / (ends[STEPS_PER_BLOCK:] - ends[:-STEPS_PER_BLOCK])

    def _step_end(self, n_steps: int) -> int:
        """The sample at which this many steps are over."""
        return round(n_steps * STEP_SECONDS * self.sample_rate)


def integrated_loudness(wave: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness of ``(channels, time)`` or ``(time,)`` in LUFS after BS.1770-4, ``-inf`` for silence.

    A wave shorter than one gating block of 400 ms is measured as one block of its own length, so that one-shots have a loudness.
    Raises BadAudio for 4 or more than 6 channels and for sample rates below 4 kHz.
    """
    wave = np.atleast_2d(wave)
    meter = LoudnessMeter(sample_rate, wave.shape[0])
    n_piece = 10 * sample_rate
    for start in range(0, wave.shape[-1], n_piece):
        meter.add(wave[:, start : start + n_piece])
    return meter.integrated_lufs()


def normalise_loudness(wave: np.ndarray, sample_rate: int, target_lufs: float = -23.0) -> np.ndarray:
    """The wave ``(channels, time)`` or ``(time,)`` with a gain that brings it to ``target_lufs``; silence stays silence.

    The peak may end up beyond 1. Raises BadAudio as :func:`integrated_loudness`.
    """
    loudness_lufs = integrated_loudness(wave, sample_rate)
    if loudness_lufs == -math.inf:
        return float_wave(wave).copy()
    return _with_gain(wave, float(db_to_gain(target_lufs - loudness_lufs)))


def normalise_peak(wave: np.ndarray, peak_db: float = -1.0) -> np.ndarray:
    """The wave ``(..., time)`` with a gain that brings its loudest sample to ``peak_db`` below full scale; silence stays silence."""
    peak = float(np.max(np.abs(wave), initial=0.0))
    if peak == 0.0:
        return float_wave(wave).copy()
    return _with_gain(wave, float(db_to_gain(peak_db)) / peak)


def _with_gain(wave: np.ndarray, gain: float) -> np.ndarray:
    wave = float_wave(wave)
    return wave * wave.dtype.type(gain)
