"""Arrays of the sample loop: weights scaled to integers and laid out as the processor reads them; empty streams."""

from __future__ import annotations

import numpy as np

from .config import Mode, WaveNetConfig
from .kernels import MAX_INTEGER, Streams, Weights, Workspace
from .weights import Tensors
from .wide_dots import ROWS, STEPS_AT_ONCE, width_of

ALIGNMENT = 64  # bytes; the weights of a register then never lie in two cache lines
COLUMNS_AT_ONCE = 2 * STEPS_AT_ONCE  # a row's columns are padded to a multiple of this
MAX_SUM = 2**31 - 2**20  # of products in 32 bits, less what rounding may add


def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """Return an array of zeros that starts at a cache line."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = np.zeros(n_bytes + ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % ALIGNMENT
    return buffer[start : start + n_bytes].view(dtype).reshape(shape)


def padded_columns(n_columns: int) -> int:
    """Return the number of columns of a packed row."""
    return -(-n_columns // COLUMNS_AT_ONCE) * COLUMNS_AT_ONCE


def pack_matrix(rows: np.ndarray, is_wide: bool) -> np.ndarray:
    """Lay out matrices ``(..., rows, columns)`` as the loop reads them, padded with zeros.

    Wide or floating-point: ``(..., blocks, steps, ROWS * width)``, see wide_dots.py; else ``(..., rows, padded
    columns)``.
    """
    *stack, n_rows, n_columns = rows.shape
    if not is_wide and rows.dtype != np.float32:
        plain = aligned_zeros((*stack, n_rows, padded_columns(n_columns)), rows.dtype)
        plain[..., :n_columns] = rows
        return plain
    width = width_of(rows.dtype)
    n_blocks = -(-n_rows // ROWS)
    n_steps = padded_columns(n_columns) // width
    padded = np.zeros((*stack, n_blocks * ROWS, n_steps * width), rows.dtype)
    padded[..., :n_rows, :n_columns] = rows
    padded = padded.reshape(*stack, n_blocks, ROWS, n_steps, width)
    result = aligned_zeros((*stack, n_blocks, n_steps, ROWS * width), rows.dtype)
    result[...] = np.moveaxis(padded, -3, -2).reshape(result.shape)
    return result


def quantise_rows(rows: np.ndarray, mode: Mode) -> tuple[np.ndarray, np.ndarray]:
    """Quantise the rows of matrices.

    Weights that are stored with 8 bits a row are exact in mode ``int8``.

    Parameters
    ----------
    rows
        ``(..., rows, taps, columns)`` float32; each tap of a row is multiplied by a vector of its own.
    mode
        ``float32`` leaves the rows as they are.

    Returns
    -------
    integers : np.ndarray
        The shape of ``rows``.
    scales : np.ndarray
        Scale of each row, ``(..., rows)`` float32: the smallest with which the integers fit their type, and no vector
        of integers up to MAX_INTEGER makes a sum that overflows 32 bits.
    """
    if mode == "float32":
        return rows, np.ones(rows.shape[:-2], np.float32)
    kind = np.dtype(mode)
    magnitudes = np.abs(rows, dtype=np.float64)
    by_type = magnitudes.max((-2, -1)) / np.iinfo(kind).max
    by_sum = magnitudes.sum(-1).max(-1) * (MAX_INTEGER / MAX_SUM)
    scales = np.maximum(by_type, by_sum)
    scales[scales == 0] = 1.0
    return np.rint(rows / scales[..., None, None]).astype(kind), scales.astype(np.float32)


def pack(config: WaveNetConfig, tensors: Tensors, mode: Mode, is_wide: bool) -> Weights:
    """Return the network as the loop reads it.

    Parameters
    ----------
    config, tensors
        Of the model; see :func:`.weights.checked_tensors`.
    mode
        Arithmetic of the layers.
    is_wide
        Lay out matrices for wide instructions.
    """
    n_layers, channels = config.n_layers, config.channels
    no_residual = np.zeros((channels, channels), np.float32)  # of the last layer
    residuals = np.stack([tensors.get(f"residual.{layer}.weight", no_residual) for layer in range(n_layers)])
    residual, residual_scale = quantise_rows(residuals[:, :, None], mode)  # (layers, R, 1, R)
    skip, skip_scale = quantise_rows(tensors["skip.weight"].reshape(-1, n_layers, channels), mode)  # (S, layers, R)
    gated = np.concatenate([residual[:, :, 0], np.moveaxis(skip, 1, 0)], axis=1)  # (layers, R + S, R)
    dilated = np.stack([tensors[f"dilated.{layer}.weight"] for layer in range(n_layers)])
    dilated, dilated_scale = quantise_rows(
        dilated.reshape(n_layers, 2 * channels, 2, channels), mode
    )  # (layers, 2 R, 2, R)
    head, head_scale = quantise_rows(tensors["head.weight"][:, None], mode)
    output, output_scale = quantise_rows(tensors["output.weight"][:, None], mode)
    n_padding = padded_columns(config.input_taps) - config.input_taps  # taps without weight, the oldest
    dilations = np.array(config.dilations, np.int64)
    return Weights(
        input=pack_matrix(np.pad(tensors["input.weight"], ((0, 0), (n_padding, 0))), is_wide=True),
        input_bias=tensors["input.bias"],
        dilated=pack_matrix(np.moveaxis(dilated, 2, 1), is_wide),
        dilated_scale=dilated_scale,
        dilated_bias=np.stack([tensors[f"dilated.{layer}.bias"] for layer in range(n_layers)]),
        gated=pack_matrix(gated, is_wide),
        gated_scale=np.concatenate([residual_scale, np.tile(skip_scale, (n_layers, 1))], axis=1),
        residual_bias=np.stack([tensors.get(f"residual.{layer}.bias", no_residual[0]) for layer in range(n_layers)]),
        skip_bias=tensors["skip.bias"],
        head=pack_matrix(head[:, 0], is_wide),
        head_scale=head_scale,
        head_bias=tensors["head.bias"],
        output=pack_matrix(output[:, 0], is_wide),
        output_scale=output_scale,
        output_bias=tensors["output.bias"],
        dilations=dilations,
        ring_starts=np.cumsum(dilations) - dilations,
        is_mixture=config.head == "logistics",
    )


def silent_streams(config: WaveNetConfig, seeds: np.ndarray, mode: Mode) -> Streams:
    """Return streams ``(len(seeds),)`` before their first sample."""
    n_streams = len(seeds)
    n_slots = sum(config.dilations)
    return Streams(
        seeds=seeds,
        past=aligned_zeros((n_streams, padded_columns(config.input_taps)), np.float32),
        rings=aligned_zeros((n_streams, n_slots, padded_columns(config.channels)), _vector_type(mode)),
        ring_scales=np.zeros((n_streams, n_slots), np.float32),
    )


def make_workspace(config: WaveNetConfig, n_streams: int, mode: Mode) -> Workspace:
    """Return the work arrays for so many streams."""
    widest = max(2 * config.channels, config.channels + config.skip_channels, config.head_channels, config.outputs)
    size = -(-widest // ROWS) * ROWS
    sums_type = np.float32 if mode == "float32" else np.int32
    return Workspace(
        hidden=aligned_zeros((n_streams, config.channels), np.float32),
        skipped=aligned_zeros((n_streams, config.skip_channels), np.float32),
        input_sums=aligned_zeros((size,), np.float32),
        sums=aligned_zeros((size,), sums_type),
        past_sums=aligned_zeros((size,), sums_type),
        units=aligned_zeros((size,), np.float32),
        vector=aligned_zeros((size,), _vector_type(mode)),
    )


def _vector_type(mode: Mode) -> type:
    return np.float32 if mode == "float32" else np.int16
