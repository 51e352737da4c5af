"""Render a mix block by block: memory does not grow with its length, and the lengths of blocks change no bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import tee

import numpy as np

from ...audio.sound_file import SoundFormat
from ...audio.wave_blocks import BlockReader, converted, first_samples, with_channels
from ...base.errors import Named
from ...base.units import db_to_gain, seconds_to_samples
from ..levels import FadeIn, FadeOut
from .automation import moving
from .plan import MASTER, Duck, Fader, Mix, Placement, Point, Strip, label_of

BLOCK_SAMPLES = 16_384


def render_blocks(mix: Mix, block_samples: int = BLOCK_SAMPLES) -> Iterator[np.ndarray]:
    """Render a mix.

    Parameters
    ----------
    mix : Mix
        Checked, see :meth:`.plan.Mix.check`.
    block_samples : int
        Length of the blocks; it changes no bit.

    Yields
    ------
    np.ndarray
        ``(channels, time)`` float32; at least one sample in all.

    Raises
    ------
    BadAudio, BadSetting
        With the position in the mix, if a sound cannot be read.
    """
    return render_strip_blocks(mix, MASTER, mix.n_samples, block_samples)


def render_strip_blocks(
    mix: Mix, name: str, n_samples: int | None = None, block_samples: int = BLOCK_SAMPLES
) -> Iterator[np.ndarray]:
    """Render the output of a strip, such as a stem, see :func:`render_blocks`.

    Parameters
    ----------
    mix, block_samples
        As for :func:`render_blocks`.
    name : str
        Name of the strip.
    n_samples : int, optional
        Length; what is longer is cut, and silence follows what is shorter.
    """
    reader = BlockReader(_Pass(mix, [name], block_samples).output(name), mix.n_channels)
    n_skipped = seconds_to_samples(mix.skipped_seconds, mix.sample_rate)
    while n_skipped > 0:
        n_read = reader.read(min(n_skipped, block_samples)).shape[1]
        if not n_read:
            break
        n_skipped -= n_read
    n_left = n_samples
    while n_left is None or n_left > 0:
        n_block = block_samples if n_left is None else min(block_samples, n_left)
        block = reader.read(n_block)
        if n_left is None and not block.shape[1]:
            return
        if n_left is not None:
            block = np.pad(block, ((0, 0), (0, n_block - block.shape[1])))
            n_left -= n_block
        yield block


class _Pass:
    """One rendering of strips, each read once, and of all strips that they need; each of them is rendered once."""

    def __init__(self, mix: Mix, names: Iterable[str], block_samples: int) -> None:
        self._mix = mix
        self._block_samples = block_samples
        self._n_readers: Counter[str] = Counter()
        self._count_readers(names)
        self._copies: dict[str, list[Iterator[np.ndarray]]] = {}

    def _count_readers(self, names: Iterable[str]) -> None:
        for name in names:
            self._n_readers[name] += 1
            if self._n_readers[name] > 1:
                continue
            strip = self._mix.strips[name]
            if not _is_measured_first(strip):  # which reads its inputs in passes of its own
                self._count_readers(each for each, _ in self._mix.inputs(name))
            if strip.duck is not None:
                self._count_readers([strip.duck.by])

    def output(self, name: str) -> Iterator[np.ndarray]:
        """Return the output of a strip, which may be read as often as it is needed."""
        if name not in self._copies:
            self._copies[name] = list(tee(self._rendered(name), self._n_readers[name]))
        return self._copies[name].pop()

    def _rendered(self, name: str) -> Iterator[np.ndarray]:
        strip, sound = self._mix.strips[name], self._mix.sound
        chain = strip.chain and moving(strip.chain, strip.automations, self._key)
        if chain is None:
            blocks = self.sum_of_inputs(name)
        elif _is_measured_first(strip):
            names = [each for each, _ in self._mix.inputs(name)]
            processed = chain.process(lambda: _Pass(self._mix, names, self._block_samples).sum_of_inputs(name), sound)
            blocks = (with_channels(block, sound.n_channels) for block in processed)
        else:
            processed = chain.process_blocks(self.sum_of_inputs(name), sound)
            blocks = (with_channels(block, sound.n_channels) for block in processed)
        if strip.duck is not None:
            blocks = self._ducked(blocks, strip.duck)
        return faded(blocks, strip.fader, sound)

    def _key(self, name: str) -> Iterator[np.ndarray]:
        """Return the output of a strip, rendered for itself: an effect may read it several times."""
        return _Pass(self._mix, [name], self._block_samples).output(name)

    def sum_of_inputs(self, name: str) -> Iterator[np.ndarray]:
        """Yield the sum of the regions of a track, or of all that is mixed into a bus."""
        strip, n = self._mix.strips[name], self._block_samples
        if strip.placements:
            yield from region_blocks(strip, self._mix.sound, n, self._mix.n_input_samples)
            return
        inputs = [
            (BlockReader(self.output(each), self._mix.n_channels), np.float32(db_to_gain(gain_db)))
            for each, gain_db in self._mix.inputs(name)
        ]
        while inputs:
            blocks = [(reader.read(n), gain) for reader, gain in inputs]
            n_read = max(block.shape[1] for block, _ in blocks)
            if not n_read:
                return
            mixed = np.zeros((self._mix.n_channels, n_read), np.float32)
            for block, gain in blocks:
                mixed[:, : block.shape[1]] += block if gain == 1 else block * gain
            yield mixed

    def _ducked(self, blocks: Iterable[np.ndarray], duck: Duck) -> Iterator[np.ndarray]:
        stream = duck.ducker.stream(self._mix.sound)
        key = BlockReader(self.output(duck.by), self._mix.n_channels)
        for block in blocks:
            key_block = key.read(block.shape[1])
            yield stream.push(block, np.pad(key_block, ((0, 0), (0, block.shape[1] - key_block.shape[1]))))


def _is_measured_first(strip: Strip) -> bool:
    return strip.chain is not None and strip.chain.n_passes > 1


def region_blocks(strip: Strip, sound: SoundFormat, block_samples: int, n_least: int) -> Iterator[np.ndarray]:
    """Yield the sum of the regions of a track, up to the end of the last one, at least ``n_least`` samples."""
    starts = [seconds_to_samples(placement.start_seconds, sound.sample_rate) for placement in strip.placements]
    order = sorted(range(len(starts)), key=lambda index: (starts[index], index), reverse=True)
    active: list[tuple[int, int, BlockReader]] = []  # start, number and reader of the sounds
    position = 0
    while order or active or position < n_least:
        end = position + block_samples
        while order and starts[order[-1]] < end:
            index = order.pop()
            reader = BlockReader(_rendered_placement(strip, index, sound), sound.n_channels)
            if starts[index] < 0:
                reader.read(-starts[index])
            active.append((starts[index], index, reader))
        mixed = np.zeros((sound.n_channels, block_samples), np.float32)
        n_used = block_samples if order else min(block_samples, max(0, n_least - position))
        continuing = []
        for start, index, reader in active:
            first = max(0, start - position)
            block = reader.read(block_samples - first)
            mixed[:, first : first + block.shape[1]] += block
            n_used = max(n_used, first + block.shape[1])
            if first + block.shape[1] == block_samples:
                continuing.append((start, index, reader))
        active = continuing
        position = end
        if n_used:
            yield mixed[:, :n_used]


def _rendered_placement(strip: Strip, index: int, sound: SoundFormat) -> Iterator[np.ndarray]:
    """Yield a placed sound from its own start, with its effects, fades, level and position."""
    placement = strip.placements[index]
    with Named(f"{label_of(strip)}, region {index + 1}"):
        blocks: Iterable[np.ndarray] = _source_blocks(placement, sound)
        if placement.chain is not None:
            processed = placement.chain.process(lambda: _source_blocks(placement, sound), sound)
            blocks = (with_channels(block, sound.n_channels) for block in processed)
        if placement.fade_in_seconds:
            effect = FadeIn(placement.fade_in_seconds, placement.fade_curve)
            blocks = effect.stream(sound).process_blocks(blocks)
        if placement.fade_out_seconds:
            fade_out = FadeOut(placement.fade_out_seconds, placement.fade_curve)
            blocks = fade_out.stream(sound).process_blocks(blocks)
        yield from faded(blocks, Fader(placement.gain_db, placement.pan), sound)


def _source_blocks(placement: Placement, sound: SoundFormat) -> Iterator[np.ndarray]:
    """Yield the source from its offset on, in the format of the mix, up to the length of the placement."""
    source = placement.source
    start = seconds_to_samples(placement.offset_seconds, source.sample_rate)
    blocks = source.looped_blocks(start) if placement.is_loop else source.blocks(start)
    rate = source.sample_rate if placement.speed == 1 else round(source.sample_rate * placement.speed)
    waves = converted(blocks, rate, sound.sample_rate, source.n_channels, sound.n_channels, source.positions)
    n_left = None if placement.seconds is None else seconds_to_samples(placement.seconds, sound.sample_rate)
    return first_samples(waves, n_left)


def faded(blocks: Iterable[np.ndarray], fader: Fader, sound: SoundFormat) -> Iterator[np.ndarray]:
    """Apply the level and the position of a fader to consecutive blocks.

    Positions have constant power: both channels have 0 dB in the centre, one of them +3 dB at either end.
    """
    position = 0
    for block in blocks:
        n_samples = block.shape[1]
        gains = _channel_gains(fader, position, n_samples, sound)
        yield block if gains is None else block * gains
        position += n_samples


def _channel_gains(fader: Fader, position: int, n_samples: int, sound: SoundFormat) -> np.ndarray | None:
    """Return gains ``(1 or channels, 1 or n_samples)`` float32 of samples from a position on; None if all are 1."""
    gains: np.ndarray = np.ones((1, 1))
    if fader.gain_points:
        gains = db_to_gain(fader.gain_db + values_at(fader.gain_points, position, n_samples, sound.sample_rate))[None]
    elif fader.gain_db:
        gains = np.array([[db_to_gain(fader.gain_db)]])
    if fader.pan_points or fader.pan:
        pan: np.ndarray = np.array([fader.pan])
        if fader.pan_points:
            pan = values_at(fader.pan_points, position, n_samples, sound.sample_rate)
        angle = 0.25 * np.pi * (1.0 + pan)
        gains = gains * np.sqrt(2.0) * np.stack([np.cos(angle), np.sin(angle)])
    elif not fader.gain_points and not fader.gain_db:
        return None
    return gains.astype(np.float32)


def values_at(points: tuple[Point, ...], position: int, n_samples: int, sample_rate: int) -> np.ndarray:
    """Return the values of an automation at samples from a position on, ``(n_samples,)`` float64."""
    samples = np.arange(position, position + n_samples, dtype=np.float64)
    return np.interp(samples, [point.seconds * sample_rate for point in points], [point.value for point in points])
