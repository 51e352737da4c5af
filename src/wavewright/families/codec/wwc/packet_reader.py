"""A reader of the packets of a .wwc file or stream, which resynchronises after damage."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ....base.byte_stream import available_reader
from ....contracts.runtime import EntropyCoder
from . import LOST, SILENT
from .header import MAX_SECONDS, WwcHeader
from .packets import COUNT_BYTES, CRC_BYTES, END, TWO_BYTES, n_codec_samples, packet_number

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


@dataclass(frozen=True)
class _Packet:
    """A packet whose CRC is valid."""

    number: int
    start: int  # byte offset after the header
    n_bytes: int
    n_frames: int
    payload: bytes
    n_samples: int | None = None  # of the packet that ends a stream

    def confirms(self, earlier: _Packet) -> bool:
        """Return whether the numbers of two packets agree: this one comes later, and few are missing between them."""
        return self.start >= earlier.start + earlier.n_bytes and 0 < self.number - earlier.number <= MAX_BETWEEN + 1


class PacketReader:
    """Iterator over the codes ``(channels, n_codebooks, frames)`` int16 of a .wwc file, packet by packet.

    Missing packets before a valid one become lost frames (-2), after ``n_concealed`` of them silent ones (-1). A gap of
    at most ``max_gap_seconds`` is accepted once two packets after it confirm each other; only then are frames yielded
    for it. After a longer gap reading ends.

    - ``n_concealed``: frames at the start of a gap that the decoder makes up.
    - ``lost``: frames ``(first, end)`` that are missing; ``end`` is None where the length of a stream is unknown.
    - ``n_frames``: frames yielded so far.
    - ``n_samples``: length of the audio in samples by the header or the end of a stream, None as long as neither is
      known.
    - ``resumes_at``: first frame after a gap that was too long, or None.
    """

    def __init__(
        self,
        source: BinaryIO,
        header: WwcHeader,
        coder: EntropyCoder,
        hop_length: int,
        max_gap_seconds: float = MAX_GAP_SECONDS,
        n_concealed: int = 0,
    ) -> None:
        self.header = header
        self._n_concealed = n_concealed
        self.lost: list[tuple[int, int | None]] = []
        self.n_frames = 0
        self.n_samples = header.n_samples
        self.resumes_at: int | None = None
        self._hop_length = hop_length
        self._max_payload_bytes = header.max_payload_bytes
        self._coder = coder
        self._read = available_reader(source)
        self._buffer = bytearray()
        self._start = 0  # of the unused bytes in the buffer
        self._n_dropped = 0  # bytes removed from the buffer
        self._expected = 0  # number of the next packet
        self._n_accepted = 0  # bytes up to the end of the last packet that was yielded
        packet_seconds = header.frames_per_packet * hop_length / header.codec_sample_rate
        self._max_gap = max(1, int(max_gap_seconds / packet_seconds))
        self._n_packets: int | None = None  # None until the header or the end of a stream gives it

    @property
    def n_samples_decodable(self) -> int:
        """Samples per channel, at the rate of the encoded audio, of the frames yielded so far."""
        n_samples = self.n_frames * self._hop_length * self.header.sample_rate // self.header.codec_sample_rate
        return n_samples if self.n_samples is None else min(n_samples, self.n_samples)

    def n_trailing_bytes(self) -> int:
        """Read the bytes after the last packet to their end; return their number."""
        n_bytes = len(self._buffer) - self._start
        while chunk := self._read(CHUNK_BYTES):
            n_bytes += len(chunk)
        return n_bytes

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the codes of each packet."""
        packet_frames, n_frames = self.header.frames_per_packet, self._n_frames(self.n_samples)
        self._n_packets = None if n_frames is None else -(-n_frames // packet_frames)
        for packet in self._accepted():
            if packet.number > self._expected:
                self.lost.append((self._expected * packet_frames, packet.number * packet_frames))
            for n_before in range(0, (packet.number - self._expected) * packet_frames, packet_frames):
                yield self._counted(self._missing(packet_frames, n_before))
            self._expected = packet.number + 1
            self._n_accepted = packet.start + packet.n_bytes
            if packet.n_samples is not None:
                self.n_samples = packet.n_samples
            yield self._counted(self._coder.decode(packet.payload, self.header.n_channels, packet.n_frames))
            if packet.n_samples is not None:
                return
        if self._expected != self._n_packets:
            self.lost.append((self._expected * packet_frames, n_frames))

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
                self.resumes_at = confirmed[0].number * self.header.frames_per_packet
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

    def _missing(self, n_frames: int, n_before: int) -> np.ndarray:
        """Return the frames of a packet that is missing after ``n_before`` frames of the same gap."""
        codes = np.full((self.header.n_channels, self.header.n_codebooks, n_frames), SILENT, np.int16)
        codes[:, :, : max(self._n_concealed - n_before, 0)] = LOST
        return codes

    def _counted(self, codes: np.ndarray) -> np.ndarray:
        self.n_frames += codes.shape[2]
        return codes

    def _n_frames(self, n_samples: int | None) -> int | None:
        """Return the number of frames of so many samples at the rate of the encoded audio."""
        if n_samples is None:
            return None
        n_resampled = n_codec_samples(n_samples, self.header.sample_rate, self.header.codec_sample_rate)
        return -(-n_resampled // self._hop_length)

    def _next(self) -> _Packet | None:
        """Return the next valid packet without consuming it, None at the end of the data."""
        while self._has(1):
            packet = self._parse()
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
            self._n_dropped = offset
            self._start = 0

    def _has(self, n_bytes: int) -> bool:
        """Return whether there are so many unused bytes; read more if necessary."""
        while len(self._buffer) - self._start < n_bytes:
            chunk = self._read(CHUNK_BYTES)
            if not chunk:
                return False
            self._buffer += chunk
        return True

    def _parse(self) -> _Packet | None:
        """Return the packet that starts at the first unused byte, None if there is none."""
        buffer, start = self._buffer, self._start
        is_end = buffer[start] == END
        if (is_end and self._n_packets is not None) or not self._has(2 + is_end):
            return None
        first = buffer[start + is_end]
        length, n_head = (first, 2) if first < TWO_BYTES else ((first & 0x7F) << 8 | buffer[start + is_end + 1], 3)
        n_head += is_end * (1 + COUNT_BYTES)
        n_bytes = n_head + length + CRC_BYTES
        if length > self._max_payload_bytes or not self._has(n_bytes):
            return None
        packet = buffer[start : start + n_bytes]
        number = packet_number(int.from_bytes(packet[-CRC_BYTES:], "little"), zlib.crc32(packet[:-CRC_BYTES]))
        if packet[n_head - 1 - is_end * COUNT_BYTES] != number & 0xFF or number < self._expected:
            return None
        count = int.from_bytes(packet[n_head - COUNT_BYTES : n_head], "little") if is_end else None
        n_frames = self._n_frames_of_packet(number, count)
        if n_frames is None:
            return None
        return _Packet(number, self._n_dropped + start, n_bytes, n_frames, bytes(packet[n_head:-CRC_BYTES]), count)

    def _n_frames_of_packet(self, number: int, count: int | None) -> int | None:
        """Return the frames of a packet; None if there can be no such packet.

        ``count`` is the number of samples in the packet that ends a stream.
        """
        header, packet_frames = self.header, self.header.frames_per_packet
        n_before = number * packet_frames
        if count is not None:
            n_samples = n_codec_samples(count, header.sample_rate, header.codec_sample_rate)
            is_possible = count <= MAX_SECONDS * header.sample_rate and n_before * self._hop_length <= n_samples
            n_frames = -(-n_samples // self._hop_length) - n_before
            return n_frames if is_possible and n_frames <= packet_frames else None
        if self.n_samples is None:  # a stream goes on
            longest = MAX_SECONDS * header.codec_sample_rate
            return packet_frames if (n_before + packet_frames) * self._hop_length <= longest else None
        n_left = (self._n_frames(self.n_samples) or 0) - n_before
        return min(packet_frames, n_left) if n_left > 0 else None
