"""Trim a sound, pad it with silence, reverse it, and make a seamless loop of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.errors import BadAudio, BadSetting
from ..base.ranges import ranged
from ..base.units import seconds_to_samples
from ..dsp.looping import CROSSFADE_SECONDS, looped
from .effect import Effect, EffectStream, EndingStream
from .spool import Spool

LONGEST_SECONDS = 360_000.0
FINAL_SAMPLES = 65_536  # of a block after the end
TOLERANCE_SECONDS = 1e-4  # of lengths that were measured at another sample rate


@dataclass(frozen=True)
class Trim(Effect):
    """Keep what lies between two times; negative times count from the end, and no ``end_seconds`` is the end itself.

    A time outside the sound is an error. For a negative time, the stream holds back as many seconds, in a temporary
    file if they are many.
    """

    start_seconds: float = ranged(0.0, -LONGEST_SECONDS, LONGEST_SECONDS)
    end_seconds: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        start, end = self.start_seconds, self.end_seconds
        if end is None:
            return
        if not -LONGEST_SECONDS <= end <= LONGEST_SECONDS:
            raise BadSetting(f"end_seconds is {end}; it must lie between {-LONGEST_SECONDS} and {LONGEST_SECONDS}.")
        if (start < 0) == (end < 0) and end <= start:
            raise BadSetting(f"end_seconds is {end:g}; it must lie after start_seconds, which is {start:g}.")

    def stream(self, sound: SoundFormat) -> TrimStream:
        """Open a stream, see :meth:`.effect.Effect.stream`; its end raises BadAudio for times outside the sound."""
        return TrimStream(self, sound)

    def output_seconds(self, seconds: float) -> float | None:
        """Return the length of the output, see :meth:`.effect.Effect.output_seconds`."""
        start = self.start_seconds + (seconds if self.start_seconds < 0 else 0.0)
        end = seconds if self.end_seconds is None else self.end_seconds + (seconds if self.end_seconds < 0 else 0.0)
        if min(start, end) < -TOLERANCE_SECONDS or max(start, end) > seconds + TOLERANCE_SECONDS or end < start:
            raise BadSetting(self.misfit(seconds))
        return end - start

    def first_second(self, seconds: float | None) -> float:
        """Return the start."""
        start = self.start_seconds
        return start if start >= 0 else max(0.0, (seconds or 0.0) + start)

    def output_position(self, position_seconds: float, seconds: float | None) -> float | None:
        """Return where in the output a moment of the input is, see :meth:`.effect.Effect.output_position`."""
        kept = self._kept(seconds)
        return position_seconds - kept[0] if kept and kept[0] <= position_seconds <= kept[1] else None

    def output_region(
        self, start_seconds: float, end_seconds: float, seconds: float | None
    ) -> tuple[float, float] | None:
        """Return what is kept of a region, see :meth:`.effect.Effect.output_region`."""
        kept = self._kept(seconds)
        if kept is None:
            return None
        start, end = max(start_seconds, kept[0]), min(end_seconds, kept[1])
        return (start - kept[0], end - kept[0]) if start < end else None

    def _kept(self, seconds: float | None) -> tuple[float, float] | None:
        """Return start and end of what is kept; None if they depend on a length that is not known."""
        start, end = self.start_seconds, self.end_seconds
        if seconds is None and (start < 0 or (end or 0.0) < 0):
            return None
        length = seconds or 0.0
        last = math.inf if end is None else end + (length if end < 0 else 0.0)
        return start + (length if start < 0 else 0.0), last

    def misfit(self, seconds: float) -> str:
        """Return the sentence for a sound that is too short."""
        end = "the end" if self.end_seconds is None else f"{self.end_seconds:g} s"
        return f"The sound is {seconds:.6g} s long, so it cannot be trimmed to {self.start_seconds:g} s to {end}."


class TrimStream(EndingStream):
    """The stream of :class:`Trim`."""

    def __init__(self, settings: Trim, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels)
        self._settings = settings
        self._sample_rate = rate = sound.sample_rate
        self._start = seconds_to_samples(settings.start_seconds, rate)
        self._end = None if settings.end_seconds is None else seconds_to_samples(settings.end_seconds, rate)
        self._is_from_end = settings.start_seconds < 0
        self._n_held = -min(0, self._start, self._end or 0)
        self._spool = Spool(sound.n_channels, self._n_held)
        self._n_samples = 0

    @property
    def is_finished(self) -> bool:
        """True once the end has been read, unless a time counts from the end of the sound."""
        return not self._n_held and self._end is not None and self._n_samples >= self._end

    def _process(self, block: np.ndarray) -> np.ndarray:
        first = self._n_samples - self._n_held  # position of the first sample that is not held back any more
        self._n_samples += block.shape[1]
        if self._n_held:
            block = self._released(block)
            first = self._n_samples - self._n_held - block.shape[1]
        if self._is_from_end:
            return block[:, :0]
        last = block.shape[1] if self._end is None or self._end < 0 else max(0, self._end - first)
        return block[:, max(0, self._start - first) : last]

    def _released(self, block: np.ndarray) -> np.ndarray:
        """Hold back a block, and return the samples for which there is no room any more."""
        n_before = min(self._spool.n_samples, self._n_held)
        n_old = min(n_before, max(0, n_before + block.shape[1] - self._n_held))
        n_new = max(0, block.shape[1] - self._n_held)
        old = self._spool.read(self._spool.n_samples - n_before, n_old)
        self._spool.append(block)
        return np.concatenate([old, block[:, :n_new]], axis=1)

    def final_blocks(self) -> Iterator[np.ndarray]:
        """Yield the rest; raise BadAudio if the sound was too short."""
        n_samples = self._n_samples
        start = self._start + (n_samples if self._is_from_end else 0)
        end = n_samples if self._end is None else self._end + (n_samples if self._end < 0 else 0)
        if not 0 <= start <= end <= n_samples:
            raise BadAudio(self._settings.misfit(n_samples / self._sample_rate))
        if self._n_held:
            start = max(start, n_samples - self._n_held)
            for first in range(start, end, FINAL_SAMPLES):
                yield self._spool.read(first, min(FINAL_SAMPLES, end - first))
        self._spool.close()


@dataclass(frozen=True)
class Pad(Effect):
    """Add silence before and after a sound."""

    start_seconds: float = ranged(0.0, 0.0, LONGEST_SECONDS)
    end_seconds: float = ranged(0.0, 0.0, LONGEST_SECONDS)

    def stream(self, sound: SoundFormat) -> PadStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        lengths = self.start_seconds, self.end_seconds
        return PadStream(sound.n_channels, *(seconds_to_samples(each, sound.sample_rate) for each in lengths))

    def output_seconds(self, seconds: float) -> float:
        """Return the length of the output, see :meth:`.effect.Effect.output_seconds`."""
        return self.start_seconds + seconds + self.end_seconds

    def first_second(self, seconds: float | None) -> float:
        """Return the length of the silence at the start, negative."""
        return -self.start_seconds

    def output_position(self, position_seconds: float, seconds: float | None) -> float | None:
        """Return where in the output a moment of the input is, see :meth:`.effect.Effect.output_position`."""
        return self.start_seconds + position_seconds


class PadStream(EndingStream):
    """The stream of :class:`Pad`; silence of ``n_start`` and ``n_end`` samples."""

    def __init__(self, n_channels: int, n_start: int, n_end: int) -> None:
        super().__init__(n_channels)
        self._n_start = n_start
        self._n_end = n_end

    def outputs(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the silence at the start first, see :meth:`.effect.EffectStream.outputs`."""
        yield from self._starting_blocks()
        yield from super().outputs(blocks)

    def _process(self, block: np.ndarray) -> np.ndarray:
        return np.concatenate([*self._starting_blocks(), block], axis=1)

    def _starting_blocks(self) -> Iterator[np.ndarray]:
        n_start, self._n_start = self._n_start, 0
        yield from _silent_blocks(self.n_channels, n_start)

    def final_blocks(self) -> Iterator[np.ndarray]:
        """Yield the silence at the end."""
        yield from self._starting_blocks()
        yield from _silent_blocks(self.n_channels, self._n_end)


