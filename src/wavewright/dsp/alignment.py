"""Monotonic alignment of frames to symbols: forward-backward, Viterbi, beta-binomial prior, averages and positions.

Frames pass through the symbols in order, one symbol a frame. A symbol lasts at least one frame; a skippable symbol may
last none.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

N_SYMBOL_POSITION_FEATURES = 4  # see symbol_position_features


def forward_sum(
    scores: np.ndarray, is_skippable: np.ndarray, n_frames: np.ndarray, n_symbols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum the probabilities of all alignments of each clip by the forward-backward algorithm.

    - ``scores``: log-probability of each symbol in each frame, ``(batch, frames, symbols)``.
    - ``is_skippable``: true for symbols that may last no frame, ``(batch, symbols)``.
    - ``n_frames``, ``n_symbols``: lengths of the clips, ``(batch,)``; what follows is padding.
    - returns ``log_probability``: ``(batch,)`` float64, -1e30 where there is no alignment.
    - returns ``posterior``: probability of each symbol in each frame, ``(batch, frames, symbols)`` float32: the
      gradient of ``log_probability`` with respect to ``scores``.

    References
    ----------
    L. Rabiner, "A tutorial on hidden Markov models", 1989; K. Shih et al., "RAD-TTS", 2021.
    """
    from .alignment_kernels import forward_backward

    posterior = np.zeros(scores.shape, np.float32)
    log_probability = np.empty(len(scores))
    for row, (frames, symbols) in enumerate(zip(n_frames, n_symbols, strict=True)):
        clip_scores = np.ascontiguousarray(scores[row, :frames, :symbols], np.float64)
        clip_posterior = np.zeros((int(frames), int(symbols)))
        log_probability[row] = forward_backward(clip_scores, is_skippable[row, :symbols], clip_posterior)
        posterior[row, :frames, :symbols] = clip_posterior
    return log_probability, posterior


def best_durations(
    scores: np.ndarray, is_skippable: np.ndarray, n_frames: np.ndarray, n_symbols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the durations of the symbols on the most probable alignment of each clip (Viterbi).

    - ``scores``, ``is_skippable``, ``n_frames``, ``n_symbols``: as for :func:`forward_sum`.
    - returns ``durations``: frames of each symbol, ``(batch, symbols)`` int64. A clip with fewer frames than symbols
      that must last has its frames divided at equal intervals.
    - returns ``is_aligned``: false for clips without an alignment, ``(batch,)``.
    """
    from .alignment_kernels import viterbi_path

    durations = np.zeros((len(scores), scores.shape[2]), np.int64)
    is_aligned = np.ones(len(scores), bool)
    for row, (frames, symbols) in enumerate(zip(n_frames, n_symbols, strict=True)):
        clip_scores = np.ascontiguousarray(scores[row, :frames, :symbols], np.float64)
        clip_durations = np.zeros(int(symbols), np.int64)
        is_aligned[row] = viterbi_path(clip_scores, is_skippable[row, :symbols], clip_durations)
        if not is_aligned[row]:
            clip_durations = np.diff(np.round(np.linspace(0, int(frames), int(symbols) + 1))).astype(np.int64)
        durations[row, :symbols] = clip_durations
    return durations, is_aligned


@lru_cache(maxsize=1)
def _log_factorials(largest: int) -> np.ndarray:
    """Return ``log(n!)`` for n from 0 to ``largest``."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])


def beta_binomial_prior(n_frames: int, n_symbols: int) -> np.ndarray:
    """Return the prior log-probability of each symbol in each frame.

    A beta-binomial distribution over the symbols whose mean moves linearly: frame ``t`` of ``T``, counted from 1, has
    ``alpha = t`` and ``beta = T - t + 1``.

    - ``n_frames``, ``n_symbols``: lengths of the clip.
    - returns: ``(frames, symbols)`` float32; the probabilities of each row sum to 1.

    References
    ----------
    K. Shih et al., "RAD-TTS", 2021.
    """
    largest = n_frames + n_symbols + 2
    table = _log_factorials(1 << max(12, largest.bit_length()))  # one table for all but the longest clips
    last = n_symbols - 1
    alpha = np.arange(1, n_frames + 1)[:, None]
    beta = n_frames + 1 - alpha
    symbol = np.arange(n_symbols)[None]
    log_binomial = table[last] - table[symbol] - table[last - symbol]
    log_beta = table[symbol + alpha - 1] + table[last - symbol + beta - 1] - table[last + n_frames]
    log_prior: np.ndarray = log_binomial + log_beta - table[alpha - 1] - table[beta - 1] + table[n_frames]
    return log_prior.astype(np.float32)


def averages_by_symbol(values: np.ndarray, weights: np.ndarray, durations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average values of frames over each symbol.

    - ``durations``: frames of each symbol, ``(symbols,)``; they sum to at most the number of frames.
    - returns ``mean``: weighted mean of the values of each symbol, ``(symbols,)`` float32, 0 for a symbol without
      frames or weight.
    - returns ``mean_weight``: mean of the weights of each symbol, ``(symbols,)`` float32, 0 for a symbol without
      frames.
    """
    ends = np.cumsum(durations)
    starts = ends - durations
    value_sums = np.concatenate([[0.0], np.cumsum(values * weights)])
    weight_sums = np.concatenate([[0.0], np.cumsum(weights)])
    weight = weight_sums[ends] - weight_sums[starts]
    mean = np.divide(value_sums[ends] - value_sums[starts], weight, out=np.zeros(len(ends)), where=weight > 1e-6)
    mean_weight = np.divide(weight, durations, out=np.zeros(len(ends)), where=durations > 0)
    return mean.astype(np.float32), mean_weight.astype(np.float32)


def symbol_position_features(durations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the symbol of each frame and features of the frame's position in it.

    - ``durations``: frames of each symbol, ``(symbols,)``.
    - returns ``symbols``: index of each frame's symbol, ``(frames,)`` int64.
    - returns ``features``: ``(frames, N_SYMBOL_POSITION_FEATURES)`` float32: relative position from -0.5 to 0.5,
      proximity to the start and to the end, log-duration.
    """
    symbols = np.repeat(np.arange(len(durations)), durations)
    starts = np.cumsum(durations) - durations
    index = np.arange(len(symbols)) - starts[symbols]
    duration = durations[symbols]
    remaining = duration - 1 - index
    features = [
        (index + 0.5) / duration - 0.5,
        np.exp(-index / 2),
        np.exp(-remaining / 2),
        0.5 * np.log(duration / 4),
    ]
    return symbols, np.stack(features, axis=1).astype(np.float32)
