"""MakeLoop: the sound as a seamless loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.errors import BadSetting
from ..base.ranges import ranged
from ..base.units import seconds_to_samples
from ..dsp.looping import CROSSFADE_SECONDS, looped
from .effect import Effect, EffectStream

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
