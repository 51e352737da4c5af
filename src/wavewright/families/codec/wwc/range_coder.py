"""Entropy coding of codes by their mean frequencies: a range coder with a static table of integers per codebook."""

from __future__ import annotations

import numpy as np

from ....base.errors import BadSetting
from ....contracts.runtime import EntropyCoder
from . import SILENT, TOTAL

MAX_CODEBOOK_SIZE = 2**15
"""Codes are int16."""


def quantised_frequencies(codes: np.ndarray, codebook_size: int) -> np.ndarray:
    """Count codes and scale the counts to integers that sum to ``TOTAL``.

    Each code gets a frequency of 1; the rest is distributed in proportion to the counts, rounded down, and what is left
    over goes to the largest remainders, the lower code first. Integer arithmetic gives the same table on all machines.

    - ``codes``: ``(n_codebooks, frames)``; silent frames (-1) do not count. A codebook without codes gets a uniform
      table.
    - ``codebook_size``: number of codes of each codebook.
    - returns: ``(n_codebooks, codebook_size)`` uint32, at least 1.

    Raises BadSetting for another shape or type, codes outside their codebook or a codebook size that is out of range.
    """
    codes = np.asarray(codes)
    if not 1 <= codebook_size <= MAX_CODEBOOK_SIZE:
        raise BadSetting(f"The codebook size is {codebook_size}; it must lie between 1 and {MAX_CODEBOOK_SIZE}.")
    if codes.ndim != 2 or not np.issubdtype(codes.dtype, np.integer):
        raise BadSetting(
            f"The codes are {codes.dtype} of shape {codes.shape}; they must be integers (n_codebooks, frames)."
        )
    check_code_range(codes, codebook_size)
    rows = []
    for row in codes:
        counts = np.bincount(row[row != SILENT], minlength=codebook_size).astype(np.int64)
        if not counts.any():
            counts[:] = 1
        whole, remainder = np.divmod(counts * (TOTAL - codebook_size), counts.sum())
        n_left = TOTAL - codebook_size - int(whole.sum())
        whole[np.argsort(-remainder, kind="stable")[:n_left]] += 1
        rows.append(whole + 1)
    return np.array(rows, dtype=np.uint32).reshape(-1, codebook_size)


def entropy_bits(frequencies: np.ndarray) -> np.ndarray:
    """Compute the entropy of a code in bits, ``(n_codebooks,)``, of ``frequencies (n_codebooks, codebook_size)``."""
    probabilities = np.asarray(frequencies, dtype=np.float64) / TOTAL
    entropy: np.ndarray = -(probabilities * np.log2(probabilities)).sum(axis=1)
    return entropy


class RangeCoder(EntropyCoder):
    """Entropy coder of codes by their mean frequencies.

    Each frame of a channel starts with a silence flag, whose probability depends on the flag of the frame before it;
    the frame before a packet counts as active. The codes of an active frame follow, coarse to fine.

    - ``frequencies``: ``(n_codebooks, codebook_size)``, at least 1, with rows that sum to ``TOTAL``.

    Raises BadSetting for other frequencies.
    """

    def __init__(self, frequencies: np.ndarray) -> None:
        frequencies = np.asarray(frequencies)
        sums = frequencies.sum(axis=-1, dtype=np.int64)
        if (
            frequencies.ndim != 2
            or frequencies.shape[1] > MAX_CODEBOOK_SIZE
            or (frequencies < 1).any()
            or (sums != TOTAL).any()
        ):
            raise BadSetting(
                f"The frequencies of shape {frequencies.shape} cannot be used; those of each codebook must sum to "
                f"{TOTAL} and none may be below 1."
            )
        self.n_codebooks, self.codebook_size = frequencies.shape
        self._starts = np.zeros((self.n_codebooks, self.codebook_size + 1), dtype=np.int32)
        self._starts[:, 1:] = np.cumsum(frequencies, axis=1, dtype=np.int64)

    def encode(self, codes: np.ndarray) -> bytes:
        """Return the payload of ``codes (channels, n_codebooks, frames)``; empty if every frame is silent.

        Raises BadSetting for another shape, codes outside their codebook, or frames that are silent in some codebooks
        only.
        """
        from .range_kernels import encode_codes, workspace

        codes = checked_codes(codes, self.n_codebooks, self.codebook_size)
        out = np.zeros(max_payload_bytes(*codes.shape), dtype=np.uint8)
        n_bytes = encode_codes(np.ascontiguousarray(codes, dtype=np.int16), self._starts, out, *workspace(len(codes)))
        return out[:n_bytes].tobytes()

    def decode(self, payload: bytes, n_channels: int, n_frames: int) -> np.ndarray:
        """Return the codes ``(channels, n_codebooks, frames)`` int16 of a payload; any bytes give valid codes."""
        from .range_kernels import decode_codes, workspace

        codes = np.zeros((n_channels, self.n_codebooks, n_frames), dtype=np.int16)
        decode_codes(np.frombuffer(payload, dtype=np.uint8), self._starts, codes, *workspace(n_channels))
        return codes


def checked_codes(codes: np.ndarray, n_codebooks: int, codebook_size: int) -> np.ndarray:
    """Return codes as an array ``(channels, n_codebooks, frames)``.

    Raises BadSetting for another shape or type, codes outside their codebook, or frames that are silent in some
    codebooks only.
    """
    codes = np.asarray(codes)
    if codes.ndim != 3 or codes.shape[1] != n_codebooks or codes.dtype.kind not in "iu":
        raise BadSetting(
            f"The codes are {codes.dtype} of shape {codes.shape}; they must be integers (channels, {n_codebooks} "
            "codebooks, frames)."
        )
    check_code_range(codes, codebook_size)
    silent = codes == SILENT
    if (silent.any(axis=1) != silent.all(axis=1)).any():
        raise BadSetting("A frame has the code -1 in some codebooks only; a silent frame has it in every codebook.")
    return codes


def check_code_range(codes: np.ndarray, codebook_size: int, lowest: int = SILENT) -> None:
    """Raise BadSetting for integers that are neither codes of a codebook nor negative ones from ``lowest`` on."""
    if codes.size and not (codes.min() >= lowest and codes.max() < codebook_size):
        raise BadSetting(
            f"The codes lie between {codes.min()} and {codes.max()}; they must lie between {lowest} and "
            f"{codebook_size - 1}."
        )


def max_payload_bytes(n_channels: int, n_codebooks: int, n_frames: int) -> int:
    """Return an upper bound of the size of a payload: 16 bits a code, 10 a silence flag, and the cost of rounding."""
    return n_channels * n_frames * (2 * n_codebooks + 2) + 8
