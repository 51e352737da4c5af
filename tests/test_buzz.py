"""Buzz: noise has none, a pattern repeated in every frame has all of it, and only its own band counts."""

import numpy as np
import pytest

from benchmarks.codec.opus import frame_correlation


def test_noise_does_not_buzz_and_repeated_noise_does():
    rng = np.random.default_rng(0)
    assert abs(frame_correlation(rng.standard_normal(64_000), 16_000, 0.02)) < 0.03
    assert frame_correlation(np.tile(rng.standard_normal(320), 200), 16_000, 0.02) > 0.98
    assert abs(frame_correlation(np.tile(rng.standard_normal(320), 200), 16_000, 0.0137)) < 0.3


def test_other_bands_do_not_count():
    time = np.arange(32_000) / 16_000
    noise = np.random.default_rng(0).standard_normal(32_000)
    low = frame_correlation(noise + 50 * np.sin(2 * np.pi * 200 * time), 16_000, 0.02)
    assert low == pytest.approx(frame_correlation(noise, 16_000, 0.02), abs=0.05)


def test_silence_and_short_waves_have_none():
    assert frame_correlation(np.zeros(1_000), 16_000, 0.02) == 0
    assert frame_correlation(np.ones(100), 16_000, 0.02) == 0
