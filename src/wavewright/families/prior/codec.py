"""Open the codec whose codes a prior draws."""

from __future__ import annotations

import numpy as np

from ... import models
from ...base.errors import BadModel, BadSetting
from ...models.folder import ModelFolder
from ..codec import CODEC
from ..codec.runtime import CodecRuntime
from .config import PriorConfig

# --- Symbols, the vocabulary of the network: the codes, one symbol for silence and one for the frame before a clip

SILENT_CODE = -1


def codes_to_symbols(codes: np.ndarray, config: PriorConfig) -> np.ndarray:
    """Convert codes ``(n_codebooks or more, frames)`` to symbols ``(frames, n_codebooks)`` int64."""
    symbols = codes[: config.n_codebooks].T.astype(np.int64)
    symbols[symbols[:, 0] == SILENT_CODE] = config.silence_symbol
    return symbols


def symbols_to_codes(symbols: np.ndarray, config: PriorConfig) -> np.ndarray:
    """Convert symbols ``(frames, n_codebooks)`` to codes ``(n_codebooks, frames)`` int16."""
    codes = symbols.T.astype(np.int16)
    codes[:, symbols[:, 0] == config.silence_symbol] = SILENT_CODE
    return codes


def checked_codes(codes: np.ndarray, config: PriorConfig) -> np.ndarray:
    """Return the codes of the codebooks that a model has, ``(n_codebooks, frames)``.

    Raises BadSetting if ``codes`` are no integers ``(n_codebooks or more, frames)``, or out of range.
    """
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype.kind not in "iu" or len(codes) < config.n_codebooks or not codes.shape[1]:
        raise BadSetting(
            f"The codes are {codes.dtype} of shape {codes.shape}; they must be integers ({config.n_codebooks} "
            "codebooks or more, frames), at least one frame."
        )
    codes = codes[: config.n_codebooks]
    is_silent = codes == SILENT_CODE
    is_in_range = codes.min() >= SILENT_CODE and codes.max() < config.codebook_size
    if not is_in_range or (is_silent.any(0) != is_silent.all(0)).any():
        raise BadSetting(
            f"The codes lie between {codes.min()} and {codes.max()}; they must lie between 0 and "
            f"{config.codebook_size - 1}, or be -1 in every codebook of a silent frame."
        )
    return codes


def open_codec(config: PriorConfig, prior: str) -> CodecRuntime:
    """Return the codec that a configuration names; ``prior`` is the name of the model in messages.

    Raises BadModel if the codec is missing, of another family, or has another hash than the configuration asks for.
    """
    name, expected_hash = config.codec, config.codec_hash
    path = models.search(name)
    if path is None:
        described = f"{name!r} ({expected_hash})" if expected_hash else f"{name!r}"
        raise BadModel(
            f"{prior} draws the codes of the codec {described}, which is not among the models here; copy its folder "
            "into runs/ or your model folder, or train with another (model.codec=NAME)."
        )
    folder = ModelFolder(path)
    if folder.card.family != CODEC.name:
        raise BadModel(
            f"{prior} draws the codes of a codec, and {name} is of the family {folder.card.family}; name a codec "
            "(model.codec)."
        )
    folder.verify()
    codec = CodecRuntime(folder)
    if expected_hash not in ("", codec.codes_hash, folder.hash):  # older priors name all files of their codec
        raise BadModel(
            f"{prior} draws the codes of a {name} whose networks have the hash {expected_hash}, and those of the "
            f"{name} here have {codec.codes_hash}; copy the former here, or train {prior} again on the latter."
        )
    return codec
