"""The recipe of a classifier: settings of each size, fine tuning, the preparation of the data, and its scores."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...base.names import quoted
from ...base.units import seconds_to_samples
from ...contracts.recipe import PreparedOf, RecipeOf, split_rows
from ...contracts.settings import COSINE_SETTINGS, TrainingSettings
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.selection import label_indices, select_label_sets, select_labels
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...models.folder import ModelFolder
from .batches import ClassBatches, ClassifierDataSettings
from .config import ENCODER_FAMILY, ENCODER_LAYERS, SIZES, BCResNetConfig, ClassifierConfig
from .features import fixed_length

FITTED = ("sample_rate", "n_samples", "n_fft", "hop_length", "n_mels", "f_min_hz")
LENGTH = ("n_samples",)
HIGHEST_RATE = 44_100
RARE_RATE = 0.05  # fraction of the recordings whose sample rates may be lower than that of the model
WINDOW_SECONDS = 0.04  # of the STFT, to the nearest power of two
HOP_SECONDS = 0.02
LONG_SECONDS = 1.0  # of a clip, from which on frames are half a window apart
LOW_RATE = 16_000  # up to which 40 mel bands suffice
LENGTH_QUANTILE = 0.98  # of the recordings fit into a clip
SHORTEST_SECONDS, LONGEST_SECONDS = 0.25, 2.0  # of a clip; longer recordings are cropped at random
MIN_GROUPS = 3
MIN_CLIPS_PER_GROUP = 4
SHARED_FRACTION = 0.8  # of the prefixes that occur with several labels, if prefixes are speakers or sources


def fit_settings(
    model: ClassifierConfig, data: ClassifierDataSettings, entries: Sequence[Entry], names: Sequence[str] = FITTED
) -> tuple[ClassifierConfig, ClassifierDataSettings]:
    """Return settings that suit the recordings; of those in ``names``, only defaults of a size change.

    The sample rate becomes one that nearly all recordings have; recordings longer than a clip are cropped.
    """
    usual = next(iter(SIZES.values()))
    is_usual = {name: name in names and getattr(model, name) == getattr(usual, name) for name in FITTED}
    rate = model.sample_rate
    if is_usual["sample_rate"]:
        rates = np.sort([entry.sample_rate for entry in entries])
        rate = int(np.clip(rates[int(RARE_RATE * len(rates))], _lowest_rate(), HIGHEST_RATE))
    lengths = [entry.seconds for entry in entries]
    seconds = float(np.clip(np.quantile(lengths, LENGTH_QUANTILE), SHORTEST_SECONDS, LONGEST_SECONDS))
    n_fft = 2 ** round(math.log2(WINDOW_SECONDS * rate))
    is_low_rate = rate <= LOW_RATE
    fitted = {
        "sample_rate": rate,
        "n_samples": seconds_to_samples(seconds, rate),
        "n_fft": n_fft,
        "hop_length": _hop_length(rate, n_fft, seconds),
        "n_mels": 40 if is_low_rate else 80,
        "f_min_hz": 60.0 if is_low_rate else usual.f_min_hz,
    }
    model = replace(model, **{name: value for name, value in fitted.items() if is_usual[name]})
    if np.median(lengths) > model.n_samples / model.sample_rate:
        data = replace(data, align=False, crop=True)
    return model, data


def _hop_length(rate: int, n_fft: int, seconds: float) -> int:
    """Return the samples from frame to frame; twice as many halve the time of a training step."""
    if rate <= LOW_RATE:
        return seconds_to_samples(HOP_SECONDS, rate)
    return n_fft // 2 if seconds >= LONG_SECONDS else n_fft // 4


def _lowest_rate() -> int:
    """Return the lowest sample rate of a model."""
    [(low, _)] = [field.metadata["range"] for field in fields(ClassifierConfig) if field.name == "sample_rate"]
    return int(low)


def check_labels(entries: Sequence[Entry]) -> None:
    """Raise BadFolder if two labels differ only in case or in spaces around them."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.label is not None:
            spellings[entry.label.strip().casefold()].add(entry.label)
    for names in spellings.values():
        if len(names) > 1:
            listed = " and ".join(map(quoted, sorted(names)[:4]))
            raise BadFolder(
                f"The labels {listed} differ only in case or spaces; give both the same name, or more different ones."
            )


