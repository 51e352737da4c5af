"""How the recurrent model is trained: which frames stand in a batch, what it is measured by, which settings each size has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...contracts.recipe import Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.durations import duration_quantiles, exclude_long
from ...data.entry import Entry, Problem
from ...data.preparation import Preparation
from ...data.selection import label_indices, select_labels_and_speakers
from ...data.splits import assign_splits, without_speaker_groups
from ...data.store import ClipStore
from ...dsp.position import position_features
from ...errors import BadFolder
from ...metrics.diversity import diversity_ratio
from ...metrics.embeddings import LogMelEmbedding
from ...metrics.kernel import kernel_distance
from ...ranges import check_ranges
from ...units import gain_to_db
from .config import METRICS, SIZES, LstmConfig
from .frames import Whitening, wave_to_frames
from .sampling import SHORTEST_FRAMES, Statistics

POOL = 8  # batches whose clips are sorted by length, so that those of one batch are about equally long
LARGEST_REFERENCE = 60  # clips of a label that generated ones are measured against
DATA_RANGES = {
    "valid_fraction": (0.0, 0.9),
    "smallest_class": (1, 1_000_000),
    "crop_seconds": (0.1, 60.0),
    "longest_seconds": (0.1, 60.0),
    "heard_seconds": (0.1, 60.0),
}


@dataclass(frozen=True)
class LstmDataSettings:
    """What becomes of a recording before the network sees it."""

    valid_fraction: float = 0.1  # of the clips (of the groups, where groups are known), kept for validation
    smallest_class: int = 4  # clips; a label with fewer is left out
    crop_seconds: float = 2.0  # of endless sounds, seen at a time
    longest_seconds: float = 10.0  # of whole sounds; longer ones are left out
    heard_seconds: float = 2.0  # of generated sounds, compared with recordings at an evaluation

    def __post_init__(self) -> None:
        check_ranges(self, DATA_RANGES)


@dataclass(frozen=True)
class LstmRecipe(Recipe):
    """A complete description of a training run; raises BadSetting where the training does not fit a recurrent model."""

    TITLE = "a recurrent model"
    VALIDATION_METRICS = METRICS

    model: LstmConfig = field(default_factory=LstmConfig)
    data: LstmDataSettings = field(default_factory=LstmDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def metrics(self) -> Sequence[str]:
        """Return the metrics of the output: a mixture has a likelihood, a mean an error."""
        unmeasured = "valid/mse" if self.model.output == "mixture" else "valid/nll"
        return [name for name in METRICS if name != unmeasured]


def recipe(size: str) -> LstmRecipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for a laptop, ``base`` for the bundled models."""
    training = TrainingSettings(
        batch_size=32,
        learning_rate=2e-3,
        weight_decay=0.01,
        schedule="cosine",
        final_fraction=0.02,
        warmup_steps=50,
        clip_norm=1.0,
        ema_decay=0.995,
        evaluate_every=500,
        metric="distance",
    )
    return LstmRecipe(model=SIZES[size], training=training)


@dataclass(frozen=True)
class LstmPrepared(Prepared):
    """A recipe with its data: what the loop draws batches from, and what the network is measured by."""

    recipe: LstmRecipe
    batches: FrameBatches
    valid: FrameBatches | None
    statistics: Statistics
    reference: Reference


@dataclass(frozen=True)
class Clips:
    """White frames of clips, ``(frames, n_features)`` each, with the number of each clip's label and speaker."""

    white: tuple[np.ndarray, ...]
    labels: np.ndarray
    speakers: np.ndarray

    def take(self, rows: Sequence[int]) -> Clips:
        """The clips at these places."""
        return Clips(tuple(self.white[row] for row in rows), self.labels[rows], self.speakers[rows])


