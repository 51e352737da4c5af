"""Pitch and periodicity of a wave, frame by frame, from its autocorrelation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..errors import BadSetting
from .spectrum import frame, hann_window, power_spectrum

PERIODS = 3  # of the lowest pitch in a frame: the least that an autocorrelation needs (Boersma, 1993)
N_CANDIDATES = 6  # pitches of a frame that the path may go through
VOICED_FROM = 0.45  # periodicity that an unvoiced frame is worth on the path
OCTAVE_COST = (
    0.03  # of each octave that a candidate lies below the highest pitch, since multiples of a period repeat as well
)
JUMP_COST = 0.35  # of each octave from frame to frame
SWITCH_COST = 0.14  # between voiced and unvoiced
FINENESS = 4  # lags a sample: the peaks of a bright voice are narrower than a sample
SILENT_POWER = 1e-10  # mean square below which a frame has no pitch

BLOCK_FRAMES = 1024
"""Frames looked at a time, so that memory stays small for a wave of any length."""


@dataclass(frozen=True)
class PitchTrack:
    """What :func:`track_pitch` found: ``f0_hz (frames,)``, 0 where unvoiced, and ``periodicity (bands, frames)`` in [0, 1].

    A periodicity is the share of a band's power that repeats from period to period; ``periodicity / (1 - periodicity)`` is the
    harmonics-to-noise ratio. Where no pitch was found it is 0.
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
) -> PitchTrack:
    """The pitch of ``wave (time,)`` every ``hop_length`` samples, frame ``t`` centred on sample ``t * hop_length``.

    The maxima of each frame's autocorrelation, divided by that of its window, are candidates (P. Boersma, "Accurate short-term
    analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled sound", 1993); the best path through them
    avoids jumps. Bands lie between neighbours of ``band_edges_hz``; without, one band holds everything. Raises BadSetting where the
    limits are impossible.
    """
    if not 0 < f_min_hz < f_max_hz <= sample_rate / 4:
        raise BadSetting(
            f"The pitch limits are {f_min_hz} to {f_max_hz} Hz; they must rise and end at a quarter of the sample rate "
            f"({sample_rate / 4} Hz)."
        )
    heard = _Heard.of(wave, sample_rate, hop_length, f_min_hz)
    masks = _band_masks(band_edges_hz, sample_rate, heard.n_fft)
    found = [_candidates(power, heard, sample_rate / f_max_hz, sample_rate / f_min_hz) for power in heard.blocks()]
    lags, strengths = (np.concatenate(parts) for parts in zip(*found, strict=True))
    lag = _best_path(lags, strengths)  # (frames,), 0 where unvoiced
    periodicity, start = np.zeros((len(masks), len(lag)), np.float32), 0
    for power in heard.blocks():
        part = slice(start, start + len(power))
        periodicity[:, part] = _band_periodicity(power, lag[part], heard.window_lags, masks)
        start = part.stop
    f0_hz = np.divide(sample_rate, lag, out=np.zeros_like(lag), where=lag > 0)
    return PitchTrack(f0_hz.astype(np.float32), periodicity)


def f0_to_octaves(f0_hz: np.ndarray, middle_hz: float) -> np.ndarray:
    """Octaves of ``f0_hz (frames,)`` above ``middle_hz``; where it is 0 (unvoiced) on a line between voiced neighbours, or 0 without any."""
    voiced = np.flatnonzero(f0_hz > 0)
    if not voiced.size:
        return np.zeros(len(f0_hz))
    return np.interp(np.arange(len(f0_hz)), voiced, np.log2(f0_hz[voiced] / middle_hz))


