"""Evidence for a mark, with a bound on false positives that holds for every sound.

Let ``y`` be any numbers computed from a sound without the key, and ``c`` signs drawn at random, each -1 or 1 with equal
chance, independently of the sound. For ``z = y . c / |y|`` and every ``a``,

    E exp(a z) = prod cosh(a y_i / |y|) <= prod exp(a^2 y_i^2 / (2 |y|^2)) = exp(a^2 / 2),

since ``cosh(x) <= exp(x^2 / 2)``. So ``e = exp(a z - a^2 / 2)`` has a mean of at most 1, whatever the sound is, if it
was not marked with this key: ``e`` is an e-value (V. Vovk, R. Wang, 2021: E-values: calibration, combination and
applications). The same holds for a weighted mean of e-values, here over positions, payloads, speeds and windows,
however they depend on each other, and for a product over sequences with signs of their own; leaving out terms of a mean
lowers it. By Markov's inequality, an e-value reaches 1 / p with a probability of at most p. A cyclic shift of ``c``
consists of random signs too. The key's signs come from SHAKE-256, which stands for random ones.
"""

from __future__ import annotations

import math

import numpy as np

from .payload import HIGHEST_HARMONIC, LOWEST_HARMONIC, N_CHIPS, N_SEQUENCES, SHIFT_CHIPS, sequence_spectra

MAX_P_VALUE = 1e-6
"""A mark is detected if the bound on the chance of a false positive is at most this."""

SLOPE = 9.0
"""The ``a`` of the e-value of all sequences together: near the score at which a mark of 3 s is detected."""

_SLOPE_OF_ONE = SLOPE / math.sqrt(N_SEQUENCES)


def p_value_of(log_evidence: float) -> float:
    """Return the bound on the chance of such evidence without a mark."""
    return math.exp(-max(log_evidence, 0.0))


def log_sum(logs: np.ndarray) -> np.ndarray:
    """Return the logarithm of the sum of exponentials along the last axis."""
    highest = logs.max(axis=-1)
    return np.asarray(highest + np.log(np.exp(logs - highest[..., None]).sum(axis=-1)))


def scores_of(folded: np.ndarray, key: str) -> np.ndarray:
    """Return the scores ``z`` of folded sound ``(..., harmonics)`` at all positions, ``(..., N_SEQUENCES, N_CHIPS)``.

    ``folded`` are the harmonics of one period ``y (N_CHIPS,)``, which has no others.
    """
    return np.asarray(_products(folded, key) / _norm(folded)[..., None, None])


def highest_scores(folded: np.ndarray, key: str) -> np.ndarray:
    """Return the sums of the highest scores of the sequences, of either polarity, ``(...,)``, to rank folded sounds."""
    products = _products(folded, key)
    highest = np.maximum(products.max(axis=-1).sum(axis=-1), -products.min(axis=-1).sum(axis=-1))
    return np.asarray(highest / _norm(folded))


def _products(folded: np.ndarray, key: str) -> np.ndarray:
    """Return the sums of products with the signs at all positions ``(..., N_SEQUENCES, N_CHIPS)``."""
    return _waves_of(folded[..., None, :] * np.conj(sequence_spectra(key)).astype(folded.dtype))


def _norm(folded: np.ndarray) -> np.ndarray:
    """Return the norm of one period ``(...,)``, above 0."""
    return np.asarray(np.maximum(np.sqrt(2.0 * (np.abs(folded) ** 2).sum(axis=-1) / N_CHIPS), 1e-30))


def _waves_of(harmonics: np.ndarray) -> np.ndarray:
    """Return periods ``(..., N_CHIPS)`` by their harmonics."""
    spectrum = np.zeros((*harmonics.shape[:-1], N_CHIPS // 2 + 1), harmonics.dtype)
    spectrum[..., LOWEST_HARMONIC:HIGHEST_HARMONIC] = harmonics
    return np.fft.irfft(spectrum, N_CHIPS)


def log_evidence_of(scores: np.ndarray) -> np.ndarray:
    """Return the logarithm of the e-value of scores ``(..., N_SEQUENCES, N_CHIPS)``.

    It is the mean over positions, payloads and both polarities, since sound is often inverted.

    The shifts of a byte, multiples of SHIFT_CHIPS, reach each position of one residue once, so that the mean over its
    256 values is the same for all positions of a residue.
    """
    logs = _SLOPE_OF_ONE * np.stack([scores, -scores]) - _SLOPE_OF_ONE**2 / 2
    by_residue = logs.reshape(*logs.shape[:-1], N_CHIPS // SHIFT_CHIPS, SHIFT_CHIPS).swapaxes(-1, -2)
    means = log_sum(by_residue) - math.log(N_CHIPS // SHIFT_CHIPS)  # (..., N_SEQUENCES, SHIFT_CHIPS)
    of_polarities = log_sum(means.sum(axis=-2)) - math.log(SHIFT_CHIPS)
    return np.asarray(np.logaddexp(*of_polarities) - math.log(2.0))


def best_position(scores: np.ndarray) -> tuple[float, int, tuple[int, int]]:
    """Return the highest score of all sequences together, its position in chips and the bytes of the payload.

    - ``scores``: ``(N_SEQUENCES, N_CHIPS)``.
    - returns: the score is negative for inverted sound.
    """
    upright, inverted = _highest_sum(scores), _highest_sum(-scores)
    return upright if upright[0] >= inverted[0] else (-inverted[0], *inverted[1:])


def _highest_sum(scores: np.ndarray) -> tuple[float, int, tuple[int, int]]:
    by_residue = scores.reshape(N_SEQUENCES, N_CHIPS // SHIFT_CHIPS, SHIFT_CHIPS)
    peaks, residues = by_residue.argmax(axis=1), by_residue.max(axis=1).sum(axis=0)
    residue = int(residues.argmax())
    position, *shifted = (int(peak) for peak in peaks[:, residue])
    n_shifts = N_CHIPS // SHIFT_CHIPS
    first, second = ((shift - position) % n_shifts for shift in shifted)
    total = float(residues[residue]) / math.sqrt(N_SEQUENCES)
    return total, position * SHIFT_CHIPS + residue, (first, second)