def _silent_blocks(n_channels: int, n_samples: int) -> Iterator[np.ndarray]:
    for start in range(0, n_samples, FINAL_SAMPLES):
        yield np.zeros((n_channels, min(FINAL_SAMPLES, n_samples - start)), np.float32)


@dataclass(frozen=True)
class Reverse(Effect):
    """Reverse the time; a long sound waits for its end in an unnamed temporary file."""

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return ReverseStream(sound.n_channels)

    def output_position(self, position_seconds: float, seconds: float | None) -> float | None:
        """Return where in the output a moment of the input is, see :meth:`.effect.Effect.output_position`."""
        return None if seconds is None else max(0.0, seconds - position_seconds)


class ReverseStream(EndingStream):
    """The stream of :class:`Reverse`."""

    def __init__(self, n_channels: int) -> None:
        super().__init__(n_channels)
        self._spool = Spool(n_channels)

    def _process(self, block: np.ndarray) -> np.ndarray:
        self._spool.append(block)
        return block[:, :0]

    def final_blocks(self) -> Iterator[np.ndarray]:
        """Yield the sound, from its end to its start."""
        for end in range(self._spool.n_samples, 0, -FINAL_SAMPLES):
            start = max(0, end - FINAL_SAMPLES)
            yield np.ascontiguousarray(self._spool.read(start, end - start)[:, ::-1])
        self._spool.close()


