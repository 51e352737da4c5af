"""Measure level, clipping, silence, offset, hash and fingerprint of a clip while it is decoded."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from ..base.units import gain_to_db
from ..dsp.levels import LevelMeter
from .decode import decode
from .duplicates import fingerprint
from .entry import SILENT_PEAK, Entry

HEAD_SECONDS = 5.0
"""Length of the excerpt, from the first sample that is not silent, of which the fingerprint is computed."""


@dataclass(frozen=True)
class ClipMeasurements:
    """Measurements of one clip over all channels; silence is what does not exceed -60 dBFS."""

    entry: Entry
    seconds: float  # decoded length
    peak: float
    rms: float
    dc_offset: float  # mean of the channel whose mean is farthest from 0
    n_clipped: int  # runs at full scale, see LevelMeter
    leading_silence_seconds: float
    trailing_silence_seconds: float
    mono_db: float  # level of the mean of the channels over that of the channels; 0 for one channel
    audio_hash: str  # equal for equal samples in any file format
    fingerprint: np.ndarray | None  # see duplicates.fingerprint; None for a silent clip

    @property
    def is_silent(self) -> bool:
        """True if no sample exceeds -60 dBFS."""
        return self.peak <= SILENT_PEAK


def measure(entry: Entry) -> ClipMeasurements:
    """Decode a clip once, block by block, and measure it.

    Raises
    ------
    BadAudio, MissingExtra
        If the clip cannot be decoded.
    """
    meter = _ClipMeter(entry)
    for block in decode(entry):
        meter.add(block)
    return meter.result()


class _ClipMeter:
    """Running sums over the blocks of one clip."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.levels = LevelMeter(entry.channels)
        self.first_loud: int | None = None
        self.last_loud = 0
        self.head: list[np.ndarray] = []
        self.power = self.mono_power = 0.0
        self.hash = hashlib.blake2b(f"{entry.sample_rate} {entry.channels}".encode(), digest_size=16)

    def add(self, block: np.ndarray) -> None:
        """Add the next samples, ``(channels, time)``."""
        self.hash.update(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
        loud = np.flatnonzero((np.abs(block) > SILENT_PEAK).any(axis=0))
        if loud.size:
            if self.first_loud is None:
                self.first_loud = self.levels.n_samples + int(loud[0])
            self.last_loud = self.levels.n_samples + int(loud[-1])
        self._append_head(block)
        self.levels.add(block)
        self.power += float(np.square(block, dtype=np.float64).mean(axis=0).sum())
        self.mono_power += float(np.square(block.mean(axis=0, dtype=np.float64)).sum())

    def _append_head(self, block: np.ndarray) -> None:
        """Append the mean of the channels to the excerpt for the fingerprint."""
        if self.first_loud is None:
            return
        n_missing = int(HEAD_SECONDS * self.entry.sample_rate) - sum(segment.size for segment in self.head)
        start = max(self.first_loud - self.levels.n_samples, 0)
        self.head.append(block[:, start : start + max(n_missing, 0)].mean(axis=0))

    def result(self) -> ClipMeasurements:
        """Return the measurements of all blocks."""
        sample_rate = self.entry.sample_rate
        levels = self.levels
        is_silent = self.first_loud is None
        return ClipMeasurements(
            entry=self.entry,
            seconds=levels.n_samples / sample_rate,
            peak=float(levels.peaks.max()),
            rms=levels.rms,
            dc_offset=levels.dc_offset,
            n_clipped=levels.n_clipped_runs,
            leading_silence_seconds=(levels.n_samples if self.first_loud is None else self.first_loud) / sample_rate,
            trailing_silence_seconds=0.0 if is_silent else (levels.n_samples - 1 - self.last_loud) / sample_rate,
            mono_db=float(gain_to_db(math.sqrt(self.mono_power / self.power))) if self.power else 0.0,
            audio_hash=self.hash.hexdigest(),
            fingerprint=None if is_silent else fingerprint(np.concatenate(self.head), sample_rate),
        )
