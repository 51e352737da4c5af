"""Context models of codes: exact for any table, near the entropy, in integers alone."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_codec import check_any_bytes, drawn_codes, drawn_contexts

from wavewright.base.errors import BadSetting
from wavewright.families.codec.training import train_contexts
from wavewright.families.codec.wwc.context_coder import ContextCoder, max_payload_bytes
from wavewright.families.codec.wwc.contexts import ContextTables, n_groups_for
from wavewright.families.codec.wwc.header import WwcHeader, read_header
from wavewright.families.codec.wwc.packet_reader import PacketReader
from wavewright.families.codec.wwc.packets import PacketWriter
from wavewright.families.codec.wwc.range_coder import RangeCoder, quantised_frequencies
from wavewright.nn import context_model
from wavewright.nn.context_model import CodeFrames, similarity_order

LEVELS, CODES = 2, 16


def chain(n_frames, seed):
    """Return codes (2, frames): the first level repeats with probability 0.8; the second adds 0, 1, 2 or 3 to it."""
    rng = np.random.default_rng(seed)
    first = np.zeros(n_frames, np.int16)
    for frame in range(1, n_frames):
        first[frame] = first[frame - 1] if rng.random() < 0.8 else rng.integers(CODES)
    return np.stack([first, (first + rng.integers(0, 4, n_frames)) % CODES]).astype(np.int16)


STAYS = 0.8 + 0.2 / CODES
CHAIN_BITS = (
    -STAYS * np.log2(STAYS) - (1 - STAYS) * np.log2((1 - STAYS) / (CODES - 1)),
    2.0,
)  # of each level, all earlier codes known


@pytest.fixture(scope="module")
def learned():
    codes = [chain(400, seed) for seed in range(60)]
    vectors = np.random.default_rng(0).standard_normal((LEVELS, CODES, 3))
    return train_contexts(codes, vectors, 90_000)


def n_bits(coder, codes, n_packet=50):
    """Bits a frame of codes in packets."""
    packets = [
        codes[None, : coder.n_codebooks, first : first + n_packet] for first in range(0, codes.shape[1], n_packet)
    ]
    return 8 * sum(len(coder.encode(packet)) for packet in packets) / codes.shape[1]


def test_what_follows_from_earlier_codes_is_not_paid_for(learned):
    codes = chain(20_000, 99)
    n_actual = n_bits(ContextCoder(learned), codes)
    # A packet's first frame pays all 4 + 2 bits, each packet a few bits to end.
    ideal = sum(CHAIN_BITS) + (4 - CHAIN_BITS[0]) / 50
    assert ideal < n_actual < 1.08 * ideal + 6 / 50
    assert n_actual < 0.5 * n_bits(RangeCoder(quantised_frequencies(codes, CODES)), codes)


def test_it_says_what_codes_take(learned):
    known, unknown = learned.mean_bits(with_past=True), learned.mean_bits(with_past=False)
    np.testing.assert_allclose(known, [CHAIN_BITS[0] + (4 - CHAIN_BITS[0]) / 50, 2.0], rtol=0.1)
    np.testing.assert_allclose(unknown, [4.0, 2.0], rtol=0.12)
    codes = chain(20_000, 98)
    assert n_bits(ContextCoder(learned), codes) == pytest.approx(known.sum(), rel=0.05)
    assert n_bits(ContextCoder(learned), codes, 1) == pytest.approx(unknown.sum(), abs=2.0)  # whole bytes


def test_fewer_levels_and_packets_of_frames_come_back(learned):
    codes = chain(333, 7)
    for n_codebooks in (1, 2):
        coder = ContextCoder(learned, n_codebooks)
        for n_packet in (1, 50, 333):
            for first in range(0, 333, n_packet):
                packet = codes[None, :n_codebooks, first : first + n_packet]
                np.testing.assert_array_equal(coder.decode(coder.encode(packet), 1, packet.shape[2]), packet)
    with pytest.raises(BadSetting, match="contexts of 2 codebooks, and 3 were asked for"):
        ContextCoder(learned, 3)


def test_learning_is_the_same_again_and_leaves_random_numbers_alone(learned):
    codes = [chain(400, seed) for seed in range(3)]
    vectors = np.random.default_rng(0).standard_normal((LEVELS, CODES, 3))
    before = torch.random.get_rng_state()
    first, second = (train_contexts(codes, vectors, 2_000).tensors() for _ in range(2))
    assert all((first[name] == second[name]).all() for name in first)
    assert (torch.random.get_rng_state() == before).all()


def test_without_any_training_it_says_the_frequencies():
    codes = np.minimum(*np.random.default_rng(1).integers(0, 64, (2, 3, 4_000))).astype(np.int16)
    frequencies = quantised_frequencies(codes, 64)
    contexts = train_contexts([codes], np.random.default_rng(0).standard_normal((3, 64, 2)), 0)
    contexts = replace(contexts, group_weights=0 * contexts.group_weights, code_weights=0 * contexts.code_weights)
    assert n_bits(ContextCoder(contexts), codes) == pytest.approx(n_bits(RangeCoder(frequencies), codes), rel=0.005)


def test_equal_codes_take_the_bits_of_their_number():
    drawn = drawn_contexts(3, 1_024)
    none = {name: 0 * getattr(drawn, name) for name in ("group_weights", "group_bias", "code_weights", "code_bias")}
    codes = np.random.default_rng(0).integers(0, 1_024, (1, 3, 4_000)).astype(np.int16)
    assert 8 * len(ContextCoder(replace(drawn, **none)).encode(codes)) == pytest.approx(10 * codes.size, rel=0.001)


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(1, 31, 5))
def test_any_tables_and_codes_come_back_within_the_most_bytes(first):
    rng = np.random.default_rng(first)
    for seed in range(first, first + 5):
        n_channels, n_codebooks, n_frames = (int(n) for n in rng.integers(1, (4, 7, 40)))
        codebook_size = 2 ** int(rng.integers(2, 13))
        coder = ContextCoder(drawn_contexts(n_codebooks, codebook_size, seed=seed))
        codes = drawn_codes(n_channels, n_codebooks, n_frames, codebook_size, seed=seed)
        coded = coder.encode(codes)
        np.testing.assert_array_equal(coder.decode(coded, n_channels, n_frames), codes)
        assert len(coded) <= max_payload_bytes(n_channels, n_codebooks, n_frames)


def test_the_rarest_codes_alone_stay_within_the_most_bytes():
    drawn = drawn_contexts(3, 1_024)
    # One group and one code of each group are as far before all others as numbers can say.
    far = {name: np.zeros_like(getattr(drawn, name)) for name in ("group_bias", "code_bias")}
    far["group_bias"][:, 0] = far["code_bias"][:, ::32] = 2**30
    none = {name: 0 * getattr(drawn, name) for name in ("group_weights", "code_weights")}
    order = np.tile(np.arange(1_024, dtype=np.int16), (3, 1))
    coder = ContextCoder(replace(drawn, order=order, **far, **none))
    codes = np.full((2, 3, 400), 1_023, np.int16)
    codes[:, :, ::2] = -1
    coded = coder.encode(codes)
    assert 2 * 3 * 200 * 20 / 8 < len(coded) <= max_payload_bytes(2, 3, 400)
    np.testing.assert_array_equal(coder.decode(coded, 2, 400), codes)


def test_any_bytes_decode_to_codes_of_the_codebook():
    check_any_bytes(ContextCoder(drawn_contexts(3, 128)), 128)


def test_silence_takes_no_byte():
    coder = ContextCoder(drawn_contexts(6, 1_024))
    assert coder.encode(np.full((2, 6, 50), -1)) == b""
    assert (coder.decode(b"", 2, 50) == -1).all()


def test_damage_of_one_byte_costs_one_packet():
    contexts = drawn_contexts(4, 64)
    header = WwcHeader("0123456789ab", 16_000, 16_000, 1, 28_000, 4, 10, 2)
    codes = drawn_codes(1, 4, 88, 64)
    sink = io.BytesIO(header.to_bytes())
    sink.seek(0, 2)
    PacketWriter(sink, header, ContextCoder(contexts), is_stream=False).finish(codes, 28_000)
    data, rng = sink.getvalue(), np.random.default_rng(0)
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= int(rng.integers(1, 256))
        source = io.BytesIO(bytes(damaged))
        other_header, repaired = read_header(source, "x.wwc")
        assert other_header == header
        assert (repaired is None) == (position >= 28)
        reader = PacketReader(source, header, ContextCoder(contexts), 320)
        decoded = np.concatenate([*reader], axis=2)
        lost = np.zeros(88, bool)
        for first, end in reader.lost:
            lost[first:end] = True
        assert lost.sum() <= 10
        np.testing.assert_array_equal(
            decoded[:, :, ~lost[: decoded.shape[2]]], codes[:, :, : decoded.shape[2]][:, :, ~lost[: decoded.shape[2]]]
        )


def test_like_codes_stand_together():
    vectors = np.random.default_rng(0).permutation(np.repeat(np.eye(4), 4, axis=0) + 0.01 * np.arange(16)[:, None])
    kinds = vectors[similarity_order(vectors)].argmax(axis=1).reshape(4, 4)
    assert (kinds == kinds[:, :1]).all()
    assert [n_groups_for(2**bits) for bits in (2, 3, 10, 11, 12)] == [2, 4, 32, 64, 64]


def test_how_many_frames_are_known():
    codes = [np.zeros((1, 53), np.int16), np.array([[0, 0, -1, -1, 0, 0]], np.int16)]
    frames = CodeFrames(codes, np.zeros((1, 1), np.int64))
    assert frames.n_known[:53].tolist() == [*range(50), 0, 1, 2]
    assert frames.n_known[53:].tolist()[:2] == [0, 1]
    assert frames.n_known[-2:].tolist() == [0, 1]
    assert frames.active.tolist() == [*range(55), 57, 58]


def test_tables_that_do_not_fit_are_refused():
    drawn = drawn_contexts(2, 64)
    tensors = drawn.tensors()
    with pytest.raises(BadSetting, match="The tables mix, table are missing"):
        ContextTables.from_tensors({name: table for name, table in tensors.items() if name not in ("mix", "table")})
    with pytest.raises(BadSetting, match=r"The table mix is int32 \(48, 48\); it must be int8 \(48, 48\)"):
        replace(drawn, mix=drawn.mix.astype(np.int32))
    with pytest.raises(BadSetting, match=r"group_bias is int32 \(2, 7\)"):
        replace(drawn, group_bias=drawn.group_bias[:, :7])
    with pytest.raises(BadSetting, match="each code of a codebook once"):
        replace(drawn, order=np.zeros_like(drawn.order))
    for table in (0 * drawn.table, drawn.table + 2**14):
        with pytest.raises(BadSetting, match="must lie in 1 to 8192"):
            replace(drawn, table=table)


def test_a_time_limits_the_steps_and_few_codes_are_enough(monkeypatch):
    now, trained = [0.0], []
    minimise = context_model._minimise

    def timed(model, frames, n_steps, rng):
        now[0] += n_steps  # a second each
        trained.append(n_steps)
        minimise(model, frames, min(n_steps, 2), rng)

    monkeypatch.setattr(context_model, "_minimise", timed)
    monkeypatch.setattr(context_model.time, "monotonic", lambda: now[0])
    codes = [np.random.default_rng(index).integers(0, 64, (3, 4_000)) for index in range(3)]
    vectors = np.random.default_rng(0).standard_normal((3, 64, 2))
    train_contexts(codes, vectors, 10**9, seconds=20.0)
    assert trained == [context_model.TIMED_STEPS, 20 - context_model.TIMED_STEPS]
    trained.clear()
    train_contexts(codes, vectors, 10**9)
    assert trained == [4 * 12_000 // context_model.BATCH_FRAMES]
