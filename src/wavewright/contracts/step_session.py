"""The exported step of a recurrent model, from one frame to the next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..models.folder import ModelFolder
from .conditioning import conditioning_inputs, conditioning_shapes
from .config import SequenceConfig


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
