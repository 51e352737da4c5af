"""Specification of an export: the graphs, tensors and example audio of a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor, nn


@dataclass(frozen=True)
class GraphSpec:
    """One module to trace and store as an ONNX graph."""

    module: nn.Module  # takes the inputs by position and returns the outputs, one tensor or a tuple of tensors
    inputs: Mapping[str, Tensor]  # names of the inputs in the order of the arguments, with an example of each
    outputs: tuple[str, ...]  # names of the outputs
    dynamic_axes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Axes of any length beside the batch, by the name of the input or output, as in ``torch.onnx.export``."""
    is_batched: bool = True  # the first axis of every tensor is the batch

    def free_axes(self, name: str) -> tuple[int, ...]:
        """Return the axes of an input or output that may have any length."""
        return ((0,) if self.is_batched else ()) + tuple(self.dynamic_axes.get(name, ()))


@dataclass(frozen=True)
class ExportSpec:
    """Content of a model folder besides the card; see :func:`wavewright.training.export.export_model`.

    - ``graphs``: graphs by file name, such as ``generator.onnx``.
    - ``sample``: example audio ``(channels, time)`` float32.
    - ``files``: further safetensors files: tensors by name, by file name.
    - ``weights``: tensors for the file of weights that no graph refers to, for inference without ONNX Runtime or for
      fine-tuning.
    """

    graphs: Mapping[str, GraphSpec]
    sample: np.ndarray
    files: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
