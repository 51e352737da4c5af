"""Pages and packets of Ogg files, and a field in the Vorbis comment of an Ogg Vorbis or Opus file."""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import BinaryIO

from .vorbis_comment import VorbisComment

HEADER = struct.Struct("<4sBBqIIIB")
"""Magic, version, flags, position in samples, stream, number of the page, checksum, number of segments."""

CONTINUED, FIRST, LAST = 1, 2, 4  # flags of a page
MAX_SEGMENTS, FULL_SEGMENT = 255, 255
NO_POSITION = -1  # of a page on which no packet ends
MAX_HEADER_BYTES = 2**24
VORBIS_HEADER_BYTES = 30
MODE_BITS, MAX_MODES = 41, 64  # in the last header of Vorbis

VORBIS_HEADER, OPUS_HEADER = b"\x01vorbis", b"OpusHead"
FLAC_HEADER, FLAC_BLOCK_BYTES = b"\x7fFLAC", 4  # of FLAC in Ogg, and of the header of its comment
N_HEADERS = {VORBIS_HEADER: 3, OPUS_HEADER: 2}
COMMENT_INDEX = 1  # among the headers
COMMENT_MAGIC = {VORBIS_HEADER: b"\x03vorbis", OPUS_HEADER: b"OpusTags"}

REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

MAGIC = b"OggS"


@dataclass(frozen=True)
class Page:
    """A page: its flags, its position in samples, its stream and number, and its segments."""

    flags: int
    position: int
    stream: int
    number: int
    lacing: bytes
    body: bytes

    def to_bytes(self) -> bytes:
        """Return the page with its checksum."""
        return self._with_checksum(checksum(self.unchecked()))

    def unchecked(self) -> bytes:
        """Return the page with no checksum."""
        return self._with_checksum(0)

    def _with_checksum(self, value: int) -> bytes:
        fields = (self.flags, self.position, self.stream, self.number, value, len(self.lacing))
        return HEADER.pack(b"OggS", 0, *fields) + self.lacing + self.body

    def parts(self) -> Iterator[tuple[bytes, bool]]:
        """Yield the parts of packets on this page, each with whether its packet ends with it."""
        start = end = 0
        for n_bytes in self.lacing:
            end += n_bytes
            if n_bytes < FULL_SEGMENT:
                yield self.body[start:end], True
                start = end
        if start < end or self.lacing[-1:] == bytes([FULL_SEGMENT]):
            yield self.body[start:end], False