def group_and_split(entries: Sequence[Entry], data: ClassifierDataSettings) -> tuple[list[Entry], tuple[str, ...]]:
    """Return the entries with groups and splits, and what to know about them.

    Without groups, the part of the file names before the first underscore becomes the group if it looks like a speaker
    or a source: if it occurs with several labels. A group is in one split.
    """
    notes: list[str] = []
    prefixes = _shared_prefixes(entries) if data.split_by == "group" else {}
    if prefixes and all(entry.split is None for entry in entries):
        entries = [replace(entry, group=prefixes[index]) for index, entry in enumerate(entries)]
        names = sorted(set(prefixes.values()))
        notes.append(
            f"file names begin with {len(names)} speakers or sources ({_listed(names)}), so validation is by "
            "recordings of others than training; --set split_by=name validates by other recordings of the same."
        )
    elif prefixes:
        by_split: dict[str, set[str]] = defaultdict(set)
        for index, entry in enumerate(entries):
            by_split[str(entry.split)].add(prefixes[index])
        for split in ("valid", "test"):
            if leaking := sorted(by_split["train"] & by_split[split]):
                notes.append(
                    f"warning: {_listed(leaking)}, with which file names begin, are in train and in {split}; accuracy "
                    "on new speakers or sources will be lower. Give each of them one split, or name them in a column "
                    "group."
                )
    if data.split_by == "group":
        entries, warnings = _separated(entries)
        notes += warnings
    rows = [row for row, entry in enumerate(entries) if entry.split != "test"]
    learned = [entries[row] for row in rows]
    divided = assign_splits(learned, by=data.split_by, valid=data.valid_fraction, test=0.0)
    if data.valid_fraction and all(entry.split is None for entry in learned):
        divided = _with_valid_group(divided)
    result = list(entries)
    for row, entry in zip(rows, divided, strict=True):
        result[row] = entry
    return result, tuple(notes)


