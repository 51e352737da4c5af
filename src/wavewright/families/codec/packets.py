"""The packets of a .wwc file: written one after another, read from any stream, found again behind damage."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ...errors import BadSetting
from .header import LONGEST_SECONDS, Header
from .range_coder import SILENT, RangeCoder

END = 0xFF  # the first byte of the packet that ends a stream
TWO_BYTES = 0x80  # a first byte from here on begins a length of two bytes
COUNT_BYTES = 5  # of the sample count in a stream's end
CHECK_BYTES = 4
CHUNK_BYTES = 65_536
LONGEST_GAP = 3_600
"""As many packets may be missing without a trace, the bytes of all of them cut out; more are taken for damage to a packet's number."""


def n_codec_samples(n_samples: int, sample_rate: int, codec_sample_rate: int) -> int:
    """How many samples at the codec's rate stand for ``n_samples`` of the sound that was given: their ratio, rounded up."""
    return -(-n_samples * codec_sample_rate // sample_rate)


class PacketWriter:
    """Writes the packets of a file with the given ``header``, each as soon as its frames are there. It writes no header."""

    def __init__(self, sink: BinaryIO, header: Header, frequencies: np.ndarray):
        self.header = header
        self.n_bytes = 0
        self._sink = sink
        self._coder = RangeCoder(np.asarray(frequencies)[: header.n_levels])
        self._number = 0
        self._held = np.zeros((header.n_channels, header.n_levels, 0), np.int16)

    def push(self, codes: np.ndarray) -> None:
        """Write the packets that ``codes (channels, n_levels, frames)`` complete; raises BadSetting for codes that do not fit."""
        n_packet = self.header.frames_per_packet
        held = np.concatenate([self._held, codes], axis=2)
        n_whole = held.shape[2] - held.shape[2] % n_packet
        for start in range(0, n_whole, n_packet):
            self._write(b"", held[:, :, start : start + n_packet])
        self._held = held[:, :, n_whole:].astype(np.int16)

    def finish(self, codes: np.ndarray, n_samples: int) -> None:
        """Write the last ``codes``, and the end of a stream with the number of samples of the sound that was given.

        The frames that are less than a packet, in a stream also a last frame that is no whole one, lie in the last packet.
        """
        if self.header.n_samples is None:
            n_before = codes.shape[2] - min(1, codes.shape[2])
            self.push(codes[:, :, :n_before])
            last = np.concatenate([self._held, codes[:, :, n_before:]], axis=2)
            self._write(n_samples.to_bytes(COUNT_BYTES, "little"), last)
        else:
            self.push(codes)
            if self._held.shape[2]:
                self._write(b"", self._held)

    def _write(self, count: bytes, codes: np.ndarray) -> None:
        packet = packed(self._number, self._coder.encode(codes), count)
        self._sink.write(packet)
        self._sink.flush()
        self._number += 1
        self.n_bytes += len(packet)


def packed(number: int, payload: bytes, count: bytes = b"") -> bytes:
    """A packet's bytes; with ``count``, the number of samples in five bytes, it is the one that ends a stream."""
    length = bytes([len(payload)])  if len(payload) < TWO_BYTES else bytes([TWO_BYTES | len(payload) >> 8, len(payload) & 0xFF])
    body = (bytes([END]) if count else b"") + length + bytes([number & 0xFF]) + count + payload
    return body + zlib.crc32(number.to_bytes(4, "little"), zlib.crc32(body)).to_bytes(CHECK_BYTES, "little")
