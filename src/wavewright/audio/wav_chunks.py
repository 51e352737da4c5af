"""Chunks of WAV files: loop points in the chunk ``smpl``, which samplers read, and sizes that a writer did not know.

Files that were written to a pipe, or until a crash, have sizes of 0 or placeholders in their headers; so have some CAF
and AU files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import BinaryIO

from ..base.errors import BadSetting
from .file_formats.segments import Segment

SAMPLER_CHUNK = b"smpl"
SAMPLER_FORMAT = "<9I"
"""Manufacturer, product, nanoseconds of a sample, MIDI note, its fraction, SMPTE format and offset, loops, bytes."""

LOOP_FORMAT = "<6I"
"""Identifier, kind, first and last sample, fraction of a sample, number of repetitions."""

MIDDLE_C = 60  # MIDI note at which a sampler plays the sound as it is
FORWARD, PING_PONG, BACKWARD = 0, 1, 2
"""Kinds of loops; other numbers are those of manufacturers."""

ENDLESS = 0  # number of repetitions
LARGEST = 2**32 - 1
WAV_MAGIC = (b"RIFF", b"RF64", b"BW64")
UNKNOWN_SIZE = 0xFFFFFFFF  # of the chunks of RF64 files whose sizes are in the chunk ds64
DS64_POSITION = 20  # of the sizes: after RF64, its size, WAVE, ds64 and its size

PLACEHOLDER_BYTES = 0x7FFF0000
"""Programs that write to a pipe declare about this size, a larger one or 0."""

W64_HEADER = struct.Struct("<4s12xQ")  # name, the rest of its GUID, bytes with this header
W64_FIRST = 40  # position of the first chunk: behind two GUIDs and a size
W64_PLACEHOLDER = 2**62
MPEG_LAYER_III, EXTENSIBLE = b"\x55\0", b"\xfe\xff"  # codecs of a format: the second says it in a GUID

CAF_HEADER = struct.Struct(">4sq")
CAF_UNKNOWN = -1
AU_ORDERS = {b".snd": ">", b"dns.": "<"}
"""Orders of bytes in AU files by their first four."""
MAX_CHUNKS = 1_000


@dataclass(frozen=True)
class LoopPoints:
    """The samples of a file that repeat: from ``start`` up to ``end``, which is not one of them.

    ``kind`` is FORWARD; PING_PONG, forward and backward in turn; or BACKWARD, once the end was reached. ``count`` is
    how often they are played, ENDLESS by default, ``fraction`` that of a sample (of 2**32) at the end, and
    ``is_release`` says that they repeat after the key was released.
    """

    start: int
    end: int
    kind: int = FORWARD
    fraction: int = 0
    count: int = ENDLESS
    is_release: bool = False

    @classmethod
    def parse(cls, content: bytes) -> tuple[LoopPoints, ...]:
        """Return the loops of a ``smpl`` chunk, as many as are whole and not empty; raise struct.error if it is cut."""
        n_loops = struct.unpack_from(SAMPLER_FORMAT, content)[7]
        header, size = struct.calcsize(SAMPLER_FORMAT), struct.calcsize(LOOP_FORMAT)
        n_loops = min(n_loops, (len(content) - header) // size)
        rows = (struct.unpack_from(LOOP_FORMAT, content, header + size * number) for number in range(n_loops))
        return tuple(
            cls(first, last + 1, kind, fraction, count)
            for _, kind, first, last, fraction, count in rows
            if first <= last
        )


@dataclass(frozen=True)
class Sampler:
    """How a sampler plays a sound.

    - ``note``: MIDI note at which it is played as it is, with the fraction of a semitone.
    - ``ranges``: lowest and highest key, lowest and highest velocity, and gain in dB; None if nothing says so.
    - ``fields``: manufacturer, product, SMPTE format and offset of a ``smpl`` chunk.
    - ``data``: what a manufacturer adds to it.
    """

    note: float = MIDDLE_C
    ranges: tuple[int, int, int, int, int] | None = None
    fields: tuple[int, int, int, int] = (0, 0, 0, 0)
    data: bytes = b""

    @property
    def key(self) -> tuple[int, int]:
        """The MIDI note, and the fraction of a semitone above it in parts of 2**32."""
        return divmod(round(self.note * 2**32), 2**32)


def loop_chunk(loops: tuple[LoopPoints, ...], sample_rate: int, sampler: Sampler = Sampler()) -> bytes:
    """Return a ``smpl`` chunk with its header.

    - ``loops``: loops.
    - ``sample_rate``: in Hz.
    - ``sampler``: how a sampler plays the sound.

    Raises BadSetting if a loop is empty, or lies beyond the 2**32 samples that the chunk can count.
    """
    for loop in loops:
        if not 0 <= loop.start < loop.end <= LARGEST:
            raise BadSetting(
                f"A loop from sample {loop.start} to {loop.end} has no place in a WAV file; it needs at least one "
                f"sample and ends before {LARGEST}."
            )
    (manufacturer, product, *smpte), n_data = sampler.fields, len(sampler.data)
    fields = (manufacturer, product, round(1e9 / sample_rate), *sampler.key, *smpte, len(loops), n_data)
    content = struct.pack(SAMPLER_FORMAT, *fields)
    for number, loop in enumerate(loops):
        content += struct.pack(LOOP_FORMAT, number, loop.kind, loop.start, loop.end - 1, loop.fraction, loop.count)
    content += sampler.data
    return SAMPLER_CHUNK + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def append_chunk(file: BinaryIO, chunk: bytes) -> bool:
    """Append a chunk with its header to a WAV or RF64 file, and correct the size in the file's header.

    - returns: false if the file is neither.
    """
    file.seek(0)
    magic = file.read(4)
    if magic not in WAV_MAGIC[:2]:
        return False
    n_bytes = file.seek(0, 2)
    padding = bytes(n_bytes % 2)  # chunks start at even positions
    file.write(padding + chunk)
    n_bytes += len(padding) + len(chunk)
    if magic == b"RF64":
        file.seek(DS64_POSITION)
        file.write(struct.pack("<Q", n_bytes - 8))
    else:
        file.seek(4)
        file.write(struct.pack("<I", n_bytes - 8))
    return True


def read_loops(path: Path) -> tuple[LoopPoints, ...]:
    """Return the loops in the ``smpl`` chunk of a WAV file; none if it has no such chunk or is no WAV file."""
    try:
        with path.open("rb") as file:
            for name, n_bytes in chunks(file):
                if name == SAMPLER_CHUNK:
                    return LoopPoints.parse(file.read(min(n_bytes, 2**16)))
    except (OSError, struct.error):
        pass
    return ()


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield the name and size of each chunk, with the file at its content."""
    file.seek(0)
    magic, _, kind = struct.unpack("<4sI4s", file.read(12))
    if magic not in WAV_MAGIC or kind != b"WAVE":
        return
    data_bytes = None
    while len(header := file.read(8)) == 8:
        name, n_bytes = struct.unpack("<4sI", header)
        if name == b"data" and n_bytes == UNKNOWN_SIZE and data_bytes is not None:
            n_bytes = data_bytes
        start = file.tell()
        yield name, n_bytes
        if name == b"data" and not n_bytes and not _are_chunks(file, start, file.seek(0, 2)):
            return  # the sound, which lasts to the end
        if name == b"ds64":
            file.seek(start)
            _, data_bytes = struct.unpack("<QQ", file.read(16))
        file.seek(start + n_bytes)
        if n_bytes % 2:
            file.seek(start + n_bytes + has_pad_byte(file.read(4)))


