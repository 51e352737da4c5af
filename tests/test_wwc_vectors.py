"""Files that must decode for ever: the bytes in ``vectors/`` hold the codes below, for this package and for a decoder
written from the document alone.

Nothing here may change with the code: whoever must change it has made a new version of the format.
"""

import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tiny_codec import drawn_codes, drawn_contexts, table

from wavewright.families.codec.wwc.context_coder import ContextCoder
from wavewright.families.codec.wwc.header import WwcHeader, read_header
from wavewright.families.codec.wwc.packet_reader import PacketReader
from wavewright.families.codec.wwc.packets import PacketWriter, n_codec_samples
from wavewright.families.codec.wwc.range_coder import RangeCoder

FOLDER = Path(__file__).parent / "vectors"
ATTRIBUTES = Path(__file__).parents[1] / ".gitattributes"


@dataclass(frozen=True)
class Vector:
    """A file: header, codebook and hop of its codec, and the CRC-32 of its codes (int16) and of the file."""

    name: str
    header: WwcHeader
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
            header.n_channels, header.n_codebooks, n_frames, self.codebook_size, seed=zlib.crc32(self.name.encode())
        )

    @property
    def tables(self):
        drawn = table if self.header.version == 1 else drawn_contexts
        return drawn(self.header.n_codebooks, self.codebook_size)

    @property
    def coder(self):
        return (RangeCoder if self.header.version == 1 else ContextCoder)(self.tables)

    @property
    def data(self):
        return (FOLDER / f"{self.name}.wwc").read_bytes()


