"""Checks of the arrays that metrics compare: their shapes, their sizes and that their values are finite."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadAudio, BadSetting


def checked_rows(name: str, rows: np.ndarray, at_least: int = 1) -> np.ndarray:
    """Return embeddings as a float64 array.

    Raises BadSetting if the array has another shape, too few rows, or values that are not finite.

    Parameters
    ----------
    name : str
        Name of the argument, for the error message.
    rows : np.ndarray
        Embeddings, ``(n, d)``.
    at_least : int
        Smallest number of rows allowed.

    Returns
    -------
    np.ndarray
        The rows, ``(n, d)`` float64.
    """
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] < 1:
        raise BadSetting(f"The {name} has shape {rows.shape}; it must be (n, d), one row for each clip.")
    if len(rows) < at_least:
        raise BadSetting(f"The {name} has {len(rows)} row(s); this metric needs at least {at_least}: give more clips.")
    if not np.isfinite(rows).all():
        raise BadSetting(f"The {name} holds numbers that are not finite; leave out the clips they come from.")
    return rows


def checked_pair(reference: np.ndarray, estimate: np.ndarray, at_least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return two sets of embeddings of the same dimension as float64 arrays.

    Raises BadSetting as :func:`checked_rows`, and if the dimensions differ.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Embeddings, ``(n, d)`` and ``(m, d)``.
    at_least : int
        Smallest number of rows allowed in each set.

    Returns
    -------
    tuple of np.ndarray
        Reference ``(n, d)`` and estimate ``(m, d)``, float64.
    """
    reference = checked_rows("reference", reference, at_least)
    estimate = checked_rows("estimate", estimate, at_least)
    if reference.shape[1] != estimate.shape[1]:
        raise BadSetting(
            f"The reference has {reference.shape[1]} dimensions and the estimate {estimate.shape[1]}; "
            "embed both with the same embedding."
        )
    return reference, estimate


def checked_waves(waves: np.ndarray) -> np.ndarray:
    """Return waves as a float32 array.

    Raises BadAudio if the array has another shape, is empty, or has values that are not finite.

    Parameters
    ----------
    waves : np.ndarray
        Mono clips of one length, ``(n, time)``.

    Returns
    -------
    np.ndarray
        The waves, ``(n, time)`` float32.
    """
    waves = np.asarray(waves, dtype=np.float32)
    if waves.ndim != 2 or waves.size == 0:
        raise BadAudio(
            f"The waves have shape {waves.shape}; they must be (n, time), one row for each clip: mix channels first."
        )
    if not np.isfinite(waves).all():
        raise BadAudio("The waves hold numbers that are not finite; leave those clips out.")
    return waves


def checked_per_clip(name: str, values: object, n_clips: int) -> np.ndarray:
    """Return an array that holds one value for each clip.

    Raises BadSetting if the array has another shape.

    Parameters
    ----------
    name : str
        Name of the argument, in the plural, for the error message.
    values : array_like
        Labels, groups or clusters, ``(n_clips,)``.
    n_clips : int
        Number of clips.

    Returns
    -------
    np.ndarray
        The values, ``(n_clips,)``.
    """
    array = np.asarray(values)
    if array.shape != (n_clips,):
        raise BadSetting(f"There are {n_clips} clips and {name} of shape {array.shape}; give one for each clip.")
    return array
