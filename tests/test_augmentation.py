"""Augmentation: each effect has its stated size, and random numbers stay within the settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wavewright.data.augmentation import Augmentation, AugmentationSettings, augment, draw_augmentation, equaliser_gain
from wavewright.families.classifier.config import ClassifierConfig
from wavewright.families.classifier.features import fixed_length

SAMPLE_RATE = 8_000
UNCHANGED = Augmentation(
    speed=1.0,
    delay_seconds=0.0,
    damp_db=0.0,
    tilt_db=0.0,
    curve_db=np.zeros(10),
    low_cut_hz=0.0,
    high_cut_hz=np.inf,
    room_db=-np.inf,
    room_seconds=0.1,
    drive=0.0,
    noise_db=-np.inf,
    noise_seed=0,
)


def test_nothing_changes_without_augmentation():
    wave = np.random.default_rng(0).standard_normal(2_000).astype(np.float32)
    augmented = augment(wave, UNCHANGED, SAMPLE_RATE, 1_600)
    expected = fixed_length(
        wave / np.abs(wave[:1_600]).max(), ClassifierConfig(sample_rate=SAMPLE_RATE, n_samples=1_600)
    )
    np.testing.assert_allclose(augmented, expected, atol=2e-5)


def test_effects_have_their_stated_size():
    seconds = np.arange(4_000) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 500 * seconds).astype(np.float32)

    def peak_hz(wave: np.ndarray) -> float:
        return float(np.abs(np.fft.rfft(wave * np.hanning(len(wave)))).argmax() * SAMPLE_RATE / len(wave))

    assert peak_hz(augment(tone, replace(UNCHANGED, speed=1.2), SAMPLE_RATE, 3_000)) == pytest.approx(600, abs=4)
    delayed = augment(tone, replace(UNCHANGED, delay_seconds=0.01), SAMPLE_RATE, 4_000)
    np.testing.assert_allclose(delayed[80:-80], augment(tone, UNCHANGED, SAMPLE_RATE, 4_000)[:-160], atol=2e-3)
    damped = augment(tone, replace(UNCHANGED, damp_db=40.0), SAMPLE_RATE, 4_000)
    assert 20 * np.log10(np.abs(damped[-400:]).max() / np.abs(damped[:400]).max()) == pytest.approx(-18, abs=1.5)
    noisy = augment(tone, replace(UNCHANGED, noise_db=-20.0), SAMPLE_RATE, 4_000) - augment(
        tone, UNCHANGED, SAMPLE_RATE, 4_000
    )
    assert noisy.std() == pytest.approx(0.1 / 3, rel=0.1)
    click = np.zeros(4_000, np.float32)
    click[0] = 1
    echoes = augment(click, replace(UNCHANGED, room_db=-6.0, room_seconds=0.2), SAMPLE_RATE, 4_000)
    assert 10 * np.log10(np.sum(echoes[1:] ** 2) / echoes[0] ** 2) == pytest.approx(-6, abs=1)
    assert np.abs(echoes[1_700:]).max() < 1e-3


def test_pitch_and_duration_change_each_by_itself():
    seconds = np.arange(8_000) / SAMPLE_RATE
    burst = (np.sin(2 * np.pi * 500 * seconds) * (seconds < 0.6)).astype(np.float32)

    def peak_hz(wave: np.ndarray) -> float:
        return float(np.abs(np.fft.rfft(wave * np.hanning(len(wave)))).argmax() * SAMPLE_RATE / len(wave))

    higher = augment(burst, replace(UNCHANGED, pitch_semitones=3.0), SAMPLE_RATE, 8_000)
    assert peak_hz(higher[:4_000]) == pytest.approx(500 * 2 ** (3 / 12), abs=6)
    longer = augment(burst, replace(UNCHANGED, stretch=1.25), SAMPLE_RATE, 8_000)
    assert peak_hz(longer[:4_000]) == pytest.approx(500, abs=6)
    ends = [np.flatnonzero(np.abs(wave) > 0.3)[-1] / SAMPLE_RATE for wave in (higher, longer)]
    assert ends == pytest.approx([0.6, 0.75], abs=0.03)


def test_clipping_and_quantisation_have_their_stated_size():
    wave = np.sin(2 * np.pi * 440 * np.arange(4_000) / SAMPLE_RATE).astype(np.float32)
    plain = augment(wave, UNCHANGED, SAMPLE_RATE, 4_000)[:3_900]
    clipped = augment(wave, replace(UNCHANGED, clip_db=6.0206), SAMPLE_RATE, 4_000)[:3_900]
    np.testing.assert_allclose(clipped, np.clip(2 * plain, -1, 1), atol=1e-4)
    coarse = augment(wave, replace(UNCHANGED, n_bits=6), SAMPLE_RATE, 4_000)[:3_900]
    assert len(np.unique(coarse)) <= 64
    assert np.abs(coarse - plain).max() < 1 - 64 ** (-1 / 32) + 0.005  # the largest step of 6 bits


def test_the_draws_of_earlier_effects_stay():
    every = AugmentationSettings(
        pitch_probability=1.0, stretch_probability=1.0, clip_probability=1.0, quantise_probability=1.0
    )
    drawn = draw_augmentation(every, np.random.default_rng(3))
    plain = draw_augmentation(AugmentationSettings(), np.random.default_rng(3))
    assert (plain.pitch_semitones, plain.stretch, plain.clip_db, plain.n_bits) == (0.0, 1.0, 0.0, 0)
    assert (drawn.speed, drawn.noise_seed, drawn.tilt_db) == (plain.speed, plain.noise_seed, plain.tilt_db)
    assert 0 < abs(drawn.pitch_semitones) <= 2
    assert 1 / 1.2 <= drawn.stretch <= 1.2
    assert 1 <= drawn.clip_db <= 12
    assert 6 <= drawn.n_bits <= 10


def test_the_equaliser_has_its_stated_gain():
    frequency_hz = np.array([50.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0])
    tilted = equaliser_gain(frequency_hz, replace(UNCHANGED, tilt_db=-3.0))
    np.testing.assert_allclose(20 * np.log10(tilted[1:]), [0, -3, -6, -9], atol=1e-6)
    cut = equaliser_gain(frequency_hz, replace(UNCHANGED, low_cut_hz=50.0, high_cut_hz=8_000.0))
    np.testing.assert_allclose(20 * np.log10(cut[[0, -1]]), -3.01, atol=0.02)


def test_random_numbers_stay_within_their_settings():
    draw = np.random.default_rng(0)
    drawn = [draw_augmentation(AugmentationSettings(), draw) for _ in range(300)]
    assert 0.85 <= min(one.speed for one in drawn) < 0.87
    assert 1.16 < max(one.speed for one in drawn) <= 1.18
    assert np.mean([one.drive > 0 for one in drawn]) == pytest.approx(0.3, abs=0.08)
    assert np.std([one.curve_db for one in drawn]) == pytest.approx(3.0, rel=0.1)
    assert (
        draw_augmentation(AugmentationSettings(), np.random.default_rng(5)).noise_seed
        == draw_augmentation(AugmentationSettings(), np.random.default_rng(5)).noise_seed
    )
