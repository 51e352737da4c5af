"""Crossfades of waves, with gains of several curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..base.errors import BadAudio, BadSetting
from ..base.names import quoted

EXPONENTIAL_RANGE_DB = 60.0
"""Range of the exponential curve, whose level rises by the same number of dB in each step."""


def _exponential(t: np.ndarray) -> np.ndarray:
    floor = 10.0 ** (-EXPONENTIAL_RANGE_DB / 20.0)
    gains: np.ndarray = (floor ** (1.0 - t) - floor) / (1.0 - floor)
    return gains


CURVES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda t: t,
    "equal-power": lambda t: np.sin(0.5 * np.pi * t),
    "exponential": _exponential,
    "s-curve": lambda t: 0.5 - 0.5 * np.cos(np.pi * t),
}
"""Gains of a fade in by its curve, as functions of time from 0 to 1."""


def check_curve(curve: str) -> None:
    """Raise BadSetting if a curve is not in CURVES."""
    if curve not in CURVES:
        raise BadSetting(f"curve is {quoted(curve)}; it must be one of {', '.join(CURVES)}.")


def fade_gains(n_samples: int, curve: str) -> np.ndarray:
    """Return the gains of a fade in; reversed, they are those of a fade out.

    - ``curve``: a name in CURVES. Crossfades by ``linear`` and ``s-curve`` sum to 1, the squares of ``equal-power`` do.
    - returns: ``(n_samples,)`` float32, at the middle of each sample.

    Raises BadSetting if the curve is unknown.
    """
    check_curve(curve)
    gains = CURVES[curve]((np.arange(n_samples) + 0.5) / max(1, n_samples))
    return gains.astype(np.float32)


def crossfade(first: np.ndarray, second: np.ndarray, n_samples: int, curve: str = "linear") -> np.ndarray:
    """Join two waves, the end of one faded into the start of the other.

    - ``first``, ``second``: ``(channels, time)``, with the same number of channels.
    - ``n_samples``: length of the crossfade.
    - ``curve``: a name in CURVES: ``linear`` and ``s-curve`` keep the level of waves that are alike, ``equal-power``
      that of waves that are not.
    - returns: ``(channels, time)`` float32, as long as both less ``n_samples``.

    Raises BadAudio if the numbers of channels differ, or a wave is shorter than the crossfade, or BadSetting if the
    length is negative or the curve unknown.
    """
    _check_channels(first, second)
    if n_samples < 0:
        raise BadSetting(f"A crossfade of {n_samples} samples is negative; give 0 or more.")
    shortest = min(first.shape[1], second.shape[1])
    if shortest < n_samples:
        raise BadAudio(f"A crossfade of {n_samples} samples is longer than one of its waves, which has {shortest}.")
    gains = fade_gains(n_samples, curve)
    n_before = first.shape[1] - n_samples
    faded = first[:, n_before:] * gains[::-1] + second[:, :n_samples] * gains
    joined: np.ndarray = np.concatenate([first[:, :n_before], faded, second[:, n_samples:]], axis=1, dtype=np.float32)
    return joined


def _check_channels(first: np.ndarray, second: np.ndarray) -> None:
    if len(first) != len(second):
        raise BadAudio(f"One wave has {len(first)} channels, the other {len(second)}; both need the same number.")
