"""Transients of recordings: the samples at which drums and other struck or plucked sounds start."""

from __future__ import annotations

import numpy as np

from ..base.units import seconds_to_samples
from .mel import mel_filterbank
from .spectrum import float_wave, frame, hann_window, power_spectrum

FRAME_SECONDS, HOP_SECONDS = 0.02, 0.003
N_BANDS, LOWEST_HZ = 32, 40.0
FLOOR_DB = -66.0
"""Levels of bands below this, relative to the loudest cell of the recording, count as silence."""

RISE_HOPS = 5
"""A band has risen by as much as it exceeds its largest level, and that of its neighbours, so many hops before."""

CHANCE_DB = 3.0
"""Rises up to this are the chance of noise."""

AROUND_SECONDS = 0.025
"""A transient is the largest rise within this time on either side."""

BASE_SECONDS = 0.15
"""Time on either side of a transient whose median rise is that of the steady sound around it."""

BEFORE_SECONDS, BASE_LEVEL_SECONDS, AFTER_SECONDS = 0.02, 0.04, 0.01
"""Where the exact start is searched: before the rise; the length of what sounds before that; and after the rise."""

ORDER, NOISE = 32, 1e-6
"""Order of the linear prediction, and the white noise that it allows for, relative to the power."""

LEVEL_SECONDS = 0.001
CHANGE_AFTER, CHANGE_BEFORE = 0.003, 0.01
BASE_FACTOR, PEAK_FACTOR = 2.0, 0.05
"""A start is where the level exceeds the one before by the first factor, and the second one times the new peak."""

BLOCK_FRAMES = 4_096


def find_transients(
    wave: np.ndarray, sample_rate: int, *, rise_db: float = 0.6, min_gap_seconds: float = 0.04
) -> np.ndarray:
    """Return the samples at which transients start.

    The rise is the mean over 32 mel bands of how much each exceeds its level, and those of its neighbours, 15 ms
    before (S. Boeck, G. Widmer: Maximum filter vibrato suppression for onset detection. DAFx 2013). A transient is a
    peak of the rise; it starts where the level over 1 ms, of the wave or of its first or second difference, first
    exceeds that of the sound before.

    - ``wave``: ``(channels, time)`` or ``(time,)``.
    - ``rise_db``: rise above that of the sound around from which on a peak is a transient.
    - ``min_gap_seconds``: of two that are closer, the weaker one is left out.
    - returns: int64, rising; empty for silence.
    """
    wave = np.atleast_2d(float_wave(wave))
    rise, n_hop = _rise(wave, sample_rate)
    if not len(rise):
        return np.zeros(0, np.int64)
    around = max(1, round(AROUND_SECONDS * sample_rate / n_hop))
    base = _moving(rise, max(1, round(BASE_SECONDS * sample_rate / n_hop)), np.median)
    is_peak = (rise == _moving(rise, around, np.max)) & (rise >= base + rise_db)
    starts: list[tuple[int, float]] = []
    for index in np.flatnonzero(is_peak).tolist():
        start = _start(wave, index * n_hop, sample_rate)
        if starts and start - starts[-1][0] < seconds_to_samples(min_gap_seconds, sample_rate):
            if rise[index] > starts[-1][1]:
                starts[-1] = start, float(rise[index])
        else:
            starts.append((start, float(rise[index])))
    return np.array(sorted({start for start, _ in starts}), np.int64)