MAX_SECONDS = 600.0
"""Longest sound that is looped: it is held as a whole."""


@dataclass(frozen=True)
class MakeLoop(Effect):
    """Make a seamless loop of the best length, or of seconds: cut out of the sound, or joined of pieces if longer.

    The sound, at most ten minutes, is held until its end.
    """

    keeps_parts = False

    seconds: float = ranged(0.0, 0.0, 3_600.0)
    crossfade_seconds: float = ranged(CROSSFADE_SECONDS, 0.001, 60.0)
    seed: int = ranged(0, 0, 2**32 - 1)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return LoopStream(self, sound)

    def output_position(self, position_seconds: float, seconds: float | None) -> None:
        """Return None: where a moment goes depends on the sound."""

    def output_seconds(self, seconds: float) -> float | None:
        """Return the length of the loop; None where it depends on the sound."""
        _check_length(seconds)
        return self.seconds or None


class LoopStream(EffectStream):
    """The stream of :class:`MakeLoop`."""

    def __init__(self, effect: MakeLoop, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels)
        self._effect = effect
        self._sample_rate = sound.sample_rate
        self._held: list[np.ndarray] = []
        self._n_left = seconds_to_samples(MAX_SECONDS, sound.sample_rate)

    def _process(self, block: np.ndarray) -> np.ndarray:
        self._n_left -= block.shape[1]
        if self._n_left < 0:
            _check_length(MAX_SECONDS + 1 / self._sample_rate)
        self._held.append(block.copy())
        return block[:, :0]

    def finish(self) -> np.ndarray:
        """Return the loop."""
        wave = np.concatenate([np.zeros((self.n_channels, 0), np.float32), *self._held], axis=1)
        self._held.clear()
        effect = self._effect
        return looped(wave, self._sample_rate, effect.seconds or None, effect.seed, effect.crossfade_seconds)

    def final_blocks(self) -> Iterator[np.ndarray]:
        """Yield the loop."""
        yield self.finish()


def _check_length(seconds: float) -> None:
    if seconds > MAX_SECONDS:
        raise BadSetting(f"loop holds the whole sound, at most {MAX_SECONDS:g} s; trim it first.")
