"""The phases of a phase vocoder, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..dsp.compiled import compiled, inlined

PEAK_REACH = 2
"""A peak is larger than so many bins on each side."""

ATTACK_RATIO = 16.0
"""A peak whose power grows by more over one hop is an attack: its phases are those of the input."""


@inlined
def _rotation(before: np.ndarray, now: np.ndarray, output: np.ndarray, peak: int) -> np.complex64:
    """Return the rotation from the input to the output at a peak, 1 at an attack."""
    power_before = power_now = 0.0
    total = 0j
    for channel in range(len(now)):
        for i in range(max(0, peak - 1), min(now.shape[1], peak + 2)):
            first, second = before[channel, i], now[channel, i]
            power_before += first.real * first.real + first.imag * first.imag
            power_now += second.real * second.real + second.imag * second.imag
            total += output[channel, i] * np.conj(first)
    magnitude = abs(total)
    if magnitude == 0.0 or power_now > ATTACK_RATIO * power_before:
        return np.complex64(1.0)
    return np.complex64(total / magnitude)


@inlined
def _find_peaks(power: np.ndarray, peaks: np.ndarray) -> int:
    """Fill the bins larger than those beside them, return their number; ``power`` has a margin on each side."""
    n_peaks = 0
    for i in range(PEAK_REACH, len(power) - PEAK_REACH):
        is_peak = power[i] > 0.0
        for offset in range(1, PEAK_REACH + 1):
            is_peak = is_peak and power[i - offset] < power[i] >= power[i + offset]
        if is_peak:
            peaks[n_peaks] = i - PEAK_REACH
            n_peaks += 1
    return n_peaks


@compiled("the phase vocoder")
def rotate_peaks(before: np.ndarray, now: np.ndarray, output: np.ndarray) -> None:
    """Replace the last spectra of the output by the next: those of the input, rotated around each peak.

    Parameters
    ----------
    before, now : (channels, bins) complex64
        Spectra of the input, one hop apart.
    output : (channels, bins) complex64
        The spectra of the output that correspond to ``before``; updated to those for ``now``.
    """
    n_channels, n_bins = now.shape
    power = np.zeros(n_bins + 2 * PEAK_REACH, np.float32)
    for channel in range(n_channels):
        for i in range(n_bins):
            power[PEAK_REACH + i] += now[channel, i].real ** 2 + now[channel, i].imag ** 2
    peaks = np.zeros(n_bins, np.int64)
    n_peaks = max(1, _find_peaks(power, peaks))
    start = 0
    for number in range(n_peaks):
        end = n_bins
        if number + 1 < n_peaks:  # regions meet at the lowest bin between their peaks
            between = power[PEAK_REACH + peaks[number] + 1 : PEAK_REACH + peaks[number + 1]]
            end = peaks[number] + 1 + int(np.argmin(between))
        rotation = _rotation(before, now, output, peaks[number])
        for channel in range(n_channels):
            for i in range(start, end):
                output[channel, i] = now[channel, i] * rotation
        start = end
