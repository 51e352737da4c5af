"""Effects: settings, and the streams that they open, which process sound of any length block by block.

`EFFECTS` of effects/catalogue.py lists them all; `STREAMING_EFFECTS` of synth/patch.py those that a patch may have.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from ..audio.file_formats.metadata import Marker
from ..audio.sound_file import SoundFormat
from ..base.errors import BadAudio, BadSetting
from ..base.ranges import RangedSettings
from ..base.units import seconds_to_samples
from ..dsp.spectrum import FrameBuffer
from ..dsp.stream import WaveStream


class EffectStream(WaveStream):
    """One effect at work on consecutive blocks of a sound.

    The concatenated outputs of :meth:`push` and :meth:`finish`, without their first ``latency_samples`` samples, are
    the processed sound. The lengths of the blocks change no bit of it.

    Parameters
    ----------
    n_channels : int
        Channels of the input.
    n_output_channels : int, optional
        Channels of the output; as many as the input has by default.
    latency_samples : int
        Samples by which the output lags behind the input.
    tail_samples : int
        Samples of the output after the end of the input.
    """

    def __init__(
        self,
        n_channels: int,
        *,
        n_output_channels: int | None = None,
        latency_samples: int = 0,
        tail_samples: int = 0,
    ) -> None:
        self.n_channels = n_channels
        self.n_output_channels = n_channels if n_output_channels is None else n_output_channels
        self.latency_samples = latency_samples
        self.tail_samples = tail_samples

    adopted: ClassVar[tuple[str, ...] | None] = None
    """Attributes that `adopt` takes over: those that follow from settings alone; None if no setting can change."""

    def adopt(self, other: Self) -> None:
        """Go on with the settings of another stream of the same effect, and with the sound so far.

        Raises BadSetting if the state does not fit the settings, as after a change of the latency.

        Parameters
        ----------
        other : EffectStream
            Opened for the same sample rate and channels; it is of no use afterwards.
        """
        if self.adopted is None or type(other) is not type(self):
            raise BadSetting("its settings cannot change while it is at work")
        if (self.latency_samples, self.tail_samples) != (other.latency_samples, other.tail_samples):
            raise BadSetting("it decides how late the effect is, or how long it sounds on, which cannot change")
        for name in (*self.adopted, "_begin"):
            setattr(self, name, getattr(other, name))

    def fork(self) -> Self:
        """Return a copy that goes on from here by itself; settings are shared."""
        shared = [getattr(self, name) for name in self.adopted or ()]
        return copy.deepcopy(self, {id(each): each for each in shared})

    @property
    def is_finished(self) -> bool:
        """True once the output cannot depend on any further block, so that no more have to be read."""
        return False

    def push(self, block: np.ndarray) -> np.ndarray:
        """Process the next block.

        Raises BadAudio if the block has another number of channels, or samples that are not finite.

        Parameters
        ----------
        block : np.ndarray
            ``(channels, time)`` of any length; unchanged.

        Returns
        -------
        np.ndarray
            ``(output channels, time)`` float32, as long as the block unless the effect changes the length.
        """
        return self._process(checked_block(block, self.n_channels))

    def finish(self) -> np.ndarray:
        """Return what follows after the last block, ``(output channels, time)``: the latency and the tail."""
        return self._process(np.zeros((self.n_channels, self.latency_samples + self.tail_samples), np.float32))

    def outputs(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the outputs of blocks, which are read no further once the stream :attr:`is_finished`, and the rest."""
        for block in blocks:
            yield self.push(block)
            if self.is_finished:
                break
        yield from self.final_blocks()

    def final_blocks(self) -> Iterator[np.ndarray]:
        """Yield what follows after the last block, as :meth:`finish`, in blocks if it may be long."""
        yield self.finish()

    def warning(self) -> str:
        """Return a sentence on what the output lacks, once the sound is processed; empty as a rule."""
        return ""

    @abstractmethod
    def _process(self, block: np.ndarray) -> np.ndarray:
        """Process a checked block ``(channels, time)`` float32, contiguous and maybe empty."""


