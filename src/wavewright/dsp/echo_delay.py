"""The delay of an echo: a search in blocks, and jumps to a sample where the echo path is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

MIN_POWER = 1e-10  # of a bin of a signal in [-1, 1], times the block length
LEAD_BLOCKS = 1  # that the filter starts before the delay, where the correlation is unsure

DELAY_SECONDS = 0.2  # time constant of the correlation between far end and microphone
MIN_COHERENCE = 0.5
"""Mean squared coherence of a delay over that expected by chance, less 1, from which on an echo counts as found."""
EARLY_FRACTION = 0.4  # of the largest coherence: the echo begins at the first delay that has as much
FIRST_SECONDS = 0.192  # of blocks, weighted by their age, before the first delay is taken
HOLD_SECONDS = 0.5  # for which another delay must be better before the filter moves
MIN_GAIN = 1.15  # of the coherence that the filter covers, by which another delay is better

EARLIEST_BLOCKS = -2  # first delay of a path: its first partitions may come before the far end, where they are 0
OVERLAP = 1 / 16  # of a block, by which the lags of neighbouring delays overlap
SETTLED_CORRELATION = 0.6  # of microphone and predicted echo, from which on no jump is looked for
MIN_CORRELATION = 0.25  # after a jump
MAX_JUMPS = 3  # of a path before it predicts the echo again: noise has no path
JUMP_GAIN, JUMP_MARGIN = 1.2, 0.03  # factor and difference by which the correlation after a jump is larger
JITTER_SAMPLES = 2  # lags around 0 that are no jump
ACTIVE_POWER = 0.1  # of the far end at the delay, relative to its mean, below which a block tells nothing new


class DelaySearch:
    """Estimate the delay of the echo in blocks, from the coherence of the microphone with each earlier far-end block.

    Where the path of the echo is known, its delay is estimated to a sample: the microphone is correlated with the echo
    that the path would predict from each delay on, a matched filter, which takes a few blocks instead of a second.

    - ``n_delays``: number of delays, from 0 on.
    - ``n_partitions``: blocks that the filter is long.
    - ``block_length``: samples of a block; spectra have one bin more.
    - ``blocks_per_second``: blocks of spectra in a second.

    References
    ----------
    C. Knapp, G. Carter, "The generalized correlation method for estimation of time delay", 1976 (the weighting by
    coherence, and the whitened correlation).
    """

    def __init__(self, n_delays: int, n_partitions: int, block_length: int, blocks_per_second: float) -> None:
        self._decay = float(np.exp(-1 / (DELAY_SECONDS * blocks_per_second)))
        self._n_hold = round(HOLD_SECONDS * blocks_per_second)
        self._n_first = FIRST_SECONDS * blocks_per_second
        self._n_delays, self._n_partitions, self._block_length = n_delays, n_partitions, block_length
        self.reset()

    def reset(self) -> None:
        """Forget all spectra."""
        n_bins = self._block_length // 2 + 1
        self.delay = 0
        self.is_detected = False
        self._cross = np.zeros((self._n_delays, n_bins), np.complex64)
        self._far_power = np.zeros((self._n_delays, n_bins), np.float32)
        self._microphone_power = np.zeros(n_bins, np.float32)
        self._weight = 0.0  # of all blocks so far
        self._square_weight = 0.0
        self._n_held = 0  # blocks for which another delay has been better
        self._candidate = 0  # samples of the last jump that was found once
        self._n_jumps = MAX_JUMPS  # since the path last predicted the echo, at first unknown

    def update(self, microphone: np.ndarray, far: np.ndarray) -> int:
        """Return the delay in blocks after a block.

        - ``microphone``: spectrum ``(bins,)`` complex64.
        - ``far``: spectra ``(delays, bins)`` of the far end, the newest first.
        """
        from .echo_kernels import correlate  # numba is slow to import

        decay = self._decay
        correlate(microphone, far, np.float32(decay), self._cross, self._far_power, self._microphone_power)
        self._weight = decay * self._weight + 1
        self._square_weight = decay**2 * self._square_weight + 1
        coherence = self.excess_coherence()
        largest = coherence.max()
        best = int(np.argmax(coherence >= EARLY_FRACTION * largest))
        if largest < MIN_COHERENCE or self._weight < self._n_first:
            self._n_held = 0
        elif not self.is_detected:
            self.delay, self.is_detected = best, True
        elif best != self.delay and self._covered(coherence, best) > MIN_GAIN * self._covered(coherence, self.delay):
            self._n_held += self._is_active(far)
            if self._n_held > self._n_hold:
                self.delay, self._n_held = best, 0
        else:
            self._n_held = 0
        return self.delay

    def _is_active(self, far: np.ndarray) -> bool:
        """Return whether the far end at the delay is about as loud as its mean, so that a block has something new."""
        mean_power = float(self._far_power[self.delay].sum()) / self._weight
        return float(np.vdot(far[self.delay], far[self.delay]).real) > ACTIVE_POWER * mean_power

    def _covered(self, coherence: np.ndarray, delay: int) -> float:
        """Return the sum of the coherence that a filter covers which begins at a delay."""
        start = max(delay - LEAD_BLOCKS, 0)
        return float(np.maximum(coherence[start : start + self._n_partitions], 0).sum())

    def excess_coherence(self) -> np.ndarray:
        """Return the mean squared coherence of each delay over that of unrelated signals, less 1, ``(delays,)``."""
        from .echo_kernels import average_coherence  # numba is slow to import

        floor = np.float32(MIN_POWER * len(self._microphone_power) * self._weight)
        squared = np.empty(self._n_delays, np.float32)
        average_coherence(self._cross, self._far_power, self._microphone_power, floor, squared)
        by_chance = self._square_weight / self._weight**2
        return squared / np.float32(by_chance) - 1

    def jump(self, path: np.ndarray, offset: int, far: np.ndarray) -> int:
        """Return by how many samples the echo has got later since a path was learned; 0 as long as that is unsure.

        A jump counts if it was found twice, with more correlation than the path has where it is.

        - ``path``: spectra ``(partitions, bins)`` complex64.
        - ``offset``: blocks before the first partition.
        - ``far``: as of the last :meth:`update`.
        """
        last, self._candidate = self._candidate, 0
        if not self.is_detected or not self._is_active(far):
            return 0
        here = float(np.abs(self._lags(path, offset, 1)[0, np.arange(-JITTER_SAMPLES, JITTER_SAMPLES + 1)]).max())
        if here > SETTLED_CORRELATION:
            self._n_jumps = 0
        if here > SETTLED_CORRELATION or self._n_jumps >= MAX_JUMPS:
            return 0
        n, n_fft = self._block_length, 2 * self._block_length
        lags = self._lags(path, EARLIEST_BLOCKS, self._n_delays - EARLIEST_BLOCKS)
        reach = round((0.5 + OVERLAP) * n)
        lags[:, reach : n_fft - reach] = 0
        row, lag = divmod(int(lags.argmax()), n_fft)
        if lags[row, lag] <= max(JUMP_GAIN * here + JUMP_MARGIN, MIN_CORRELATION):
            return 0
        samples = (EARLIEST_BLOCKS + row - offset) * n + (lag - n_fft if lag >= n else lag)
        if last and abs(samples - last) <= JITTER_SAMPLES:
            self._n_jumps += 1
            return samples
        self._candidate = samples
        return 0

    def follow(self, delay: int) -> None:
        """Continue from a delay in blocks, or from the largest one."""
        self.delay, self._n_held = min(delay, self._n_delays - 1), 0

    def _lags(self, path: np.ndarray, first: int, n_rows: int) -> np.ndarray:
        """Return the correlation ``(n_rows, lags)`` for a path that begins at each delay, 1 at most in the mean."""
        from scipy.fft import irfft  # slow to import

        from .echo_kernels import match  # numba is slow to import

        matched = np.empty((n_rows, self._cross.shape[1]), np.complex64)
        scale = np.empty(self._cross.shape[1], np.float32)
        match(self._cross, self._far_power, self._microphone_power, path, first, matched, scale)
        lags: np.ndarray = 4 * irfft(matched, 2 * self._block_length)
        return lags

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the next delays."""
        counters = [self.delay, self.is_detected, self._n_held, self._candidate, self._n_jumps]
        return {
            "cross": self._cross.copy(),
            "far_power": self._far_power.copy(),
            "microphone_power": self._microphone_power.copy(),
            "search": np.array(counters),
            "weights": np.array([self._weight, self._square_weight]),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where another search was."""
        self._cross = state["cross"].copy()
        self._far_power, self._microphone_power = state["far_power"].copy(), state["microphone_power"].copy()
        self._weight, self._square_weight = map(float, state["weights"])
        self.delay, is_detected, self._n_held, self._candidate, self._n_jumps = map(int, state["search"])
        self.is_detected = bool(is_detected)
