"""The linear-phase equaliser has the gains of its settings and no phase."""

from __future__ import annotations

import numpy as np
import pytest

from tests.effect_streams import check_effect, cuts, in_blocks, noise
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadSetting
from wavewright.effects import LinearPhaseEqualiser

RATE = 48_000
GAINS_DB = (3.0, -6.0, 0.0, 6.0, 0.0, -3.0, 9.0, 0.0, -12.0, 4.0)


def response_db(effect, frequencies_hz):
    impulse = np.zeros((1, 20_001), np.float32)
    impulse[0, 10_000] = 1.0
    response = effect(impulse, RATE)[0].astype(np.float64)
    np.testing.assert_allclose(response, response[::-1], atol=1e-7)  # no phase
    spectrum = np.exp(-2j * np.pi * np.outer(frequencies_hz, np.arange(-10_000, 10_001)) / RATE) @ response
    return 20 * np.log10(np.abs(spectrum))


def test_the_gains_are_those_of_the_settings():
    effect = LinearPhaseEqualiser(gains_db=GAINS_DB)
    frequencies_hz = np.array([500.0, 700.0, 1_000.0, 1_500.0, 2_000.0, 4_000.0, 6_000.0, 8_000.0, 16_000.0, 20_000.0])
    np.testing.assert_allclose(response_db(effect, frequencies_hz), effect.target_db(frequencies_hz), atol=0.25)
    low_hz = np.array([31.25, 62.5, 125.0, 250.0])
    longer = LinearPhaseEqualiser(gains_db=GAINS_DB, length_ms=400.0)
    np.testing.assert_allclose(response_db(longer, low_hz), longer.target_db(low_hz), atol=0.8)


def test_the_target_is_interpolated_on_a_logarithmic_axis():
    effect = LinearPhaseEqualiser((100.0, 400.0), (0.0, 12.0))
    np.testing.assert_allclose(effect.target_db(np.array([0.0, 100.0, 200.0, 400.0, 9_000.0])), [0, 0, 6, 12, 12])


def test_no_gain_changes_nothing():
    wave = noise(9_000)
    np.testing.assert_allclose(LinearPhaseEqualiser()(wave, RATE), wave, atol=1e-6)


@pytest.mark.parametrize("length_ms", [2.0, 20.0, 100.0])
def test_linear_phase_is_a_stream(length_ms):
    effect = LinearPhaseEqualiser(gains_db=GAINS_DB, length_ms=length_ms)
    check_effect(effect, sample_rate=16_000)
    stream = effect.stream(SoundFormat(RATE, 2))
    n_taps = len(effect.taps(RATE))
    assert n_taps // 2 < stream.latency_samples <= n_taps // 2 + max(256, n_taps // 2)
    wave = noise(20_000)
    np.testing.assert_array_equal(in_blocks(effect, wave, RATE, cuts(20_000, 1, 9_000)), effect(wave, RATE))


def test_bands_that_do_not_fit_are_refused():
    with pytest.raises(BadSetting, match="one gain for each frequency"):
        LinearPhaseEqualiser((100.0, 200.0), (1.0,))
    with pytest.raises(BadSetting, match="ascending"):
        LinearPhaseEqualiser((200.0, 100.0), (1.0, 1.0))
    with pytest.raises(BadSetting, match="gains_db"):
        LinearPhaseEqualiser((200.0,), (100.0,))
