"""Pitch and periodicity of a wave, frame by frame, from its autocorrelation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..base.errors import BadSetting
from .spectrum import frame, hann_window, power_spectrum

PERIODS = 3  # of the lowest pitch in a frame: the least that an autocorrelation needs (Boersma, 1993)
N_CANDIDATES = 6  # pitches of a frame
UNVOICED_STRENGTH = 0.45  # of the unvoiced candidate, comparable to a periodicity
OCTAVE_COST = 0.03  # of each octave below the highest pitch, since multiples of a period repeat as well
JUMP_COST = 0.35  # of each octave from frame to frame
SWITCH_COST = 0.14  # between voiced and unvoiced
LAGS_PER_SAMPLE = 4  # the autocorrelation peaks of a bright voice are narrower than a sample
SILENT_POWER = 1e-10  # mean square below which a frame has no pitch

SHORTEST_PERIOD = 3  # samples
ABOVE_MARGIN = 0.01  # of the strength of a shorter period below that of the best inside the limits

BLOCK_FRAMES = 1024
"""Frames analysed at a time, which bounds the memory of intermediate results."""


@dataclass(frozen=True)
class PitchTrack:
    """Result of :func:`track_pitch`.

    - ``f0_hz``: ``(frames,)``, pitch, float32, 0 where unvoiced.
    - ``periodicity``: fraction of each band's power that repeats from period to period, ``(bands, frames)`` float32 in
      [0, 1], 0 where unvoiced. ``periodicity / (1 - periodicity)`` is the harmonics-to-noise ratio.
    """

    f0_hz: np.ndarray
    periodicity: np.ndarray


def track_pitch(
    wave: np.ndarray,
    sample_rate: int,
    hop_length: int,
    f_min_hz: float = 60.0,
    f_max_hz: float = 400.0,
    band_edges_hz: tuple[float, ...] = (),
    *,
    only_inside: bool = False,
) -> PitchTrack:
    """Track the pitch and periodicity of a wave.

    The candidates of a frame are the maxima of its autocorrelation divided by that of its window; a Viterbi path
    through them penalises jumps.

    - ``wave``: ``(time,)``.
    - ``hop_length``: samples between frames; frame ``t`` is centred on sample ``t * hop_length``.
    - ``f_min_hz``, ``f_max_hz``: limits of the pitch, at most a quarter of the sample rate.
    - ``band_edges_hz``: edges of the bands of the periodicity, ascending; empty for one band of all frequencies.
    - ``only_inside``: a tone above `f_max_hz` is unvoiced; by default it has the pitch of the multiple of its period
      that is inside.
    - returns: a frame for each hop, and one more at the end.

    Raises BadSetting if the limits or edges are invalid.

    References
    ----------
    P. Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled
    sound", 1993.
    """
    if not 0 < f_min_hz < f_max_hz <= sample_rate / 4:
        raise BadSetting(
            f"The pitch limits are {f_min_hz} to {f_max_hz} Hz; they must rise and end at a quarter of the sample rate "
            f"({sample_rate / 4} Hz)."
        )
    frames = _WindowedFrames.of(wave, sample_rate, hop_length, f_min_hz)
    masks = _band_masks(band_edges_hz, sample_rate, frames.n_fft)
    lag_range = sample_rate / f_max_hz, sample_rate / f_min_hz
    candidates = [_candidates(power, frames, *lag_range, only_inside) for power in frames.blocks()]
    lags, strengths = (np.concatenate(blocks) for blocks in zip(*candidates, strict=True))
    lag = _best_path(lags, strengths)  # (frames,), 0 where unvoiced
    periodicity, start = np.zeros((len(masks), len(lag)), np.float32), 0
    for power in frames.blocks():
        block = slice(start, start + len(power))
        periodicity[:, block] = _band_periodicity(power, lag[block], frames.window_lags, masks)
        start = block.stop
    f0_hz = np.divide(sample_rate, lag, out=np.zeros_like(lag), where=lag > 0)
    return PitchTrack(f0_hz.astype(np.float32), periodicity)


def f0_to_octaves(f0_hz: np.ndarray, middle_hz: float) -> np.ndarray:
    """Convert pitch ``(frames,)`` to octaves above ``middle_hz``, interpolated through unvoiced frames.

    All are 0 if every frame is unvoiced.
    """
    voiced = np.flatnonzero(f0_hz > 0)
    if not voiced.size:
        return np.zeros(len(f0_hz))
    return np.interp(np.arange(len(f0_hz)), voiced, np.log2(f0_hz[voiced] / middle_hz))


@dataclass(frozen=True)
class _WindowedFrames:
    """Overlapping ``frames (frames, length)`` of a wave, their window and its autocorrelation."""

    frames: np.ndarray
    window: np.ndarray
    window_lags: np.ndarray  # LAGS_PER_SAMPLE a sample, 1 at lag 0
    n_fft: int

    @classmethod
    def of(cls, wave: np.ndarray, sample_rate: int, hop_length: int, f_min_hz: float) -> _WindowedFrames:
        length = 2 * round(PERIODS * sample_rate / f_min_hz / 2)
        n_fft = 1 << (3 * length // 2 - 1).bit_length()  # room for every lag without wrapping around
        window = hann_window(length)
        window_lags = np.fft.irfft(power_spectrum(np.fft.rfft(window, n_fft)), LAGS_PER_SAMPLE * n_fft)
        frames = frame(np.pad(np.asarray(wave, np.float32), length // 2), length, hop_length)
        return cls(frames, window, window_lags / window_lags[0], n_fft)

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the power spectra of BLOCK_FRAMES frames at a time, ``(frames, bins)``."""
        for start in range(0, len(self.frames), BLOCK_FRAMES):
            block = self.frames[start : start + BLOCK_FRAMES]
            yield power_spectrum(np.fft.rfft((block - block.mean(axis=1, keepdims=True)) * self.window, self.n_fft))


