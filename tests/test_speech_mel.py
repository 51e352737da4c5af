"""The frames of voices and vocoders: log-mel spectrograms, the same at every sample rate, for every family."""

import numpy as np
import pytest

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadSetting
from wavewright.dsp.mel import features_to_mel, log_mel, mel_to_features, speech_hop_length, speech_mel
from wavewright.families.wavenet.config import WaveNetConfig
from wavewright.families.wavenet.signal import mel_frames


def dull_noise(seconds: float, sample_rate: int, top_hz: float) -> np.ndarray:
    """Noise ``(time,)`` below a frequency, whose level moves."""
    n_samples = round(seconds * sample_rate)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(n_samples))
    spectrum[np.fft.rfftfreq(n_samples, 1 / sample_rate) > top_hz] = 0
    level = 0.1 + 0.08 * np.sin(2 * np.pi * 3 * np.arange(n_samples) / sample_rate)
    return (level * np.fft.irfft(spectrum, n_samples)).astype(np.float32)


def test_at_16_khz_they_equal_log_mel():
    wave = dull_noise(1.0, 16_000, 8_000)
    expected = log_mel(wave, 16_000, 1_024, 256, 80, f_max_hz=8_000.0, floor=1e-5)[:, :63]
    np.testing.assert_allclose(speech_mel(wave, 16_000), expected, atol=1e-5)
    np.testing.assert_allclose(features_to_mel(mel_to_features(expected)), expected, atol=1e-5)


@pytest.mark.parametrize("sample_rate", [24_000, 48_000])
def test_the_same_sound_has_the_same_frames_at_every_rate(sample_rate):
    wave = dull_noise(1.6, sample_rate, 7_000)
    other = Clip(wave[None], sample_rate).resample(16_000).wave[0]
    actual, expected = speech_mel(wave, sample_rate), speech_mel(other, 16_000)
    assert actual.shape == expected.shape == (80, 100)
    inner = slice(3, -3)  # the edges of a resampled sound differ
    assert np.abs(actual - expected)[:70, inner].max() < 0.03  # above them lies what neither holds


def test_other_families_compute_the_same_frames():
    wave = dull_noise(0.5, 24_000, 9_000)
    config = WaveNetConfig(sample_rate=24_000, condition="mel", n_fft=1_536, hop_length=384)
    np.testing.assert_array_equal(mel_frames(wave, config), speech_mel(wave, 24_000))


def test_rates_have_whole_frames_or_are_refused():
    assert [speech_hop_length(rate) for rate in (16_000, 24_000, 32_000, 48_000)] == [256, 384, 512, 768]
    for rate in (8_000, 22_050, 44_100):
        with pytest.raises(
            BadSetting, match=f"The sample rate is {rate} Hz; mel frames of speech need 16000 Hz or more"
        ):
            speech_hop_length(rate)
