"""Specification of an export: the graphs, tensors and example audio of a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor, nn


@dataclass(frozen=True)
class GraphSpec:
    """One module to trace and store as an ONNX graph.

    Parameters
    ----------
    module : nn.Module
        Takes the inputs by position and returns the outputs, one tensor or a tuple of tensors.
    inputs : Mapping[str, Tensor]
        Names of the inputs in the order of the arguments, with an example of each, batch first.
    outputs : tuple of str
        Names of the outputs.
    dynamic_axes : Mapping[str, tuple of int]
        Axes of any length beside the batch, by the name of the input or output, as in ``torch.onnx.export``.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    dynamic_axes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportSpec:
    """Content of a model folder besides the card; see :func:`wavewright.training.export.export_model`.

    Parameters
    ----------
    graphs : Mapping[str, GraphSpec]
        Graphs by file name, such as ``generator.onnx``.
    sample : np.ndarray
        Example audio ``(channels, time)`` float32.
    files : Mapping[str, Mapping[str, np.ndarray]]
        Further safetensors files: tensors by name, by file name.
    weights : Mapping[str, np.ndarray]
        Tensors for the file of weights that no graph refers to, for inference without ONNX Runtime or for fine-tuning.
    """

    graphs: Mapping[str, GraphSpec]
    sample: np.ndarray
    files: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
