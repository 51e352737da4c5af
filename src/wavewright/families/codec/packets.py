"""The packets of a .wwc file: written one after another, read from any stream, found again behind damage."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np

from .config import SILENT
from .header import LONGEST_SECONDS, Header

END = 0xFF  # the first byte of the packet that ends a stream
TWO_BYTES = 0x80  # a first byte from here on begins a length of two bytes
COUNT_BYTES = 5  # of the sample count in a stream's end
CHECK_BYTES = 4
CHUNK_BYTES = 65_536
MAX_GAP_SECONDS = 600.0
"""Longest silence that replaces consecutive missing packets; beyond it, a packet's number is considered damaged."""

MIN_PACKET_BYTES = 6
"""A packet without a payload: one byte each of length and number, four of the check."""

MAX_BETWEEN = 8
"""Largest number of packets missing between two that confirm each other."""

MAX_WAITING = 16
"""Largest number of unconfirmed packets after a gap; the oldest is dropped first."""

MAX_LONE_GAP = 50
"""Largest gap before a single unconfirmed packet at the end of the data, if as many bytes were skipped."""


class Coder(Protocol):
    """Codes of a packet ``(channels, n_codebooks, frames)`` to bytes and back."""

    def encode(self, codes: np.ndarray) -> bytes:
        """The payload; raises BadSetting for codes that do not fit."""

    def decode(self, payload: bytes, n_channels: int, n_frames: int) -> np.ndarray:
        """The codes of a payload, whatever its bytes are."""


