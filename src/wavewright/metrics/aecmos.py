"""AECMOS: predicted opinion of listeners of a call from which echo was removed, by a network of Microsoft's.

M. Purin et al., "AECMOS: a speech quality assessment metric for echo impairment", 2022, through speechmos (MIT).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

SAMPLE_RATE = 16_000
LONGEST = 20 * SAMPLE_RATE - 1  # samples; the network reads no more
SILENCE = 1e-4  # peak, -80 dBFS, below which nobody talks

Scenario = Literal["st", "nst", "dt"]
"""The far end alone (single talk), the near end alone, or both (double talk)."""


def aecmos(far: np.ndarray, microphone: np.ndarray, enhanced: np.ndarray, scenario: Scenario) -> tuple[float, float]:
    """Return the AECMOS of echo and of other degradation, 1 (bad) to 5 (excellent).

    Parameters
    ----------
    far, microphone, enhanced : np.ndarray
        Waves ``(time,)`` at 16 kHz: the far end, and the microphone before and after the removal.
    scenario : str
        Who talks.
    """
    from speechmos import aecmos as judge

    waves = {"lpb": far, "mic": microphone, "enh": enhanced}
    sample = {name: np.clip(wave, -1, 1).astype(np.float32) for name, wave in waves.items()}
    rated = judge.run(sample, sr=SAMPLE_RATE, talk_type=scenario)
    return float(rated["echo_mos"]), float(rated["deg_mos"])


def aecmos_of_call(
    near: np.ndarray, far: np.ndarray, microphone: np.ndarray, enhanced: np.ndarray
) -> tuple[float, float]:
    """Return the mean AECMOS of echo and of other degradation over the segments of a call of any length.

    Echo is rated where the far end talks, other degradation where the near end does; NaN where neither ever does.

    Parameters
    ----------
    near, far, microphone, enhanced : np.ndarray
        Waves ``(time,)`` of the same length at 16 kHz: the near end without echo, the far end, and the microphone
        before and after the removal.
    """
    echo, other = [], []
    edges = np.linspace(0, len(near), -(-len(near) // LONGEST) + 1).round().astype(int)
    for segment in map(slice, edges[:-1], edges[1:]):
        near_active, far_active = (not is_silent(wave[segment]) for wave in (near, far))
        if not (near_active or far_active):
            continue
        scenario: Scenario = "dt" if near_active and far_active else "st" if far_active else "nst"
        echo_mos, other_mos = aecmos(far[segment], microphone[segment], enhanced[segment], scenario)
        if far_active:
            echo.append(echo_mos)
        if near_active:
            other.append(other_mos)
    return _mean(echo), _mean(other)


def is_silent(wave: np.ndarray) -> bool:
    """Return whether no sample of a wave ``(time,)`` is above -80 dBFS."""
    return bool(np.abs(wave).max(initial=0.0) < SILENCE)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
