"""Which frames belong to which symbol: sums over all monotonic alignments, the best one, and what is expected before listening.

Frames go through the symbols in order, one symbol a frame. A symbol may last any number of frames, at least one, but for those that are
skippable, which may last none.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

N_POSITION_FEATURES = 4  # see position_features


def forward_sum(
    scores: np.ndarray, is_skippable: np.ndarray, n_frames: np.ndarray, n_symbols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The log of the summed probability of all alignments of each clip, and the probability of each symbol in each frame.

    ``scores (batch, frames, symbols)`` are log-probabilities, of which the first ``n_frames (batch,)`` and ``n_symbols (batch,)`` count;
    ``is_skippable (batch, symbols)``. Gives ``(batch,)`` float64, -1e30 where there is no alignment, and
    ``(batch, frames, symbols)`` float32, which is the gradient of the former. The forward-backward algorithm of hidden Markov models
    (L. Rabiner, "A tutorial on hidden Markov models", 1989), as Shih et al., "RAD-TTS", 2021, use it.
    """
    from .alignment_kernels import forward_backward

    posterior = np.zeros(scores.shape, np.float32)
    totals = np.empty(len(scores))
    for row, (frames, symbols) in enumerate(zip(n_frames, n_symbols, strict=True)):
        part = np.ascontiguousarray(scores[row, :frames, :symbols], np.float64)
        found = np.zeros((int(frames), int(symbols)))
        totals[row] = forward_backward(part, is_skippable[row, :symbols], found)
        posterior[row, :frames, :symbols] = found
    return totals, posterior


def best_durations(
    scores: np.ndarray, is_skippable: np.ndarray, n_frames: np.ndarray, n_symbols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The frames of each symbol on the best alignment of each clip, ``(batch, symbols)`` int64, and whether there is one ``(batch,)``.

    Arguments as in :func:`forward_sum`. Where a clip has fewer frames than symbols that last, its frames are dealt out evenly.
    """
    from .alignment_kernels import viterbi_path

    durations = np.zeros((len(scores), scores.shape[2]), np.int64)
    is_found = np.ones(len(scores), bool)
    for row, (frames, symbols) in enumerate(zip(n_frames, n_symbols, strict=True)):
        part = np.ascontiguousarray(scores[row, :frames, :symbols], np.float64)
        found = np.zeros(int(symbols), np.int64)
        is_found[row] = viterbi_path(part, is_skippable[row, :symbols], found)
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


def position_features(durations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The symbol of each frame ``(frames,)`` int64 and where in it the frame lies ``(frames, N_POSITION_FEATURES)`` float32.

    ``durations (symbols,)`` are frames. Features are the share of the symbol that is past, how near its two ends are, and the logarithm
    of how long it lasts.
    """
    places = np.repeat(np.arange(len(durations)), durations)
    starts = np.cumsum(durations) - durations
    index = np.arange(len(places)) - starts[places]
    length = durations[places]
    left = length - 1 - index
    rows = [(index + 0.5) / length - 0.5, np.exp(-index / 2), np.exp(-left / 2), 0.5 * np.log(length / 4)]
    return places, np.stack(rows, axis=1).astype(np.float32)
