"""Initial weights of a VAE that starts from another one (``train --from``), with other labels or conditioning."""

from __future__ import annotations

import numpy as np

from ...contracts.family import exported_weights, rows_by_name
from ...models.folder import ModelFolder
from .conditioning import CENTRE_PITCH, pitch_features
from .config import PITCH_FEATURES, VaeConfig

CONDITIONING_WEIGHT, CONDITIONING_BIAS = "decoder.condition.weight", "decoder.condition.bias"
CONDITIONED_LAYERS = ("decoder.unfold", "decoder.broadcast")  # their inputs are latents, then the embedded conditioning


def initial_weights(base: ModelFolder, config: VaeConfig) -> dict[str, np.ndarray]:
    """Return the state of a :class:`.SpectralAutoencoder` that starts from ``base``.

    The column of a new label is the mean of those of the base's labels; it is zero only if the base has no labels, so
    that labels have no effect at the start. Without labels in ``config``, the decoder becomes that of a clip whose
    label is dropped. A pitch that the base does not have starts without effect; without pitch in ``config``, the
    decoder becomes that of CENTRE_PITCH.

    Parameters
    ----------
    base : ModelFolder
        The other model.
    config : VaeConfig
        Configuration of the new one; whether the tensors fit it is checked where they are loaded.
    """
    state = {
        f"{module}.{name}": array
        for module in ("encoder", "decoder")
        for name, array in exported_weights(base, [f"{module}.{module}."]).items()
    }
    if CONDITIONING_WEIGHT not in state:
        return _with_conditioning(state, config) if config.n_condition_inputs else state
    known = base.config(VaeConfig).labels
    weight = state[CONDITIONING_WEIGHT]  # (condition_size, labels + pitch features)
    of_labels, of_pitch = weight[:, : len(known)], weight[:, len(known) :]
    if config.pitched and not of_pitch.size:
        of_pitch = np.zeros((len(weight), PITCH_FEATURES), np.float32)
    elif of_pitch.size and not config.pitched:
        state[CONDITIONING_BIAS] = state[CONDITIONING_BIAS] + of_pitch @ pitch_features(np.array(CENTRE_PITCH))
        of_pitch = of_pitch[:, :0]
    if not config.n_condition_inputs:
        return _without_conditioning(state, config)
    if not known:
        of_labels = np.zeros((len(weight), len(config.labels)), np.float32)
    elif config.labels:
        of_labels = rows_by_name(of_labels, config.labels, known, axis=1)
    else:
        of_labels = of_labels[:, :0]
    state[CONDITIONING_WEIGHT] = np.concatenate([of_labels, of_pitch], axis=1)
    return state


def _with_conditioning(state: dict[str, np.ndarray], config: VaeConfig) -> dict[str, np.ndarray]:
    """Return a state with a random embedding of the conditioning, on which nothing depends yet."""
    shape = (config.condition_size, config.n_condition_inputs)
    state[CONDITIONING_WEIGHT] = np.random.default_rng(0).normal(0.0, 0.3, shape).astype(np.float32)
    state[CONDITIONING_BIAS] = np.zeros(config.condition_size, np.float32)
    for layer in CONDITIONED_LAYERS:
        state[f"{layer}.weight"] = np.pad(state[f"{layer}.weight"], ((0, 0), (0, config.condition_size)))
    return state


def _without_conditioning(state: dict[str, np.ndarray], config: VaeConfig) -> dict[str, np.ndarray]:
    """Return a state whose biases contain the conditioning of a dropped label, and of CENTRE_PITCH."""
    del state[CONDITIONING_WEIGHT]
    dropped = state.pop(CONDITIONING_BIAS)
    for layer in CONDITIONED_LAYERS:
        weight = state[f"{layer}.weight"]
        state[f"{layer}.weight"] = weight[:, : config.latent_size]
        state[f"{layer}.bias"] = state[f"{layer}.bias"] + weight[:, config.latent_size :] @ dropped
    return state


def new_tables(base: ModelFolder, config: VaeConfig) -> tuple[str, ...]:
    """Return the names of the weights with columns that ``base`` does not have.

    Training starts these columns from a mean, from zeros or at random. ``training.base_weight`` would pull them back to
    that start, which no model has learned, so the exported weights keep what the training learned.
    """
    known = base.config(VaeConfig)
    if config.n_condition_inputs and not known.n_condition_inputs:
        return (CONDITIONING_WEIGHT, CONDITIONING_BIAS, *(f"{layer}.weight" for layer in CONDITIONED_LAYERS))
    has_new = not set(config.labels) <= set(known.labels) or (config.pitched and not known.pitched)
    return (CONDITIONING_WEIGHT,) if has_new else ()
