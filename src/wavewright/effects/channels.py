"""Channels: mid/side, stereo width, balance, panning, mono and stereo, swapped channels."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.channel_layouts import LAYOUTS, mono_weights, stereo_weights
from ..base.errors import BadSetting
from ..base.ranges import ranged
from .effect import Effect, EffectStream, StatelessStream

CANCELLED_DB = 12.0
"""By how much the mix of channels is lower than they are if they cancel each other; unlike sounds lose 3 dB."""

Matrix = list[list[float]]
"""Weights of the input channels, a row for each output channel."""


class MatrixEffect(Effect):
    """Base of the effects whose output channels are weighted sums of the input channels."""

    @abstractmethod
    def matrix(self, sound: SoundFormat) -> Matrix:
        """Return the weights for the channels of a sound.

        Raises BadSetting if the effect is not defined for this number of channels.
        """

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        matrix = np.array(self.matrix(sound), np.float32)

        def mix(block: np.ndarray) -> np.ndarray:
            # Not a matrix product: BLAS sums in another order for other lengths.
            mixed = np.zeros((len(matrix), block.shape[1]), np.float32)
            for output, weights in enumerate(matrix):
                for channel, weight in zip(block, weights, strict=True):
                    if weight:
                        mixed[output] += weight * channel
            return mixed

        return StatelessStream(sound.n_channels, mix, len(matrix))

    def _check_channels(self, n_channels: int, expected: int) -> None:
        if n_channels != expected:
            kind = {1: "mono", 2: "stereo"}[expected]
            has = "1 channel" if n_channels == 1 else f"{n_channels} channels"
            raise BadSetting(f"It is an effect for {kind} sound, and this has {has}; write '{kind}' before it.")


@dataclass(frozen=True)
class MidSide(MatrixEffect):
    """Convert left and right to mid and side, ``(left + right) / 2`` and ``(left - right) / 2``."""

    def matrix(self, sound: SoundFormat) -> Matrix:
        """Return the weights, see :meth:`MatrixEffect.matrix`."""
        self._check_channels(sound.n_channels, 2)
        return [[0.5, 0.5], [0.5, -0.5]]


@dataclass(frozen=True)
class LeftRight(MatrixEffect):
    """Convert mid and side to left and right, the inverse of :class:`MidSide`."""

    def matrix(self, sound: SoundFormat) -> Matrix:
        """Return the weights, see :meth:`MatrixEffect.matrix`."""
        self._check_channels(sound.n_channels, 2)
        return [[1.0, 1.0], [1.0, -1.0]]


@dataclass(frozen=True)
class Width(MatrixEffect):
    """Stereo width, a multiplier of the side signal: 0 is mono, 1 neutral."""

    width: float = ranged(1.0, 0.0, 4.0)

    def matrix(self, sound: SoundFormat) -> Matrix:
        """Return the weights, see :meth:`MatrixEffect.matrix`."""
        self._check_channels(sound.n_channels, 2)
        own, other = 0.5 * (1.0 + self.width), 0.5 * (1.0 - self.width)
        return [[own, other], [other, own]]


@dataclass(frozen=True)
class Balance(MatrixEffect):
    """Attenuate one channel of a stereo sound, linearly: from -1 (left alone) to 1 (right alone)."""

    balance: float = ranged(0.0, -1.0, 1.0)

    def matrix(self, sound: SoundFormat) -> Matrix:
        """Return the weights, see :meth:`MatrixEffect.matrix`."""
        self._check_channels(sound.n_channels, 2)
        return [[min(1.0, 1.0 - self.balance), 0.0], [0.0, min(1.0, 1.0 + self.balance)]]


@dataclass(frozen=True)
class Pan(MatrixEffect):
    """Pan a mono sound to stereo with equal power: from -1 (left) to 1 (right), -3 dB for each in the centre."""

    position: float = ranged(0.0, -1.0, 1.0)

    def matrix(self, sound: SoundFormat) -> Matrix:
        """Return the weights, see :meth:`MatrixEffect.matrix`."""
        self._check_channels(sound.n_channels, 1)
        angle = 0.25 * math.pi * (1.0 + self.position)
        return [[math.cos(angle)], [math.sin(angle)]]


@dataclass(frozen=True)
class ToStereo(MatrixEffect):
    """Copy mono to both channels, or mix 3 to 8 channels (5.1, 7.1) to two (ITU-R BS.775, without the LFE)."""

    def matrix(self, sound: SoundFormat) -> Matrix:
        """Return the weights, see :meth:`MatrixEffect.matrix`."""
        if sound.n_channels == 2:
            return [[1.0, 0.0], [0.0, 1.0]]
        weights = [[1.0], [1.0]] if sound.n_channels == 1 else stereo_weights(sound.n_channels, sound.positions)
        if weights is None:
            raise BadSetting(
                f"A stereo downmix is defined for up to {max(LAYOUTS)} channels, and this has {sound.n_channels}."
            )
        return weights


@dataclass(frozen=True)
class Mono(MatrixEffect):
    """Mix to one channel: the mean of two, or of the stereo downmix of 3 to 8 (ITU-R BS.775, without the LFE)."""

    def matrix(self, sound: SoundFormat) -> Matrix:
        """Return the weights, see :meth:`MatrixEffect.matrix`."""
        return [mono_weights(sound.n_channels, sound.positions)]

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return MonoStream(super().stream(sound))


class MonoStream(EffectStream):
    """The stream of :class:`Mono`; it compares the levels before and after."""

    def __init__(self, stream: EffectStream) -> None:
        super().__init__(stream.n_channels, n_output_channels=1)
        self._stream = stream
        self._squares, self._mixed_squares = 0.0, 0.0

    def _process(self, block: np.ndarray) -> np.ndarray:
        mixed = self._stream.push(block)
        self._squares += float(np.square(block, dtype=np.float64).sum()) / self.n_channels
        self._mixed_squares += float(np.square(mixed, dtype=np.float64).sum())
        return mixed

    def warning(self) -> str:
        """Return a sentence if the channels cancelled each other."""
        if self._mixed_squares >= self._squares * 10 ** (-CANCELLED_DB / 10):
            return ""
        lost = "nothing of them is left"
        if self._mixed_squares > self._squares * 1e-12:
            lost = f"their mix is {10 * math.log10(self._squares / self._mixed_squares):.0f} dB lower than they are"
        return (
            f"The channels cancel each other in mono: {lost}. One of them may be inverted; 'balance -1; mono; gain "
            "6dB' takes the left one alone."
        )


@dataclass(frozen=True)
class SwapChannels(MatrixEffect):
    """Swap left and right."""

    def matrix(self, sound: SoundFormat) -> Matrix:
        """Return the weights, see :meth:`MatrixEffect.matrix`."""
        self._check_channels(sound.n_channels, 2)
        return [[0.0, 1.0], [1.0, 0.0]]
