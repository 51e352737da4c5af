"""Any wave as an instrument: from a formula, a drawing, or a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..base.errors import BadSetting
from .drawn_waves import WAVE_ENDINGS, read_period
from .formula import is_periodic, parse_formula
from .patch import EnvelopeTable, OscillatorTable, Patch
from .spectra import period_spectrum

FORMULA_SAMPLES = 1 << 17
"""Samples of the period of a formula: harmonics then err by less than -100 dB of the fundamental, all in tune."""

REFERENCE_HZ = 220.0
GAIN_DB = -3.0


def formula_spectrum(text: str) -> np.ndarray:
    """Return the spectrum of a formula that repeats in each period, see :func:`.spectra.wave_spectrum`.

    Raises
    ------
    BadSetting
        If it does not repeat, or is not finite.
    """
    formula = parse_formula(text)
    if not is_periodic(formula, REFERENCE_HZ):
        raise BadSetting(
            f'The formula "{text}" does not repeat in each period 1/f; give it as formula = "..." of the patch instead.'
        )
    times = np.arange(FORMULA_SAMPLES) / (FORMULA_SAMPLES * REFERENCE_HZ)
    return period_spectrum(formula(times, REFERENCE_HZ))


def wave_patch(wave: str | Path) -> Patch:
    """Return an instrument that plays a wave.

    Parameters
    ----------
    wave : str or Path
        A formula such as ``sin(2*pi*f*t) + 0.3*saw(2*f*t)``, see :mod:`.formula`; or a file with one period, see
        :func:`.drawn_waves.read_period`.

    Raises
    ------
    BadSetting, BadAudio
        If the formula or the file is invalid.
    """
    settings: dict[str, object] = {
        "title": "Wave",
        "category": "effect",
        "gain_db": GAIN_DB,
        "envelopes": {"amplitude": EnvelopeTable(attack_s=0.003, release_s=0.03)},
    }
    text = str(wave)
    if Path(wave).suffix.lower() in WAVE_ENDINGS:
        period = tuple(read_period(Path(wave)).tolist())
        settings["oscillators"] = (OscillatorTable(wave="period", period=period),)
    elif is_periodic(parse_formula(text), REFERENCE_HZ):
        formula_spectrum(text)
        settings["oscillators"] = (OscillatorTable(wave="formula", formula=text),)
    else:
        settings["formula"] = text
    return Patch.model_validate(settings)
