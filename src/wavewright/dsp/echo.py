"""Linear echo cancellation: a search for the delay, and a partitioned-block frequency-domain Kalman filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, rfft

from ..errors import BadSetting
from ..ranges import RangedSettings, ranged

INITIAL_UNCERTAINTY = 1.0  # variance of the unknown echo path, of each partition and bin
SMOOTHING = 0.7  # of the power of the error, per block
MIN_POWER = 1e-10  # of a bin of a signal in [-1, 1], times the block length

DELAY_SECONDS = 1.5  # time constant of the correlation between far end and microphone
LEAD_BLOCKS = 1  # that the filter starts before the delay, where the correlation is unsure
MIN_COHERENCE = 0.3
"""Mean squared coherence of a delay over that expected by chance, less 1, from which on an echo counts as found."""
EARLY_FRACTION = 0.4  # of the largest coherence: the echo begins at the first delay that has as much
FIRST_SECONDS = 0.6  # of blocks, weighted by their age, before the first delay is taken
HOLD_SECONDS = 0.5  # for which another delay must be better before the filter moves
MIN_GAIN = 1.15  # of the coherence that the filter covers, by which another delay is better
SEARCH_EVERY = 2  # blocks
RESIDUAL_SMOOTHING = 0.95  # of the correlation of error and estimated echo, per block
RESIDUAL_COHERENCE = 1.0  # over that expected by chance, less 1, from which on the path is learned anew
RESIDUAL_NOISE = 0.02  # of the path for each unit of coherence beyond, relative to its power
PREDICTION_SMOOTHING = 0.99  # of products of microphone and estimated echo, per block
MAX_GROWTH = 2.0  # of the error's power over that of the microphone, from which on the filter has diverged
DIVERGENCE_SMOOTHING = 0.9  # of both powers, per block


@dataclass(frozen=True)
class EchoSettings(RangedSettings):
    """Settings of the linear echo canceller; raises BadSetting for a number out of its range."""

    block_length: int = ranged(256, 16, 8_192)  # samples; the Fourier transforms have twice as many
    n_partitions: int = ranged(13, 1, 256)  # blocks that the echo path is long
    max_delay_blocks: int = ranged(40, 0, 1_000)  # largest delay of the echo besides the path
    transition: float = ranged(0.9995, 0.9, 1.0)  # factor of the echo path from block to block


class DelaySearch:
    """Estimate the delay of the echo in blocks, from the coherence of the microphone with each earlier far-end block.

    Parameters
    ----------
    n_delays : int
        Number of delays, from 0 on.
    n_partitions : int
        Blocks that the filter is long.
    n_bins : int
        Frequency bins of a spectrum.
    blocks_per_second : float
        Blocks of spectra in a second.

    References
    ----------
    C. Knapp, G. Carter, "The generalized correlation method for estimation of time delay", 1976 (the weighting by
    coherence).
    """

    def __init__(self, n_delays: int, n_partitions: int, n_bins: int, blocks_per_second: float) -> None:
        self._decay = float(np.exp(-1 / (DELAY_SECONDS * blocks_per_second)))
        self._n_hold = round(HOLD_SECONDS * blocks_per_second)
        self._n_first = FIRST_SECONDS * blocks_per_second
        self._n_delays, self._n_partitions, self._n_bins = n_delays, n_partitions, n_bins
        self.reset()

    def reset(self) -> None:
        """Forget all spectra."""
        self.delay = 0
        self.is_detected = False
        self._cross = np.zeros((self._n_delays, self._n_bins), np.complex64)
        self._far_power = np.zeros((self._n_delays, self._n_bins), np.float32)
        self._microphone_power = np.zeros(self._n_bins, np.float32)
        self._weight = 0.0  # of all blocks so far
        self._square_weight = 0.0
        self._n_held = 0  # blocks for which another delay has been better

    def update(self, microphone: np.ndarray, far: np.ndarray) -> int:
        """Return the delay in blocks after a block.

        Parameters
        ----------
        microphone : np.ndarray
            Spectrum ``(bins,)``.
        far : np.ndarray
            Spectra ``(delays, bins)`` of the far end, the newest first.
        """
        decay = self._decay
        self._cross *= decay
        self._cross += microphone * far.conj()
        self._far_power *= decay
        self._far_power += far.real**2 + far.imag**2
        self._microphone_power = decay * self._microphone_power + (microphone.real**2 + microphone.imag**2)
        self._weight = decay * self._weight + 1
        self._square_weight = decay**2 * self._square_weight + 1
        coherence = self.excess_coherence()
        largest = coherence.max()
        best = int(np.argmax(coherence >= EARLY_FRACTION * largest))
        if largest < MIN_COHERENCE or self._weight < self._n_first:
            self._n_held = 0
        elif not self.is_detected:
            self.delay, self.is_detected = best, True
        elif self._covered(coherence, best) > MIN_GAIN * self._covered(coherence, self.delay):
            self._n_held += 1
            if self._n_held > self._n_hold:
                self.delay, self._n_held = best, 0
        else:
            self._n_held = 0
        return self.delay

    def _covered(self, coherence: np.ndarray, delay: int) -> float:
        """Return the sum of the coherence that a filter covers which begins at a delay."""
        start = max(delay - LEAD_BLOCKS, 0)
        return float(np.maximum(coherence[start : start + self._n_partitions], 0).sum())

    def excess_coherence(self) -> np.ndarray:
        """Return the mean squared coherence of each delay over that of unrelated signals, less 1, ``(delays,)``."""
        powers = self._far_power * self._microphone_power
        floor = MIN_POWER * self._n_bins * self._weight
        is_audible = (self._far_power > floor) & (self._microphone_power > floor)
        cross_power = self._cross.real**2 + self._cross.imag**2
        squared = np.where(is_audible, cross_power / np.maximum(powers, 1e-30), 0.0)
        n_audible = is_audible.sum(1)
        by_chance = self._square_weight / self._weight**2
        mean: np.ndarray = squared.sum(1) / np.maximum(n_audible, 1)
        return np.where(n_audible > 0, mean / by_chance - 1, 0.0)

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the next delays."""
        return {
            "cross": self._cross.copy(),
            "far_power": self._far_power.copy(),
            "microphone_power": self._microphone_power.copy(),
            "search": np.array(
                [self.delay, self.is_detected, self._weight, self._square_weight, self._n_held], np.float64
            ),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where another search was."""
        self._cross = state["cross"].copy()
        self._far_power, self._microphone_power = state["far_power"].copy(), state["microphone_power"].copy()
        delay, is_detected, self._weight, self._square_weight, n_held = map(float, state["search"])
        self.delay, self.is_detected, self._n_held = int(delay), bool(is_detected), int(n_held)


class LinearEchoCanceller:
    """Subtract the echo of a far-end signal from a microphone signal, block by block.

    The echo path is a filter of ``n_partitions`` blocks after a delay that is searched for all the time; if the delay
    changes, the filter moves with it. Each bin of each partition is the state of a Kalman filter whose uncertainty is
    tracked, so the step size follows from the power of the near end: the filter adapts fast where the echo dominates
    and hardly at all in double talk.

    Parameters
    ----------
    sample_rate : int, in Hz
    settings : EchoSettings, optional
        Lengths of block, path and delay.

    References
    ----------
    G. Enzner, P. Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free telephones",
    2006; F. Kuech, E. Mabande, G. Enzner, "State-space architecture of the partitioned-block-based acoustic echo
    controller", 2014.
    """

    def __init__(self, sample_rate: int, settings: EchoSettings | None = None) -> None:
        self.sample_rate = sample_rate
        self.settings = settings or EchoSettings()
        n_bins = self.settings.block_length + 1
        n_delays = self.settings.max_delay_blocks + 1
        blocks_per_second = sample_rate / self.settings.block_length
        n_partitions = self.settings.n_partitions
        self._search = DelaySearch(n_delays, n_partitions, n_bins, blocks_per_second / SEARCH_EVERY)
        self.reset()

    @property
    def delay_seconds(self) -> float | None:
        """Delay of the echo, to a block; None as long as no echo was found."""
        if not self._search.is_detected:
            return None
        return self._search.delay * self.settings.block_length / self.sample_rate

    def reset(self) -> None:
        """Forget the echo path and all samples."""
        settings = self.settings
        n_bins = settings.block_length + 1
        n_history = settings.max_delay_blocks + settings.n_partitions
        self._search.reset()
        self._offset = 0  # blocks before the first partition
        self._far = np.zeros(2 * settings.block_length, np.float32)
        self._microphone = np.zeros(2 * settings.block_length, np.float32)
        # Spectra of the far end, the newest first, from row `_newest` on: rows move when there is none before it left.
        self._history = np.zeros((2 * n_history, n_bins), np.complex64)
        self._newest = n_history
        self._n_blocks = 0
        self._path = np.zeros((settings.n_partitions, n_bins), np.complex64)
        self._uncertainty = np.full((settings.n_partitions, n_bins), INITIAL_UNCERTAINTY, np.float32)
        self._error_power = np.zeros(n_bins, np.float32)
        self._powers = np.zeros(2)  # of microphone and error
        self._products = np.zeros(2)  # of microphone and estimated echo, and of the estimated echo with itself
        self._residual = np.zeros((3, n_bins), np.complex64)  # mean product of error and echo, and their powers

    def process(self, microphone: np.ndarray, far: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cancel the echo in one block.

        Parameters
        ----------
        microphone, far : np.ndarray of shape ``(block_length,)``

        Returns
        -------
        error : np.ndarray
            The microphone signal without the estimated echo, float32.
        echo : np.ndarray
            The estimated echo.

        Raises
        ------
        BadSetting
            If a block has another length.
        """
        n = self.settings.block_length
        if microphone.shape != (n,) or far.shape != (n,):
            raise BadSetting(f"The blocks have shapes {microphone.shape} and {far.shape}; both must be ({n},).")
        self._far = np.concatenate([self._far[n:], far])
        self._microphone = np.concatenate([self._microphone[n:], microphone])
        history = self._extended_history(rfft(self._far))
        if self._n_blocks % SEARCH_EVERY == 0:
            n_delays = self.settings.max_delay_blocks + 1
            delay = self._search.update(rfft(self._microphone), history[:n_delays])
            self._move(max(delay - LEAD_BLOCKS, 0))
        self._n_blocks += 1
        spectra = history[self._offset : self._offset + self.settings.n_partitions]
        echo = irfft((spectra * self._path).sum(0))[n:]
        error = microphone - echo
        self._adapt(spectra, self._padded_spectrum(error), self._padded_spectrum(echo))
        self._watch(microphone, error)
        echo *= self._gain(microphone, echo)
        return microphone - echo, echo

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the rest of the signal."""
        return {
            **self._search.state(),
            "counters": np.array([self._offset, self._newest, self._n_blocks]),
            "far": self._far.copy(),
            "microphone": self._microphone.copy(),
            "history": self._history.copy(),
            "path": self._path.copy(),
            "uncertainty": self._uncertainty.copy(),
            "error_power": self._error_power.copy(),
            "powers": self._powers.copy(),
            "residual": self._residual.copy(),
            "products": self._products.copy(),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where another canceller of the same settings was."""
        self._search.restore(state)
        self._offset, self._newest, self._n_blocks = map(int, state["counters"])
        self._far, self._microphone = state["far"].copy(), state["microphone"].copy()
        self._history, self._path = state["history"].copy(), state["path"].copy()
        self._uncertainty, self._error_power = state["uncertainty"].copy(), state["error_power"].copy()
        self._powers, self._residual = state["powers"].copy(), state["residual"].copy()
        self._products = state["products"].copy()

    def _extended_history(self, spectrum: np.ndarray) -> np.ndarray:
        """Return the spectra of the far end with another one, the newest first."""
        n_history = len(self._history) // 2
        if self._newest == 0:
            self._history[n_history + 1 :] = self._history[: n_history - 1]
            self._newest = n_history + 1
        self._newest -= 1
        self._history[self._newest] = spectrum
        return self._history[self._newest : self._newest + n_history]

    def _padded_spectrum(self, block: np.ndarray) -> np.ndarray:
        """Return the spectrum of a block after as many zeros."""
        spectrum: np.ndarray = rfft(np.concatenate([np.zeros_like(block), block]))
        return spectrum

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

    def _adapt(self, spectra: np.ndarray, error: np.ndarray, echo: np.ndarray) -> None:
        """Move the echo path by the Kalman gain times the error."""
        n, uncertainty = self.settings.block_length, self._uncertainty
        power = spectra.real**2 + spectra.imag**2
        error_power = error.real**2 + error.imag**2
        self._error_power += (1 - SMOOTHING) * (error_power - self._error_power)
        # Half of each block of the error is zeros: hence the factors of 2 and 1/2.
        denominator = (power * uncertainty).sum(0) + 2 * self._error_power + n * MIN_POWER
        step = uncertainty / denominator
        gradient = irfft(step * spectra.conj() * error)
        gradient[:, n:] = 0  # a partition is one block long
        transition = self.settings.transition
        noise = 1 - transition**2 + self._residual_noise(error, echo)
        self._uncertainty = transition**2 * (1 - 0.5 * step * power) * uncertainty + noise * np.abs(self._path) ** 2
        self._path = transition * (self._path + rfft(gradient))

    def _residual_noise(self, error: np.ndarray, echo: np.ndarray) -> float:
        """Return further noise of the path, relative to its power, while the error resembles the estimated echo.

        After a change of the path, the error contains the estimate of the old one. Where the near end talks as well,
        its power alone would keep the filter from following.
        """
        new = np.stack([error * echo.conj(), error.real**2 + error.imag**2, echo.real**2 + echo.imag**2])
        self._residual += (1 - RESIDUAL_SMOOTHING) * (new - self._residual)
        cross, error_power, echo_power = self._residual
        squared = (cross.real**2 + cross.imag**2) / np.maximum(error_power.real * echo_power.real, 1e-20)
        by_chance = (1 - RESIDUAL_SMOOTHING) / (1 + RESIDUAL_SMOOTHING)
        excess = float(squared.mean()) / by_chance - 1
        return min(RESIDUAL_NOISE * max(excess - RESIDUAL_COHERENCE, 0.0), 1.0)

    def _gain(self, microphone: np.ndarray, echo: np.ndarray) -> np.float32:
        """Return the factor by which the estimated echo predicts the microphone best, about 0 without any echo."""
        self._products *= PREDICTION_SMOOTHING
        self._products += (np.dot(microphone, echo), np.dot(echo, echo))
        return np.float32(np.clip(self._products[0] / (self._products[1] + MIN_POWER), 0, 1))

    def _watch(self, microphone: np.ndarray, error: np.ndarray) -> None:
        """Learn the path anew if the error is louder than the microphone, as after a sudden change of the path."""
        powers = np.array([np.square(microphone).mean(), np.square(error).mean()])
        self._powers = DIVERGENCE_SMOOTHING * self._powers + (1 - DIVERGENCE_SMOOTHING) * powers
        if self._powers[1] > MAX_GROWTH * self._powers[0] + MIN_POWER:
            self._path[:] = 0
            self._uncertainty[:] = INITIAL_UNCERTAINTY
            self._powers[:] = 0
