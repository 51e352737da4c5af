"""The .wwc format: what is written is read, whatever is damaged is found, named and confined."""

import io
import itertools
import zlib

import numpy as np
import pytest
from tiny_codec import HOP_LENGTH, drawn_codes, table

from wavewright.base.errors import BadAudio, BadSetting
from wavewright.families.codec.wwc import packet_reader
from wavewright.families.codec.wwc.header import HEADER_BYTES, UNKNOWN, WwcHeader, read_header, with_crc
from wavewright.families.codec.wwc.packet_reader import PacketReader
from wavewright.families.codec.wwc.packets import PacketWriter, n_codec_samples, pack, packet_number
from wavewright.families.codec.wwc.range_coder import RangeCoder

HASH = "0123456789ab"
TABLE = table(4, 32)
FRAMES_PER_PACKET = 50


def header_of(n_samples, n_channels=1, sample_rate=16_000, n_codebooks=4, frames_per_packet=FRAMES_PER_PACKET):
    return WwcHeader(HASH, 16_000, sample_rate, n_channels, n_samples, n_codebooks, frames_per_packet)


def codes_of(header, n_samples):
    n_frames = -(-n_codec_samples(n_samples, header.sample_rate, 16_000) // HOP_LENGTH)
    return drawn_codes(header.n_channels, header.n_codebooks, n_frames, 32)


def written(header, codes, n_samples, chunk=17):
    """A file, its codes given in chunks."""
    sink = io.BytesIO(header.to_bytes())
    sink.seek(0, 2)
    writer = PacketWriter(sink, header, RangeCoder(TABLE[: header.n_codebooks]), is_stream=header.n_samples is None)
    n_pushed = max(0, codes.shape[2] - 3)
    for start in range(0, n_pushed, chunk):
        writer.push(codes[:, :, start : min(start + chunk, n_pushed)])
    writer.finish(codes[:, :, n_pushed:], n_samples)
    assert writer.n_bytes == len(sink.getvalue()) - HEADER_BYTES
    return sink.getvalue()


def read(data, source=None):
    """Return codes ``(channels, n_codebooks, frames)``, the reader, and the byte of the header that was repaired."""
    source = source or io.BytesIO(data)
    header, repaired = read_header(source, "x.wwc")
    reader = PacketReader(source, header, RangeCoder(TABLE[: header.n_codebooks]), HOP_LENGTH)
    none = np.zeros((header.n_channels, header.n_codebooks, 0), np.int16)
    return np.concatenate([none, *reader], axis=2), reader, repaired


def lost_frames(reader, n_frames):
    """Whether each of the frames was named as lost."""
    lost = np.zeros(n_frames, bool)
    for first, end in reader.lost:
        lost[first:end] = True
    return lost


def check_confined(data, codes):
    """Read a damaged file: all that it does not name as lost is exact, and no frame is too many. Gives the reader."""
    actual, reader, repaired = read(data)
    n_frames = codes.shape[2]
    assert actual.shape[2] <= n_frames
    lost = lost_frames(reader, n_frames)
    assert lost[actual.shape[2] :].all()
    there = ~lost[: actual.shape[2]]
    np.testing.assert_array_equal(actual[:, :, there], codes[:, :, : actual.shape[2]][:, :, there])
    assert (actual[:, :, ~there] == -1).all()
    return reader, lost, repaired


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(("n_channels", "sample_rate"), [(1, 16_000), (2, 44_100), (3, 1_001)])
@pytest.mark.parametrize("n_samples", [1, 320, 321, 16_000, 50_007])
def test_what_is_written_is_read(is_stream, n_channels, sample_rate, n_samples):
    header = header_of(None if is_stream else n_samples, n_channels, sample_rate, 3, 1 if is_stream else 7)
    codes = codes_of(header, n_samples)
    actual, reader, repaired = read(written(header, codes, n_samples))
    np.testing.assert_array_equal(actual, codes)
    assert (reader.header, reader.lost, repaired) == (header, [], None)
    assert reader.n_samples == reader.n_samples_decodable == n_samples


@pytest.mark.parametrize(("seconds", "n_packets"), [(2, 2), (60, 60)])
def test_a_packet_costs_seven_bytes_and_the_header_28(seconds, n_packets):
    codes = drawn_codes(1, 4, 50 * seconds, 32)
    codes[:, :, ::50] = np.maximum(
        codes[:, :, ::50], 0
    )  # no packet begins in silence, so that the flags cost what they cost below
    header = header_of(16_000 * seconds)
    data = written(header, codes, 16_000 * seconds)
    coder = RangeCoder(TABLE)
    payloads = [coder.encode(codes[:, :, start : start + 50]) for start in range(0, codes.shape[2], 50)]
    lengths = sum(1 if len(payload) < 128 else 2 for payload in payloads)
    assert len(data) == 28 + sum(map(len, payloads)) + 5 * n_packets + lengths
    assert len(header.to_bytes()) == HEADER_BYTES == 28


def test_silence_costs_six_bytes_a_second():
    header = header_of(16_000 * 60)
    assert len(written(header, np.full((1, 4, 3_000), -1), 16_000 * 60)) == 28 + 60 * 6


def test_an_empty_stream_has_an_end():
    header = header_of(None, frames_per_packet=1)
    actual, reader, _ = read(written(header, np.zeros((1, 4, 0), int), 0))
    assert (actual.shape[2], reader.n_samples, reader.lost) == (0, 0, [])


def test_damage_of_one_byte_anywhere_costs_one_packet_at_most():
    n_samples = 16_000 * 3 + 100
    header = header_of(n_samples)
    codes = codes_of(header, n_samples)
    data = written(header, codes, n_samples)
    starts = np.cumsum([HEADER_BYTES] + [len(packet) for packet in packets_of(data)])
    for position, change in itertools.product(range(len(data)), (1, 0x80, 0x55, 0xFF)):
        damaged = bytearray(data)
        damaged[position] ^= change
        _, lost, repaired = check_confined(bytes(damaged), codes)
        if position < HEADER_BYTES:
            assert not lost.any()
            assert repaired == position
        else:
            number = int(np.searchsorted(starts, position, side="right")) - 1
            expected = np.zeros_like(lost)
            expected[50 * number : 50 * number + 50] = True
            np.testing.assert_array_equal(lost, expected)


def packets_of(data):
    """The packets of an undamaged file, END or not, by the format's own lengths."""
    position, packets = HEADER_BYTES, []
    while position < len(data):
        is_end = data[position] == 0xFF
        at = position + is_end
        length, n_head = (data[at], 2) if data[at] < 128 else ((data[at] & 127) << 8 | data[at + 1], 3)
        end = at + n_head + 5 * is_end + length + 4
        packets.append(data[position:end])
        position = end
    assert position == len(data)
    return packets


@pytest.mark.parametrize("frames_per_packet", [1, 3])
def test_damage_of_one_byte_anywhere_in_a_stream(frames_per_packet):
    header = header_of(None, 2, 44_100, frames_per_packet=frames_per_packet)
    n_samples = 20_000
    codes = codes_of(header, n_samples)
    data = written(header, codes, n_samples)
    for position, change in itertools.product(range(len(data)), (1, 0xFF)):
        damaged = bytearray(data)
        damaged[position] ^= change
        reader, lost, _ = check_confined(bytes(damaged), codes)
        assert lost.sum() <= frames_per_packet
        assert reader.n_samples == n_samples or reader.lost[-1][1] is None  # the end is damaged


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_file_that_breaks_off_gives_what_is_there(is_stream):
    n_samples = 16_000 * 2 + 5
    header = header_of(None if is_stream else n_samples, frames_per_packet=3 if is_stream else 20)
    codes = codes_of(header, n_samples)
    data = written(header, codes, n_samples)
    ends = np.cumsum([HEADER_BYTES] + [len(packet) for packet in packets_of(data)])
    for n_bytes in range(len(data)):
        if n_bytes < HEADER_BYTES:
            with pytest.raises(BadAudio, match=r"breaks off in its header|is no \.wwc file|is empty"):
                read(data[:n_bytes])
            continue
        reader, _, _ = check_confined(data[:n_bytes], codes)
        n_whole = int((ends <= n_bytes).sum()) - 1
        n_there = n_whole * header.frames_per_packet
        assert reader.n_frames == n_there
        assert reader.lost == [(n_there, None if is_stream else codes.shape[2])]
        assert reader.n_samples_decodable == n_there * HOP_LENGTH


def test_packets_that_are_missing_doubled_swapped_or_surrounded_by_garbage():
    n_samples = 16_000 * 400
    header = header_of(n_samples)
    codes = codes_of(header, n_samples)
    data = written(header, codes, n_samples)
    start, *packets = data[:HEADER_BYTES], *packets_of(data)
    noise = np.random.default_rng(0).bytes(3_000)

    def joined(parts):
        return b"".join([start, *parts])

    for damaged, n_lost in (
        (joined(packets[:20] + packets[21:]), 1),
        (joined(packets[:20] + packets[330:]), 310),  # more than the byte of the number can count
        (joined(packets[300:]), 300),
        (joined([*packets[:5], noise, *packets[5:]]), 0),
        (joined([*packets[:5], noise, *packets[8:]]), 3),
        (joined([*packets[:5], packets[4], *packets[5:]]), 0),
        (joined([*packets[:5], packets[6], packets[5], *packets[7:]]), 1),
        (joined([*packets, noise]), 0),
        (joined([*packets[:5], noise[:7], *packets[5:50], noise[:900], *packets[52:]]), 2),
        (joined(packets[:-3]), 3),
    ):
        _, lost, _ = check_confined(damaged, codes)
        assert lost.sum() == 50 * n_lost


def test_random_bytes_and_crafted_packets_never_give_more_than_the_header_says():
    rng = np.random.default_rng(1)
    n_samples = 16_000 * 4
    start = header_of(n_samples).to_bytes()
    for _ in range(100):
        actual, reader, _ = read(start + rng.bytes(int(rng.integers(0, 2_000))))
        assert actual.shape[2] == 0
        assert reader.lost == [(0, 200)]
        with pytest.raises(BadAudio, match=r"is no \.wwc file|is empty"):
            read(rng.bytes(int(rng.integers(0, 300))))
        crafted = b"".join(pack(int(rng.integers(0, 6)), rng.bytes(int(rng.integers(0, 300)))) for _ in range(8))
        actual, reader, _ = read(start + crafted)
        assert actual.shape[2] <= 200
        assert actual.max(initial=-1) < 32
        assert reader.n_samples_decodable <= n_samples


def recorded_checks(monkeypatch):
    """Return a list that collects the number of bytes of each check that a reader computes."""
    sizes, crc32 = [], zlib.crc32

    def record(data, *start):
        sizes.append(len(data))
        return crc32(data, *start)

    monkeypatch.setattr(packet_reader.zlib, "crc32", record)
    return sizes


def test_garbage_is_searched_in_time_that_grows_with_its_length(monkeypatch):
    sizes = recorded_checks(monkeypatch)
    header = header_of(16_000)
    read(header.to_bytes() + bytes([0x7F]) * 20_000)
    assert len(sizes) <= 20_010
    assert max(sizes) <= header.max_payload_bytes + 10


def test_the_end_of_a_stream_does_not_say_more_than_a_thousand_hours():
    end = pack(0, b"", (2**40 - 2).to_bytes(5, "little"))
    actual, reader, _ = read(header_of(None).to_bytes() + end)
    assert (actual.shape[2], reader.n_samples) == (0, None)


def test_the_end_of_a_stream_cannot_undo_decoded_frames():
    start = header_of(None, frames_per_packet=1).to_bytes() + pack(0, b"abc") + pack(1, b"abc")
    actual, reader, _ = read(start + pack(2, b"", (330).to_bytes(5, "little")))
    assert (actual.shape[2], reader.n_samples, reader.lost) == (2, None, [(2, None)])
    actual, reader, _ = read(start + pack(2, b"", (640).to_bytes(5, "little")))
    assert (actual.shape[2], reader.n_samples, reader.lost) == (2, 640, [])


class Dripping:
    """A pipe that gives one byte at a time and says how many were asked for."""

    def __init__(self, data):
        self.data, self.n_read = data, 0

    def read(self, n_bytes):
        self.n_read += 1
        return self.data[self.n_read - 1 : self.n_read]


def test_a_packet_is_decoded_before_the_next_byte_is_read():
    header = header_of(None, frames_per_packet=1)
    codes = codes_of(header, 3_200)
    data = written(header, codes, 3_200)
    source = Dripping(data)
    read_header(source, "x.wwc")
    reader = iter(PacketReader(source, header, RangeCoder(TABLE[: header.n_codebooks]), HOP_LENGTH))
    n_bytes = HEADER_BYTES
    for frame, packet in enumerate(packets_of(data)[:-1]):
        np.testing.assert_array_equal(next(reader), codes[:, :, frame : frame + 1])
        n_bytes += len(packet)
        assert source.n_read == n_bytes


def test_the_writer_sends_a_packet_with_the_frame_that_completes_it():
    header = header_of(None, frames_per_packet=2)
    sink = io.BytesIO()
    writer = PacketWriter(sink, header, RangeCoder(TABLE[: header.n_codebooks]), is_stream=True)
    sizes = []
    for frame in range(4):
        writer.push(np.full((1, 4, 1), frame))
        sizes.append(len(sink.getvalue()))
    assert sizes[0] == 0
    assert sizes[1] == sizes[2] > 6
    assert sizes[3] > sizes[2]


def test_a_number_is_found_from_its_check():
    for number, body in itertools.product((0, 1, 255, 256, 3_600_000, 2**32 - 1), (b"", b"abc", bytes(300))):
        crc = zlib.crc32(body)
        assert packet_number(zlib.crc32(number.to_bytes(4, "little"), crc), crc) == number


def test_no_two_damages_of_one_byte_change_the_check_of_the_header_alike():
    """CRC-32 is linear: damage changes it by what the damage alone, in a header of zeros, would."""
    n_fields = HEADER_BYTES - 4
    nothing = zlib.crc32(bytes(n_fields))
    changes = []
    for position, change in itertools.product(range(n_fields), range(1, 256)):
        changes.append(zlib.crc32(bytes(position) + bytes([change]) + bytes(n_fields - position - 1)) ^ nothing)
    # Damage to the check itself.
    changes += [change << (8 * position) for position in range(4) for change in range(1, 256)]
    assert len(set(changes)) == HEADER_BYTES * 255


@pytest.mark.parametrize("n_samples", [1, 10**6, None])
def test_a_header_survives_any_damaged_byte(n_samples):
    header = header_of(n_samples, 2, 44_100)
    data = header.to_bytes()
    rng = np.random.default_rng(0)
    for position in range(HEADER_BYTES):
        damaged = bytearray(data)
        damaged[position] ^= int(rng.integers(1, 256))
        assert read_header(io.BytesIO(damaged), "x.wwc") == (header, position)


def test_more_damage_to_a_header_is_one_sentence():
    data = bytearray(header_of(16_000).to_bytes())
    data[12] ^= 5
    data[13] ^= 5
    with pytest.raises(
        BadAudio, match=r"^x\.wwc has a header that is damaged in more than one byte; copy the file again\.$"
    ):
        read(bytes(data))
    data[3] = 3
    with pytest.raises(BadAudio, match=r"has version 3 of the format, this Wavewright reads 1 and 2; upgrade it"):
        read(bytes(data))
    with pytest.raises(BadAudio, match=r"^x\.wwc is no \.wwc file; give one that `wavewright encode` wrote\.$"):
        read(b"RIFF" + bytes(data))
    with pytest.raises(BadAudio, match=r"there is no version 3 of \.wwc files; they are 1 and 2"):
        read(with_crc(bytes(data[:-4])))


def fields(**changes):
    """A header with a right check and any numbers, as a forger would write it."""
    numbers = {"hash": (0, 6), "codec_rate": (16_000, 3), "rate": (16_000, 3), "channels": (1, 1)}
    numbers |= {"n_samples": (16_000, 5), "codebooks": (4, 1), "frames": (50, 1)}
    values = {name: (changes.get(name, value), n_bytes) for name, (value, n_bytes) in numbers.items()}
    return with_crc(b"WWC\x01" + b"".join(value.to_bytes(n_bytes, "little") for value, n_bytes in values.values()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"codec_rate": 999}, "has 1000 to 768000 samples a second, not 999"),
        ({"rate": 0}, "has 1000 to 768000 samples a second, not 0"),
        ({"rate": 2**24 - 1}, "has 1000 to 768000 samples a second, not 16777215"),
        ({"channels": 0}, "has 1 to 255 channels, not 0"),
        ({"codebooks": 0}, "has 1 to 32 codebooks, not 0"),
        ({"codebooks": 33}, "has 1 to 32 codebooks, not 33"),
        ({"frames": 0}, "has 1 to 255 frames in a packet, not 0"),
        ({"channels": 255, "frames": 255}, "has 0 to 32511 bytes in a packet, not 650258"),
        ({"n_samples": 0}, "has 1 to 57600000000 samples, or 1000 hours, not 0"),
        ({"n_samples": UNKNOWN - 1}, "has 1 to 57600000000 samples, or 1000 hours, not 1099511627774"),
    ],
)
def test_absurd_numbers_are_refused(changes, words):
    assert read(fields())[1].header.n_samples == 16_000
    with pytest.raises(BadAudio, match=rf"^x\.wwc cannot be decoded: a \.wwc file {words}\.$"):
        read(fields(**changes))


def test_a_header_that_cannot_be_is_not_written():
    with pytest.raises(BadSetting, match=r"A \.wwc file has 1 to 255 channels, not 256\."):
        header_of(16_000, n_channels=256)
