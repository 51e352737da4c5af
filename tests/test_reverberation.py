"""The speech-to-reverberation modulation energy ratio: its filters, and the values of another implementation."""

import numpy as np
import pytest
from scipy.signal import oaconvolve, sosfreqz

from wavewright.base.errors import BadSetting
from wavewright.metrics import reverberation as module
from wavewright.metrics.reverberation import gammatone, srmr

RATE = 16_000


def syllables(seed, sample_rate, seconds, decay_seconds):
    """Bursts of a harmonic sound, three a second, in a room."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(sample_rate * seconds)) / sample_rate
    voice = np.sin(2 * np.pi * np.arange(1, 20)[:, None] * 120 * time).sum(axis=0)
    wave = voice * np.maximum(0, np.sin(2 * np.pi * 3 * time)) ** 2 + 0.01 * rng.standard_normal(len(time))
    tail = np.arange(sample_rate // 2)
    room = rng.standard_normal(len(tail)) * np.exp(-tail / sample_rate * 6.9 / decay_seconds)
    room[0] = 5
    return oaconvolve(wave, room)[: len(time)]


@pytest.mark.parametrize(
    ("arguments", "ratio", "normalised"),
    [
        ((0, 16_000, 2.0, 0.05), 5.441733967, 9.064602863),
        ((0, 16_000, 2.0, 0.6), 3.220762057, 6.108585631),
        ((1, 8_000, 3.0, 0.3), 4.332022585, 9.270948214),
    ],
)
def test_equals_srmrpy(arguments, ratio, normalised):
    """SRMRpy (Santos, MIT) with fast=False; and with norm=True, max_cf=30."""
    wave = syllables(*arguments)
    assert srmr(wave, arguments[1]) == pytest.approx(ratio, rel=1e-7)
    assert srmr(wave, arguments[1], normalised=True) == pytest.approx(normalised, rel=1e-7)


@pytest.mark.parametrize("centre", [125.0, 1000.0, 4000.0])
def test_a_gammatone_filter_is_as_wide_as_the_ear(centre):
    frequencies, response = sosfreqz(gammatone(centre, RATE), 2**16, fs=RATE)
    power = np.abs(response) ** 2
    assert np.interp(centre, frequencies, power) == pytest.approx(1, rel=1e-3)
    assert frequencies[power.argmax()] == pytest.approx(centre, rel=0.02)
    assert power.sum() * frequencies[1] == pytest.approx(24.7 + centre / 9.26449, rel=0.03)


def test_falls_with_reverberation_at_every_level():
    ratios = [srmr(syllables(2, RATE, 2.0, decay), RATE) for decay in (0.2, 0.4, 0.8)]
    assert ratios == sorted(ratios, reverse=True)
    assert srmr(1e-4 * syllables(2, RATE, 2.0, 0.4), RATE) == pytest.approx(ratios[1], rel=1e-6)


def test_long_recordings_are_analysed_in_blocks(monkeypatch):
    wave = syllables(3, RATE, 6.0, 0.2)
    whole = srmr(wave, RATE)
    monkeypatch.setattr(module, "BLOCK_SECONDS", 2.0)
    assert srmr(wave, RATE) == pytest.approx(whole, rel=0.05)


@pytest.mark.parametrize("wave", [np.zeros(RATE), np.ones(100), np.zeros(0)])
def test_silence_and_clicks_have_none(wave):
    assert np.isnan(srmr(wave, RATE))


def test_refuses_telephone_rates_below_8_khz():
    with pytest.raises(BadSetting, match="needs at least 8,000 Hz"):
        srmr(np.zeros(RATE), 4_000)