@dataclass(frozen=True)
class _Heard:
    """A wave cut into overlapping ``frames (frames, length)``, the window they are seen through and that window's autocorrelation."""

    frames: np.ndarray
    window: np.ndarray
    window_lags: np.ndarray  # FINENESS a sample, 1 at lag 0
    n_fft: int

    @classmethod
    def of(cls, wave: np.ndarray, sample_rate: int, hop_length: int, f_min_hz: float) -> _Heard:
        length = 2 * round(PERIODS * sample_rate / f_min_hz / 2)
        n_fft = 1 << (3 * length // 2 - 1).bit_length()  # room for every lag without wrapping around
        window = hann_window(length)
        window_lags = np.fft.irfft(power_spectrum(np.fft.rfft(window, n_fft)), FINENESS * n_fft)
        frames = frame(np.pad(np.asarray(wave, np.float32), length // 2), length, hop_length)
        return cls(frames, window, window_lags / window_lags[0], n_fft)

    def blocks(self) -> Iterator[np.ndarray]:
        """The power spectra of BLOCK_FRAMES frames at a time, ``(frames, bins)``."""
        for start in range(0, len(self.frames), BLOCK_FRAMES):
            block = self.frames[start : start + BLOCK_FRAMES]
            yield power_spectrum(np.fft.rfft((block - block.mean(axis=1, keepdims=True)) * self.window, self.n_fft))


def _candidates(power: np.ndarray, heard: _Heard, shortest: float, longest: float) -> tuple[np.ndarray, np.ndarray]:
    """Lags in samples and autocorrelations of the N_CANDIDATES largest maxima of each frame, both ``(frames, candidates)``."""
    correlation = np.fft.irfft(power, FINENESS * heard.n_fft)  # a longer inverse transform interpolates between lags
    correlation[correlation[:, 0] < SILENT_POWER * len(heard.window) / FINENESS] = 0.0
    lags = np.arange(int(np.ceil(FINENESS * shortest)) - 1, int(FINENESS * longest) + 2)
    ratio = correlation[:, lags] / (np.maximum(correlation[:, :1], 1e-30) * heard.window_lags[lags])
    before, here, after = ratio[:, :-2], ratio[:, 1:-1], ratio[:, 2:]
    strength = np.where((here >= before) & (here > after) & (here > 0), here, -np.inf)
    # A parabola through a maximum and its neighbours has its top here.
    bend = before - 2 * here + after
    shift = np.clip(0.5 * (before - after) / np.where(bend < 0, bend, -1.0), -0.5, 0.5)
    top = np.where(np.isfinite(strength), np.minimum(here - 0.25 * (before - after) * shift, 1.0), -np.inf)
    best = np.argsort(-top, axis=1, kind="stable")[:, :N_CANDIDATES]
    return np.take_along_axis(lags[1:-1] + shift, best, 1) / FINENESS, np.take_along_axis(top, best, 1)


def _best_path(lags: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """The lag of each frame ``(frames,)``, 0 where unvoiced: the path of largest strength less what its jumps cost (Viterbi)."""
    n_frames, n_candidates = lags.shape
    octaves = np.log2(lags)
    gains = np.concatenate(
        [strengths - OCTAVE_COST * (octaves - octaves.min()), np.full((n_frames, 1), VOICED_FROM)], axis=1
    )
    gains = np.maximum(gains, -1e6)
    total, came_from = gains[0], np.zeros((n_frames, n_candidates + 1), np.int64)
    cost = np.full((n_candidates + 1, n_candidates + 1), SWITCH_COST)
    cost[-1, -1] = 0.0
    for number in range(1, n_frames):
        cost[:-1, :-1] = JUMP_COST * np.abs(octaves[number - 1][:, None] - octaves[number])
        reached = total[:, None] - cost
        came_from[number] = reached.argmax(axis=0)
        total = reached.max(axis=0) + gains[number]
    state = int(total.argmax())
    path = np.zeros(n_frames)
    for number in range(n_frames - 1, -1, -1):
        path[number] = lags[number, state] if state < n_candidates else 0.0
        state = int(came_from[number, state])
    return path


def _band_masks(edges_hz: tuple[float, ...], sample_rate: int, n_fft: int) -> np.ndarray:
    """Which bins belong to each band, ``(bands, bins)`` of 0 and 1; raises BadSetting for edges that do not rise."""
    if not edges_hz:
        return np.ones((1, n_fft // 2 + 1), np.float32)
    if len(edges_hz) < 2 or any(b <= a for a, b in pairwise(edges_hz)):
        raise BadSetting(f"The edges of the bands are {edges_hz}; they must be two or more numbers that rise.")
    bins_hz = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    return np.stack([(bins_hz >= a) & (bins_hz < b) for a, b in pairwise(edges_hz)]).astype(np.float32)


def _band_periodicity(power: np.ndarray, lag: np.ndarray, window_lags: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Autocorrelation of each band at each frame's lag, ``(bands, frames)`` in [0, 1], 0 where the lag is."""
    n_bins = power.shape[1]
    turns = np.cos(2 * np.pi * np.arange(n_bins) * lag[:, None] / (2 * (n_bins - 1)))  # (frames, bins)
    at_lag, at_zero = masks @ (power * turns).T, masks @ power.T  # (bands, frames) each
    of_window = np.interp(FINENESS * lag, np.arange(len(window_lags)), window_lags)
    return np.where(lag > 0, np.clip(at_lag / (np.maximum(at_zero, 1e-30) * of_window), 0.0, 1.0), 0.0)
