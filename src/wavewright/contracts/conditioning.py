"""Inputs by which the exported step of a frame-by-frame model is conditioned: position, label and speaker."""

from __future__ import annotations

import numpy as np

from ..dsp.position import POSITION_FEATURES
from ..models.graph_session import Shapes
from .config import SequenceConfig


def conditioning_shapes(config: SequenceConfig) -> Shapes:
    """Return the shapes of the inputs ``position``, ``label`` and ``speaker`` of a graph, as far as it has them."""
    shapes: Shapes = {"position": (1, POSITION_FEATURES), "label": (1,), "speaker": (1,)}
    return {name: shapes[name] for name in conditioning_names(config)}


def conditioning_inputs(
    config: SequenceConfig, position: np.ndarray, label: int, speaker: int
) -> dict[str, np.ndarray]:
    """Return the inputs of a graph for one frame.

    Parameters
    ----------
    config
        Of the model.
    position
        Features of the position, ``(POSITION_FEATURES,)``.
    label, speaker
        Indices.
    """
    inputs = {}
    if config.has_position:
        inputs["position"] = position[None]
    if config.labels:
        inputs["label"] = np.array([label], np.int64)
    if config.speakers:
        inputs["speaker"] = np.array([speaker], np.int64)
    return inputs


def conditioning_names(config: SequenceConfig) -> tuple[str, ...]:
    """Return the names of the inputs that a network is conditioned by, in the order of its graph."""
    is_used = {"position": config.has_position, "label": bool(config.labels), "speaker": bool(config.speakers)}
    return tuple(name for name, used in is_used.items() if used)
