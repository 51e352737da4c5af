"""Signal processing against librosa, pyloudnorm, published numbers and arithmetic."""

import math
import warnings

import numpy as np
import pytest

from wavewright.base.errors import BadAudio, BadSetting
from wavewright.dsp.companding import mu_law_decode, mu_law_dequantise, mu_law_encode, mu_law_quantise
from wavewright.dsp.loudness import LoudnessMeter, integrated_loudness, k_weighting, normalise_loudness
from wavewright.dsp.mel import hz_to_mel, log_mel, mel_filterbank, mel_spectrogram, mel_to_hz, power_to_db
from wavewright.dsp.onset import align, count_onsets, fade, onset_sample, trim
from wavewright.dsp.spectrum import BLOCK_FRAMES, frame, hann_window, istft, overlap_add, spectrogram, stft

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import librosa
    import pyloudnorm

SIZES = [(1024, 256, 1024), (512, 100, 400), (600, 150, 600), (441, 110, 441), (1200, 300, 900)]
"""n_fft, hop_length, win_length: also not a power of two, odd, and with a window shorter than n_fft."""


def noise(*shape, seed=0, scale=0.1):
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def sine(frequency_hz, seconds, sample_rate, level_db=0.0):
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


# --- spectrum


@pytest.mark.parametrize(("n_fft", "hop_length", "win_length"), SIZES)
@pytest.mark.parametrize(("padding", "pad_mode"), [("zero", "constant"), ("reflect", "reflect"), ("none", None)])
def test_stft_equals_librosa(n_fft, hop_length, win_length, padding, pad_mode):
    wave = noise(2, 5_000)
    window = hann_window(n_fft, win_length)
    expected = librosa.stft(
        wave,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        center=pad_mode is not None,
        pad_mode=pad_mode or "constant",
    )
    spectrum = stft(wave, n_fft, hop_length, window, padding)
    assert spectrum.dtype == np.complex64
    np.testing.assert_allclose(spectrum, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("n_fft", "hop_length", "win_length"), SIZES)
def test_istft_equals_librosa_on_any_spectrum(n_fft, hop_length, win_length):
    spectrum = (noise(2, n_fft // 2 + 1, 20) + 1j * noise(2, n_fft // 2 + 1, 20, seed=1)).astype(np.complex64)
    expected = librosa.istft(
        spectrum, n_fft=n_fft, hop_length=hop_length, win_length=win_length, length=18 * hop_length
    )
    wave = istft(spectrum, n_fft, hop_length, hann_window(n_fft, win_length), 18 * hop_length)
    assert wave.dtype == np.float32
    np.testing.assert_allclose(wave, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("n_fft", "hop_length", "win_length"), SIZES)
@pytest.mark.parametrize("padding", ["zero", "reflect"])
@pytest.mark.parametrize("n_samples", [3_000, 3_001, 3_333])
def test_istft_undoes_stft(n_fft, hop_length, win_length, padding, n_samples):
    wave = noise(3, 2, n_samples)
    window = hann_window(n_fft, win_length)
    again = istft(stft(wave, n_fft, hop_length, window, padding), n_fft, hop_length, window, n_samples, padding)
    np.testing.assert_allclose(again, wave, rtol=0, atol=1e-5)


def test_a_sine_lies_in_its_bin():
    levels = spectrogram(sine(1_000, 1.0, 16_000), 1_600, 400, power=1.0)[:, 10:-10]
    assert (levels.argmax(axis=0) == 100).all()
    np.testing.assert_allclose(levels[100], 1_600 / 4, rtol=1e-3)  # half the sum of a Hann window


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_spectrogram_is_the_power_of_the_stft(power):
    wave = noise(BLOCK_FRAMES * 256 + 5_000)
    np.testing.assert_allclose(
        spectrogram(wave, 1024, 256, power=power), np.abs(stft(wave, 1024, 256)) ** power, rtol=1e-4
    )


def test_double_precision_stays():
    wave = noise(2_000).astype(np.float64)
    spectrum = stft(wave, 512, 128)
    assert spectrum.dtype == np.complex128
    np.testing.assert_allclose(istft(spectrum, 512, 128, n_samples=2_000), wave, rtol=0, atol=1e-7)


def test_overlap_add_is_the_adjoint_of_framing():
    wave, frames = noise(1_000).astype(np.float64), noise(13, 100, seed=1).astype(np.float64)
    expected = np.vdot(frame(wave, 100, 70)[:13], frames)
    summed = overlap_add(frames, 70)
    assert np.vdot(wave[: len(summed)], summed) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 1), "n_fft is 0"),
        ((512, 0), "hop_length is 0"),
        ((512, 513), "hop_length is 513"),
        ((4096, 64, None, "reflect"), "1000 samples"),
        ((4096, 64, None, "none"), "1000 samples"),
        ((512, 128, None, "mirror"), "padding is 'mirror'"),
        ((512, 128, np.ones(500)), "window has shape"),
    ],
)
def test_impossible_frames_are_refused(arguments, words):
    with pytest.raises(BadSetting, match=words):
        stft(noise(1_000), *arguments)


