"""Kits: hits sorted into sounds with keys, velocity layers and round robins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...base.units import gain_to_db
from .hits import Hit

PERCUSSION = "percussion"
"""Kind of what the classifier does not accept as one of its labels."""

HAT = "hat"
KEYS = {
    "kick": (36, 35),
    "snare": (38, 40),
    HAT: (42, 46, 44),
    "tom": (41, 43, 45, 47, 48, 50),
    "cymbal": (49, 51, 57, 59, 55, 52),
}
"""Keys of General MIDI by kind, in the order in which sounds get them; then those of OTHER_KEYS."""

OTHER_KEYS = (*range(60, 128), *range(34, -1, -1))
MAX_SOUNDS = len(OTHER_KEYS)
FULL_VELOCITY = 127
DB_PER_DECADE = 40.0
"""Levels follow the square of the velocity, as in SoundFont and SFZ."""

LAYER_DB = 3.0
"""Smallest step of level between two velocity layers."""

COPY_DB = -40.0
"""Level of the difference between two hits, relative to one of them, below which they are copies of each other."""

ALIGNED_SAMPLES, MOST_LAG = 4_096, 64
"""Samples by which two hits are aligned, and how far at most: onsets of copies are found some samples apart."""

PEAK = 0.9


@dataclass(frozen=True, eq=False)
class KitTake:
    """A recording of a layer, which alternates with the others of it."""

    name: str  # of its file, without the ending
    hit: Hit  # where it comes from
    wave: np.ndarray  # ``(channels, time)``, at the level of all takes of its sound
    variation: int = 0  # number of a variation by a model of the hit, 0 for the hit itself


@dataclass(frozen=True, eq=False)
class KitLayer:
    """Takes for a range of velocities: first and last."""

    velocities: tuple[int, int]
    takes: tuple[KitTake, ...]


@dataclass(frozen=True, eq=False)
class KitSound:
    """A drum of a kit."""

    name: str  # such as ``snare-2``
    kind: str
    confidence: float  # mean probability of its kind
    key: int  # MIDI key that plays it
    gain_db: float  # with which it is as loud as in the recording, relative to the loudest sound of the kit
    layers: tuple[KitLayer, ...]
    hits: tuple[tuple[Hit, int], ...]  # all hits of the recording, in order, and the velocity of each

    @property
    def takes(self) -> list[KitTake]:
        """The takes of all layers."""
        return [take for layer in self.layers for take in layer.takes]


def build_kit(groups: Sequence[Sequence[Hit]], n_layers: int, n_takes: int) -> list[KitSound]:
    """Return the sounds of a kit, by kind and key.

    - ``groups``: hits of one sound each, at most MAX_SOUNDS.
    - ``n_layers``: most velocity layers of a sound.
    - ``n_takes``: most takes of a layer; the longest ones are taken, without copies.
    """
    by_kind: dict[str, list[tuple[float, Sequence[Hit]]]] = {}
    for group in groups:
        kind, confidence = kind_of(group)
        by_kind.setdefault(kind, []).append((confidence, group))
    order = [*KEYS, *sorted(by_kind.keys() - {*KEYS, PERCUSSION}), PERCUSSION]
    free = list(OTHER_KEYS)
    sounds = []
    for kind in (each for each in order if each in by_kind):
        members = sorted(by_kind[kind], key=lambda member: _rank(kind, member[1]))
        keys = list(KEYS.get(kind, ()))
        if kind == "tom" and len(members) < len(keys):  # from the lowest to the highest
            keys = [keys[index] for index in np.linspace(0, len(keys) - 1, len(members)).round().astype(int)]
        for number, (confidence, group) in enumerate(members, 1):
            key = keys.pop(0) if keys else free.pop(0)
            name = f"{kind}-{number}" if len(members) > 1 else kind
            sounds.append(_sound(name, kind, confidence, key, group, n_layers, n_takes))
    loudest = max((sound.gain_db for sound in sounds), default=0.0)
    return [replace(sound, gain_db=sound.gain_db - loudest) for sound in sounds]


def kind_of(group: Sequence[Hit]) -> tuple[str, float]:
    """Return the label with the largest mean probability over the hits of a sound, and that probability."""
    labels = group[0].confidences
    means = {label: float(np.mean([hit.confidences[label] for hit in group])) for label in labels}
    kind = max(means, key=lambda label: means[label])
    return (kind, means[kind]) if np.mean([hit.fits for hit in group]) >= 0.5 else (PERCUSSION, means[kind])


def _rank(kind: str, group: Sequence[Hit]) -> tuple[float, ...]:
    """Return by what the sounds of a kind are sorted: toms by pitch, hats by length, others by their number of hits."""
    first = float(group[0].start)
    if kind == "tom":
        return (float(np.median([_zero_crossings(hit.wave) for hit in group])), first)
    if kind == HAT:
        return (float(np.median([_decay(hit.wave) for hit in group])), first)
    return (-len(group), first)


def _zero_crossings(wave: np.ndarray) -> float:
    """Return the fraction of samples at which the loudest part of a wave changes its sign, smoothed over 32 samples."""
    smooth = np.convolve(wave.mean(axis=0, dtype=np.float64), np.ones(32), "valid")
    return float(np.mean(smooth[1:] * smooth[:-1] < 0.0)) if len(smooth) > 1 else 0.0


def _decay(wave: np.ndarray) -> float:
    """Return the sample up to which a wave has 90 % of its energy."""
    energy = np.cumsum(np.square(wave, dtype=np.float64).sum(axis=0))
    return float(np.searchsorted(energy, 0.9 * energy[-1]))


def velocity_of(level_db: float) -> int:
    """Return the velocity of a level relative to that of the full velocity, 1 to 127."""
    return int(min(max(round(FULL_VELOCITY * 10.0 ** (level_db / DB_PER_DECADE)), 1), FULL_VELOCITY))


def _sound(
    name: str, kind: str, confidence: float, key: int, group: Sequence[Hit], n_layers: int, n_takes: int
) -> KitSound:
    loudest = max(hit.level_db for hit in group)
    # All takes get one level, the highest at which none of their peaks exceeds PEAK.
    peaks_db = [float(gain_to_db(float(np.abs(hit.wave).max()))) - hit.level_db for hit in group]
    level_db = float(gain_to_db(PEAK)) - max(peaks_db)
    layers = split_by_level(group, n_layers)
    velocities = _ranges([[velocity_of(hit.level_db - loudest) for hit in layer] for layer in layers])
    made = []
    for number, (layer, bounds) in enumerate(zip(layers, velocities, strict=True), 1):
        longest = _distinct(sorted(layer, key=lambda hit: -hit.wave.shape[1]), n_takes)
        takes = tuple(
            KitTake(
                f"{name}_v{number}_r{index}", hit, hit.wave * np.float32(10.0 ** ((level_db - hit.level_db) / 20.0))
            )
            for index, hit in enumerate(longest, 1)
        )
        made.append(KitLayer(bounds, takes))
    played = tuple((hit, velocity_of(hit.level_db - loudest)) for hit in group)
    return KitSound(name, kind, confidence, key, loudest - level_db, tuple(made), played)


def _distinct(hits: Sequence[Hit], most: int) -> list[Hit]:
    """Return the first hits that are no copies of others: loops of drum machines repeat the same samples."""
    kept: list[Hit] = []
    for hit in hits:
        if len(kept) == most:
            break
        if not any(_is_copy(hit, other) for other in kept):
            kept.append(hit)
    return kept


def _is_copy(hit: Hit, other: Hit) -> bool:
    """Return whether two hits, brought to one level and aligned, differ by less than COPY_DB."""
    first, second = (each.wave * np.float32(10.0 ** (-each.level_db / 20.0)) for each in (hit, other))
    lag = _lag(first, second)
    first, second = first[:, max(0, lag) :], second[:, max(0, -lag) :]
    length = min(first.shape[1], second.shape[1])
    difference = float(np.square(first[:, :length] - second[:, :length], dtype=np.float64).sum())
    return bool(difference < 10.0 ** (COPY_DB / 10.0) * float(np.square(first[:, :length], dtype=np.float64).sum()))


def _lag(first: np.ndarray, second: np.ndarray) -> int:
    """Return by how many samples, at most MOST_LAG, the first of two sounds is later, by their cross-correlation."""
    waves = [each.sum(axis=0, dtype=np.float64)[:ALIGNED_SAMPLES] for each in (first, second)]
    spectra = np.fft.rfft(waves[0], 2 * ALIGNED_SAMPLES), np.fft.rfft(waves[1], 2 * ALIGNED_SAMPLES)
    correlation = np.fft.irfft(spectra[0] * spectra[1].conj())
    return int(np.roll(correlation, MOST_LAG)[: 2 * MOST_LAG + 1].argmax()) - MOST_LAG


def split_by_level(group: Sequence[Hit], n_layers: int) -> list[list[Hit]]:
    """Return hits in layers from soft to loud, divided at their largest steps of level."""
    ordered = sorted(group, key=lambda hit: hit.level_db)
    steps = np.diff([hit.level_db for hit in ordered])
    largest = np.argsort(-steps, kind="stable")[: n_layers - 1]
    ends = sorted(int(index) + 1 for index in largest if steps[index] >= LAYER_DB)
    return [ordered[first:last] for first, last in zip([0, *ends], [*ends, len(ordered)], strict=True)]


def _ranges(velocities: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Return first and last velocity of layers, which meet halfway between the velocities of their hits."""
    first, ranges = 0, []
    for softer, louder in zip(velocities, [*velocities[1:], None], strict=True):
        last = FULL_VELOCITY if louder is None else max(first, (max(softer) + min(louder)) // 2)
        ranges.append((first, last))
        first = min(last + 1, FULL_VELOCITY)
    return ranges
