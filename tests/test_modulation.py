"""The modulation spectrum of sounds whose modulations are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.harness.modulation import level_modulation_spectrum, modulation_distance, modulation_spectrum
from wavewright.base.errors import BadAudio, BadSetting

RATE = 16_000


def flutter(depth_db, rate_hz, seconds=4.0, seed=0, n=10):
    """Noise whose level moves as a sine of ``depth_db``."""
    time = np.arange(round(seconds * RATE)) / RATE
    gain = 10 ** (depth_db * np.sin(2 * np.pi * rate_hz * time) / 20)
    return (0.05 * gain * np.random.default_rng(seed).standard_normal((n, len(time)))).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [4.0, 8.0, 16.0, 32.0])
def test_a_sine_of_levels_has_its_power_at_its_rate(rate_hz):
    level_db = 6 * np.sin(2 * np.pi * rate_hz * np.arange(1000) / 100)[None]
    power = level_modulation_spectrum(level_db, 100.0)
    number = round(2 * np.log2(rate_hz))  # of a half-octave band from 1 Hz on
    assert power.shape == (1, 11)
    assert power[0, number] == pytest.approx(6**2 / 2, rel=0.02)
    assert power.sum() == pytest.approx(6**2 / 2, rel=0.02)


def test_twice_the_movement_is_six_decibels():
    level_db = np.random.default_rng(0).standard_normal((4, 2000))
    powers = [level_modulation_spectrum(factor * level_db, 100.0) for factor in (1, 2)]
    np.testing.assert_allclose(10 * np.log10(powers[1] / powers[0]), 20 * np.log10(2), atol=1e-9)


def test_a_flutter_is_measured_at_any_gain():
    spectra = [modulation_spectrum(gain * flutter(8, 8), RATE) for gain in (1.0, 0.1)]
    assert (spectra[0].mean(axis=0).argmax(), spectra[0].mean(axis=0)[6]) == (6, pytest.approx(32, rel=0.1))
    np.testing.assert_allclose(*spectra, rtol=1e-3)


def test_distance_separates_fluctuating_and_constant_levels():
    reference = flutter(8, 8)
    assert modulation_distance(reference, reference, RATE) == 0.0
    others = flutter(8, 8, seed=1), flutter(8, 2), flutter(0, 8)
    same, slower, still = (modulation_distance(reference, other, RATE) for other in others)
    assert same < 0.9
    assert min(slower, still) > 4 * same


def test_short_or_shapeless_waves_are_refused():
    with pytest.raises(BadSetting, match=r"The clips last 0\.5.* s; the modulation spectrum needs segments of 2 s"):
        modulation_spectrum(np.zeros((2, RATE // 2), np.float32), RATE)
    with pytest.raises(BadAudio, match=r"must be \(n, time\)"):
        modulation_spectrum(np.zeros(RATE, np.float32), RATE)
