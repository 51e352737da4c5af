"""What a trained network hands over to be played: graphs, further tensors and a sample to hear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor, nn


@dataclass(frozen=True)
class Graph:
    """A module to export, an example of each input (batch first) and the names of its outputs.

    ``free`` names further axes, beside the batch, of inputs and outputs that may have any length.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    free: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Playable:
    """Everything that goes into a model folder besides the card.

    ``graphs`` by file name (``generator.onnx``); ``sample`` ``(channels, time)`` float32, to hear before the model is loaded;
    ``weights`` go into the file of weights beside those of the graphs, for what is played without one; ``files`` are further safetensors
    files, each a mapping of tensors by name.
    """

    graphs: Mapping[str, Graph]
    sample: np.ndarray
    files: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
