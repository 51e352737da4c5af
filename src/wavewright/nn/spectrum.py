"""Short-time Fourier transforms and log-mel spectra in torch, equal to ``wavewright.dsp`` and fast to differentiate.

Torch's own backward pass of ``rfft`` runs a complex transform over a spectrum padded with zeros. Every step here is
linear, so its gradient is the adjoint step: framing and overlap-add are each other's adjoint, and so are ``rfft`` and
``irfft`` up to a weight per bin. Each backward pass is written with these same functions and can be differentiated
again, as gradient penalties need.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from ..dsp.mel import MelPreset, mel_filterbank
from ..dsp.spectrum import MIN_COVERAGE, Padding, check_bins, check_frames, check_window, hann_window


class _Context(FunctionCtx):
    """Type of the contexts of the functions below."""

    saved_tensors: tuple[Tensor, ...]
    n_fft: int
    hop_length: int
    n_samples: int


def _bin_weights(n_fft: int, single: float, double: float, like: Tensor) -> Tensor:
    """Return a weight per bin ``(bins,)``: ``single`` for DC and Nyquist, ``double`` for bins of two frequencies."""
    weights = torch.full((n_fft // 2 + 1,), double, dtype=like.real.dtype, device=like.device)
    weights[0] = single
    if n_fft % 2 == 0:
        weights[-1] = single
    return weights


class _Rfft(torch.autograd.Function):
    """``X_k = sum_n x_n e^(-2 pi i k n / N)``; its adjoint is ``x_n = Re sum_k X_k e^(2 pi i k n / N)`` over bins."""

    @staticmethod
    def forward(ctx: _Context, wave: Tensor) -> Tensor:
        ctx.n_fft = wave.shape[-1]
        spectrum: Tensor = torch.fft.rfft(wave)
        return spectrum

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> Tensor:
        # irfft divides by N and counts interior bins twice; the adjoint does neither.
        return irfft(gradient * _bin_weights(ctx.n_fft, ctx.n_fft, 0.5 * ctx.n_fft, gradient), ctx.n_fft)


class _Irfft(torch.autograd.Function):
    """``x_n = 1/N sum_k c_k Re(X_k e^(2 pi i k n / N))`` with ``c_k`` = 1 at DC and Nyquist, 2 between."""

    @staticmethod
    def forward(ctx: _Context, spectrum: Tensor, n_fft: int) -> Tensor:
        ctx.n_fft = n_fft
        wave: Tensor = torch.fft.irfft(spectrum, n=n_fft)
        return wave

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor, None]:
        return rfft(gradient) * _bin_weights(ctx.n_fft, 1.0 / ctx.n_fft, 2.0 / ctx.n_fft, gradient), None


class _Frame(torch.autograd.Function):
    """Overlapping slices of a wave; the adjoint is overlap-add."""

    @staticmethod
    def forward(ctx: _Context, wave: Tensor, n_fft: int, hop_length: int) -> Tensor:
        ctx.hop_length, ctx.n_samples = hop_length, wave.shape[-1]
        return wave.unfold(-1, n_fft, hop_length)

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor, None, None]:
        wave = overlap_add(gradient, ctx.hop_length)
        return F.pad(wave, (0, ctx.n_samples - wave.shape[-1])), None, None


class _OverlapAdd(torch.autograd.Function):
    """Sum of overlapping frames; the adjoint is framing."""

    @staticmethod
    def forward(ctx: _Context, frames: Tensor, hop_length: int) -> Tensor:
        *batch, n_frames, n_fft = frames.shape
        ctx.n_fft, ctx.hop_length = n_fft, hop_length
        hops_per_frame = -(-n_fft // hop_length)
        padded = F.pad(frames, (0, hops_per_frame * hop_length - n_fft))
        segments = torch.unflatten(padded, -1, (hops_per_frame, hop_length))
        wave = frames.new_zeros(*batch, n_frames + hops_per_frame - 1, hop_length)
        # One addition for each hop of a frame covers all frames at once; F.fold takes ten times as long.
        for hop in range(hops_per_frame):
            wave[..., hop : hop + n_frames, :] += segments[..., hop, :]
        return wave.flatten(-2)[..., : (n_frames - 1) * hop_length + n_fft].contiguous()

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor, None]:
        return frame(gradient, ctx.n_fft, ctx.hop_length), None


class _Power(torch.autograd.Function):
    """``|X|^2``, whose gradient is ``2 X``; torch's own route through real and imaginary parts takes twice as long."""

    @staticmethod
    def forward(ctx: _Context, spectrum: Tensor) -> Tensor:
        ctx.save_for_backward(spectrum)
        real, imaginary = torch.view_as_real(spectrum).unbind(-1)
        return torch.addcmul(real.square(), imaginary, imaginary)

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> Tensor:
        (spectrum,) = ctx.saved_tensors
        return 2 * gradient * spectrum


