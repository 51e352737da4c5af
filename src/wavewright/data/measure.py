"""Measure one clip while it is decoded: level, clipping, silence, offset, and marks by which copies of it are found."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from .decode import decode
from .duplicates import fingerprint
from .entry import SILENT_PEAK, Entry

FULL_SCALE = 0.9999
"""At or above this a sample counts as full scale."""

CLIPPED_RUN = 4
"""So many samples at full scale in a row are clipping: a loud wave that fits touches full scale for fewer."""

HEAD_SECONDS = 5.0
"""From the first sample that is not silent, so much is kept to make the fingerprint of."""


@dataclass(frozen=True)
class Measured:
    """What one clip was found to be.

    ``peak`` and ``rms`` are over all channels, ``dc_offset`` is the mean of the channel where it is farthest from 0, ``n_clipped``
    counts runs of full scale, silence is what does not exceed -60 dBFS, ``audio_hash`` is equal for equal samples whatever the
    file format, ``fingerprint`` is the one of :mod:`duplicates`, None where the clip is silent.
    """

    entry: Entry
    seconds: float
    peak: float
    rms: float
    dc_offset: float
    n_clipped: int
    leading_silence_seconds: float
    trailing_silence_seconds: float
    audio_hash: str
    fingerprint: np.ndarray | None

    @property
    def is_silent(self) -> bool:
        """Whether no sample is louder than -60 dBFS."""
        return self.peak <= SILENT_PEAK


def measure(entry: Entry) -> Measured:
    """Decode ``entry`` once, chunk by chunk, and measure it; raises BadAudio or MissingExtra where it cannot be decoded."""
    gauge = _Gauge(entry)
    for chunk in decode(entry):
        gauge.add(chunk)
    return gauge.result()


class _Gauge:
    """Running sums over the chunks of one clip."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.n_samples = 0
        self.peak = 0.0
        self.sums = np.zeros(entry.channels)
        self.squares = 0.0
        self.n_clipped = 0
        self.run_so_far = np.zeros((entry.channels, CLIPPED_RUN), dtype=bool)
        self.first_loud: int | None = None
        self.last_loud = 0
        self.head: list[np.ndarray] = []
        self.hash = hashlib.blake2b(f"{entry.sample_rate} {entry.channels}".encode(), digest_size=16)

    def add(self, chunk: np.ndarray) -> None:
        """Take in the next ``(channels, time)`` samples."""
        self.hash.update(np.ascontiguousarray(chunk.T, dtype="<f4").tobytes())
        magnitude = np.abs(chunk)
        self.peak = max(self.peak, float(magnitude.max(initial=0.0)))
        self.sums += chunk.sum(axis=1, dtype=np.float64)
        self.squares += float(np.square(chunk, dtype=np.float64).sum())
        self._count_clipped(magnitude >= FULL_SCALE)
        loud = np.flatnonzero((magnitude > SILENT_PEAK).any(axis=0))
        if loud.size:
            if self.first_loud is None:
                self.first_loud = self.n_samples + int(loud[0])
            self.last_loud = self.n_samples + int(loud[-1])
        self._keep_head(chunk)
        self.n_samples += chunk.shape[1]

    def _count_clipped(self, full: np.ndarray) -> None:
        """Count the runs of full scale: at the sample where one has lasted ``CLIPPED_RUN`` and its start was no full scale."""
        full = np.concatenate([self.run_so_far, full], axis=1)  # (channels, CLIPPED_RUN + time)
        n_ends = full.shape[1] - CLIPPED_RUN
        long_enough = np.ones((full.shape[0], n_ends), dtype=bool)
        for lag in range(CLIPPED_RUN):
            long_enough &= full[:, CLIPPED_RUN - lag : full.shape[1] - lag]
        self.n_clipped += int((long_enough & ~full[:, :n_ends]).sum())
        self.run_so_far = full[:, n_ends:]

    def _keep_head(self, chunk: np.ndarray) -> None:
        if self.first_loud is None:
            return
        missing = int(HEAD_SECONDS * self.entry.sample_rate) - sum(part.size for part in self.head)
        begin = max(self.first_loud - self.n_samples, 0)
        self.head.append(chunk[:, begin : begin + max(missing, 0)].mean(axis=0))

    def result(self) -> Measured:
        """The finished measurement."""
        rate, n_values = self.entry.sample_rate, max(self.n_samples * self.entry.channels, 1)
        means = self.sums / max(self.n_samples, 1)
        silent = self.first_loud is None
        return Measured(
            entry=self.entry,
            seconds=self.n_samples / rate,
            peak=self.peak,
            rms=float(np.sqrt(self.squares / n_values)),
            dc_offset=float(means[np.abs(means).argmax()]),
            n_clipped=self.n_clipped,
            leading_silence_seconds=(self.n_samples if self.first_loud is None else self.first_loud) / rate,
            trailing_silence_seconds=0.0 if silent else (self.n_samples - 1 - self.last_loud) / rate,
            audio_hash=self.hash.hexdigest(),
            fingerprint=None if silent else fingerprint(np.concatenate(self.head), rate),
        )
