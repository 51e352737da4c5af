"""Adding the mark to a stream, to consecutive blocks or to a whole wave, and how results and manifests state it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ...base.errors import BadAudio
from ...dsp.spectrum import FrameBuffer
from ...dsp.stream import WaveStream
from .carrier import carrier_frames, frame_grid, level_cells
from .payload import DEFAULT_KEY, NO_MODEL, Payload

LEVEL_DB = -19.5
"""Level of the noise of the mark relative to that of the sound, band by band."""

MAX_NOISE_DB, MAX_LEVELS_DB = -17.0, -15.0
"""Highest level of the noise, and of the changes of levels, relative to that of the sound in each part of a frame."""

PARTS_PER_FRAME = 16
"""Parts of a frame, of 2 ms, in which the mark is no louder than the sound at that moment permits."""

BATCH_FRAMES = 256
"""Frames that are computed at once."""

KEY_DIGITS = 4
"""Digits of the hash of a key of one's own in the origin of a file: they tell two keys apart, and name neither."""


class Watermark(WaveStream):
    """Stream that adds the mark to sound.

    The mark has the sound's own level in each band of a sixth of an octave and each frame of 32 ms, LEVEL_DB lower:
    silence stays silence. In a frame that is half speech and half pause, it is as loud as either permits. It fades in
    at the start of the sound and out at its end, so a loop stays seamless. The sizes of the chunks change no sample.
    The position of the carrier is that of the sample in the stream.

    - ``sample_rate``: in Hz.
    - ``n_channels``: number of channels; all of them get the same carrier at their own levels.
    - ``payload``: number in the mark.
    - ``key``: key of the mark; it cannot be detected without it.
    - ``has_levels``: whether it has the second layer, for speech, see :mod:`.carrier`.
    - ``max_held_samples``: samples that the stream holds back at most.
    """

    def __init__(
        self,
        sample_rate: int,
        n_channels: int = 1,
        payload: Payload = NO_MODEL,
        key: str = DEFAULT_KEY,
        has_levels: bool = False,
    ) -> None:
        self.n_channels = n_channels
        self._grid = frame_grid(sample_rate)
        self._carrier = carrier_frames(sample_rate, key, payload)
        self._levels = level_cells(sample_rate, key) if has_levels else None
        self._window = self._grid.window
        self._limiter = FrameLimiter(2 * self._grid.hop_length)
        self.max_held_samples = 2 * self._grid.hop_length - 1
        self._n_frames = 0
        self._frames = FrameBuffer(n_channels, 2 * self._grid.hop_length, self._grid.hop_length)
        self._overlap = np.zeros((n_channels, self._grid.hop_length), np.float32)

    def push(self, wave: np.ndarray) -> np.ndarray:
        """Return the marked samples that a further chunk ``(channels, time)`` completes, float32.

        Raises BadAudio if the chunk has another shape.
        """
        if wave.ndim != 2 or wave.shape[0] != self.n_channels:
            raise BadAudio(f"The wave has shape {wave.shape}; this stream takes ({self.n_channels}, time).")
        frames = self._frames.add(wave.astype(np.float32, copy=False))
        outputs = [np.zeros((self.n_channels, 0), np.float32)]
        for start in range(0, frames.shape[1], BATCH_FRAMES):
            outputs.append(self._marked_blocks(frames[:, start : start + BATCH_FRAMES]))
        return np.concatenate(outputs, axis=1)

    def finish(self) -> np.ndarray:
        """Return the last samples, at most `max_held_samples`, and reset the stream."""
        output = self._frames.rest()
        n_overlap = min(self._grid.hop_length, output.shape[1])
        output = _added(output, np.pad(self._overlap[:, :n_overlap], ((0, 0), (0, output.shape[1] - n_overlap))))
        self.reset()
        return output

    def _marked_blocks(self, frames: np.ndarray) -> np.ndarray:
        """Return the samples ``(channels, frames * hop)`` that further ``(channels, frames, 2 * hop)`` complete."""
        hop = self._grid.hop_length
        mark = self._mark_of(frames)
        self._n_frames += frames.shape[1]
        first, second = mark[:, :, :hop], mark[:, :, hop:]
        first[:, 1:] += second[:, :-1]
        first[:, 0] += self._overlap
        self._overlap = second[:, -1].copy()
        return _added(frames[:, :, :hop], first).reshape(self.n_channels, -1)

    def _mark_of(self, frames: np.ndarray) -> np.ndarray:
        """Return the windowed mark of the frames ``(channels, frames, 2 * hop)``."""
        grid = self._grid
        windowed = frames * self._window
        spectra = np.fft.rfft(windowed)[..., : grid.n_bins].astype(np.complex64, copy=False)
        power = spectra.real**2 + spectra.imag**2
        mean_power = np.add.reduceat(power, grid.band_edges, axis=-1) / grid.band_sizes
        level = np.sqrt(mean_power).astype(np.float32) * np.float32(10 ** (LEVEL_DB / 20))
        carrier = self._carrier.spectra(self._n_frames, frames.shape[1])
        noise = grid.waves(carrier * np.repeat(level, grid.band_sizes, axis=-1))
        mark = self._limiter.limited(noise, windowed, MAX_NOISE_DB)
        if self._levels is not None:
            changes = self._levels.changes(self._n_frames, frames.shape[1])
            difference = grid.waves(changes * spectra[..., grid.first_bin :])
            mark += self._limiter.limited(difference, windowed, MAX_LEVELS_DB)
        return np.asarray(mark * self._window)