_apply_rfft: Callable[[Tensor], Tensor] = _Rfft.apply
_apply_irfft: Callable[[Tensor, int], Tensor] = _Irfft.apply
_apply_frame: Callable[[Tensor, int, int], Tensor] = _Frame.apply
_apply_overlap_add: Callable[[Tensor, int], Tensor] = _OverlapAdd.apply
_apply_power: Callable[[Tensor], Tensor] = _Power.apply


def rfft(wave: Tensor) -> Tensor:
    """Transform real ``(..., n_fft)`` to complex ``(..., n_fft // 2 + 1)``."""
    return _apply_rfft(wave)


def irfft(spectrum: Tensor, n_fft: int) -> Tensor:
    """Invert :func:`rfft`; imaginary parts of DC and Nyquist do not count."""
    return _apply_irfft(spectrum, n_fft)


def frame(wave: Tensor, n_fft: int, hop_length: int) -> Tensor:
    """Slice ``(..., time)`` into overlapping frames ``(..., frames, n_fft)``, a view without copies."""
    return _apply_frame(wave, n_fft, hop_length)


def overlap_add(frames: Tensor, hop_length: int) -> Tensor:
    """Add up overlapping frames ``(..., frames, n_fft)`` to ``(..., (frames - 1) * hop_length + n_fft)``."""
    return _apply_overlap_add(frames, hop_length)


