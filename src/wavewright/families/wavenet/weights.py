"""Weights of the layers over samples as a model folder stores them: names, shapes, checks, and the network's names."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping

import numpy as np

from ...base.errors import BadModel
from .config import WaveNetConfig

Tensors = Mapping[str, np.ndarray]


def tensor_shapes(config: WaveNetConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor that an engine needs; the last layer has no residual connection."""
    channels, skip, head = config.channels, config.skip_channels, config.head_channels
    shapes: dict[str, tuple[int, ...]] = {"input.weight": (channels, config.input_taps), "input.bias": (channels,)}
    for layer in range(config.n_layers):
        shapes |= {f"dilated.{layer}.weight": (2 * channels, 2 * channels), f"dilated.{layer}.bias": (2 * channels,)}
        if layer < config.n_layers - 1:
            shapes |= {f"residual.{layer}.weight": (channels, channels), f"residual.{layer}.bias": (channels,)}
    shapes |= {"skip.weight": (skip, config.n_layers * channels), "skip.bias": (skip,)}
    shapes |= {"head.weight": (head, skip), "head.bias": (head,)}
    return shapes | {"output.weight": (config.outputs, head), "output.bias": (config.outputs,)}


def checked_tensors(config: WaveNetConfig, tensors: Tensors) -> dict[str, np.ndarray]:
    """Return the tensors of an engine as float32; raise BadModel for a missing, misshapen or non-finite one."""
    checked = {}
    for name, shape in tensor_shapes(config).items():
        tensor = tensors.get(name)
        if tensor is None or tensor.shape != shape:
            problem = "is missing" if tensor is None else f"has shape {tensor.shape}"
            raise BadModel(
                f"The weight {name} {problem}; a WaveNet of this config has one of shape {shape}: copy the model again."
            )
        checked[name] = tensor.astype(np.float32)
        if not np.isfinite(checked[name]).all():
            raise BadModel(f"The weight {name} contains NaN or infinite values; its training diverged: train again.")
    return checked


def fingerprint(config: WaveNetConfig, tensors: Tensors) -> str:
    """Return twelve hexadecimal digits that identify a network."""
    digest = hashlib.sha256(json.dumps(dataclasses.asdict(config)).encode())
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].tobytes())
    return digest.hexdigest()[:12]


def to_module_names(tensors: Tensors, config: WaveNetConfig) -> dict[str, np.ndarray]:
    """Return the tensors of an engine by their names in :class:`.training.WaveNet`, to start a training from."""
    renamed = {name: tensors[name] for name in ("input.weight", "input.bias", "head.weight", "head.bias")}
    renamed |= {name: tensors[name] for name in ("output.weight", "output.bias")}
    renamed["skip_bias"] = tensors["skip.bias"]
    skips = np.split(tensors["skip.weight"], config.n_layers, axis=1)
    for layer in range(config.n_layers):
        renamed[f"layers.{layer}.skip.weight"] = np.ascontiguousarray(skips[layer])
        for kind in ("dilated", "residual") if layer < config.n_layers - 1 else ("dilated",):
            for parameter in ("weight", "bias"):
                renamed[f"layers.{layer}.{kind}.{parameter}"] = tensors[f"{kind}.{layer}.{parameter}"]
    return renamed