def has_pad_byte(following: bytes) -> bool:
    """Return True unless four bytes behind a chunk of odd length begin the next one, whose writer left out the pad."""
    return not (len(following) == 4 and all(0x20 <= byte < 0x7F for byte in following))


@dataclass(frozen=True)
class OtherHeader:
    """A file whose header libsndfile would not read rightly.

    - ``segments``: the file with the right header, if a decoder needs one.
    - ``is_open_ended``: the header does not say how much sound follows.
    - ``mpeg``: first byte of frames of MPEG audio, and the byte after them: libsndfile ends where they would at the
      bitrate of the first.
    """

    segments: Sequence[Segment] | None = None
    is_open_ended: bool = True
    mpeg: tuple[int, int] | None = None


def other_header(file: BinaryIO) -> OtherHeader | None:
    """Return what a decoder has to read of a file without sizes, or in 64 bits; None if it reads it as it is."""
    file.seek(0)
    magic = file.read(4)
    n_bytes = file.seek(0, 2)
    try:
        if magic in WAV_MAGIC:
            return _scan_riff(file, magic, n_bytes)
        if magic == b"riff":
            return _scan_w64(file, n_bytes)
        if magic in AU_ORDERS:
            return _scan_au(file, AU_ORDERS[magic], n_bytes)
        return _scan_caf(file, n_bytes) if magic == b"caff" else None
    except struct.error:
        return None


