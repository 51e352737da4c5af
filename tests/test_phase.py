"""Waves from magnitudes and mel bands against librosa and arithmetic: Griffin-Lim, pitch, pulses and shaped noise."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from wavewright.base.errors import BadSetting
from wavewright.dsp.mel import mel_filterbank
from wavewright.dsp.phase import griffin_lim, mel_to_power
from wavewright.dsp.pitch import track_pitch
from wavewright.dsp.spectrum import istft, spectrogram, stft
from wavewright.families.lstm.frames import disperse, mix_by_periodicity, pulse_train, shape_to_mel

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import librosa

RATE = 8_000


def noise(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


def vowel(f0_hz=150.0, seconds=0.6, snr_db=30.0):
    """Harmonics that fall by 1 / k, with noise ``snr_db`` below."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * k * f0_hz * time) / k for k in range(1, int(RATE / 2 / f0_hz)))
    return (0.2 * (wave + wave.std() * 10 ** (-snr_db / 20) * noise(len(time)))).astype(np.float32)


# --- Griffin-Lim


@pytest.mark.parametrize("momentum", [0.0, 0.99])
def test_griffin_lim_equals_librosa(momentum):
    magnitude = np.abs(stft(vowel(), 256, 64))
    for n_iterations in (1, 4):
        expected = librosa.griffinlim(
            magnitude, n_iter=n_iterations, hop_length=64, n_fft=256, momentum=momentum, init=None, pad_mode="constant"
        )
        actual = griffin_lim(magnitude, 256, 64, n_iterations, momentum)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-4)


def spectral_convergence(magnitude, wave):
    """Return ``||magnitude - |stft(wave)||| / ||magnitude||``."""
    estimate = np.abs(stft(wave, 256, 64))[..., : magnitude.shape[-1]]
    return np.linalg.norm(magnitude - estimate) / np.linalg.norm(magnitude)


def test_griffin_lim_comes_closer_and_momentum_comes_closest():
    wave = vowel() + 0.05 * noise(4800, 1)
    magnitude = np.abs(stft(wave, 256, 64))
    start = stft(noise(len(wave), 2), 256, 64)

    def distance(n_iterations, momentum):
        rebuilt = griffin_lim(magnitude, 256, 64, n_iterations, momentum, len(wave), start)
        return spectral_convergence(magnitude, rebuilt)

    plain = [distance(n, 0.0) for n in (0, 4, 16, 64)]
    assert plain == sorted(plain, reverse=True)
    assert distance(64, 0.99) < 0.7 * plain[-1]


def test_griffin_lim_preserves_a_wave_with_its_own_phases():
    wave = vowel()
    spectrum = stft(wave, 256, 64)
    rebuilt = griffin_lim(np.abs(spectrum), 256, 64, 5, n_samples=len(wave), start=spectrum)
    np.testing.assert_allclose(rebuilt, wave, atol=1e-5)
    assert spectral_convergence(np.abs(spectrum), wave) < 1e-6


def test_griffin_lim_refuses_sizes_that_do_not_fit():
    with pytest.raises(BadSetting, match="The spectrum has 100 bins; n_fft 256 needs 129"):
        griffin_lim(np.ones((100, 4)), 256, 64)
    with pytest.raises(BadSetting, match="The initial spectrum has shape"):
        griffin_lim(np.ones((129, 4)), 256, 64, start=np.ones((129, 5)))
    with pytest.raises(BadSetting, match="neither may be negative"):
        griffin_lim(np.ones((129, 4)), 256, 64, momentum=-0.5)


# --- mel bands back to bins


def test_the_inverse_of_mel_bands_is_as_close_as_librosas():
    wave = vowel() + 0.05 * noise(4800, 1)
    filters = mel_filterbank(RATE, 256, 40)
    mel = filters @ spectrogram(wave, 256, 64)
    power = mel_to_power(mel, filters, 200)
    expected = librosa.feature.inverse.mel_to_stft(mel, sr=RATE, n_fft=256, power=1.0)
    assert (power >= 0).all()

    def error(candidate):
        return np.linalg.norm(filters @ candidate - mel) / np.linalg.norm(mel)

    assert error(power) < 0.01
    assert error(power) < error(expected) + 0.01
    levels_db = [10 * np.log10(filters @ candidate + 1e-6) for candidate in (power, mel_to_power(mel, filters, 0))]
    asked_db = 10 * np.log10(mel + 1e-6)
    assert np.abs(levels_db[0] - asked_db).mean() < 0.3 * np.abs(levels_db[1] - asked_db).mean()
    with pytest.raises(BadSetting, match=r"must be \(\.\.\., 40, frames\)"):
        mel_to_power(mel[:30], filters)


# --- pitch


@pytest.mark.parametrize("f0_hz", [75.0, 120.0, 233.3, 350.0])
def test_pitch_of_harmonics(f0_hz):
    track = track_pitch(vowel(f0_hz), RATE, 80)
    middle = slice(6, -6)
    np.testing.assert_allclose(track.f0_hz[middle], f0_hz, rtol=0.005)
    assert len(track.f0_hz) == 4800 // 80 + 1


def test_pitch_follows_a_glide():
    time = np.arange(RATE) / RATE
    pitch_hz = 100 * 2**time
    angle = 2 * np.pi * np.cumsum(pitch_hz) / RATE
    wave = sum(np.sin(k * angle) / k for k in range(1, 15)).astype(np.float32)
    track = track_pitch(wave, RATE, 80)
    np.testing.assert_allclose(track.f0_hz[5:-5], pitch_hz[::80][5:96], rtol=0.01)


