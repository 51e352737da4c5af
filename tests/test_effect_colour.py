"""Saturation does not alias, rounding has its steps, and dither its spectrum."""

from __future__ import annotations

import numpy as np
import pytest

from tests.effect_streams import check_effect, check_streams, noise, tone
from wavewright.base.errors import BadSetting
from wavewright.effects import BitCrush, Dither, Saturation
from wavewright.effects.colour import SHAPINGS

RATE = 44_100
EFFECTS = [Saturation(), Saturation(30.0, 0.5), BitCrush(), BitCrush(4, 3_000.0), Dither(8), Dither(12, "weighted")]


@pytest.mark.parametrize("effect", EFFECTS[:4], ids=str)
def test_colour_is_a_stream(effect):
    check_effect(effect)


@pytest.mark.parametrize("effect", EFFECTS[4:], ids=str)
def test_dither_is_a_stream(effect):
    check_streams(effect)
    check_streams(effect, n_channels=1, n_samples=6_000)
    assert effect(noise(0), RATE).shape == (2, 0)


def test_low_frequencies_are_saturated_by_the_curve():
    wave = tone(100.0, RATE, 1.0, 0.8)
    drive = 10 ** (12 / 20)
    expected = np.tanh(drive * wave) / np.tanh(drive)
    inside = slice(200, -200)
    np.testing.assert_allclose(Saturation(12.0)(wave, RATE)[:, inside], expected[:, inside], atol=1e-3)
    np.testing.assert_allclose(Saturation(12.0, 0.0)(wave, RATE), wave, atol=1e-6)
    np.testing.assert_allclose(Saturation(-40.0)(wave, RATE)[:, inside], wave[:, inside], atol=1e-3)


def test_harmonics_do_not_alias():
    hz = 4_000.0
    wave = tone(hz, RATE, 1.0, 0.5)
    window = np.hanning(RATE)

    def alias_db(shaped):
        spectrum = np.abs(np.fft.rfft(shaped[0] * window))
        bins = np.arange(len(spectrum))
        is_harmonic = np.abs((bins + hz / 2) % hz - hz / 2) < 5
        return 20 * np.log10(spectrum[~is_harmonic].max() / spectrum.max())

    assert alias_db(Saturation(12.0)(wave, RATE)) < -60
    assert alias_db(np.tanh(10 ** (12 / 20) * wave)) > -42


def test_bits_and_rate_are_reduced():
    wave = noise(10_000)
    np.testing.assert_array_equal(BitCrush(4)(wave, RATE), np.round(wave * 8) / 8)
    held = BitCrush(24, RATE / 4)(wave, RATE)
    np.testing.assert_allclose(held, np.repeat(wave[:, ::4], 4, axis=1), atol=2**-23)
    changes = np.count_nonzero(np.diff(BitCrush(24, 1_000.0)(noise(RATE, 1), RATE)))
    assert changes == pytest.approx(1_000, abs=2)


def test_dither_makes_the_error_noise():
    step = 2.0**-7
    for level in (0.0, 0.3 * step, 0.5 * step, -0.77 * step):
        dithered = Dither(8)(np.full((1, 200_000), level), RATE)[0].astype(np.float64)
        assert np.all(dithered / step == np.round(dithered / step))
        assert dithered.mean() == pytest.approx(level, abs=0.005 * step)
        assert dithered.std() == pytest.approx(0.5 * step, rel=0.01)  # 1/12 of rounding and 2/12 of noise
    assert np.abs(Dither(8)(np.full((1, 1_000), 1.0), RATE)).max() <= 1.0


def test_shaped_noise_has_its_spectrum():
    n_fft = 512
    error = Dither(16, "weighted")(tone(300.0, RATE, 6.0, 0.1), RATE) - tone(300.0, RATE, 6.0, 0.1)
    frames = error[0, : len(error[0]) // n_fft * n_fft].reshape(-1, n_fft).astype(np.float64) / 2.0**-15
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(n_fft)))).mean(axis=0) / np.square(np.hanning(n_fft)).sum()
    transfer = np.abs(np.fft.rfft([1.0, *(-tap for tap in SHAPINGS["weighted"])], n_fft)) ** 2
    inside = slice(5, -5)
    np.testing.assert_allclose(10 * np.log10(power[inside]), 10 * np.log10(0.25 * transfer[inside]), atol=1.5)
    assert not np.array_equal(Dither(seed=1)(noise(100), RATE), Dither(seed=2)(noise(100), RATE))


def test_unknown_shapings_are_refused():
    with pytest.raises(BadSetting, match="must be one of none, weighted"):
        Dither(shaping="pink")
