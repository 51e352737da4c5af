"""Which frames belong to which symbol: sums over all monotonic alignments, the best one, and what is expected before listening.

Frames go through the symbols in order, one symbol a frame. A symbol may last any number of frames, at least one, but for those that are
skippable, which may last none. Nothing here may be imported where numba is too heavy to load.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from .compiled import compiled

NEVER = -1e30  # log-probability of what cannot be


@compiled
def _log_sum(a: float, b: float) -> float:
    """``log(exp(a) + exp(b))``."""
    if a < b:
        a, b = b, a
    return a + math.log1p(math.exp(b - a)) if b > NEVER / 2 else a


@compiled
def _forward_sum(scores: np.ndarray, is_skippable: np.ndarray, posterior: np.ndarray) -> float:
    """See :func:`forward_sum`, for one clip."""
    n_frames, n_symbols = scores.shape
    before = np.full((n_frames, n_symbols), NEVER)
    before[0, 0] = scores[0, 0]
    if n_symbols > 1 and is_skippable[0]:
        before[0, 1] = scores[0, 1]
    for frame in range(1, n_frames):
        for symbol in range(min(n_symbols, 2 * frame + 2)):
            total = before[frame - 1, symbol]
            if symbol >= 1:
                total = _log_sum(total, before[frame - 1, symbol - 1])
            if symbol >= 2 and is_skippable[symbol - 1]:
                total = _log_sum(total, before[frame - 1, symbol - 2])
            before[frame, symbol] = total + scores[frame, symbol] if total > NEVER / 2 else NEVER
    after = np.full(n_symbols, NEVER)  # of the frames behind one, given its symbol
    after[n_symbols - 1] = 0.0
    if n_symbols > 1 and is_skippable[n_symbols - 1]:
        after[n_symbols - 2] = 0.0
    log_total = before[n_frames - 1, n_symbols - 1] + after[n_symbols - 1]
    if n_symbols > 1:
        log_total = _log_sum(log_total, before[n_frames - 1, n_symbols - 2] + after[n_symbols - 2])
    if log_total < NEVER / 2:
        return NEVER
    arriving = np.empty(n_symbols)
    for frame in range(n_frames - 1, -1, -1):
        for symbol in range(n_symbols):
            log_share = before[frame, symbol] + after[symbol] - log_total
            posterior[frame, symbol] = math.exp(log_share) if log_share > -50.0 else 0.0
            arriving[symbol] = scores[frame, symbol] + after[symbol]
        for symbol in range(n_symbols):
            total = arriving[symbol]
            if symbol + 1 < n_symbols:
                total = _log_sum(total, arriving[symbol + 1])
            if symbol + 2 < n_symbols and is_skippable[symbol + 1]:
                total = _log_sum(total, arriving[symbol + 2])
            after[symbol] = max(total, NEVER)
    return log_total


@compiled
def _best_path(scores: np.ndarray, is_skippable: np.ndarray, durations: np.ndarray) -> bool:
    """See :func:`best_durations`, for one clip; False where there is no path."""
    n_frames, n_symbols = scores.shape
    steps = np.zeros((n_frames, n_symbols), np.int8)  # symbols that were passed to reach this one
    best = np.full(n_symbols, NEVER)
    best[0] = scores[0, 0]
    if n_symbols > 1 and is_skippable[0]:
        best[1] = scores[0, 1]
    for frame in range(1, n_frames):
        for symbol in range(n_symbols - 1, -1, -1):
            top, step = best[symbol], 0
            if symbol >= 1 and best[symbol - 1] > top:
                top, step = best[symbol - 1], 1
            if symbol >= 2 and is_skippable[symbol - 1] and best[symbol - 2] > top:
                top, step = best[symbol - 2], 2
            best[symbol] = top + scores[frame, symbol] if top > NEVER / 2 else NEVER
            steps[frame, symbol] = step
    symbol = n_symbols - 1
    if n_symbols > 1 and is_skippable[symbol] and best[symbol - 1] > best[symbol]:
        symbol -= 1
    if best[symbol] < NEVER / 2:
        return False
    durations[:] = 0
    for frame in range(n_frames - 1, -1, -1):
        durations[symbol] += 1
        symbol -= steps[frame, symbol]
    return True


def forward_sum(
    scores: np.ndarray, is_skippable: np.ndarray, n_frames: np.ndarray, n_symbols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The log of the summed probability of all alignments of each clip, and the probability of each symbol in each frame.

    ``scores (batch, frames, symbols)`` are log-probabilities, of which the first ``n_frames (batch,)`` and ``n_symbols (batch,)`` count;
    ``is_skippable (batch, symbols)``. Gives ``(batch,)`` float64, at most NEVER where there is no alignment, and
    ``(batch, frames, symbols)`` float32, which is the gradient of the former. The forward-backward algorithm of hidden Markov models
    (L. Rabiner, "A tutorial on hidden Markov models", 1989), as Shih et al., "RAD-TTS", 2021, use it.
    """
    posterior = np.zeros(scores.shape, np.float32)
    totals = np.empty(len(scores))
    for row, (frames, symbols) in enumerate(zip(n_frames, n_symbols, strict=True)):
        part = np.ascontiguousarray(scores[row, :frames, :symbols], np.float64)
        found = np.zeros((int(frames), int(symbols)))
        totals[row] = _forward_sum(part, is_skippable[row, :symbols], found)
        posterior[row, :frames, :symbols] = found
    return totals, posterior


