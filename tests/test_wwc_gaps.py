"""Gaps in .wwc files: they need two packets that agree, have a largest length, and keep all lengths exact."""

from __future__ import annotations

import io

import numpy as np
import pytest
from test_wwc import TABLE, check_confined, codes_of, header_of, packets_of, read, recorded_checks, written
from tiny_codec import HOP_LENGTH, MeansCodec, installed

from wavewright.apps.cli import run
from wavewright.base.errors import BadAudio
from wavewright.families.codec.wwc.header import HEADER_BYTES, read_header
from wavewright.families.codec.wwc.packet_reader import MAX_GAP_SECONDS, PacketReader
from wavewright.families.codec.wwc.packets import pack
from wavewright.families.codec.wwc.range_coder import RangeCoder
from wavewright.tasks.decode import decode, decode_packets

RATE = 16_000


@pytest.fixture
def codec(tmp_path, monkeypatch):
    """A working folder, and the codec of means under the name ``speech-codec``."""
    return installed(tmp_path, monkeypatch)


@pytest.mark.parametrize("frames_per_packet", [1, 50, 255])
@pytest.mark.parametrize("number", [1, 2, 60, 3_600, 1_000_000])
@pytest.mark.parametrize("n_samples", [None, RATE * 3_600 * 900])
def test_one_packet_is_no_reason_for_silence(tmp_path, codec, frames_per_packet, number, n_samples):
    header = header_of(n_samples, frames_per_packet=frames_per_packet)
    data = header.to_bytes() + pack(number, b"")
    (tmp_path / "a.wwc").write_bytes(data)
    if number == 1:  # one packet may have been cut out without a trace
        actual, _, _ = read(data)
        assert actual.shape[2] == 2 * frames_per_packet
        return
    with pytest.raises(BadAudio, match="has no packet that is whole, so there is nothing to decode"):
        decode(tmp_path / "a.wwc")
    assert [path.name for path in tmp_path.iterdir()] == ["a.wwc"]


def test_two_packets_that_agree_are_believed_up_to_the_longest_gap(tmp_path, codec, capsys):
    first = int(MAX_GAP_SECONDS)
    header = header_of(None)
    start = header.to_bytes() + pack(0, b"abc")
    for number, n_frames in ((first + 1, 50 * (first + 3)), (first + 2, 50)):
        actual, reader, _ = read(start + pack(number, b"") + pack(number + 1, b""))
        assert actual.shape[2] == n_frames
        assert reader.resumes_at == (None if number == first + 1 else 50 * number)
    (tmp_path / "a.wwc").write_bytes(start + pack(700, b"abc") + pack(701, b"abc"))
    assert run(["decode", "a.wwc", "--json"]) == 0
    assert '"seconds": 1.0,' in (output := capsys.readouterr().out)
    assert '"refused_from": 700.0' in output
    assert (tmp_path / "a-decoded.wav").stat().st_size < 50_000
    assert run(["decode", "a.wwc", "--max-gap-seconds", "650", "--quiet"]) == 0
    output = capsys.readouterr().out
    assert "Packets go on at 700.00 s; --max-gap-seconds 700 puts silence before them and decodes them." in output
    assert decode(tmp_path / "a.wwc", max_gap_seconds=700).seconds == 702
    (tmp_path / "b.wwc").write_bytes(header.to_bytes() + pack(700, b"abc") + pack(701, b"abc"))
    with pytest.raises(
        BadAudio, match=r"no packet that is whole before 700.00 s; --max-gap-seconds 700 decodes what is there"
    ):
        decode(tmp_path / "b.wwc")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("is_stream", [False, True])
def test_noise_with_packets_that_only_seem_to_be_some_loses_nothing_else(seed, is_stream):
    rng = np.random.default_rng(seed)
    n_samples = RATE * 30
    header = header_of(None if is_stream else n_samples, frames_per_packet=3)
    codes = codes_of(header, n_samples)
    data = written(header, codes, n_samples)
    packets = packets_of(data)
    first = int(rng.integers(1, len(packets) - 10))
    n_missing = int(rng.integers(0, 8))
    noise = b"".join(
        rng.bytes(int(rng.integers(0, 4_000)))
        + pack(int(rng.integers(0, 10 ** int(rng.integers(1, 6)))), rng.bytes(30))
        for _ in range(10)
    )
    damaged = b"".join([data[:HEADER_BYTES], *packets[:first], noise, *packets[first + n_missing :]])
    _, lost, _ = check_confined(damaged, codes)
    assert lost.sum() == 3 * n_missing


