"""How frequent each code is behind the codes before it, in integers, and a range coder that goes by that.

The codes of a frame say much about each other, and about those of the next frame: a small network reads those before a code and says how
frequent each value of it is. It computes in whole numbers from tables of whole numbers, so that every machine says the same.

Papers:
    Mikolov et al., "Recurrent neural network based language model", 2010, and Goodman, "Classes for fast maximum entropy training", 2001:
    a network that says how frequent words are, first a class, then a word of it.
    Ballé et al., "Integer Networks for Data Compression with Latent-Variable Models", 2019: why such a network must not round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from ...errors import BadSetting
from .config import SILENT, TOTAL
from .range_coder import checked

CONTEXT_SIZE = 48  # numbers that sum up what stands before a code
FRAMES_BACK = 2  # that are looked back at
LEVELS_BACK = 4  # of their levels are looked at, the first ones
TOP = 1_023
"""The largest number of a context; the smallest is 0. A context's unit is 1/16, a weight's 1/64; a sum of their products is in nats / 1024."""
TABLE_SIZE = 256
NOT_COMPUTED = ("order", "millibits")  # all other tables are what frequencies are computed from
MILLIBITS = 1_000

KINDS = {"order": "int16", "inside": "int8", "back": "int8", "unknown": "int32", "mix": "int8", "mix_bias": "int32"} | {
    name: "int8" if name.endswith("weights") else "int32"
    for name in ("bias", "group_weights", "group_bias", "code_weights", "code_bias", "table", "millibits")
}
CONTEXT_UNIT, WEIGHT_UNIT = 1 / 16, 1 / 64
SUM_UNIT = CONTEXT_UNIT * WEIGHT_UNIT  # nats
UNITS = {name: WEIGHT_UNIT if name.endswith("weights") or name == "mix" else CONTEXT_UNIT for name in KINDS} | {
    "group_bias": SUM_UNIT,
    "code_bias": SUM_UNIT,
}
"""What a one of each table stands for, where the network computes in floating point."""
LIMITS = {name: 127 * UNITS[name] for name, kind in KINDS.items() if kind == "int8"}


def n_groups_of(codebook_size: int) -> int:
    """Into how many groups of one size the codes of a level are put: the power of 2 that is nearest to the root, or just above it."""
    return 1 << (codebook_size.bit_length() // 2)


def shapes(n_codebooks: int, codebook_size: int) -> dict[str, tuple[int, ...]]:
    """The shape of each table of so many levels of so many codes."""
    codes, n_groups, size = (n_codebooks, codebook_size), n_groups_of(codebook_size), CONTEXT_SIZE
    return {
        "order": codes,
        "inside": (*codes, size),
        "back": (FRAMES_BACK, min(LEVELS_BACK, n_codebooks), codebook_size, size),
        "unknown": (FRAMES_BACK, size),
        "mix": (size, size),
        "mix_bias": (size,),
        "bias": (n_codebooks, size),
        "group_weights": (n_codebooks, n_groups, size),
        "group_bias": (n_codebooks, n_groups),
        "code_weights": (*codes, size),
        "code_bias": codes,
        "table": (TABLE_SIZE,),
        "millibits": (2, n_codebooks),
    }


@dataclass(frozen=True)
class Contexts:
    """The tables, of ``L`` levels of ``K`` codes in ``G`` groups, with contexts of ``C`` numbers; raises BadSetting where they do not fit.

    A code's place is where it stands in ``order``, group behind group; all tables of codes go by places.
    """

    order: np.ndarray  # (L, K) the codes
    inside: np.ndarray  # (L, K, C) what a code adds to the context of the levels behind it
    back: np.ndarray  # (FRAMES_BACK, LEVELS_BACK, K, C) what a code of an earlier frame adds, the nearest frame first
    unknown: np.ndarray  # (FRAMES_BACK, C) what an earlier frame adds that is silent, or in another packet
    mix: np.ndarray  # (C, C) makes a context of the sum of what earlier frames add
    mix_bias: np.ndarray  # (C,)
    bias: np.ndarray  # (L, C) of the context of each level
    group_weights: np.ndarray  # (L, G, C) how a context speaks for a group
    group_bias: np.ndarray  # (L, G)
    code_weights: np.ndarray  # (L, K, C) and for a code of it
    code_bias: np.ndarray  # (L, K)
    table: np.ndarray  # (TABLE_SIZE,) parts of something that stands n sixteenths of a nat behind the most frequent
    millibits: (
        np.ndarray
    )  # (2, L) what a code takes in the mean, where earlier frames are unknown and where they are known

    def __post_init__(self) -> None:
        n_codebooks, codebook_size = self.order.shape if self.order.ndim == 2 else (0, 0)
        if not n_codebooks or codebook_size < 2 or codebook_size & (codebook_size - 1):
            raise BadSetting(
                f"The table order has the shape {self.order.shape}; it must be levels and a power of 2, the codes of each."
            )
        n_groups = n_groups_of(codebook_size)
        for name, shape in shapes(n_codebooks, codebook_size).items():
            found = getattr(self, name)
            if found.shape != shape or str(found.dtype) != KINDS[name]:
                raise BadSetting(f"The table {name} is {found.dtype} {found.shape}; it must be {KINDS[name]} {shape}.")
        if (np.sort(self.order, axis=1) != np.arange(codebook_size)).any():
            raise BadSetting("The table order does not name each code of a level once.")
        largest = TOTAL // max(n_groups, codebook_size // n_groups)
        if self.table.min() < 1 or self.table.max() > largest:
            raise BadSetting(
                f"The table of parts holds {self.table.min()} to {self.table.max()}; they must lie in 1 to {largest}."
            )

    @property
    def n_codebooks(self) -> int:
        return self.order.shape[0]

    @property
    def codebook_size(self) -> int:
        return self.order.shape[1]

    @staticmethod
    def of(tensors: Mapping[str, np.ndarray]) -> Contexts:
        """The tables by their names; raises BadSetting where one is missing or does not fit."""
        missing = sorted({field.name for field in fields(Contexts)} - set(tensors))
        if missing:
            raise BadSetting(f"The tables {', '.join(missing)} are missing.")
        return Contexts(**{field.name: tensors[field.name] for field in fields(Contexts)})

    @staticmethod
    def of_learned(order: np.ndarray, weights: Mapping[str, np.ndarray], mean_bits: np.ndarray) -> Contexts:
        """The tables of a network's weights by their names, multiples of UNITS; see :class:`.nn.context_model.TrainedContextModel`."""
        n_groups = n_groups_of(order.shape[1])
        parts = np.exp(-np.arange(TABLE_SIZE) * CONTEXT_UNIT) * (TOTAL // max(n_groups, order.shape[1] // n_groups))
        return Contexts(
            order=order.astype(np.int16),
            table=np.maximum(np.floor(parts), 1).astype(np.int32),
            millibits=np.round(MILLIBITS * mean_bits).astype(np.int32),
            **{name: np.round(weight / UNITS[name]).astype(KINDS[name]) for name, weight in weights.items()},
        )

    def tensors(self) -> dict[str, np.ndarray]:
        """The tables by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def bits(self, knows_earlier: bool) -> np.ndarray:
        """The mean bits of a code ``(n_codebooks,)``, of recordings that nothing was learned from if there were more than ten."""
        return self.millibits[int(knows_earlier)] / MILLIBITS


class ContextCoder:
    """Writes and reads ``codes (channels, n_codebooks, frames)`` by ``contexts``, of the first ``n_codebooks`` levels.

    As :class:`.range_coder.RangeCoder`, but for a code's frequency: that of its group, then that of the code in it, as the codes before
    it in the packet say.
    """

    def __init__(self, contexts: Contexts, n_codebooks: int | None = None):
        self.n_codebooks = contexts.n_codebooks if n_codebooks is None else n_codebooks
        if not 1 <= self.n_codebooks <= contexts.n_codebooks:
            raise BadSetting(f"There are contexts of {contexts.n_codebooks} levels, and {n_codebooks} were asked for.")
        self.codebook_size = contexts.codebook_size
        self._order = contexts.order
        self._places = np.argsort(contexts.order, axis=1).astype(np.int16)
        self._tables = tuple(
            np.ascontiguousarray(table) for name, table in contexts.tensors().items() if name not in NOT_COMPUTED
        )

    def encode(self, codes: np.ndarray) -> bytes:
        """The bytes of ``codes (channels, n_codebooks, frames)``; none at all where every frame is silent.

        Raises BadSetting for another shape, codes outside their codebook, or frames that are silent in some levels only.
        """
        from .context_kernels import workspace, write_codes

        codes = checked(codes, self.n_codebooks, self.codebook_size)
        levels = np.arange(self.n_codebooks)[None, :, None]
        places = np.where(codes == SILENT, SILENT, self._places[levels, np.maximum(codes, 0)])
        out = np.zeros(most_bytes(*codes.shape), dtype=np.uint8)
        buffers = workspace(len(codes), self._tables)
        n_bytes = write_codes(np.ascontiguousarray(places, dtype=np.int16), self._tables, out, buffers)
        return out[:n_bytes].tobytes()

    def decode(self, payload: bytes, n_channels: int, n_frames: int) -> np.ndarray:
        """The codes ``(channels, n_codebooks, frames)`` int16 of a payload; any bytes give codes that lie in their codebook."""
        from .context_kernels import read_codes, workspace

        places = np.zeros((n_channels, self.n_codebooks, n_frames), dtype=np.int16)
        read_codes(np.frombuffer(payload, dtype=np.uint8), self._tables, places, workspace(n_channels, self._tables))
        levels = np.arange(self.n_codebooks)[None, :, None]
        return np.where(places == SILENT, np.int16(SILENT), self._order[levels, np.maximum(places, 0)])


def most_bytes(n_channels: int, n_codebooks: int, n_frames: int) -> int:
    """More bytes than :meth:`ContextCoder.encode` can need: 17 bits a group and a code, 10 a silent flag, and what rounding costs."""
    return n_channels * n_frames * (5 * n_codebooks + 2) + 8
