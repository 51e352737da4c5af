"""How the classifier is trained: which clips stand in a batch, what it is measured by, which settings each size has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...contracts.recipe import Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.augmentation import AUGMENTATION_RANGES, AugmentationSettings, augment, draw_augmentation
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.selection import label_indices, select_labels
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...errors import BadFolder, BadSetting
from ...ranges import check_ranges
from ...units import db_to_gain
from .config import METRICS, SIZES, ClassifierConfig
from .runtime import heard

MASKS = 2  # over time, and as many over frequency


DATA_RANGES = AUGMENTATION_RANGES | {
    "mixup_alpha": (0.0, 100.0),
    "label_smoothing": (0.0, 0.9),
    "largest_attenuation_db": (0.0, 60.0),
    "mask_fraction": (0.0, 1.0),
    "masked_bands": (0.0, 0.5),
    "masked_frames": (0.0, 0.5),
    "valid_fraction": (0.0, 0.9),
    "smallest_class": (1, 1_000_000),
}


@dataclass(frozen=True)
class ClassifierDataSettings(AugmentationSettings):
    """What becomes of recordings before the network hears them; a share is a probability."""

    align: bool = True  # let recordings start at their onset; not for speech, whose soft consonants would be cut off
    mixup_alpha: float = 0.2  # of the beta distribution by which two clips are mixed, 0 for none
    label_smoothing: float = 0.1  # of each target, spread over all labels
    largest_attenuation_db: float = 12.0
    mask_fraction: float = 0.8  # of each mask
    masked_bands: float = 0.2  # largest part of the bands that one mask hides
    masked_frames: float = 0.2  # largest part of the frames that one mask hides
    valid_fraction: float = 0.1  # of the clips (of the groups, where groups are known), kept for validation
    smallest_class: int = 2  # clips to train on; a label with fewer is left out

    def __post_init__(self) -> None:
        check_ranges(self, DATA_RANGES)
        if self.slowest > self.fastest:
            raise BadSetting(
                f"slowest is {self.slowest} and fastest {self.fastest}; the slowest speed must not be the larger."
            )


@dataclass(frozen=True)
class ClassifierRecipe(Recipe):
    """A complete description of a training run; raises BadSetting where the training does not fit a classifier."""

    TITLE = "a classifier"
    VALIDATION_METRICS = METRICS

    model: ClassifierConfig = field(default_factory=ClassifierConfig)
    data: ClassifierDataSettings = field(default_factory=ClassifierDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


def recipe(size: str) -> ClassifierRecipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for most folders, ``base`` for thousands of clips."""
    training = TrainingSettings(
        batch_size=32,
        learning_rate=3e-3,
        weight_decay=0.05,
        schedule="cosine",
        final_fraction=0.01,
        warmup_steps=50,
        ema_decay=0.99,
        evaluate_every=100,
        save_every=100,
        metric="valid/loss",
    )
    return ClassifierRecipe(model=SIZES[size], training=training)


@dataclass(frozen=True)
class ClassifierPrepared(Prepared):
    """A recipe with its data: what the loop draws batches from, and the clips that measure the network."""

    recipe: ClassifierRecipe
    batches: ClassBatches
    valid_waves: np.ndarray  # (n, n_samples)
    valid_labels: np.ndarray  # (n,), each the place of a label among the model's