# --- mel


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize(("n_fft", "n_mels"), [(1024, 80), (600, 40), (2048, 128)])
@pytest.mark.parametrize(("preset", "htk", "norm"), [("librosa", False, "slaney"), ("htk", True, None)])
def test_mel_filters_equal_librosa(sample_rate, n_fft, n_mels, preset, htk, norm):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some filters are empty
        expected = librosa.filters.mel(
            sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=30, fmax=3_800, htk=htk, norm=norm
        )
    np.testing.assert_allclose(
        mel_filterbank(sample_rate, n_fft, n_mels, 30, 3_800, preset), expected, rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("preset", ["librosa", "htk"])
def test_mel_scale_and_back(preset):
    frequency_hz = np.array([0.0, 100.0, 999.0, 1_000.0, 1_001.0, 20_000.0])
    np.testing.assert_allclose(hz_to_mel(frequency_hz, preset), librosa.hz_to_mel(frequency_hz, htk=preset == "htk"))
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(frequency_hz, preset), preset), frequency_hz)


@pytest.mark.parametrize(("preset", "htk", "norm"), [("librosa", False, "slaney"), ("htk", True, None)])
@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_mel_spectrogram_equals_librosa(preset, htk, norm, sample_rate):
    wave = noise(2, 20_000)
    expected = librosa.feature.melspectrogram(
        y=wave, sr=sample_rate, n_fft=1024, hop_length=256, n_mels=64, htk=htk, norm=norm
    )
    power = mel_spectrogram(wave, sample_rate, 1024, 256, 64, preset=preset)
    assert power.dtype == np.float32
    np.testing.assert_allclose(power, expected, rtol=1e-4, atol=1e-4)
    logarithmic = log_mel(wave, sample_rate, 1024, 256, 64, preset=preset, floor=1e-3)
    np.testing.assert_allclose(logarithmic, np.log(expected + 1e-3), rtol=0, atol=1e-4)


def test_decibels_equal_librosa():
    power = noise(40, 60) ** 4
    np.testing.assert_allclose(power_to_db(power), librosa.power_to_db(power), rtol=0, atol=1e-4)
    np.testing.assert_allclose(
        power_to_db(power, power.max()), librosa.power_to_db(power, ref=np.max), rtol=0, atol=1e-4
    )
    np.testing.assert_allclose(
        power_to_db(power, range_db=None), librosa.power_to_db(power, top_db=None), rtol=0, atol=1e-4
    )


