"""Initial weights of a denoiser that starts from another one (``train --from``), at a higher sample rate if need be."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ...contracts.family import exported_weights
from ...models.folder import ModelFolder
from .config import WEIGHT_PREFIX, DenoiserConfig

N_PARTS = 2  # of a mask: real and imaginary


def initial_weights(base: ModelFolder, config: DenoiserConfig) -> dict[str, np.ndarray]:
    """Return the weights of a network that starts from ``base``, by name.

    If ``config`` has the bands of ``base`` and more above them, the network starts with the same masks of the bands
    that both have, and those above are treated as the highest band of ``base`` is.

    Parameters
    ----------
    base : ModelFolder
        The other model.
    config : DenoiserConfig
        Configuration of the new one; whether the weights fit it is checked where they are loaded.
    """
    weights = exported_weights(base, [WEIGHT_PREFIX])
    known = base.config(DenoiserConfig)
    n_known, n_new = known.n_bands, config.n_bands - known.n_bands
    if n_new <= 0 or config.band_edges[:n_known] != known.band_edges[:n_known]:
        return weights
    prefix = "estimator."
    n_features = len(weights[f"{prefix}split.weight"][0]) // _width(known)
    split = weights[f"{prefix}split.weight"].reshape(n_known, _width(known), n_features, -1)
    split = _with_bands(split, known, config, 1)
    weights[f"{prefix}split.weight"] = split.reshape(config.n_bands, -1, split.shape[-1])
    if known.mask == "complex":
        for name in ("weight", "bias"):
            merge = weights[f"{prefix}merge.{name}"]
            merge = merge.reshape(*merge.shape[:2], _width(known), N_PARTS)
            merge = _with_bands(merge, known, config, 2)
            weights[f"{prefix}merge.{name}"] = merge.reshape(*merge.shape[:2], -1)
    for name in ("split.bias", "dereverb_bias"):
        array = weights[prefix + name]
        weights[prefix + name] = np.concatenate([array, np.repeat(array[-1:], n_new, 0)])
    for block in range(config.n_blocks):
        mixer = f"{prefix}mixers.{block}.band_"
        n_hidden = round(config.expansion * config.n_bands) - len(weights[f"{mixer}in_proj.weight"])
        weights[f"{mixer}in_proj.weight"] = np.pad(weights[f"{mixer}in_proj.weight"], ((0, n_hidden), (0, n_new)))
        weights[f"{mixer}in_proj.bias"] = np.pad(weights[f"{mixer}in_proj.bias"], (0, n_hidden))
        rng = np.random.default_rng(block)
        new_rows = weights[f"{mixer}in_proj.weight"][-n_hidden:]
        new_rows[:] = rng.normal(0, 1 / np.sqrt(config.n_bands), new_rows.shape)
        out_weight, out_bias = weights[f"{mixer}out_proj.weight"], weights[f"{mixer}out_proj.bias"]
        out_weight = np.concatenate([out_weight, np.repeat(out_weight[-1:], n_new, 0)])
        weights[f"{mixer}out_proj.weight"] = np.pad(out_weight, ((0, 0), (0, n_hidden)))
        weights[f"{mixer}out_proj.bias"] = np.concatenate([out_bias, np.repeat(out_bias[-1:], n_new)])
    return weights


def _width(config: DenoiserConfig) -> int:
    """Return the bins of the widest band, which the weights of all bands have."""
    return max(end - start for start, end in pairwise(config.band_edges))


def _with_bands(array: np.ndarray, known: DenoiserConfig, config: DenoiserConfig, axis: int) -> np.ndarray:
    """Return weights of each band, with its bins along ``axis``, for more bands: copies of the last, stretched."""
    edges = config.band_edges
    n_last = edges[known.n_bands] - edges[known.n_bands - 1]
    bins_first = np.moveaxis(array, axis, 1)  # (bands, bins, ...)
    extended = np.zeros((config.n_bands, _width(config), *bins_first.shape[2:]), array.dtype)
    extended[: known.n_bands, : bins_first.shape[1]] = bins_first
    for band in range(known.n_bands, config.n_bands):
        n_bins = edges[band + 1] - edges[band]
        is_input = axis == 1  # sums over the bins
        gain = n_last / n_bins if is_input else 1.0
        extended[band, :n_bins] = gain * bins_first[-1, np.arange(n_bins) * n_last // n_bins]
    return np.moveaxis(extended, 1, axis)