def frames_of_fact(path: Path) -> int | None:
    """Return the samples of one channel that the chunk ``fact`` of a WAV file states, None without one."""
    with path.open("rb") as file:
        try:
            for name, n_bytes in chunks(file):
                if name == b"fact" and n_bytes >= 4:
                    return int.from_bytes(file.read(4), "little") or None
        except struct.error:
            pass
    return None


def is_placeholder(declared: int, actual: int) -> bool:
    """Return True if a size that was declared for so many bytes is one that says nothing."""
    return declared >= PLACEHOLDER_BYTES > actual or declared == LARGEST


def _up_to_sound(file: BinaryIO) -> list[tuple[bytes, int, int]]:
    """Return name, position and size of the chunks up to the sound; none without one."""
    listed = []
    for name, size in islice(chunks(file), MAX_CHUNKS):
        listed.append((name, file.tell() - 8, size))
        if name == b"data":
            return listed
    return []


def _scan_riff(file: BinaryIO, magic: bytes, n_bytes: int) -> OtherHeader | None:
    listed = _up_to_sound(file)
    if not listed:
        return None
    _, position, size = listed[-1]
    form = next(((start, end) for (name, start, _), (_, end, _) in pairwise(listed) if name == b"fmt "), None)
    ds64 = next((start + 8 for name, start, _ in listed if name == b"ds64"), None)
    has_odd_chunk = any(each % 2 for _, _, each in listed[:-1])
    if form is not None:
        file.seek(form[0] + 8)
        if file.read(2) == MPEG_LAYER_III:
            return _of_mpeg(position + 8, size, n_bytes)
    start = position + 8
    n_data = n_bytes - start
    if magic != b"RIFF" and ds64 is not None:
        file.seek(ds64 + 8)
        (declared,) = struct.unpack("<Q", file.read(8))
        if declared and form and (magic == b"BW64" or has_odd_chunk):
            return _in_64_bits(form, declared, (start, min(n_bytes, start + declared)))
        if declared or not n_data:
            return None
        ds64_sizes = struct.pack("<QQQ", n_bytes - 8, n_data, 0)
        return OtherHeader(((0, ds64), ds64_sizes, (ds64 + 24, n_bytes)))
    is_open_ended = is_placeholder(size, n_data)
    if form and size and has_odd_chunk:  # as samplers write before the sound, at which libsndfile loses its place
        head = struct.pack("<4sI4s", b"RIFF", min(4 + form[1] - form[0] + 8 + size, UNKNOWN_SIZE), b"WAVE")
        sound = (position, min(n_bytes, start + size))
        return OtherHeader((head, form, sound), is_open_ended)
    if is_open_ended:
        return OtherHeader()
    if size or not n_data or _are_chunks(file, start, n_bytes):
        return None
    sizes = [struct.pack("<I", min(n, LARGEST)) for n in (n_bytes - 8, n_data)]
    return OtherHeader(((0, 4), sizes[0], (8, position + 4), sizes[1], (start, n_bytes)))


