"""How well a network that is open for inference predicts a recording, frame by frame."""

from __future__ import annotations

import math

import numpy as np

from ...dsp.position import position_features
from .config import LOG_DEVIATIONS, LstmConfig
from .sampling import FrameStep

LARGEST_EXPONENT = 700.0  # of a loss, so that it is finite for frames that a model gives almost no probability


def clip_loss(step: FrameStep, config: LstmConfig, whitened: np.ndarray, label: int, speaker: int) -> float:
    """Return the mean loss of a clip's whitened frames ``(frames, n_features)``, each given those before.

    That of a mean is the squared error; that of a mixture is the squared error at which a Gaussian has as many nats of
    a feature as ``losses.frame_losses`` computes.
    """
    positions = position_features(len(whitened))
    state = np.zeros((config.n_states, config.hidden_size), np.float32)
    previous = np.zeros(config.n_features, np.float32)  # a frame of zeros precedes every clip
    losses = []
    for frame, position in zip(whitened, positions, strict=True):
        outputs, state = step(previous, position, label, speaker, state)
        losses.append(frame_loss(outputs, frame, config))
        previous = frame
    loss = float(np.mean(losses))
    return loss if config.output == "mse" else math.exp(min(2 * loss - 1, LARGEST_EXPONENT)) / (2 * math.pi)


def frame_loss(outputs: np.ndarray, frame: np.ndarray, config: LstmConfig) -> float:
    """Return the loss of a whitened frame ``(n_features,)`` under the outputs ``(n_outputs,)`` before it."""
    n_mixtures, n_features = config.n_mixtures, config.n_features
    if config.output == "mse":
        return float(np.square(outputs[:n_features] - frame).mean())
    logits = outputs[:n_mixtures].astype(np.float64)
    means, log_deviations = outputs[n_mixtures : n_mixtures * (1 + 2 * n_features)].reshape(2, n_mixtures, n_features)
    log_deviations = np.clip(log_deviations, *LOG_DEVIATIONS).astype(np.float64)
    squares = np.square((frame - means) * np.exp(-log_deviations))
    log_densities = -0.5 * squares.sum(1) - log_deviations.sum(1) - 0.5 * n_features * math.log(2 * math.pi)
    return float(np.logaddexp.reduce(logits) - np.logaddexp.reduce(logits + log_densities)) / n_features
