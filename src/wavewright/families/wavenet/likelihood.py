"""Likelihood of a signal in bits per sample, by NumPy; the cost of a mode of the engine is the difference of two."""

from __future__ import annotations

import math

import numpy as np

from .config import MAX_STEP, MIN_LOG_SCALE, WaveNetConfig
from .signal import signal_to_classes


def bits_per_sample(config: WaveNetConfig, outputs: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Compute the negative binary log-likelihood of each sample.

    Parameters
    ----------
    config
        Of the model.
    outputs
        ``(..., config.outputs)``, the distribution of each sample.
    signal
        ``(...)``.

    Returns
    -------
    np.ndarray
        ``(...)`` float64: of its class for head ``mu-law``, of its step of the 16-bit grid for ``logistics``.

    References
    ----------
    T. Salimans et al., "PixelCNN++", 2017, section 2.1; the outermost steps reach to infinity.
    """
    outputs, signal = outputs.astype(np.float64), signal.astype(np.float64)
    if config.head == "mu-law":
        nats = np.logaddexp.reduce(outputs, axis=-1)
        nats -= np.take_along_axis(outputs, signal_to_classes(signal)[..., None], axis=-1)[..., 0]
    else:
        nats = _mixture_nats(outputs, signal)
    return np.asarray(nats / math.log(2))


def _mixture_nats(outputs: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Return the nats of each sample under a mixture of logistics.

    With ``s`` for the sigmoid, ``s(a) - s(b) = s(a) s(-b) (1 - exp(b - a))``, whose logarithm is exact however small.
    """
    logits, means, log_scales = np.split(outputs, 3, axis=-1)
    scales = np.exp(np.maximum(log_scales, MIN_LOG_SCALE))
    half_step = 0.5 / MAX_STEP
    above = (signal[..., None] + half_step - means) / scales
    below = (signal[..., None] - half_step - means) / scales
    log_up_to_above = -np.logaddexp(0.0, -above)  # log s(above)
    log_from_below = -np.logaddexp(0.0, below)  # log s(-below)
    log_inside = log_up_to_above + log_from_below + np.log1p(-np.exp(below - above))
    is_lowest, is_highest = (signal <= half_step - 1)[..., None], (signal >= 1 - half_step)[..., None]
    log_probability = np.where(is_lowest, log_up_to_above, np.where(is_highest, log_from_below, log_inside))
    return np.asarray(np.logaddexp.reduce(logits, axis=-1) - np.logaddexp.reduce(logits + log_probability, axis=-1))
