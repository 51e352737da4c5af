"""Symbols of a prior and their sampling: round trip of codes, probabilities, codebooks drawn coarse to fine."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_codec_model import drawn_codes
from tiny_prior import TINY

from wavewright.base.errors import BadSetting
from wavewright.contracts.generation import ClipRequest
from wavewright.families.prior.codec import checked_codes, codes_to_symbols, symbols_to_codes
from wavewright.families.prior.sampling import CodeSampler, draw_symbol


def test_codes_come_back_from_symbols():
    codes = drawn_codes(40)
    symbols = codes_to_symbols(codes, TINY)
    assert symbols.shape == (40, 3)
    assert (symbols[codes[0] == -1] == 64).all()
    np.testing.assert_array_equal(symbols_to_codes(symbols, TINY), codes[:3])
    np.testing.assert_array_equal(checked_codes(codes, TINY), codes[:3])


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        (np.zeros((2, 5), int), r"int64 of shape \(2, 5\); they must be integers \(3 codebooks or more, frames\)"),
        (np.zeros((3, 5)), "The codes are float64"),
        (np.zeros((3, 0), int), "at least one frame"),
        (np.full((3, 5), 64), "lie between 64 and 64; they must lie between 0 and 63"),
        (np.array([[0], [-1], [3]]), "or be -1 in every codebook of a silent frame"),
    ],
)
def test_codes_that_no_codec_gives_are_refused(codes, sentence):
    with pytest.raises(BadSetting, match=sentence):
        checked_codes(codes, TINY)


def test_symbols_are_drawn_as_likely_as_they_are():
    logits = np.log(np.array([0.1, 0.5, 0.15, 0.25], np.float32))
    numbers = (np.arange(4_000) + 0.5) / 4_000

    def frequencies(temperature, top_p):
        drawn = [draw_symbol(logits, number, temperature, top_p) for number in numbers]
        return np.bincount(drawn, minlength=4) / 4_000

    np.testing.assert_allclose(frequencies(1.0, 1.0), [0.1, 0.5, 0.15, 0.25], atol=1e-3)
    np.testing.assert_allclose(frequencies(1.0, 0.8), [0, 0.5 / 0.9, 0.15 / 0.9, 0.25 / 0.9], atol=1e-3)
    np.testing.assert_allclose(frequencies(1.0, 0.4), [0, 1, 0, 0])
    np.testing.assert_allclose(frequencies(0.5, 1.0), np.array([0.01, 0.25, 0.0225, 0.0625]) / 0.345, atol=1e-3)
    np.testing.assert_allclose(frequencies(0.0, 1.0), [0, 1, 0, 0])


class DeterministicSteps:
    """Steps with one probable symbol: the frame, one more in each finer codebook; every fourth frame is silent."""

    def __init__(self, config):
        self.config, self.previous = config, []

    def time_step(self, previous, position, label, speaker, state):
        self.previous.append(tuple(previous))
        return np.full(1, len(self.previous) - 1, np.float32), state

    def depth_step(self, context, symbols, codebook):
        logits = np.full(self.config.codebook_size + 1, -50.0)
        is_silent = codebook == 0 and context[0] % 4 == 3
        logits[
            self.config.silence_symbol
            if is_silent
            else (int(context[0]) if codebook == 0 else symbols[codebook - 1] + 1)
        ] = 50.0
        return logits


def test_frames_are_drawn_coarse_to_fine_and_precede_the_next():
    steps, rng = DeterministicSteps(TINY), np.random.default_rng(0)
    prompt = np.array([[7, -1], [8, -1], [9, -1]], np.int16)
    frames = list(CodeSampler(steps, TINY, ClipRequest(None, 0, 0, 1.0, rng)).frames(5, prompt))
    assert [tuple(frame) for frame in frames] == [(7, 8, 9), (-1, -1, -1), (2, 3, 4), (-1, -1, -1), (4, 5, 6)]
    assert steps.previous == [(65, 65, 65), (7, 8, 9), (64, 64, 64), (2, 3, 4), (64, 64, 64)]
    assert rng.random() == np.random.default_rng(0).random(10)[9]  # three for each drawn frame
