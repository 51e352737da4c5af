"""Initial weights of a codec that starts from another one (``train --from``)."""

from __future__ import annotations

import numpy as np

from ...contracts.family import exported_weights
from ...models.folder import ModelFolder
from .config import WEIGHT_PREFIXES, CodecConfig


def initial_weights(base: ModelFolder, config: CodecConfig) -> dict[str, np.ndarray]:
    """Return the tensors of an autoencoder that starts from ``base``, by name.

    Its codebooks count as initialised, with codes of equal usage. An encoder with more blocks or a longer look-ahead
    than that of ``base`` computes the same at first.

    Parameters
    ----------
    base
        The model to start from.
    config
        Configuration of the new model; other differences show where the tensors are loaded.
    """
    base_config = base.config(CodecConfig)
    tensors = exported_weights(base, WEIGHT_PREFIXES)
    if config.quantizer == "codebook":
        for book in range(config.n_codebooks):
            tensors[f"quantizer.quantizers.{book}.usage"] = np.full(
                config.codebook_size, 1 / config.codebook_size, np.float32
            )
            tensors[f"quantizer.quantizers.{book}.is_initialised"] = np.array(True)
    n_ahead = config.encoder_look_ahead - base_config.encoder_look_ahead
    if n_ahead > 0:  # weights of 0 for the further frames
        n_more = n_ahead * base_config.n_subframes * base_config.subframe_channels[0]
        tensors["encoder.frame_proj.weight"] = np.pad(tensors["encoder.frame_proj.weight"], ((0, 0), (0, n_more)))
    last = f"encoder.frame_blocks.blocks.{base_config.encoder_blocks - 1}."
    last_block = {name.removeprefix(last): array for name, array in tensors.items() if name.startswith(last)}
    for index in range(base_config.encoder_blocks, config.encoder_blocks):  # a scale of 0: they add nothing at first
        block = last_block | {"gamma": np.zeros_like(last_block["gamma"])}
        tensors |= {f"encoder.frame_blocks.blocks.{index}.{name}": array for name, array in block.items()}
    return tensors
