"""Bubbles in water: damped oscillations whose pitch rises as the bubble does."""

from __future__ import annotations

import numpy as np

from .partials import Partials

MINNAERT_HZ_M = 3.0
"""Frequency of a bubble in Hz times its radius in metres."""

DAMPING_LINEAR, DAMPING_POWER = 0.043, 0.0014
"""Nepers a second of a bubble of frequency f: ``0.043 f + 0.0014 f**1.5``, radiation and heat."""


def bubbles(
    seconds: np.ndarray, radius_mm: np.ndarray, gain: np.ndarray, pan: np.ndarray, rise: float | np.ndarray
) -> Partials:
    """Return the sound of bubbles.

    Parameters
    ----------
    seconds : (bubbles,)
        Times at which they are closed off.
    radius_mm : (bubbles,)
        Radius in millimetres.
    gain, pan : (bubbles,)
        See :class:`.partials.Partials`.
    rise : float or (bubbles,)
        Relative rise of the frequency within a time constant; higher near the surface.

    Returns
    -------
    Partials
        One for each bubble.

    References
    ----------
    K. van den Doel, ACM Transactions on Applied Perception 2(4), 2005.
    M. Minnaert, Philosophical Magazine 16, 1933.
    """
    frequency_hz = MINNAERT_HZ_M / (radius_mm / 1_000)
    decay_hz = DAMPING_LINEAR * frequency_hz + DAMPING_POWER * frequency_hz**1.5
    return Partials.of(seconds, frequency_hz, decay_hz, gain, pan, rise * decay_hz * frequency_hz)
