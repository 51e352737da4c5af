"""Audible distance: laws of loudness and masking, asymmetry of added and missing energy, gradients."""

import numpy as np
import pytest
import torch

from wavewright.nn.audible import LISTENING_LEVEL_DB, AudibleDistance, hz_to_bark, threshold_in_quiet_db

RATE = 16_000


def speech_like(seconds=1.2, seed=0):
    """Harmonics of a gliding pitch whose loudness comes and goes, ``(1, time)``."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * 1.5 * time)) / RATE
    wave = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 40))
    return torch.tensor(0.1 * wave * (1.1 + np.sin(2 * np.pi * 4 * time)), dtype=torch.float32)[None]


def noise(like, seed=1):
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def distance():
    return AudibleDistance(RATE)


def test_equal_waves_have_no_distance(distance):
    wave = speech_like()
    assert float(distance(wave, wave)) < 0.01
    assert float(distance(torch.zeros_like(wave), torch.zeros_like(wave))) < 0.01


def test_both_waves_are_scaled_to_the_level_of_the_reference(distance):
    wave = speech_like()
    other = wave + 0.02 * noise(wave)
    assert float(distance(0.05 * wave, 0.05 * other)) == pytest.approx(float(distance(wave, other)), rel=1e-3)


def test_distance_grows_with_noise_and_ignores_masked_noise(distance):
    wave = speech_like()
    distances = [float(distance(wave, wave + gain * noise(wave))) for gain in (1e-6, 1e-3, 1e-2, 1e-1)]
    assert distances == sorted(distances)
    assert distances[0] < 0.01
    assert distances[-1] > 1
    hiss = noise(wave)
    assert float(distance(hiss, hiss + 0.02 * noise(wave, 2))) < 0.01  # 34 dB below the hiss in the same bands


def test_added_energy_counts_more_than_missing_energy(distance):
    wave = speech_like()
    louder = wave + 0.05 * noise(wave)
    assert float(distance(wave, louder)) > float(distance(louder, wave))


def test_loudness_of_a_tone_of_40_db_is_one_sone(distance):
    """Zwicker's law with its constant, in the band of 1 kHz alone."""
    centre = int(np.argmax(distance.bands[round(1000 * distance.n_fft / RATE)].numpy()))
    power = torch.zeros(1, 1, distance.bands.shape[1])
    power[..., centre] = 10**4.0
    assert float(distance._loudness(power)[..., centre]) == pytest.approx(1, abs=0.35)
    power[..., centre] = distance.threshold[centre]
    assert float(distance._loudness(power)[..., centre]) == pytest.approx(0, abs=1e-6)


def test_bands_add_up_to_the_power_of_the_wave(distance):
    tone = torch.sin(2 * np.pi * 1000 * torch.arange(RATE) / RATE)[None]
    level = 10 * torch.log10(distance._band_power(10 ** (LISTENING_LEVEL_DB / 20) * tone).sum(-1).mean())
    assert float(level) == pytest.approx(LISTENING_LEVEL_DB - 3.01, abs=0.1)


def test_scales_have_their_published_values():
    assert hz_to_bark(np.array([100.0, 1000.0, 8000.0])) == pytest.approx([1.07, 8.51, 22.42], abs=0.02)
    assert threshold_in_quiet_db(np.array([100.0, 1000.0, 3300.0])) == pytest.approx([23.0, 3.37, -5.1], abs=0.2)


def test_gradients_are_finite_everywhere(distance):
    wave = speech_like()
    for other in (wave.clone(), torch.zeros_like(wave), 3 * noise(wave)):
        estimate = other.requires_grad_()
        distance(wave, estimate).backward()
        assert torch.isfinite(estimate.grad).all()
