"""16-bit audio on pipes: raw or as WAV on standard input, raw on standard output."""

from __future__ import annotations

import io
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from ..base.byte_stream import available_reader
from ..base.channel_layouts import positions_of
from ..base.errors import BadAudio
from .file_formats.mpeg import frame_bytes
from .sound_file import SoundFormat
from .wave_blocks import ClippingMeter, until_interrupted

FULL_SCALE = 32_768
CHUNK_BYTES = 65_536
PCM = 1  # format of the samples of a WAV file
EXTENSIBLE = 0xFFFE  # format whose further fields contain the format
SUBFORMAT = bytes.fromhex("000000001000800000aa00389b71")  # behind the format in these fields
UNKNOWN_BYTES = 0x7FFF0000  # programs that write WAV to a pipe declare about this size, a larger one or 0
ENDLESS_BYTES = 0x7FFFF000  # size of the samples in the header of a stream of unknown length
MAX_HEADER_BYTES = 2**20  # of a WAV file, up to its samples
COMPRESSED_FORMATS = {
    b"fLaC": "a FLAC file",
    b"OggS": "an Ogg file",
    b"ID3": "an MP3 file",
    b"FORM": "an AIFF file",
    b"RF64": "an RF64 file",
    b"caff": "a CAF file",
    b"RIFX": "a RIFX file",
    b"riff": "a WAV64 file",
    b".snd": "an AU file",
    b"wvpk": "a WavPack file",
    b"\x1aE\xdf\xa3": "a Matroska or WebM file",
}
"""First bytes of sound files that would be noise as raw samples."""

WWC_MAGIC = b"WWC"
"""First bytes of a file or stream of codes of the codec."""


@dataclass(frozen=True)
class PcmStream:
    """Audio that arrives over time, in chunks ``(channels, time)`` of float32: a WAV file, or raw samples.

    ``mask`` says the places of the channels of a WAV file, 0 if it does not.
    """

    sample_rate: int
    n_channels: int
    waves: Iterator[np.ndarray]
    is_wav: bool
    mask: int = 0

    @property
    def format(self) -> SoundFormat:
        """The format of the sound."""
        positions = positions_of(f"0x{self.mask:X}", self.n_channels)
        return SoundFormat(self.sample_rate, self.n_channels, positions=positions)


def read_pcm(source: BinaryIO, sample_rate: int) -> PcmStream:
    """Read audio from a pipe.

    - ``source``: a WAV file of 16 bits, or raw mono samples, 16-bit little-endian.
    - ``sample_rate``: sample rate of raw samples, Hz.

    Raises BadAudio if nothing arrives, or a WAV file or sound file of another kind.
    """
    head = _read(source, 4)
    if not head:
        raise BadAudio("No sound came on standard input; send 16-bit mono samples or a WAV file.")
    _check_raw(head)
    if frame := frame_bytes(head):
        head += _read(source, frame)
        if frame_bytes(head[frame:]):  # one header may be chance
            raise _other_kind("an MP3 file")
    if head != b"RIFF":
        return PcmStream(sample_rate, 1, _waves(source, head, 1, None), is_wav=False)
    n_channels, sample_rate, n_bytes, mask = _read_wav_header(source)
    return PcmStream(sample_rate, n_channels, _waves(source, b"", n_channels, n_bytes), is_wav=True, mask=mask)


