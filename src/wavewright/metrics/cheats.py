"""Two degenerate generators that metrics must detect: one clip per label, and slightly altered copies."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting
from ..base.units import db_to_gain


def cheat_one_clip_per_class(
    waves: np.ndarray, labels: np.ndarray, count: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Repeat one random recording of each label: a collapsed generator, which satisfies a classifier.

    Parameters
    ----------
    waves : np.ndarray
        Recordings, ``(n, time)``.
    labels : np.ndarray
        Their labels, ``(n,)``.
    count : int
        Clips of each label, at least 1.
    seed : int
        Seed of the draw.

    Returns
    -------
    tuple of np.ndarray
        Waves ``(labels * count, time)`` and their labels.

    Raises
    ------
    BadSetting
        If ``count`` is below 1.
    """
    _check_count(count)
    rng = np.random.default_rng(seed)
    rows = np.concatenate(
        [np.repeat(rng.choice(np.flatnonzero(labels == label)), count) for label in np.unique(labels)]
    )
    return waves[rows], labels[rows]


def cheat_resampled_copies(
    waves: np.ndarray,
    labels: np.ndarray,
    sample_rate: int,
    count: int,
    seed: int = 0,
    max_speed_change: float = 0.02,
    max_attenuation_db: float = 9.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Alter the speed and the gain of recordings a little: a generator that memorised its training data.

    Every recording of a label is used before one is used again.

    Parameters
    ----------
    waves, labels, count, seed
        As for :func:`cheat_one_clip_per_class`.
    sample_rate : int, in Hz
    max_speed_change : float
        Largest relative change of the speed in both directions, below 0.5; 0.02 is a third of a semitone.
    max_attenuation_db : float
        Largest attenuation in dB.

    Returns
    -------
    tuple of np.ndarray
        Waves ``(labels * count, time)`` float32 and their labels.

    Raises
    ------
    BadSetting
        If ``count`` is below 1 or the speed change out of range.
    """
    _check_count(count)
    if not 0 <= max_speed_change < 0.5:
        raise BadSetting(f"The largest speed change is {max_speed_change}; it must be at least 0 and below 0.5.")
    rng = np.random.default_rng(seed)
    rows = np.concatenate(
        [_repeated_permutations(np.flatnonzero(labels == label), count, rng) for label in np.unique(labels)]
    )
    speeds = rng.uniform(1.0 - max_speed_change, 1.0 + max_speed_change, len(rows))
    gains = db_to_gain(-rng.uniform(0.0, max_attenuation_db, len(rows)))
    copies = [
        gain * _at_speed(waves[row], speed, sample_rate) for row, speed, gain in zip(rows, speeds, gains, strict=True)
    ]
    return np.stack(copies).astype(np.float32), labels[rows]


def _repeated_permutations(members: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``count`` of the members, all of them in random order before any repeats."""
    rounds = -(-count // len(members))
    return np.concatenate([rng.permutation(members) for _ in range(rounds)])[:count]


def _at_speed(wave: np.ndarray, speed: float, sample_rate: int) -> np.ndarray:
    """Resample ``wave`` ``(time,)`` to another speed, cut or padded to its own length."""
    import soxr

    changed = soxr.resample(wave, sample_rate * speed, sample_rate)[: len(wave)]
    return np.pad(changed, (0, len(wave) - len(changed)))


def _check_count(count: int) -> None:
    if count < 1:
        raise BadSetting(f"The count is {count}; it must be at least 1.")
