"""Differentiable spectra against their NumPy twins, torch's own transforms and numerical gradients."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.autograd import gradcheck, gradgradcheck  # noqa: E402

from wavewright.base.errors import BadSetting  # noqa: E402
from wavewright.dsp import mel as numpy_mel, spectrum as numpy_spectrum  # noqa: E402
from wavewright.nn.spectrum import LogMel, LogSpectrum, frame, irfft, istft, overlap_add, power_spectrum, rfft, stft  # noqa: E402

SIZES = [(1024, 256, 1024), (512, 100, 400), (600, 150, 600), (441, 110, 441)]
"""n_fft, hop_length, win_length."""


def normal(*shape, dtype=torch.float32, seed=0, requires_grad=False):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=dtype, generator=generator).requires_grad_(requires_grad)


def checked(function, *tensors):
    """Whether first and second gradients equal the numerical ones."""
    return gradcheck(function, tensors) and gradgradcheck(function, tensors)


# --- equal to the NumPy twins


@pytest.mark.parametrize(("n_fft", "hop_length", "win_length"), SIZES)
@pytest.mark.parametrize("padding", ["zero", "reflect", "none"])
def test_stft_equals_numpy(n_fft, hop_length, win_length, padding):
    wave, window = normal(2, 3, 3_000), numpy_spectrum.hann_window(n_fft, win_length)
    spectrum = stft(wave, n_fft, hop_length, torch.from_numpy(window), padding)
    np.testing.assert_allclose(
        spectrum.numpy(), numpy_spectrum.stft(wave.numpy(), n_fft, hop_length, window, padding), rtol=0, atol=1e-4
    )


@pytest.mark.parametrize(("n_fft", "hop_length", "win_length"), SIZES)
@pytest.mark.parametrize("padding", ["zero", "none"])
@pytest.mark.parametrize("n_samples", [None, 1_234, 9_000])
def test_istft_equals_numpy(n_fft, hop_length, win_length, padding, n_samples):
    spectrum, window = (
        normal(2, n_fft // 2 + 1, 12, dtype=torch.complex64),
        numpy_spectrum.hann_window(n_fft, win_length),
    )
    wave = istft(spectrum, n_fft, hop_length, torch.from_numpy(window), n_samples, padding)
    expected = numpy_spectrum.istft(spectrum.numpy(), n_fft, hop_length, window, n_samples, padding)
    edge = n_fft // 2 if padding == "none" else 0  # where the window is nearly zero, both divide rounding errors by it
    assert wave.shape == expected.shape
    np.testing.assert_allclose(wave.numpy()[..., edge:1_100], expected[..., edge:1_100], rtol=0, atol=1e-4)


def test_stft_equals_torch():
    wave, window = normal(2, 5_000), torch.hann_window(512)
    expected = torch.stft(wave, 512, 128, window=window, return_complex=True, pad_mode="reflect")
    torch.testing.assert_close(stft(wave, 512, 128, padding="reflect"), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("n_fft", "hop_length", "win_length"), SIZES)
def test_istft_undoes_stft(n_fft, hop_length, win_length):
    wave, window = normal(2, 4_321), torch.from_numpy(numpy_spectrum.hann_window(n_fft, win_length))
    again = istft(stft(wave, n_fft, hop_length, window), n_fft, hop_length, window, n_samples=4_321)
    torch.testing.assert_close(again, wave, rtol=0, atol=1e-5)


@pytest.mark.parametrize("preset", ["librosa", "htk"])
@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_log_mel_equals_numpy(preset, sample_rate):
    wave = 0.1 * normal(2, 1, 8_000)
    module = LogMel(sample_rate, n_fft=600, hop_length=150, n_mels=40, f_min_hz=50, preset=preset, floor=1e-3)
    expected = numpy_mel.log_mel(wave.numpy(), sample_rate, 600, 150, 40, f_min_hz=50, preset=preset, floor=1e-3)
    assert expected.shape == (2, 1, 40, 54)
    np.testing.assert_allclose(module(wave).numpy(), expected, rtol=0, atol=1e-4)
    assert module.state_dict() == {}  # all of it follows from the settings


def test_impossible_settings_are_refused():
    with pytest.raises(BadSetting, match="hop_length"):
        stft(normal(2, 1_000), 256, 300)
    with pytest.raises(BadSetting, match="at least 513"):
        stft(normal(2, 500), 1024, 256, padding="reflect")
    with pytest.raises(BadSetting, match="needs 257"):
        istft(normal(1, 256, 9, dtype=torch.complex64), 512, 128)
    with pytest.raises(BadSetting, match="window has shape"):
        stft(normal(1, 1_000), 512, 128, torch.ones(400))
    with pytest.raises(BadSetting, match="limits"):
        LogMel(16_000, 1024, 256, 80, f_max_hz=9_000)


# --- gradients


@pytest.mark.parametrize("n_fft", [8, 9])
def test_transforms_differentiate_twice(n_fft):
    wave = normal(2, n_fft, dtype=torch.float64, requires_grad=True)
    spectrum = normal(2, n_fft // 2 + 1, dtype=torch.complex128, requires_grad=True)
    assert checked(rfft, wave)
    assert checked(lambda tensor: irfft(tensor, n_fft), spectrum)
    assert checked(power_spectrum, spectrum)


@pytest.mark.parametrize(("n_fft", "hop_length"), [(8, 2), (9, 4), (8, 8), (7, 1)])
def test_framing_differentiates_twice(n_fft, hop_length):
    wave = normal(2, 24, dtype=torch.float64, requires_grad=True)
    frames = normal(2, 4, n_fft, dtype=torch.float64, requires_grad=True)
    assert checked(lambda tensor: frame(tensor, n_fft, hop_length), wave)
    assert checked(lambda tensor: overlap_add(tensor, hop_length), frames)


@pytest.mark.parametrize(("n_fft", "hop_length"), [(8, 2), (9, 4)])
@pytest.mark.parametrize("padding", ["zero", "reflect", "none"])
def test_stft_and_istft_differentiate_twice(n_fft, hop_length, padding):
    wave = normal(2, 21, dtype=torch.float64, requires_grad=True)
    spectrum = normal(2, n_fft // 2 + 1, 5, dtype=torch.complex128, requires_grad=True)
    assert checked(lambda tensor: stft(tensor, n_fft, hop_length, padding=padding), wave)
    # without padding the window is zero at the first sample, where the inverse has nothing to divide
    assert checked(lambda tensor: istft(tensor, n_fft, hop_length, n_samples=12, padding=padding)[..., 1:], spectrum)


def test_log_mel_differentiates_twice_even_in_silence():
    module = LogMel(16_000, n_fft=16, hop_length=8, n_mels=4, floor=0.1).double()
    assert checked(module, normal(2, 40, dtype=torch.float64, requires_grad=True))
    assert checked(module, torch.zeros(1, 40, dtype=torch.float64, requires_grad=True))


def test_gradients_equal_those_of_torch():
    wave, window, weights = normal(2, 4_000, requires_grad=True), torch.hann_window(512), normal(2, 257, 32, seed=1)
    (ours,) = torch.autograd.grad((stft(wave, 512, 128, window).abs() * weights).sum(), wave)
    plain = torch.stft(wave, 512, 128, window=window, return_complex=True, pad_mode="constant")
    (expected,) = torch.autograd.grad((plain.abs() * weights).sum(), wave)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-3)


def test_a_gradient_penalty_flows_into_parameters():
    """The gradient of a squared gradient norm, as R1 needs it, against the same with torch's own transform."""

    def penalty(transform):
        scale = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
        wave = normal(2, 600, dtype=torch.float64, requires_grad=True)
        score = torch.log(0.1 + scale * power_spectrum(transform(wave)).mean(dim=(1, 2))).sum()
        (gradient,) = torch.autograd.grad(score, wave, create_graph=True)
        return torch.autograd.grad(gradient.square().sum(), scale)[0]

    window = torch.hann_window(64, dtype=torch.float64)
    expected = penalty(lambda wave: torch.stft(wave, 64, 16, window=window, return_complex=True, pad_mode="constant"))
    torch.testing.assert_close(penalty(lambda wave: stft(wave, 64, 16, window)), expected)


def test_the_imaginary_part_of_dc_and_nyquist_gets_no_gradient():
    spectrum = normal(3, 5, dtype=torch.complex64, requires_grad=True)
    irfft(spectrum, 8).square().sum().backward()
    assert spectrum.grad is not None
    np.testing.assert_allclose(spectrum.grad.imag[:, [0, -1]].numpy(), 0.0, atol=1e-7)


def test_log_spectrum_keeps_every_bin_but_the_last():
    wave = np.random.default_rng(0).normal(size=(2, 3000)).astype(np.float32)
    expected = np.log(np.abs(numpy_spectrum.stft(wave, 256, 64))[:, :-1] ** 2 + 1e-3)
    actual = LogSpectrum(256, 64, floor=1e-3)(torch.from_numpy(wave)).numpy()
    np.testing.assert_allclose(actual, expected, atol=1e-4)
