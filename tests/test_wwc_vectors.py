"""Files that must decode for ever: the bytes in ``vectors/`` hold the codes below, for this package and for a decoder written from the
document alone.

Nothing here may change with the code: whoever must change it has made a new version of the format.
"""

import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tiny_codec import drawn_codes, table

from wavewright.families.codec.header import Header, read_header
from wavewright.families.codec.packets import PacketReader, PacketWriter, n_codec_samples

FOLDER = Path(__file__).parent / "vectors"
ATTRIBUTES = Path(__file__).parents[1] / ".gitattributes"


@dataclass(frozen=True)
class Vector:
    """A file: its header, the codebook and the hop of its codec, and the CRC-32 of its codes (int16) and of the file."""

    name: str
    header: Header
    n_samples: int
    codebook_size: int
    hop_length: int
    codes_crc: int
    file_crc: int

    @property
    def codes(self):
        header = self.header
        n_frames = -(-n_codec_samples(self.n_samples, header.sample_rate, header.codec_sample_rate) // self.hop_length)
        return drawn_codes(
            header.n_channels, header.n_levels, n_frames, self.codebook_size, seed=zlib.crc32(self.name.encode())
        )

    @property
    def frequencies(self):
        return table(self.header.n_levels, self.codebook_size)

    @property
    def data(self):
        return (FOLDER / f"{self.name}.wwc").read_bytes()


VECTORS = [
    Vector("mono", Header("0123456789ab", 16_000, 16_000, 1, 40_123, 4, 50), 40_123, 32, 320, 0xA719AEEE, 0xC34F13E9),
    Vector("stream", Header("fedcba987654", 16_000, 44_100, 2, None, 2, 1), 30_001, 300, 320, 0x178E2ACC, 0xB9409713),
    Vector("three-channels", Header("00ff00ff00ff", 48_000, 8_000, 3, 4_567, 6, 21), 4_567, 1_024, 480, 0x1DDC15E5, 0x195D90B6),
]
by_name = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


@by_name
def test_the_codes_and_tables_are_those_that_the_file_was_made_of(vector):
    assert zlib.crc32(vector.codes.astype("<i2").tobytes()) == vector.codes_crc
    assert zlib.crc32(vector.data) == vector.file_crc


@by_name
def test_it_decodes(vector):
    source = io.BytesIO(vector.data)
    header, repaired = read_header(source, vector.name)
    assert (header, repaired) == (vector.header, None)
    reader = PacketReader(source, header, vector.frequencies, vector.hop_length)
    np.testing.assert_array_equal(np.concatenate([*reader], axis=2), vector.codes)
    assert (reader.n_samples, reader.lost) == (vector.n_samples, [])


@by_name
def test_it_is_written_again_byte_for_byte(vector):
    sink = io.BytesIO()
    sink.write(vector.header.to_bytes())
    writer = PacketWriter(sink, vector.header, vector.frequencies, is_stream=vector.header.n_samples is None)
    writer.push(vector.codes[:, :, :-1])
    writer.finish(vector.codes[:, :, -1:], vector.n_samples)
    assert sink.getvalue() == vector.data


@by_name
def test_a_decoder_written_from_the_document_agrees(vector):
    codes, n_samples = decode_by_the_document(vector.data, vector.frequencies, vector.hop_length)
    np.testing.assert_array_equal(codes, vector.codes)
    assert n_samples == vector.n_samples


def test_git_leaves_the_files_alone():
    if ATTRIBUTES.parent.joinpath(".git").exists():
        assert "*.wwc binary" in ATTRIBUTES.read_text(encoding="utf-8").splitlines()


def decode_by_the_document(data, frequencies, hop_length):
    """docs/codec-format.md in the plainest Python: the codes ``(channels, levels, frames)`` of an undamaged file, and its samples."""
    assert data[:4] == b"WWC\x01"
    assert zlib.crc32(data[:24]) == int.from_bytes(data[24:28], "little")
    codec_rate, rate = (int.from_bytes(data[place : place + 3], "little") for place in (10, 13))
    n_channels, n_levels, n_packet = data[16], data[22], data[23]
    n_samples = int.from_bytes(data[17:22], "little")
    is_stream = n_samples == 2**40 - 1
    place, number, frames = 28, 0, []
    while True:
        start = place
        is_end = data[place] == 0xFF
        place += is_end
        length, place = (
            (data[place], place + 1) if data[place] < 128 else ((data[place] - 128) * 256 + data[place + 1], place + 2)
        )
        assert data[place] == number % 256
        place += 1
        if is_end:
            n_samples = int.from_bytes(data[place : place + 5], "little")
            place += 5
        payload, place = data[place : place + length], place + length + 4
        check = zlib.crc32(data[start : place - 4] + number.to_bytes(4, "little"))
        assert check == int.from_bytes(data[place - 4 : place], "little")
        n_frames = n_packet
        if is_end or not is_stream:
            n_codec = (n_samples * codec_rate + rate - 1) // rate
            n_all = (n_codec + hop_length - 1) // hop_length
            n_frames = min(n_packet, n_all - len(frames))
        frames += decode_payload(payload, n_frames, n_channels, n_levels, frequencies.tolist())
        number += 1
        if is_end or (not is_stream and len(frames) == n_all):
            assert place == len(data)
            return np.array(frames).transpose(1, 2, 0), n_samples


def decode_payload(payload, n_frames, n_channels, n_levels, frequencies):
    """The codes of one packet, frame by frame, channel by channel, level by level."""
    unread = iter(payload)
    value, size = 0, 2**32 - 1
    for _ in range(4):
        value = value * 256 + next(unread, 0)

    def symbol(parts):
        nonlocal value, size
        place, start, found = value // (size // 65_536), 0, 0
        while start + parts[found] <= place:
            start += parts[found]
            found += 1
        value, size = value - size // 65_536 * start, size // 65_536 * parts[found]
        while size < 2**24:
            value, size = value * 256 + next(unread, 0), size * 256
        return found

    frames, was_silent = [], [False] * n_channels
    for _ in range(n_frames):
        frames.append([])
        for channel in range(n_channels):
            silent = 65_024 if was_silent[channel] else 64
            was_silent[channel] = symbol([silent, 65_536 - silent]) == 0
            is_silent = was_silent[channel]
            frames[-1].append([-1 if is_silent else symbol(frequencies[level]) for level in range(n_levels)])
    return frames
