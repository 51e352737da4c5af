"""Encode audio in chunks, each to bytes that can be sent at once."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr

from ...audio.clip import CODEC_RATES_HZ
from ...audio.pcm import to_pcm, wav_header
from ...base.errors import MissingExtra, how_to_install
from . import flac_stream

if TYPE_CHECKING:
    from typing_extensions import Buffer

PCM_RATE_HZ = 24_000
"""Sample rate of ``pcm``, which has no header to name it."""

AAC_FRAME = 1_024  # samples
MP3_COMPRESSION = 0.6  # 64 kbit/s at 24 kHz
OPUS_PAGE_MS = 60.0
SFC_SET_OGG_PAGE_LATENCY_MS = 0x1302
UNKNOWN_LENGTH = 0xFFFFFFFF
"""Of a WAV stream, as the clients of speech servers expect it."""


class AudioEncoder(ABC):
    """Encodes mono audio chunk by chunk, from one sample rate to another."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self.sample_rate = to_rate
        self._resampler = None if from_rate == to_rate else soxr.ResampleStream(from_rate, to_rate, 1, "float32")

    def push(self, wave: np.ndarray) -> bytes:
        """Return the bytes that a further chunk ``(1, time)``, float32 in [-1, 1], completes; the first with a header.

        A chunk may have no samples.
        """
        return self._encode(self._resampled(wave, is_last=False))

    def finish(self) -> bytes:
        """Return the last bytes."""
        last = self._resampled(np.zeros((1, 0), np.float32), is_last=True)
        return self._encode(last) + self._flush()

    def close(self) -> None:  # noqa: B027 - most encoders hold nothing
        """Release what the encoder holds; it may be called twice."""

    def _resampled(self, wave: np.ndarray, is_last: bool) -> np.ndarray:
        if self._resampler is None:
            return wave
        return np.ascontiguousarray(self._resampler.resample_chunk(wave.T, last=is_last).T)

    @abstractmethod
    def _encode(self, wave: np.ndarray) -> bytes:
        """Return the bytes that ``wave (1, time)`` completes."""

    def _flush(self) -> bytes:
        return b""


class PcmEncoder(AudioEncoder):
    """16-bit little-endian samples, with or without the header of a WAV file of unknown length."""

    def __init__(self, from_rate: int, to_rate: int, has_header: bool) -> None:
        super().__init__(from_rate, to_rate)
        self._header = wav_header(to_rate, 1, UNKNOWN_LENGTH, UNKNOWN_LENGTH) if has_header else b""

    def _encode(self, wave: np.ndarray) -> bytes:
        header, self._header = self._header, b""
        return header + to_pcm(wave)


class SoundFileEncoder(AudioEncoder):
    """Formats of libsndfile. Lengths that it would write into the header later are dropped."""

    def __init__(self, from_rate: int, to_rate: int, file_format: str, subtype: str) -> None:
        super().__init__(from_rate, to_rate)
        self._sink = _ForwardSink()
        # Players take the length of an MP3 stream from its first frames, so all have the same bitrate.
        mode, level = ("CONSTANT", MP3_COMPRESSION) if file_format == "MP3" else (None, None)
        self._file = soundfile.SoundFile(
            self._sink, "w", to_rate, 1, subtype, format=file_format, bitrate_mode=mode, compression_level=level
        )
        if subtype == "OPUS":
            latency = soundfile._ffi.new("double*", OPUS_PAGE_MS)
            soundfile._snd.sf_command(self._file._file, SFC_SET_OGG_PAGE_LATENCY_MS, latency, 8)

    def close(self) -> None:
        """Close the file of libsndfile."""
        self._file.close()

    def _encode(self, wave: np.ndarray) -> bytes:
        if wave.shape[1]:
            self._file.write(np.ascontiguousarray(np.clip(wave[0], -1.0, 1.0)))
        return self._sink.drain()

    def _flush(self) -> bytes:
        self._file.close()
        return self._sink.drain()


