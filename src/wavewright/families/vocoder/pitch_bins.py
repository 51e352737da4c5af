"""Pitch as bins, equally spaced in octaves: the classes of the network's pitch logits."""

from __future__ import annotations

import numpy as np

MIN_F0_HZ = 50.0
MAX_F0_HZ = 600.0
N_PITCH_BINS = 128
OCTAVES_PER_BIN = float(np.log2(MAX_F0_HZ / MIN_F0_HZ)) / (N_PITCH_BINS - 1)
DECODE_RADIUS = 2  # bins on each side of the most likely one that the decoded pitch is averaged over


def bin_to_hz(pitch_bin: np.ndarray) -> np.ndarray:
    """Return the pitch in hertz of fractional pitch bins."""
    f0_hz: np.ndarray = MIN_F0_HZ * np.exp2(np.asarray(pitch_bin) * OCTAVES_PER_BIN)
    return f0_hz


def hz_to_bin(f0_hz: np.ndarray) -> np.ndarray:
    """Return fractional pitch bins, clipped to the first and the last one; the inverse of :func:`bin_to_hz`."""
    pitch_bin = np.log2(np.asarray(f0_hz, np.float64) / MIN_F0_HZ) / OCTAVES_PER_BIN
    return np.clip(pitch_bin, 0, N_PITCH_BINS - 1)


def logits_to_hz(logits: np.ndarray) -> np.ndarray:
    """Decode the pitch as the mean of the most likely bin and the bins around it, weighted by their probabilities.

    - ``logits``: ``(intervals, N_PITCH_BINS)``.
    - returns: hz, ``(intervals,)`` float64.

    References
    ----------
    J. W. Kim et al., "CREPE: A Convolutional Representation for Pitch Estimation", 2018.
    """
    intervals = np.arange(len(logits))
    peak = np.clip(logits.argmax(axis=1), DECODE_RADIUS, N_PITCH_BINS - 1 - DECODE_RADIUS)
    max_logit = logits.max(axis=1).astype(np.float64)
    total_weight = np.zeros(len(logits))
    weighted_offset = np.zeros(len(logits))
    for offset in range(-DECODE_RADIUS, DECODE_RADIUS + 1):
        weight = np.exp(logits[intervals, peak + offset] - max_logit)
        total_weight += weight
        weighted_offset += weight * offset
    return bin_to_hz(peak + weighted_offset / total_weight)
