"""From a network's tensors to the arrays of the sample loop: weights scaled to integers, laid out as the processor reads them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...errors import BadModel
from .config import WaveNetConfig
from .engine import Mode, tensor_shapes
from .kernels import LARGEST_INTEGER, Desk, Streams, Weights
from .wide_dots import ROWS, STEPS_AT_ONCE, width_of

Tensors = Mapping[str, np.ndarray]

ALIGNMENT = 64  # bytes; a register's worth of weights then never lies in two cache lines
COLUMNS_AT_ONCE = 2 * STEPS_AT_ONCE  # a row's columns are padded to a multiple of this
LARGEST_SUM = 2**31 - 2**20  # of products in 32 bits, less what rounding may add


def checked_tensors(config: WaveNetConfig, tensors: Tensors) -> dict[str, np.ndarray]:
    """The tensors that the loop needs as float32; raises BadModel for one that is missing, has another shape or is not finite."""
    found = {}
    for name, shape in tensor_shapes(config).items():
        tensor = tensors.get(name)
        if tensor is None or tensor.shape != shape:
            has = "is missing" if tensor is None else f"has shape {tensor.shape}"
            raise BadModel(
                f"The weight {name} {has}; a WaveNet of this config has one of shape {shape}: copy the model again."
            )
        found[name] = tensor.astype(np.float32)
        if not np.isfinite(found[name]).all():
            raise BadModel(f"The weight {name} has numbers that are not finite; its training exploded: train again.")
    return found


def aligned(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """An array of zeros that starts at a cache line."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + n_bytes].view(dtype).reshape(shape)


