"""Loops of the healing of gaps, compiled by numba: normal equations, and samples drawn from a banded distribution."""

from __future__ import annotations

import numpy as np

from .compiled import compiled


@compiled("the healing of gaps")
def draw_banded(band: np.ndarray, right: np.ndarray, noise: np.ndarray) -> None:
    """Draw a vector whose mean solves ``precision @ mean = right``, by a Cholesky factorisation.

    Parameters
    ----------
    band : (time, order + 1) complex128, overwritten
        Lower half of the Hermitian precision matrix: row ``i`` has the elements ``[i, i - lag]``.
    right : (time,) complex128, filled with the result
    noise : (time,) complex128
        Independent normal numbers; zeros for the mean itself.
    """
    n_times, n_lags = band.shape
    for i in range(n_times):
        for lag in range(min(i, n_lags - 1), -1, -1):
            j = i - lag
            total = band[i, lag]
            for k in range(max(0, i - n_lags + 1), j):
                total -= band[i, i - k] * np.conj(band[j, j - k])
            band[i, lag] = np.sqrt(max(total.real, 1e-300)) if lag == 0 else total / band[j, 0].real
    for i in range(n_times):
        total = right[i]
        for lag in range(1, min(i, n_lags - 1) + 1):
            total -= band[i, lag] * right[i - lag]
        right[i] = total / band[i, 0].real
    for i in range(n_times - 1, -1, -1):
        total = right[i] + noise[i]
        for lag in range(1, min(n_times - 1 - i, n_lags - 1) + 1):
            total -= np.conj(band[i + lag, lag]) * right[i + lag]
        right[i] = total / band[i, 0].real


@compiled("the models of gaps")
def add_products(rows: np.ndarray, normal: np.ndarray) -> None:
    """Add ``rows.conj().T @ rows``, the matrix of least squares, to ``normal``; BLAS would start threads for it."""
    n_rows, n_columns = rows.shape
    for row in range(n_rows):
        for i in range(n_columns):
            factor = np.conj(rows[row, i])
            for j in range(n_columns):
                normal[i, j] += factor * rows[row, j]
