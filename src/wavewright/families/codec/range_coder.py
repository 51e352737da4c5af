"""Codes to as many bytes as their frequencies ask for, and back, by a range coder with static integer tables, one a level."""

from __future__ import annotations

import numpy as np

from ...errors import BadSetting
from .config import SILENT, TOTAL

LARGEST_CODEBOOK = 2**15
"""Codes are kept in 16 bits with a sign."""


def frequencies_of(codes: np.ndarray, codebook_size: int) -> np.ndarray:
    """Frequencies ``(n_codebooks, codebook_size)`` uint32 of ``codes (n_codebooks, frames)``; each row sums to 2 ** 16, no entry is 0.

    Each code has one part of 2 ** 16, the others are dealt out in proportion to the counts: whole parts first, then one each to the
    largest remainders, of which the lower code comes first. Silent frames (code -1) do not count; a level without codes gets equal
    parts. Integers alone, so that all machines agree. Raises BadSetting for codes or a codebook that cannot be.
    """
    codes = np.asarray(codes)
    if not 1 <= codebook_size <= LARGEST_CODEBOOK:
        raise BadSetting(f"The codebook size is {codebook_size}; it must lie between 1 and {LARGEST_CODEBOOK}.")
    if codes.ndim != 2 or not np.issubdtype(codes.dtype, np.integer):
        raise BadSetting(
            f"The codes are {codes.dtype} of shape {codes.shape}; they must be integers (n_codebooks, frames)."
        )
    if codes.size and not (codes.min() >= SILENT and codes.max() < codebook_size):
        raise BadSetting(
            f"The codes lie between {codes.min()} and {codes.max()}; they must lie between -1 and {codebook_size - 1}."
        )
    rows = []
    for level in codes:
        counts = np.bincount(level[level != SILENT], minlength=codebook_size).astype(np.int64)
        if not counts.any():
            counts[:] = 1
        whole, remainder = np.divmod(counts * (TOTAL - codebook_size), counts.sum())
        n_left = TOTAL - codebook_size - int(whole.sum())
        whole[np.argsort(-remainder, kind="stable")[:n_left]] += 1
        rows.append(whole + 1)
    return np.array(rows, dtype=np.uint32).reshape(-1, codebook_size)


def entropy_bits(frequencies: np.ndarray) -> np.ndarray:
    """The mean bits of a code ``(n_codebooks,)`` where codes are as frequent as ``frequencies (n_codebooks, codebook_size)`` say."""
    shares = np.asarray(frequencies, dtype=np.float64) / TOTAL
    return -(shares * np.log2(shares)).sum(axis=1)


class RangeCoder:
    """Writes and reads ``codes (channels, n_codebooks, frames)`` by ``frequencies (n_codebooks, codebook_size)``.

    A frame of a channel begins with one binary symbol, whether it is silent, whose probability depends on whether the frame before was;
    the frame before the first counts as sound. If it is not silent, its codes follow, level by level.
    """

    def __init__(self, frequencies: np.ndarray):
        frequencies = np.asarray(frequencies)
        sums = frequencies.sum(axis=-1, dtype=np.int64)
        if (
            frequencies.ndim != 2
            or frequencies.shape[1] > LARGEST_CODEBOOK
            or (frequencies < 1).any()
            or (sums != TOTAL).any()
        ):
            raise BadSetting(
                f"The frequencies of shape {frequencies.shape} cannot be used; each level's must sum to {TOTAL} and none may be below 1."
            )
        self.n_codebooks, self.codebook_size = frequencies.shape
        self._starts = np.zeros((self.n_codebooks, self.codebook_size + 1), dtype=np.int32)
        self._starts[:, 1:] = np.cumsum(frequencies, axis=1, dtype=np.int64)

    def encode(self, codes: np.ndarray) -> bytes:
        """The bytes of ``codes (channels, n_codebooks, frames)``; none at all where every frame is silent.

        Raises BadSetting for another shape, codes outside their codebook, or frames that are silent in some levels only.
        """
        from .range_kernels import workspace, write_codes

        codes = checked(codes, self.n_codebooks, self.codebook_size)
        out = np.zeros(most_bytes(*codes.shape), dtype=np.uint8)
        n_bytes = write_codes(np.ascontiguousarray(codes, dtype=np.int16), self._starts, out, *workspace(len(codes)))
        return out[:n_bytes].tobytes()

    def decode(self, payload: bytes, n_channels: int, n_frames: int) -> np.ndarray:
        """The codes ``(channels, n_codebooks, frames)`` int16 of a payload; any bytes give codes that lie in their codebook."""
        from .range_kernels import read_codes, workspace

        codes = np.zeros((n_channels, self.n_codebooks, n_frames), dtype=np.int16)
        read_codes(np.frombuffer(payload, dtype=np.uint8), self._starts, codes, *workspace(n_channels))
        return codes


def checked(codes: np.ndarray, n_codebooks: int, codebook_size: int) -> np.ndarray:
    """The codes ``(channels, n_codebooks, frames)`` as an array; raises BadSetting for what no coder of them can write."""
    codes = np.asarray(codes)
    if codes.ndim != 3 or codes.shape[1] != n_codebooks or codes.dtype.kind not in "iu":
        raise BadSetting(
            f"The codes are {codes.dtype} of shape {codes.shape}; they must be integers (channels, {n_codebooks} levels, frames)."
        )
    if codes.size and not (codes.min() >= SILENT and codes.max() < codebook_size):
        raise BadSetting(
            f"The codes lie between {codes.min()} and {codes.max()}; they must lie between -1 and {codebook_size - 1}."
        )
    silent = codes == SILENT
    if (silent.any(axis=1) != silent.all(axis=1)).any():
        raise BadSetting("A frame has the code -1 in some levels only; a silent frame has it in every level.")
    return codes


def most_bytes(n_channels: int, n_codebooks: int, n_frames: int) -> int:
    """More bytes than :meth:`RangeCoder.encode` can need: 16 bits a code, 10 a silent flag, and what rounding costs."""
    return n_channels * n_frames * (2 * n_codebooks + 2) + 8