class KeyedStream(EffectStream):
    """The stream of an effect that another sound, its side chain, may control."""

    def push(self, block: np.ndarray, key: np.ndarray | None = None) -> np.ndarray:
        """Process the next block, see :meth:`EffectStream.push`.

        ``key (channels, time)`` has the same samples of the side chain, of any number of channels; by default it is the
        block. Raises BadAudio, too, if it is not as long as the block.
        """
        block = checked_block(block, self.n_channels)
        if key is None:
            return self._process(block)
        key = checked_block(key, len(np.atleast_2d(key)))
        if key.shape[1] != block.shape[1]:
            raise BadAudio(
                f"The side chain has {key.shape[1]} samples, and the block {block.shape[1]}; both need the same number."
            )
        return self._process_keyed(block, key)

    def _process(self, block: np.ndarray) -> np.ndarray:
        return self._process_keyed(block, block)

    @abstractmethod
    def _process_keyed(self, block: np.ndarray, key: np.ndarray) -> np.ndarray:
        """Process a checked block, controlled by a checked key of the same length."""


class EndingStream(EffectStream):
    """A stream whose output after the last block may be long: it comes in blocks."""

    def finish(self) -> np.ndarray:
        """Return what follows after the last block, ``(output channels, time)``."""
        return np.concatenate([np.zeros((self.n_output_channels, 0), np.float32), *self.final_blocks()], axis=1)

    @abstractmethod
    def final_blocks(self) -> Iterator[np.ndarray]:
        """Yield what follows after the last block, in blocks."""


class PartitionStream(EffectStream):
    """A stream that collects its input into partitions of a fixed length, and processes whole ones.

    Parameters
    ----------
    n_channels : int
    n_partition : int
        Samples of a partition.
    n_at_once : int
        Partitions to process together, where so many are there.
    """

    def __init__(self, n_channels: int, n_partition: int, n_at_once: int = 1) -> None:
        super().__init__(n_channels)
        self._partitions = FrameBuffer(n_channels, n_partition, n_partition)
        self._n_at_once = n_at_once

    def _process(self, block: np.ndarray) -> np.ndarray:
        partitions = self._partitions.add(block)
        outputs = [block[:, :0]]
        for start in range(0, partitions.shape[1], self._n_at_once):
            whole = partitions[:, start : start + self._n_at_once].reshape(self.n_channels, -1)
            outputs.append(self._process_partition(np.ascontiguousarray(whole)))
        return np.concatenate(outputs, axis=1)

    def finish(self) -> np.ndarray:
        """Return what follows after the last block, ``(channels, time)``."""
        return self._process_last(self._partitions.rest())

    @abstractmethod
    def _process_partition(self, partition: np.ndarray) -> np.ndarray:
        """Process a whole partition ``(channels, time)``, or several."""

    @abstractmethod
    def _process_last(self, partition: np.ndarray) -> np.ndarray:
        """Process the last partition, which is shorter and maybe empty, and return all that follows."""


class SeriesStream(EffectStream):
    """Streams one after another, none of which changes the length."""

    def __init__(self, *streams: EffectStream) -> None:
        super().__init__(
            streams[0].n_channels,
            n_output_channels=streams[-1].n_output_channels,
            latency_samples=sum(stream.latency_samples for stream in streams),
            tail_samples=sum(stream.tail_samples for stream in streams),
        )
        self._streams = streams

    def reset(self) -> None:
        """Begin anew, as new streams."""
        for stream in self._streams:
            stream.reset()

    def _process(self, block: np.ndarray) -> np.ndarray:
        for stream in self._streams:
            block = stream.push(block)
        return block