def padded(n_columns: int) -> int:
    return -(-n_columns // COLUMNS_AT_ONCE) * COLUMNS_AT_ONCE


def packed(rows: np.ndarray, is_wide: bool) -> np.ndarray:
    """Matrices ``(..., rows, columns)`` as the loop reads them, with zeros for rows and columns that fill it up.

    Wide or floating-point: ``(..., blocks, steps, ROWS * width)``, see wide_dots.py; else ``(..., rows, padded columns)``.
    """
    *stack, n_rows, n_columns = rows.shape
    if not is_wide and rows.dtype != np.float32:
        plain = aligned((*stack, n_rows, padded(n_columns)), rows.dtype)
        plain[..., :n_columns] = rows
        return plain
    width = width_of(rows.dtype)
    n_blocks, n_steps = -(-n_rows // ROWS), padded(n_columns) // width
    filled = np.zeros((*stack, n_blocks * ROWS, n_steps * width), rows.dtype)
    filled[..., :n_rows, :n_columns] = rows
    filled = filled.reshape(*stack, n_blocks, ROWS, n_steps, width)
    result = aligned((*stack, n_blocks, n_steps, ROWS * width), rows.dtype)
    result[...] = np.moveaxis(filled, -3, -2).reshape(result.shape)
    return result


def scaled(rows: np.ndarray, mode: Mode) -> tuple[np.ndarray, np.ndarray]:
    """Rows ``(..., rows, parts, columns)`` float32 as integers, and a float32 factor for each row ``(..., rows)``.

    The parts of a row are multiplied by vectors of their own, and share its factor: the smallest with which the integers fit their
    type, and with which no vector of integers up to LARGEST_INTEGER can make a sum that leaves 32 bits. Weights that were stored with
    8 bits a row stay what they are in mode ``int8``. In ``float32`` rows stay themselves.
    """
    if mode == "float32":
        return rows, np.ones(rows.shape[:-2], np.float32)
    kind = np.dtype(mode)
    magnitudes = np.abs(rows, dtype=np.float64)
    by_type = magnitudes.max((-2, -1)) / np.iinfo(kind).max
    by_sum = magnitudes.sum(-1).max(-1) * (LARGEST_INTEGER / LARGEST_SUM)
    scales = np.maximum(by_type, by_sum)
    scales[scales == 0] = 1.0
    return np.rint(rows / scales[..., None, None]).astype(kind), scales.astype(np.float32)


def pack(config: WaveNetConfig, tensors: Tensors, mode: Mode, is_wide: bool) -> Weights:
    """The network as the loop reads it, from :func:`checked_tensors`; ``is_wide`` as in :func:`packed`."""
    n_layers, channels = config.n_layers, config.channels
    no_residual = np.zeros((channels, channels), np.float32)  # of the last layer
    residuals = np.stack([tensors.get(f"residual.{layer}.weight", no_residual) for layer in range(n_layers)])
    residual, residual_scale = scaled(residuals[:, :, None], mode)  # (layers, R, 1, R)
    skip, skip_scale = scaled(tensors["skip.weight"].reshape(-1, n_layers, channels), mode)  # (S, layers, R)
    gated = np.concatenate([residual[:, :, 0], np.moveaxis(skip, 1, 0)], axis=1)  # (layers, R + S, R)
    dilated = np.stack([tensors[f"dilated.{layer}.weight"] for layer in range(n_layers)])
    dilated, dilated_scale = scaled(dilated.reshape(n_layers, 2 * channels, 2, channels), mode)  # (layers, 2 R, 2, R)
    head, head_scale = scaled(tensors["head.weight"][:, None], mode)
    output, output_scale = scaled(tensors["output.weight"][:, None], mode)
    oldest_taps = padded(config.input_taps) - config.input_taps  # that fill up the window and are not heard
    dilations = np.array(config.dilations, np.int64)
    return Weights(
        input=packed(np.pad(tensors["input.weight"], ((0, 0), (oldest_taps, 0))), is_wide=True),
        input_bias=tensors["input.bias"],
        dilated=packed(np.moveaxis(dilated, 2, 1), is_wide),
        dilated_scale=dilated_scale,
        dilated_bias=np.stack([tensors[f"dilated.{layer}.bias"] for layer in range(n_layers)]),
        gated=packed(gated, is_wide),
        gated_scale=np.concatenate([residual_scale, np.tile(skip_scale, (n_layers, 1))], axis=1),
        residual_bias=np.stack([tensors.get(f"residual.{layer}.bias", no_residual[0]) for layer in range(n_layers)]),
        skip_bias=tensors["skip.bias"],
        head=packed(head[:, 0], is_wide),
        head_scale=head_scale,
        head_bias=tensors["head.bias"],
        output=packed(output[:, 0], is_wide),
        output_scale=output_scale,
        output_bias=tensors["output.bias"],
        dilations=dilations,
        ring_starts=np.cumsum(dilations) - dilations,
        is_mixture=config.head == "logistics",
    )


def silent_streams(config: WaveNetConfig, seeds: np.ndarray, mode: Mode) -> Streams:
    """Streams ``(len(seeds),)`` before their first sample."""
    n_streams, n_slots = len(seeds), sum(config.dilations)
    return Streams(
        seeds=seeds,
        past=aligned((n_streams, padded(config.input_taps)), np.float32),
        rings=aligned((n_streams, n_slots, padded(config.channels)), _vector_type(mode)),
        ring_scales=np.zeros((n_streams, n_slots), np.float32),
    )


def desk_of(config: WaveNetConfig, n_streams: int, mode: Mode) -> Desk:
    """Room to work in for so many streams."""
    widest = max(2 * config.channels, config.channels + config.skip_channels, config.head_channels, config.outputs)
    room = -(-widest // ROWS) * ROWS
    sums_type = np.float32 if mode == "float32" else np.int32
    return Desk(
        hidden=aligned((n_streams, config.channels), np.float32),
        skipped=aligned((n_streams, config.skip_channels), np.float32),
        input_sums=aligned((room,), np.float32),
        sums=aligned((room,), sums_type),
        past_sums=aligned((room,), sums_type),
        units=aligned((room,), np.float32),
        vector=aligned((room,), _vector_type(mode)),
    )


def _vector_type(mode: Mode) -> type:
    return np.float32 if mode == "float32" else np.int16
