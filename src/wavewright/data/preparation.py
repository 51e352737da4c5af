"""How a decoded clip is made ready to learn from: where it starts, how long it is and how loud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..dsp.onset import FADE_SECONDS, align, fade
from ..errors import BadSetting
from ..units import seconds_to_samples

PEAK = 0.95
"""The largest sample of a levelled clip: a little room is left for what a codec or resampler may overshoot."""


@dataclass(frozen=True)
class Preparation:
    """What is done to every clip; its repr is part of the key of a clip store.

    mode: ``one-shot``: the clip starts ``lead_seconds`` before its onset and has a fixed length, cut (with a fade of 5 ms) or
    padded with zeros; ``none``: a fixed length from the first sample on, nothing else done; ``crop``: the whole file is kept, to
    be cropped from later.
    align: find the onset of a one-shot; without, it starts where the file starts.
    trim: leave out silence (below -60 dBFS) at both ends of a whole file.
    level: ``peak`` brings the largest sample to 0.95, ``none`` leaves the level (one-shots and whole files).
    Raises BadSetting where a field is impossible.
    """

    mode: Literal["one-shot", "crop", "none"] = "one-shot"
    align: bool = True
    trim: bool = True
    level: Literal["peak", "none"] = "peak"
    lead_seconds: float = 0.002

    def __post_init__(self) -> None:
        if self.mode not in ("one-shot", "crop", "none"):
            raise BadSetting(f"The preparation mode is {self.mode!r}; it must be 'one-shot', 'crop' or 'none'.")
        if self.level not in ("peak", "none"):
            raise BadSetting(f"The preparation level is {self.level!r}; it must be 'peak' or 'none'.")
        if not 0 <= self.lead_seconds <= 1:
            raise BadSetting(f"The preparation's lead_seconds is {self.lead_seconds}; it must lie between 0 and 1.")

    def apply(self, wave: np.ndarray, sample_rate: int, n_samples: int) -> np.ndarray:
        """``wave (channels, time)`` as a clip ``(channels, n_samples)`` float32, after the modes ``one-shot`` or ``none``."""
        if self.mode == "none":
            return fit(wave, n_samples)
        if self.align:
            clip = align(wave, sample_rate, n_samples, seconds_to_samples(self.lead_seconds, sample_rate))
        else:
            is_cut = wave.shape[1] > n_samples
            clip = fit(
                fade(wave[:, :n_samples], 0, seconds_to_samples(FADE_SECONDS, sample_rate) if is_cut else 0), n_samples
            )
        return clip * self.gain(float(np.abs(clip).max(initial=0.0)))

    def gain(self, peak: float) -> np.float32:
        """The factor that brings a clip with this largest sample to its level."""
        return np.float32(PEAK / peak if self.level == "peak" and peak > 0 else 1.0)


def fit(wave: np.ndarray, n_samples: int) -> np.ndarray:
    """A copy of ``wave (channels, time)`` float32, cut or padded with zeros to ``(channels, n_samples)``."""
    clip = np.zeros((wave.shape[0], n_samples), dtype=np.float32)
    kept = min(n_samples, wave.shape[1])
    clip[:, :kept] = wave[:, :kept]
    return clip
