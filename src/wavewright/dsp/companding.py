"""Mu-law companding with the curve of ITU-T G.711: fine steps for quiet samples, coarse ones for loud samples."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadAudio, BadSetting
from .spectrum import float_wave


def mu_law_encode(wave: np.ndarray, mu: int = 255) -> np.ndarray:
    """Compress samples: ``sign(x) log(1 + mu |x|) / log(1 + mu)``.

    - ``wave``: samples in [-1, 1], any shape.
    - ``mu``: 1 to 32767; 255 for 8 bits.
    - returns: compressed samples in [-1, 1], the same shape.

    Raises BadAudio if a sample is beyond [-1, 1], or BadSetting if ``mu`` is out of range.

    References
    ----------
    ITU-T G.711.
    """
    _check_mu(mu)
    wave = float_wave(wave)
    _check_range(wave)
    compressed: np.ndarray = np.sign(wave) * np.log1p(mu * np.abs(wave)) / np.log1p(mu).astype(wave.dtype)
    return compressed


def mu_law_decode(compressed: np.ndarray, mu: int = 255) -> np.ndarray:
    """Expand samples: ``sign(y) ((1 + mu)^|y| - 1) / mu``, the inverse of :func:`mu_law_encode`.

    - ``compressed``: compressed samples in [-1, 1], any shape.
    - ``mu``: 1 to 32767.
    - returns: samples in [-1, 1], the same shape.

    Raises BadAudio or BadSetting as :func:`mu_law_encode`.
    """
    _check_mu(mu)
    compressed = float_wave(compressed)
    _check_range(compressed)
    log_base = np.log1p(mu).astype(compressed.dtype)
    wave: np.ndarray = np.sign(compressed) * np.expm1(log_base * np.abs(compressed)) / mu
    return wave


def mu_law_quantise(wave: np.ndarray, mu: int = 255) -> np.ndarray:
    """Compress samples and round them to integers, as ``librosa.mu_compress``.

    - ``wave``, ``mu``: as for :func:`mu_law_encode`.
    - returns: from ``-(mu + 1) / 2`` to ``(mu - 1) / 2``, the same shape, int16.

    Raises BadAudio or BadSetting as :func:`mu_law_encode`.
    """
    # In single precision a full-scale sample is rounded to slightly above 1, in a code that does not exist.
    compressed = mu_law_encode(np.asarray(wave, np.float64), mu)
    codes = np.searchsorted(np.linspace(-1.0, 1.0, 1 + mu), compressed, side="left")
    return (codes - (mu + 1) // 2).astype(np.int16)


def mu_law_dequantise(codes: np.ndarray, mu: int = 255) -> np.ndarray:
    """Expand the integers of :func:`mu_law_quantise` to samples float32, as ``librosa.mu_expand``."""
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