def prepare(recipe: LstmRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> LstmPrepared:
    """Split, decode and turn ``entries`` into frames; the labels and speakers that occur become the model's, unless the recipe names its
    own.

    Speakers are asked for where every clip has one and there are several. Raises BadFolder where too little is left to train on.
    """
    model, data = recipe.model, recipe.data
    divided = assign_splits(without_speaker_groups(entries), by="group", valid=data.valid_fraction, test=0.0)
    too_long: list[Problem] = []
    if model.duration != "endless":
        divided, too_long = exclude_long(divided, data.longest_seconds)
    named = select_labels_and_speakers(divided, model.labels, model.speakers, data.smallest_class)
    if len(named.entries) < 2:
        raise BadFolder(
            f"{len(named.entries)} clips are left to train on; at least 2 are needed, and minutes of sound make sense."
        )
    model = replace(model, labels=named.labels, speakers=named.speakers)
    store = ClipStore.build(named.entries, model.sample_rate, None, Preparation("crop"), cache_folder)
    used = store.entries
    frames = [wave_to_frames(store[row][0], model) for row in range(len(store))]
    train, valid = ([row for row, entry in enumerate(used) if entry.split == split] for split in ("train", "valid"))
    if not train:
        raise BadFolder("No clip is left to train on; lower data.valid_fraction, or add recordings.")
    whitening = Whitening.of([frames[row] for row in train], model.n_mels)
    clips = Clips(
        tuple(whitening.white(clip) for clip in frames),
        label_indices((entry.label for entry in used), model.labels),
        label_indices((entry.speaker for entry in used), model.speakers),
    )
    statistics = Statistics(whitening, _durations(clips.take(train), model))
    training = recipe.training
    if not valid and training.metric.startswith("valid"):
        training = replace(training, metric="distance")
    recipe = replace(recipe, model=model, training=training)
    return LstmPrepared(
        recipe,
        tuple(used[row] for row in train),
        (*too_long, *named.problems, *store.problems),
        FrameBatches(clips.take(train), recipe),
        FrameBatches(clips.take(valid), recipe) if valid else None,
        statistics,
        Reference.of(store, clips.labels, recipe),
    )


def _durations(clips: Clips, model: LstmConfig) -> np.ndarray:
    """Quantiles of the durations in frames of each label's sounds by each speaker, ``(labels, speakers, quantiles)``."""
    lengths = np.array([len(white) for white in clips.white])
    n_labels, n_speakers = max(len(model.labels), 1), max(len(model.speakers), 1)
    return duration_quantiles(lengths, clips.labels, clips.speakers, n_labels, n_speakers)


class FrameBatches:
    """Batches of white frames: crops of endless sounds, whole clips of others.

    Calling it with a step gives a pure function of the step: ``frames (batch, frames, n_features)`` float32, padded with zeros,
    ``position (batch, frames, POSITION_FEATURES)``, ``heard (batch, frames)`` (1 for a frame, 0 for padding), ``label`` and
    ``speaker (batch,)``.
    """

    def __init__(self, clips: Clips, recipe: LstmRecipe):
        self.clips, self.model = clips, recipe.model
        self.batch_size, self.seed = recipe.training.batch_size, recipe.training.seed
        self.crop_frames = max(SHORTEST_FRAMES, round(recipe.data.crop_seconds * recipe.model.frame_rate))
        lengths = np.array([len(white) for white in clips.white])
        self.lengths = lengths
        # A long clip holds more to learn from; it is drawn accordingly.
        weights = lengths.astype(np.float64) if recipe.model.duration == "endless" else np.ones(len(lengths))
        self.shares = weights / weights.sum()

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        draw = np.random.default_rng([self.seed, step])
        if self.model.duration == "endless":
            rows = draw.choice(len(self.lengths), self.batch_size, p=self.shares)
            starts = draw.integers(0, np.maximum(self.lengths[rows] - self.crop_frames, 0) + 1)
            return self.of(rows, starts, self.crop_frames)
        pool = draw.choice(len(self.lengths), POOL * self.batch_size)
        pool = pool[np.argsort(self.lengths[pool], kind="stable")]
        first = draw.integers(POOL) * self.batch_size
        return self.of(pool[first : first + self.batch_size])

    def all(self) -> list[dict[str, np.ndarray]]:
        """Every clip once (the first crop of an endless one), in batches of clips of about one length."""
        order = np.argsort(self.lengths, kind="stable")
        longest = self.crop_frames if self.model.duration == "endless" else None
        chunks = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        return [self.of(rows, np.zeros(len(rows), np.int64), longest) for rows in chunks]

    def of(
        self, rows: np.ndarray, starts: np.ndarray | None = None, longest: int | None = None
    ) -> dict[str, np.ndarray]:
        """The batch of these clips from frame ``starts`` on, at most ``longest`` frames each."""
        starts = np.zeros(len(rows), np.int64) if starts is None else starts
        parts = [self.clips.white[row][start:][:longest] for row, start in zip(rows, starts, strict=True)]
        size = (len(parts), max(len(part) for part in parts))
        frames = np.zeros((*size, self.model.n_features), np.float32)
        position = np.zeros((*size, position_features(1).shape[1]), np.float32)
        heard = np.zeros(size, np.float32)
        for place, part in enumerate(parts):
            frames[place, : len(part)], heard[place, : len(part)] = part, 1.0
            position[place, : len(part)] = position_features(len(part))
        return {
            "frames": frames,
            "position": position,
            "heard": heard,
            "label": self.clips.labels[rows].astype(np.int64),
            "speaker": self.clips.speakers[rows].astype(np.int64),
        }


@dataclass(frozen=True)
class Reference:
    """The recordings as evaluations see them: for each label at most LARGEST_REFERENCE embeddings ``(n, d)``."""

    embedding: LogMelEmbedding
    n_samples: int
    embeddings: dict[int, np.ndarray]

    @classmethod
    def of(cls, store: ClipStore, labels: np.ndarray, recipe: LstmRecipe) -> Reference:
        """Embed the beginning of clips chosen by a fixed seed."""
        rate = recipe.model.sample_rate
        embedding = LogMelEmbedding(rate, recipe.data.heard_seconds)
        n_samples = round(recipe.data.heard_seconds * rate)
        embeddings = {}
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            if len(members) > LARGEST_REFERENCE:
                members = np.sort(np.random.default_rng(0).choice(members, LARGEST_REFERENCE, replace=False))
            waves = np.stack([store.crop(int(row), 0, n_samples)[0] for row in members])
            embeddings[int(label)] = embedding(waves, rate)
        return cls(embedding, n_samples, embeddings)

    def measure(self, waves: dict[int, list[np.ndarray]], sample_rate: int) -> dict[str, float]:
        """Metrics of generated ``{label: [(time,), ...]}``, each the mean over the labels with two recordings or more.

        ``distance``: 100 times the kernel distance to the recordings, 0 where they come from one distribution. ``diversity``: mean
        distance within a label over that of the recordings. ``level_db``: of the loudest sample.
        """
        distances, diversities, levels_db = [], [], []
        for label, generated in waves.items():
            real = self.embeddings[label]
            if len(real) < 2 or np.ptp(real, axis=0).max() == 0:
                continue
            cut = [np.pad(wave[: self.n_samples], (0, max(0, self.n_samples - len(wave)))) for wave in generated]
            made = self.embedding(np.stack(cut), sample_rate)
            distances.append(100 * kernel_distance(real, made))
            diversities.append(diversity_ratio(real, made))
            levels_db.append(float(np.mean(gain_to_db(np.array([np.abs(wave).max() for wave in generated])))))
        if not distances:
            raise BadFolder("The recordings of every label are one and the same sound; add different ones.")
        return {
            "distance": float(np.mean(distances)),
            "diversity": float(np.mean(diversities)),
            "level_db": float(np.mean(levels_db)),
        }
