"""Removal of clicks: detected by the prediction error of an autoregressive model, and interpolated by the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.ranges import ranged
from ..base.units import seconds_to_samples
from .effect import Effect, PartitionStream, milliseconds_to_samples

PARTITION_SECONDS, CONTEXT_SECONDS = 0.04, 0.02
MODEL_ORDER = 32
N_ITERATIONS = 2
GAP_SAMPLES = 12
"""Clicks with fewer samples between them are one."""


@dataclass(frozen=True)
class DeClick(Effect):
    """Remove clicks: samples that an autoregressive model predicts badly, both from before and from after.

    A click deviates by more than ``threshold`` standard deviations of the prediction error, for at most ``max_ms``.

    References
    ----------
    S. Godsill, P. Rayner, "Digital Audio Restoration", 1998.
    """

    threshold: float = ranged(12.0, 2.0, 100.0)
    max_ms: float = ranged(2.0, 0.05, 10.0)

    def stream(self, sound: SoundFormat) -> DeClickStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return DeClickStream(self, sound)


class DeClickStream(PartitionStream):
    """The stream of :class:`DeClick`: partition by partition, with a context on both sides.

    The context before is repaired already. The output lags behind by one to two partitions.
    """

    def __init__(self, settings: DeClick, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels, max(64, seconds_to_samples(PARTITION_SECONDS, sound.sample_rate)))
        self._n_context = max(32, seconds_to_samples(CONTEXT_SECONDS, sound.sample_rate))
        self._threshold = float(settings.threshold)
        self._n_longest = max(1, milliseconds_to_samples(settings.max_ms, sound.sample_rate))
        self._frames = np.zeros((sound.n_channels, self._partitions.length + 2 * self._n_context))
        self._model = np.zeros(min(MODEL_ORDER, self._n_context // 2) + 1)
        self._window = np.hanning(self._frames.shape[1] + 2)[1:-1]
        self._waiting = np.zeros((sound.n_channels, 0), np.float32)

    def _process_partition(self, partition: np.ndarray) -> np.ndarray:
        waiting, self._waiting = self._waiting, partition.copy()
        return self._repaired(waiting, partition)

    def _process_last(self, partition: np.ndarray) -> np.ndarray:
        rest = np.zeros((self.n_channels, 0), np.float32)
        return np.concatenate([self._repaired(self._waiting, partition), self._repaired(partition, rest)], axis=1)

    def _repaired(self, partition: np.ndarray, following: np.ndarray) -> np.ndarray:
        """Return a partition, repaired; a shorter one is the last."""
        from .click_kernels import ClickLimits, repair_clicks  # numba is slow to import

        n_samples = partition.shape[1]
        if n_samples == 0:
            return partition
        limits = ClickLimits(self._threshold, GAP_SAMPLES, self._n_longest)
        start, end = self._n_context, self._n_context + n_samples
        following = following[:, : self._n_context]
        self._frames[:, start:end] = partition
        self._frames[:, end:] = 0.0
        self._frames[:, end : end + following.shape[1]] = following
        for frame in self._frames:
            repair_clicks(frame, self._window, self._model, start, end, limits, N_ITERATIONS)
        output = self._frames[:, start:end].astype(np.float32)
        self._frames[:, :start] = self._frames[:, n_samples:end]
        return output