def to_pcm(wave: np.ndarray) -> bytes:
    """Return ``wave (channels, time)`` in [-1, 1] as interleaved 16-bit little-endian samples."""
    rounded = np.clip(np.rint(wave.T.astype(np.float64) * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return rounded.astype("<i2").tobytes()


def endless_wav_header(sample_rate: int, n_channels: int = 1, mask: int = 0) -> bytes:
    """Return the header of a WAV file of unknown length, which precedes 16-bit samples on a pipe."""
    return wav_header(sample_rate, n_channels, ENDLESS_BYTES + 36, ENDLESS_BYTES, mask)


def wav_header(sample_rate: int, n_channels: int, riff_bytes: int, data_bytes: int, mask: int = 0) -> bytes:
    """Return the header of a WAV file of 16-bit samples, with the sizes, and places of channels, that it declares."""
    kind, frame_bytes = EXTENSIBLE if mask else PCM, 2 * n_channels
    format_chunk = struct.pack("<HHIIHH", kind, n_channels, sample_rate, sample_rate * frame_bytes, frame_bytes, 16)
    if mask:
        format_chunk += struct.pack("<HHIH", 22, 16, mask, PCM) + SUBFORMAT
    return b"".join(
        (
            b"RIFF" + struct.pack("<I", riff_bytes),
            b"WAVEfmt " + struct.pack("<I", len(format_chunk)) + format_chunk,
            b"data" + struct.pack("<I", data_bytes),
        )
    )


@contextmanager
def pipe_out(sink: BinaryIO) -> Iterator[BinaryIO]:
    """Write to a pipe; if its reader has gone, end the block without an error."""
    try:
        yield sink
        sink.flush()
    except BrokenPipeError:
        if isinstance(sys.stdout, io.TextIOWrapper) and sink is sys.stdout.buffer:
            # Python would complain at exit that it could not write the rest.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def process_pcm(source: BinaryIO, sink: BinaryIO, sample_rate: int, process: Callable[[PcmStream], PcmStream]) -> None:
    """Process 16-bit audio as it arrives; Ctrl-C ends the audio, not the stream.

    At the end, a line on standard error says how many samples were clipped.

    - ``source``: a WAV file, or raw mono samples; see :func:`read_pcm`.
    - ``sink``: where the result is written to, raw or as a WAV file as it came.
    - ``sample_rate``: sample rate of raw samples, Hz.
    - ``process``: returns the processed stream.

    Raises BadAudio if the source cannot be read.
    """
    audio = read_pcm(source, sample_rate)
    processed = process(replace(audio, waves=until_interrupted(audio.waves)))
    clipping = ClippingMeter()
    with pipe_out(sink):
        if processed.is_wav:
            sink.write(endless_wav_header(processed.sample_rate, processed.n_channels, processed.mask))
        for wave in clipping.measured(processed.waves):
            sink.write(to_pcm(wave))
            sink.flush()
    if clipped := clipping.result():
        print(clipped.warning("lower the gain, or end the chain with limit"), file=sys.stderr)


def _check_raw(head: bytes) -> None:
    """Raise BadAudio if the first four bytes are those of a file that is neither WAV nor raw samples."""
    if head.startswith(WWC_MAGIC):
        raise BadAudio(
            "What came on standard input is a .wwc file, so it is encoded already; `wavewright decode` makes sound of "
            "it."
        )
    for magic, name in COMPRESSED_FORMATS.items():
        if head.startswith(magic):
            raise _other_kind(name)


def _other_kind(name: str) -> BadAudio:
    return BadAudio(
        f"What came on standard input is {name}, and a stream takes raw samples or WAV; decode it first, or give the "
        "file by its name instead of a stream."
    )


def _waves(source: BinaryIO, pending: bytes, n_channels: int, n_bytes: int | None) -> Iterator[np.ndarray]:
    """Yield samples as they arrive, up to ``n_bytes`` if that is known; drop an incomplete sample at the end."""
    read = available_reader(source)
    sample_bytes = 2 * n_channels
    while n_bytes is None or n_bytes > 0:
        chunk = read(CHUNK_BYTES if n_bytes is None else min(CHUNK_BYTES, n_bytes))
        if n_bytes is not None:
            n_bytes -= len(chunk)
        pending += chunk
        n_used = len(pending) - len(pending) % sample_bytes
        if n_used:
            samples = np.frombuffer(pending[:n_used], dtype="<i2").reshape(-1, n_channels)
            yield samples.T.astype(np.float32) / FULL_SCALE
        pending = pending[n_used:]
        if not chunk:
            return


def _read_wav_header(source: BinaryIO) -> tuple[int, int, int | None, int]:
    """Read a WAV header after its "RIFF"; return channels, rate, bytes of the samples (None if unknown) and mask."""
    head = _read(source, 8)
    if head[4:] != b"WAVE":
        raise BadAudio(
            "What came on standard input begins like a WAV file and is none; send raw samples or a whole WAV file."
        )
    format_chunk = b""
    n_bytes, n_left = 0, MAX_HEADER_BYTES
    while len(head := _read(source, 8)) == 8:
        name, n_bytes = head[:4], int.from_bytes(head[4:], "little")
        n_left -= 8 + n_bytes
        if name == b"data" or n_left < 0:
            break
        chunk = _read(source, n_bytes + n_bytes % 2)
        if name == b"fmt " and len(chunk) >= 16:
            format_chunk = chunk
    if not format_chunk or head[:4] != b"data":
        raise BadAudio(
            "The WAV file on standard input does not say what its samples are, it is damaged; export it again."
        )
    sample_format, n_channels, sample_rate, _, _, bits = struct.unpack_from("<HHIIHH", format_chunk)
    mask = 0
    if sample_format == EXTENSIBLE and len(format_chunk) >= 26:
        mask, sample_format = struct.unpack_from("<IH", format_chunk, 20)
        mask = mask if n_channels > 2 and mask.bit_count() == n_channels else 0
    if (sample_format, bits) != (PCM, 16) or n_channels < 1:
        raise BadAudio(
            f"The WAV file on standard input has {n_channels} channels of {bits} bits in format {sample_format}; on a "
            "pipe, 16-bit PCM can be read."
        )
    return n_channels, sample_rate, None if n_bytes == 0 or n_bytes >= UNKNOWN_BYTES else n_bytes, mask


def _read(source: BinaryIO, n_bytes: int) -> bytes:
    """Read so many bytes, fewer only at the end."""
    data = b""
    while len(data) < n_bytes and (chunk := source.read(n_bytes - len(data))):
        data += chunk
    return data
