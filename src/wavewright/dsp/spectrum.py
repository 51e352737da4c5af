"""Short-time Fourier transform and its inverse on arrays ``(..., time)``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from ..errors import BadSetting

Padding = Literal["zero", "reflect", "none"]
"""How a wave is extended by ``n_fft // 2`` samples at both ends, so that frame ``t`` is centred on sample ``t * hop_length``:
``zero`` as librosa, ``reflect`` as torch.stft; ``none`` leaves it as it is and the first frame starts at sample 0."""

BLOCK_FRAMES = 1024
"""Frames transformed at a time, so that what lies between the wave and the result stays small for a wave of any length."""

SMALLEST_COVERAGE = 0.1
"""Fraction of the full sum of squared windows below which :func:`istft` amplifies no further. Where only the end of one
window covers a sample, errors in the spectrum would be divided by nearly zero."""


def hann_window(n_fft: int, win_length: int | None = None) -> np.ndarray:
    """Periodic Hann window ``(n_fft,)`` float32, ``0.5 - 0.5 cos(2 pi n / win_length)``, amid zeros where it is shorter."""
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
    """Short-time Fourier transform ``(..., time)`` -> complex ``(..., n_fft // 2 + 1, frames)``, as ``librosa.stft``.

    ``window`` is ``(n_fft,)``, a periodic Hann window if not given; a shorter one comes from ``hann_window(n_fft, win_length)``.
    float32 gives complex64. Raises BadSetting where the sizes do not fit the wave.
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
    """The wave ``(..., time)`` whose :func:`stft` is closest to ``spectrum`` ``(..., bins, frames)``, as ``librosa.istft``.

    Frames are windowed again, added up and divided by the sum of squared windows (D. Griffin, J. Lim, "Signal estimation from
    modified short-time Fourier transform", 1984). Where that sum is below SMALLEST_COVERAGE of the full one, the wave
    fades out instead of amplifying errors; with ``hop_length <= n_fft // 4`` and padding this never happens. For longer
    hops, give a spectrum with a frame at or after the last sample. Without ``n_samples`` the wave ends with the middle
    of the last frame, or with
    its end if ``padding`` is ``none``.
    """
    check_bins(spectrum.shape[-2], n_fft)
    frames = np.fft.irfft(spectrum.swapaxes(-1, -2), n=n_fft).astype(
        spectrum.real.dtype, copy=False
    )  # (..., frames, n_fft)
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
    """``|stft|`` to the ``power``: 1 for magnitude, 2 for power; ``(..., time)`` -> ``(..., n_fft // 2 + 1, frames)``."""
    frames = frame(_padded(wave, n_fft, hop_length, padding), n_fft, hop_length)
    levels = np.empty((*frames.shape[:-1], n_fft // 2 + 1), frames.dtype)
    for start, block in _spectra(frames, window):
        squared = power_spectrum(block)
        levels[..., start : start + block.shape[-2], :] = squared if power == 2.0 else squared ** (power / 2)
    return levels.swapaxes(-1, -2)


def power_spectrum(spectrum: np.ndarray) -> np.ndarray:
    """Squared magnitude of a complex array, the same shape."""
    return np.square(spectrum.real) + np.square(spectrum.imag)


def frame(wave: np.ndarray, n_fft: int, hop_length: int) -> np.ndarray:
    """Overlapping slices ``(..., time)`` -> ``(..., frames, n_fft)``, one every ``hop_length`` samples; a view that copies nothing."""
    return np.lib.stride_tricks.sliding_window_view(wave, n_fft, axis=-1)[..., ::hop_length, :]


def overlap_add(frames: np.ndarray, hop_length: int) -> np.ndarray:
    """Frames ``(..., frames, n_fft)`` laid ``hop_length`` apart and added -> ``(..., (frames - 1) * hop_length + n_fft)``."""
    *batch, n_frames, n_fft = frames.shape
    hops_per_frame = -(-n_fft // hop_length)
    wave = np.zeros((*batch, n_frames + hops_per_frame - 1, hop_length), frames.dtype)
    # One addition for each hop of a frame touches all frames at once.
    for hop in range(hops_per_frame):
        piece = frames[..., hop * hop_length : (hop + 1) * hop_length]
        wave[..., hop : hop + n_frames, : piece.shape[-1]] += piece
    return wave.reshape(*batch, -1)[..., : (n_frames - 1) * hop_length + n_fft]


def smallest_envelope(window: np.ndarray, hop_length: int) -> np.float32:
    """Return the smallest sum of squared windows that :func:`istft` divides by, for ``window (n_fft,)``."""
    n_missing = -len(window) % hop_length
    full = np.pad(np.square(window), (0, n_missing)).reshape(-1, hop_length).sum(axis=0).max()
    return np.float32(max(SMALLEST_COVERAGE * full, np.finfo(np.float32).tiny))


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
    """The wave as float32, or as float64 if it is that already."""
    wave = np.asarray(wave)
    return wave if wave.dtype == np.float64 else wave.astype(np.float32, copy=False)


def _padded(wave: np.ndarray, n_fft: int, hop_length: int, padding: Padding) -> np.ndarray:
    """The wave ``(..., time)`` as floats, with ``n_fft // 2`` samples more at both ends unless ``padding`` is ``none``."""
    wave = float_wave(wave)
    check_frames(wave.shape[-1], n_fft, hop_length, padding)
    if padding == "none":
        return wave
    widths = [(0, 0)] * (wave.ndim - 1) + [(n_fft // 2, n_fft // 2)]
    return np.pad(wave, widths, mode="constant" if padding == "zero" else "reflect")


def _spectra(frames: np.ndarray, window: np.ndarray | None) -> Iterator[tuple[int, np.ndarray]]:
    """The spectra of frames ``(..., frames, n_fft)`` by the block: number of the first frame, complex ``(..., block, bins)``."""
    n_frames, n_fft = frames.shape[-2:]
    window = (hann_window(n_fft) if window is None else np.asarray(window)).astype(frames.dtype, copy=False)
    check_window(window.shape, n_fft)
    for start in range(0, n_frames, BLOCK_FRAMES):
        yield start, np.fft.rfft(frames[..., start : start + BLOCK_FRAMES, :] * window)