class StatelessStream(EffectStream):
    """The stream of an effect whose output depends on no sample before."""

    adopted = ("_function",)

    def __init__(
        self, n_channels: int, function: Callable[[np.ndarray], np.ndarray], n_output_channels: int | None = None
    ) -> None:
        super().__init__(n_channels, n_output_channels=n_output_channels)
        self._function = function

    def _process(self, block: np.ndarray) -> np.ndarray:
        return self._function(block)


class Effect(RangedSettings, ABC):
    """Base of all effects: frozen dataclasses of settings, with units in their names."""

    @abstractmethod
    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream.

        Raises BadSetting if a setting does not fit the sample rate or the number of channels.

        Parameters
        ----------
        sound : SoundFormat
            Sample rate in Hz, channels, and their positions if they are known; the length is not used.
        """

    def output_rate(self, sample_rate: int) -> int:
        """Return the sample rate in Hz of the output for that of the input; the same unless the effect resamples."""
        return sample_rate

    keeps_loops: ClassVar[bool] = True
    """False if a seamless loop in the sound would not be one in the output, as after a modulation or with a tail."""

    keeps_parts: ClassVar[bool] = True
    """False if a part of the file that another program wrote may not be true of the output, of the same length."""

    @property
    def semitones_up(self) -> float:
        """By how much the pitch rises."""
        return 0.0

    @property
    def speed(self) -> float:
        """Seconds of the input for each of the output."""
        return 1.0

    @property
    def brings(self) -> Path | None:
        """The file whose sound comes before, into or after the input, with its markers."""
        return None

    def first_second(self, seconds: float | None) -> float | None:
        """Return the time of the input, of some length, at which the output starts; negative after silence.

        None if it depends on the sound.
        """
        return 0.0

    def cuts_into(self, start_seconds: float, end_seconds: float, seconds: float | None) -> bool:
        """Return True if the effect changes a part of a region of the input alone."""
        return False

    def added_markers(self, seconds: float | None) -> Iterable[Marker]:
        """Return the markers of a file that the effect brings in, where they are in the output."""
        return ()

    def output_position(self, position_seconds: float, seconds: float | None) -> float | None:
        """Return where in the output a moment of the input is.

        Parameters
        ----------
        position_seconds : float
            Time of the moment in the input.
        seconds : float or None
            Length of the input, if it is known.

        Returns
        -------
        float or None
            Time in the output; None if the moment is cut out, or its place depends on the sound.
        """
        return position_seconds

    def output_region(
        self, start_seconds: float, end_seconds: float, seconds: float | None
    ) -> tuple[float, float] | None:
        """Return start and end in the output of a region of the input, see :meth:`output_position`."""
        start, end = (self.output_position(position, seconds) for position in (start_seconds, end_seconds))
        return None if start is None or end is None else (min(start, end), max(start, end))

    def output_seconds(self, seconds: float) -> float | None:
        """Return the length of the output for that of the input, without the tail; None if it depends on the sound.

        Raises BadSetting if the effect needs a longer sound.
        """
        return seconds

    def __call__(self, wave: np.ndarray, sample_rate: int) -> np.ndarray:
        """Process a whole sound.

        Raises BadAudio or BadSetting as the stream.

        Parameters
        ----------
        wave : np.ndarray
            ``(channels, time)``, or ``(time,)`` of one channel.
        sample_rate : int, in Hz

        Returns
        -------
        np.ndarray
            float32, with the latency of the stream removed; ``(time,)`` if the input is and one channel comes out.
        """
        channels = np.atleast_2d(wave)
        stream = self.stream(SoundFormat(sample_rate, len(channels)))
        blocks = list(stream.process_blocks([channels]))
        if len(blocks) == 1 and not np.may_share_memory(blocks[0], wave):
            processed = blocks[0]
        else:
            processed = np.concatenate([np.zeros((stream.n_output_channels, 0), np.float32), *blocks], axis=1)
        return processed[0] if np.ndim(wave) == 1 and len(processed) == 1 else processed


class KeyedEffect(Effect):
    """Base of the effects that another sound, their side chain, may control."""

    @abstractmethod
    def stream(self, sound: SoundFormat) -> KeyedStream:
        """Open a stream, see :meth:`Effect.stream`."""

    def __call__(self, wave: np.ndarray, sample_rate: int, key: np.ndarray | None = None) -> np.ndarray:
        """Process a whole sound, see :meth:`Effect.__call__`; a shorter or longer ``key`` is padded or cut."""
        if key is None:
            return super().__call__(wave, sample_rate)
        channels = np.atleast_2d(wave)
        n_samples = channels.shape[1]
        key = np.atleast_2d(key)[:, :n_samples]
        key = np.pad(key, ((0, 0), (0, n_samples - key.shape[1])))
        processed = self.stream(SoundFormat(sample_rate, len(channels))).push(channels, key)
        return processed[0] if np.ndim(wave) == 1 else processed


class Measurement(ABC):
    """The first pass of a :class:`TwoPassEffect`: blocks are added, then it knows the settings of the second."""

    @abstractmethod
    def add(self, block: np.ndarray) -> None:
        """Measure the next block, ``(channels, time)``."""

    @abstractmethod
    def effect(self) -> Effect:
        """Return the effect of the second pass."""


class TwoPassEffect(Effect):
    """Base of the effects that depend on the whole sound, such as normalisation."""

    @abstractmethod
    def measurement(self, sound: SoundFormat) -> Measurement:
        """Open a measurement of a sound; see :meth:`Effect.stream` for the parameter."""

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Raise BadSetting: the sound has to be measured first."""
        raise BadSetting(
            f"{type(self).__name__} depends on the whole sound: add it to measurement(), then stream its effect()."
        )

    def __call__(self, wave: np.ndarray, sample_rate: int) -> np.ndarray:
        """Measure a whole sound and process it, see :meth:`Effect.__call__`."""
        channels = np.atleast_2d(wave)
        measurement = self.measurement(SoundFormat(sample_rate, len(channels)))
        measurement.add(checked_block(channels, len(channels)))
        return measurement.effect()(wave, sample_rate)


