"""What of an MP3 file determines its sound: the frames between the tags, but most of the frame that describes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from .id3 import sound_span

READ_BYTES = 2**20  # at a time

MPEG_1, MPEG_2, MPEG_25 = 3, 2, 0  # versions in the header of a frame
LAYER_3, MONO = 1, 3
KBITS = {
    MPEG_1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    MPEG_2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES_HZ = {
    MPEG_1: (44_100, 48_000, 32_000),
    MPEG_2: (22_050, 24_000, 16_000),
    MPEG_25: (11_025, 12_000, 8_000),
}
FORMAT_MASK = (0xFE, 0x0C)
"""Bits of the second and third byte of a header that all frames share: version, layer and sample rate."""

HEADER_BYTES = 4
SIDE_BYTES = {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}  # by MPEG 1 and mono

DESCRIPTIONS = (b"Xing\0\0\0\x0f", b"Info\0\0\0\x0f")
"""How the description in a frame starts: its name, and that all of its four parts are there."""

N_FRAMES, N_BYTES = slice(8, 12), slice(12, 16)
"""Its bytes with the number of the frames, and with that of all bytes of sound, its own among them."""

ENCODER, ENCODERS = slice(120, 124), (b"LAME", b"Lavc", b"Lavf")
"""Its bytes with the start of the encoder's name, and those names after which decoders take its delays."""

DELAYS = slice(141, 144)
"""Its bytes with the samples to leave out at both ends, as LAME stores them."""

DESCRIPTION_BYTES = 156
CRC_BYTES = 2  # behind the header of a frame whose protection bit is not set


def audio_parts(file: BinaryIO) -> Iterator[bytes]:
    """Yield the frames of a file, those delays first; a program that rewrites tags may write that frame anew."""
    start, end = sound_span(file)
    file.seek(start)
    n_bytes, delays = _description(file.read(min(2_048, end - start)))
    yield delays
    file.seek(start + n_bytes)
    while block := file.read(min(READ_BYTES, end - file.tell())):
        yield block


def check_description(file: BinaryIO) -> None:
    """Check that the frame with a description says how many frames and bytes there are, and holds no sound.

    Decoders leave samples out at the end, and some compute where that is from these numbers; some leave that frame out
    and others decode it. So it has the format of the frame behind it, which takes nothing of its sound from it.

    Raises ValueError if it is another one.
    """
    start, end = sound_span(file)
    file.seek(start)
    head = file.read(min(2 * 2_048, end - start))
    n_bytes, _ = _description(head)
    if not n_bytes:
        return
    first, following = head[:n_bytes], head[n_bytes:]
    name = min(position for each in DESCRIPTIONS if (position := first.find(each)) >= 0)
    description = first[name:]
    if not first[1] & 1 or any(first[HEADER_BYTES:name]) or any(description[DESCRIPTION_BYTES:]):
        raise ValueError("the frame that describes the others holds sound, or a checksum of its own")
    if description[ENCODER] not in ENCODERS and any(description[ENCODER] + description[DELAYS]):
        raise ValueError("it was made by an encoder whose delays decoders take or leave")
    if frame_bytes(following) and (format_of(first) != format_of(following) or _taken_before(following)):
        raise ValueError("its first frame takes a part of its sound from another one, or is of another format")
    position, n_frames = start + n_bytes, 0
    while position < end:
        file.seek(position)
        frame = frame_bytes(file.read(HEADER_BYTES))
        if not frame:
            break
        n_frames += 1
        position += frame
    announced = int.from_bytes(description[N_FRAMES]), int.from_bytes(description[N_BYTES])
    n_bytes = min(position, end) - start
    if announced != (n_frames, n_bytes):
        raise ValueError(
            f"it announces {announced[0]} frames of sound in {announced[1]} bytes, and {n_frames} follow each other in "
            f"{n_bytes} bytes"
        )


def _taken_before(frame: bytes) -> int:
    """Return how many bytes of the sound of a frame lie in the frames before it."""
    start = HEADER_BYTES + (0 if frame[1] & 1 else CRC_BYTES)
    field = int.from_bytes(frame[start : start + 2])
    return field >> 7 if frame[1] >> 3 & 3 == MPEG_1 else field >> 8


def _description(head: bytes) -> tuple[int, bytes]:
    """Return the length of the frame that describes the others, and its delays or name; 0 and nothing without one."""
    n_bytes = frame_bytes(head)
    if not n_bytes or len(head) < n_bytes:
        return 0, b""
    is_mpeg_1, is_mono = head[1] >> 3 & 3 == MPEG_1, head[3] >> 6 == MONO
    position = HEADER_BYTES + SIDE_BYTES[is_mpeg_1, is_mono]
    if not head.startswith(DESCRIPTIONS, position):
        return 0, b""
    description = head[:n_bytes][position:]
    return n_bytes, description[DELAYS] if description[ENCODER] in ENCODERS else description[:4]


def frame_bytes(header: bytes) -> int:
    """Return the length of the frame of layer III that starts with a header, 0 if there is none."""
    if len(header) < HEADER_BYTES or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    kbit_index, rate_index, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    kbits = KBITS[MPEG_1 if version == MPEG_1 else MPEG_2]
    if version not in RATES_HZ or layer != LAYER_3 or rate_index > 2 or not 0 < kbit_index < len(kbits):
        return 0
    samples_by_8 = 144 if version == MPEG_1 else 72
    return samples_by_8 * 1_000 * kbits[kbit_index] // RATES_HZ[version][rate_index] + padding


def format_of(header: bytes) -> tuple[int, int, bool]:
    """Return what all frames of a file share: version and layer, sample rate, and whether it is mono."""
    return header[1] & FORMAT_MASK[0], header[2] & FORMAT_MASK[1], header[3] >> 6 == MONO
