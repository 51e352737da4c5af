"""How well a WaveNet expected a wave, in bits per sample, by NumPy: what a mode of the engine costs is the difference of two."""

from __future__ import annotations

import math

import numpy as np

from .config import LARGEST_STEP, SMALLEST_LOG_SCALE, WaveNetConfig
from .frames import targets


def bits_per_sample(config: WaveNetConfig, outputs: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Bits ``(...)`` that each sample of ``heard (...)`` costs under ``outputs (..., config.outputs)``, float64.

    The negative binary logarithm of its probability: of its class for head ``mu-law``, of its step of the 16-bit grid for ``logistics``
    (Salimans et al., "PixelCNN++", 2017, section 2.1; the outermost steps reach to infinity).
    """
    outputs, heard = outputs.astype(np.float64), heard.astype(np.float64)
    if config.head == "mu-law":
        nats = np.logaddexp.reduce(outputs, axis=-1)
        nats -= np.take_along_axis(outputs, targets(heard)[..., None], axis=-1)[..., 0]
    else:
        nats = _mixture_nats(outputs, heard)
    return nats / math.log(2)


def _mixture_nats(outputs: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """With ``s`` for the sigmoid, ``s(a) - s(b) = s(a) s(-b) (1 - exp(b - a))``, whose logarithm is exact however small it is."""
    logits, means, log_scales = np.split(outputs, 3, axis=-1)
    scales = np.exp(np.maximum(log_scales, SMALLEST_LOG_SCALE))
    half_step = 0.5 / LARGEST_STEP
    above, below = ((heard[..., None] + side - means) / scales for side in (half_step, -half_step))
    up_to_above, from_below = -np.logaddexp(0.0, -above), -np.logaddexp(0.0, below)  # log s(above), log s(-below)
    inside = up_to_above + from_below + np.log1p(-np.exp(below - above))
    is_lowest, is_highest = (heard <= half_step - 1)[..., None], (heard >= 1 - half_step)[..., None]
    log_probability = np.where(is_lowest, up_to_above, np.where(is_highest, from_below, inside))
    return np.logaddexp.reduce(logits, axis=-1) - np.logaddexp.reduce(logits + log_probability, axis=-1)