def _rise(wave: np.ndarray, sample_rate: int) -> tuple[np.ndarray, int]:
    """Return the rise in dB of frames whose centres are a hop apart, and the hop."""
    n_hop = max(1, seconds_to_samples(HOP_SECONDS, sample_rate))
    n_frame = 2 * max(8, seconds_to_samples(FRAME_SECONDS / 2, sample_rate))
    n_fft = 1 << (n_frame - 1).bit_length()
    if not wave.any():
        return np.zeros(0), n_hop
    filters = mel_filterbank(sample_rate, n_fft, N_BANDS, LOWEST_HZ, min(16_000.0, sample_rate / 2)).T
    window = hann_window(n_frame)
    padded = np.pad(wave, ((0, 0), (n_frame // 2, n_frame)))
    n_frames = wave.shape[1] // n_hop + 1
    bands = np.empty((n_frames, N_BANDS), np.float32)
    for first in range(0, n_frames, BLOCK_FRAMES):
        last = min(n_frames, first + BLOCK_FRAMES)
        cut = padded[:, first * n_hop : (last - 1) * n_hop + n_frame]
        power = sum(
            power_spectrum(np.fft.rfft(frame(channel, n_frame, n_hop) * window, n_fft)) @ filters for channel in cut
        )
        bands[first:last] = power
    level = 10.0 * np.log10(np.maximum(bands, bands.max() * 10.0 ** (FLOOR_DB / 10.0)))
    widened = level.copy()  # the largest of a band and its neighbours
    widened[:, 1:] = np.maximum(widened[:, 1:], level[:, :-1])
    widened[:, :-1] = np.maximum(widened[:, :-1], level[:, 1:])
    # The recording may start with a hit, or within a sound: the usual level stands for that of what was before.
    usual = np.median(widened, axis=0)
    n_partial = min(n_frames, n_frame // (2 * n_hop) + 1)
    widened[:n_partial] = np.maximum(widened[:n_partial], usual)
    before = np.concatenate([np.tile(usual, (RISE_HOPS, 1)), widened[:-RISE_HOPS]])[:n_frames]
    return np.maximum(level - before - CHANCE_DB, 0.0).mean(axis=1), n_hop


def _moving(values: np.ndarray, n_side: int, function: object) -> np.ndarray:
    """Return a function of the values up to ``n_side`` before and after each; the first ones are mirrored."""
    padded = np.pad(np.pad(values, (n_side, 0), mode="symmetric"), (0, n_side), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * n_side + 1)
    result: np.ndarray = function(windows, axis=1)  # type: ignore[operator]
    return result


def _start(wave: np.ndarray, rise: int, sample_rate: int) -> int:
    """Return the first sample of a transient whose rise was found about the sample ``rise``."""
    n_base = seconds_to_samples(BASE_LEVEL_SECONDS, sample_rate)
    searched = max(0, rise - seconds_to_samples(BEFORE_SECONDS, sample_rate))
    first = max(0, searched - n_base)
    last = min(wave.shape[1], rise + seconds_to_samples(AFTER_SECONDS, sample_rate))
    n_level = max(1, seconds_to_samples(LEVEL_SECONDS, sample_rate))
    power = np.zeros(last - first)
    for channel in wave[:, first:last]:
        power += np.square(_novelty(channel.astype(np.float64), searched - first))
    total = np.concatenate([[0.0], np.cumsum(power)])
    known = searched - first
    quiet = ORDER if known > ORDER else 0  # the prediction lacks its past before
    change = known + int(_change(total, known, quiet, sample_rate).argmax())
    ends = np.arange(1, len(power) + 1)
    level = np.sqrt(np.maximum(total[ends] - total[np.maximum(ends - n_level, 0)], 0.0))
    base = float(level[quiet:known].max(initial=0.0))
    threshold = max(BASE_FACTOR * base, PEAK_FACTOR * float(level[known:].max()))
    loud = known + np.flatnonzero(level[known:] >= threshold)
    if len(loud) and loud[0] - n_level < change:
        # The level covers the time before; the transient starts at its first sample that is loud by itself.
        begin = max(0, int(loud[0]) - n_level + 1)
        return first + begin + int(np.argmax(power[begin : int(loud[0]) + 1] >= threshold**2 / n_level))
    return first + change


def _change(total: np.ndarray, known: int, quiet: int, sample_rate: int) -> np.ndarray:
    """Return the log power after each sample from ``known`` on over that before; ``total`` is the sum up to each."""
    n_samples = len(total) - 1
    n_after, n_before = (max(1, seconds_to_samples(each, sample_rate)) for each in (CHANGE_AFTER, CHANGE_BEFORE))
    index = np.arange(known, max(known + 1, n_samples - n_after))
    begins, ends = np.maximum(index - n_before, quiet), np.minimum(index + n_after, n_samples)
    floor = 1e-7 * float(total[-1]) / max(1, n_samples) + 1e-20
    after = (total[ends] - total[index]) / np.maximum(ends - index, 1)
    before = (total[index] - total[begins]) / np.maximum(index - begins, 1)
    score: np.ndarray = np.log(np.maximum(after, 0.0) + floor) - np.log(np.maximum(before, 0.0) + floor)
    return score


def _novelty(wave: np.ndarray, n_known: int) -> np.ndarray:
    """Return what a linear prediction fitted to the first ``n_known`` samples does not foresee.

    Sounds that ring on are foreseen, steady noise becomes white, and what is new stands out.
    """
    known = wave[:n_known] * np.hanning(n_known + 2)[1:-1]
    spectrum = np.square(np.abs(np.fft.rfft(known, 2 * max(1, n_known))))
    correlation = np.fft.irfft(spectrum)[: ORDER + 1]
    if n_known <= 2 * ORDER or correlation[0] <= 1e-9 * np.square(wave).sum():
        return wave
    correlation[0] *= 1.0 + NOISE
    index = np.abs(np.arange(ORDER)[:, None] - np.arange(ORDER)[None, :])
    weights = np.linalg.solve(correlation[index], correlation[1:])
    result: np.ndarray = np.convolve(wave, np.concatenate([[1.0], -weights]))[: len(wave)]
    return result