class FlacEncoder(SoundFileEncoder):
    """FLAC of libsndfile behind a short block, see :mod:`.flac_stream`."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        super().__init__(from_rate, to_rate, "FLAC", "PCM_16")
        self._first = np.zeros((1, 0), np.float32)
        self._block_size = 0
        self._n_sent = 0  # samples

    def _encode(self, wave: np.ndarray) -> bytes:
        n_missing = flac_stream.FIRST_BLOCK - self._first.shape[1]
        self._first = np.concatenate([self._first, wave[:, :n_missing]], axis=1)
        if wave.shape[1] > n_missing:
            self._file.write(np.ascontiguousarray(np.clip(wave[0, n_missing:], -1.0, 1.0)))
        return self._rewritten()

    def _flush(self) -> bytes:
        if self._n_sent or self._block_size:
            self._file.close()
            return self._rewritten()
        self._file.write(self._first[0])  # they are the only block
        return super()._flush()

    def _rewritten(self) -> bytes:
        """Return what libsndfile has written, block by block, as it stands behind the first block."""
        pieces = []
        for part in self._sink.parts():
            if part.startswith(flac_stream.INFORMATION):
                self._block_size = int.from_bytes(part[4:6], "big")
                pieces.append(flac_stream.stream_information(part))
            elif part.startswith(flac_stream.BLOCK):
                if not self._n_sent:
                    pieces.append(flac_stream.first_block(to_pcm(self._first), part))
                    self._n_sent = flac_stream.FIRST_BLOCK
                pieces.append(flac_stream.renumbered(part, self._n_sent))
                self._n_sent += self._block_size
            else:
                pieces.append(part)
        return b"".join(pieces)


class AacEncoder(AudioEncoder):
    """AAC in ADTS frames by PyAV, of the extra ``media``."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        super().__init__(from_rate, to_rate)
        try:
            import av
        except ImportError as error:
            raise MissingExtra(
                f"The format aac needs the extra media; {how_to_install('media')}, or ask for mp3."
            ) from error
        self._frame_of = av.AudioFrame.from_ndarray
        self._sink = _ForwardSink()
        self._container = av.open(self._sink, "w", format="adts", options={"flush_packets": "1"})
        self._stream = self._container.add_stream("aac", rate=to_rate, layout="mono")
        self._pending = np.zeros((1, 0), np.float32)
        self._n_samples = 0
        self._is_closed = False

    def close(self) -> None:
        """Close the container of PyAV."""
        if not self._is_closed:
            self._is_closed = True
            self._container.close()

    def _encode(self, wave: np.ndarray) -> bytes:
        pending = np.concatenate([self._pending, np.clip(wave, -1.0, 1.0)], axis=1)
        n_whole = pending.shape[1] - pending.shape[1] % AAC_FRAME
        for start in range(0, n_whole, AAC_FRAME):
            self._write(pending[:, start : start + AAC_FRAME])
        self._pending = pending[:, n_whole:]
        return self._sink.drain()

    def _flush(self) -> bytes:
        if self._pending.shape[1]:
            self._write(np.pad(self._pending, ((0, 0), (0, AAC_FRAME - self._pending.shape[1]))))
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self.close()
        return self._sink.drain()

    def _write(self, wave: np.ndarray) -> None:
        frame = self._frame_of(np.ascontiguousarray(wave, np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = self.sample_rate, self._n_samples
        self._n_samples += wave.shape[1]
        for packet in self._stream.encode(frame):
            self._container.mux(packet)


class _ForwardSink(io.RawIOBase):
    """A file that is written from start to end: what is written again at an earlier position is dropped."""

    def __init__(self) -> None:
        super().__init__()
        self._pending: list[bytes] = []
        self._end = 0
        self._position = 0

    def parts(self) -> list[bytes]:
        """Return what was written since the last call, one by one."""
        parts, self._pending = self._pending, []
        return parts

    def drain(self) -> bytes:
        """Return what was written since the last call."""
        return b"".join(self.parts())

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        contents = bytes(data)
        if self._position == self._end:
            self._pending.append(contents)
            self._end += len(contents)
        self._position += len(contents)
        return len(contents)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + (0, self._position, self._end)[whence]
        return self._position


@dataclass(frozen=True)
class SpeechFormat:
    """A format of streamed speech."""

    content_type: str
    encoder: Callable[[int, int], AudioEncoder]
    subtype: str = ""  # the codec's name for libsndfile, if not all rates are allowed; see `CODEC_RATES_HZ`


SPEECH_FORMATS = {
    "mp3": SpeechFormat(
        "audio/mpeg", partial(SoundFileEncoder, file_format="MP3", subtype="MPEG_LAYER_III"), "MPEG_LAYER_III"
    ),
    "opus": SpeechFormat(
        "audio/ogg; codecs=opus", partial(SoundFileEncoder, file_format="OGG", subtype="OPUS"), "OPUS"
    ),
    "aac": SpeechFormat("audio/aac", AacEncoder, "MPEG_LAYER_III"),
    "flac": SpeechFormat("audio/flac", FlacEncoder),
    "wav": SpeechFormat("audio/wav", partial(PcmEncoder, has_header=True)),
    "pcm": SpeechFormat("audio/pcm", partial(PcmEncoder, has_header=False)),
}
"""By name; the first is the default."""


def open_encoder(audio_format: str, sample_rate: int) -> AudioEncoder:
    """Open an encoder for mono audio.

    - ``audio_format``: one of `SPEECH_FORMATS`.
    - ``sample_rate``: sample rate of the audio in Hz. It is resampled for ``pcm``, to 24 kHz, and for codecs that do
      not have it.

    Raises MissingExtra if ``aac`` is asked for without the extra ``media``.
    """
    chosen = SPEECH_FORMATS[audio_format]
    if audio_format == "pcm":
        return chosen.encoder(sample_rate, PCM_RATE_HZ)
    known = CODEC_RATES_HZ.get(chosen.subtype, (sample_rate,))
    return chosen.encoder(sample_rate, min((rate for rate in known if rate >= sample_rate), default=max(known)))