class FrameLimiter:
    """Limiter of the level of the mark in every part of a frame, relative to that of the sound in it."""

    def __init__(self, n_samples: int) -> None:
        self._starts = np.arange(PARTS_PER_FRAME) * n_samples // PARTS_PER_FRAME
        centres = (self._starts + np.append(self._starts[1:], n_samples)) / 2
        positions = np.interp(np.arange(n_samples) + 0.5, centres, np.arange(PARTS_PER_FRAME))
        self._before = np.minimum(positions.astype(int), PARTS_PER_FRAME - 2)
        self._fraction = (positions - self._before).astype(np.float32)

    def limited(self, mark: np.ndarray, sound: np.ndarray, max_db: float) -> np.ndarray:
        """Return the mark, at most `max_db` above the sound, both in windowed frames ``(..., n_samples)``."""
        sound_power, mark_power = (np.add.reduceat(np.square(each), self._starts, axis=-1) for each in (sound, mark))
        ratio = sound_power / np.maximum(mark_power, np.float32(1e-20))
        gains = np.sqrt(np.minimum(np.float32(10 ** (max_db / 10)) * ratio, np.float32(1.0)))
        steps = np.diff(gains, axis=-1)[..., self._before]
        return np.asarray(mark * (gains[..., self._before] + steps * self._fraction))


def _added(wave: np.ndarray, mark: np.ndarray) -> np.ndarray:
    """Return the sum, which exceeds full scale nowhere where the wave does not."""
    marked_wave = np.asarray(wave + mark)
    if np.abs(marked_wave).max(initial=0.0) <= 1.0:
        return marked_wave
    limit = np.maximum(np.abs(wave), np.float32(1.0))
    return np.asarray(np.clip(marked_wave, -limit, limit))


def marked(
    waves: Iterable[np.ndarray],
    sample_rate: int,
    payload: Payload = NO_MODEL,
    key: str = DEFAULT_KEY,
    has_levels: bool = False,
) -> Iterator[np.ndarray]:
    """Add the mark to consecutive blocks ``(channels, time)``; blocks of other sizes, with as many samples, follow.

    - returns: blocks ``(channels, time)`` float32; all but the last one have samples.
    """
    stream: Watermark | None = None
    for wave in waves:
        stream = Watermark(sample_rate, wave.shape[0], payload, key, has_levels) if stream is None else stream
        output = stream.push(wave)
        if output.shape[1]:
            yield output
    if stream is not None:
        yield stream.finish()


def mark_wave(
    wave: np.ndarray,
    sample_rate: int,
    payload: Payload = NO_MODEL,
    key: str = DEFAULT_KEY,
    has_levels: bool = False,
) -> np.ndarray:
    """Return the wave ``(channels, time)`` with the mark, float32; see :class:`Watermark`."""
    return np.concatenate(list(marked([wave], sample_rate, payload, key, has_levels)), axis=1)


@dataclass(frozen=True)
class Marking:
    """The mark of the outputs of a task."""

    payload: Payload = NO_MODEL  # number in the mark
    key: str = DEFAULT_KEY  # key of the mark
    has_levels: bool = False  # whether it has the second layer, for speech

    def stream(self, sample_rate: int, n_channels: int) -> Watermark:
        """Open a stream that adds the mark."""
        return Watermark(sample_rate, n_channels, self.payload, self.key, self.has_levels)

    def blocks(self, waves: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
        """Add the mark to consecutive blocks ``(channels, time)``, see :func:`marked`."""
        return marked(waves, sample_rate, self.payload, self.key, self.has_levels)

    def origin(self) -> dict[str, object]:
        """Return what the origin of a marked file states: the version of the mark, and digits of another key's hash."""
        origin: dict[str, object] = {"watermark": self.payload.version}
        if self.key != DEFAULT_KEY:
            origin["watermark_key"] = hashlib.sha256(self.key.encode()).hexdigest()[:KEY_DIGITS]
        return origin


def marking_of(model_hash: str | None, watermark: bool, key: str, *, is_speech: bool = False) -> Marking | None:
    """Return the marking of the outputs of a model, None without a watermark.

    The first digits of the hash are the payload; speech gets the second layer, too.
    """
    if not watermark:
        return None
    return Marking(NO_MODEL if model_hash is None else Payload.of_model(model_hash), key, is_speech)
