"""Integer tables of the context model: the frequency of each code given the codes before it.

Codes of a frame depend on each other and on those of the previous frames. A small network maps the codes before a code
to a context, and the context to the frequencies of groups of codes [1]_ [2]_ and of the codes of a group. It computes
with integers from tables of integers, because rounding that differs between machines would garble the codes [3]_.
:mod:`wavewright.nn.context_model` trains it.

References
----------
.. [1] T. Mikolov et al., "Recurrent neural network based language model", 2010.
.. [2] J. Goodman, "Classes for fast maximum entropy training", 2001.
.. [3] J. Ballé et al., "Integer Networks for Data Compression with Latent-Variable Models", 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from ....base.errors import BadSetting
from . import TOTAL

CONTEXT_SIZE = 48  # elements of a context
N_PAST_FRAMES = 2  # earlier frames that a context covers
N_PAST_CODEBOOKS = 4  # codebooks of these that it covers, the first ones
TABLE_SIZE = 256
MILLIBITS = 1_000  # per bit
UNUSED_BY_LOOPS = ("order", "millibits")  # tables that frequencies are not computed from

DTYPES = {
    "order": "int16",
    "inside": "int8",
    "back": "int8",
    "unknown": "int32",
    "mix": "int8",
    "mix_bias": "int32",
    "bias": "int32",
    "group_weights": "int8",
    "group_bias": "int32",
    "code_weights": "int8",
    "code_bias": "int32",
    "table": "int32",
    "millibits": "int32",
}
"""Data type of each table."""

CONTEXT_STEP = 1 / 16
WEIGHT_STEP = 1 / 64
LOGIT_STEP = CONTEXT_STEP * WEIGHT_STEP  # nats
STEPS = {
    "inside": CONTEXT_STEP,
    "back": CONTEXT_STEP,
    "unknown": CONTEXT_STEP,
    "mix": WEIGHT_STEP,
    "mix_bias": CONTEXT_STEP,
    "bias": CONTEXT_STEP,
    "group_weights": WEIGHT_STEP,
    "group_bias": LOGIT_STEP,
    "code_weights": WEIGHT_STEP,
    "code_bias": LOGIT_STEP,
}
"""Value of 1 in each table of weights, where the network computes in floating point."""

LIMITS = {name: 127 * step for name, step in STEPS.items() if DTYPES[name] == "int8"}
"""Largest magnitude of the weights that are stored as int8."""


def n_groups_for(codebook_size: int) -> int:
    """Return the number of groups of a codebook: the smallest power of 2 that is not below the square root."""
    return 1 << (codebook_size.bit_length() // 2)


def table_shapes(n_codebooks: int, codebook_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each table by name."""
    n_groups = n_groups_for(codebook_size)
    return {
        "order": (n_codebooks, codebook_size),
        "inside": (n_codebooks, codebook_size, CONTEXT_SIZE),
        "back": (N_PAST_FRAMES, min(N_PAST_CODEBOOKS, n_codebooks), codebook_size, CONTEXT_SIZE),
        "unknown": (N_PAST_FRAMES, CONTEXT_SIZE),
        "mix": (CONTEXT_SIZE, CONTEXT_SIZE),
        "mix_bias": (CONTEXT_SIZE,),
        "bias": (n_codebooks, CONTEXT_SIZE),
        "group_weights": (n_codebooks, n_groups, CONTEXT_SIZE),
        "group_bias": (n_codebooks, n_groups),
        "code_weights": (n_codebooks, codebook_size, CONTEXT_SIZE),
        "code_bias": (n_codebooks, codebook_size),
        "table": (TABLE_SIZE,),
        "millibits": (2, n_codebooks),
    }


