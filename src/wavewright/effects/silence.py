"""Removal of silence: everywhere, with crossfades where it was, or at both ends alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.ranges import ranged
from ..base.units import seconds_to_samples
from ..dsp.assembly import crossfade
from ..dsp.silence import SilenceDetector
from .effect import Effect, Measurement, PartitionStream, TwoPassEffect, milliseconds_to_samples
from .trimming import Trim

PARTITION_SAMPLES = 4_096


class CutsBySound(Effect):
    """An effect that cuts what the sound decides."""

    def first_second(self, seconds: float | None) -> None:
        """Return None: where the output starts depends on the sound."""

    def output_position(self, position_seconds: float, seconds: float | None) -> None:
        """Return None: where a moment goes depends on the sound."""

    def output_seconds(self, seconds: float) -> None:
        """Return None: the length of the output depends on the sound."""


@dataclass(frozen=True)
class RemoveSilence(CutsBySound):
    """Shorten silences to ``padding_seconds`` after the sound before and before the sound after.

    Silence has no sample above ``threshold_db`` (dBFS) in any channel for at least ``min_seconds``, and is longer than
    both paddings. Where it is cut, both sides are crossfaded over ``crossfade_ms``, at most over both paddings.
    """

    threshold_db: float = ranged(-50.0, -120.0, 0.0)
    min_seconds: float = ranged(0.5, 0.0, 60.0)
    padding_seconds: float = ranged(0.1, 0.0, 10.0)
    crossfade_ms: float = ranged(10.0, 0.0, 1_000.0)

    def stream(self, sound: SoundFormat) -> RemoveSilenceStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return RemoveSilenceStream(self, sound)


class RemoveSilenceStream(PartitionStream):
    """The stream of :class:`RemoveSilence`; it holds back at most the shortest silence that is removed.

    Of a silence that is cut, the samples around both paddings are kept: half a crossfade more on each side.
    """

    def __init__(self, settings: RemoveSilence, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels, PARTITION_SAMPLES)
        n_padding = seconds_to_samples(settings.padding_seconds, sound.sample_rate)
        half = min(milliseconds_to_samples(settings.crossfade_ms, sound.sample_rate) // 2, n_padding)
        self._n_crossfade = 2 * half
        self._n_start = n_padding - half  # from the start of a silence to the crossfade
        self._n_end = n_padding + half  # from the start of the crossfade to the end of a silence
        n_both = 2 * n_padding + self._n_crossfade
        self._n_shortest = max(seconds_to_samples(settings.min_seconds, sound.sample_rate), n_both, 1)
        self._detector = SilenceDetector(settings.threshold_db, self._n_shortest)
        self._held = np.zeros((sound.n_channels, 0), np.float32)
        self._held_start = 0  # its position in the sound
        self._faded: np.ndarray | None = None  # the left side of a crossfade that waits for its right side

    def _process_partition(self, partition: np.ndarray) -> np.ndarray:
        silences = self._detector.add(partition)
        self._held = np.concatenate([self._held, partition], axis=1)
        outputs = [partition[:, :0]]
        for start, end in silences:
            self._cut(start, outputs)
            self._join(end, outputs)
        start, n_samples = self._detector.silent_start, self._detector.n_samples
        if n_samples - start >= self._n_shortest:
            self._cut(start, outputs)
            self._drop(n_samples - max(self._n_end, self._n_crossfade))
        elif start > 0:  # of silence at the beginning nothing may be kept
            outputs.append(self._drop(min(n_samples, start + self._n_start)))
        return np.concatenate(outputs, axis=1)

    def _process_last(self, partition: np.ndarray) -> np.ndarray:
        outputs = [self._process_partition(partition)]
        if self._faded is not None:
            outputs.append(self._faded[:, : self._n_crossfade // 2])
        else:
            outputs.append(self._held)
        return np.concatenate(outputs, axis=1)

    def _cut(self, start: int, outputs: list[np.ndarray]) -> None:
        """Output the sound up to the crossfade in a silence that begins at ``start``, if that was not done yet."""
        if self._faded is not None:
            return
        if start == 0:  # silence from the beginning: there is nothing to fade out
            self._faded = np.zeros((self.n_channels, 0), np.float32)
            return
        outputs.append(self._drop(start + self._n_start))
        self._faded = self._drop(start + self._n_start + self._n_crossfade)

    def _join(self, end: int, outputs: list[np.ndarray]) -> None:
        """Crossfade to the sound after a silence that ends at ``end``."""
        faded, self._faded = self._faded, None
        if faded is None:
            return
        if faded.shape[1] == 0:
            self._drop(end - self._n_end + self._n_crossfade // 2)
            return
        self._drop(end - self._n_end)
        outputs.append(crossfade(faded, self._drop(end - self._n_end + self._n_crossfade), self._n_crossfade))

    def _drop(self, position: int) -> np.ndarray:
        """Drop what is held before a position in the sound, and return it."""
        n = max(0, position - self._held_start)
        dropped = self._held[:, :n]
        self._held = self._held[:, n:]
        self._held_start += dropped.shape[1]
        return dropped


@dataclass(frozen=True)
class TrimSilence(CutsBySound, TwoPassEffect):
    """Cut silence at both ends alone, down to ``padding_seconds`` of it; pauses inside stay.

    Silence has no sample above ``threshold_db`` (dBFS) in any channel. A sound that is silent throughout is unchanged.
    """

    threshold_db: float = ranged(-50.0, -120.0, 0.0)
    padding_seconds: float = ranged(0.0, 0.0, 10.0)

    def measurement(self, sound: SoundFormat) -> EndsMeasurement:
        """Open a measurement, see :meth:`.effect.TwoPassEffect.measurement`."""
        return EndsMeasurement(self, sound.sample_rate)


class EndsMeasurement(Measurement):
    """The first pass of :class:`TrimSilence`: where the sound begins and ends."""

    def __init__(self, settings: TrimSilence, sample_rate: int) -> None:
        self._settings = settings
        self._sample_rate = sample_rate
        self._detector = SilenceDetector(settings.threshold_db, 1)
        self._first: int | None = None

    def add(self, block: np.ndarray) -> None:
        """Measure the next block, see :meth:`.effect.Measurement.add`."""
        silences = self._detector.add(block)
        if self._first is None and self._detector.silent_start:
            self._first = next((end for start, end in silences if start == 0), 0)

    def effect(self) -> Trim:
        """Return the cut of both ends."""
        if self._first is None:
            return Trim()
        n_padding = seconds_to_samples(self._settings.padding_seconds, self._sample_rate)
        first = max(0, self._first - n_padding)
        end = min(self._detector.n_samples, self._detector.silent_start + n_padding)
        return Trim(first / self._sample_rate, end / self._sample_rate)