def prepare(recipe: ClassifierRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> ClassifierPrepared:
    """Split, decode and prepare ``entries``; the labels that occur become the model's, unless the recipe names its own.

    Without validation clips nothing is measured, and the last weights are kept. Raises BadFolder where fewer than two labels can be
    learned.
    """
    model, data = recipe.model, recipe.data
    divided = assign_splits(entries, by="group", valid=data.valid_fraction, test=0.0)
    named = select_labels(divided, model.labels, data.smallest_class)
    labels = named.labels
    if len(labels) < 2:
        raise BadFolder(_too_few_labels(divided, data.smallest_class))
    model = replace(model, labels=labels)
    n_stored = round(model.n_samples * data.fastest + data.largest_delay_seconds * model.sample_rate)
    store = ClipStore.build(
        named.entries, model.sample_rate, n_stored, Preparation("one-shot", align=data.align), cache_folder
    )
    train, valid = (
        [i for i, entry in enumerate(store.entries) if entry.split == split] for split in ("train", "valid")
    )
    training = recipe.training if valid else replace(recipe.training, metric="")
    recipe = replace(recipe, model=model, training=training)
    return ClassifierPrepared(
        recipe,
        tuple(store.entries[i] for i in train),
        (*named.problems, *store.problems),
        ClassBatches(store, train, recipe),
        np.array([heard(store[i][0], model) for i in valid]),
        label_indices((store.labels[i] for i in valid), labels),
    )


def _too_few_labels(entries: Sequence[Entry], smallest_class: int) -> str:
    """What there is where fewer than two labels can be learned."""
    counts = Counter(entry.label for entry in entries if entry.split == "train" and entry.label is not None)
    found = ", ".join(f"{label} ({n})" for label, n in sorted(counts.items())) or "none"
    return (
        f"A classifier needs two labels with at least {smallest_class} training clips each, but the folder has {found}; "
        "put the clips into one sub-folder for each label, and use --label-from folder."
    )


class ClassBatches:
    """Batches in which every class is equally likely; a group of ``n`` clips is drawn in proportion to the root of ``n``.

    So a drum with many takes neither drowns the others of its class nor hides how its takes differ. ``store[i]`` is ``(1, n_stored)``
    with room for the fastest speed; ``rows`` are the clips to draw from. Calling it with a step gives a pure function of the step:
    ``wave (batch, n_samples)``, ``target (batch, classes)`` (probabilities), ``heard_bands (batch, n_mels)`` and ``heard_frames
    (batch, n_frames)`` (0 where masked, else 1), all float32.
    """

    def __init__(self, store: ClipStore, rows: Sequence[int], recipe: ClassifierRecipe):
        self.store, self.model, self.data = store, recipe.model, recipe.data
        self.batch_size, self.seed = recipe.training.batch_size, recipe.training.seed
        by_label: dict[str, dict[str, list[int]]] = {label: {} for label in recipe.model.labels}
        for row in rows:
            entry = store.entries[row]
            by_label[str(entry.label)].setdefault(entry.group or str(entry.path), []).append(row)
        self.groups = [list(groups.values()) for groups in by_label.values()]  # of each label: the rows of each group
        roots = [np.sqrt([len(rows) for rows in groups]) for groups in self.groups]
        self.shares = [root / root.sum() for root in roots]  # of each label: how often each group is drawn

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        draw = np.random.default_rng([self.seed, step])
        n_clips, n_labels = self.batch_size, len(self.model.labels)
        labels = np.resize(draw.permutation(n_labels), n_clips)
        waves = np.stack([self.varied_clip(int(label), draw) for label in labels])
        targets = np.eye(n_labels, dtype=np.float32)[labels]
        waves, targets = self._mixed(waves, targets, draw)
        attenuation_db = draw.uniform(-self.data.largest_attenuation_db, 0, (n_clips, 1))
        smoothing = self.data.label_smoothing
        return {
            "wave": waves * db_to_gain(attenuation_db).astype(np.float32),
            "target": (1 - smoothing) * targets + smoothing / n_labels,
            "heard_bands": self._heard(self.model.n_mels, self.data.masked_bands, draw),
            "heard_frames": self._heard(self.model.n_frames, self.data.masked_frames, draw),
        }

    def varied_clip(self, label: int, draw: np.random.Generator) -> np.ndarray:
        """A varied clip of a label, ``(n_samples,)``."""
        rows = self.groups[label][draw.choice(len(self.groups[label]), p=self.shares[label])]
        clip = self.store[rows[draw.integers(len(rows))]][0]
        return augment(clip, draw_augmentation(self.data, draw), self.model.sample_rate, self.model.n_samples)

    def _mixed(
        self, waves: np.ndarray, targets: np.ndarray, draw: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Each clip mixed with another, and its target alike."""
        alpha = self.data.mixup_alpha
        if not alpha:
            return waves, targets
        part = draw.beta(alpha, alpha, (len(waves), 1)).astype(np.float32)
        other = draw.permutation(len(waves))
        return part * waves + (1 - part) * waves[other], part * targets + (1 - part) * targets[other]

    def _heard(self, size: int, largest: float, draw: np.random.Generator) -> np.ndarray:
        """Ones ``(batch, size)`` with a few stretches of zeros, as long as ``largest`` times ``size``."""
        heard = np.ones((self.batch_size, size), np.float32)
        widths = draw.integers(0, round(largest * size) + 1, (self.batch_size, MASKS))
        widths[draw.random(widths.shape) >= self.data.mask_fraction] = 0
        starts = draw.integers(0, size - widths + 1)
        for row, width, start in zip(
            np.repeat(np.arange(self.batch_size), MASKS), widths.flat, starts.flat, strict=True
        ):
            heard[row, start : start + width] = 0
        return heard


def scores(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """How well ``logits (n, classes)`` fit the true ``labels (n,)``.

    ``loss``: mean cross-entropy in nats. ``accuracy``: share of clips whose largest logit is right. ``balanced_accuracy``: the mean of
    that share over the labels that occur.
    """
    raised = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = raised - np.log(np.exp(raised).sum(axis=1, keepdims=True))
    is_right = logits.argmax(axis=1) == labels
    return {
        "loss": float(-log_probabilities[np.arange(len(labels)), labels].mean()),
        "accuracy": float(is_right.mean()),
        "balanced_accuracy": float(np.mean([is_right[labels == label].mean() for label in np.unique(labels)])),
    }
