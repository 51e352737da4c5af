"""From a network's tensors to the arrays of the sample loop: weights scaled to integers, laid out as the processor reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from ...dsp.companding import mu_law_decode
from ...errors import BadModel
from . import MU_LAW_LEVELS, Config
from .kernels import LARGEST_INTEGER, Desk, Streams, Weights
from .wide_dots import HAS_WIDE_DOTS, ROWS, STEPS_AT_ONCE, width_of

Mode = Literal["int16", "float32", "int8"]

SCALE_SUFFIX = ".scale"  # of the tensor with the scales (rows, 1, ...) of an int8 weight, as models/folder.py has it
ALIGNMENT = 64  # bytes; a register's worth of weights then never lies in two cache lines
COLUMNS_AT_ONCE = 4  # a row's columns are padded to a multiple of this
LARGEST_SUM = 2**31 - 2**20  # of products in 32 bits, less what rounding may add


def aligned(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """An array of zeros that starts at a cache line."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + n_bytes].view(dtype).reshape(shape)


def padded(n_columns: int) -> int:
    return -(-n_columns // COLUMNS_AT_ONCE) * COLUMNS_AT_ONCE


def packed(rows: np.ndarray, n_parts: int = 1, is_wide: bool = True) -> np.ndarray:
    """Matrices ``(..., rows, columns)`` as the loop reads them, with zeros for rows and columns that fill it up.

    Wide: ``(..., blocks, steps, ROWS * width)``, see wide_dots.py; else ``(..., rows, padded columns)``.
    """
    *stack, n_rows, n_columns = rows.shape
    if not is_wide:
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
