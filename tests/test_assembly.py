"""Waves are joined, spliced, overlaid and split as their formulas say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.effect_streams import cuts, noise
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.dsp.assembly import CURVES, crossfade, fade_gains
from wavewright.dsp.silence import split_at_silence

RATE = 1_000


@pytest.mark.parametrize("curve", CURVES)
def test_crossfades_follow_their_curve(curve):
    first, second = noise(500), noise(300, seed=1)
    joined = crossfade(first, second, 100, curve)
    assert joined.shape == (2, 700)
    assert joined.dtype == np.float32
    np.testing.assert_array_equal(joined[:, :400], first[:, :400])
    np.testing.assert_array_equal(joined[:, 500:], second[:, 100:])
    gains = fade_gains(100, curve)
    np.testing.assert_allclose(joined[:, 400:500], first[:, 400:] * gains[::-1] + second[:, :100] * gains, atol=1e-6)


def test_sounds_that_are_alike_keep_their_level_and_others_their_power():
    constant = np.ones((1, 200), np.float32)
    np.testing.assert_allclose(crossfade(constant, constant, 100), 1.0, atol=1e-6)
    first, second = noise(20_000, 1), noise(20_000, 1, seed=1)
    middle = crossfade(first, second, 20_000, "equal-power")[0, 8_000:12_000]
    assert np.sqrt(np.square(middle).mean()) == pytest.approx(0.3, rel=0.03)


def test_crossfades_that_do_not_fit_are_refused():
    with pytest.raises(BadAudio, match="longer than one of its waves, which has 10"):
        crossfade(noise(100), noise(10), 11)
    with pytest.raises(BadAudio, match="2 channels, the other 1"):
        crossfade(noise(100), noise(100, 1), 5)
    with pytest.raises(BadSetting, match="negative"):
        crossfade(noise(100), noise(100), -1)
    with pytest.raises(BadSetting, match="must be one of linear"):
        crossfade(noise(100), noise(100), 5, "cubic")


def sounds_and_silences(*lengths):
    return np.concatenate([np.full((1, n), float(i % 2), np.float32) for i, n in enumerate(lengths)], axis=1)


@pytest.mark.parametrize("seed", range(3))
def test_sounds_are_split_at_silences(seed):
    wave = sounds_and_silences(700, 1_000, 600, 200, 499, 300, 20, 50, 900)
    edges = cuts(wave.shape[1], seed, 500)

    def split(**settings):
        return split_at_silence((wave[:, a:b] for a, b in pairwise(edges)), RATE, **settings)

    assert split(padding_seconds=0.0) == [(700, 1_700), (2_300, 3_369)]
    assert split(padding_seconds=0.1) == [(600, 1_800), (2_200, 3_469)]
    assert split(padding_seconds=0.5) == [(200, 2_000), (2_000, 3_869)]
    assert split(min_silence_seconds=0.3, padding_seconds=0.0) == [(700, 1_700), (2_300, 2_500), (2_999, 3_369)]
    assert split(min_silence_seconds=0.3, min_seconds=0.25, padding_seconds=0.0) == [(700, 1_700), (2_999, 3_369)]
    assert split(min_silence_seconds=9.0) == [(0, 4_269)]


def test_silence_has_no_sounds():
    assert split_at_silence([np.zeros((2, 2_000))], RATE) == []
    assert split_at_silence([], RATE) == []
