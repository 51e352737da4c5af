"""Base classes of models that enhance speech, and of their streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import BadAudio, BadSetting
from ..base.units import db_to_gain
from ..dsp.stream import HopStream
from .runtime import Model, checked_wave

if TYPE_CHECKING:
    from ..dsp.echo import LinearEchoCanceller

MAX_ATTENUATION_DB = 120.0
USUAL_ATTENUATION_DB = 24.0
"""Default limit: what is left of the noise hides artefacts, and recognisers make no more errors than without it."""


@dataclass(frozen=True)
class EnhancementSettings:
    """Settings of an enhancement, the same for its whole length.

    Raises BadSetting if a number is out of its range.

    Attributes
    ----------
    dereverb
        Remove reverberation too.
    max_attenuation_db
        Largest attenuation of noise, dB: a part of the recording is added to the enhanced sound. None for no limit.
    mix
        Fraction of the enhanced sound, the rest is the recording itself.
    is_linked
        Apply one mask to all channels, which preserves the stereo image; otherwise each
        channel is enhanced by itself.
    """

    dereverb: bool = False
    max_attenuation_db: float | None = USUAL_ATTENUATION_DB
    mix: float = 1.0
    is_linked: bool = True

    def __post_init__(self) -> None:
        limit = self.max_attenuation_db
        if limit is not None and not 0 <= limit <= MAX_ATTENUATION_DB:
            raise BadSetting(
                f"max_attenuation_db is {limit}; it must lie between 0 and {MAX_ATTENUATION_DB:g}, or None for no "
                "limit."
            )
        if not 0 <= self.mix <= 1:
            raise BadSetting(f"mix is {self.mix}; it must lie between 0 (the recording itself) and 1 (enhanced).")

    @property
    def enhanced_fraction(self) -> float:
        """Fraction of the enhanced sound by the mix and by the largest attenuation."""
        floor = 0.0 if self.max_attenuation_db is None else float(db_to_gain(-self.max_attenuation_db))
        return self.mix * (1 - floor)


class EnhancerStream(HopStream):
    """Channels that are enhanced as they arrive; the sizes of the chunks change no sample.

    Attributes
    ----------
    n_channels
        Number of channels.
    """

    def __init__(self, n_channels: int, hop_length: int, delay_hops: int) -> None:
        if n_channels < 1:
            raise BadSetting(f"The number of channels is {n_channels}; it must be at least 1.")
        self.n_channels = n_channels
        super().__init__(n_channels, n_channels, hop_length, delay_hops)


class Enhancer(Model, ABC):
    """A model that removes noise and reverberation from speech."""

    def enhance(self, wave: np.ndarray, settings: EnhancementSettings | None = None) -> np.ndarray:
        """Return the enhanced wave, float32, of a wave at the model's sample rate: ``(time,)`` or ``(channels, time)``.

        Raises BadAudio for other shapes, integers, no samples, NaN or infinite values.
        """
        wave = np.asarray(wave)
        stream = self.stream(1 if wave.ndim < 2 else len(wave), settings)
        if not wave.size:
            raise BadAudio("The wave has shape (0,); it must have at least one sample.")
        channels = wave if wave.ndim > 1 else wave[None]
        return np.concatenate([*stream.process_blocks([channels])], axis=1).reshape(wave.shape)

    @abstractmethod
    def stream(self, n_channels: int = 1, settings: EnhancementSettings | None = None) -> EnhancerStream:
        """Return a new stream; raise BadSetting for a number of channels that is not positive."""


class EchoStream(HopStream):
    """A microphone whose echo is removed as it arrives: ``(2, time)``, the far end below it, to ``(1, time)``.

    This one subtracts what a linear canceller predicts; streams of models process what it leaves.

    Parameters
    ----------
    linear : LinearEchoCanceller
        The canceller, in whose blocks the stream computes.
    delay_hops : int
        Blocks by which the output is late, besides the one that is filled.
    """

    def __init__(self, linear: LinearEchoCanceller, delay_hops: int = 0) -> None:
        self._linear = linear
        super().__init__(2, 1, linear.settings.block_length, delay_hops)

    @property
    def delay_seconds(self) -> float | None:
        """Delay of the echo after the far end, None as long as no echo was found."""
        return self._linear.delay_seconds

    def reset(self) -> None:
        """Begin anew, as a new stream."""
        self._linear.reset()
        super().reset()

    def _process_hops(self, hops: np.ndarray) -> np.ndarray:
        return np.concatenate([self._linear.process(*hop)[0] for hop in hops.swapaxes(0, 1)])[None]

    def _hop_state(self) -> dict[str, np.ndarray]:
        return {f"linear_{name}": array for name, array in self._linear.state().items()}

    def _restore_hops(self, state: Mapping[str, np.ndarray]) -> None:
        self._linear.restore({name.removeprefix("linear_"): array for name, array in state.items()})


class EchoCanceller(Model, ABC):
    """A model that removes the echo of a loudspeaker from a microphone."""

    def cancel(self, microphone: np.ndarray, far: np.ndarray) -> np.ndarray:
        """Return the microphone ``(time,)`` without the echo of ``far (time,)``, at the model's sample rate.

        Raises BadAudio for other shapes, two lengths, integers, no samples, NaN or infinite values.
        """
        waves = checked_wave(microphone), checked_wave(far)
        if len(waves[0]) != len(waves[1]):
            raise BadAudio(
                f"The microphone has {len(waves[0])} samples and the far end {len(waves[1])}; give waves of the same "
                "length."
            )
        processed: np.ndarray = np.concatenate([*self.stream().process_blocks([np.stack(waves)])], axis=1)[0]
        return processed

    @abstractmethod
    def stream(self) -> EchoStream:
        """Return a new stream."""