def _scan_au(file: BinaryIO, order: str, n_bytes: int) -> OtherHeader | None:
    """Return an AU file with its size where that is 0, as sbcdec leaves it: libsndfile reads no samples then."""
    file.seek(4)
    start, size = struct.unpack(f"{order}II", file.read(8))
    if size or start >= n_bytes:
        return None
    return OtherHeader(((0, 8), struct.pack(f"{order}I", min(n_bytes - start, LARGEST)), (12, n_bytes)))


def _scan_w64(file: BinaryIO, n_bytes: int) -> OtherHeader | None:
    """Return an extensible W64 file as RF64: libsndfile takes its samples for integers, whatever the format says."""
    position, form = W64_FIRST, (0, 0)
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        name, size = W64_HEADER.unpack(file.read(W64_HEADER.size))
        start, end = position + W64_HEADER.size, position + size
        if name == b"data":
            break
        if not start <= end <= n_bytes:
            return None
        if name == b"fmt ":
            form = (start, end)
        position = end + -end % 8
    else:
        return None
    file.seek(form[0])
    codec = file.read(2)
    if codec == MPEG_LAYER_III:
        return _of_mpeg(start, end - start, n_bytes)
    if end < start or form[1] - form[0] < 40 or codec != EXTENSIBLE:
        return None
    is_open_ended = size >= W64_PLACEHOLDER
    sound = (start, min(n_bytes, end))
    n_declared = sound[1] - start if is_open_ended else end - start
    return _in_64_bits(form, n_declared, sound, struct.pack("<4sI", b"fmt ", form[1] - form[0]), is_open_ended)


def _of_mpeg(start: int, declared: int, n_bytes: int) -> OtherHeader:
    """Return the frames of MPEG audio, to the end of the file where the header does not say how long they last."""
    is_unknown = declared <= 0 or is_placeholder(declared, n_bytes - start) or declared >= W64_PLACEHOLDER
    return OtherHeader(mpeg=(start, n_bytes if is_unknown else start + declared))


def _in_64_bits(
    form: tuple[int, int],
    n_declared: int,
    sound: tuple[int, int],
    form_header: bytes = b"",
    is_open_ended: bool = False,
) -> OtherHeader:
    """Return an RF64 file of a format and the sound: libsndfile does not know BW64, and in RF64 skips no pad bytes."""
    n_riff = 4 + 36 + len(form_header) + form[1] - form[0] + 8 + n_declared
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, n_riff, n_declared, 0, 0)
    head = b"RF64\xff\xff\xff\xffWAVE" + sizes + form_header
    return OtherHeader((head, form, b"data\xff\xff\xff\xff", sound), is_open_ended)


def _are_chunks(file: BinaryIO, position: int, end: int) -> bool:
    """Return True if chunks fill a file from a position on: then there is no sound in it."""
    while position < end:
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            return False
        name, size = struct.unpack("<4sI", header)
        if not all(0x20 <= byte < 0x7F for byte in name):
            return False
        position += 8 + size + size % 2
    return position in (end, end + 1)


def _scan_caf(file: BinaryIO, n_bytes: int) -> OtherHeader | None:
    position = 8
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        name, size = CAF_HEADER.unpack(file.read(CAF_HEADER.size))
        if name == b"data":
            break
        if not 0 <= size <= n_bytes - position:
            return None
        position += CAF_HEADER.size + size
    else:
        return None
    if size != CAF_UNKNOWN:
        return None
    start = position + CAF_HEADER.size
    return OtherHeader(((0, position), CAF_HEADER.pack(b"data", n_bytes - start), (start, n_bytes)))
