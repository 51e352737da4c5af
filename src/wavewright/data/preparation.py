"""Decoding of entries block by block, and preparation of clips: alignment to the onset, trimming, length, level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..audio.sound_file import open_sound
from ..audio.wave_blocks import resampled, with_channels
from ..base.channel_layouts import Positions
from ..base.errors import BadAudio, BadSetting
from ..base.units import seconds_to_samples
from ..dsp.onset import FADE_SECONDS, align, fade
from .entry import SILENT_PEAK, Entry

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


def decode(entry: Entry) -> Iterator[np.ndarray]:
    """Decode an entry at the sample rate and with the channels of its file.

    Raises BadAudio if the file is damaged or truncated, or holds samples that are not finite; MissingExtra if its
    format needs the extra ``media``.

    Parameters
    ----------
    entry : Entry
        The clip.

    Yields
    ------
    np.ndarray
        Blocks ``(channels, time)`` float32.
    """
    yield from open_sound(entry.path).blocks(start_seconds=entry.offset_seconds, seconds=entry.seconds, strict=True)


def decode_at(entry: Entry, sample_rate: int, channels: int) -> Iterator[np.ndarray]:
    """Decode an entry at another sample rate and number of channels; together the blocks equal ``Clip.resample``.

    - ``entry``: the clip.
    - ``sample_rate``: of the result, Hz.
    - ``channels``: of the result. 1: their mix; more: as many as the file has, or copies of its only one.
    - returns: blocks ``(channels, time)`` float32.

    Raises BadAudio if the file has another number of channels, or as :func:`decode`, or MissingExtra as :func:`decode`.
    """
    positions = open_sound(entry.path).positions
    mixed = (_with_channels(block, channels, entry, positions) for block in decode(entry))
    return resampled(mixed, entry.sample_rate, sample_rate, channels)


def _with_channels(block: np.ndarray, channels: int, entry: Entry, positions: Positions | None) -> np.ndarray:
    if 1 in (channels, len(block)) or channels == len(block):
        return with_channels(block, channels, positions)
    raise BadAudio(
        f"{entry.path} has {block.shape[0]} channels where {channels} are asked for; mix it down or ask for 1."
    )