def test_noise_and_silence_have_no_pitch():
    assert (track_pitch(noise(RATE), RATE, 80).f0_hz > 0).mean() < 0.1
    assert not track_pitch(np.zeros(RATE, np.float32), RATE, 80).f0_hz.any()


@pytest.mark.parametrize("snr_db", [3.0, 6.0, 12.0])
def test_periodicity_is_the_harmonic_fraction_of_the_power(snr_db):
    track = track_pitch(vowel(150, 2.0, snr_db), RATE, 80)
    expected = 1 / (1 + 10 ** (-snr_db / 10))
    assert track.periodicity[0, 10:-10].mean() == pytest.approx(expected, abs=0.04)


def test_each_band_has_its_own_periodicity():
    spectrum = np.fft.rfft(noise(2 * RATE))
    spectrum[: 2 * 1500] = 0  # noise above 1.5 kHz alone
    wave = vowel(150, 2.0, 60.0) + 0.1 * np.fft.irfft(spectrum).astype(np.float32)
    low, high = track_pitch(wave, RATE, 80, band_edges_hz=(0, 1000, 4000)).periodicity[:, 10:-10].mean(axis=1)
    assert low > 0.97
    assert high < 0.3


def test_pitch_refuses_impossible_limits():
    with pytest.raises(BadSetting, match="The pitch limits are 300 to 200 Hz"):
        track_pitch(noise(800), RATE, 80, 300, 200)
    with pytest.raises(BadSetting, match="two or more numbers that rise"):
        track_pitch(noise(800), RATE, 80, band_edges_hz=(0, 500, 500))


# --- excitation


def test_pulses_are_the_sum_of_all_harmonics():
    f0_hz, n = 130.0, 1600
    time = (np.arange(n) + 1) / RATE  # the angle has turned by one step at the first sample
    expected = sum(np.cos(2 * np.pi * k * f0_hz * time) for k in range(1, int(RATE / 2 / f0_hz) + 1))
    actual = pulse_train(np.full(21, f0_hz), RATE, 80, n)
    np.testing.assert_allclose(actual, 2 * np.sqrt(f0_hz / RATE) * expected, atol=1e-3)
    assert np.square(pulse_train(np.full(101, f0_hz), RATE, 80, RATE)).mean() == pytest.approx(1.0, abs=0.1)
    with pytest.raises(BadSetting, match="needs a pitch above 0 in every frame"):
        pulse_train(np.zeros(3), RATE, 80, 160)


def test_dispersion_delays_high_frequencies():
    for frequency_hz in (1000, 3000):
        time = np.arange(4000) / RATE
        burst = (np.exp(-0.5 * ((time - 0.25) / 0.004) ** 2) * np.sin(2 * np.pi * frequency_hz * time)).astype(
            np.float32
        )
        made = istft(disperse(stft(burst, 256, 32), 0.003, RATE), 256, 32, n_samples=4000)
        centre = (np.square(made) * time).sum() / np.square(made).sum()
        assert centre - 0.25 == pytest.approx(0.003 * frequency_hz / (RATE / 2), abs=1e-4)
    pulses = pulse_train(np.full(101, 130.0), RATE, 80, RATE)
    made = istft(disperse(stft(pulses, 256, 80), 0.003, RATE), 256, 80, n_samples=RATE)
    assert np.abs(made[800:-800]).max() < 0.67 * np.abs(pulses).max()


def test_shaped_noise_has_the_target_mel_bands():
    wave = vowel() * np.linspace(0, 1, 4800, dtype=np.float32) + 0.01 * noise(4800, 3)
    filters = mel_filterbank(RATE, 256, 32)
    mel = filters @ spectrogram(wave, 256, 80)
    errors_db = []
    for n_iterations in (1, 4, 16):
        made = shape_to_mel(stft(noise(4800), 256, 80), mel, filters, 256, 80, 4800, n_iterations)
        actual = filters @ spectrogram(made, 256, 80)
        errors_db.append(np.abs(10 * np.log10((actual + 1e-4) / (mel + 1e-4))).mean())
    assert errors_db == sorted(errors_db, reverse=True)
    assert errors_db[1] < 1.0


def test_a_voice_of_pulses_keeps_its_pitch_and_is_as_periodic_as_asked():
    filters = mel_filterbank(RATE, 256, 32)
    wave = vowel(150, 2.0)
    mel = filters @ spectrogram(wave, 256, 80)
    actual = []
    for periodicity in (0.3, 0.8, 1.0):
        waves = pulse_train(np.full(mel.shape[1], 150.0), RATE, 80, len(wave)), noise(len(wave))
        pulses, breath = (stft(wave, 256, 80) for wave in waves)
        spectrum = mix_by_periodicity(pulses, breath, np.full((129, mel.shape[1]), periodicity))
        made = track_pitch(shape_to_mel(spectrum, mel, filters, 256, 80, len(wave)), RATE, 80)
        actual.append(np.median(made.periodicity))
    np.testing.assert_allclose(np.median(made.f0_hz), 150, rtol=0.01)
    assert actual == sorted(actual)
    assert actual[0] < 0.7
    assert actual[-1] > 0.99
