"""The default modulators of SoundFont, and lists of modulators of an instrument and a preset as one."""

from __future__ import annotations

import numpy as np

from . import generators as gen
from .zones import Identity

VELOCITY_TO_FILTER: Identity = (0x0102, gen.FILTER_CUTOFF, 0, 0)

DEFAULT_MODULATORS: dict[Identity, int] = {
    (0x0502, gen.ATTENUATION, 0, 0): 960,  # velocity
    VELOCITY_TO_FILTER: -2_400,
    (0x000D, gen.VIB_LFO_TO_PITCH, 0, 0): 50,  # channel pressure
    (0x0081, gen.VIB_LFO_TO_PITCH, 0, 0): 50,  # modulation wheel
    (0x0587, gen.ATTENUATION, 0, 0): 960,  # volume
    (0x028A, gen.PAN, 0, 0): 500,  # half of the specification's 1000, which would reach the side at half its way
    (0x058B, gen.ATTENUATION, 0, 0): 960,  # expression
    (0x00DB, gen.REVERB_SEND, 0, 0): 200,
    (0x00DD, gen.CHORUS_SEND, 0, 0): 200,
    (0x020E, gen.PITCH, 0x0010, 0): 12_700,  # pitch wheel, by its range
}
"""The ten default modulators (section 8.4 of the specification), by identity."""

MAX_MODULATORS = 64
"""Modulators of a voice; further ones of a file are left out."""


def combined(instrument: dict[Identity, int], preset: dict[Identity, int]) -> np.ndarray:
    """Return the modulators of a region.

    Those of the instrument replace equal defaults, those of the preset are added to equal ones.

    - ``instrument``, ``preset``: amounts by identity.
    - returns: float64 ``(modulators, 5)``: source, destination, amount, source of the amount, transform.
    """
    amounts = DEFAULT_MODULATORS | instrument
    for identity, amount in preset.items():
        amounts[identity] = amounts.get(identity, 0) + amount
    rows = [
        (source, destination, amount, amount_source, transform)
        for (source, destination, amount_source, transform), amount in amounts.items()
        if amount and source
    ]
    return np.array(rows[:MAX_MODULATORS], np.float64).reshape(-1, 5)