def stft(wave: Tensor, n_fft: int, hop_length: int, window: Tensor | None = None, padding: Padding = "zero") -> Tensor:
    """Compute the short-time Fourier transform, as :func:`wavewright.dsp.stft`.

    - ``wave``: ``(..., time)``.
    - ``window``: ``(n_fft,)``; default: a periodic Hann window.
    - ``padding``: padding by half a window at both ends.
    - returns: complex ``(..., n_fft // 2 + 1, frames)``.

    Raises BadSetting where the sizes do not fit the wave.
    """
    check_frames(wave.shape[-1], n_fft, hop_length, padding)
    if padding != "none":
        wave = _pad(wave, n_fft // 2, padding)
    frames = frame(wave, n_fft, hop_length) * _window_like(window, n_fft, wave)  # (..., frames, n_fft)
    return rfft(frames).transpose(-1, -2)


def istft(
    spectrum: Tensor,
    n_fft: int,
    hop_length: int,
    window: Tensor | None = None,
    n_samples: int | None = None,
    padding: Padding = "zero",
) -> Tensor:
    """Compute the wave whose :func:`stft` is closest to a spectrum.

    Frames are windowed again, added up and divided by the sum of squared windows, at least MIN_COVERAGE of the
    full one.

    - ``spectrum``: complex ``(..., bins, frames)``.
    - ``n_samples``: length of the wave; default: up to the middle of the last frame.
    - returns: ``(..., time)``.

    Raises BadSetting where the number of bins does not fit ``n_fft``.

    References
    ----------
    D. Griffin, J. Lim, "Signal estimation from modified short-time Fourier transform", 1984.
    """
    check_bins(spectrum.shape[-2], n_fft)
    frames = irfft(spectrum.transpose(-1, -2), n_fft)  # (..., frames, n_fft)
    window = _window_like(window, n_fft, frames)
    n_frames = frames.shape[-2]
    wave = overlap_add(frames * window, hop_length)
    envelope = overlap_add(window.square().expand(n_frames, n_fft), hop_length)
    wave = wave / torch.maximum(envelope, _smallest_envelope(window, hop_length))
    if padding != "none":
        wave = wave[..., n_fft // 2 :]
        n_samples = (n_frames - 1) * hop_length if n_samples is None else n_samples
    if n_samples is None:
        return wave
    return F.pad(wave, (0, max(0, n_samples - wave.shape[-1])))[..., :n_samples]


def power_spectrum(spectrum: Tensor) -> Tensor:
    """Return the squared magnitude of a complex tensor, which unlike the magnitude is smooth at zero."""
    return _apply_power(spectrum)


class LogMel(nn.Module):
    """Log-mel spectrogram ``log(floor + mel @ |stft|^2)``, equal to :func:`wavewright.dsp.log_mel`.

    - ``sample_rate``: in Hz.
    - ``n_fft``, ``hop_length``: window and hop in samples.
    - ``n_mels``: Mel bands.
    - ``f_min_hz``, ``f_max_hz``: range of the bands; default of the upper end: the Nyquist frequency.
    - ``preset``: scale and normalisation of the filterbank.
    - ``floor``: power added before the logarithm.
    - ``padding``: as in :func:`stft`.

    Raises BadSetting where the settings do not fit each other.
    """

    def __init__(
        self,
        sample_rate: int,
        n_fft: int,
        hop_length: int,
        n_mels: int,
        f_min_hz: float = 0.0,
        f_max_hz: float | None = None,
        preset: MelPreset = "librosa",
        floor: float = 1e-5,
        padding: Padding = "zero",
    ) -> None:
        super().__init__()
        self.n_fft, self.hop_length, self.floor, self.padding = n_fft, hop_length, floor, padding
        filters = mel_filterbank(sample_rate, n_fft, n_mels, f_min_hz, f_max_hz, preset)  # (n_mels, bins)
        # Derived from the settings, so they stay out of the weights.
        self.filters = nn.Buffer(torch.from_numpy(filters), persistent=False)
        self.window = nn.Buffer(torch.from_numpy(hann_window(n_fft)), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """Return ``(..., n_mels, frames)``, natural logarithm, of a wave ``(..., time)``."""
        power = power_spectrum(stft(wave, self.n_fft, self.hop_length, self.window, self.padding))
        mel = power.transpose(-1, -2) @ self.filters.T  # (..., frames, n_mels): bins are contiguous in memory
        return torch.log(mel + self.floor).transpose(-1, -2)


class LogSpectrum(nn.Module):
    """Log-power spectrogram ``log(floor + |stft|^2)`` without the Nyquist bin.

    - ``n_fft``, ``hop_length``: window and hop in samples.
    - ``floor``: power added before the logarithm.
    """

    def __init__(self, n_fft: int = 1024, hop_length: int = 256, floor: float = 1e-5) -> None:
        super().__init__()
        self.n_fft, self.hop_length, self.floor = n_fft, hop_length, floor
        self.window = nn.Buffer(torch.from_numpy(hann_window(n_fft)), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """Return ``(..., n_fft // 2, frames)`` of a wave ``(..., time)``."""
        return torch.log(power_spectrum(stft(wave, self.n_fft, self.hop_length, self.window))[..., :-1, :] + self.floor)


def _pad(wave: Tensor, width: int, padding: Padding) -> Tensor:
    """Pad both ends of ``(..., time)`` by ``width`` samples, with zeros or a reflection."""
    if padding == "zero":
        return F.pad(wave, (width, width))
    left, right = wave[..., 1 : width + 1].flip(-1), wave[..., -width - 1 : -1].flip(-1)
    return torch.cat((left, wave, right), dim=-1)


def _smallest_envelope(window: Tensor, hop_length: int) -> Tensor:
    """Return the smallest sum of squared windows to divide by, as :func:`.dsp.spectrum.smallest_envelope`, in torch."""
    squared = F.pad(window.square(), (0, -len(window) % hop_length))
    return (MIN_COVERAGE * squared.view(-1, hop_length).sum(0).max()).clamp(min=torch.finfo(window.dtype).tiny)


def _window_like(window: Tensor | None, n_fft: int, like: Tensor) -> Tensor:
    """Return the window, or a periodic Hann window ``(n_fft,)``, with the type and device of ``like``."""
    if window is None:
        window = torch.from_numpy(hann_window(n_fft))
    check_window(window.shape, n_fft)
    return window.to(device=like.device, dtype=like.dtype)
