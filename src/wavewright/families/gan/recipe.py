"""How the GAN is trained: which clips stand in a batch, what it is measured by, which settings each size has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...data.entry import Entry, Problem
from ...data.preparation import PEAK, Preparation
from ...data.splits import assign
from ...data.store import ClipStore
from ...errors import BadFolder, BadSetting
from ...metrics.copying import merge_near_duplicates, nearest_training_distance, smallest_distance
from ...metrics.distances import distances_among
from ...metrics.embeddings import LogMelEmbedding
from ...metrics.kernel import kernel_distance
from ...metrics.neighbours import diversity_ratio
from ...ranges import check_ranges
from ...training.settings import TrainingSettings
from ...units import gain_to_db
from . import SIZES, Config

MEMBERS = 4  # of a class that stand side by side in a batch; the critics and the energy distance compare them
LARGEST_REFERENCE = 200  # clips of a class that the generated ones are measured against
CLIPS_AT_ONCE = 200  # embedded
METRICS = ("distance", "diversity", "copying", "level_db")  # of generated clips; see Reference.measure
DATA_RANGES = {
    "slowest": (0.1, 10.0),
    "fastest": (0.1, 10.0),
    "class_exponent": (0.0, 1.0),
    "valid_share": (0.0, 0.9),
    "smallest_class": (1, 1_000_000),
}


@dataclass(frozen=True)
class DataSettings:
    """What becomes of a recording before the networks hear it."""

    align: bool = True  # let recordings start at their onset; not for speech, whose soft consonants would be cut off
    slowest: float = 0.85  # each clip is played at a random speed between these, pitch and all
    fastest: float = 1.18
    class_exponent: float = 0.0  # 0 draws each class alike, 1 each by its number of sounds
    valid_share: float = 0.0  # of the clips (or groups) are kept out of training, to judge by them later
    smallest_class: int = 4  # clips; a label with fewer is left out

    def __post_init__(self) -> None:
        check_ranges(self, DATA_RANGES)
        if self.slowest > self.fastest:
            raise BadSetting(f"slowest is {self.slowest} and fastest {self.fastest}; the slowest speed must not be the larger.")


@dataclass(frozen=True)
class Recipe:
    """A complete description of a training run; raises BadSetting where the training does not fit a GAN."""

    model: Config = field(default_factory=Config)
    data: DataSettings = field(default_factory=DataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        if self.training.batch_size % MEMBERS:
            raise BadSetting(
                f"batch_size is {self.training.batch_size}; it must be a multiple of {MEMBERS}, the clips of a class in a batch."
            )
        if self.training.metric.removeprefix("-") not in ("", *METRICS):
            raise BadSetting(
                f"metric is {self.training.metric!r}; a GAN is measured by {', '.join(METRICS)} (with - in front where higher is better)."
            )


def recipe(size: str) -> Recipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for a laptop, ``base`` for the bundled models."""
    training = TrainingSettings(betas=(0.0, 0.99), learning_rate=3e-4, batch_size=8, metric="distance")
    return Recipe(model=Config(**SIZES[size]), training=training)


@dataclass(frozen=True)
class Prepared:
    """A recipe with its data: what the loop draws batches from, and what the generated clips are measured against."""

    recipe: Recipe
    train_entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    batches: OneShotBatches
    reference: Reference


