"""Symbols of a prior and sampling: codes come back, probabilities hold, levels are drawn coarse to fine."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_codec_model import drawn_codes

from wavewright.errors import BadSetting
from wavewright.families.prior.config import PriorConfig
from wavewright.families.prior.sampling import draw_frames, draw_symbol
from wavewright.families.prior.symbols import checked, to_codes, to_symbols

TINY = PriorConfig(
    codec="tiny-codec",
    codebook_size=64,
    n_levels=3,
    hidden_size=12,
    width=10,
    label_size=3,
    level_layers=1,
    kernel=3,
    top_p=1.0,
)


def test_codes_come_back_from_symbols():
    codes = drawn_codes(40)
    symbols = to_symbols(codes, TINY)
    assert symbols.shape == (40, 3)
    assert (symbols[codes[0] == -1] == 64).all()
    np.testing.assert_array_equal(to_codes(symbols, TINY), codes[:3])
    np.testing.assert_array_equal(checked(codes, TINY), codes[:3])


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        (np.zeros((2, 5), int), r"int64 of shape \(2, 5\); they must be integers \(3 levels or more, frames\)"),
        (np.zeros((3, 5)), "The codes are float64"),
        (np.zeros((3, 0), int), "at least one frame"),
        (np.full((3, 5), 64), "lie between 64 and 64; they must lie between 0 and 63"),
        (np.array([[0], [-1], [3]]), "or be -1 in every level of a silent frame"),
    ],
)
def test_codes_that_no_codec_gives_are_refused(codes, sentence):
    with pytest.raises(BadSetting, match=sentence):
        checked(codes, TINY)


def test_symbols_are_drawn_as_likely_as_they_are():
    logits = np.log(np.array([0.1, 0.5, 0.15, 0.25], np.float32))
    numbers = (np.arange(4_000) + 0.5) / 4_000

    def shares(temperature, top_p):
        drawn = [draw_symbol(logits, number, temperature, top_p) for number in numbers]
        return np.bincount(drawn, minlength=4) / 4_000

    np.testing.assert_allclose(shares(1.0, 1.0), [0.1, 0.5, 0.15, 0.25], atol=1e-3)
    np.testing.assert_allclose(shares(1.0, 0.8), [0, 0.5 / 0.9, 0.15 / 0.9, 0.25 / 0.9], atol=1e-3)
    np.testing.assert_allclose(shares(1.0, 0.4), [0, 1, 0, 0])
    np.testing.assert_allclose(shares(0.5, 1.0), np.array([0.01, 0.25, 0.0225, 0.0625]) / 0.345, atol=1e-3)
    np.testing.assert_allclose(shares(0.0, 1.0), [0, 1, 0, 0])


class Told:
    """Steps with a known next symbol: the coarser level within a frame, silence in every fourth frame."""

    def __init__(self, config):
        self.config, self.heard = config, []

    def over_time(self, before, position, label, speaker, state):
        self.heard.append(tuple(before))
        return np.full(1, len(self.heard) - 1, np.float32), state

    def within(self, said, symbols, level):
        logits = np.full(self.config.codebook_size + 1, -50.0)
        is_silent = level == 0 and said[0] % 4 == 3
        logits[self.config.silent if is_silent else (int(said[0]) if level == 0 else symbols[level - 1] + 1)] = 50.0
        return logits


def test_frames_are_drawn_coarse_to_fine_and_heard_before_the_next():
    steps, rng = Told(TINY), np.random.default_rng(0)
    given = np.array([[7, -1], [8, -1], [9, -1]], np.int16)
    frames = list(draw_frames(steps, TINY, rng, 5, 0, 0, 1.0, given))
    assert [tuple(frame) for frame in frames] == [(7, 8, 9), (-1, -1, -1), (2, 3, 4), (-1, -1, -1), (4, 5, 6)]
    assert steps.heard == [(65, 65, 65), (7, 8, 9), (64, 64, 64), (2, 3, 4), (64, 64, 64)]
    assert rng.random() == np.random.default_rng(0).random(10)[9]  # three for each drawn frame
