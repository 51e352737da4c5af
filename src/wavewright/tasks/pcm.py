"""Sound as 16-bit numbers on a pipe: raw or as WAV on standard input, raw on standard output."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ..errors import BadAudio
from ..families.codec.header import MAGIC

FULL_SCALE = 32_768
CHUNK_BYTES = 65_536
PCM, EXTENSIBLE = 1, 0xFFFE  # formats of a WAV file
UNKNOWN_BYTES = (
    0x7FFF0000  # programs that write WAV to a pipe give about this size or a larger one, or 0, as they know none
)
ENDLESS_BYTES = 0x7FFFF000  # of samples, in the header of a stream whose length nobody knows
FILES = {
    b"fLaC": "a FLAC file",
    b"OggS": "an Ogg file",
    b"ID3": "an MP3 file",
    b"FORM": "an AIFF file",
    b"RF64": "an RF64 file",
    b"caff": "a CAF file",
}
"""How sound files begin that would be taken for raw samples, and be noise."""
MOST_BEFORE_SAMPLES = 2**20  # bytes of a WAV file


@dataclass(frozen=True)
class PcmStream:
    """Sound that arrives: ``waves`` gives ``(channels, time)`` float32 as it comes."""

    sample_rate: int
    n_channels: int
    waves: Iterator[np.ndarray]


def read_pcm(source: BinaryIO, sample_rate: int) -> PcmStream:
    """Sound from a pipe: a WAV file of 16 bits, or else raw mono, 16-bit little-endian at ``sample_rate``.

    Raises BadAudio where nothing comes, where it is a WAV file of another kind, or a file of a kind that begins by saying so.
    """
    head = _read(source, 4)
    if not head:
        raise BadAudio("No sound came on standard input; send 16-bit mono samples or a WAV file.")
    _check_raw(head)
    if head != b"RIFF":
        return PcmStream(sample_rate, 1, _waves(source, head, 1, None))
    n_channels, sample_rate, n_bytes = _wav_header(source)
    return PcmStream(sample_rate, n_channels, _waves(source, b"", n_channels, n_bytes))


def to_pcm(wave: np.ndarray) -> bytes:
    """``wave (channels, time)`` in [-1, 1] as 16-bit little-endian numbers, the channels of a sample side by side."""
    rounded = np.clip(np.rint(wave.T.astype(np.float64) * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return rounded.astype("<i2").tobytes()


def endless_wav_header(sample_rate: int, n_channels: int = 1) -> bytes:
    """What stands before 16-bit samples on a pipe, so that a reader knows their rate: the header of a WAV file of unknown length."""
    frame = 2 * n_channels
    kind = struct.pack("<HHIIHH", PCM, n_channels, sample_rate, sample_rate * frame, frame, 16)
    data = b"data" + struct.pack("<I", ENDLESS_BYTES)
    return b"RIFF" + struct.pack("<I", ENDLESS_BYTES + 36) + b"WAVEfmt " + struct.pack("<I", len(kind)) + kind + data


@contextmanager
def pipe_out(sink: BinaryIO) -> Iterator[BinaryIO]:
    """``sink`` for as long as somebody reads from it: where the reader has gone, the block ends and nothing is said."""
    try:
        yield sink
        sink.flush()
    except BrokenPipeError:
        if sink is getattr(
            sys.stdout, "buffer", None
        ):  # or Python complains at its exit that it could not write the rest
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_raw(head: bytes) -> None:
    """Raise BadAudio where the first four bytes are those of a file that is neither WAV nor raw samples."""
    if head.startswith(MAGIC):
        raise BadAudio(
            "What came on standard input is a .wwc file, so it is encoded already; `wavewright decode` makes sound of it."
        )
    for magic, name in FILES.items():
        if head.startswith(magic):
            raise BadAudio(
                f"What came on standard input is {name}, and a stream takes raw samples or WAV; decode it first, or give the file by its "
                "name without --stream."
            )


def _waves(source: BinaryIO, held: bytes, n_channels: int, n_bytes: int | None) -> Iterator[np.ndarray]:
    """Samples as they arrive, up to ``n_bytes`` where that is known; part of a sample at the end is left out."""
    read = getattr(source, "read1", source.read)  # read1 gives what is there and does not wait for more
    n_whole = 2 * n_channels
    while n_bytes is None or n_bytes > 0:
        chunk = read(CHUNK_BYTES if n_bytes is None else min(CHUNK_BYTES, n_bytes))
        if n_bytes is not None:
            n_bytes -= len(chunk)
        held += chunk
        used = len(held) - len(held) % n_whole
        if used:
            samples = np.frombuffer(held[:used], dtype="<i2").reshape(-1, n_channels)
            yield samples.T.astype(np.float32) / FULL_SCALE
        held = held[used:]
        if not chunk:
            return


def _wav_header(source: BinaryIO) -> tuple[int, int, int | None]:
    """Channels, sample rate and, where it is known, the bytes of the samples, which come next; "RIFF" has been read."""
    head = _read(source, 8)
    if head[4:] != b"WAVE":
        raise BadAudio(
            "What came on standard input begins like a WAV file and is none; send raw samples or a whole WAV file."
        )
    kind, n_left = None, MOST_BEFORE_SAMPLES
    while len(head := _read(source, 8)) == 8:
        name, n_bytes = head[:4], int.from_bytes(head[4:], "little")
        n_left -= 8 + n_bytes
        if name == b"data" or n_left < 0:
            break
        chunk = _read(source, n_bytes + n_bytes % 2)
        if name == b"fmt " and len(chunk) >= 16:
            kind = chunk
    if kind is None or head[:4] != b"data":
        raise BadAudio(
            "The WAV file on standard input does not say what its samples are, it is damaged; export it again."
        )
    format_, n_channels = int.from_bytes(kind[:2], "little"), int.from_bytes(kind[2:4], "little")
    sample_rate, bits = int.from_bytes(kind[4:8], "little"), int.from_bytes(kind[14:16], "little")
    if format_ == EXTENSIBLE and len(kind) >= 26:
        format_ = int.from_bytes(kind[24:26], "little")
    if (format_, bits) != (PCM, 16) or n_channels < 1:
        raise BadAudio(
            f"The WAV file on standard input has {n_channels} channels of {bits} bits in format {format_}; on a pipe, 16-bit PCM can be read."
        )
    return n_channels, sample_rate, None if n_bytes == 0 or n_bytes >= UNKNOWN_BYTES else n_bytes


def _read(source: BinaryIO, n_bytes: int) -> bytes:
    """So many bytes, fewer at the end alone."""
    found = b""
    while len(found) < n_bytes and (chunk := source.read(n_bytes - len(found))):
        found += chunk
    return found
