"""Effects that bring in another sound file: overlay, append, insert, duck, convolve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...audio.clip import Clip
from ...audio.file_formats.metadata import Marker
from ...audio.sound_file import SoundFormat, open_sound
from ...audio.wave_blocks import BlockReader, converted
from ...base.errors import BadAudio, BadSetting
from ...base.ranges import ranged
from ...base.units import db_to_gain, seconds_to_samples
from ...dsp.assembly import check_curve, fade_gains
from ..dynamics import Ducker
from ..effect import Effect, EffectStream, KeyedStream
from ..space import ConvolutionReverb

BLOCK_SECONDS, BLOCK_SAMPLES = 1.0, 65_536
MAX_RESPONSE_SECONDS = 60.0
DAY_SECONDS = 86_400.0


class OtherSound(BlockReader):
    """A sound file in the sample rate and the channels of another sound, read in order.

    Raises BadAudio if it cannot be read, or has several channels where another number is needed.

    Parameters
    ----------
    path : Path
        The sound file.
    sample_rate : int, in Hz
    n_channels : int
        One channel becomes as many as needed, and several become one, their mean.
    """

    def __init__(self, path: Path, sample_rate: int, n_channels: int) -> None:
        sound = open_sound(path)
        header = sound.header
        if header.n_channels != n_channels and 1 not in (header.n_channels, n_channels):
            raise BadAudio(
                f"{path} has {header.n_channels} channels, and the sound {n_channels}; make one of them mono or alike."
            )
        rates, numbers = (header.sample_rate, sample_rate), (header.n_channels, n_channels)
        waves = converted(sound.blocks(BLOCK_SECONDS), *rates, *numbers, sound.positions)
        super().__init__(waves, n_channels)


def _markers_of(file: Path, start: float) -> Iterator[Marker]:
    """Yield the markers of a file that begins at a time."""
    for marker in open_sound(file).metadata.markers:
        end = None if marker.end is None else start + marker.end
        yield replace(marker, start=start + marker.start, end=end)


@dataclass(frozen=True)
class Overlay(Effect):
    """Add the sound of a file from ``at_seconds`` on; a sound that ends before it is prolonged by silence."""

    keeps_loops = False

    file: Path
    at_seconds: float = ranged(0.0, 0.0, DAY_SECONDS)
    gain_db: float = ranged(0.0, -120.0, 60.0)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return OverlayStream(self, sound)

    def output_seconds(self, seconds: float) -> float | None:
        """Return the length of the longer sound."""
        other = open_sound(self.file).header.seconds
        return None if other is None else max(seconds, self.at_seconds + other)


class OverlayStream(EffectStream):
    """The stream of :class:`Overlay`."""

    def __init__(self, settings: Overlay, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels)
        self._other = OtherSound(settings.file, sound.sample_rate, sound.n_channels)
        self._n_before = seconds_to_samples(settings.at_seconds, sound.sample_rate)
        self._gain = np.float32(db_to_gain(settings.gain_db))

    def _process(self, block: np.ndarray) -> np.ndarray:
        n_before = min(self._n_before, block.shape[1])
        self._n_before -= n_before
        other = self._other.read(block.shape[1] - n_before)
        output = block.copy()
        output[:, n_before : n_before + other.shape[1]] += other * self._gain
        return output

    def final_blocks(self) -> Iterator[np.ndarray]:
        """Yield what of the other sound is left."""
        while self._n_before:
            n_silent = min(self._n_before, BLOCK_SAMPLES)
            self._n_before -= n_silent
            yield np.zeros((self.n_channels, n_silent), np.float32)
        for block in self._other.blocks(BLOCK_SAMPLES):
            yield block * self._gain


@dataclass(frozen=True)
class Append(Effect):
    """Append the sound of a file, over a crossfade of ``crossfade_seconds``."""

    file: Path
    crossfade_seconds: float = ranged(0.0, 0.0, 300.0)
    curve: str = "equal-power"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_curve(self.curve)

    @property
    def brings(self) -> Path | None:
        """The file."""
        return self.file

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return AppendStream(self, sound)

    def output_seconds(self, seconds: float) -> float | None:
        """Return the sum of the lengths without the crossfade."""
        other = open_sound(self.file).header.seconds
        return None if other is None else seconds + other - min(self.crossfade_seconds, seconds, other)

    def added_markers(self, seconds: float | None) -> Iterator[Marker]:
        """Yield those of the file."""
        if seconds is not None:
            other = open_sound(self.file).header.seconds or 0.0
            yield from _markers_of(self.file, seconds - min(self.crossfade_seconds, seconds, other))


class AppendStream(EffectStream):
    """The stream of :class:`Append`; it holds back the samples of the crossfade until it knows the end."""

    def __init__(self, settings: Append, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels)
        self._other = OtherSound(settings.file, sound.sample_rate, sound.n_channels)
        self._n_crossfade = seconds_to_samples(settings.crossfade_seconds, sound.sample_rate)
        self._curve = settings.curve
        self._held = np.zeros((sound.n_channels, 0), np.float32)

    def _process(self, block: np.ndarray) -> np.ndarray:
        joined = np.concatenate([self._held, block], axis=1)
        n_ready = max(0, joined.shape[1] - self._n_crossfade)
        self._held = joined[:, n_ready:]
        return joined[:, :n_ready]

    def final_blocks(self) -> Iterator[np.ndarray]:
        """Yield the crossfade, and the rest of the other sound."""
        start = self._other.read(self._held.shape[1])
        n_single = self._held.shape[1] - start.shape[1]  # the other sound is shorter than the crossfade
        gains = fade_gains(start.shape[1], self._curve)
        yield self._held[:, :n_single]
        yield self._held[:, n_single:] * gains[::-1] + start * gains
        yield from self._other.blocks(BLOCK_SAMPLES)


@dataclass(frozen=True)
class Insert(Effect):
    """Insert the sound of a file at ``at_seconds``."""

    file: Path
    at_seconds: float = ranged(0.0, 0.0, DAY_SECONDS)

    @property
    def brings(self) -> Path | None:
        """The file."""
        return self.file

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return InsertStream(self, sound)

    def output_seconds(self, seconds: float) -> float | None:
        """Return the sum of the lengths; raise BadSetting if the sound ends before ``at_seconds``."""
        if self.at_seconds > seconds:
            raise BadSetting(
                f"{self.at_seconds:g} s lie beyond the end of the sound at {seconds:.3f} s; give an earlier time."
            )
        other = open_sound(self.file).header.seconds
        return None if other is None else seconds + other

    def output_position(self, position_seconds: float, seconds: float | None) -> float | None:
        """Return where in the output a moment of the input is, see :meth:`.effect.Effect.output_position`."""
        if position_seconds < self.at_seconds:
            return position_seconds
        other = open_sound(self.file).header.seconds
        return None if other is None else position_seconds + other

    def cuts_into(self, start_seconds: float, end_seconds: float, seconds: float | None) -> bool:
        """Return True if the file comes into a region."""
        return start_seconds < self.at_seconds < end_seconds

    def added_markers(self, seconds: float | None) -> Iterator[Marker]:
        """Yield those of the file."""
        return _markers_of(self.file, self.at_seconds)


class InsertStream(EffectStream):
    """The stream of :class:`Insert`."""

    def __init__(self, settings: Insert, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels)
        self._other: OtherSound | None = OtherSound(settings.file, sound.sample_rate, sound.n_channels)
        self._n_before = seconds_to_samples(settings.at_seconds, sound.sample_rate)
        self._at_seconds = settings.at_seconds

    def _process(self, block: np.ndarray) -> np.ndarray:
        n_before = min(self._n_before, block.shape[1])
        self._n_before -= n_before
        if self._other is None or n_before == block.shape[1]:
            return block
        return np.concatenate([block[:, :n_before], *self._inserted(), block[:, n_before:]], axis=1)

    def _inserted(self) -> Iterator[np.ndarray]:
        if self._other is not None:
            yield from self._other.blocks(BLOCK_SAMPLES)
            self._other = None

    def final_blocks(self) -> Iterator[np.ndarray]:
        """Yield the other sound if the sound ends exactly there; raise BadAudio if it ends earlier."""
        if self._n_before:
            raise BadAudio(f"The sound ends before {self._at_seconds:g} s, where a file is to be inserted.")
        yield from self._inserted()


@dataclass(frozen=True)
class DuckUnder(Ducker):
    """Lower the sound, such as music, by ``depth_db`` where the sound of a file, such as a voice, is loud."""

    keeps_loops = False

    file: Path = field(kw_only=True)

    def stream(self, sound: SoundFormat) -> EffectStream:  # type: ignore[override]  # the key is set
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return DuckStream(super().stream(sound), self.file, sound.sample_rate)


class DuckStream(EffectStream):
    """The stream of :class:`DuckUnder`: silence follows the end of the file."""

    def __init__(self, stream: KeyedStream, key: Path, sample_rate: int) -> None:
        super().__init__(stream.n_channels)
        self._stream = stream
        self._key = OtherSound(key, sample_rate, 1)

    def reset(self) -> None:
        """Begin anew, as a new stream."""
        self._stream.reset()
        super().reset()

    def _process(self, block: np.ndarray) -> np.ndarray:
        key = self._key.read(block.shape[1])
        return self._stream.push(block, np.pad(key, ((0, 0), (0, block.shape[1] - key.shape[1]))))


@dataclass(frozen=True)
class Convolve(Effect):
    """Convolve with the impulse response in a file, such as that of a room, see :class:`ConvolutionReverb`."""

    keeps_loops = False

    file: Path
    mix: float = ranged(1.0, 0.0, 1.0)
    tail_seconds: float = ranged(0.0, 0.0, 60.0)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        response = Clip.read(self.file, seconds=MAX_RESPONSE_SECONDS).resample(sound.sample_rate)
        if response.n_channels not in (1, sound.n_channels):
            response = response.mono()
        effect = ConvolutionReverb(response.wave, sound.sample_rate, self.mix, self.tail_seconds)
        return effect.stream(sound)


FILE_EFFECTS: Mapping[str, type[Effect]] = {
    "overlay": Overlay,
    "append": Append,
    "insert": Insert,
    "duck": DuckUnder,
    "convolve": Convolve,
}
"""Effects with files by their names in chains; they replace those in ``EFFECTS`` of the same name."""