def test_decibels_of_a_batch_are_those_of_its_members():
    batch = noise(3, 40, 60) ** 4 * np.array([1.0, 1e-6, 1e3])[:, None, None]
    np.testing.assert_array_equal(power_to_db(batch)[1], power_to_db(batch[1]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((80, 500.0, 400.0), "limits"),
        ((80, 0.0, 9_000.0), "limits"),
        ((0,), "n_mels"),
        ((80, 0.0, None, "bark"), "preset"),
    ],
)
def test_impossible_filters_are_refused(arguments, words):
    with pytest.raises(BadSetting, match=words):
        mel_filterbank(16_000, 1024, *arguments)


# --- companding


@pytest.mark.parametrize("mu", [255, 15])
def test_mu_law_equals_librosa(mu):
    wave = np.clip(noise(5_000, scale=0.4).astype(np.float64), -1, 1)
    wave[:3] = [-1.0, 0.0, 1.0]
    np.testing.assert_allclose(
        mu_law_encode(wave, mu), librosa.mu_compress(wave, mu=mu, quantize=False), rtol=0, atol=1e-6
    )
    codes = mu_law_quantise(wave, mu)
    np.testing.assert_array_equal(mu_law_quantise(wave.astype(np.float32), mu)[:3], [-(mu + 1) // 2, 0, (mu - 1) // 2])
    np.testing.assert_array_equal(codes, librosa.mu_compress(wave, mu=mu, quantize=True))
    np.testing.assert_allclose(
        mu_law_dequantise(codes, mu), librosa.mu_expand(codes, mu=mu, quantize=True), rtol=0, atol=1e-6
    )


def test_mu_law_round_trips():
    wave = np.linspace(-1, 1, 1_001, dtype=np.float32)
    np.testing.assert_allclose(mu_law_decode(mu_law_encode(wave)), wave, rtol=0, atol=1e-6)
    codes = np.arange(-128, 128)
    np.testing.assert_array_equal(mu_law_quantise(mu_law_dequantise(codes[1:])), codes[1:])


def test_mu_law_refuses_what_it_cannot_hold():
    with pytest.raises(BadAudio, match=r"loudest here is 1\.5"):
        mu_law_encode(np.array([1.5]))
    with pytest.raises(BadAudio, match="nan"):
        mu_law_encode(np.array([np.nan]))
    with pytest.raises(BadSetting, match="mu is 0"):
        mu_law_encode(np.zeros(3), mu=0)


# --- loudness


def test_k_weighting_has_the_coefficients_of_the_standard_at_48_khz():
    """BS.1770-4, tables 1 and 2."""
    shelf, high_pass = k_weighting(48_000)
    expected_shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    np.testing.assert_allclose(shelf, expected_shelf, rtol=0, atol=1e-10)
    np.testing.assert_allclose(
        high_pass, [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621], rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_a_sine_of_997_hz_at_full_scale_has_minus_3_01_lufs(sample_rate):
    """The calibration of BS.1770-4, annex 1: one channel at 0 dB full scale reads -3.01."""
    assert integrated_loudness(sine(997, 2.0, sample_rate), sample_rate) == pytest.approx(-3.01, abs=0.02)


def test_gating_follows_ebu_tech_3341():
    """Case 3: 10 s at -36 dB, 60 s at -23 dB, 10 s at -36 dB read -23.0 LUFS."""
    quiet, loud = sine(1_000, 10.0, 48_000, -36.0), sine(1_000, 60.0, 48_000, -23.0)
    wave = np.concatenate([quiet, loud, quiet])
    assert integrated_loudness(np.stack([wave, wave]), 48_000) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("sample_rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("kind", ["noise", "bursts", "low", "high"])
def test_loudness_equals_pyloudnorm(sample_rate, n_channels, kind):
    n_samples = 3 * sample_rate + 123
    wave = noise(n_channels, n_samples)
    if kind == "bursts":
        wave *= (np.arange(n_samples) // (sample_rate // 2) % 3 == 0) + 0.003
    elif kind in ("low", "high"):
        wave = wave * 0.01 + sine(60 if kind == "low" else 5_000, n_samples / sample_rate, sample_rate, -20.0)
    # At low rates pyloudnorm's default filters leave the standard's; its filters after De Man are the same as here.
    meter = pyloudnorm.Meter(sample_rate, filter_class="DeMan" if sample_rate < 44_100 else "K-weighting")
    expected = meter.integrated_loudness(wave.T.astype(np.float64))
    assert integrated_loudness(wave, sample_rate) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("n_piece", [1, 441, 1_000, 4_410, 7_777, 100_000])
def test_the_meter_reads_the_same_in_pieces(n_piece):
    sample_rate = 11_025  # a step of 100 ms is no whole number of samples
    wave = noise(2, 11_025)[:, :: 2 if n_piece == 1 else 1]
    meter = LoudnessMeter(sample_rate, 2)
    for start in range(0, wave.shape[1], n_piece):
        meter.add(wave[:, start : start + n_piece])
    assert meter.integrated_lufs() == pytest.approx(integrated_loudness(wave, sample_rate), abs=1e-9)


def test_short_silent_and_odd_waves_have_a_loudness_too():
    wave = sine(997, 0.2, 48_000, -20.0)
    assert integrated_loudness(wave, 48_000) == pytest.approx(-23.01, abs=0.1)
    assert integrated_loudness(np.zeros(48_000), 48_000) == -math.inf
    assert integrated_loudness(np.zeros((1, 0)), 48_000) == -math.inf
    with pytest.raises(BadAudio, match="this wave has 9"):
        integrated_loudness(np.zeros((9, 100)), 48_000)
    with pytest.raises(BadAudio, match="sample rate"):
        integrated_loudness(np.zeros(100), 2_000)


def test_normalising_reaches_its_target():
    wave = noise(2, 48_000)
    levelled = normalise_loudness(wave, 48_000, -16.0)
    assert levelled.dtype == np.float32
    assert integrated_loudness(levelled, 48_000) == pytest.approx(-16.0, abs=1e-3)
    silence = np.zeros(100, np.float32)
    np.testing.assert_array_equal(normalise_loudness(silence, 48_000), silence)


# --- onset


def one_shot(onset, n_samples, sample_rate, frequency_hz=200.0, attack_seconds=0.0):
    """A decaying sine that starts at a known sample."""
    time = np.arange(n_samples - onset) / sample_rate
    rise = np.minimum(1.0, time / attack_seconds) if attack_seconds else 1.0
    wave = np.zeros(n_samples, np.float32)
    wave[onset:] = rise * 0.8 * np.cos(2 * np.pi * frequency_hz * time) * np.exp(-time / 0.1)
    return wave


def test_onsets_are_counted():
    hit = one_shot(100, 4_000, 16_000)
    assert count_onsets(hit, 16_000) == 1
    before_it_fell = np.pad(hit, (0, 1_280)) + np.pad(hit, (1_280, 0))  # after 80 ms by 7 dB
    assert count_onsets(before_it_fell, 16_000) == 1
    quick = hit * np.exp(-np.arange(4_000) / 200)
    twice = np.pad(quick, (0, 2_400)) + np.pad(quick, (2_400, 0))
    assert count_onsets(twice, 16_000) == 2
    assert count_onsets(np.pad(quick, (0, 2_400)) + 0.09 * np.pad(quick, (2_400, 0)), 16_000) == 1  # 21 dB softer
    assert count_onsets(np.pad(hit, (0, 40)) + np.pad(hit, (40, 0)), 16_000) == 1  # 2.5 ms apart are one
    assert count_onsets(np.zeros(100), 16_000) == count_onsets(np.zeros(0), 16_000) == 0


@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
@pytest.mark.parametrize("onset", [0, 1, 50, 5_000])
@pytest.mark.parametrize("offset", [0.0, 0.05])
def test_the_onset_of_a_clean_attack_is_exact(sample_rate, onset, offset):
    assert onset_near(one_shot(onset, 16_000, sample_rate) + offset, sample_rate) == pytest.approx(onset, abs=1)


def onset_near(wave, sample_rate):
    return onset_sample(wave.astype(np.float32), sample_rate)


@pytest.mark.parametrize("noise_db", [-70, -50, -35])
@pytest.mark.parametrize("seed", range(3))
def test_noise_moves_the_onset_by_a_millisecond_at_most(noise_db, seed):
    wave = one_shot(5_000, 30_000, 44_100) + noise(30_000, seed=seed, scale=10 ** (noise_db / 20)) + 0.02
    assert onset_near(wave, 44_100) == pytest.approx(5_000, abs=45)


def test_a_slow_attack_starts_where_it_rises_above_the_silence():
    wave = one_shot(4_000, 40_000, 44_100, 1_000, attack_seconds=0.05)
    assert 4_000 <= onset_near(wave, 44_100) <= 4_000 + 0.3 * 0.05 * 44_100


def test_the_onset_of_stereo_is_that_of_the_earlier_channel():
    wave = np.stack([one_shot(3_000, 10_000, 44_100), one_shot(2_000, 10_000, 44_100)])
    assert onset_near(wave, 44_100) == pytest.approx(2_000, abs=1)


def test_a_quiet_click_before_the_attack_does_not_count():
    wave = one_shot(5_000, 20_000, 44_100)
    wave[1_000] = 0.02
    assert onset_near(wave, 44_100) == pytest.approx(5_000, abs=1)


@pytest.mark.parametrize("wave", [np.zeros(100), np.zeros((2, 0)), np.full((1, 100), 0.3), np.zeros(1)])
def test_silence_starts_at_zero(wave):
    assert onset_sample(wave, 44_100) == 0


def test_trim_keeps_what_lies_between_the_first_and_last_loud_sample():
    wave = np.zeros((2, 100), np.float32)
    wave[0, 20], wave[1, 60], wave[0, 80] = 0.5, -0.1, 0.5e-4
    np.testing.assert_array_equal(trim(wave, -60.0), wave[:, 20:61])
    np.testing.assert_array_equal(trim(wave, -100.0), wave[:, 20:81])
    assert trim(np.zeros((2, 100))).shape == (2, 0)


@pytest.mark.parametrize("onset", [0, 10, 32, 700])
def test_align_puts_the_attack_where_it_is_asked_for(onset):
    wave = one_shot(onset, 3_000, 44_100)
    aligned = align(wave[None], 44_100, 4_000, lead_samples=32)
    assert aligned.shape == (1, 4_000)
    assert aligned.dtype == np.float32
    np.testing.assert_array_equal(aligned[0, :32], 0.0)
    np.testing.assert_array_equal(aligned[0, 32 : 32 + 3_000 - onset], wave[onset:])
    np.testing.assert_array_equal(aligned[0, 32 + 3_000 - onset :], 0.0)


def test_align_fades_where_it_cuts():
    wave = one_shot(700, 30_000, 44_100, 50.0)
    aligned = align(wave, 44_100, 2_000, lead_samples=32)
    n_fade = 220  # 5 ms
    np.testing.assert_array_equal(aligned[32 : 2_000 - n_fade], wave[700 : 700 + 2_000 - 32 - n_fade])
    assert aligned[-1] == 0.0
    assert np.abs(np.diff(aligned[-n_fade:])).max() < 0.02
    with pytest.raises(BadSetting, match="lead_samples"):
        align(wave, 44_100, 100, lead_samples=100)


def test_fade_is_half_a_raised_cosine():
    faded = fade(np.ones(10), 4, 2)
    np.testing.assert_allclose(
        faded, [0, 0.5 - 0.5 * math.sqrt(0.5), 0.5, 0.5 + 0.5 * math.sqrt(0.5), 1, 1, 1, 1, 0.5, 0], atol=1e-7
    )
    np.testing.assert_array_equal(fade(np.ones(3), 0, 0), np.ones(3))
