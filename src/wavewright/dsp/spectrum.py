"""Short-time Fourier transform and its inverse on arrays ``(..., time)``."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..errors import BadSetting

Padding = Literal["zero", "reflect", "none"]
"""How a wave is extended by ``n_fft // 2`` samples at both ends, so that frame ``t`` is centred on sample ``t * hop_length``:
``zero`` as librosa, ``reflect`` as torch.stft; ``none`` leaves it as it is and the first frame starts at sample 0."""


def hann_window(n_fft: int, win_length: int | None = None) -> np.ndarray:
    """Periodic Hann window ``(n_fft,)`` float32, ``0.5 - 0.5 cos(2 pi n / win_length)``, amid zeros where it is shorter."""
    win_length = n_fft if win_length is None else win_length
    if not 0 < win_length <= n_fft:
        raise BadSetting(f"win_length is {win_length}; it must lie between 1 and n_fft ({n_fft}).")
    window = np.zeros(n_fft, dtype=np.float32)
    start = (n_fft - win_length) // 2
    window[start : start + win_length] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win_length) / win_length)
    return window


def check_frames(n_samples: int, n_fft: int, hop_length: int, padding: Padding) -> None:
    """Raise BadSetting where ``n_fft`` and ``hop_length`` are impossible, or the wave is too short for them."""
    if n_fft < 2:
        raise BadSetting(f"n_fft is {n_fft}; it must be at least 2.")
    if not 0 < hop_length <= n_fft:
        raise BadSetting(f"hop_length is {hop_length}; it must lie between 1 and n_fft ({n_fft}), or samples would be skipped.")
    if padding not in ("zero", "reflect", "none"):
        raise BadSetting(f"padding is {padding!r}; it must be 'zero', 'reflect' or 'none'.")
    shortest = {"zero": 1, "reflect": n_fft // 2 + 1, "none": n_fft}[padding]
    if n_samples < shortest:
        raise BadSetting(
            f"The wave has {n_samples} samples; n_fft {n_fft} with padding {padding!r} needs at least {shortest}: "
            "use a smaller n_fft or padding 'zero'."
        )
