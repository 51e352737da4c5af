"""The exported step of a recurrent model, from one frame to the next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..dsp.position import POSITION_FEATURES
from ..models.folder import ModelFolder
from ..models.graph_file import Shapes
from .config import SequenceConfig

# --- Inputs by which the exported step of a frame-by-frame model is conditioned: position, label and speaker


def conditioning_shapes(config: SequenceConfig) -> Shapes:
    """Return the shapes of the inputs ``position``, ``label`` and ``speaker`` of a graph, as far as it has them."""
    shapes: Shapes = {"position": (1, POSITION_FEATURES), "label": (1,), "speaker": (1,)}
    return {name: shapes[name] for name in conditioning_names(config)}


def conditioning_inputs(
    config: SequenceConfig, position: np.ndarray, label: int, speaker: int
) -> dict[str, np.ndarray]:
    """Return the inputs of a graph for one frame, whose position has features ``(POSITION_FEATURES,)``."""
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


class FrameVector(NamedTuple):
    """Name and size of a vector that a step takes or returns for each frame."""

    name: str
    size: int


class StepSession:
    """A graph from the frame before, its conditioning and the state to an output and the next state.

    Parameters
    ----------
    folder, file
        The model, and its graph.
    config
        Configuration of the model.
    frame, output
        The vector that the graph takes besides conditioning and state, and the one that it returns.
    state_shape
        Shape of the state of one clip.
    """

    def __init__(
        self,
        folder: ModelFolder,
        file: str,
        config: SequenceConfig,
        frame: FrameVector,
        output: FrameVector,
        state_shape: tuple[int, ...],
    ) -> None:
        state = (1, *state_shape)
        inputs = {frame.name: (1, frame.size), **conditioning_shapes(config), "state": state}
        self._config = config
        self._frame_name = frame.name
        self._session = folder.session(file, inputs, {output.name: (1, output.size), "next_state": state})

    def __call__(
        self, frame: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the output of a step and the next state; label and speaker are indices."""
        inputs = {self._frame_name: frame[None], "state": state[None]}
        inputs |= conditioning_inputs(self._config, position, label, speaker)
        output, next_state = self._session.run(None, inputs)
        return output[0], next_state[0]