@pytest.mark.parametrize("seed", range(3))
def test_every_second_packet_may_be_missing(seed):
    n_samples = RATE * 20
    header = header_of(n_samples, frames_per_packet=2)
    codes = codes_of(header, n_samples)
    data = written(header, codes, n_samples)
    packets = packets_of(data)
    missing = set(np.random.default_rng(seed).choice(len(packets) - 2, len(packets) // 2, replace=False).tolist())
    for wipe in (
        lambda packet: b"",
        lambda packet: bytes(len(packet)),
        lambda packet: packet[:-1] + bytes([packet[-1] ^ 1]),
    ):
        remaining = (wipe(packet) if number in missing else packet for number, packet in enumerate(packets))
        _, lost, _ = check_confined(b"".join([data[:HEADER_BYTES], *remaining]), codes)
        assert set(np.flatnonzero(lost[::2]).tolist()) - missing == set()
        assert lost.sum() == 2 * len(missing)


def test_a_gap_has_no_frames_until_two_packets_confirm_it():
    header = header_of(None, frames_per_packet=1)
    data = header.to_bytes() + pack(0, b"abc") + pack(5, b"abc")
    source = io.BytesIO(data)
    read_header(source, "x")
    reader = iter(PacketReader(source, header, RangeCoder(TABLE), HOP_LENGTH))
    assert next(reader).shape[2] == 1
    assert next(reader, None) is None
    actual, reader, _ = read(data + pack(6, b"abc"))
    assert actual.shape[2] == 7
    assert reader.lost == [(1, 5), (7, None)]


@pytest.mark.parametrize("seed", range(60))
def test_a_stream_whose_end_or_header_is_wrong_has_the_samples_of_its_frames(seed):
    rng = np.random.default_rng(seed)
    rate, codec_rate = (
        int(rng.choice([1_001, 8_000, 11_025, 16_000, 22_051, 44_100, 48_000, 96_000])) for _ in range(2)
    )
    header = header_of(None, frames_per_packet=int(rng.integers(1, 4)))
    header = type(header)(header.model_hash, codec_rate, rate, 1, None, 4, header.frames_per_packet)
    n_packets = int(rng.integers(1, 60))
    n_wrong = int(rng.integers(1, 3))
    data = b"".join(pack(number, b"abc") for number in range(n_packets)) + b"\x00" * n_wrong
    reader = PacketReader(io.BytesIO(data), header, RangeCoder(TABLE), HOP_LENGTH)
    codec = MeansCodec()
    codec.sample_rate = codec_rate
    n_samples = sum(wave.shape[1] for wave in decode_packets(codec, reader, "x"))
    assert (
        n_samples
        == reader.n_samples_decodable
        == n_packets * header.frames_per_packet * HOP_LENGTH * rate // codec_rate
    )


def test_a_megabyte_of_noise_is_searched_with_one_check_a_byte(monkeypatch):
    sizes = recorded_checks(monkeypatch)
    noise = np.random.default_rng(0).bytes(100_000)
    actual, reader, _ = read(header_of(None, frames_per_packet=255).to_bytes() + noise)
    assert (actual.shape[2], reader.lost) == (0, [(0, None)])
    assert len(sizes) < 100_010


@pytest.mark.parametrize("frames_per_packet", [1, 4, 50])
@pytest.mark.parametrize("n_concealed", [0, 10])
def test_the_first_frames_of_a_gap_are_lost_and_the_others_silent(frames_per_packet, n_concealed):
    header = header_of(RATE * 4, frames_per_packet=frames_per_packet)
    codes = codes_of(header, RATE * 4)
    packets = packets_of(written(header, codes, RATE * 4))
    missing = [*range(3, 3 + max(30 // frames_per_packet, 1))] if frames_per_packet < 50 else [1]
    data = header.to_bytes() + b"".join(packet for index, packet in enumerate(packets) if index not in missing)
    source = io.BytesIO(data)
    read_header(source, "x.wwc")
    coder = RangeCoder(TABLE[: header.n_codebooks])
    actual = np.concatenate([*PacketReader(source, header, coder, HOP_LENGTH, n_concealed=n_concealed)], axis=2)
    first, end = missing[0] * frames_per_packet, (missing[-1] + 1) * frames_per_packet
    expected = codes.copy()
    expected[:, :, first:end] = -1
    expected[:, :, first : min(first + n_concealed, end)] = -2
    np.testing.assert_array_equal(actual, expected)
