"""The range coder: exact, as small as entropy allows, whatever the tables; tables sum to what they must."""

import numpy as np
import pytest
from tiny_codec import check_any_bytes, drawn_codes, table

from wavewright.base.errors import BadSetting
from wavewright.families.codec.wwc import TOTAL
from wavewright.families.codec.wwc.range_coder import RangeCoder, entropy_bits, max_payload_bytes, quantised_frequencies


def drawn_by(frequencies, n_frames, seed=0):
    """Codes (1, n_codebooks, frames) as frequent as a table says."""
    rng = np.random.default_rng(seed)
    positions = rng.integers(0, TOTAL, (len(frequencies), n_frames))
    codes = [
        np.searchsorted(np.cumsum(row), position, side="right")
        for row, position in zip(frequencies, positions, strict=True)
    ]
    return np.array([codes], dtype=np.int16)


def skewed(n_codebooks, codebook_size, seed=0):
    rng = np.random.default_rng(seed)
    codes = (codebook_size * rng.random((n_codebooks, 3_000)) ** 3).astype(np.int16)
    return quantised_frequencies(codes, codebook_size)


def test_frequencies_are_dealt_out_as_the_counts_say():
    # 65536 - 4 counts for 4, 3, 1 and 0 of 8 codes: 32766, 24574.5, 8191.5, 0; of equal remainders the lower code
    # gets the count.
    codes = np.array([[0, 0, 0, 0, 1, 1, 1, 2, -1, -1]])
    np.testing.assert_array_equal(quantised_frequencies(codes, 4), [[32_767, 24_576, 8_192, 1]])
    np.testing.assert_array_equal(quantised_frequencies(np.full((2, 3), -1), 4), np.full((2, 4), TOTAL // 4))


@pytest.mark.parametrize("codebook_size", [1, 2, 3, 1_000, 1_024, 2**15])
def test_frequencies_sum_to_their_total_and_none_is_zero(codebook_size):
    codes = np.random.default_rng(0).integers(0, codebook_size, (3, 777))
    frequencies = quantised_frequencies(codes, codebook_size)
    assert frequencies.dtype == np.uint32
    assert frequencies.min() >= 1
    np.testing.assert_array_equal(frequencies.sum(axis=1), TOTAL)


def test_entropy_of_known_tables():
    np.testing.assert_allclose(entropy_bits(np.full((2, 1_024), 64)), 10.0)
    np.testing.assert_allclose(entropy_bits(np.array([[TOTAL // 2, TOTAL // 4, TOTAL // 4]])), 1.5)
    np.testing.assert_allclose(entropy_bits(np.array([[TOTAL]])), 0.0)


@pytest.mark.parametrize("codebook_size", [2, 64, 1_024, 2**15])
@pytest.mark.parametrize("n_frames", [1, 7, 50, 4_000])
def test_the_size_is_the_entropy_of_the_tables(codebook_size, n_frames):
    frequencies = skewed(4, codebook_size)
    codes = drawn_by(frequencies, n_frames)
    coder = RangeCoder(frequencies)
    coded = coder.encode(codes)
    np.testing.assert_array_equal(coder.decode(coded, 1, n_frames), codes)
    ideal_bits = -np.log2(frequencies[np.arange(4)[:, None], codes[0]] / TOTAL).sum()
    assert len(coded) <= 1.01 * ideal_bits / 8 + 2
    if n_frames == 4_000:
        assert 8 * len(coded) == pytest.approx(entropy_bits(frequencies).sum() * n_frames, rel=0.03)


def test_a_second_of_silence_takes_no_byte_and_falling_silent_two():
    coder = RangeCoder(table(6, 1_024))
    assert coder.encode(np.full((2, 6, 50), -1)) == b""
    assert (coder.decode(b"", 2, 50) == -1).all()
    codes = drawn_by(skewed(6, 1_024), 1_050)
    sound = coder.encode(codes[:, :, :50])
    codes[:, :, 50:] = -1
    assert len(coder.encode(codes)) <= len(sound) + 4  # 10 bits to fall silent, 1000 frames of 0.011
    codes[:, :, :] = -1
    codes[0, :, 500] = 0
    assert len(coder.encode(codes)) <= 20


@pytest.mark.parametrize("extreme", ["first", "last"])
def test_carries_run_through_long_rows_of_ones(extreme):
    # The last code of a table keeps the interval at its upper end, where each next symbol may carry into all
    # earlier bytes.
    frequencies = np.full((1, 256), 255, np.uint32)
    frequencies[0, 0 if extreme == "first" else 255] = TOTAL - 255 * 255
    coder = RangeCoder(frequencies)
    rng = np.random.default_rng(1)
    for n_frames in range(1, 200, 7):
        codes = np.full((1, 1, n_frames), 0 if extreme == "first" else 255, np.int16)
        codes[0, 0, rng.integers(0, n_frames, 2)] = rng.integers(0, 256, 2)
        np.testing.assert_array_equal(coder.decode(coder.encode(codes), 1, n_frames), codes)


def test_random_tables_and_codes_come_back():
    rng = np.random.default_rng(2)
    for trial in range(200):
        n_channels, n_codebooks, n_frames = (int(n) for n in rng.integers(1, (4, 6, 40)))
        codebook_size = int(rng.integers(1, 300))
        probabilities = rng.dirichlet(np.full(codebook_size, 10.0 ** rng.uniform(-2, 1)))
        frequencies = quantised_frequencies(
            rng.choice(codebook_size, (n_codebooks, 50), p=probabilities), codebook_size
        )
        codes = drawn_codes(n_channels, n_codebooks, n_frames, codebook_size, seed=trial + 1)
        coder = RangeCoder(frequencies)
        coded = coder.encode(codes)
        np.testing.assert_array_equal(coder.decode(coded, n_channels, n_frames), codes)
        assert len(coded) <= max_payload_bytes(n_channels, n_codebooks, n_frames)
        assert not coded.endswith(b"\0")


def test_the_rarest_codes_alone_stay_within_the_most_bytes():
    frequencies = np.ones((3, 1_024), np.uint32)
    frequencies[:, 0] = TOTAL - 1_023
    codes = np.full((2, 3, 400), 1_023, np.int16)
    codes[:, :, ::2] = -1  # and the dearest flags
    coder = RangeCoder(frequencies)
    coded = coder.encode(codes)
    assert len(coded) <= max_payload_bytes(2, 3, 400)
    np.testing.assert_array_equal(coder.decode(coded, 2, 400), codes)


def test_any_bytes_decode_to_codes_of_the_codebook():
    check_any_bytes(RangeCoder(table(3, 100)), 100)


def test_what_cannot_be_coded_is_refused():
    coder = RangeCoder(table(2, 8))
    for codes, words in (
        (np.zeros((2, 5), int), r"\(channels, 2 codebooks, frames\)"),
        (np.zeros((1, 3, 5), int), r"\(channels, 2 codebooks, frames\)"),
        (np.full((1, 2, 5), 8), "between 8 and 8"),
        (np.full((1, 2, 5), -2), "between -1 and 7"),
        (np.array([[[0, -1], [0, 3]]]), "silent frame has it in every codebook"),
    ):
        with pytest.raises(BadSetting, match=words):
            coder.encode(codes)
    for frequencies in (np.full((2, 8), 8_191), np.array([[0, TOTAL]]), np.full(4, TOTAL // 4), np.full((1, 2**16), 1)):
        with pytest.raises(BadSetting, match="must sum to 65536"):
            RangeCoder(frequencies)
    with pytest.raises(BadSetting, match="codebook size is 0"):
        quantised_frequencies(np.zeros((1, 3), int), 0)
    with pytest.raises(BadSetting, match="must be integers"):
        quantised_frequencies(np.zeros((1, 3)), 4)
    with pytest.raises(BadSetting, match="between -1 and 3"):
        quantised_frequencies(np.full((1, 3), 4), 4)