def n_codec_samples(n_samples: int, sample_rate: int, codec_sample_rate: int) -> int:
    """How many samples at the codec's rate stand for ``n_samples`` of the sound that was given: their ratio, rounded up."""
    return -(-n_samples * codec_sample_rate // sample_rate)


class PacketWriter:
    """Writes the packets that belong to a ``header``, each as soon as its frames are there; the header itself is not written.

    A stream ends with a packet that says how many samples there were; in a file the header says it.
    """

    def __init__(self, sink: BinaryIO, header: Header, coder: Coder, is_stream: bool):
        self.header = header
        self.n_bytes = 0
        self._sink = sink
        self._is_stream = is_stream
        self._coder = coder
        self._number = 0
        self._held = np.zeros((header.n_channels, header.n_codebooks, 0), np.int16)

    def push(self, codes: np.ndarray) -> None:
        """Write the packets that ``codes (channels, n_codebooks, frames)`` complete; raises BadSetting for codes that do not fit."""
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
        if self._is_stream:
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
    length = (
        bytes([len(payload)])
        if len(payload) < TWO_BYTES
        else bytes([TWO_BYTES | len(payload) >> 8, len(payload) & 0xFF])
    )
    body = (bytes([END]) if count else b"") + length + bytes([number & 0xFF]) + count + payload
    return body + zlib.crc32(number.to_bytes(4, "little"), zlib.crc32(body)).to_bytes(CHECK_BYTES, "little")


@dataclass(frozen=True)
class _Packet:
    """A packet whose check is right. ``n_samples`` is what the end of a stream says."""

    number: int
    start: int  # byte offset after the header
    n_bytes: int
    n_frames: int
    payload: bytes
    n_samples: int | None = None

    def confirms(self, earlier: _Packet) -> bool:
        """Return whether the numbers of two packets agree: this one comes later, and few are missing between them."""
        return self.start >= earlier.start + earlier.n_bytes and 0 < self.number - earlier.number <= MAX_BETWEEN + 1


class PacketReader:
    """Draws the codes from ``source``, which stands behind the header, packet by packet; what is damaged is left out and named.

    Iterating gives ``codes (channels, n_codebooks, frames)`` int16, silent (-1) where packets are lost and later ones are there. ``lost``
    are the frames ``(first, end)`` that are not there; ``end`` is None where nobody knows how long a stream was. ``n_frames`` counts
    what was given so far, ``n_samples`` is the length that the header or the end of a stream says, None as long as neither did.

    A gap of at most ``max_gap_seconds`` is accepted once two packets after it confirm each other; only then is silence
    yielded for it. After a longer gap reading ends, and ``first_refused`` is the first frame after it.
    """

    def __init__(
        self, source: BinaryIO, header: Header, coder: Coder, hop_length: int, max_gap_seconds: float = MAX_GAP_SECONDS
    ):
        self.header = header
        self.lost: list[tuple[int, int | None]] = []
        self.n_frames = 0
        self.n_samples = header.n_samples
        self.first_refused: int | None = None
        self._hop_length = hop_length
        self._most_payload_bytes = header.most_payload_bytes
        self._coder = coder
        self._read = getattr(source, "read1", source.read)  # read1 gives what is there and does not wait for more
        self._buffer = bytearray()
        self._start = 0  # of what was not used yet, in the buffer
        self._n_dropped = 0  # bytes removed from the buffer
        self._expected = 0  # the number of the next packet
        self._n_accepted = 0  # bytes up to the end of the last packet that was yielded
        packet_seconds = header.frames_per_packet * hop_length / header.codec_sample_rate
        self._max_gap = max(1, int(max_gap_seconds / packet_seconds))
        self._n_packets: int | None = None  # None until the header or the end of a stream gives it

    @property
    def n_samples_there(self) -> int:
        """How many samples of each channel the codes given so far stand for, at the rate of the sound that was given."""
        whole = self.n_frames * self._hop_length * self.header.sample_rate // self.header.codec_sample_rate
        return whole if self.n_samples is None else min(whole, self.n_samples)

    def n_bytes_behind(self) -> int:
        """How many bytes come behind the last packet, once all are read; reads them all."""
        n_bytes = len(self._buffer) - self._start
        while chunk := self._read(CHUNK_BYTES):
            n_bytes += len(chunk)
        return n_bytes

    def __iter__(self) -> Iterator[np.ndarray]:
        n_packet, n_frames = self.header.frames_per_packet, self._n_frames(self.n_samples)
        self._n_packets = None if n_frames is None else -(-n_frames // n_packet)
        for packet in self._accepted():
            if packet.number > self._expected:
                self.lost.append((self._expected * n_packet, packet.number * n_packet))
            for _ in range(self._expected, packet.number):
                yield self._given(
                    np.full((self.header.n_channels, self.header.n_codebooks, n_packet), SILENT, np.int16)
                )
            self._expected = packet.number + 1
            self._n_accepted = packet.start + packet.n_bytes
            if packet.n_samples is not None:
                self.n_samples = packet.n_samples
            yield self._given(self._coder.decode(packet.payload, self.header.n_channels, packet.n_frames))
            if packet.n_samples is not None:
                return
        if self._expected != self._n_packets:
            self.lost.append((self._expected * n_packet, n_frames))

    def _accepted(self) -> Iterator[_Packet]:
        """Yield packets in order: the next one at once, one after a gap together with the packet that confirms it."""
        waiting: deque[_Packet] = deque(maxlen=MAX_WAITING)
        while self._expected != self._n_packets:
            packet = self._next()
            if packet is None:
                yield from [earlier for earlier in waiting if self._may_stand_alone(earlier)][:1]
                return
            confirmed = [earlier for earlier in waiting if packet.confirms(earlier)][:1]
            if any(earlier.number - self._expected > self._max_gap for earlier in confirmed):
                self.first_refused = confirmed[0].number * self.header.frames_per_packet
                return
            if packet.number == self._expected or confirmed:
                self._skip_to(packet.start + packet.n_bytes)
                waiting.clear()
                yield from [*confirmed, packet]
            else:
                waiting.append(packet)
                self._skip_to(packet.start + 1)  # if it is not a packet, others may begin inside it

    def _may_stand_alone(self, packet: _Packet) -> bool:
        """Return whether the bytes skipped before an unconfirmed packet at the end of the data explain its number."""
        n_missing, n_skipped = packet.number - self._expected, packet.start - self._n_accepted
        is_last = packet.n_samples is not None or packet.number + 1 == self._n_packets
        may_miss = min(max(1, n_skipped // MIN_PACKET_BYTES), self._max_gap)
        return n_missing <= (may_miss if is_last else min(may_miss, MAX_LONE_GAP))

    def _given(self, codes: np.ndarray) -> np.ndarray:
        self.n_frames += codes.shape[2]
        return codes

    def _n_frames(self, n_samples: int | None) -> int | None:
        """How many frames stand for so many samples of the sound that was given."""
        if n_samples is None:
            return None
        return -(
            -n_codec_samples(n_samples, self.header.sample_rate, self.header.codec_sample_rate) // self._hop_length
        )

    def _next(self) -> _Packet | None:
        """Return the next valid packet without consuming it, None at the end of the data."""
        while self._has(1):
            packet = self._packet()
            if packet is not None:
                return packet
            self._start += 1
            if self._start >= CHUNK_BYTES:
                self._skip_to(self._n_dropped + self._start)
        return None

    def _skip_to(self, offset: int) -> None:
        """Consume the bytes up to an offset after the header."""
        self._start = offset - self._n_dropped
        if self._start >= CHUNK_BYTES:
            del self._buffer[: self._start]
            self._n_dropped, self._start = offset, 0

    def _has(self, n_bytes: int) -> bool:
        """Whether there are so many unused bytes; reads on where they are not here yet."""
        while len(self._buffer) - self._start < n_bytes:
            chunk = self._read(CHUNK_BYTES)
            if not chunk:
                return False
            self._buffer += chunk
        return True

    def _packet(self) -> _Packet | None:
        """The packet that begins with the first unused byte; None where none begins there."""
        buffer, start = self._buffer, self._start
        is_end = buffer[start] == END
        if (is_end and self._n_packets is not None) or not self._has(2 + is_end):
            return None
        first = buffer[start + is_end]
        length, n_head = (first, 2) if first < TWO_BYTES else ((first & 0x7F) << 8 | buffer[start + is_end + 1], 3)
        n_head += is_end * (1 + COUNT_BYTES)
        n_bytes = n_head + length + CHECK_BYTES
        if length > self._most_payload_bytes or not self._has(n_bytes):
            return None
        packet = buffer[start : start + n_bytes]
        number = number_of(int.from_bytes(packet[-CHECK_BYTES:], "little"), zlib.crc32(packet[:-CHECK_BYTES]))
        if packet[n_head - 1 - is_end * COUNT_BYTES] != number & 0xFF or number < self._expected:
            return None
        count = int.from_bytes(packet[n_head - COUNT_BYTES : n_head], "little") if is_end else None
        n_frames = self._n_frames_in(number, count)
        if n_frames is None:
            return None
        return _Packet(number, self._n_dropped + start, n_bytes, n_frames, bytes(packet[n_head:-CHECK_BYTES]), count)

    def _n_frames_in(self, number: int, count: int | None) -> int | None:
        """How many frames a packet has, ``count`` being what the end of a stream says; None where no such packet can be."""
        header, n_packet = self.header, self.header.frames_per_packet
        n_before = number * n_packet
        if count is not None:
            n_samples = n_codec_samples(count, header.sample_rate, header.codec_sample_rate)
            is_possible = count <= LONGEST_SECONDS * header.sample_rate and n_before * self._hop_length <= n_samples
            n_frames = -(-n_samples // self._hop_length) - n_before
            return n_frames if is_possible and n_frames <= n_packet else None
        if self.n_samples is None:  # a stream goes on
            longest = LONGEST_SECONDS * header.codec_sample_rate
            return n_packet if (n_before + n_packet) * self._hop_length <= longest else None
        n_left = (self._n_frames(self.n_samples) or 0) - n_before
        return min(n_packet, n_left) if n_left > 0 else None


def number_of(check: int, crc: int) -> int:
    """The packet number for which ``check == crc32(number in four bytes, crc)``: four steps of the CRC, undone.

    So a packet tells its number in 32 bits and spends 8: behind damage, one look finds whether a packet begins at a byte, and which.
    """
    state = check ^ 0xFFFFFFFF
    for _ in range(4):
        place = _PLACES[state >> 24]
        state = ((state ^ _TABLE[place]) << 8 | place) & 0xFFFFFFFF
    return state ^ crc ^ 0xFFFFFFFF


def _crc_table() -> list[int]:
    """What a byte does to a CRC-32 (polynomial 0x04C11DB7, reflected)."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0xEDB88320 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _crc_table()
_PLACES = {entry >> 24: place for place, entry in enumerate(_TABLE)}