@dataclass(frozen=True)
class ContextTables:
    """Tables of the context model of ``B`` codebooks of ``K`` codes in ``G`` groups, with contexts of ``C`` elements.

    The *rank* of a code is its index in ``order``, where the groups follow each other. All other tables use ranks.

    - ``order``: codes sorted by similarity, ``(B, K)``.
    - ``inside``: embedding of a code for the later codebooks of its frame, ``(B, K, C)``.
    - ``back``: embedding of a code of an earlier frame, the previous frame first, ``(N_PAST_FRAMES, N_PAST_CODEBOOKS,
      K, C)``.
    - ``unknown``: embedding of an earlier frame that is silent or in another packet, ``(N_PAST_FRAMES, C)``.
    - ``mix``, ``mix_bias``: map the sum of the embeddings of earlier frames to a context, ``(C, C)`` and ``(C,)``.
    - ``bias``: bias of the context of each codebook, ``(B, C)``.
    - ``group_weights``, ``group_bias``: map a context to the logits of groups, ``(B, G, C)`` and ``(B, G)``.
    - ``code_weights``, ``code_bias``: map a context to the logits of codes, ``(B, K, C)`` and ``(B, K)``.
    - ``table``: frequency of a symbol whose logit is ``n / 16`` nats below the largest, ``(TABLE_SIZE,)``.
    - ``millibits``: mean size of a code without and with known earlier frames, ``(2, B)``.

    Raises BadSetting if a table has another shape or type, or values that no model has.
    """

    order: np.ndarray
    inside: np.ndarray
    back: np.ndarray
    unknown: np.ndarray
    mix: np.ndarray
    mix_bias: np.ndarray
    bias: np.ndarray
    group_weights: np.ndarray
    group_bias: np.ndarray
    code_weights: np.ndarray
    code_bias: np.ndarray
    table: np.ndarray
    millibits: np.ndarray

    def __post_init__(self) -> None:
        n_codebooks, codebook_size = self.order.shape if self.order.ndim == 2 else (0, 0)
        if not n_codebooks or codebook_size < 2 or codebook_size & (codebook_size - 1):
            raise BadSetting(
                f"The table order has the shape {self.order.shape}; it must be codebooks and a power of 2, the codes "
                "of each."
            )
        tables = self.tensors()
        for name, shape in table_shapes(n_codebooks, codebook_size).items():
            table = tables[name]
            if table.shape != shape or str(table.dtype) != DTYPES[name]:
                raise BadSetting(f"The table {name} is {table.dtype} {table.shape}; it must be {DTYPES[name]} {shape}.")
        if (np.sort(self.order, axis=1) != np.arange(codebook_size)).any():
            raise BadSetting("The table order does not list each code of a codebook once.")
        low, high, highest = self.table.min(), self.table.max(), _largest_frequency(codebook_size)
        if low < 1 or high > highest:
            raise BadSetting(f"The table of frequencies holds {low} to {high}; they must lie in 1 to {highest}.")

    @property
    def n_codebooks(self) -> int:
        """Number of codebooks."""
        return len(self.order)

    @property
    def codebook_size(self) -> int:
        """Number of codes of each codebook."""
        return int(self.order.shape[1])

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray]) -> ContextTables:
        """Return the tables of a file; raise BadSetting if one is missing or invalid."""
        missing = sorted(DTYPES.keys() - tensors.keys())
        if missing:
            raise BadSetting(f"The tables {', '.join(missing)} are missing.")
        return cls(**{name: tensors[name] for name in DTYPES})

    @classmethod
    def from_weights(cls, order: np.ndarray, weights: Mapping[str, np.ndarray], mean_bits: np.ndarray) -> ContextTables:
        """Return the tables of a :class:`wavewright.nn.context_model.TrainedContextModel`, in multiples of `STEPS`."""
        probabilities = np.exp(-np.arange(TABLE_SIZE) * CONTEXT_STEP)
        return cls(
            order=order.astype(np.int16),
            table=np.maximum(np.floor(probabilities * _largest_frequency(order.shape[1])), 1).astype(np.int32),
            millibits=np.round(MILLIBITS * mean_bits).astype(np.int32),
            **{name: np.round(weight / STEPS[name]).astype(DTYPES[name]) for name, weight in weights.items()},
        )

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the tables by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def mean_bits(self, with_past: bool) -> np.ndarray:
        """Return the mean size of a code in bits, ``(n_codebooks,)``, with or without known earlier frames.

        It was measured on recordings that were held out from training the model, if there were more than ten.
        """
        bits: np.ndarray = self.millibits[int(with_past)] / MILLIBITS
        return bits


def _largest_frequency(codebook_size: int) -> int:
    """Return the largest frequency whose sum over groups, or over the codes of a group, is at most ``TOTAL``."""
    n_groups = n_groups_for(codebook_size)
    return TOTAL // max(n_groups, codebook_size // n_groups)
