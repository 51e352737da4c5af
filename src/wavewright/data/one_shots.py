"""Batches of one-shots: which clips stand side by side, how fast and how loud each is played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BadFolder, BadSetting
from ..ranges import check_ranges
from ..units import db_to_gain
from .crops import number_of
from .entry import Entry, Problem
from .preparation import PEAK
from .store import ClipStore
from .variations import VariationSettings, draw_variation, vary

MEMBERS = 4  # of a class that stand side by side in a batch; critics and the energy distance compare them
RANGES = {"slowest": (0.1, 10.0), "fastest": (0.1, 10.0), "class_exponent": (0.0, 1.0)}
VARIED = VariationSettings(
    slowest=1.0, fastest=1.0, largest_delay_seconds=0.0, tilt_db=3.0, curve_db=4.0, noise_share=0.1
)
"""How far a clip is varied, if it is, beside its speed."""


@dataclass(frozen=True)
class Draws:
    """How clips are drawn and how fast they are played; raises BadSetting where that is impossible."""

    slowest: float = 0.85  # each clip is played at a random speed between these, pitch and all
    fastest: float = 1.18
    class_exponent: float = 0.0  # 0 draws each class alike, 1 each by its number of sounds

    def __post_init__(self) -> None:
        check_ranges(self, RANGES)
        if self.slowest > self.fastest:
            raise BadSetting(
                f"slowest is {self.slowest} and fastest {self.fastest}; the slowest speed must not be the larger."
            )

    def n_stored(self, n_samples: int) -> int:
        """How long a clip must be stored to last ``n_samples`` at the fastest speed."""
        return int(n_samples * self.fastest) + 64


@dataclass(frozen=True)
class OneShots:
    """A store of one-shots with room for the fastest speed, the number of each clip's label, and which drum each is a take of.

    ``pitches`` are MIDI numbers, one for each clip, or None where they are not known.
    """

    store: ClipStore
    labels: Sequence[int]
    groups: Sequence[str]
    pitches: Sequence[float] | None = None

    @classmethod
    def of(cls, store: ClipStore, label_names: Sequence[str], has_pitch: bool = False) -> OneShots:
        """The one-shots of a store whose clips have labels among ``label_names``, where there are any."""
        labels = [number_of(entry, label_names) for entry in store.entries]
        groups = [entry.group or str(entry.path) for entry in store.entries]
        pitches = [float(entry.pitch or 0.0) for entry in store.entries] if has_pitch else None
        return cls(store, labels, groups, pitches)

    def __len__(self) -> int:
        return len(self.store)

    def entry(self, index: int) -> Entry:
        """Which clip number ``index`` is."""
        return self.store.entries[index]

    def wave(self, index: int, sample_rate: int, n_samples: int) -> np.ndarray:
        """Clip ``index`` as the network would play it, ``(n_samples,)``."""
        return at_speed(self.store[index], sample_rate, 1.0, n_samples)[0]


class OneShotBatches:
    """Batches of one-shots: a few classes, MEMBERS clips of each side by side.

    A drum recorded ``n`` times weighs ``n ** 0.5``, and each of its takes is drawn accordingly. A class is drawn by the sum of its
    drums' weights to the power of ``class_exponent``, so that a small class is not learned by heart while a large one is still unknown.
    A ``varied_fraction`` of the clips is varied as drums, rooms and microphones vary them (data/variations.py). Each clip is turned down by up
    to ``gain_range_db``. Calling it with a step gives ``{"wave": (batch, 1, n_samples) float32, "label": (batch,) int64}``, with pitches also ``"pitch":
    (batch,) float32`` (of the sound as it is played), a pure function of the step.
    """

    def __init__(
        self,
        clips: OneShots,
        draws: Draws,
        sample_rate: int,
        n_samples: int,
        batch_size: int,
        seed: int,
        gain_range_db: float = 0.0,
        varied_fraction: float = 0.0,
    ):
        self.clips, self.draws = clips, draws
        self.gain_range_db, self.varied_fraction = gain_range_db, varied_fraction
        self.sample_rate, self.n_samples, self.batch_size, self.seed = sample_rate, n_samples, batch_size, seed
        self.by_label: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        class_weights = []
        for label in sorted(set(clips.labels)):
            chosen = [index for index, other in enumerate(clips.labels) if other == label]
            weights = _fair_weights([clips.groups[index] for index in chosen])
            self.by_label[label] = np.array(chosen), weights / weights.sum()
            class_weights.append(weights.sum() ** draws.class_exponent)
        self.class_shares = np.array(class_weights) / sum(class_weights)

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        draw = np.random.default_rng([self.seed, step])
        classes = list(self.by_label)
        n_classes = self.batch_size // MEMBERS
        picked = draw.choice(classes, n_classes, replace=n_classes > len(classes), p=self.class_shares)
        labels = np.repeat(picked, MEMBERS).astype(np.int64)
        drawn = [self._one(int(label), draw) for label in labels]
        batch = {"wave": np.stack([wave for wave, _ in drawn]), "label": labels}
        if self.clips.pitches is not None:
            batch["pitch"] = np.array([pitch for _, pitch in drawn], np.float32)
        return batch

    def _one(self, label: int, draw: np.random.Generator) -> tuple[np.ndarray, float]:
        """A clip of the class at a random speed and level, ``(1, n_samples)``, and its pitch then."""
        indices, weights = self.by_label[label]
        index = int(draw.choice(indices, p=weights))
        speed = float(np.exp(draw.uniform(np.log(self.draws.slowest), np.log(self.draws.fastest))))
        wave = at_speed(self.clips.store[index], self.sample_rate, speed, self.n_samples)
        if self.varied_fraction and draw.random() < self.varied_fraction:
            varied = vary(wave[0], draw_variation(VARIED, draw), self.sample_rate, self.n_samples)[None]
            wave = varied * np.float32(PEAK / max(float(np.abs(varied).max()), 1e-6))
        if self.gain_range_db:
            wave *= np.float32(db_to_gain(-draw.uniform(0.0, self.gain_range_db)))
        pitch = self.clips.pitches[index] + 12 * np.log2(speed) if self.clips.pitches is not None else 0.0
        return wave, float(pitch)


def at_speed(clip: np.ndarray, sample_rate: int, speed: float, n_samples: int) -> np.ndarray:
    """``clip (1, time)`` played at ``speed`` (pitch and all), cut with a fade or padded to ``(1, n_samples)``, its peak at PEAK."""
    import soxr

    played = soxr.resample(clip[0], sample_rate * speed, sample_rate, quality="HQ")[:n_samples]
    wave = np.zeros((1, n_samples), np.float32)
    wave[0, : len(played)] = played
    fade = min(n_samples // 20, 1024)
    wave[0, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return wave * (PEAK / max(float(np.abs(wave).max()), 1e-6))


def usable(
    entries: Sequence[Entry], labels: Sequence[str], smallest_class: int, fewest: int = MEMBERS
) -> tuple[list[Entry], list[Problem]]:
    """Entries to train on; with ``labels`` given only those, and no label with fewer clips than ``smallest_class``.

    Raises BadFolder where a label has no clip, or fewer than ``fewest`` clips are left.
    """
    counts = Counter(entry.label for entry in entries)
    unknown = [label for label in labels if label not in counts]
    if unknown:
        found = ", ".join(sorted(label for label in counts if label is not None)) or "no labels"
        raise BadFolder(f"There is no clip with the label {unknown[0]!r} to train on; the folder has {found}.")
    kept, problems = [], []
    for entry in entries:
        if labels and entry.label not in labels:
            continue
        if entry.label is not None and counts[entry.label] < smallest_class:
            reason = f"its label {entry.label!r} has only {counts[entry.label]} clips; {smallest_class} are needed"
            problems.append(Problem(entry.path, reason))
        else:
            kept.append(entry)
    if len(kept) < fewest:
        raise BadFolder(
            f"{len(kept)} clips are left to train on; at least {fewest} are needed, and a hundred make sense."
        )
    return kept, problems


def label_names(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The labels that occur, sorted."""
    return tuple(sorted({entry.label for entry in entries if entry.label is not None}))


def _fair_weights(groups: Sequence[str]) -> np.ndarray:
    """Weights of recordings: a drum recorded ``n`` times weighs the root of ``n``, shared by its recordings."""
    counts = Counter(groups)
    return np.array([counts[group] ** -0.5 for group in groups])
