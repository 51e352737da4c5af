"""Linear echo cancellation: a partitioned-block frequency-domain Kalman filter that follows the delay of the echo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting
from ..base.ranges import RangedSettings, ranged
from .echo_delay import LEAD_BLOCKS, MIN_POWER, DelaySearch

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

    - ``sample_rate``: in Hz.
    - ``settings``: lengths of block, path and delay.

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