def checked_block(block: np.ndarray, n_channels: int) -> np.ndarray:
    """Return a block ``(channels, time)`` as contiguous float32.

    Raises BadAudio if it has another number of channels or dimensions, or samples that are not finite.
    """
    block = np.ascontiguousarray(block, np.float32)
    if block.ndim != 2 or len(block) != n_channels:
        raise BadAudio(
            f"A block has the shape {block.shape}; the stream takes (channels, time) with {n_channels} channels."
        )
    if not np.isfinite(block).all():
        raise BadAudio("The sound has samples that are not finite (NaN or infinity); repair or cut it first.")
    return block


def history_of(samples: np.ndarray, n_samples: int) -> np.ndarray:
    """Return the last ``n_samples`` of ``(..., time)``, with silence before them where there are fewer; a copy."""
    n_missing = max(0, n_samples - samples.shape[-1])
    padded = np.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(n_missing, 0)])
    return padded[..., padded.shape[-1] - n_samples :].copy()


def check_same_shape(before: np.ndarray, after: np.ndarray) -> None:
    """Raise BadSetting unless two states have one shape."""
    if before.shape != after.shape:
        raise BadSetting("it decides of how many parts the effect is made, which cannot change")


def check_below_nyquist(sample_rate: int, **frequencies_hz: float) -> None:
    """Raise BadSetting if a frequency is not below half the sample rate."""
    for name, frequency_hz in frequencies_hz.items():
        if frequency_hz >= sample_rate / 2:
            raise BadSetting(
                f"{name} is {frequency_hz:g}; at a sample rate of {sample_rate} Hz it must lie below half of that."
            )


def milliseconds_to_samples(milliseconds: float, sample_rate: int) -> int:
    """Convert milliseconds to the nearest whole number of samples."""
    return seconds_to_samples(milliseconds / 1_000, sample_rate)