def _candidates(
    power: np.ndarray, frames: _WindowedFrames, shortest: float, longest: float, only_inside: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return lags in samples and autocorrelations of each frame's largest maxima, ``(frames, N_CANDIDATES)``."""
    # A longer inverse transform interpolates between lags.
    correlation = np.fft.irfft(power, LAGS_PER_SAMPLE * frames.n_fft)
    correlation[correlation[:, 0] < SILENT_POWER * len(frames.window) / LAGS_PER_SAMPLE] = 0.0
    first = int(np.ceil(LAGS_PER_SAMPLE * shortest)) - 1
    lags, top = _maxima(correlation, frames.window_lags, first, int(LAGS_PER_SAMPLE * longest) + 2)
    if only_inside and first > LAGS_PER_SAMPLE * SHORTEST_PERIOD:
        _, above = _maxima(correlation, frames.window_lags, LAGS_PER_SAMPLE * SHORTEST_PERIOD, first + 2)
        top[above.max(axis=1, initial=-np.inf) >= top.max(axis=1) - ABOVE_MARGIN] = -np.inf
    # Of a steady tone all multiples of the period are as strong as the period itself.
    best = np.argsort(OCTAVE_COST * np.log2(lags) - top, axis=1, kind="stable")[:, :N_CANDIDATES]
    return np.take_along_axis(lags, best, 1) / LAGS_PER_SAMPLE, np.take_along_axis(top, best, 1)


def _maxima(correlation: np.ndarray, window_lags: np.ndarray, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Return lags of maxima of each frame, LAGS_PER_SAMPLE a sample, and their height, -inf where there is none."""
    lags = np.arange(first, end)
    ratio = correlation[:, lags] / (np.maximum(correlation[:, :1], 1e-30) * window_lags[lags])
    before, here, after = ratio[:, :-2], ratio[:, 1:-1], ratio[:, 2:]
    strength = np.where((here >= before) & (here > after) & (here > 0), here, -np.inf)
    # Parabolic interpolation of the maximum.
    curvature = before - 2 * here + after
    shift = np.clip(0.5 * (before - after) / np.where(curvature < 0, curvature, -1.0), -0.5, 0.5)
    top = np.where(np.isfinite(strength), np.minimum(here - 0.25 * (before - after) * shift, 1.0), -np.inf)
    return lags[1:-1] + shift, top


def _best_path(lags: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Return the lag of each frame on the Viterbi path, ``(frames,)``, 0 where unvoiced."""
    n_frames, n_candidates = lags.shape
    octaves = np.log2(lags)
    gains = np.concatenate(
        [strengths - OCTAVE_COST * (octaves - octaves.min()), np.full((n_frames, 1), UNVOICED_STRENGTH)], axis=1
    )
    gains = np.maximum(gains, -1e6)
    total = gains[0]
    previous = np.zeros((n_frames, n_candidates + 1), np.int64)
    cost = np.full((n_candidates + 1, n_candidates + 1), SWITCH_COST)
    cost[-1, -1] = 0.0
    for t in range(1, n_frames):
        cost[:-1, :-1] = JUMP_COST * np.abs(octaves[t - 1][:, None] - octaves[t])
        reached = total[:, None] - cost
        previous[t] = reached.argmax(axis=0)
        total = reached.max(axis=0) + gains[t]
    state = int(total.argmax())
    path = np.zeros(n_frames)
    for t in range(n_frames - 1, -1, -1):
        path[t] = lags[t, state] if state < n_candidates else 0.0
        state = int(previous[t, state])
    return path


def _band_masks(edges_hz: tuple[float, ...], sample_rate: int, n_fft: int) -> np.ndarray:
    """Return the bins of each band, ``(bands, bins)`` of 0 and 1; raise BadSetting unless the edges ascend."""
    if not edges_hz:
        return np.ones((1, n_fft // 2 + 1), np.float32)
    if len(edges_hz) < 2 or any(b <= a for a, b in pairwise(edges_hz)):
        raise BadSetting(f"The edges of the bands are {edges_hz}; they must be two or more numbers that rise.")
    bins_hz = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    return np.stack([(bins_hz >= a) & (bins_hz < b) for a, b in pairwise(edges_hz)]).astype(np.float32)


def _band_periodicity(power: np.ndarray, lag: np.ndarray, window_lags: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return the autocorrelation of each band at each frame's lag, ``(bands, frames)`` in [0, 1], 0 for lag 0."""
    n_bins = power.shape[1]
    cosines = np.cos(2 * np.pi * np.arange(n_bins) * lag[:, None] / (2 * (n_bins - 1)))  # (frames, bins)
    at_lag = masks @ (power * cosines).T  # (bands, frames)
    at_zero = masks @ power.T
    of_window = np.interp(LAGS_PER_SAMPLE * lag, np.arange(len(window_lags)), window_lags)
    return np.where(lag > 0, np.clip(at_lag / (np.maximum(at_zero, 1e-30) * of_window), 0.0, 1.0), 0.0)
