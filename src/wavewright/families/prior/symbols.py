"""Codes as the network hears them: symbols, of which one stands for silence and one for what was before a sound."""

from __future__ import annotations

import numpy as np

from ...errors import BadSetting
from .config import PriorConfig

SILENT_CODE = -1


def to_symbols(codes: np.ndarray, config: PriorConfig) -> np.ndarray:
    """Codes ``(n_levels or more, frames)`` to the symbols ``(frames, n_levels)`` int64 of the levels modelled."""
    symbols = codes[: config.n_levels].T.astype(np.int64)
    symbols[symbols[:, 0] == SILENT_CODE] = config.silent
    return symbols


def to_codes(symbols: np.ndarray, config: PriorConfig) -> np.ndarray:
    """The inverse: symbols ``(frames, n_levels)`` to codes ``(n_levels, frames)`` int16."""
    codes = symbols.T.astype(np.int16)
    codes[:, symbols[:, 0] == config.silent] = SILENT_CODE
    return codes


def checked(codes: np.ndarray, config: PriorConfig) -> np.ndarray:
    """Codes that were given, ``(n_levels, frames)``; raises BadSetting for what no codec gives."""
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype.kind not in "iu" or len(codes) < config.n_levels or not codes.shape[1]:
        raise BadSetting(
            f"The codes are {codes.dtype} of shape {codes.shape}; they must be integers ({config.n_levels} levels or more, frames), at "
            "least one frame."
        )
    codes = codes[: config.n_levels]
    is_silent = codes == SILENT_CODE
    if codes.min() < SILENT_CODE or codes.max() >= config.codebook_size or (is_silent.any(0) != is_silent.all(0)).any():
        raise BadSetting(
            f"The codes lie between {codes.min()} and {codes.max()}; they must lie between 0 and {config.codebook_size - 1}, or be -1 in "
            "every level of a silent frame."
        )
    return codes
