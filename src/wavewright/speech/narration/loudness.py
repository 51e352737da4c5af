"""Loudness normalisation of speech: measure it as a whole, apply a gain, and limit its true peaks."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from ...base.errors import BadSetting
from ...base.units import db_to_gain, seconds_to_samples
from ...dsp.loudness import LoudnessMeter
from ...dsp.true_peak import TruePeakMeter

PRESETS = {"podcast": -16.0, "broadcast": -23.0}
"""Integrated loudness in LUFS: the recommendation for podcasts (AES TD1008), and EBU R 128."""

LUFS_RANGE = (-50.0, -5.0)
CEILING_DB = -1.0  # dBTP, required by both
LOOK_AHEAD_MS = 20.0  # gentler than that of music: speech has pauses
TOLERANCE_LU = 0.05
MAX_PASSES = 6
MAX_LISTED = 8  # files in a message
MIN_SLOPE = 0.2
MAX_LIMITING_DB = 12.0  # largest attenuation of a peak
BLOCK_SECONDS = 10.0
MEMORY_BYTES = 2**26  # of samples in memory; more are spooled to a file


def parse_loudness(value: str | float) -> float:
    """Parse a target loudness.

    - ``value``: name of a preset, or a number.
    - returns: integrated loudness in LUFS.

    Raises BadSetting if it is another name, or out of range.
    """
    try:
        target = PRESETS[value] if isinstance(value, str) and value in PRESETS else float(value)
    except ValueError:
        target = math.nan
    low, high = LUFS_RANGE
    if not low <= target <= high:
        names = " or ".join(f"{name} ({value:g})" for name, value in PRESETS.items())
        raise BadSetting(f"--lufs is {value}; it must be {names}, or a number from {low:g} to {high:g}.")
    return target


class LoudnessNormaliser:
    """Brings speech to a target loudness in LUFS, with true peaks below -1 dB.

    ``lufs`` and ``true_peak_db`` are those of the result, once `normalise` yields; minus infinity for silence.
    """

    def __init__(self, target_lufs: float) -> None:
        self.target_lufs = target_lufs
        self.lufs = -math.inf
        self.true_peak_db = -math.inf

    def shortfall_message(self) -> str:
        """Return the message that the target was not reached; empty if it was."""
        if self.lufs == -math.inf or abs(self.lufs - self.target_lufs) <= 4 * TOLERANCE_LU:
            return ""
        return (
            f"{self.lufs:.1f} LUFS is as near to {self.target_lufs:g} as it comes with true peaks below "
            f"{CEILING_DB:g} dB."
        )

    def normalise(self, waves: Iterable[np.ndarray], sample_rate: int, folder: Path) -> Iterator[np.ndarray]:
        """Bring the joined waves to the target loudness.

        - ``waves``: blocks of samples ``(1, time)``.
        - ``sample_rate``: sample rate in Hz.
        - ``folder``: folder of a temporary file, for long audio.
        - returns: blocks of samples ``(1, time)``, float32.
        """
        with tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=str(folder)) as spool:
            for wave in waves:
                spool.write(np.ascontiguousarray(wave, np.float32).tobytes())
            yield from _limited(spool, sample_rate, self._gain(spool, sample_rate))

    def _gain(self, spool: IO[bytes], sample_rate: int) -> float:
        """Return the gain with which the limited audio has the target loudness, by the secant method; 1 for silence."""
        self.lufs, self.true_peak_db = _measure(_limited(spool, sample_rate, 1.0), sample_rate)
        if self.lufs == -math.inf:
            return 1.0
        gain_db = 0.0
        slope = 1.0  # in LU per dB, less than 1 where the limiter is active
        largest_db = CEILING_DB - self.true_peak_db + MAX_LIMITING_DB
        for _ in range(MAX_PASSES):
            missing_lu = self.target_lufs - self.lufs
            if abs(missing_lu) <= TOLERANCE_LU:
                break
            step_db = min(missing_lu / slope, largest_db - gain_db)
            if step_db == 0:
                break
            previous_lufs = self.lufs
            gain_db += step_db
            limited = _limited(spool, sample_rate, float(db_to_gain(gain_db)))
            self.lufs, self.true_peak_db = _measure(limited, sample_rate)
            slope = min(max((self.lufs - previous_lufs) / step_db, MIN_SLOPE), 1.0)
        return float(db_to_gain(gain_db))


def below_target_message(files: Sequence[str]) -> str:
    """Return the message that lists files below the target loudness, the first few by name."""
    more = f" and {len(files) - MAX_LISTED} more" if len(files) > MAX_LISTED else ""
    return f"Below the target loudness, which their peaks do not allow: {', '.join(files[:MAX_LISTED])}{more}"


def _limited(spool: IO[bytes], sample_rate: int, gain: float) -> Iterator[np.ndarray]:
    """Yield all samples of ``spool`` with a gain, limited."""
    from ...effects import Limiter  # many modules, which speaking does not need otherwise

    stream = Limiter(CEILING_DB, LOOK_AHEAD_MS).stream(sample_rate, 1)
    return stream.process_blocks(wave * np.float32(gain) for wave in _read(spool, sample_rate))


def _read(spool: IO[bytes], sample_rate: int) -> Iterator[np.ndarray]:
    spool.seek(0)
    while contents := spool.read(4 * seconds_to_samples(BLOCK_SECONDS, sample_rate)):
        yield np.frombuffer(contents, np.float32)[None]


def _measure(waves: Iterable[np.ndarray], sample_rate: int) -> tuple[float, float]:
    """Return integrated loudness in LUFS and true peak in dBTP."""
    loudness, true_peak = LoudnessMeter(sample_rate, 1), TruePeakMeter(1)
    for wave in waves:
        loudness.add(wave)
        true_peak.add(wave)
    return loudness.integrated_lufs(), true_peak.peak_db()
