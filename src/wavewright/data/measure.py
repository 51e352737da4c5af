"""Measure level, clipping, silence, offset, hash and fingerprint of a clip while it is decoded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from .decode import decode
from .duplicates import fingerprint
from .entry import SILENT_PEAK, Entry

FULL_SCALE = 0.9999
"""Smallest magnitude of a sample at full scale."""

CLIPPED_RUN = 4
"""Consecutive samples at full scale that count as clipping; a loud unclipped wave touches full scale for fewer."""

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
    n_clipped: int  # runs of CLIPPED_RUN or more samples at full scale
    leading_silence_seconds: float
    trailing_silence_seconds: float
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
        self.n_samples = 0
        self.peak = 0.0
        self.sums = np.zeros(entry.channels)
        self.squares = 0.0
        self.n_clipped = 0
        self.last_at_full_scale = np.zeros((entry.channels, CLIPPED_RUN), dtype=bool)
        self.first_loud: int | None = None
        self.last_loud = 0
        self.head: list[np.ndarray] = []
        self.hash = hashlib.blake2b(f"{entry.sample_rate} {entry.channels}".encode(), digest_size=16)

    def add(self, block: np.ndarray) -> None:
        """Add the next samples, ``(channels, time)``."""
        self.hash.update(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
        magnitude = np.abs(block)
        self.peak = max(self.peak, float(magnitude.max(initial=0.0)))
        self.sums += block.sum(axis=1, dtype=np.float64)
        self.squares += float(np.square(block, dtype=np.float64).sum())
        self._count_clipped(magnitude >= FULL_SCALE)
        loud = np.flatnonzero((magnitude > SILENT_PEAK).any(axis=0))
        if loud.size:
            if self.first_loud is None:
                self.first_loud = self.n_samples + int(loud[0])
            self.last_loud = self.n_samples + int(loud[-1])
        self._append_head(block)
        self.n_samples += block.shape[1]

    def _count_clipped(self, at_full_scale: np.ndarray) -> None:
        """Count runs at the sample where they reach CLIPPED_RUN."""
        full = np.concatenate([self.last_at_full_scale, at_full_scale], axis=1)  # (channels, CLIPPED_RUN + time)
        n_ends = full.shape[1] - CLIPPED_RUN
        long_enough = np.ones((full.shape[0], n_ends), dtype=bool)
        for lag in range(CLIPPED_RUN):
            long_enough &= full[:, CLIPPED_RUN - lag : full.shape[1] - lag]
        self.n_clipped += int((long_enough & ~full[:, :n_ends]).sum())
        self.last_at_full_scale = full[:, n_ends:]

    def _append_head(self, block: np.ndarray) -> None:
        """Append the mean of the channels to the excerpt for the fingerprint."""
        if self.first_loud is None:
            return
        n_missing = int(HEAD_SECONDS * self.entry.sample_rate) - sum(segment.size for segment in self.head)
        start = max(self.first_loud - self.n_samples, 0)
        self.head.append(block[:, start : start + max(n_missing, 0)].mean(axis=0))

    def result(self) -> ClipMeasurements:
        """Return the measurements of all blocks."""
        sample_rate = self.entry.sample_rate
        n_values = max(self.n_samples * self.entry.channels, 1)
        means = self.sums / max(self.n_samples, 1)
        is_silent = self.first_loud is None
        return ClipMeasurements(
            entry=self.entry,
            seconds=self.n_samples / sample_rate,
            peak=self.peak,
            rms=float(np.sqrt(self.squares / n_values)),
            dc_offset=float(means[np.abs(means).argmax()]),
            n_clipped=self.n_clipped,
            leading_silence_seconds=(self.n_samples if self.first_loud is None else self.first_loud) / sample_rate,
            trailing_silence_seconds=0.0 if is_silent else (self.n_samples - 1 - self.last_loud) / sample_rate,
            audio_hash=self.hash.hexdigest(),
            fingerprint=None if is_silent else fingerprint(np.concatenate(self.head), sample_rate),
        )