def checksum(contents: bytes) -> int:
    """Return Ogg's checksum, the CRC-32 of zlib with the bits of all bytes reversed, from 0 and not inverted."""
    value = zlib.crc32(contents.translate(REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{value:032b}"[::-1], 2)


def pages(file: BinaryIO) -> Iterator[Page]:
    """Yield the pages of a file; raise ValueError at the first that is damaged, or at what is no page."""
    while header := file.read(HEADER.size):
        if len(header) < HEADER.size or header[:4] != b"OggS":
            raise ValueError("something in it is no Ogg page")
        _, _, flags, position, stream, number, _, n_segments = HEADER.unpack(header)
        lacing = file.read(n_segments)
        body = file.read(sum(lacing))
        page = Page(flags, position, stream, number, lacing, body)
        if page.to_bytes() != header + lacing + body:
            raise ValueError("one of its Ogg pages is damaged")
        yield page


def audio_parts(file: BinaryIO) -> Iterator[bytes]:
    """Yield everything of a file that determines its sound: its packets but the comment, and its end in samples.

    How packets are divided into pages does not matter, nor do the numbers of pages and of the stream.

    Raises ValueError if the file is damaged, lacks a page, or holds several streams.
    """
    source = _only_stream(pages(file))
    headers, _ = _headers(source)
    for header in (*headers[:COMMENT_INDEX], *headers[COMMENT_INDEX + 1 :]):
        yield struct.pack("<I", len(header)) + header
    packet, end = b"", 0
    for page in source:
        end = page.position if page.position != NO_POSITION else end
        for part, is_end in page.parts():
            packet += part
            if is_end:
                yield struct.pack("<I", len(packet)) + packet
                packet = b""
    yield packet + struct.pack("<q", end)


def check_positions(file: BinaryIO) -> None:
    """Check that every page has the position and the flags that follow from its packets, and the last one the end.

    Decoders leave out samples or place them by positions. That of the last page may be smaller than the samples of its
    packets, which are left out there.

    Raises ValueError if one has others, or the comment is damaged, and as :func:`audio_parts`.
    """
    n_samples_of: Callable[[bytes], int] | None = None  # known behind the headers
    headers: list[bytes] = []
    packet = b""
    earlier, position, flags, is_open = 0, 0, 0, False
    for page in _only_stream(pages(file)):
        expected = (CONTINUED if is_open else 0) | (0 if page.number else FIRST)
        if flags & LAST or page.flags & ~LAST != expected:
            raise ValueError("the flags of its pages contradict its packets")
        flags, is_header, n_ends = page.flags, n_samples_of is None, 0
        for part, is_end in page.parts():
            packet, is_open, n_ends = packet + part, not is_end, n_ends + is_end
            if is_open:
                continue
            if n_samples_of:
                earlier, position = position, position + n_samples_of(packet)
            else:
                headers.append(packet)
                if len(headers) == N_HEADERS[_magic(headers)]:
                    n_samples_of = _packet_lengths(headers)
            packet = b""
        lowest = min(earlier, position) if flags & LAST else position
        if page.position not in _possible_positions(is_header, n_ends, range(lowest, position + 1)):
            raise ValueError("the positions of its pages contradict its packets")
    if not flags & LAST or is_open:
        raise ValueError("it was cut short: its stream has no end")


def _possible_positions(is_header: bool, n_ends: int, of_sound: range) -> Sequence[int]:
    """Return the positions that a page can have on which so many packets end."""
    if is_header:
        return (0,) if n_ends else (0, NO_POSITION)
    return of_sound if n_ends else (NO_POSITION,)


def _packet_lengths(headers: list[bytes]) -> Callable[[bytes], int]:
    """Return a function that returns the samples that each of the following packets adds; raise ValueError."""
    comment = _comment(headers)
    if _magic(headers) == OPUS_HEADER:
        return opus_samples
    if not comment.tail[:1] or not comment.tail[0] & 1:
        raise ValueError("its comment breaks off")
    return VorbisLengths(headers[0], headers[2])


def opus_samples(packet: bytes) -> int:
    """Return the samples of an Opus packet, at 48 kHz (RFC 6716, 3.1); raise ValueError for a damaged one."""
    if not packet:
        raise ValueError("one of its packets is empty")
    configuration, code = packet[0] >> 3, packet[0] & 3
    if code == 3 and len(packet) < 2:
        raise ValueError("one of its packets breaks off")
    n_frames = (1, 2, 2, packet[1] & 63 if code == 3 else 0)[code]
    if configuration < 12:  # SILK alone
        return n_frames * (480, 960, 1_920, 2_880)[configuration & 3]
    if configuration < 16:  # SILK and CELT
        return n_frames * (480, 960)[configuration & 1]
    return n_frames * (120 << (configuration & 3))


class VorbisLengths:
    """Says how many samples each of the packets adds that follow the headers (Vorbis I specification, 4.3)."""

    def __init__(self, identification: bytes, setup: bytes) -> None:
        """Read the sizes of blocks from the first header, and which mode has which from the end of the last one."""
        if len(identification) < VORBIS_HEADER_BYTES:
            raise ValueError("its headers break off")
        sizes = identification[28]
        self._sizes = 1 << (sizes & 15), 1 << (sizes >> 4)
        self._flags = _mode_flags(setup)
        self._previous = 0  # samples of the last block

    def __call__(self, packet: bytes) -> int:
        """Return the samples that a packet adds; raise ValueError if it is none of sound."""
        mode = (packet[0] if packet else 1) >> 1 & (1 << (len(self._flags) - 1).bit_length()) - 1
        if not packet or packet[0] & 1 or mode >= len(self._flags):
            raise ValueError("one of its packets holds no sound")
        size = self._sizes[self._flags[mode]]
        n_samples = (self._previous + size) // 4 if self._previous else 0
        self._previous = size
        return n_samples


def _mode_flags(setup: bytes) -> list[int]:
    """Return which of the two sizes each mode has, from the end of the header, where all modes are listed.

    Every mode takes 41 bits: the flag, 32 bits that are 0, and 8 of its mapping. Their number precedes them in 6 bits.
    """
    bits = int.from_bytes(setup, "little")
    end = bits.bit_length() - 1  # before the bit that ends the header
    flags: list[int] = []
    found: list[int] = []
    while (start := end - MODE_BITS * (len(flags) + 1)) >= 6 and len(flags) < MAX_MODES:
        mode = bits >> start & (1 << MODE_BITS) - 1
        if mode >> 1 & 0xFFFFFFFF or mode >> 33 >= MAX_MODES:
            break
        flags.insert(0, mode & 1)
        if (bits >> start - 6 & 63) + 1 == len(flags):
            found = list(flags)
    if not found:
        raise ValueError("its headers are damaged")
    return found


def read(file: BinaryIO, name: str) -> list[bytes]:
    """Return the values of a field of the comment; raise ValueError for a damaged file."""
    headers, _ = _headers(_only_stream(pages(file)))
    return _comment(headers).values(name)


def write(source: BinaryIO, target: BinaryIO, name: str, value: bytes) -> None:
    """Copy a file with a field of the comment set; raise ValueError as :func:`audio_parts`."""
    _write_comment(source, target, lambda comment: comment.with_value(name, value))


def _write_comment(source: BinaryIO, target: BinaryIO, change: Callable[[VorbisComment], VorbisComment]) -> None:
    source_pages = _only_stream(pages(source))
    headers, stream = _headers(source_pages)
    comment = COMMENT_MAGIC[_magic(headers)] + change(_comment(headers)).to_bytes()
    first = Page(FIRST, 0, stream, 0, bytes(_lacing(headers[0])), headers[0])
    written = chain([first], _paged([comment, *headers[COMMENT_INDEX + 1 :]], stream), source_pages)
    for number, page in enumerate(written):
        target.write(replace(page, number=number).to_bytes())


def read_headers(file: BinaryIO) -> tuple[bytes, VorbisComment]:
    """Return the first header and the comment of the first stream of a file; raise ValueError if one is damaged."""
    packets = [b""]
    stream = None
    for page in pages(file):
        stream = page.stream if stream is None else stream
        if page.stream != stream:
            continue
        for part, is_end in page.parts():
            packets[-1] += part
            if len(packets[-1]) > MAX_HEADER_BYTES:
                raise ValueError("one of its headers is too large")
            if is_end and len(packets) > COMMENT_INDEX:
                if packets[0].startswith(FLAC_HEADER):
                    return packets[0], VorbisComment.parse(packets[COMMENT_INDEX][FLAC_BLOCK_BYTES:])
                return packets[0], _comment(packets)
            if is_end:
                packets.append(b"")
    raise ValueError("its headers break off")


def write_fields(source: BinaryIO, target: BinaryIO, fields: tuple[bytes, ...]) -> None:
    """Copy a file with other fields of the comment; raise ValueError as :func:`audio_parts`."""
    _write_comment(source, target, lambda comment: replace(comment, fields=fields))


def set_stream(file: BinaryIO) -> None:
    """Give the only stream of a file, which is open to be changed, a number that follows from its contents.

    Encoders choose one by chance.
    """
    sums, pages_of_it = [], []
    position = file.seek(0)
    for page in pages(file):
        n_bytes = len(page.to_bytes())
        blank = checksum(replace(page, stream=0).unchecked())
        sums.append(struct.pack("<I", blank))
        pages_of_it.append((position, page.stream, n_bytes, blank))
        position += n_bytes
    if len({stream for _, stream, _, _ in pages_of_it}) != 1:
        return
    number = zlib.crc32(b"".join(sums))
    for start, _, n_bytes, blank in pages_of_it:
        # The checksum is linear: what the number adds is that of a page of zeros with the number alone.
        added = checksum(bytes(14) + struct.pack("<I", number) + bytes(n_bytes - 18))
        file.seek(start + 14)
        file.write(struct.pack("<I", number))
        file.seek(start + 22)
        file.write(struct.pack("<I", blank ^ added))


def _only_stream(source: Iterator[Page]) -> Iterator[Page]:
    """Yield pages; raise ValueError for several streams, and if a page is missing."""
    stream = None
    for number, page in enumerate(source):
        stream = page.stream if stream is None else stream
        if page.stream != stream or (page.flags & FIRST and number):
            raise ValueError("it holds several streams")
        if page.number != number:
            raise ValueError("one of its Ogg pages is missing")
        yield page


def _headers(source: Iterator[Page]) -> tuple[list[bytes], int]:
    """Read the packets before the sound; return them and the number of the stream.

    Raises ValueError if the headers break off or are too large, or the sound starts on a page of theirs.
    """
    headers = [b""]
    n_headers = 0  # that there are, known from the first one
    for page in source:
        for part, is_end in page.parts():
            if n_headers and len(headers) > n_headers:
                raise ValueError("its sound starts on a page of its headers")
            headers[-1] += part
            if len(headers[-1]) > MAX_HEADER_BYTES:
                raise ValueError("one of its headers is too large")
            if is_end:
                n_headers = N_HEADERS[_magic(headers)]
                headers.append(b"")
        if n_headers and len(headers) > n_headers:
            return headers[:-1], page.stream
    raise ValueError("its headers break off")


def _magic(headers: list[bytes]) -> bytes:
    magic = next((magic for magic in N_HEADERS if headers[0].startswith(magic)), None)
    if magic is None:
        raise ValueError("it is neither Ogg Vorbis nor Opus")
    return magic


def _comment(headers: list[bytes]) -> VorbisComment:
    magic = COMMENT_MAGIC[_magic(headers)]
    if not headers[COMMENT_INDEX].startswith(magic):
        raise ValueError("it has no comment where one has to be")
    return VorbisComment.parse(headers[COMMENT_INDEX][len(magic) :])


def _lacing(packet: bytes) -> list[int]:
    return [FULL_SEGMENT] * (len(packet) // FULL_SEGMENT) + [len(packet) % FULL_SEGMENT]


def _paged(source: list[bytes], stream: int) -> Iterator[Page]:
    """Yield packets as pages from number 1 on, the last of which ends with the last packet."""
    lacing = [segment for packet in source for segment in _lacing(packet)]
    body = b"".join(source)
    start = 0
    for number, first in enumerate(range(0, len(lacing), MAX_SEGMENTS), start=1):
        segments = bytes(lacing[first : first + MAX_SEGMENTS])
        is_continued = first > 0 and lacing[first - 1] == FULL_SEGMENT
        ends_one = any(segment < FULL_SEGMENT for segment in segments)
        end = start + sum(segments)
        yield Page(
            CONTINUED if is_continued else 0,
            0 if ends_one else NO_POSITION,
            stream,
            number,
            segments,
            body[start:end],
        )
        start = end


@dataclass(frozen=True)
class OggLinks:
    """The links of a file.

    - ``spans``: first byte of each link, and the byte after its last whole page.
    - ``is_cut``: the file ends in the middle of a page.
    - ``n_skipped``: Bytes between pages.
    - ``has_pauses``: no packets are stored for some of the time, as calls of Opus do while nobody speaks.
    """

    spans: tuple[tuple[int, int], ...]
    is_cut: bool
    n_skipped: int
    has_pauses: bool

    def is_whole(self, n_bytes: int) -> bool:
        """Return True if a file of so many bytes is one link and nothing else."""
        return self.spans == ((0, n_bytes),)


def links_of(file: BinaryIO) -> OggLinks:
    """Return the links of a file that starts as an Ogg file does."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        spans: list[tuple[int, int]] = []
        start, position, n_skipped = 0, 0, 0
        in_headers = True  # the first pages of the streams of a link precede all others
        is_cut = has_pauses = False
        ends: dict[int, int] = {}  # of the last page of each stream of Opus, in samples
        while position < len(data):
            n_bytes = _page_bytes(data, position)
            if not n_bytes:
                following = data.find(MAGIC, position + 1)
                is_cut = following < 0 and data[position : position + 4] == MAGIC
                if following < 0:
                    n_skipped += 0 if is_cut else len(data) - position
                    break
                n_skipped += following - position
                position = following
                continue
            is_first = bool(data[position + 5] & FIRST)
            if is_first and not in_headers:
                spans.append((start, position))
                start = position
            in_headers = is_first
            has_pauses = has_pauses or _follows_pause(data, position, ends)
            position += n_bytes
        spans.append((start, position))
    return OggLinks(tuple(spans), is_cut, n_skipped, has_pauses)


def _follows_pause(data: mmap.mmap, position: int, ends: dict[int, int]) -> bool:
    """Return True for a page of Opus that ends later than its packets last; note its end.

    All packets of a page count as long as its first.
    """
    _, _, flags, end, stream, _, _, n_segments = HEADER.unpack_from(data, position)
    body = position + HEADER.size + n_segments
    if flags & FIRST and data[body : body + len(OPUS_HEADER)] == OPUS_HEADER:
        ends[stream] = 0
    elif stream in ends and end > 0:
        before, ends[stream] = ends[stream], end
        n_packets = sum(each < FULL_SEGMENT for each in data[position + HEADER.size : body])
        with suppress(ValueError):  # of a damaged packet
            if before and n_packets and not flags & CONTINUED:
                return bool(end - before >= (n_packets + 1) * opus_samples(data[body : body + 2]))
    return False


def _page_bytes(data: mmap.mmap, position: int) -> int:
    """Return the length of the whole page at a position, 0 if there is none."""
    header = data[position : position + HEADER.size]
    if len(header) < HEADER.size or header[:4] != MAGIC:
        return 0
    lacing = data[position + HEADER.size : position + HEADER.size + header[26]]
    n_bytes = HEADER.size + len(lacing) + sum(lacing)
    return n_bytes if len(lacing) == header[26] and position + n_bytes <= len(data) else 0
