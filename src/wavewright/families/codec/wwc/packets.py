"""The packets of a .wwc file: their bytes, and a writer of them."""

from __future__ import annotations

import zlib
from typing import BinaryIO

import numpy as np

from ....contracts.runtime import EntropyCoder
from .header import WwcHeader

END = 0xFF  # first byte of the packet that ends a stream
TWO_BYTES = 0x80  # first byte from which a length has two bytes
COUNT_BYTES = 5  # of the number of samples at the end of a stream
CRC_BYTES = 4


def n_codec_samples(n_samples: int, sample_rate: int, codec_sample_rate: int) -> int:
    """Return the length of audio after resampling from ``sample_rate`` to ``codec_sample_rate``, rounded up."""
    return -(-n_samples * codec_sample_rate // sample_rate)


def pack(number: int, payload: bytes, count: bytes = b"") -> bytes:
    """Return the bytes of a packet.

    - ``number``: index of the packet; its last 8 bits are stored, the CRC covers 32.
    - ``count``: number of samples in five bytes, for the packet that ends a stream.
    """
    if len(payload) < TWO_BYTES:
        length = bytes([len(payload)])
    else:
        length = bytes([TWO_BYTES | len(payload) >> 8, len(payload) & 0xFF])
    body = (bytes([END]) if count else b"") + length + bytes([number & 0xFF]) + count + payload
    return body + zlib.crc32(number.to_bytes(4, "little"), zlib.crc32(body)).to_bytes(CRC_BYTES, "little")


def packet_number(check: int, crc: int) -> int:
    """Return the packet number for which ``check == crc32(number, crc)``, by undoing four steps of the CRC.

    So a packet has its number in 32 bits at the cost of 8, and a reader needs one CRC to know whether a packet starts
    at a byte, and which.
    """
    state = check ^ 0xFFFFFFFF
    for _ in range(4):
        byte = _BYTE_OF_TOP[state >> 24]
        state = ((state ^ _CRC_TABLE[byte]) << 8 | byte) & 0xFFFFFFFF
    return state ^ crc ^ 0xFFFFFFFF


def _crc_table() -> list[int]:
    """Return the table of CRC-32 (polynomial 0x04C11DB7, reflected)."""
    table = []
    for byte in range(256):
        entry = byte
        for _ in range(8):
            entry = entry >> 1 ^ (0xEDB88320 if entry & 1 else 0)
        table.append(entry)
    return table


_CRC_TABLE = _crc_table()
_BYTE_OF_TOP = {entry >> 24: byte for byte, entry in enumerate(_CRC_TABLE)}


class PacketWriter:
    """Writer of packets, each as soon as its frames are complete; it does not write the header.

    - ``is_stream``: end with a packet that has the number of samples; in a file the header has it.
    """

    def __init__(self, sink: BinaryIO, header: WwcHeader, coder: EntropyCoder, is_stream: bool) -> None:
        self.header = header
        self.n_bytes = 0
        self._sink = sink
        self._is_stream = is_stream
        self._coder = coder
        self._number = 0
        self._pending = np.zeros((header.n_channels, header.n_codebooks, 0), np.int16)

    def push(self, codes: np.ndarray) -> None:
        """Write the packets that ``codes (channels, n_codebooks, frames)`` complete.

        Raises BadSetting for invalid codes.
        """
        packet_frames = self.header.frames_per_packet
        pending = np.concatenate([self._pending, codes], axis=2)
        n_complete = pending.shape[2] - pending.shape[2] % packet_frames
        for start in range(0, n_complete, packet_frames):
            self._write(b"", pending[:, :, start : start + packet_frames])
        self._pending = pending[:, :, n_complete:].astype(np.int16)

    def finish(self, codes: np.ndarray, n_samples: int) -> None:
        """Write the last packets.

        - ``n_samples``: samples per channel of the encoded audio. At the end of a stream the last frame, which may be
          incomplete, and the frames that are less than a packet lie in the packet with this number.
        """
        if self._is_stream:
            n_before = codes.shape[2] - min(1, codes.shape[2])
            self.push(codes[:, :, :n_before])
            last = np.concatenate([self._pending, codes[:, :, n_before:]], axis=2)
            self._write(n_samples.to_bytes(COUNT_BYTES, "little"), last)
        else:
            self.push(codes)
            if self._pending.shape[2]:
                self._write(b"", self._pending)

    def _write(self, count: bytes, codes: np.ndarray) -> None:
        packet = pack(self._number, self._coder.encode(codes), count)
        self._sink.write(packet)
        self._sink.flush()
        self._number += 1
        self.n_bytes += len(packet)