def prepare(recipe: Recipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> Prepared:
    """Split, decode and prepare ``entries``; the labels that occur become the model's, unless the recipe names its own.

    Raises BadFolder where too little is left to train on.
    """
    model, data = recipe.model, recipe.data
    divided = assign(entries, by="group", valid=data.valid_share, test=0.0)
    train, problems = _usable([entry for entry in divided if entry.split == "train"], model.labels, data.smallest_class)
    labels = model.labels or tuple(sorted({entry.label for entry in train if entry.label is not None}))
    n_stored = int(model.n_samples * data.fastest) + 64
    store = ClipStore.build(train, model.sample_rate, n_stored, Preparation("one-shot", align=data.align), cache_folder)
    indices = [labels.index(entry.label) if entry.label is not None and labels else 0 for entry in store.entries]
    groups = [entry.group or str(entry.path) for entry in store.entries]
    recipe = replace(recipe, model=replace(model, labels=labels))
    batches = OneShotBatches(store, indices, groups, recipe)
    reference = Reference.of(store, indices, groups, recipe.model)
    return Prepared(recipe, tuple(store.entries), (*problems, *store.problems), batches, reference)


def _usable(entries: Sequence[Entry], labels: tuple[str, ...], smallest_class: int) -> tuple[list[Entry], list[Problem]]:
    """Entries to train on; with ``labels`` given only those, and no label with fewer clips than ``smallest_class``."""
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
    if len(kept) < MEMBERS:
        raise BadFolder(f"{len(kept)} clips are left to train on; at least {MEMBERS} are needed, and a hundred make sense.")
    return kept, problems


class OneShotBatches:
    """Batches of one-shots: a few classes, MEMBERS clips of each side by side.

    ``store[i]`` is ``(1, n_stored)`` with room for the fastest speed; ``labels`` index the model's classes, ``groups`` name the drum of
    each clip: one recorded ``n`` times weighs ``n ** 0.5`` and is drawn accordingly. A class is drawn by the sum of its drums' weights to
    the power of ``class_exponent``, so that a small class is not learned by heart while a large one is still unknown. Calling it with a
    step gives ``{"wave": (batch, 1, n_samples) float32, "label": (batch,) int64}``, a pure function of the step.
    """

    def __init__(self, store: ClipStore, labels: Sequence[int], groups: Sequence[str], recipe: Recipe):
        self.store, self.model, self.data = store, recipe.model, recipe.data
        self.batch_size, self.seed = recipe.training.batch_size, recipe.training.seed
        self.by_label: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        class_weights = []
        for label in sorted(set(labels)):
            chosen = [index for index, other in enumerate(labels) if other == label]
            weights = _fair_weights([groups[index] for index in chosen])
            self.by_label[label] = np.array(chosen), weights / weights.sum()
            class_weights.append(weights.sum() ** self.data.class_exponent)
        self.class_shares = np.array(class_weights) / sum(class_weights)

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        draw = np.random.default_rng([self.seed, step])
        classes = list(self.by_label)
        n_classes = self.batch_size // MEMBERS
        picked = draw.choice(classes, n_classes, replace=n_classes > len(classes), p=self.class_shares)
        labels = np.repeat(picked, MEMBERS).astype(np.int64)
        waves = [self._one(int(label), draw) for label in labels]
        return {"wave": np.stack(waves), "label": labels}

    def _one(self, label: int, draw: np.random.Generator) -> np.ndarray:
        """A clip of the class at a random speed, ``(1, n_samples)``."""
        indices, weights = self.by_label[label]
        clip = self.store[int(draw.choice(indices, p=weights))]
        speed = np.exp(draw.uniform(np.log(self.data.slowest), np.log(self.data.fastest)))
        return at_speed(clip, self.model.sample_rate, float(speed), self.model.n_samples)


def at_speed(clip: np.ndarray, sample_rate: int, speed: float, n_samples: int) -> np.ndarray:
    """``clip (1, time)`` played at ``speed`` (pitch and all), cut with a fade or padded to ``(1, n_samples)``, its peak at PEAK."""
    import soxr

    played = soxr.resample(clip[0], sample_rate * speed, sample_rate, quality="HQ")[:n_samples]
    wave = np.zeros((1, n_samples), np.float32)
    wave[0, : len(played)] = played
    fade = min(n_samples // 20, 1024)
    wave[0, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return wave * (PEAK / max(float(np.abs(wave).max()), 1e-6))


def _fair_weights(groups: Sequence[str]) -> np.ndarray:
    """Weights of recordings: a drum recorded ``n`` times weighs the root of ``n``, shared by its recordings."""
    counts = Counter(groups)
    return np.array([counts[group] ** -0.5 for group in groups])


@dataclass(frozen=True)
class Reference:
    """The training clips as evaluations and the search for copies see them.

    ``all_embeddings`` ``(n, d)`` float32 are those of all clips; ``limits`` ``(max(classes, 1),)`` float32 the distance below which a clip
    of a class lies closer to one of them than any two sounds of its class lie to each other, 0 where a class is one sound. Generated
    clips are measured against at most LARGEST_REFERENCE of each class: their ``embeddings`` ``(m, d)``, and ``sounds`` ``(m,)``, which
    sound each of them is.
    """

    embedding: LogMelEmbedding
    all_embeddings: np.ndarray
    limits: np.ndarray
    embeddings: dict[int, np.ndarray]
    sounds: dict[int, np.ndarray]

    @classmethod
    def of(cls, store: ClipStore, labels: Sequence[int], groups: Sequence[str], model: Config) -> Reference:
        """Embed all clips, and choose by a fixed seed; raises BadFolder where the clips of a class cannot measure anything."""
        embedding = LogMelEmbedding(model.sample_rate, seconds=model.n_samples / model.sample_rate)
        rows = _embedded(store, embedding, model)
        embeddings, sounds = {}, {}
        limits = np.zeros(max(len(model.labels), 1), np.float32)
        for label in sorted(set(labels)):
            members = np.array([index for index, other in enumerate(labels) if other == label])
            if len(members) > LARGEST_REFERENCE:
                members = np.sort(np.random.default_rng(0).choice(members, LARGEST_REFERENCE, replace=False))
            embeddings[label] = chosen = rows[members]
            if len(chosen) < 2 or np.median(distances_among(chosen)[np.triu_indices(len(chosen), k=1)]) == 0:
                name = f" with the label {model.labels[label]!r}" if model.labels else ""
                raise BadFolder(
                    f"Of the clips{name} too few differ; add different ones, or remove copies, which `wavewright data inspect` lists."
                )
            member_groups = np.array([groups[index] for index in members])
            sounds[label] = merge_near_duplicates(chosen, embedding.near_duplicate_distance, member_groups)
            limits[label] = smallest_distance(chosen, embedding.near_duplicate_distance)
        return cls(embedding, rows.astype(np.float32), limits, embeddings, sounds)

    def measure(self, waves: dict[int, np.ndarray], sample_rate: int) -> dict[str, float]:
        """Metrics of generated ``{label: (n, time)}``, each the mean over the classes.

        ``distance``: 100 times the kernel distance to the training clips, 0 where they come from one distribution. ``diversity``:
        mean distance within a class over that of the training clips. ``copying``: share closer to a training clip than any two
        training sounds lie to each other. ``level_db``: of the loudest sample.
        """
        rows: dict[str, list[float]] = {"distance": [], "diversity": [], "copying": [], "level_db": []}
        for label, generated in waves.items():
            real, made = self.embeddings[label], self.embedding(generated, sample_rate)
            rows["distance"].append(100 * kernel_distance(real, made))
            rows["diversity"].append(diversity_ratio(real, made))
            rows["level_db"].append(float(np.mean(gain_to_db(np.abs(generated).max(1)))))
            if len(np.unique(self.sounds[label])) > 1:
                rows["copying"].append(1 - nearest_training_distance(real, made, self.sounds[label]).share_no_closer)
        return {name: float(np.mean(values)) for name, values in rows.items() if values}


def _embedded(store: ClipStore, embedding: LogMelEmbedding, model: Config) -> np.ndarray:
    """The embeddings ``(n, d)`` of all clips of a store as the network would play them."""
    parts = []
    for start in range(0, len(store), CLIPS_AT_ONCE):
        indices = range(start, min(start + CLIPS_AT_ONCE, len(store)))
        waves = np.stack([at_speed(store[index], model.sample_rate, 1.0, model.n_samples)[0] for index in indices])
        parts.append(embedding(waves, model.sample_rate))
    return np.concatenate(parts)
