"""Bring speech to a target loudness: measure it as a whole, apply a gain, and limit its true peaks below full scale."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from ..dsp.limiter import BLOCK_SECONDS, limit, true_peak_db
from ..dsp.loudness import LoudnessMeter
from ..errors import BadSetting
from ..units import db_to_gain, seconds_to_samples

PRESETS = {"podcast": -16.0, "broadcast": -23.0}
"""Integrated loudness in LUFS: the recommendation for podcasts (AES TD1008), and EBU R 128."""

LUFS_RANGE = (-50.0, -5.0)
CEILING_DB = -1.0  # dBTP, required by both
TOLERANCE_LU = 0.05
MOST_PASSES = 6
MOST_LISTED = 8  # files in a message
SMALLEST_SLOPE = 0.2
MOST_LIMITING_DB = 12.0  # largest attenuation of a peak
MEMORY_BYTES = 2**26  # of samples in memory; more are spooled to a file


def target_lufs(asked: str | float) -> float:
    """Return the loudness in LUFS of a preset or a number; raise BadSetting for others."""
    try:
        target = PRESETS[asked] if isinstance(asked, str) and asked in PRESETS else float(asked)
    except ValueError:
        target = math.nan
    low, high = LUFS_RANGE
    if not low <= target <= high:
        names = " or ".join(f"{name} ({value:g})" for name, value in PRESETS.items())
        raise BadSetting(f"--lufs is {asked}; it must be {names}, or a number from {low:g} to {high:g}.")
    return target


class Leveler:
    """Brings one sound after another to ``target`` LUFS.

    Once :meth:`waves` yields, ``lufs`` and ``true_peak_db`` are the result's.
    """

    def __init__(self, target: float):
        self.target = target
        self.lufs = self.true_peak_db = -math.inf

    @property
    def shortfall_line(self) -> str:
        """Message that the target was not reached; empty where it was."""
        if self.lufs == -math.inf or abs(self.lufs - self.target) <= 4 * TOLERANCE_LU:
            return ""
        return (
            f"{self.lufs:.1f} LUFS is as near to {self.target:g} as it comes with true peaks below {CEILING_DB:g} dB."
        )

    def waves(self, waves: Iterable[np.ndarray], sample_rate: int, folder: Path) -> Iterator[np.ndarray]:
        """Yield the waves ``(1, time)`` float32 at the target, in blocks; spool long ones to a file in ``folder``."""
        with tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=str(folder)) as spool:
            for wave in waves:
                spool.write(np.ascontiguousarray(wave, np.float32).tobytes())
            yield from limited(spool, sample_rate, self._gain(spool, sample_rate))

    def _gain(self, spool: IO[bytes], sample_rate: int) -> float:
        """Return the gain with which the limited sound has the target loudness, by the secant method; 1 for silence."""
        self.lufs, self.true_peak_db = _measured(limited(spool, sample_rate, 1.0), sample_rate)
        if self.lufs == -math.inf:
            return 1.0
        gain_db, slope = 0.0, 1.0  # slope in LU per dB, less than 1 where the limiter is active
        largest_db = CEILING_DB - self.true_peak_db + MOST_LIMITING_DB
        for _ in range(MOST_PASSES):
            if abs(self.target - self.lufs) <= TOLERANCE_LU:
                break
            step_db, before = min((self.target - self.lufs) / slope, largest_db - gain_db), self.lufs
            if step_db == 0:
                break
            gain_db += step_db
            self.lufs, self.true_peak_db = _measured(
                limited(spool, sample_rate, float(db_to_gain(gain_db))), sample_rate
            )
            slope = min(max((self.lufs - before) / step_db, SMALLEST_SLOPE), 1.0)
        return float(db_to_gain(gain_db))


def shortfall_of(files: Sequence[str]) -> str:
    """Return the message that lists files which do not reach the target loudness, the first few by name."""
    more = f" and {len(files) - MOST_LISTED} more" if len(files) > MOST_LISTED else ""
    return f"Not as loud as asked for, or their peaks would pass full scale: {', '.join(files[:MOST_LISTED])}{more}"


def limited(spool: IO[bytes], sample_rate: int, gain: float) -> Iterator[np.ndarray]:
    """Yield the samples of ``spool`` from its beginning, with a gain and limited."""
    return limit((wave * np.float32(gain) for wave in _read(spool, sample_rate)), sample_rate, CEILING_DB)


def _read(spool: IO[bytes], sample_rate: int) -> Iterator[np.ndarray]:
    spool.seek(0)
    while contents := spool.read(4 * seconds_to_samples(BLOCK_SECONDS, sample_rate)):
        yield np.frombuffer(contents, np.float32)[None]


def _measured(waves: Iterable[np.ndarray], sample_rate: int) -> tuple[float, float]:
    """Return integrated loudness in LUFS and true peak in dBTP."""
    meter, peak_db = LoudnessMeter(sample_rate, 1), -math.inf
    for wave in waves:
        meter.add(wave)
        peak_db = max(peak_db, true_peak_db(wave))
    return meter.integrated_lufs(), peak_db
