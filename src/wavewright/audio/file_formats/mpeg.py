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
HEADER_BYTES = 4
SIDE_BYTES = {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}  # by MPEG 1 and mono

DESCRIPTIONS = (b"Xing\0\0\0\x0f", b"Info\0\0\0\x0f")
"""How the description in a frame starts: its name, and that all of its four parts are there."""

N_FRAMES = slice(8, 12)
"""Its bytes with the number of the frames."""

DELAYS = slice(141, 144)
"""Its bytes with the samples to leave out at both ends, as LAME stores them."""


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
    """Check that the frame with a description announces as many frames as follow it.

    Decoders leave samples out at the end, and some compute where that is from this number.

    Raises ValueError if it announces another number.
    """
    start, end = sound_span(file)
    file.seek(start)
    head = file.read(min(2_048, end - start))
    n_bytes, _ = _description(head)
    if not n_bytes:
        return
    name = min(position for each in DESCRIPTIONS if (position := head.find(each)) >= 0)
    announced = int.from_bytes(head[name:][N_FRAMES])
    position, n_frames = start + n_bytes, 0
    while position < end:
        file.seek(position)
        frame = frame_bytes(file.read(HEADER_BYTES))
        if not frame:
            break
        n_frames += 1
        position += frame
    if n_frames != announced:
        raise ValueError(f"it announces {announced} frames of sound, and {n_frames} follow each other")


def _description(head: bytes) -> tuple[int, bytes]:
    """Return the length of the frame that describes the others, and the delays in it; 0 and nothing without one."""
    n_bytes = frame_bytes(head)
    if not n_bytes or len(head) < n_bytes:
        return 0, b""
    is_mpeg_1, is_mono = head[1] >> 3 & 3 == MPEG_1, head[3] >> 6 == MONO
    position = HEADER_BYTES + SIDE_BYTES[is_mpeg_1, is_mono]
    if not head.startswith(DESCRIPTIONS, position):
        return 0, b""
    return n_bytes, head[:n_bytes][position:][DELAYS]


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
