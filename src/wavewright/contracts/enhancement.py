"""Base classes of models that enhance speech, and of their streams."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import BadAudio, BadSetting
from ..dsp.stream import HopStream
from .runtime import Model, checked_wave

if TYPE_CHECKING:
    from ..dsp.echo import LinearEchoCanceller

MAX_ATTENUATION_DB = 120.0
"""No limit."""

USUAL_ATTENUATION_DB, LARGEST_ATTENUATION_DB = 24.0, 40.0
"""Default limits, where noise is faint, and where it is loud: what is left of it hides artefacts."""
FAINT_DB, LIMIT_SLOPE = 23.0, 2.0
"""Speech over noise from which on the limit is the usual one, and dB by which it is higher for each dB below."""

MEMORY_SECONDS = 4.0  # of the levels of speech and noise
FIRST_SECONDS, FIRST_RATIO_DB = 0.1, 15.0  # of the recording that count as much as what is guessed, and the guess
FIRST_RATIO, TINY = 10 ** (-FIRST_RATIO_DB / 10), 1e-20
PAUSE = 0.1  # power over that of speech below which a frame is a pause


@dataclass(frozen=True)
class EnhancementSettings:
    """Settings of an enhancement, the same for its whole length.

    Raises BadSetting if a number is out of its range.

    Attributes
    ----------
    dereverb
        Remove reverberation too.
    max_attenuation_db
        Largest attenuation of noise, dB: a part of the recording is added to the enhanced sound. None for 24 dB, and up
        to 40 dB where the noise is less than 23 dB below the speech (:class:`AttenuationLimit`); 120 for no limit.
    mix
        Fraction of the enhanced sound, the rest is the recording itself.
    is_linked
        Apply one mask to all channels, which preserves the stereo image; otherwise each
        channel is enhanced by itself.
    """

    dereverb: bool = False
    max_attenuation_db: float | None = None
    mix: float = 1.0
    is_linked: bool = True

    def __post_init__(self) -> None:
        limit = self.max_attenuation_db
        if limit is not None and not 0 <= limit <= MAX_ATTENUATION_DB:
            raise BadSetting(
                f"max_attenuation_db is {limit}; it must lie between 0 and {MAX_ATTENUATION_DB:g} (no limit), or be "
                "None for one that follows the noise."
            )
        if not 0 <= self.mix <= 1:
            raise BadSetting(f"mix is {self.mix}; it must lie between 0 (the recording itself) and 1 (enhanced).")

    def enhanced_fraction(self, limit_db: float) -> float:
        """Return the fraction of the enhanced sound by the mix and by a limit of the attenuation in dB."""
        # No function of NumPy: this is called for each frame.
        return self.mix * (1 - (10.0 ** (-limit_db / 20) if limit_db < MAX_ATTENUATION_DB else 0.0))


class AttenuationLimit:
    """The fraction of the enhanced sound in each frame: that of the settings, or one that follows the noise.

    The level of speech is the mean power of the enhanced sound with that power as weight; the level of noise is the
    mean power of what was removed, in pauses of the speech. Both forget within MEMORY_SECONDS.

    - ``fixed``: the fraction of all frames, ``(1, 1, 1)``, None if it follows the noise.
    """

    def __init__(self, settings: EnhancementSettings, n_rows: int, frame_seconds: float) -> None:
        limit_db = settings.max_attenuation_db
        self.fixed: np.ndarray | None = None
        if limit_db is not None:
            self.fixed = np.full((1, 1, 1), settings.enhanced_fraction(limit_db), np.float32)
        self._settings = settings
        self._decay = math.exp(-frame_seconds / MEMORY_SECONDS)
        self._sums = [[0.0, 0.0, 0.0, 0.0, FIRST_SECONDS / frame_seconds] for _ in range(n_rows)]

    def fractions(self, enhanced: np.ndarray, removed: np.ndarray) -> np.ndarray:
        """Return the fractions ``(rows, frames)``, float32, that follow the powers of frames ``(rows, frames)``."""
        fractions = [
            [self._fraction(row, *powers) for powers in zip(*pair, strict=True)]
            for row, pair in enumerate(zip(enhanced.tolist(), removed.tolist(), strict=True))
        ]
        return np.array(fractions, np.float32)

    def _fraction(self, row: int, enhanced: float, removed: float) -> float:
        """Return the fraction of the next frame of a row."""
        squares, total, noise, weight, guessed = (self._decay * each for each in self._sums[row])
        squares, total = squares + enhanced * enhanced, total + enhanced
        speech = squares / max(total, TINY)
        in_pause = 1.0 / (1.0 + (enhanced / max(PAUSE * speech, TINY)) ** 2)
        noise, weight = noise + in_pause * removed, weight + in_pause
        self._sums[row] = [squares, total, noise, weight, guessed]
        level = (noise + guessed * speech * FIRST_RATIO) / (weight + guessed)
        ratio_db = 10.0 * math.log10(max(speech, TINY) / max(level, TINY))
        limit_db = USUAL_ATTENUATION_DB + LIMIT_SLOPE * (FAINT_DB - ratio_db)
        return self._settings.enhanced_fraction(min(max(limit_db, USUAL_ATTENUATION_DB), LARGEST_ATTENUATION_DB))

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the next fractions."""
        return {"attenuation": np.array(self._sums)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where the state was taken."""
        self._sums = state["attenuation"].tolist()


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
