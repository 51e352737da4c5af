"""Initial weights of a voice that starts from another one with other speakers or symbols."""

from __future__ import annotations

import numpy as np

from ...base.errors import BadModel
from ...contracts.family import exported_weights, rows_by_name
from ...models.folder import ModelFolder
from .config import SPEAKERS_FILE, WEIGHT_PREFIX, AcousticConfig

SYMBOL_TABLES = (
    "symbol_embedding.weight",
    "aligner.symbol_embedding.weight",
    "phone_classifier.out_proj.weight",
    "phone_classifier.out_proj.bias",
)
"""Tensors with a row for each symbol."""
SPEAKER_TABLES = ("speaker_embedding.weight", "aligner.speaker_embedding.weight", "usual_style", "pace")
"""Tensors with a row for each speaker."""


def initial_weights(base: ModelFolder, config: AcousticConfig) -> dict[str, np.ndarray]:
    """Return the state of the exported network of a training that starts from ``base``.

    Parameters
    ----------
    base : ModelFolder
        A voice.
    config : AcousticConfig
        Of the new voice. Rows of new symbols and speakers are the mean of the known ones.

    Returns
    -------
    dict[str, np.ndarray]
        Tensors by name.

    Raises
    ------
    BadModel
        If ``base`` was not stored with all of its weights.
    """
    base_config = base.config(AcousticConfig)
    state = exported_weights(base, (WEIGHT_PREFIX,))
    state |= {name: array.astype(np.float32) for name, array in base.tensors(SPEAKERS_FILE).items()}
    for tables, names, known in (
        (SYMBOL_TABLES, config.symbols, base_config.symbols),
        (SPEAKER_TABLES, config.speakers, base_config.speakers),
    ):
        for table in tables:
            if table not in state:
                raise BadModel(f"{base.path} has no weight {table}, so no training can start from it; give another.")
            state[table] = rows_by_name(state[table], names, known)
    return state | {"joint_alignment": np.array(True)}


def new_tables(base: ModelFolder, config: AcousticConfig) -> tuple[str, ...]:
    """Return the tables with rows that ``base`` does not have."""
    base_config = base.config(AcousticConfig)
    tables: tuple[str, ...] = ()
    if not set(config.symbols) <= set(base_config.symbols):
        tables += SYMBOL_TABLES
    if not set(config.speakers) <= set(base_config.speakers):
        tables += SPEAKER_TABLES
    return tables
