"""Mu-law companding (ITU-T G.711's curve): loud samples in coarse steps, quiet ones in fine steps."""

from __future__ import annotations

import numpy as np

from ..errors import BadAudio, BadSetting
from .spectrum import float_wave


def mu_law_encode(wave: np.ndarray, mu: int = 255) -> np.ndarray:
    """``sign(x) log(1 + mu |x|) / log(1 + mu)``: samples in [-1, 1] to compressed ones in [-1, 1], the same shape.

    Raises BadAudio for samples beyond [-1, 1] and BadSetting for ``mu`` below 1.
    """
    _check_mu(mu)
    wave = float_wave(wave)
    _check_range(wave)
    return np.sign(wave) * np.log1p(mu * np.abs(wave)) / np.log1p(mu).astype(wave.dtype)


def mu_law_decode(compressed: np.ndarray, mu: int = 255) -> np.ndarray:
    """``sign(y) ((1 + mu)^|y| - 1) / mu``, the inverse of :func:`mu_law_encode`; raises as it does."""
    _check_mu(mu)
    compressed = float_wave(compressed)
    _check_range(compressed)
    return np.sign(compressed) * np.expm1(np.log1p(mu).astype(compressed.dtype) * np.abs(compressed)) / mu


def mu_law_quantise(wave: np.ndarray, mu: int = 255) -> np.ndarray:
    """Samples in [-1, 1] to whole numbers from ``-(mu + 1) / 2`` to ``(mu - 1) / 2`` (8 bits for 255), as ``librosa.mu_compress``."""
    # In single precision a full-scale sample lands a hair above 1, in a code that does not exist.
    compressed = mu_law_encode(np.asarray(wave, np.float64), mu)
    codes = np.searchsorted(np.linspace(-1.0, 1.0, 1 + mu), compressed, side="left")
    return (codes - (mu + 1) // 2).astype(np.int16)


def mu_law_dequantise(codes: np.ndarray, mu: int = 255) -> np.ndarray:
    """Whole numbers from :func:`mu_law_quantise` back to samples float32, as ``librosa.mu_expand``."""
    return mu_law_decode(np.asarray(codes, np.float32) * 2.0 / (1 + mu), mu)


def _check_mu(mu: int) -> None:
    if not 1 <= mu <= 32_767:
        raise BadSetting(f"mu is {mu}; it must lie between 1 and 32767, and is 255 for 8 bits.")


def _check_range(wave: np.ndarray) -> None:
    peak = float(np.max(np.abs(wave), initial=0.0))
    if not peak <= 1.0:
        raise BadAudio(
            f"Mu-law takes samples in [-1, 1], and the loudest here is {peak:.4g}; normalise the wave first."
        )
