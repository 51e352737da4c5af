"""Reverbs have the impulse response of their formula, in streams as in whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, fftconvolve, sosfilt

from tests.effect_streams import check_effect, cuts, in_blocks, noise
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.effects import ConvolutionReverb, Reverb

RATE = 16_000


def response(n_samples, n_channels=1, seed=1):
    return noise(n_samples, n_channels, seed) * np.exp(-np.arange(n_samples) / (0.2 * n_samples)).astype(np.float32)


def impulse_response(effect, seconds, n_channels=1, sample_rate=RATE):
    impulse = np.zeros((n_channels, round(seconds * sample_rate)), np.float32)
    impulse[0, 0] = 1.0
    return effect(impulse, sample_rate)


@pytest.mark.parametrize(
    "effect",
    [
        *(Reverb(), Reverb(0.3, 0.05, 1.0, 0.0, 1.0)),
        *(ConvolutionReverb(response(1), RATE), ConvolutionReverb(response(700, 2), RATE, 0.3)),
        ConvolutionReverb(response(4_000)[0], RATE, 0.5),
    ],
    ids=["hall", "box", "sample", "stereo", "long"],
)
def test_reverbs_are_streams(effect):
    check_effect(effect)


@pytest.mark.parametrize("n_response", [1, 255, 256, 257, 1_025, 9_000])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_convolution_is_that_of_scipy(n_response, n_channels):
    wave, room = noise(5_000), response(n_response, n_channels)
    expected = fftconvolve(wave.astype(np.float64), np.broadcast_to(room, (2, n_response)), axes=1)
    effect = ConvolutionReverb(room, RATE, tail_seconds=(n_response - 1) / RATE)
    np.testing.assert_allclose(effect(wave, RATE), expected, atol=2e-6 * np.abs(expected).max())
    mixed = ConvolutionReverb(room, RATE, 0.25)(wave, RATE)
    np.testing.assert_allclose(mixed, 0.25 * expected[:, :5_000] + 0.75 * wave, atol=1e-5)


def test_long_partitions_are_streams():
    effect = ConvolutionReverb(response(150_000), RATE, 0.5, tail_seconds=1.0)
    wave = noise(90_000, 1)
    whole = effect(wave, RATE)
    assert whole.shape == (1, 90_000 + RATE)
    np.testing.assert_array_equal(in_blocks(effect, wave, RATE, cuts(90_000, 0, 20_000)), whole)


@pytest.mark.parametrize(("seconds", "high_ratio"), [(0.5, 1.0), (1.5, 0.4), (3.0, 0.7)])
def test_the_reverb_decays_by_its_time(seconds, high_ratio):
    wet = impulse_response(Reverb(seconds, 1.0, high_ratio, 0.0, 1.0), 1.2 * seconds)[0].astype(np.float64)

    def decay_seconds(band, limits):
        energy = np.square(sosfilt(butter(4, limits, band, fs=RATE, output="sos"), wet))
        level_db = 10 * np.log10(np.cumsum(energy[::-1])[::-1] / energy.sum())
        start, end = (np.flatnonzero(level_db < limit)[0] for limit in (-5, -30))
        return 60 / 25 * (end - start) / RATE

    assert decay_seconds("lowpass", 200) == pytest.approx(seconds, rel=0.1)
    assert decay_seconds("highpass", 7_800) == pytest.approx(seconds * high_ratio, rel=0.15)


def test_the_reverb_is_level_and_its_channels_are_uncorrelated():
    for seconds in (0.3, 1.0, 4.0):
        wet = impulse_response(Reverb(seconds, 1.0, 1.0, 0.0, 1.0), seconds, 2)
        np.testing.assert_allclose(10 * np.log10(np.square(wet).sum(axis=1)), 0.0, atol=1.2)
        assert abs(np.corrcoef(wet)[0, 1]) < 0.15


def test_the_pre_delay_and_the_mix():
    early = impulse_response(Reverb(1.0, 1.0, 0.5, 50.0, 0.25), 0.2)[0]
    assert early[0] == 0.75
    first = np.flatnonzero(early[1:])[0] + 1
    assert first == pytest.approx((0.05 + 0.023) * RATE, abs=20)
    assert Reverb(tail_seconds=0.5)(noise(100), RATE).shape == (2, 100 + RATE // 2)


def test_responses_that_do_not_fit_are_refused():
    with pytest.raises(BadSetting, match="resample"):
        ConvolutionReverb(response(10), 8_000)(noise(10), RATE)
    with pytest.raises(BadSetting, match="3 channels"):
        ConvolutionReverb(response(10, 3), RATE)(noise(10), RATE)
    with pytest.raises(BadSetting, match="empty"):
        ConvolutionReverb(np.zeros(0), RATE)
    with pytest.raises(BadAudio, match="not finite"):
        ConvolutionReverb(np.array([np.nan]), RATE)
