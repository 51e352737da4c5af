"""Short-time Fourier transform, its inverse and frames of arrays ``(..., time)``, whole or in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from ..base.errors import BadSetting

Padding = Literal["zero", "reflect", "none"]
"""Padding by ``n_fft // 2`` samples at both ends, so that frame ``t`` is centred on sample ``t * hop_length``: ``zero``
as librosa, ``reflect`` as torch.stft; with ``none`` the first frame starts at sample 0."""

BLOCK_FRAMES = 1024
"""Frames transformed at a time, which bounds the memory of intermediate results."""

MIN_COVERAGE = 0.1
"""Fraction of the full sum of squared windows below which :func:`istft` amplifies no further. Where only the end of one
window covers a sample, errors in the spectrum would be divided by nearly zero."""


def hann_window(n_fft: int, win_length: int | None = None) -> np.ndarray:
    """Return a periodic Hann window, ``0.5 - 0.5 cos(2 pi n / win_length)``, centred between zeros where it is shorter.

    - ``n_fft``: length of the result.
    - ``win_length``: length of the window, 1 to ``n_fft``, which is the default.
    - returns: ``(n_fft,)`` float32.

    Raises BadSetting if ``win_length`` is out of range.
    """
    win_length = n_fft if win_length is None else win_length
    if not 0 < win_length <= n_fft:
        raise BadSetting(f"win_length is {win_length}; it must lie between 1 and n_fft ({n_fft}).")
    window = np.zeros(n_fft, dtype=np.float32)
    start = (n_fft - win_length) // 2
    window[start : start + win_length] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win_length) / win_length)
    return window


def stft(
    wave: np.ndarray, n_fft: int, hop_length: int, window: np.ndarray | None = None, padding: Padding = "zero"
) -> np.ndarray:
    """Return the short-time Fourier transform, as ``librosa.stft``.

    - ``wave``: ``(..., time)``.
    - ``n_fft``, ``hop_length``: length of a frame and distance between frames, samples.
    - ``window``: ``(n_fft,)``, by default a periodic Hann window; for a shorter one use ``hann_window(n_fft,
      win_length)``.
    - ``padding``: ``zero``, ``reflect`` or ``none``.
    - returns: complex, ``(..., n_fft // 2 + 1, frames)``; complex64 for float32.

    Raises BadSetting if the sizes do not match the wave or each other.
    """
    frames = frame(_padded(wave, n_fft, hop_length, padding), n_fft, hop_length)
    spectrum = np.empty((*frames.shape[:-1], n_fft // 2 + 1), np.result_type(frames, np.complex64))
    for start, block in _spectra(frames, window):
        spectrum[..., start : start + block.shape[-2], :] = block
    return spectrum.swapaxes(-1, -2)


def istft(
    spectrum: np.ndarray,
    n_fft: int,
    hop_length: int,
    window: np.ndarray | None = None,
    n_samples: int | None = None,
    padding: Padding = "zero",
) -> np.ndarray:
    """Return the wave whose :func:`stft` is closest to ``spectrum``, as ``librosa.istft``.

    Frames are windowed again, overlapped, added and divided by the sum of squared windows. Where that sum is below
    MIN_COVERAGE of its maximum, the wave fades out instead of amplifying errors; with
    ``hop_length <= n_fft // 4`` and padding this never happens. For longer hops, the spectrum needs a frame at or after
    the last sample.

    - ``spectrum``: complex, ``(..., n_fft // 2 + 1, frames)``.
    - ``n_fft``, ``hop_length``: length of a frame and distance between frames, samples.
    - ``window``: ``(n_fft,)``, by default a periodic Hann window.
    - ``n_samples``: length of the result, by default up to the centre of the last frame, or to its end if ``padding``
      is ``none``.
    - ``padding``: that of the STFT.
    - returns: ``(..., time)``.

    Raises BadSetting if the sizes do not match.

    References
    ----------
    D. Griffin, J. Lim, "Signal estimation from modified short-time Fourier transform", 1984.
    """
    check_bins(spectrum.shape[-2], n_fft)
    frames = np.fft.irfft(spectrum.swapaxes(-1, -2), n=n_fft)  # (..., frames, n_fft)
    frames = frames.astype(spectrum.real.dtype, copy=False)
    window = hann_window(n_fft) if window is None else window
    check_window(window.shape, n_fft)
    frames *= window
    n_frames = frames.shape[-2]
    wave = overlap_add(frames, hop_length)
    envelope = overlap_add(np.broadcast_to(np.square(window), (n_frames, n_fft)), hop_length)
    wave /= np.maximum(envelope, smallest_envelope(window, hop_length))
    if padding != "none":
        wave = wave[..., n_fft // 2 :]
        n_samples = (n_frames - 1) * hop_length if n_samples is None else n_samples
    if n_samples is None:
        return wave
    missing = max(0, n_samples - wave.shape[-1])
    return np.pad(wave[..., :n_samples], [(0, 0)] * (wave.ndim - 1) + [(0, missing)])


def spectrogram(
    wave: np.ndarray,
    n_fft: int,
    hop_length: int,
    window: np.ndarray | None = None,
    padding: Padding = "zero",
    power: float = 2.0,
) -> np.ndarray:
    """Return ``|stft| ** power``, ``(..., n_fft // 2 + 1, frames)``.

    Raises BadSetting as :func:`stft`.
    """
    frames = frame(_padded(wave, n_fft, hop_length, padding), n_fft, hop_length)
    spectra = np.empty((*frames.shape[:-1], n_fft // 2 + 1), frames.dtype)
    for start, block in _spectra(frames, window):
        squared = power_spectrum(block)
        spectra[..., start : start + block.shape[-2], :] = squared if power == 2.0 else squared ** (power / 2)
    return spectra.swapaxes(-1, -2)


def power_spectrum(spectrum: np.ndarray) -> np.ndarray:
    """Return the squared magnitude of a complex array, the same shape."""
    power: np.ndarray = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


def frame(wave: np.ndarray, n_fft: int, hop_length: int) -> np.ndarray:
    """Return overlapping frames as a view: ``(..., time)`` to ``(..., frames, n_fft)``."""
    return np.lib.stride_tricks.sliding_window_view(wave, n_fft, axis=-1)[..., ::hop_length, :]


def overlap_add(frames: np.ndarray, hop_length: int) -> np.ndarray:
    """Overlap and add frames: ``(..., frames, n_fft)`` to ``(..., (frames - 1) * hop_length + n_fft)``."""
    *batch, n_frames, n_fft = frames.shape
    hops_per_frame = -(-n_fft // hop_length)
    wave = np.zeros((*batch, n_frames + hops_per_frame - 1, hop_length), frames.dtype)
    # One vectorised addition for each hop of a frame.
    for hop in range(hops_per_frame):
        segment = frames[..., hop * hop_length : (hop + 1) * hop_length]
        wave[..., hop : hop + n_frames, : segment.shape[-1]] += segment
    return wave.reshape(*batch, -1)[..., : (n_frames - 1) * hop_length + n_fft]


def smallest_envelope(window: np.ndarray, hop_length: int) -> np.float32:
    """Return the smallest sum of squared windows that :func:`istft` divides by, for ``window (n_fft,)``."""
    n_missing = -len(window) % hop_length
    full = np.pad(np.square(window), (0, n_missing)).reshape(-1, hop_length).sum(axis=0).max()
    return np.float32(max(MIN_COVERAGE * full, np.finfo(np.float32).tiny))


def check_frames(n_samples: int, n_fft: int, hop_length: int, padding: Padding) -> None:
    """Raise BadSetting where ``n_fft`` and ``hop_length`` are impossible, or the wave is too short for them."""
    if n_fft < 2:
        raise BadSetting(f"n_fft is {n_fft}; it must be at least 2.")
    if not 0 < hop_length <= n_fft:
        raise BadSetting(
            f"hop_length is {hop_length}; it must lie between 1 and n_fft ({n_fft}), or samples would be skipped."
        )
    if padding not in ("zero", "reflect", "none"):
        raise BadSetting(f"padding is {padding!r}; it must be 'zero', 'reflect' or 'none'.")
    shortest = {"zero": 1, "reflect": n_fft // 2 + 1, "none": n_fft}[padding]
    if n_samples < shortest:
        raise BadSetting(
            f"The wave has {n_samples} samples; n_fft {n_fft} with padding {padding!r} needs at least {shortest}: "
            "use a smaller n_fft or padding 'zero'."
        )


def check_bins(n_bins: int, n_fft: int) -> None:
    """Raise BadSetting where a spectrum cannot come from ``n_fft``."""
    if n_bins != n_fft // 2 + 1:
        raise BadSetting(f"The spectrum has {n_bins} bins; n_fft {n_fft} needs {n_fft // 2 + 1}.")


def check_window(shape: tuple[int, ...], n_fft: int) -> None:
    """Raise BadSetting where a window is not as long as ``n_fft``."""
    if tuple(shape) != (n_fft,):
        raise BadSetting(f"The window has shape {tuple(shape)}; it must be ({n_fft},), as long as n_fft.")


def float_wave(wave: np.ndarray) -> np.ndarray:
    """Return the wave as float32, or as float64 if it is that already."""
    wave = np.asarray(wave)
    return wave if wave.dtype == np.float64 else wave.astype(np.float32, copy=False)


def _padded(wave: np.ndarray, n_fft: int, hop_length: int, padding: Padding) -> np.ndarray:
    """Return the wave ``(..., time)`` as floats, padded at both ends unless ``padding`` is ``none``."""
    wave = float_wave(wave)
    check_frames(wave.shape[-1], n_fft, hop_length, padding)
    if padding == "none":
        return wave
    widths = [(0, 0)] * (wave.ndim - 1) + [(n_fft // 2, n_fft // 2)]
    return np.pad(wave, widths, mode="constant" if padding == "zero" else "reflect")


def _spectra(frames: np.ndarray, window: np.ndarray | None) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the first frame's index and the spectra ``(..., block, bins)`` of blocks of frames."""
    n_frames, n_fft = frames.shape[-2:]
    window = (hann_window(n_fft) if window is None else np.asarray(window)).astype(frames.dtype, copy=False)
    check_window(window.shape, n_fft)
    for start in range(0, n_frames, BLOCK_FRAMES):
        yield start, np.fft.rfft(frames[..., start : start + BLOCK_FRAMES, :] * window)


class FrameBuffer:
    """Cut consecutive blocks of a wave into overlapping frames; blocks of any lengths give the same frames."""

    def __init__(self, n_channels: int, length: int, hop_length: int) -> None:
        self.length, self.hop_length = length, hop_length
        self._held = np.zeros((n_channels, 0), np.float32)

    def add(self, wave: np.ndarray) -> np.ndarray:
        """Add the next block ``(channels, time)``; return the frames it completes, ``(channels, frames, length)``."""
        wave = np.concatenate([self._held, wave], axis=1)
        if wave.shape[1] < self.length:
            self._held = wave
            return np.zeros((len(wave), 0, self.length), wave.dtype)
        frames = frame(wave, self.length, self.hop_length)
        self._held = wave[:, frames.shape[1] * self.hop_length :].copy()
        return frames

    def rest(self) -> np.ndarray:
        """Return the samples from the start of the frame that is not complete, ``(channels, time)``."""
        return self._held
