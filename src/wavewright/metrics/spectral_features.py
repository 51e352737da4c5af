"""Spectral features of the log-mel embeddings: coarse log-mel spectrogram, spectral flux and tonality."""

from __future__ import annotations

import numpy as np

FRAME_SECONDS = 0.0464
N_MELS = 24
N_SPANS = 8
N_COARSE_BANDS = 8
N_COARSE_SPANS = 3
COARSE_WEIGHT = 2.0
"""Factor of flux and tonality, relative to the log-mel spectrogram."""


def frame_samples(sample_rate: int) -> int:
    """Return the length of a frame: the power of two nearest to 46 ms on a logarithmic scale, in samples."""
    return int(2 ** round(np.log2(FRAME_SECONDS * sample_rate)))


def spectral_features(
    power: np.ndarray, filters: np.ndarray, floor_db: float, geometric: bool = True, pad_flux: bool = True
) -> list[np.ndarray]:
    """Compute the normalised features of one clip.

    The Euclidean distance between the concatenated features of two clips reads in dB. Levels are relative to the
    loudest cell of the coarse spectrogram, so the gain of a clip does not count.

    Parameters
    ----------
    power : np.ndarray
        Power spectrogram, ``(frames, bins)``, of at least ``N_SPANS`` frames.
    filters : np.ndarray
        Mel filter bank, ``(N_MELS, bins)``.
    floor_db : float
        Lowest level, in dB.
    geometric : bool
        Whether the length of the time spans grows geometrically (see :func:`span_edges`).
    pad_flux : bool
        Whether the last frame, which has no successor, counts as a frame of no flux.

    Returns
    -------
    list of np.ndarray
        Coarse log-mel spectrogram ``(192,)``, spectral flux ``(24,)`` and tonality ``(24,)``.
    """
    mel_power = power @ filters.T  # (frames, mels)
    coarse_power = mean_of_spans(mel_power, N_SPANS, geometric)
    loudest = coarse_power.max()  # a float64 scalar, so levels are computed in double precision
    level_db = decibels(mel_power, loudest, floor_db)
    flux_db = np.abs(np.diff(level_db, axis=0, append=level_db[-1:]) if pad_flux else np.diff(level_db, axis=0))
    tonality_db = band_tonality_db(power, filters, floor_db)
    return [
        rms_normalised(decibels(coarse_power, loudest, floor_db)),
        COARSE_WEIGHT * rms_normalised(coarse_mean(flux_db, geometric)),
        COARSE_WEIGHT * rms_normalised(coarse_mean(tonality_db, geometric)),
    ]


def decibels(power: np.ndarray, loudest: float, floor_db: float) -> np.ndarray:
    """Return power in dB relative to ``loudest``, not below ``floor_db``; silence is at the floor."""
    floor = 10.0 ** (floor_db / 10.0)
    return np.asarray(10.0 * np.log10(np.maximum(power / max(loudest, np.finfo(np.float32).tiny), floor)))


def band_tonality_db(power: np.ndarray, filters: np.ndarray, floor_db: float) -> np.ndarray:
    """Compute the tonality of each mel band: minus its spectral flatness, in dB.

    That is the level of the arithmetic mean over the bins of a band minus that of their geometric mean: about 2.5 dB
    for noise, much more for a few partials.

    Parameters
    ----------
    power : np.ndarray
        Power spectrogram, ``(frames, bins)``.
    filters : np.ndarray
        Mel filter bank, ``(mels, bins)``; only the extent of each band counts.
    floor_db : float
        Lowest level of a band, in dB relative to the loudest bin.

    Returns
    -------
    np.ndarray
        Tonality in dB, ``(frames, mels)``.

    References
    ----------
    J. D. Johnston, "Transform coding of audio signals using perceptual noise criteria", 1988 (spectral flatness).
    """
    mask = (filters > 0).astype(power.dtype)
    mask /= mask.sum(axis=1, keepdims=True)
    loudest = power.max()
    bin_floor_db = floor_db - 10.0  # a band sums many bins, so a single bin may be quieter
    mean_db = decibels(power @ mask.T, loudest, bin_floor_db)
    return np.asarray(mean_db - decibels(power, loudest, bin_floor_db) @ mask.T)


def coarse_mean(values: np.ndarray, geometric: bool = True) -> np.ndarray:
    """Average ``(frames, mels)`` over time spans and groups of bands: ``(N_COARSE_SPANS, N_COARSE_BANDS)``."""
    spans = mean_of_spans(values, N_COARSE_SPANS, geometric)
    return np.asarray(spans.reshape(N_COARSE_SPANS, N_COARSE_BANDS, -1).mean(axis=-1))


def mean_of_spans(values: np.ndarray, n_spans: int, geometric: bool = True) -> np.ndarray:
    """Average ``(frames, ...)`` over the time spans of :func:`span_edges`: ``(n_spans, ...)``."""
    edges = span_edges(len(values), n_spans, geometric)
    sums = np.add.reduceat(values, edges[:-1], axis=0)
    return np.asarray(sums / np.diff(edges).reshape(-1, *[1] * (values.ndim - 1)))


def span_edges(n_frames: int, n_spans: int, geometric: bool = True) -> list[int]:
    """Return the bounds of consecutive time spans.

    Parameters
    ----------
    n_frames : int
        Frames to divide, at least ``n_spans``.
    n_spans : int
        Number of spans.
    geometric : bool
        Spans grow by a constant factor from one frame on if True, and are equally long otherwise.

    Returns
    -------
    list of int
        Indices of frames, ``n_spans + 1``, from 0 to ``n_frames``.
    """
    if geometric:
        ideal = np.geomspace(1.0, n_frames + 1.0, n_spans + 1) - 1.0
    else:
        ideal = np.linspace(0.0, n_frames, n_spans + 1)
    edges = [0]
    for edge in ideal[1:]:
        edges.append(max(round(edge), edges[-1] + 1))
    return [*edges[:-1], n_frames]


def rms_normalised(values: np.ndarray) -> np.ndarray:
    """Flatten ``values`` and divide by the root of their number, so that distances are root mean squares."""
    return np.asarray(values.ravel() / np.sqrt(values.size))
