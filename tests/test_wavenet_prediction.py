"""Linear prediction from mel frames: exact both ways, whitening, and a vocoder that is equal in any chunks."""

import numpy as np
import pytest
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from wavewright.base.errors import BadSetting
from wavewright.dsp.mel import features_to_mel, mel_to_features
from wavewright.families.wavenet.config import WaveNetConfig
from wavewright.families.wavenet.prediction import RESIDUAL_LEVEL, levinson, mel_to_prediction
from wavewright.families.wavenet.signal import mel_frames, signal_to_wave, wave_to_signal

CONFIG = WaveNetConfig(condition="mel", head="mu-law", prediction_order=16)


def resonant_noise(seconds: float = 2.0) -> np.ndarray:
    """White noise through two resonances, ``(time,)`` at 16 kHz: an autoregressive process of order 4."""
    noise = np.random.default_rng(0).standard_normal(round(16_000 * seconds))
    poles = np.concatenate([0.95 * np.exp([1j * f, -1j * f]) for f in (0.3, 1.2)])
    return (0.1 * lfilter([1.0], np.poly(poles).real, noise)).astype(np.float32)


def test_levinson_solves_the_normal_equations():
    powers = np.random.default_rng(0).uniform(0.1, 5.0, (3, 33))
    correlation = np.fft.irfft(powers, axis=1)[:, :11]
    coefficients, error = levinson(correlation)
    for row, solution, residual in zip(correlation, coefficients, error, strict=True):
        expected = solve_toeplitz(row[:10], row[1:])
        np.testing.assert_allclose(solution, expected, atol=1e-9)
        assert residual == pytest.approx(row[0] - expected @ row[1:])


def test_what_is_left_is_white_and_of_one_level_however_loud_the_wave():
    for gain in (1.0, 0.1):
        wave = gain * resonant_noise()
        residual = mel_to_prediction(mel_frames(wave, CONFIG), CONFIG).residual(np.pad(wave, (16, 0)))[1_000:-1_000]
        assert np.sqrt(np.mean(residual**2)) == pytest.approx(RESIDUAL_LEVEL, rel=0.15)
        power = np.abs(np.fft.rfft(residual[:28_672].reshape(-1, 256), axis=1)[:, 2:-2]) ** 2
        assert np.ptp(10 * np.log10(power.mean(0).reshape(-1, 5).mean(1))) < 6  # the wave's own spectrum spans 40 dB


def test_the_wave_comes_back_whole_and_in_chunks():
    wave = resonant_noise()
    prediction = mel_to_prediction(mel_frames(wave, CONFIG), CONFIG)
    residual = prediction.residual(np.pad(wave, (16, 0)))
    np.testing.assert_allclose(prediction.synthesise(residual, np.zeros(16))[16:], wave, atol=1e-6)
    signal = wave_to_signal(np.pad(wave, (16, 0)), CONFIG, prediction)[None]
    whole, _ = signal_to_wave(signal, CONFIG, prediction=prediction)
    assert (
        10 * np.log10(np.mean(wave**2) / np.mean((whole[0] - wave) ** 2)) > 25
    )  # mu-law's noise, shaped as the sound is
    first, past = signal_to_wave(signal[:, :6_400], CONFIG, prediction=prediction)
    second, _ = signal_to_wave(signal[:, 6_400:], CONFIG, past, prediction, 100)
    np.testing.assert_array_equal(np.concatenate([first, second], axis=1), whole)


def test_features_say_the_mel_frames():
    mel = mel_frames(resonant_noise(0.2), CONFIG)
    np.testing.assert_allclose(features_to_mel(mel_to_features(mel)), mel, atol=1e-5)


@pytest.mark.parametrize("settings", [{"condition": "position"}, {"condition": "mel", "pre_emphasis": 0.85}])
def test_prediction_needs_mel_frames_and_no_emphasis(settings):
    with pytest.raises(
        BadSetting, match=r"prediction_order (belongs to condition=mel|and pre_emphasis exclude each other)"
    ):
        WaveNetConfig(prediction_order=16, **settings)
