"""Modulation and delays follow their formulas, in streams as in whole."""

from __future__ import annotations

import numpy as np
import pytest

from tests.effect_streams import check_effect, noise, tone
from wavewright.base.errors import BadSetting
from wavewright.effects import Chorus, Delay, Flanger, Phaser, RingModulator, Tremolo, Vibrato

RATE = 16_000
EFFECTS = [
    *(Tremolo(7.0, 0.9), RingModulator(440.0, 0.7), Phaser(3.0), Phaser(0.5, n_filters=1, feedback=-0.9)),
    *(Delay(0.05, 0.5, 0.4), Delay(0.0001, 0.9, 1.0), Vibrato(6.0, 50.0), Chorus(), Chorus(5.0, 1.0, 0.0, 1, 1.0)),
    *(Flanger(), Flanger(2.0, 0.05, 0.0, -0.9)),
]


@pytest.mark.parametrize("effect", EFFECTS, ids=str)
def test_modulation_is_a_stream(effect):
    check_effect(effect)
    check_effect(effect, n_channels=1, n_samples=500)


def test_tremolo_and_ring_modulation_multiply():
    wave = noise(3 * RATE)
    time = np.arange(3 * RATE) / RATE
    gain = 1 - 0.6 * (1 - np.cos(2 * np.pi * 4 * time)) / 2
    np.testing.assert_allclose(Tremolo(4.0, 0.6)(wave, RATE), wave * gain, atol=1e-6)
    product = wave * np.sin(2 * np.pi * 300 * time)
    np.testing.assert_allclose(RingModulator(300.0)(wave, RATE), product, atol=1e-6)
    np.testing.assert_allclose(RingModulator(300.0, 0.25)(wave, RATE), 0.25 * product + 0.75 * wave, atol=1e-6)


def test_a_delay_has_the_impulse_response_of_its_settings():
    impulse = np.zeros((1, 1_000), np.float32)
    impulse[0, 0] = 1.0
    response = Delay(0.01, 0.5, 0.25, tail_seconds=0.5)(impulse, RATE)[0]
    assert len(response) == 1_000 + RATE // 2
    expected = np.zeros(len(response))
    expected[0] = 0.75
    echoes = np.arange(160, len(response), 160)
    expected[echoes] = 0.25 * 0.5 ** np.arange(len(echoes))
    np.testing.assert_allclose(response, expected, atol=1e-7)


def test_vibrato_is_the_sound_at_varying_times():
    rate_hz, cents, hz = 5.0, 40.0, 300.0
    wave = tone(hz, RATE, 2.0)
    depth = (2 ** (cents / 1200) - 1) / (2 * np.pi * rate_hz)
    latency = np.ceil(depth * RATE + 2)
    time = (np.arange(2 * RATE) + latency) / RATE  # of the oscillator, which runs since the first sample
    position = time - latency / RATE - depth * np.sin(2 * np.pi * rate_hz * time)
    actual = Vibrato(rate_hz, cents)(wave, RATE)[0]
    inside = slice(500, -500)
    np.testing.assert_allclose(actual[inside], np.sin(2 * np.pi * hz * position)[inside], atol=2e-3)
    pitch = hz * np.gradient(position, 1 / RATE)
    assert 1200 * np.log2(pitch.max() / hz) == pytest.approx(cents, abs=0.1)


def test_chorus_and_flanger_without_depth_are_fixed_delays():
    wave = noise(2_000)
    delayed = np.pad(wave, ((0, 0), (160, 0)))[:, :2_000]
    np.testing.assert_allclose(Chorus(1.0, 10.0, 0.0, 3, 0.5)(wave, RATE), 0.5 * (wave + delayed), atol=1e-6)
    np.testing.assert_allclose(
        Flanger(1.0, 10.0, 0.0, 0.5, 0.5)(wave, RATE), 0.5 * wave + 0.5 * Delay(0.01, 0.5, 1.0)(wave, RATE), atol=1e-6
    )


@pytest.mark.parametrize("feedback", [0.0, 0.7, -0.5])
def test_a_phaser_that_stands_has_the_response_of_its_all_pass_filters(feedback):
    effect = Phaser(1.0, 1_000.0, 1_000.0, 4, feedback, 0.5)
    impulse = np.zeros((1, 4_000), np.float32)
    impulse[0, 0] = 1.0
    hz = np.fft.rfftfreq(4_000, 1 / RATE)
    z = np.exp(-2j * np.pi * hz / RATE)
    a = (np.tan(np.pi * 1_000 / RATE) - 1) / (np.tan(np.pi * 1_000 / RATE) + 1)
    chain = ((a + z) / (1 + a * z)) ** 4
    expected = 0.5 + 0.5 * chain / (1 - feedback * z * chain)
    np.testing.assert_allclose(np.fft.rfft(effect(impulse, RATE)[0]), expected, atol=1e-4)
    if not feedback:
        assert np.abs(expected).min() < 0.01


def test_settings_that_do_not_fit_are_refused():
    with pytest.raises(BadSetting, match="below half"):
        RingModulator(8_000.0)(noise(10), RATE)
    with pytest.raises(BadSetting, match="below half"):
        Phaser(high_hz=9_000.0)(noise(10), RATE)
    with pytest.raises(BadSetting, match="must not be higher"):
        Phaser(low_hz=500.0, high_hz=400.0)
    with pytest.raises(BadSetting, match="feedback"):
        Delay(feedback=1.0)
