"""Remove the echo of a far end from recordings of a microphone, and say what is wrong with the two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...audio.clip import Clip
from ...audio.sound_file import AudioHeader, OpenSound
from ...audio.wave_blocks import BlockReader, CountedWaves, fitted, resampled
from ...base.errors import BadAudio
from ...contracts.enhancement import EchoStream
from ...dsp.echo import LinearEchoCanceller
from ...dsp.stream import without_latency

CHECKED_SECONDS = 60.0  # of both recordings, in which the echo is looked for
MAX_SHIFT_SECONDS = 20.0
MIN_PEAK = 20.0
"""Peak of the whitened correlation over its standard deviation from which on two recordings belong together."""
CHECK_RATE = 8_000
BLOCK_SECONDS = 10.0
SLACK_SECONDS = 0.01  # by which the echo may seem to come before the far end
SILENCE = 1e-5  # largest sample of a silent recording


class StreamMaker(Protocol):
    """A model or a linear canceller: it opens streams that remove echo at a sample rate."""

    @property
    def sample_rate(self) -> int:
        """Sample rate of the streams, Hz."""

    def stream(self) -> EchoStream:
        """Return a new stream."""


@dataclass(frozen=True)
class LinearCanceller:
    """A linear canceller alone, as a model is used."""

    sample_rate: int

    def stream(self) -> EchoStream:
        """Return a new stream."""
        return EchoStream(LinearEchoCanceller(self.sample_rate))


def without_echo(
    microphone: Iterable[np.ndarray], far: OpenSound, header: AudioHeader, maker: StreamMaker
) -> Iterator[np.ndarray]:
    """Remove the echo from recordings that arrive in blocks, in bounded memory.

    - ``microphone``: blocks ``(channels, time)`` float32; each channel has an echo path of its own.
    - ``far``: the far end, the mean of whose channels is used. Where it ends early, silence follows.
    - returns: blocks ``(channels, time)`` float32 at the rate of the microphone, as many samples in all, in time with
      it.
    """
    n_channels = header.n_channels
    counted = CountedWaves(microphone)
    at_own_rate = resampled(counted, header.sample_rate, maker.sample_rate, n_channels)
    mono = (block.mean(axis=0, keepdims=True, dtype=np.float32) for block in far.blocks(BLOCK_SECONDS))
    far_end = resampled(mono, far.header.sample_rate, maker.sample_rate, 1)
    processed = _processed(at_own_rate, far_end, [maker.stream() for _ in range(n_channels)])
    back = resampled(processed, maker.sample_rate, header.sample_rate, n_channels)
    return fitted(back, n_channels, lambda: counted.n_samples)


def _processed(
    microphone: Iterable[np.ndarray], far: Iterable[np.ndarray], streams: list[EchoStream]
) -> Iterator[np.ndarray]:
    """Yield the processed channels without the delay of the streams; the far end is silent after its end."""
    reader = BlockReader(far, 1)

    def outputs() -> Iterator[np.ndarray]:
        for block in microphone:
            played = reader.read(block.shape[1])
            played = np.pad(played, ((0, 0), (0, block.shape[1] - played.shape[1])))
            pairs = (np.concatenate([channel[None], played]) for channel in block)
            yield np.concatenate([stream.push(pair) for stream, pair in zip(streams, pairs, strict=True)])
        yield np.concatenate([stream.finish() for stream in streams])

    return without_latency(outputs(), streams[0].latency_samples)


def check_recordings(microphone: OpenSound, far: OpenSound, max_delay_seconds: float) -> str | None:
    """Check that one recording contains the echo of the other.

    Their first minute is correlated, whitened, over shifts of up to 20 s.

    - returns: a note on a silent recording, which has no echo.

    Raises BadAudio if there is no echo, it comes before the far end, or later than is searched.
    """
    waves = [_first_seconds(sound) for sound in (microphone, far)]
    for sound, wave in zip((microphone, far), waves, strict=True):
        if np.abs(wave).max() < SILENCE:
            return f"{sound.path} is silent (its first {CHECKED_SECONDS:.0f} s), so there is no echo to remove."
    delay_seconds = echo_delay(*waves)
    mic_path, far_path = microphone.path, far.path
    if delay_seconds is None:
        raise BadAudio(
            f"No echo of {far_path} was found in {mic_path}: they do not belong together, or the echo is too faint; "
            "check the files, or give --unchecked to try nevertheless."
        )
    if delay_seconds < -SLACK_SECONDS:
        raise BadAudio(
            f"The sound of {far_path} comes {-delay_seconds:.3f} s after the one in {mic_path}: the files are swapped, "
            "or the far end was recorded late; swap them, or cut the start of the far end."
        )
    if delay_seconds > max_delay_seconds:
        raise BadAudio(
            f"The echo in {mic_path} comes {delay_seconds:.3f} s after {far_path}, and up to "
            f"{max_delay_seconds:.3f} s are searched; put {delay_seconds - 0.1:.1f} s of silence before the far end."
        )
    return None


def echo_delay(microphone: np.ndarray, far: np.ndarray) -> float | None:
    """Return the delay in seconds of the far end in the microphone, ``(time,)`` at CHECK_RATE; None without an echo."""
    n_samples = max(len(microphone), len(far))
    n_fft = 1 << (2 * n_samples - 1).bit_length()
    cross = np.fft.rfft(microphone, n_fft) * np.fft.rfft(far, n_fft).conj()
    magnitude = np.abs(cross)
    correlation = np.fft.irfft(cross / np.maximum(magnitude, 1e-3 * magnitude.mean() + 1e-30), n_fft)
    largest = min(int(MAX_SHIFT_SECONDS * CHECK_RATE), n_samples - 1)
    around = np.concatenate([correlation[-largest:], correlation[: largest + 1]])
    peak = int(np.abs(around).argmax())
    if np.abs(around[peak]) < MIN_PEAK * around.std():
        return None
    return (peak - largest) / CHECK_RATE


def _first_seconds(sound: OpenSound) -> np.ndarray:
    wave: np.ndarray = Clip.read(sound, seconds=CHECKED_SECONDS).mono().resample(CHECK_RATE).wave[0]
    return wave
