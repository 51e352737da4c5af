"""Levels and channels follow their formulas, in streams as in whole."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.effect_streams import check_effect, cuts, in_blocks, noise
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.dsp.assembly import CURVES, fade_gains
from wavewright.effects import (
    Balance,
    FadeIn,
    FadeOut,
    Gain,
    InvertPolarity,
    LeftRight,
    MidSide,
    Mono,
    NormalisePeak,
    NormaliseRMS,
    Pan,
    SwapChannels,
    ToStereo,
    Width,
)

RATE = 16_000
STEREO = [MidSide(), LeftRight(), Width(0.5), Balance(-0.3), Mono(), SwapChannels()]
FADES = [fade(seconds, curve) for fade in (FadeIn, FadeOut) for curve in CURVES for seconds in (0.02, 1.0)]


@pytest.mark.parametrize("effect", [Gain(-3.0), InvertPolarity(), *FADES, *STEREO], ids=str)
def test_levels_and_channels_are_streams(effect):
    check_effect(effect)


@pytest.mark.parametrize("effect", [Pan(0.3), ToStereo()], ids=str)
def test_mono_sound_becomes_stereo(effect):
    check_effect(effect, n_channels=1)
    assert effect(noise(100, 1), RATE).shape == (2, 100)
    assert effect(noise(100, 1)[0], RATE).shape == (2, 100)


def test_gains_and_polarity():
    wave = noise(100)
    np.testing.assert_allclose(Gain(20.0)(wave, RATE), 10 * wave, rtol=1e-6)
    np.testing.assert_array_equal(Gain()(wave, RATE), wave)
    np.testing.assert_array_equal(InvertPolarity()(wave, RATE), -wave)
    with pytest.raises(BadSetting, match="gain_db"):
        Gain(1_000.0)


def test_crossfades_keep_the_amplitude_or_the_power():
    for curve in ("linear", "s-curve"):
        gains = fade_gains(101, curve)
        np.testing.assert_allclose(gains + gains[::-1], 1.0, atol=1e-6)
    gains = fade_gains(101, "equal-power")
    np.testing.assert_allclose(gains**2 + gains[::-1] ** 2, 1.0, atol=1e-6)


def test_an_exponential_fade_rises_by_the_same_number_of_decibels():
    level_db = 20 * np.log10(fade_gains(1_000, "exponential") + 0.001)
    np.testing.assert_allclose(np.diff(level_db)[10:], 0.06, atol=0.001)


@pytest.mark.parametrize("curve", CURVES)
def test_fades_rise_from_silence_and_change_nothing_else(curve):
    gains = fade_gains(200, curve)
    assert (np.diff(gains) >= 0).all()
    assert gains[0] < 0.01
    assert gains[-1] > 0.96
    wave = noise(1_000)
    seconds = 200 / RATE
    np.testing.assert_array_equal(FadeIn(seconds, curve)(wave, RATE)[:, :200], wave[:, :200] * gains)
    np.testing.assert_array_equal(FadeIn(seconds, curve)(wave, RATE)[:, 200:], wave[:, 200:])
    np.testing.assert_array_equal(FadeOut(seconds, curve)(wave, RATE)[:, -200:], wave[:, -200:] * gains[::-1])
    np.testing.assert_array_equal(FadeOut(seconds, curve)(wave, RATE)[:, :-200], wave[:, :-200])
    short = wave[:, :50]
    np.testing.assert_array_equal(FadeOut(seconds, curve)(short, RATE), short * fade_gains(50, curve)[::-1])


def test_an_unknown_curve_is_refused():
    with pytest.raises(BadSetting, match="must be one of linear, equal-power"):
        FadeIn(1.0, "cubic")


@pytest.mark.parametrize("effect", [NormalisePeak(-3.0), NormaliseRMS(-26.0)], ids=str)
def test_normalisation_in_two_passes(effect):
    wave = noise(4_000)
    level = {NormalisePeak: lambda wave: np.abs(wave).max(), NormaliseRMS: lambda wave: np.sqrt(np.square(wave).mean())}
    target_db = effect.peak_db if isinstance(effect, NormalisePeak) else effect.level_db
    whole = effect(wave, RATE)
    assert 20 * np.log10(level[type(effect)](whole)) == pytest.approx(target_db, abs=1e-4)
    measurement = effect.measurement(SoundFormat(RATE, 2))
    edges = cuts(4_000, 0, 300)
    for start, end in pairwise(edges):
        measurement.add(wave[:, start:end])
    np.testing.assert_allclose(in_blocks(measurement.effect(), wave, RATE, edges), whole, rtol=1e-6)
    for empty in (np.zeros((2, 100), np.float32), np.zeros((2, 0), np.float32)):
        np.testing.assert_array_equal(effect(empty, RATE), empty)
    with pytest.raises(BadSetting, match="depends on the whole sound"):
        effect.stream(SoundFormat(RATE, 2))
    with pytest.raises(BadAudio, match="not finite"):
        effect(np.full((1, 3), np.nan), RATE)


def test_channels_are_mixed_as_their_names_say():
    wave = noise(100)
    left, right = wave
    np.testing.assert_allclose(LeftRight()(MidSide()(wave, RATE), RATE), wave, atol=1e-6)
    np.testing.assert_allclose(Mono()(wave, RATE), [(left + right) / 2], atol=1e-6)
    np.testing.assert_array_equal(SwapChannels()(wave, RATE), [right, left])
    np.testing.assert_allclose(Width(0.0)(wave, RATE), [(left + right) / 2] * 2, atol=1e-6)
    np.testing.assert_array_equal(Width(1.0)(wave, RATE), wave)
    np.testing.assert_array_equal(Balance(0.0)(wave, RATE), wave)
    np.testing.assert_array_equal(Balance(1.0)(wave, RATE), [0 * left, right])
    np.testing.assert_allclose(Balance(-0.25)(wave, RATE), [left, 0.75 * right], atol=1e-6)
    np.testing.assert_array_equal(ToStereo()(left, RATE), [left, left])


@pytest.mark.parametrize("position", [-1.0, -0.4, 0.0, 1.0])
def test_panning_keeps_the_power(position):
    mono = noise(500, 1)
    stereo = Pan(position)(mono, RATE)
    np.testing.assert_allclose(np.square(stereo).sum(axis=0), np.square(mono[0]), rtol=1e-4, atol=1e-9)
    left, right = np.sqrt(np.square(stereo).mean(axis=1))
    assert np.sign(round(float(right - left), 6)) == np.sign(position)


def test_wrong_numbers_of_channels_are_refused():
    for effect in (MidSide(), Width(), SwapChannels(), Balance()):
        with pytest.raises(BadSetting, match="stereo sound, and this has 1"):
            effect(noise(10, 1), RATE)
    with pytest.raises(BadSetting, match="mono sound, and this has 2"):
        Pan()(noise(10), RATE)
