"""Normalisation reaches the loudness, and keeps the limit of the true peak."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.effect_streams import cuts, in_blocks, noise, tone
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.dsp.loudness import integrated_loudness
from wavewright.dsp.true_peak import true_peak_db
from wavewright.effects import Limiter, NormaliseLoudness
from wavewright.effects.loudness import LoudnessMeasurement

RATE = 16_000


@pytest.mark.parametrize("target_lufs", [-30.0, -23.0, -16.0])
@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_the_loudness_is_that_of_the_setting(target_lufs, n_channels):
    wave = noise(2 * RATE, n_channels)
    normalised = NormaliseLoudness(target_lufs)(wave, RATE)
    assert integrated_loudness(normalised, RATE) == pytest.approx(target_lufs, abs=1e-4)
    np.testing.assert_allclose(normalised / wave, (normalised / wave)[0, 0], rtol=1e-5)


def test_a_sine_of_1_khz_has_its_level():
    """BS.1770: a sine of 1 kHz at full scale in one channel is -3.01 LUFS."""
    normalised = NormaliseLoudness(-23.0)(tone(1_000.0, 48_000, 1.0, 0.1), 48_000)
    assert 20 * np.log10(np.abs(normalised).max()) == pytest.approx(-23.0 + 3.01, abs=0.02)


def test_peaks_lower_the_gain():
    wave = noise(RATE)
    wave[0, 8_000] = 3.0
    normalised = NormaliseLoudness(-10.0, -1.0)(wave, RATE)
    assert true_peak_db(normalised) == pytest.approx(-1.0, abs=1e-4)
    assert integrated_loudness(normalised, RATE) < -11.0
    np.testing.assert_allclose(normalised / wave, (normalised / wave)[0, 0], rtol=1e-5)
    quiet = NormaliseLoudness(-40.0, -1.0)(wave, RATE)
    np.testing.assert_array_equal(quiet, NormaliseLoudness(-40.0)(wave, RATE))


def test_a_limiter_lowers_the_peaks_and_the_gain_makes_up_for_it():
    wave = noise(RATE)
    wave[:, ::1_600] = 3.0
    limited = NormaliseLoudness(-18.0, -6.0, limit=True)(wave, RATE)
    assert limited.shape == wave.shape
    assert true_peak_db(limited) <= -6.0
    assert integrated_loudness(limited, RATE) == pytest.approx(-18.0, abs=0.05)
    scaled = wave * np.float32(10 ** ((-18.0 - integrated_loudness(wave, RATE)) / 20))
    assert integrated_loudness(Limiter(-6.0)(scaled, RATE), RATE) < -18.5


def test_a_target_beyond_the_peaks_is_approached_as_far_as_they_allow():
    """The peaks are lowered by 12 dB, or by as much as the gain alone asks for; with a cap by 12 dB at most."""
    wave = np.zeros((1, 3 * RATE), np.float32)
    wave[0, :: RATE // 4] = 0.5
    needed_db = -8.0 - integrated_loudness(wave, RATE)
    for is_capped, gain_db in ((False, needed_db), (True, -1.0 - true_peak_db(wave) + 12.0)):
        measurement = LoudnessMeasurement(SoundFormat(RATE, 1), -8.0, -1.0, Limiter(-1.0), is_capped=is_capped)
        measurement.add(wave)
        limited = measurement.effect()(wave, RATE)
        np.testing.assert_array_equal(limited, Limiter(-1.0)(wave * np.float32(10 ** (gain_db / 20)), RATE))
        assert measurement.lufs == pytest.approx(integrated_loudness(limited, RATE), abs=1e-6)
        assert measurement.true_peak_db <= -1.0


@pytest.mark.parametrize("settings", [NormaliseLoudness(), NormaliseLoudness(-12.0, -3.0, limit=True)], ids=str)
def test_both_passes_are_streams(settings):
    wave = noise(12_000)
    edges = cuts(12_000, 0, 900)
    measurement = settings.measurement(SoundFormat(RATE, 2))
    for start, end in pairwise(edges):
        measurement.add(wave[:, start:end])
    whole = measurement.effect()(wave, RATE)
    np.testing.assert_array_equal(in_blocks(measurement.effect(), wave, RATE, edges), whole)
    np.testing.assert_allclose(whole, settings(wave, RATE), rtol=1e-5)


def test_silence_is_unchanged():
    for n_samples in (0, 1, 5_000):
        silence = np.zeros((2, n_samples), np.float32)
        np.testing.assert_array_equal(NormaliseLoudness(-16.0, -1.0)(silence, RATE), silence)


def test_what_has_no_loudness_is_refused():
    with pytest.raises(BadAudio, match="has 9"):
        NormaliseLoudness()(noise(100, 9), RATE)
    with pytest.raises(BadSetting, match="max_true_peak_db is 3"):
        NormaliseLoudness(-16.0, 3.0)
