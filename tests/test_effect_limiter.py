"""The limiter keeps true peaks below its ceiling, and leaves everything else alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import resample_poly

from tests.effect_streams import check_effect, noise, tone
from wavewright.dsp.true_peak import true_peaks
from wavewright.effects import Limiter

RATE = 44_100


def oversampled_peak_db(wave, factor=4):
    return 20 * np.log10(np.abs(resample_poly(wave.astype(np.float64), factor, 1, axis=1)).max())


def sounds(seed, sample_rate=RATE):
    """Sounds that need much limiting: noise, bursts, clicks, tones near half the rate, squares."""
    rng = np.random.default_rng(seed)
    n = sample_rate
    yield noise(n, 2, seed, 1.0)
    yield noise(n, 1, seed) * np.repeat(10 ** (rng.uniform(-2, 1, n // 441 + 1)), 441)[:n].astype(np.float32)
    clicks = np.zeros((1, n), np.float32)
    clicks[0, rng.integers(0, n, 300)] = rng.choice([-4.0, 4.0], 300)
    yield clicks
    yield tone(rng.uniform(0.2, 0.49) * sample_rate, sample_rate, 1.0, 3.0)
    yield np.sign(tone(rng.uniform(20, 5_000), sample_rate, 1.0)) * 2.0


@pytest.mark.parametrize("effect", [Limiter(-12.0), Limiter(-20.0, 1.0, 0.0), Limiter(0.0)], ids=str)
def test_the_limiter_is_a_stream(effect):
    check_effect(effect)


@pytest.mark.parametrize("sample_rate", [8_000, 24_000, 44_100])
@pytest.mark.parametrize("effect", [Limiter(), Limiter(-9.0, 1.0, 0.0), Limiter(-3.0, 20.0, 500.0)], ids=str)
def test_true_peaks_never_exceed_the_ceiling(effect, sample_rate):
    for seed in range(6):
        for wave in sounds(seed, sample_rate):
            limited = effect(wave, sample_rate)
            assert limited.shape == wave.shape
            assert oversampled_peak_db(limited) <= effect.ceiling_db
            assert true_peaks(limited).max() <= 10 ** (effect.ceiling_db / 20)


def test_a_steady_tone_is_limited_to_the_ceiling_and_not_below():
    limited = Limiter(-6.0)(tone(997.0, RATE, 2.0, 2.0), RATE)
    assert oversampled_peak_db(limited[:, RATE : RATE + 5_000]) == pytest.approx(-6.0, abs=0.05)


def test_what_needs_no_limiting_is_unchanged():
    wave = noise(RATE, 2, level=0.1)
    np.testing.assert_array_equal(Limiter(-1.0)(wave, RATE), wave)
    wave[0, RATE // 2] = 3.0
    limited = Limiter(-1.0, 5.0, 10.0)(wave, RATE)
    before = RATE // 2 - int(0.006 * RATE)
    np.testing.assert_array_equal(limited[:, :before], wave[:, :before])
    np.testing.assert_array_equal(limited[:, RATE // 2 + RATE // 4 :], wave[:, RATE // 2 + RATE // 4 :])
    gain = limited[1, before : before + RATE // 4] / wave[1, before : before + RATE // 4]
    assert np.abs(np.diff(gain)).max() < 0.02
