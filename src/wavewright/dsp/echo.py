"""Linear echo cancellation: a partitioned-block frequency-domain Kalman filter that follows the delay of the echo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting
from ..base.ranges import RangedSettings, ranged

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
        """Return the delay in blocks after a block ``(bins,)``; the far end ``(delays, bins)`` has the newest first."""
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


INITIAL_UNCERTAINTY = 1.0  # variance of the unknown echo path, of each partition and bin
SMOOTHING = 0.5  # of the power of the error, per block
CONSTRAINED_EVERY = 3  # blocks: each partition is cut to a block again as often

RESIDUAL_SMOOTHING = 0.93  # of the correlation of error and estimated echo, per block
RESIDUAL_COHERENCE = 1.5  # over that expected by chance, less 1, from which on the path is learned anew
RESIDUAL_NOISE = 0.03  # of the path for each unit of coherence beyond, relative to its power in the partition
PREDICTION_SMOOTHING = 0.99  # of products of microphone and estimated echo, per block
CHANCE_GAIN = 0.25  # that an echo may have which was learned from the near end alone
MAX_GROWTH = 2.0  # of the error's power over that of the microphone, from which on the filter has diverged
DIVERGENCE_SMOOTHING = 0.9  # of both powers, per block

ONSET_POWER = 0.01  # of a partition in which the path begins, relative to the loudest one

JUMP_EVERY = 4  # blocks
SAVED_EVERY = 32  # blocks: a path from before a jump is 1 to 2 times as old
JUMP_UNCERTAINTY = 0.01  # of the path after a jump, at least, relative to its power
JUMP_MEMORY = 0.02  # factor of what is known about the gain of the echo

DRIFT_SMOOTHING = 0.995  # of what is known about the drift, per block
MAX_FORGOTTEN = 20.0  # of it, times what a block tells: a silent far end changes nothing
DRIFT_GAIN = 1.0  # of the drift in samples per block, for each sample of delay
MAX_DRIFT = 0.1  # samples per block
MIN_INFORMATION = 1.0  # about the drift, inverse square samples


@dataclass(frozen=True)
class EchoSettings(RangedSettings):
    """Settings of the linear echo canceller; raises BadSetting for a number out of its range."""

    block_length: int = ranged(256, 16, 8_192)  # samples; the Fourier transforms have twice as many
    n_partitions: int = ranged(13, 1, 256)  # blocks that the echo path is long
    max_delay_blocks: int = ranged(40, 0, 1_000)  # largest delay of the echo besides the path
    transition: float = ranged(0.9999, 0.9, 1.0)  # factor of the echo path from block to block


class LinearEchoCanceller:
    """Subtract the echo of a far-end signal from a microphone signal, block by block.

    The echo path is a filter of ``n_partitions`` blocks after a delay that is searched for all the time. Where the
    delay jumps, the filter moves by as many samples and keeps what it has learned; where it drifts, as between two
    clocks, the filter turns with it. Each bin of each partition is the state of a Kalman filter whose uncertainty is
    tracked, so the step size follows from the power of the near end: the filter adapts fast where the echo dominates
    and hardly at all in double talk.

    References
    ----------
    G. Enzner, P. Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free telephones",
    2006; F. Kuech, E. Mabande, G. Enzner, "State-space architecture of the partitioned-block-based acoustic echo
    controller", 2014.
    """

    def __init__(self, sample_rate: int, settings: EchoSettings | None = None) -> None:
        self.sample_rate = sample_rate
        self.settings = settings or EchoSettings()
        n = self.settings.block_length
        self._search = DelaySearch(self.settings.max_delay_blocks + 1, self.settings.n_partitions, n, sample_rate / n)
        self._max_offset = max(self.settings.max_delay_blocks - LEAD_BLOCKS, 0)
        self._workspace = (
            np.zeros(n + 1, np.float32),
            np.zeros(n + 1, np.complex64),
            np.zeros(self.settings.n_partitions + 1, np.float32),
        )
        # Spectrum of a block in the second half of a frame over that of the same block in the first half.
        self._half_turn = np.where(np.arange(n + 1) % 2, -1, 1).astype(np.float32)
        self.reset()

    @property
    def delay_seconds(self) -> float | None:
        """Delay of the echo, to a block; None as long as no echo was found."""
        if not self._search.is_detected:
            return None
        return self._search.delay * self.settings.block_length / self.sample_rate

    @property
    def drift_ppm(self) -> float:
        """Samples by which the echo gets later in a million samples, as the clock of the loudspeaker is slower."""
        return 1e6 * self._drift / self.settings.block_length

    def reset(self) -> None:
        """Forget the echo path and all samples."""
        settings = self.settings
        n_bins = settings.block_length + 1
        n_history = settings.max_delay_blocks + settings.n_partitions
        self._search.reset()
        self._offset = 0  # blocks before the first partition
        self._far = np.zeros(2 * settings.block_length, np.float32)
        self._microphone_half = np.zeros(n_bins, np.complex64)  # spectrum of the last block, after zeros
        # Spectra of the far end, the newest first, from row `_newest` on: rows move when there is none before it left.
        self._history = np.zeros((2 * n_history, n_bins), np.complex64)
        self._newest = n_history
        self._n_blocks = 0
        self._path = np.zeros((settings.n_partitions, n_bins), np.complex64)
        self._uncertainty = np.full((settings.n_partitions, n_bins), INITIAL_UNCERTAINTY, np.float32)
        self._save(twice=True)
        self._echo = np.zeros(n_bins, np.complex64)
        self._error_power = np.zeros(n_bins, np.float32)
        self._microphone_power = self._left_power = 0.0  # mean powers of microphone and error
        self._product = self._echo_energy = 0.0  # of microphone and estimated echo, and of the estimated echo
        self._residual = np.zeros(n_bins, np.complex64)  # mean product of error and echo
        self._residual_powers = np.zeros((2, n_bins), np.float32)  # mean powers of error and echo
        self._drift = 0.0  # samples per block
        self._information = 0.0  # about the drift

    def process(self, microphone: np.ndarray, far: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cancel the echo in one block.

        - ``microphone``, ``far``: ``(block_length,)``.
        - returns ``error``: the microphone signal without the estimated echo, float32.
        - returns ``echo``: the estimated echo.

        Raises BadSetting if a block has another length.
        """
        from scipy.fft import irfft, rfft  # slow to import

        from .echo_kernels import filtered  # numba is slow to import

        n = self.settings.block_length
        if microphone.shape != (n,) or far.shape != (n,):
            raise BadSetting(f"The blocks have shapes {microphone.shape} and {far.shape}; both must be ({n},).")
        self._far = np.concatenate([self._far[n:], far])
        history = self._extended_history(rfft(self._far))
        spectra = history[self._offset : self._offset + self.settings.n_partitions]
        filtered(spectra, self._path, self._echo)
        # Some of the partitions, in turns, are cut to the length of a block.
        rows = slice(self._n_blocks % CONSTRAINED_EVERY, None, CONSTRAINED_EVERY)
        waves = irfft(np.concatenate([self._echo[None], self._path[rows]]))
        echo = waves[0, n:]
        error = microphone - echo
        waves[1:, n:] = 0
        frames = np.concatenate([np.zeros((2, 2 * n), np.float32), waves[1:]])
        frames[0, n:], frames[1, n:] = error, echo
        halves = rfft(frames)
        self._path[rows] = halves[2:]
        self._adapt(spectra, halves[0], halves[1])
        gain = self._observe(microphone, error, echo)
        self._n_blocks += 1
        self._follow_delay(halves[0] + halves[1], history)
        echo = gain * echo
        return microphone - echo, echo

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the rest of the signal."""
        return {
            **self._search.state(),
            "counters": np.array([self._offset, self._newest, self._n_blocks]),
            "far": self._far.copy(),
            "microphone_half": self._microphone_half.copy(),
            "history": self._history.copy(),
            "path": self._path.copy(),
            "uncertainty": self._uncertainty.copy(),
            "saved_paths": self._saved_paths.copy(),
            "saved_uncertainties": self._saved_uncertainties.copy(),
            "error_power": self._error_power.copy(),
            "residual": self._residual.copy(),
            "residual_powers": self._residual_powers.copy(),
            "gain": np.array([self._product, self._echo_energy]),
            "powers": np.array([self._microphone_power, self._left_power]),
            "drift": np.array([self._drift, self._information]),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where another canceller of the same settings was."""
        self._search.restore(state)
        self._offset, self._newest, self._n_blocks = map(int, state["counters"])
        self._far, self._microphone_half = state["far"].copy(), state["microphone_half"].copy()
        self._history, self._path = state["history"].copy(), state["path"].copy()
        self._saved_paths, self._saved_uncertainties = state["saved_paths"].copy(), state["saved_uncertainties"].copy()
        self._uncertainty, self._error_power = state["uncertainty"].copy(), state["error_power"].copy()
        self._residual, self._residual_powers = state["residual"].copy(), state["residual_powers"].copy()
        self._product, self._echo_energy = map(float, state["gain"])
        self._microphone_power, self._left_power = map(float, state["powers"])
        self._drift, self._information = map(float, state["drift"])

    def _extended_history(self, spectrum: np.ndarray) -> np.ndarray:
        """Return the spectra of the far end with another one, the newest first."""
        n_history = len(self._history) // 2
        if self._newest == 0:
            self._history[n_history + 1 :] = self._history[: n_history - 1]
            self._newest = n_history + 1
        self._newest -= 1
        self._history[self._newest] = spectrum
        return self._history[self._newest : self._newest + n_history]

    def _adapt(self, spectra: np.ndarray, error: np.ndarray, echo: np.ndarray) -> None:
        """Move the echo path by the Kalman gain times the error, and turn it with the drift of the delay.

        After a change of the path, the error contains the estimate of the old one, and the path gets more noise. Where
        the near end talks as well, its power alone would keep the filter from following.
        """
        from .echo_kernels import adapt, compare  # numba is slow to import

        floor = np.float32(self.settings.block_length * MIN_POWER)
        coherence, late, information = compare(
            error,
            echo,
            np.float32(SMOOTHING),
            np.float32(RESIDUAL_SMOOTHING),
            floor,
            self._error_power,
            self._residual,
            self._residual_powers,
        )
        by_chance = (1 - RESIDUAL_SMOOTHING) / (1 + RESIDUAL_SMOOTHING)
        noise = min(RESIDUAL_NOISE * max(coherence / by_chance - 1 - RESIDUAL_COHERENCE, 0.0), 1.0)
        self._information += information - min((1 - DRIFT_SMOOTHING) * self._information, MAX_FORGOTTEN * information)
        if self._search.is_detected:
            drift = self._drift + DRIFT_GAIN * late / (self._information + MIN_INFORMATION)
            self._drift = min(max(drift, -MAX_DRIFT), MAX_DRIFT)
        transition = self.settings.transition
        adapt(
            spectra,
            error,
            self._error_power,
            floor,
            np.float32(transition),
            np.float32(1 - transition**2),
            np.float32(noise),
            np.float32(self._drift),
            self._path,
            self._uncertainty,
            *self._workspace,
        )

    def _observe(self, microphone: np.ndarray, error: np.ndarray, echo: np.ndarray) -> np.float32:
        """Return the factor by which the estimated echo predicts the microphone best, about 0 without any echo.

        If the error is louder than the microphone, as after a sudden change of the path, learn the path anew.
        """
        from .echo_kernels import energies  # numba is slow to import

        microphone_energy, error_energy, echo_energy, product = energies(microphone, error, echo)
        self._product = PREDICTION_SMOOTHING * self._product + product
        self._echo_energy = PREDICTION_SMOOTHING * self._echo_energy + echo_energy
        gain = self._product / (self._echo_energy + MIN_POWER)
        gain = min(max((gain - CHANCE_GAIN) / (1 - CHANCE_GAIN), 0.0), 1.0)
        self._microphone_power += (1 - DIVERGENCE_SMOOTHING) * (microphone_energy / len(echo) - self._microphone_power)
        self._left_power += (1 - DIVERGENCE_SMOOTHING) * (error_energy / len(echo) - self._left_power)
        if self._left_power > MAX_GROWTH * self._microphone_power + MIN_POWER:
            self._path[:] = 0
            self._uncertainty[:] = INITIAL_UNCERTAINTY
            self._microphone_power = self._left_power = 0.0
        return np.float32(gain)

    def _follow_delay(self, microphone_half: np.ndarray, history: np.ndarray) -> None:
        """Let the filter begin where the echo does, after a block of the microphone and spectra of the far end."""
        microphone = microphone_half + self._half_turn * self._microphone_half
        self._microphone_half = microphone_half
        far = history[: self.settings.max_delay_blocks + 1]
        delay = self._search.update(microphone, far)
        self._move(max(delay - LEAD_BLOCKS, 0))
        if self._n_blocks % JUMP_EVERY == 0:
            samples = self._search.jump(self._saved_paths[0], self._offset, far)
            if samples:
                self._jump(samples)
        if self._n_blocks % SAVED_EVERY == 0:
            self._save()
            self._skip_silence()

    def _save(self, twice: bool = False) -> None:
        """Save the path and its uncertainty for a jump, which is noticed only after the path has followed it."""
        path, uncertainty = self._path, self._uncertainty
        older, older_uncertainty = (
            (path, uncertainty) if twice else (self._saved_paths[1], self._saved_uncertainties[1])
        )
        self._saved_paths = np.stack([older, path])
        self._saved_uncertainties = np.stack([older_uncertainty, uncertainty])

    def _skip_silence(self) -> None:
        """Let the filter begin later if the learned path is silent at first, as after a delay that was found early."""
        power = (self._path.real**2 + self._path.imag**2).sum(1)
        onset = int(np.argmax(power > ONSET_POWER * power.max()))
        offset = min(self._offset + onset - LEAD_BLOCKS, self._max_offset)
        if offset > self._offset:
            self._search.follow(offset + LEAD_BLOCKS)
            self._move(offset)

    def _move(self, offset: int) -> None:
        """Let the filter begin at another delay; partitions that remain keep what they know."""
        shift = offset - self._offset
        if not shift:
            return
        path, uncertainty = np.zeros_like(self._path), np.full_like(self._uncertainty, INITIAL_UNCERTAINTY)
        n_retained = len(path) - abs(shift)
        if n_retained > 0:
            old, new = (
                (slice(shift, None), slice(n_retained)) if shift > 0 else (slice(n_retained), slice(-shift, None))
            )
            path[new], uncertainty[new] = self._path[old], self._uncertainty[old]
        self._path, self._uncertainty, self._offset = path, uncertainty, offset
        self._save(twice=True)

    def _jump(self, samples: int) -> None:
        """Let the path from before a jump continue, later by some samples."""
        from scipy.fft import irfft, rfft  # slow to import

        n = self.settings.block_length
        response = irfft(self._saved_paths[0])[:, :n].ravel()
        onset = self._offset * n + samples + int(np.abs(response).argmax())
        offset = min(max(onset // n - LEAD_BLOCKS, 0), self._max_offset)
        later = samples - (offset - self._offset) * n  # within the filter
        moved = np.zeros((len(self._path), 2 * n), np.float32)
        moved[:, :n] = np.pad(response, (max(later, 0), max(-later, 0)))[max(-later, 0) :][: len(response)].reshape(
            -1, n
        )
        self._path = rfft(moved)
        power = self._path.real**2 + self._path.imag**2
        self._uncertainty = np.maximum(self._saved_uncertainties[0], np.float32(JUMP_UNCERTAINTY) * power)
        self._offset = offset
        self._search.follow(offset + LEAD_BLOCKS)
        self._save(twice=True)
        self._residual[:] = 0
        self._product, self._echo_energy = JUMP_MEMORY * self._product, JUMP_MEMORY * self._echo_energy
        self._microphone_power = self._left_power = 0.0
