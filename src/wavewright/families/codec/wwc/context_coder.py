"""Entropy coding of codes with a context model: a range coder whose frequencies depend on the codes before."""

from __future__ import annotations

import numpy as np

from ....base.errors import BadSetting
from ....contracts.runtime import EntropyCoder
from . import SILENT
from .contexts import UNUSED_BY_LOOPS, ContextTables
from .range_coder import checked_codes


class ContextCoder(EntropyCoder):
    """Entropy coder of codes with a context model, by default of all codebooks.

    As :class:`.range_coder.RangeCoder`, but a code is two symbols: its group, then the code within the group, with
    frequencies that depend on the codes before it in the packet.

    Raises BadSetting if there are not as many codebooks.
    """

    def __init__(self, contexts: ContextTables, n_codebooks: int | None = None) -> None:
        self.n_codebooks = contexts.n_codebooks if n_codebooks is None else n_codebooks
        if not 1 <= self.n_codebooks <= contexts.n_codebooks:
            raise BadSetting(
                f"There are contexts of {contexts.n_codebooks} codebooks, and {n_codebooks} were asked for."
            )
        self.codebook_size = contexts.codebook_size
        self._order = contexts.order
        self._ranks = np.argsort(contexts.order, axis=1).astype(np.int16)
        tables = {name: table for name, table in contexts.tensors().items() if name not in UNUSED_BY_LOOPS}
        n_books, n_groups = contexts.group_bias.shape
        tables["code_weights"] = contexts.code_weights.reshape(n_books, n_groups, -1, contexts.code_weights.shape[2])
        tables["code_bias"] = contexts.code_bias.reshape(n_books, n_groups, -1)
        self._tables = tuple(np.ascontiguousarray(table) for table in tables.values())

    def encode(self, codes: np.ndarray) -> bytes:
        """Return the payload of ``codes (channels, n_codebooks, frames)``; empty if every frame is silent.

        Raises BadSetting for another shape, codes outside their codebook, or frames that are silent in some codebooks
        only.
        """
        from .context_kernels import encode_ranks, workspace

        codes = checked_codes(codes, self.n_codebooks, self.codebook_size)
        books = np.arange(self.n_codebooks)[None, :, None]
        ranks = np.where(codes == SILENT, SILENT, self._ranks[books, np.maximum(codes, 0)])
        out = np.zeros(max_payload_bytes(*codes.shape), dtype=np.uint8)
        buffers = workspace(len(codes), self._tables)
        n_bytes = encode_ranks(np.ascontiguousarray(ranks, dtype=np.int16), self._tables, out, buffers)
        return out[:n_bytes].tobytes()

    def decode(self, payload: bytes, n_channels: int, n_frames: int) -> np.ndarray:
        """Return the codes ``(channels, n_codebooks, frames)`` int16 of a payload; any bytes give valid codes."""
        from .context_kernels import decode_ranks, workspace

        ranks = np.zeros((n_channels, self.n_codebooks, n_frames), dtype=np.int16)
        decode_ranks(np.frombuffer(payload, dtype=np.uint8), self._tables, ranks, workspace(n_channels, self._tables))
        books = np.arange(self.n_codebooks)[None, :, None]
        return np.where(ranks == SILENT, np.int16(SILENT), self._order[books, np.maximum(ranks, 0)])


def max_payload_bytes(n_channels: int, n_codebooks: int, n_frames: int) -> int:
    """Return an upper bound of the size of a payload: 17 bits a symbol, 10 a silence flag, and the cost of rounding."""
    return n_channels * n_frames * (5 * n_codebooks + 2) + 8