VECTORS = [
    Vector(
        "mono", WwcHeader("0123456789ab", 16_000, 16_000, 1, 40_123, 4, 50), 40_123, 32, 320, 0xA719AEEE, 0xC34F13E9
    ),
    Vector(
        "stream", WwcHeader("fedcba987654", 16_000, 44_100, 2, None, 2, 1), 30_001, 300, 320, 0x178E2ACC, 0xB9409713
    ),
    Vector(
        "three-channels",
        WwcHeader("00ff00ff00ff", 48_000, 8_000, 3, 4_567, 6, 21),
        4_567,
        1_024,
        480,
        0x1DDC15E5,
        0x195D90B6,
    ),
    Vector(
        "contexts",
        WwcHeader("0a1b2c3d4e5f", 16_000, 16_000, 1, 40_123, 6, 50, 2),
        40_123,
        1_024,
        320,
        0x1C169765,
        0x6B019CEA,
    ),
    Vector(
        "contexts-stream",
        WwcHeader("a0b1c2d3e4f5", 16_000, 22_050, 2, None, 3, 4, 2),
        20_003,
        128,
        320,
        0xDD3C6D57,
        0x7B6F12D0,
    ),
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
    reader = PacketReader(source, header, vector.coder, vector.hop_length)
    np.testing.assert_array_equal(np.concatenate([*reader], axis=2), vector.codes)
    assert (reader.n_samples, reader.lost) == (vector.n_samples, [])


@by_name
def test_it_is_written_again_byte_for_byte(vector):
    sink = io.BytesIO()
    sink.write(vector.header.to_bytes())
    writer = PacketWriter(sink, vector.header, vector.coder, is_stream=vector.header.n_samples is None)
    writer.push(vector.codes[:, :, :-1])
    writer.finish(vector.codes[:, :, -1:], vector.n_samples)
    assert sink.getvalue() == vector.data


@by_name
def test_a_decoder_written_from_the_document_agrees(vector):
    codes, n_samples = decode_by_the_document(vector.data, vector.tables, vector.hop_length)
    np.testing.assert_array_equal(codes, vector.codes)
    assert n_samples == vector.n_samples


def test_git_leaves_the_files_alone():
    if ATTRIBUTES.parent.joinpath(".git").exists():
        assert "*.wwc binary" in ATTRIBUTES.read_text(encoding="utf-8").splitlines()


def decode_by_the_document(data, tables, hop_length):
    """docs/codec-format.md in plain Python: codes ``(channels, n_codebooks, frames)`` and samples of a whole file."""
    assert data[:3] == b"WWC"
    decode_payload = {1: decode_by_frequencies, 2: decode_by_contexts}[data[3]]
    assert zlib.crc32(data[:24]) == int.from_bytes(data[24:28], "little")
    codec_rate, rate = (int.from_bytes(data[position : position + 3], "little") for position in (10, 13))
    n_channels, n_codebooks, n_packet = data[16], data[22], data[23]
    n_samples = int.from_bytes(data[17:22], "little")
    is_stream = n_samples == 2**40 - 1
    position, number, frames = 28, 0, []
    while True:
        start = position
        is_end = data[position] == 0xFF
        position += is_end
        length, position = (
            (data[position], position + 1)
            if data[position] < 128
            else ((data[position] - 128) * 256 + data[position + 1], position + 2)
        )
        assert data[position] == number % 256
        position += 1
        if is_end:
            n_samples = int.from_bytes(data[position : position + 5], "little")
            position += 5
        payload, position = data[position : position + length], position + length + 4
        check = zlib.crc32(data[start : position - 4] + number.to_bytes(4, "little"))
        assert check == int.from_bytes(data[position - 4 : position], "little")
        n_frames = n_packet
        if is_end or not is_stream:
            n_codec = (n_samples * codec_rate + rate - 1) // rate
            n_all = (n_codec + hop_length - 1) // hop_length
            n_frames = min(n_packet, n_all - len(frames))
        frames += decode_payload(payload, n_frames, n_channels, n_codebooks, tables)
        number += 1
        if is_end or (not is_stream and len(frames) == n_all):
            assert position == len(data)
            return np.array(frames).transpose(1, 2, 0), n_samples


def symbols_of(payload):
    """Return ``symbol(frequencies)``, which reads the next symbol."""
    unread = iter(payload)
    value, size = 0, 2**32 - 1
    for _ in range(4):
        value = value * 256 + next(unread, 0)

    def symbol(frequencies):
        nonlocal value, size
        unit = size // sum(frequencies)
        target, start, index = value // unit, 0, 0
        while start + frequencies[index] <= target:
            start += frequencies[index]
            index += 1
        value, size = value - unit * start, unit * frequencies[index]
        while size < 2**24:
            value, size = value * 256 + next(unread, 0), size * 256
        return index

    return symbol


def decode_frames(symbol, n_frames, n_channels, n_codebooks, active):
    """Return the codes of one packet, frame by frame, channel by channel; ``active`` reads frames that sound."""
    frames, before = (
        [],
        [[] for _ in range(n_channels)],
    )  # of each channel, the frames since the packet or the silence began
    was_silent = [False] * n_channels
    for _ in range(n_frames):
        frames.append([])
        for channel in range(n_channels):
            silent = 65_024 if was_silent[channel] else 64
            was_silent[channel] = symbol([silent, 65_536 - silent]) == 0
            if was_silent[channel]:
                frames[-1].append([-1] * n_codebooks)
                before[channel] = []
            else:
                frames[-1].append(active(before[channel]))
                before[channel].append(frames[-1][-1])
    return frames


def decode_by_frequencies(payload, n_frames, n_channels, n_codebooks, frequencies):
    """Version 1: codebook by codebook, by one table each."""
    symbol, frequencies = symbols_of(payload), frequencies.tolist()
    return decode_frames(
        symbol,
        n_frames,
        n_channels,
        n_codebooks,
        lambda _: [symbol(frequencies[book]) for book in range(n_codebooks)],
    )


def decode_by_contexts(payload, n_frames, n_channels, n_codebooks, contexts):
    """Version 2: codebook by codebook, a group and a code of it, by the codes before."""
    tables = {name: table.tolist() for name, table in contexts.tensors().items()}
    symbol, order = symbols_of(payload), tables["order"]
    n_codes, n_groups = len(order[0]), len(tables["group_bias"][0])
    group_size = n_codes // n_groups

    def plus(a, b):
        return [x + y for x, y in zip(a, b, strict=True)]

    def clip(numbers):
        return [min(max(number, 0), 1_023) for number in numbers]

    def product(a, b):
        return sum(x * y for x, y in zip(a, b, strict=True))

    def frequencies(context, weights, bias):
        logits = [offset + product(context, row) for row, offset in zip(weights, bias, strict=True)]
        return [tables["table"][min((max(logits) - total) // 64, 255)] for total in logits]

    def active(before):
        embedded = [0] * 48
        for back in (0, 1):
            if back < len(before):
                for book in range(min(n_codebooks, len(tables["back"][0]))):
                    position = order[book].index(before[-1 - back][book])
                    embedded = plus(embedded, tables["back"][back][book][position])
            else:
                embedded = plus(embedded, tables["unknown"][back])
        context = [
            offset + product(clip(embedded), row) // 64
            for row, offset in zip(tables["mix"], tables["mix_bias"], strict=True)
        ]
        codes = []
        for book in range(n_codebooks):
            hidden = clip(plus(context, tables["bias"][book]))
            group = symbol(frequencies(hidden, tables["group_weights"][book], tables["group_bias"][book]))
            rows = slice(group * group_size, (group + 1) * group_size)
            position = rows.start + symbol(
                frequencies(hidden, tables["code_weights"][book][rows], tables["code_bias"][book][rows])
            )
            codes.append(order[book][position])
            context = plus(context, tables["inside"][book][position])
        return codes

    return decode_frames(symbol, n_frames, n_channels, n_codebooks, active)
