"""Views of a recording: random crops of its log-mel spectrogram, changed so that the sound remains recognisable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...base.ranges import RangedSettings, ranged

NATS_PER_DB = float(np.log(10) / 10)  # of a power
CURVE_POINTS = 8
MASKED = -200.0  # nats; silent whatever the peak
N_MASKS = 2  # over frequency, and as many over time
DEEPEST_CUT_DB = 60.0


@dataclass(frozen=True)
class ViewSettings(RangedSettings):
    """Ranges and probabilities of the changes that make a view of a log-mel spectrogram."""

    largest_shift_seconds: float = ranged(0.15, 0.0, 10.0)  # of a view from the middle, earlier or later
    largest_stretch: float = ranged(1.25, 1.0, 2.0)  # factor of the duration; its inverse is the smallest
    largest_warp: float = ranged(1.1, 1.0, 2.0)  # factor of the mel scale; its inverse is the smallest
    largest_bands: float = ranged(1.0, 0.0, 100.0)  # shift of all mel bands, up or down
    mix_probability: float = ranged(0.3, 0.0, 1.0)  # of another recording of the batch in the background
    loudest_mix_db: float = ranged(-10.0, -60.0, 0.0)  # peak of the background relative to the sound
    curve_db: float = ranged(4.0, 0.0, 30.0)  # standard deviation of the points of a random equaliser
    cut_probability: float = ranged(0.2, 0.0, 1.0)  # of a low cut and, apart, of a high cut
    noise_probability: float = ranged(0.3, 0.0, 1.0)  # of coloured noise
    loudest_noise_db: float = ranged(-20.0, -60.0, 0.0)  # relative to the peak
    mask_probability: float = ranged(0.3, 0.0, 1.0)  # of each mask
    frequency_mask_fraction: float = ranged(0.2, 0.0, 0.5)  # largest fraction of the bands that one mask covers
    time_mask_fraction: float = ranged(0.2, 0.0, 0.5)  # largest fraction of the frames that one mask covers

    def n_context_frames(self, n_frames: int, frame_rate: float) -> int:
        """Return the frames of a spectrogram from which any view of ``n_frames`` can be taken."""
        return int(np.ceil(n_frames * self.largest_stretch + 2 * self.largest_shift_seconds * frame_rate))


def draw_views(
    spectrograms: np.ndarray, n_frames: int, settings: ViewSettings, shift: float, seed: Sequence[int]
) -> np.ndarray:
    """Make one view of each spectrogram of a batch.

    - ``spectrograms``: ``(batch, n_mels, context_frames)``, natural logarithm of the power.
    - ``n_frames``: length of a view.
    - ``settings``: of the views.
    - ``shift``: largest shift of a view from the middle, in frames.
    - ``seed``: of the random numbers.
    - returns: ``(batch, n_mels, n_frames)`` float32, natural logarithm of the power; MASKED in masked bands and frames.

    References
    ----------
    D. Niizumi et al., "BYOL for Audio: Self-Supervised Learning for General-Purpose Audio Representation", 2021 (views
    by crops of other sizes and by backgrounds mixed in).
    D. S. Park et al., "SpecAugment", 2019 (masks).
    """
    rng = np.random.default_rng(seed)
    views = _resize(spectrograms, n_frames, settings, shift, rng)
    views = _equalise(views, settings, rng)
    peak = views.max((1, 2), keepdims=True)
    views = _mix(views - peak, settings, rng)  # 0 at the peak
    views = _add_noise(views, settings, rng) + peak
    return _mask(views, settings, rng).astype(np.float32)


def clean_statistics(spectrograms: np.ndarray, n_frames: int, range_db: float) -> np.ndarray:
    """Return mean, deviation and mean change over time of each band in the middle of spectrograms.

    - ``spectrograms``: ``(batch, n_mels, context_frames)``, natural logarithm of the power.
    - ``n_frames``: frames in the middle that count.
    - ``range_db``: below the peak; lower values count as silence.
    - returns: ``(batch, 3 * n_mels)`` float32, in units of the range.
    """
    first = (spectrograms.shape[2] - n_frames) // 2
    middle = spectrograms[:, :, first : first + n_frames]
    peak = middle.max((1, 2), keepdims=True)
    relative = np.maximum((middle - peak) / (NATS_PER_DB * range_db) + 1, 0)
    change = np.abs(np.diff(relative, axis=2)).mean(2)
    return np.concatenate([relative.mean(2), relative.std(2), change], 1).astype(np.float32)


def _resize(
    spectrograms: np.ndarray, n_frames: int, settings: ViewSettings, shift: float, rng: np.random.Generator
) -> np.ndarray:
    """Crop, stretch, and warp the mel scale, by linear interpolation."""
    n_clips, n_mels, n_context = spectrograms.shape
    stretch = np.exp(rng.uniform(-1, 1, (n_clips, 1)) * np.log(settings.largest_stretch))
    centre = (n_context - 1) / 2 + rng.uniform(-shift, shift, (n_clips, 1))
    frames = centre + stretch * (np.arange(n_frames) - (n_frames - 1) / 2)
    warp = np.exp(rng.uniform(-1, 1, (n_clips, 1)) * np.log(settings.largest_warp))
    offset = rng.uniform(-settings.largest_bands, settings.largest_bands, (n_clips, 1))
    bands = offset + warp * np.arange(n_mels)
    return _interpolate(_interpolate(spectrograms, frames, 2), bands, 1)


def _interpolate(values: np.ndarray, positions: np.ndarray, axis: int) -> np.ndarray:
    """Interpolate each row of a batch along an axis at ``positions (batch, n)``; the ends are repeated."""
    last = values.shape[axis] - 1
    positions = np.clip(positions, 0, last)
    lower = np.minimum(positions.astype(np.int64), max(last - 1, 0))
    weight = (positions - lower).astype(np.float32)
    shape = (len(values), 1, -1) if axis == 2 else (len(values), -1, 1)
    low, high = (
        np.take_along_axis(values, np.broadcast_to(index.reshape(shape), _shape_along(values, axis, index)), axis)
        for index in (lower, np.minimum(lower + 1, last))
    )
    interpolated: np.ndarray = low + weight.reshape(shape) * (high - low)
    return interpolated


def _shape_along(values: np.ndarray, axis: int, index: np.ndarray) -> tuple[int, ...]:
    """Return the shape of ``values`` with as many entries along ``axis`` as the index has in each row."""
    return tuple(index.shape[1] if each == axis else size for each, size in enumerate(values.shape))


def _equalise(views: np.ndarray, settings: ViewSettings, rng: np.random.Generator) -> np.ndarray:
    """Add a random smooth curve over the bands, and cut low and high ones."""
    n_clips, n_mels, _ = views.shape
    points = rng.normal(0, settings.curve_db, (n_clips, CURVE_POINTS, 1))
    at = np.broadcast_to(np.linspace(0, CURVE_POINTS - 1, n_mels), (n_clips, n_mels))
    curve_db = _interpolate(points, at, 1)  # (batch, n_mels, 1)
    bands = np.arange(n_mels)[None, :, None]
    for is_high in (False, True):
        is_cut = rng.random((n_clips, 1, 1)) < settings.cut_probability
        edge = rng.uniform(0, n_mels / (2 if is_high else 5), (n_clips, 1, 1))
        depth_db = 6 * np.maximum((bands - (n_mels - 1 - edge)) if is_high else (edge - bands), 0)  # 6 dB a band
        curve_db = curve_db - is_cut * np.minimum(depth_db, DEEPEST_CUT_DB)
    return views + NATS_PER_DB * curve_db


def _mix(views: np.ndarray, settings: ViewSettings, rng: np.random.Generator) -> np.ndarray:
    """Add another view of the batch in the background; all peaks are 0."""
    n_clips = len(views)
    is_mixed = rng.random((n_clips, 1, 1)) < settings.mix_probability
    gain_db = np.where(
        is_mixed, rng.uniform(settings.loudest_mix_db - 24, settings.loudest_mix_db, (n_clips, 1, 1)), -1e3
    )
    mixed: np.ndarray = np.logaddexp(views, views[rng.permutation(n_clips)] + NATS_PER_DB * gain_db)
    return mixed


def _add_noise(views: np.ndarray, settings: ViewSettings, rng: np.random.Generator) -> np.ndarray:
    """Add noise of a random colour; all peaks are 0."""
    n_clips, n_mels, _ = views.shape
    is_noisy = rng.random((n_clips, 1, 1)) < settings.noise_probability
    level_db = np.where(
        is_noisy, rng.uniform(settings.loudest_noise_db - 40, settings.loudest_noise_db, (n_clips, 1, 1)), -1e3
    )
    tilt_db = rng.uniform(-20, 10, (n_clips, 1, 1)) * np.linspace(0, 1, n_mels)[None, :, None]
    power = np.log(rng.standard_gamma(2.0, views.shape, np.float32) / 2 + 1e-6)
    noisy: np.ndarray = np.logaddexp(views, power + NATS_PER_DB * (level_db + tilt_db))
    return noisy


def _mask(views: np.ndarray, settings: ViewSettings, rng: np.random.Generator) -> np.ndarray:
    """Mask bands and frames."""
    for axis, largest in ((1, settings.frequency_mask_fraction), (2, settings.time_mask_fraction)):
        size = views.shape[axis]
        positions = np.arange(size).reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
        for _ in range(N_MASKS):
            width = rng.integers(0, round(largest * size) + 1, (len(views), 1, 1))
            width[rng.random(width.shape) >= settings.mask_probability] = 0
            start = rng.integers(0, size - width + 1)
            views = np.where((positions >= start) & (positions < start + width), MASKED, views)
    return views
