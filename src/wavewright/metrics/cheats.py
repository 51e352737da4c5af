"""Two ways to cheat, so that a table can show that its metrics notice: one clip a label, and slightly changed copies."""

from __future__ import annotations

import numpy as np

from ..errors import BadSetting
from ..units import db_to_gain


def cheat_one_clip_per_class(
    waves: np.ndarray, labels: np.ndarray, count: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """One drawn recording of each label, ``count`` times: a collapsed generator; a classifier agrees with every clip.

    ``waves`` ``(n, time)``, ``labels`` ``(n,)``; returns waves ``(labels * count, time)`` and their labels. Raises BadSetting
    where ``count`` is below 1.
    """
    rng = np.random.default_rng(seed)
    chosen = [
        np.repeat(rng.choice(np.flatnonzero(labels == label)), _checked_count(count)) for label in np.unique(labels)
    ]
    rows = np.concatenate(chosen)
    return waves[rows], labels[rows]


def cheat_resampled_copies(
    waves: np.ndarray,
    labels: np.ndarray,
    sample_rate: int,
    count: int,
    seed: int = 0,
    largest_speed_change: float = 0.02,
    largest_attenuation_db: float = 9.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Recordings played a little faster or slower and softer, ``count`` of each label: a generator that learned by heart.

    Every recording of a label is used before one is used again. Speed changes by up to ``largest_speed_change`` (0.02 is a
    third of a semitone), both ways, and level falls by up to ``largest_attenuation_db``. ``waves`` ``(n, time)``, ``labels``
    ``(n,)``; returns waves ``(labels * count, time)`` and their labels. Raises BadSetting where a setting is impossible.
    """
    if not 0 <= largest_speed_change < 0.5:
        raise BadSetting(f"The largest speed change is {largest_speed_change}; it must be at least 0 and below 0.5.")
    rng = np.random.default_rng(seed)
    rows = np.concatenate(
        [_in_turn(np.flatnonzero(labels == label), _checked_count(count), rng) for label in np.unique(labels)]
    )
    speeds = rng.uniform(1.0 - largest_speed_change, 1.0 + largest_speed_change, len(rows))
    gains = db_to_gain(-rng.uniform(0.0, largest_attenuation_db, len(rows)))
    copies = [
        gain * _played_at(waves[row], speed, sample_rate) for row, speed, gain in zip(rows, speeds, gains, strict=True)
    ]
    return np.stack(copies).astype(np.float32), labels[rows]


def _in_turn(members: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """``count`` of the members, all of them in a drawn order before any comes again."""
    rounds = -(-count // len(members))
    return np.concatenate([rng.permutation(members) for _ in range(rounds)])[:count]


def _played_at(wave: np.ndarray, speed: float, sample_rate: int) -> np.ndarray:
    """``wave`` ``(time,)`` at another speed, cut or padded to its own length."""
    import soxr

    played = soxr.resample(wave, sample_rate * speed, sample_rate)[: len(wave)]
    return np.pad(played, (0, len(wave) - len(played)))


def _checked_count(count: int) -> int:
    if count < 1:
        raise BadSetting(f"The count is {count}; it must be at least 1.")
    return count
