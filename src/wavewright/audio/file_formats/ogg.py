"""Pages and packets of Ogg files, and a field in the Vorbis comment of an Ogg Vorbis or Opus file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
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

VORBIS_HEADER, OPUS_HEADER = b"\x01vorbis", b"OpusHead"
FLAC_HEADER, FLAC_BLOCK_BYTES = b"\x7fFLAC", 4  # of FLAC in Ogg, and of the header of its comment
N_HEADERS = {VORBIS_HEADER: 3, OPUS_HEADER: 2}
COMMENT_INDEX = 1  # among the headers
COMMENT_MAGIC = {VORBIS_HEADER: b"\x03vorbis", OPUS_HEADER: b"OpusTags"}

REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


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
        contents = self._with_checksum(0)
        return self._with_checksum(checksum(contents))

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
        _, _, flags, position, stream, number, expected, n_segments = HEADER.unpack(header)
        lacing = file.read(n_segments)
        body = file.read(sum(lacing))
        page = Page(flags, position, stream, number, lacing, body)
        if len(lacing) < n_segments or len(body) < sum(lacing) or page.to_bytes()[22:26] != struct.pack("<I", expected):
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
    """Check that the positions of pages never fall, and that the last page alone ends the stream.

    Decoders leave samples out at the end of a stream, as many as its position says.

    Raises ValueError if they do not, and as :func:`audio_parts`.
    """
    position, is_last = 0, False
    for page in _only_stream(pages(file)):
        if is_last:
            raise ValueError("something follows the end of its stream")
        if page.position != NO_POSITION and page.position < position:
            raise ValueError("the positions of its pages contradict each other")
        position = max(position, page.position)
        is_last = bool(page.flags & LAST)


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


def read_comment(file: BinaryIO) -> VorbisComment:
    """Return the comment of the first stream of a file, whatever follows it; raise ValueError if it is damaged."""
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
                    return VorbisComment.parse(packets[COMMENT_INDEX][FLAC_BLOCK_BYTES:])
                return _comment(packets)
            if is_end:
                packets.append(b"")
    raise ValueError("its headers break off")


def write_fields(source: BinaryIO, target: BinaryIO, fields: tuple[bytes, ...]) -> None:
    """Copy a file with other fields of the comment; raise ValueError as :func:`audio_parts`."""
    _write_comment(source, target, lambda comment: replace(comment, fields=fields))


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