def _separated(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Return the entries without the splits of a manifest that has a group in train and in valid, and warnings."""
    splits: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.group is not None and entry.split is not None:
            splits[entry.group].add(entry.split)
    notes = []
    if tested := sorted(group for group, names in splits.items() if "test" in names and len(names) > 1):
        notes.append(
            f"warning: the manifest has {_listed(tested)} in test and in train or valid; accuracy on new speakers or "
            "sources will be lower than on test. Give each of them one split."
        )
    if shared := sorted(group for group, names in splits.items() if {"train", "valid"} <= names):
        notes.append(
            f"warning: the manifest has {_listed(shared)} in train and in valid, so train and valid were divided anew, "
            "by group; --set split_by=name keeps the splits of the manifest."
        )
        entries = [entry if entry.split == "test" else replace(entry, split=None) for entry in entries]
    return list(entries), notes


def _shared_prefixes(entries: Sequence[Entry]) -> dict[int, str]:
    """Return the prefix of the file name of each entry if prefixes are speakers or sources, else nothing."""
    prefixes = {index: entry.path.stem.partition("_")[0] for index, entry in enumerate(entries)}
    if any(entry.group is not None or "_" not in entry.path.stem for entry in entries):
        return {}
    counts = Counter(prefixes.values())
    labels: dict[str, set[str | None]] = defaultdict(set)
    for index, entry in enumerate(entries):
        labels[prefixes[index]].add(entry.label)
    n_shared = sum(len(each) > 1 for each in labels.values())
    is_likely = len(counts) >= MIN_GROUPS and len(entries) >= MIN_CLIPS_PER_GROUP * len(counts)
    return prefixes if is_likely and n_shared >= SHARED_FRACTION * len(counts) else {}


def _with_valid_group(entries: list[Entry]) -> list[Entry]:
    """Move the smallest group to validation if groups are few and the hash of none of them chose it."""
    groups = Counter(entry.group for entry in entries if entry.group is not None and entry.split == "train")
    if len(groups) < MIN_GROUPS or sum(groups.values()) < len(entries):
        return entries
    smallest = min(groups, key=lambda group: (groups[group], group))
    return [replace(entry, split="valid") if entry.group == smallest else entry for entry in entries]


def _listed(names: Sequence[str]) -> str:
    """Return the first names as text."""
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


MAX_WINDOWS = 8  # of a recording, for validation
FINE_TUNING_STEPS = 500
FINE_TUNING_LEARNING_RATE = 5e-4
FROM_ENCODER_LEARNING_RATE = 3e-3
FITTED_BATCHES = 50  # that the last layer is fitted to before training from an encoder


ClassifierRecipe = RecipeOf[ClassifierConfig, ClassifierDataSettings]


@dataclass(frozen=True, kw_only=True)
class ClassifierPrepared(PreparedOf[ClassifierRecipe, ClassBatches]):
    """A recipe with its data, and the validation clips."""

    valid_waves: np.ndarray  # windows of the validation clips, ``(windows, n_samples)``
    valid_clips: np.ndarray  # index of the clip of each window, ``(windows,)``
    valid_labels: np.ndarray
    """Index of the label of each clip, ``(clips,)``; 0 and 1, ``(clips, labels)``, where there can be several."""

    def labelled_clips(self) -> tuple[np.ndarray, list[str]]:
        """Return the beginnings of the training recordings and their labels, see :meth:`.PreparedOf.labelled_clips`."""
        store, model = self.batches.store, self.recipe.model
        rows = [(row, label) for row, entry in enumerate(store.entries) for label in entry.all_labels]
        rows = [(row, label) for row, label in rows if label in model.labels and store.entries[row].split == "train"]
        clips = [fixed_length(store.crop(row, 0, model.n_samples)[0], model) for row, _ in rows]
        return np.stack(clips), [label for _, label in rows]


TRAINING = replace(
    COSINE_SETTINGS,
    batch_size=32,
    learning_rate=1e-2,
    weight_decay=0.05,
    final_fraction=0.01,
    warmup_steps=50,
    clip_norm=0.0,
    ema_decay=0.99,
    evaluate_every=100,
    save_every=100,
    metric="valid/loss",
)


def recipe(size: str) -> ClassifierRecipe:
    """Return the recipe of a size: ``tiny`` for tests, ``small`` for most folders, ``base`` for thousands of clips."""
    return ClassifierRecipe(SIZES[size], ClassifierDataSettings(), TRAINING)


def fine_tuning(base: ModelFolder) -> ClassifierRecipe:
    """Return the recipe to train ``base`` further, on other labels: fewer steps at a lower learning rate.

    If ``base`` is an encoder, clips are as long as the recordings suggest; if it is a classifier, as long as its own,
    and longer recordings are cropped at random.
    """
    if base.card.family == ENCODER_FAMILY:
        return _from_encoder(base)
    model = replace(base.config(ClassifierConfig), labels=())
    training = replace(TRAINING, steps=FINE_TUNING_STEPS, learning_rate=FINE_TUNING_LEARNING_RATE)
    return ClassifierRecipe(model, ClassifierDataSettings(fit_to_folder=False, fit_crop=True), training)


def _from_encoder(base: ModelFolder) -> ClassifierRecipe:
    """Return the recipe of a classifier that starts from an encoder."""
    names = {field.name for field in fields(BCResNetConfig)}
    shared = {name: value for name, value in base.card.config.items() if name in names}
    network = base.card.model_copy(update={"config": shared}).config_as(BCResNetConfig, base.path)
    usual = ClassifierConfig(pooling="statistics")
    same = {name: getattr(network, name) for name in names - {"n_samples", "dropout", "labels"}}
    training = replace(TRAINING, steps=FINE_TUNING_STEPS, learning_rate=FROM_ENCODER_LEARNING_RATE)
    return ClassifierRecipe(
        replace(usual, **same),
        ClassifierDataSettings(fit_to_folder=False, fit_length=True, fitted_batches=FITTED_BATCHES),
        training,
    )


def prepare(recipe: ClassifierRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> ClassifierPrepared:
    """Split, decode and prepare recordings; the labels that occur become the model's, unless the recipe has its own.

    Without validation clips, no metric chooses the best checkpoint. Settings, splits and labels follow the recordings
    alone; generated clips are for training. Raises BadFolder if fewer than two labels have enough training clips.
    """
    data = recipe.data
    generated = [replace(entry, split="train") for entry in entries if entry.generated_by is not None]
    entries = [entry for entry in entries if entry.generated_by is None]
    check_labels(entries)
    split, notes = group_and_split(entries, data)
    model = recipe.model
    if model.output == "softmax" and any(entry.more_labels for entry in entries):
        model = replace(model, output="sigmoid")
    select = select_labels if model.output == "softmax" else select_label_sets
    selection = select(split, model.labels, data.smallest_class)
    if len(selection.labels) < (2 if model.output == "softmax" else 1):
        raise BadFolder(_too_few_labels(split, data.smallest_class))
    if data.fit_to_folder or data.fit_length or data.fit_crop:
        names = FITTED if data.fit_to_folder else LENGTH if data.fit_length else ()
        model, data = fit_settings(model, data, selection.entries, names)
    model = replace(model, labels=selection.labels)
    recipe = replace(recipe, model=model, data=data, training=_frozen_for_few(recipe.training, data, selection.entries))
    preparation = Preparation("crop") if data.crop else Preparation("one-shot", align=data.align)
    n_stored = None if data.crop else data.n_stored(model)
    learned = [*selection.entries, *(entry for entry in generated if entry.label in selection.labels)]
    store = ClipStore.build(learned, model.sample_rate, n_stored, preparation, cache_folder)
    train_rows, valid_rows = split_rows(store.entries)
    valid_waves = [fixed_length(wave, model) for row in valid_rows for wave in _windows(store, row, model)]
    return ClassifierPrepared(
        recipe=recipe if valid_rows else recipe.without_valid_metric(),
        train_entries=tuple(store.entries[row] for row in train_rows),
        failed=(*selection.failed, *store.failed),
        batches=ClassBatches(store, train_rows, recipe),
        notes=notes,
        valid_waves=np.array(valid_waves),
        valid_clips=np.array([i for i, row in enumerate(valid_rows) for _ in _windows(store, row, model)], np.int64),
        valid_labels=_targets([store.entries[row] for row in valid_rows], model),
    )


def _frozen_for_few(
    training: TrainingSettings, data: ClassifierDataSettings, entries: Sequence[Entry]
) -> TrainingSettings:
    """Return settings by which the encoder does not learn if the labels have few recordings to train on."""
    counts = Counter(entry.label for entry in entries if entry.split == "train")
    if training.frozen or np.median(list(counts.values())) > data.few_clips:
        return training
    return replace(training, frozen=ENCODER_LAYERS)


def _targets(entries: Sequence[Entry], model: ClassifierConfig) -> np.ndarray:
    """Return the indices of the labels of clips ``(n,)``; where there can be several, 0 and 1, ``(n, labels)``."""
    if model.output == "softmax":
        return label_indices((entry.label for entry in entries), model.labels)
    rows = [np.isin(model.labels, entry.all_labels) for entry in entries]
    return np.array(rows, np.int64).reshape(-1, len(model.labels))


def _windows(store: ClipStore, row: int, model: ClassifierConfig) -> list[np.ndarray]:
    """Return up to MAX_WINDOWS windows ``(time,)`` of a recording, at equal distances from its start to its end."""
    n_free = max(0, store.lengths[row] - model.n_samples) if store.n_samples is None else 0
    n_windows = min(MAX_WINDOWS, 1 + -(-n_free // max(1, model.n_samples // 2)))
    starts = np.linspace(0, n_free, n_windows).astype(int)
    n_read = model.n_samples if store.n_samples is None else store.n_samples
    return [store.crop(row, int(start), n_read)[0] for start in starts]


def _too_few_labels(entries: Sequence[Entry], smallest_class: int) -> str:
    """Return the message for a folder in which fewer than two labels can be learned."""
    known = [entry for entry in entries if entry.label is not None]
    trained = Counter(entry.label for entry in known if entry.split == "train")
    available = ", ".join(f"{label} ({trained[label]})" for label in sorted({str(each.label) for each in known}))
    return (
        f"A classifier needs two labels with at least {smallest_class} training clips each, but the folder has "
        f"{available or 'none'}; put the clips into one sub-folder for each label, and use --label-from folder."
    )


def scores(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Compute the scores of predictions.

    - ``logits``: ``(n, labels)``.
    - ``labels``: true labels ``(n,)``, as indices; or 0 and 1, ``(n, labels)``, where a clip can have several.
    - returns: ``loss``: mean cross-entropy in nats. ``accuracy``: fraction of clips whose largest logit is the true
      label's. ``balanced_accuracy``: mean of that fraction over the labels that occur. Of several labels: the mean over
      clips and labels, and the mean recall of present and of absent labels.
    """
    if labels.ndim == 2:
        return _scores_of_sets(logits, labels.astype(bool))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    is_correct = logits.argmax(axis=1) == labels
    return {
        "loss": float(-log_probabilities[np.arange(len(labels)), labels].mean()),
        "accuracy": float(is_correct.mean()),
        "balanced_accuracy": float(np.mean([is_correct[labels == label].mean() for label in np.unique(labels)])),
    }


def _scores_of_sets(logits: np.ndarray, is_present: np.ndarray) -> dict[str, float]:
    """Return the scores of predictions ``(n, labels)`` of any number of labels a clip."""
    is_correct = (logits > 0) == is_present
    recalls = [
        is_correct[rows, label].mean()
        for label in range(logits.shape[1])
        for rows in (is_present[:, label], ~is_present[:, label])
        if rows.any()
    ]
    return {
        "loss": float(np.logaddexp(0, np.where(is_present, -logits, logits)).mean()),
        "accuracy": float(is_correct.mean()),
        "balanced_accuracy": float(np.mean(recalls)),
    }
