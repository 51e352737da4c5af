"""All frames of an MP3 file, counted: what its header or a library estimates may be wrong, or missing."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from .id3 import ID3V1_BYTES, ID3V1_MAGIC, skip_tags
from .mpeg import FORMAT_MASK, HEADER_BYTES, MONO, MPEG_1, RATES_HZ, SIDE_BYTES, format_of, frame_bytes
from .segments import Segment

COUNT_FLAG = 1  # of the number of frames in a description
ENCODER_BYTES = 21  # from the name of the encoder to the delays
DECODER_DELAY = 529  # samples
LOWEST_RATE, MIDDLE_RATE = 1, 9  # indices of bit rates
APE_MAGIC, APE_BYTES = b"APETAGEX", 32
LYRICS_MAGIC = b"LYRICSBEGIN"


@dataclass(frozen=True)
class MpegScan:
    """The frames of a file.

    - ``spans``: Bytes of the file with frames, without the one that describes the others.
    - ``n_described``: frames of which the description of the file speaks.
    - ``n_skipped``: Bytes between the first and the last frame that are neither frames nor tags.
    - ``is_cut``: the last frame is incomplete.
    - ``changed_at``: number of the frame from which on frames of another sample rate, or number of channels, were left
      out.
    - ``head``: the first frame's header.
    - ``delays``: samples to leave out at both ends, as LAME stores them; empty if unknown.
    """

    spans: tuple[tuple[int, int], ...]
    n_frames: int
    n_described: int | None
    n_skipped: int
    is_cut: bool
    changed_at: int | None
    head: bytes
    delays: bytes
    samples_per_frame: int

    @property
    def is_as_described(self) -> bool:
        """True if the file says how many frames it has, and has these alone."""
        return self.n_described == self.n_frames and len(self.spans) == 1 and not self.is_cut

    def segments(self) -> Sequence[Segment]:
        """Return the frames behind a description with their number, from which decoders take the length."""
        if not self.delays:
            # Decoders leave out the delay of a decoder where there is a description. A silent frame makes up for it.
            delay = self.samples_per_frame - DECODER_DELAY
            return (self._description(self.n_frames + 1, delay, DECODER_DELAY), self._frame(LOWEST_RATE), *self.spans)
        delay = int.from_bytes(self.delays[:2]) >> 4
        padding = int.from_bytes(self.delays[1:]) & 0xFFF if self.n_described == self.n_frames else 0
        return (self._description(self.n_frames, delay, padding), *self.spans)

    def _frame(self, bit_rate: int) -> bytes:
        """Return a silent frame of the bit rate of an index."""
        header = bytes([0xFF, self.head[1] | 1, self.head[2] & FORMAT_MASK[1] | bit_rate << 4, self.head[3] & 0xCF])
        return header.ljust(frame_bytes(header), b"\0")

    def _description(self, n_frames: int, delay: int, padding: int) -> bytes:
        """Return a frame that says how many follow, and how many samples to leave out at both ends."""
        frame = bytearray(self._frame(MIDDLE_RATE))
        position = HEADER_BYTES + SIDE_BYTES[frame[1] >> 3 & 3 == MPEG_1, frame[3] >> 6 == MONO]
        described = b"Info" + COUNT_FLAG.to_bytes(4) + n_frames.to_bytes(4)
        encoder = b"LAME".ljust(ENCODER_BYTES, b"\0") + (delay << 12 | padding).to_bytes(3)
        frame[position : position + len(described) + len(encoder)] = described + encoder
        return bytes(frame)


def scan(file: BinaryIO, start: int = 0, end: int = 0) -> MpegScan | None:
    """Return the frames of layer III between two bytes of a file, by default in all of it.

    None for other layers and for frames that do not state their size.
    """
    n_bytes = file.seek(0, 2)
    start = skip_tags(file, start)
    with mmap.mmap(file.fileno(), min(end, n_bytes), access=mmap.ACCESS_READ) as data:
        found = _scan(data, start)
    return replace(found, is_cut=found.is_cut or end > n_bytes) if found else None


def _scan(data: mmap.mmap, start: int) -> MpegScan | None:
    first = _first_frame(data, start)
    if first is None:
        return None
    head = data[first : first + HEADER_BYTES]
    n_bytes = frame_bytes(head)
    n_described, delays = _description(data[first : first + n_bytes])
    is_described = n_described is not None
    counter = _Counter(data, head)
    counter.count(first + n_bytes if is_described else first)
    if not counter.n_frames:
        return None
    return MpegScan(
        spans=tuple(counter.spans),
        n_frames=counter.n_frames,
        n_described=n_described,
        n_skipped=counter.n_skipped,
        is_cut=counter.is_cut,
        changed_at=counter.changed_at,
        head=head,
        delays=delays,
        samples_per_frame=1152 if head[1] >> 3 & 3 == MPEG_1 else 576,
    )


class _Counter:
    """Counts the frames of a file from a position on."""

    def __init__(self, data: mmap.mmap, head: bytes) -> None:
        self._data = data
        self._format = format_of(head)
        self._sizes: dict[bytes, int] = {}
        self.spans: list[tuple[int, int]] = []
        self.n_frames = self.n_skipped = 0
        self.is_cut = False
        self.changed_at: int | None = None

    def count(self, position: int) -> None:
        """Count all frames from a position on."""
        data, end = self._data, len(self._data)
        span_start = position
        while position < end:
            n_bytes = self._size(position)
            if n_bytes and position + n_bytes <= end:
                self.n_frames += 1
                position += n_bytes
                continue
            if span_start < position:
                self.spans.append((span_start, position))
            if n_bytes:
                self.is_cut = True
                return
            following = self._skip_tag(position)
            if following == position:
                following = self._resynchronise(position)
                self.n_skipped += following - position if following < end else 0
                self.is_cut |= following == end and end - position >= HEADER_BYTES and data[position] == 0xFF
            span_start = position = following
        if span_start < position:
            self.spans.append((span_start, position))

    def _size(self, position: int) -> int:
        """Return the length of the frame of the same format at a position, 0 if there is none."""
        header = self._data[position : position + HEADER_BYTES]
        size = self._sizes.get(header)
        if size is None:
            size = frame_bytes(header) if len(header) == HEADER_BYTES and format_of(header) == self._format else 0
            self._sizes[header] = size
        return size

    def _skip_tag(self, position: int) -> int:
        """Return the position after the tags at a position, or after the end of what is left for them."""
        data = self._data
        if data[position : position + 3] == ID3V1_MAGIC and len(data) - position <= ID3V1_BYTES:
            return len(data)
        if data[position : position + len(LYRICS_MAGIC)] == LYRICS_MAGIC:
            return len(data)
        if data[position : position + len(APE_MAGIC)] == APE_MAGIC and len(data) - position >= APE_BYTES:
            n_bytes = int.from_bytes(data[position + 12 : position + 16], "little")
            has_header = bool(data[position + 23] & 0x80)
            return min(len(data), position + n_bytes + (APE_BYTES if has_header else 0))
        return _skip_id3(data, position)

    def _resynchronise(self, position: int) -> int:
        """Return the next position with two frames of the format in a row; note frames of another one."""
        data, end = self._data, len(self._data)
        while (position := data.find(b"\xff", position + 1)) >= 0:
            header = data[position : position + HEADER_BYTES]
            n_bytes = frame_bytes(header)
            if not n_bytes or position + n_bytes > end:
                continue
            following = data[position + n_bytes : position + n_bytes + HEADER_BYTES]
            if following and (len(following) < HEADER_BYTES or format_of(following) != format_of(header)):
                continue
            if following and not frame_bytes(following):
                continue
            if format_of(header) == self._format:
                return position
            if self.changed_at is None:
                self.changed_at = self.n_frames
        return end


def _first_frame(data: mmap.mmap, start: int) -> int | None:
    """Return the position of the first frame, which another one or the end follows; None if there is none."""
    position = start - 1
    while (position := data.find(b"\xff", position + 1)) >= 0:
        header = data[position : position + HEADER_BYTES]
        n_bytes = frame_bytes(header)
        if not n_bytes:
            if len(header) == HEADER_BYTES and header[1] & 0xE0 == 0xE0 and position == start:
                return None  # another layer, or frames of a free size
            continue
        following = data[position + n_bytes : position + n_bytes + HEADER_BYTES]
        if len(following) < HEADER_BYTES or format_of(following) == format_of(header):
            return position
    return None


def _skip_id3(data: mmap.mmap, position: int) -> int:
    header = data[position : position + 10]
    if len(header) < 10 or header[:3] != b"ID3" or any(byte & 0x80 for byte in header[6:]):
        return position
    n_bytes = sum(byte << (7 * index) for index, byte in enumerate(reversed(header[6:])))
    return min(len(data), position + 10 + n_bytes + (10 if header[5] & 0x10 else 0))


def _description(frame: bytes) -> tuple[int | None, bytes]:
    """Return the number of frames that a first frame describes, and the delays; None if it has sound.

    The number is -1 if the frame describes the others without it.
    """
    position = HEADER_BYTES + SIDE_BYTES[frame[1] >> 3 & 3 == MPEG_1, frame[3] >> 6 == MONO]
    if frame.startswith(b"VBRI", 36):
        return int.from_bytes(frame[50:54]), b""
    if not frame.startswith((b"Xing", b"Info"), position):
        return None, b""
    flags = int.from_bytes(frame[position + 4 : position + 8])
    n_frames = int.from_bytes(frame[position + 8 : position + 12]) if flags & COUNT_FLAG else -1
    encoder = position + 8 + sum(size for bit, size in ((1, 4), (2, 4), (4, 100), (8, 4)) if flags & bit)
    has_encoder = bool(frame[encoder : encoder + 1].strip(b"\0"))
    return n_frames, frame[encoder + ENCODER_BYTES : encoder + ENCODER_BYTES + 3] if has_encoder else b""


def sample_rate(header: bytes) -> int:
    """Return the sample rate of a frame, Hz."""
    return RATES_HZ[header[1] >> 3 & 3][header[2] >> 2 & 3]
