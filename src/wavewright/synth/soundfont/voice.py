"""Voices of the SoundFont player: their state, the state of channels, and the tables of interpolation."""

from __future__ import annotations

from functools import cache

import numpy as np

VOICE = np.dtype(
    [
        ("is_active", "i8"),
        ("is_held", "i8"),  # the key is down
        ("is_sustained", "i8"),  # by the pedal
        ("is_stolen", "i8"),
        *(("channel", "i8"), ("key", "i8"), ("velocity", "i8"), ("note", "i8"), ("preset", "i8"), ("exclusive", "i8")),
        # Positions in the array of samples; the phase counts from the start, in 2**-32 samples.
        *(("start", "i8"), ("end", "i8"), ("loop_start", "i8"), ("loop_end", "i8"), ("mode", "i8")),
        *(("has_looped", "i8"), ("phase", "i8"), ("increment", "i8"), ("table", "i8")),
        # Time since the start and of the release, and lengths of stages, in samples.
        *(("time", "i8"), ("release_time", "i8"), ("segment", "i8"), ("left", "i8")),
        *(("vol_delay", "i8"), ("vol_attack", "i8"), ("vol_hold", "i8"), ("vol_decay", "f8"), ("vol_sustain", "f8")),
        *(("vol_release", "f8"), ("vol_release_value", "f8")),
        *(("mod_delay", "i8"), ("mod_attack", "i8"), ("mod_hold", "i8"), ("mod_decay", "f8"), ("mod_sustain", "f8")),
        *(("mod_release", "f8"), ("mod_release_value", "f8")),
        *(("mod_lfo_delay", "f8"), ("mod_lfo_step", "f8"), ("vib_lfo_delay", "f8"), ("vib_lfo_step", "f8")),
        # Settings after modulation.
        *(("ratio", "f8"), ("tuning", "f8"), ("cents", "f8"), ("attenuation", "f8"), ("fixed_gain", "f8")),
        *(("left_pan", "f8"), ("right_pan", "f8"), ("is_modulated", "i8"), ("is_set", "i8")),
        *(("reverb", "f8"), ("chorus", "f8"), ("cutoff", "f8"), ("resonance", "f8")),
        *(("mod_lfo_to_pitch", "f8"), ("vib_lfo_to_pitch", "f8"), ("mod_env_to_pitch", "f8")),
        *(("mod_lfo_to_filter", "f8"), ("mod_env_to_filter", "f8"), ("mod_lfo_to_volume", "f8")),
        # Gains at the start of the segment and their change a sample: left, right, reverb, chorus.
        *(("left_gain", "f8"), ("right_gain", "f8"), ("reverb_gain", "f8"), ("chorus_gain", "f8")),
        *(("left_step", "f8"), ("right_step", "f8"), ("reverb_step", "f8"), ("chorus_step", "f8")),
        *(("level", "f8"), ("n_modulators", "i8")),
        # The filter: whether it is on, its coefficients, and its last inputs and outputs.
        *(("is_filtered", "i8"), ("filtered_at", "f8"), ("b0", "f8"), ("a1", "f8"), ("a2", "f8")),
        *(("x1", "f8"), ("x2", "f8"), ("y1", "f8"), ("y2", "f8")),
    ]
)

N_TAPS = 8
N_PHASES = 1_024
CUTOFFS = 0.5 ** (np.arange(9) / 4.0)
"""Cutoffs over the Nyquist frequency of the sample, of the tables for rising increments."""

KAISER_BETA = 5.5
ROLL_OFF = 0.94
"""Cutoff of the first table, for increments of at most 1."""


@cache
def interpolation_tables() -> np.ndarray:
    """Return windowed sincs, float32 ``(cutoffs, N_PHASES, N_TAPS)``; each row has a sum of 1."""
    phases = np.arange(N_PHASES) / N_PHASES
    distances = np.arange(N_TAPS)[None, :] - (N_TAPS // 2 - 1) - phases[:, None]
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1.0 - (distances / (N_TAPS / 2)) ** 2, 0.0, None)))
    tables = np.stack([np.sinc(ROLL_OFF * cutoff * distances) * window for cutoff in CUTOFFS])
    tables /= tables.sum(axis=2, keepdims=True)
    return np.ascontiguousarray(tables, np.float32)
