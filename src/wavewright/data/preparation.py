"""Preparation of decoded clips for training: alignment to the onset, trimming, length and level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..base.errors import BadSetting
from ..base.units import seconds_to_samples
from ..dsp.onset import FADE_SECONDS, align, fade
from .entry import SILENT_PEAK

Level = Literal["peak", "none"]

PEAK = 0.95
"""Largest sample of a normalised clip: headroom for the overshoot of codecs and resamplers."""


@dataclass(frozen=True)
class Preparation:
    """Settings of the preparation of a clip; its repr is part of the key of a clip store.

    The modes are ``one-shot``: the clip starts ``lead_seconds`` before its onset and has a fixed length, cut (with a
    fade of 5 ms) or padded with zeros; ``none``: a fixed length from the first sample on; ``crop``: the whole file, to
    be cropped later. The level ``peak`` normalises the largest sample of one-shots and whole files to 0.95.

    Raises BadSetting if a field is invalid.
    """

    mode: Literal["one-shot", "crop", "none"] = "one-shot"
    align: bool = True  # detect the onset of a one-shot; without it, the clip starts where the file starts
    trim: bool = True  # remove silence (below -60 dBFS) from both ends of a whole file
    level: Level = "peak"
    lead_seconds: float = 0.002  # 0 to 1

    def __post_init__(self) -> None:
        if self.mode not in ("one-shot", "crop", "none"):
            raise BadSetting(f"The preparation mode is {self.mode!r}; it must be 'one-shot', 'crop' or 'none'.")
        if self.level not in ("peak", "none"):
            raise BadSetting(f"The preparation level is {self.level!r}; it must be 'peak' or 'none'.")
        if not 0 <= self.lead_seconds <= 1:
            raise BadSetting(f"The preparation's lead_seconds is {self.lead_seconds}; it must lie between 0 and 1.")

    def apply(self, wave: np.ndarray, sample_rate: int, n_samples: int) -> np.ndarray:
        """Prepare a wave ``(channels, time)`` in the mode ``one-shot`` or ``none``.

        The result is ``(channels, n_samples)`` float32.
        """
        if self.mode == "none":
            return fix_length(wave, n_samples)
        if self.align:
            clip = align(wave, sample_rate, n_samples, seconds_to_samples(self.lead_seconds, sample_rate))
        else:
            is_cut = wave.shape[1] > n_samples
            n_fade = seconds_to_samples(FADE_SECONDS, sample_rate) if is_cut else 0
            clip = fix_length(fade(wave[:, :n_samples], 0, n_fade), n_samples)
        return clip * self.gain(float(np.abs(clip).max(initial=0.0)))

    def apply_whole(self, wave: np.ndarray) -> np.ndarray:
        """Prepare a wave ``(channels, time)`` in the mode ``crop``, before it is cropped; silence stays as it is."""
        levels = np.abs(wave).max(axis=0, initial=0.0)
        loud = np.flatnonzero(levels > SILENT_PEAK)
        if not loud.size:
            return wave
        trimmed = wave[:, loud[0] : loud[-1] + 1] if self.trim else wave
        prepared: np.ndarray = trimmed * self.gain(float(levels.max()))
        return prepared

    def gain(self, peak: float) -> np.float32:
        """Return the factor that normalises a clip whose largest sample is ``peak``."""
        return np.float32(PEAK / peak if self.level == "peak" and peak > 0 else 1.0)


def fix_length(wave: np.ndarray, n_samples: int) -> np.ndarray:
    """Return a copy of ``wave (channels, time)``, cut or padded with zeros to ``(channels, n_samples)`` float32."""
    clip = np.zeros((wave.shape[0], n_samples), dtype=np.float32)
    n_copied = min(n_samples, wave.shape[1])
    clip[:, :n_copied] = wave[:, :n_copied]
    return clip
