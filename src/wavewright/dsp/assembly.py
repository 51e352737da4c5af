"""Put waves together: crossfades, splices and overlays."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..base.errors import BadAudio, BadSetting
from ..base.names import quoted
from ..base.units import db_to_gain

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


def splice(
    wave: np.ndarray, other: np.ndarray, start: int, end: int, n_crossfade: int = 0, curve: str = "linear"
) -> np.ndarray:
    """Replace a segment of a wave by another wave, with a crossfade at both ends.

    - ``wave``, ``other``: ``(channels, time)``, with the same number of channels.
    - ``start``, ``end``: first sample that is replaced, and the one after the last; equal, ``other`` is inserted.
    - ``n_crossfade``: length of each crossfade in samples: of the wave up to ``start`` and from ``end`` on with the
      ends of ``other``.
    - ``curve``: as for :func:`crossfade`.
    - returns: ``(channels, time)`` float32.

    Raises BadAudio or BadSetting as :func:`crossfade`, and if the segment is not inside the wave.
    """
    if not 0 <= start <= end <= wave.shape[1]:
        raise BadSetting(f"The segment {start} to {end} does not lie in the wave, which has {wave.shape[1]} samples.")
    return crossfade(crossfade(wave[:, :start], other, n_crossfade, curve), wave[:, end:], n_crossfade, curve)


def overlay(wave: np.ndarray, other: np.ndarray, position: int, gain_db: float = 0.0) -> np.ndarray:
    """Mix another wave into a wave, from a position on.

    - ``wave``, ``other``: ``(channels, time)``; ``other`` may have one channel, which is mixed into all.
    - ``position``: sample of ``wave`` at which ``other`` starts, 0 or more.
    - ``gain_db``: gain of ``other``.
    - returns: ``(channels, time)`` float32, longer than ``wave`` if ``other`` ends after it.

    Raises BadAudio if the numbers of channels do not fit, or BadSetting if the position is negative.
    """
    if len(other) != 1:
        _check_channels(wave, other)
    if position < 0:
        raise BadSetting(f"The position {position} is negative; cut the start of the other wave instead.")
    end = position + other.shape[1]
    mixed = np.pad(wave.astype(np.float32), ((0, 0), (0, max(0, end - wave.shape[1]))))
    mixed[:, position:end] += other * np.float32(db_to_gain(gain_db))
    return mixed


def _check_channels(first: np.ndarray, second: np.ndarray) -> None:
    if len(first) != len(second):
        raise BadAudio(f"One wave has {len(first)} channels, the other {len(second)}; both need the same number.")
