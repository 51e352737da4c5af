"""Distances of reconstructed waves, by formula."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.base.errors import BadSetting
from wavewright.metrics.reconstruction import mel_distance, si_sdr, stft_distance

NOISE = np.random.default_rng(0).standard_normal((2, 16_000)).astype(np.float32)


def test_si_sdr_is_the_relative_level_of_added_noise_at_any_scale():
    other = NOISE[1] - (NOISE[1] @ NOISE[0]) / (NOISE[0] @ NOISE[0]) * NOISE[0]  # orthogonal
    other *= np.linalg.norm(NOISE[0]) / np.linalg.norm(other)
    for scale in (0.01, 1.0, -3.0):
        assert si_sdr(NOISE[0], scale * (NOISE[0] + 0.1 * other)) == pytest.approx(20.0, abs=0.01)
    assert si_sdr(NOISE[0], NOISE[0]) == 100.0
    assert si_sdr(NOISE[0], other) < -60
    assert si_sdr(np.zeros(10), np.zeros(10)) == pytest.approx(0.0)


def test_distances_of_an_attenuated_wave_are_logarithms_of_the_gain():
    assert mel_distance(NOISE[0], 0.5 * NOISE[0], 16_000) == pytest.approx(np.log(4), abs=1e-3)
    assert stft_distance(NOISE[0], 0.5 * NOISE[0]) == pytest.approx(0.5 + np.log(2), abs=1e-3)
    assert mel_distance(NOISE[0], NOISE[0], 16_000) == stft_distance(NOISE[0], NOISE[0]) == 0.0
    assert stft_distance(np.zeros(16_000, np.float32), np.zeros(16_000, np.float32)) == 0.0


def test_waves_must_have_one_shape():
    for measure in (si_sdr, stft_distance):
        with pytest.raises(BadSetting, match=r"shapes \(16000,\) and \(100,\); give two of one shape"):
            measure(NOISE[0], NOISE[0, :100])
    with pytest.raises(BadSetting, match="mix channels first"):
        mel_distance(NOISE, NOISE, 16_000)
