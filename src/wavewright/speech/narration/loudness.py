"""Target loudness of speech: its presets, and messages where it is missed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ...audio.sound_file import SoundFormat
from ...base.errors import BadSetting

PRESETS = {"podcast": -16.0, "broadcast": -23.0}
"""Integrated loudness in LUFS: the recommendation for podcasts (AES TD1008), and EBU R 128."""

LUFS_RANGE = (-50.0, -5.0)
CEILING_DB = -1.0  # dBTP, required by both
LOOK_AHEAD_MS = 20.0  # gentler than that of music: speech has pauses
REPORTED_LU = 0.2  # distance to the target that is reported
MAX_LISTED = 8  # files in a message


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
        if self.lufs == -math.inf or abs(self.lufs - self.target_lufs) <= REPORTED_LU:
            return ""
        return (
            f"{self.lufs:.1f} LUFS is as near to {self.target_lufs:g} as it comes with true peaks below "
            f"{CEILING_DB:g} dB."
        )

    def normalise(self, waves: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
        """Bring the joined waves to the target loudness; many samples wait in a temporary file.

        - ``waves``: blocks of samples ``(1, time)``, float32.
        - ``sample_rate``: sample rate in Hz.
        - returns: blocks of samples ``(1, time)``, float32.
        """
        from ...effects.dynamics import Limiter  # many modules, which speaking does not need otherwise
        from ...effects.loudness import LoudnessMeasurement

        limiter, sound = Limiter(CEILING_DB, LOOK_AHEAD_MS), SoundFormat(sample_rate, 1)
        measurement = LoudnessMeasurement(sound, self.target_lufs, CEILING_DB, limiter, is_capped=True)
        for wave in waves:
            measurement.add(wave)
        effect = measurement.effect()
        self.lufs, self.true_peak_db = measurement.lufs, measurement.true_peak_db
        yield from effect.stream(sound).process_blocks(measurement.blocks())


def below_target_message(files: Sequence[str]) -> str:
    """Return the message that lists files below the target loudness, the first few by name."""
    more = f" and {len(files) - MAX_LISTED} more" if len(files) > MAX_LISTED else ""
    return f"Below the target loudness, which their peaks do not allow: {', '.join(files[:MAX_LISTED])}{more}"
