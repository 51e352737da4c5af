"""The feedback delay network, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..dsp.compiled import compiled, inlined
from .filter_kernels import DENORMAL_GUARD


@inlined
def _read_lines(lines: np.ndarray, delays: np.ndarray, position: int, n_samples: int, taps: np.ndarray) -> None:
    """Fill ``taps (lines, samples)`` with the delayed samples of each line."""
    size = lines.shape[1]
    for line in range(len(lines)):
        start = (position - delays[line]) % size
        n_first = min(n_samples, size - start)
        taps[line, :n_first] = lines[line, start : start + n_first]
        taps[line, n_first:n_samples] = lines[line, : n_samples - n_first]


@inlined
def _damp(taps: np.ndarray, n_samples: int, gains: np.ndarray, poles: np.ndarray, damped: np.ndarray) -> None:
    """Filter each line by a pole, four at once since each waits for its last output."""
    for line in range(0, len(taps), 4):
        first, second, third, fourth = damped[line : line + 4]
        for i in range(n_samples):
            target = gains[line] * taps[line, i]
            first = (target - poles[line] * target) + poles[line] * first
            taps[line, i] = first
            target = gains[line + 1] * taps[line + 1, i]
            second = (target - poles[line + 1] * target) + poles[line + 1] * second
            taps[line + 1, i] = second
            target = gains[line + 2] * taps[line + 2, i]
            third = (target - poles[line + 2] * target) + poles[line + 2] * third
            taps[line + 2, i] = third
            target = gains[line + 3] * taps[line + 3, i]
            fourth = (target - poles[line + 3] * target) + poles[line + 3] * fourth
            taps[line + 3, i] = fourth
        damped[line] = first
        damped[line + 1] = second
        damped[line + 2] = third
        damped[line + 3] = fourth


@inlined
def _mix(taps: np.ndarray, n_samples: int) -> None:
    """Multiply the lines by Hadamard's matrix of 1 and -1."""
    n_lines = len(taps)
    width = 1
    while width < n_lines:
        for start in range(0, n_lines, 2 * width):
            for line in range(start, start + width):
                upper, lower = taps[line], taps[line + width]
                for i in range(n_samples):
                    first, second = upper[i], lower[i]
                    upper[i] = first + second
                    lower[i] = first - second
        width *= 2


@compiled("the reverb")
def feedback_network(
    block: np.ndarray,
    lines: np.ndarray,
    delays: np.ndarray,
    position: int,
    gains: np.ndarray,
    poles: np.ndarray,
    damped: np.ndarray,
    taps: np.ndarray,
    inputs: np.ndarray,
    outputs: np.ndarray,
    wet: np.ndarray,
) -> int:
    """Run a feedback delay network whose matrix is Hadamard's.

    Parameters
    ----------
    block : (channels, time) float32
    lines : (lines, samples) float64, updated
        Longer than the longest delay; four, eight or sixteen lines.
    delays : (lines,) int64
    position : int
        Where the next sample is written.
    gains, poles : (lines,) float64
        Gain at 0 Hz and pole of the damping filter of each line.
    damped : (lines,) float64, updated
        The last outputs of these filters.
    taps : (lines, samples) float64
        Memory for as many samples at once, at most the shortest delay.
    inputs, outputs : (channels, lines) float64
        Gains from each channel to each line, and from each line to each channel.
    wet : (channels, time) float32, filled with zeros

    Returns
    -------
    int
        The position for the next block.
    """
    size = lines.shape[1]
    n_lines, n_most = taps.shape
    scale = 1.0 / np.sqrt(n_lines)
    start = 0
    while start < block.shape[1]:
        n_samples = min(n_most, block.shape[1] - start, size - position)
        _read_lines(lines, delays, position, n_samples, taps)
        _damp(taps, n_samples, gains, poles, damped)
        for channel in range(len(block)):
            mixture = wet[channel, start : start + n_samples]
            for line in range(n_lines):
                gain, tap = outputs[channel, line], taps[line]
                for i in range(n_samples):
                    mixture[i] += gain * tap[i]
        _mix(taps, n_samples)
        for line in range(n_lines):
            written, tap = lines[line, position : position + n_samples], taps[line]
            for i in range(n_samples):
                written[i] = scale * tap[i] + DENORMAL_GUARD
            for channel in range(len(block)):
                gain, sound = inputs[channel, line], block[channel, start : start + n_samples]
                for i in range(n_samples):
                    written[i] += gain * sound[i]
        start += n_samples
        position = (position + n_samples) % size
    return position