def best_durations(
    scores: np.ndarray, is_skippable: np.ndarray, n_frames: np.ndarray, n_symbols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The frames of each symbol on the best alignment of each clip, ``(batch, symbols)`` int64, and whether there is one ``(batch,)``.

    Arguments as in :func:`forward_sum`. Where a clip has fewer frames than symbols that last, its frames are dealt out evenly.
    """
    durations = np.zeros((len(scores), scores.shape[2]), np.int64)
    is_found = np.ones(len(scores), bool)
    for row, (frames, symbols) in enumerate(zip(n_frames, n_symbols, strict=True)):
        part = np.ascontiguousarray(scores[row, :frames, :symbols], np.float64)
        found = np.zeros(int(symbols), np.int64)
        is_found[row] = _best_path(part, is_skippable[row, :symbols], found)
        if not is_found[row]:
            found = np.diff(np.round(np.linspace(0, int(frames), int(symbols) + 1))).astype(np.int64)
        durations[row, :symbols] = found
    return durations, is_found


@lru_cache(maxsize=1)
def _log_factorials(largest: int) -> np.ndarray:
    """``log(n!)`` for n from 0 to ``largest``."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])


def beta_binomial_prior(n_frames: int, n_symbols: int) -> np.ndarray:
    """The log-probability of each symbol in each frame before anything was heard, ``(frames, symbols)`` float32; rows sum to 1.

    A beta-binomial distribution over the symbols whose middle moves evenly (Shih et al., "RAD-TTS", 2021): frame ``t`` of ``T`` has
    ``alpha = t`` and ``beta = T - t + 1``.
    """
    needed = n_frames + n_symbols + 2
    table = _log_factorials(1 << max(12, needed.bit_length()))  # one table for all but the longest clips
    last = n_symbols - 1
    alpha = np.arange(1, n_frames + 1)[:, None]
    beta = n_frames + 1 - alpha
    symbol = np.arange(n_symbols)[None]
    choices = table[last] - table[symbol] - table[last - symbol]
    hits = table[symbol + alpha - 1] + table[last - symbol + beta - 1] - table[last + n_frames]
    return (choices + hits - table[alpha - 1] - table[beta - 1] + table[n_frames]).astype(np.float32)


def averages_by_symbol(values: np.ndarray, weights: np.ndarray, durations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weighted mean of ``values (frames,)`` over the frames of each symbol, and the mean of the ``weights (frames,)`` themselves.

    ``durations (symbols,)`` sum to at most the frames. Both are ``(symbols,)`` float32, 0 where a symbol has no frame, or no weight.
    """
    ends = np.cumsum(durations)
    starts = ends - durations
    weighed = np.concatenate([[0.0], np.cumsum(values * weights)])
    weight = np.concatenate([[0.0], np.cumsum(weights)])
    of_weight = weight[ends] - weight[starts]
    mean = np.divide(weighed[ends] - weighed[starts], of_weight, out=np.zeros(len(ends)), where=of_weight > 1e-6)
    share = np.divide(of_weight, durations, out=np.zeros(len(ends)), where=durations > 0)
    return mean.astype(np.float32), share.astype(np.float32)
