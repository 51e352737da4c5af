"""Checks of the arrays that metrics compare: their shapes, their sizes and that their values are finite."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadAudio, BadSetting


def checked_rows(name: str, rows: np.ndarray, at_least: int = 1) -> np.ndarray:
    """Return embeddings ``(n, d)``, called ``name`` in messages, as float64.

    Raises BadSetting for another shape, fewer than ``at_least`` rows, or values that are not finite.
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
    """Return two sets of embeddings, ``(n, d)`` and ``(m, d)``, as float64.

    Raises BadSetting as :func:`checked_rows`, and if the dimensions differ.
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
    """Return mono clips of one length ``(n, time)`` as float32.

    Raises BadAudio for another shape, no clips, or values that are not finite.
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
    """Return values, called ``name`` (a plural) in messages, as ``(n_clips,)``; raise BadSetting for another shape."""
    array = np.asarray(values)
    if array.shape != (n_clips,):
        raise BadSetting(f"There are {n_clips} clips and {name} of shape {array.shape}; give one for each clip.")
    return array
