"""Settings that follow the recordings of a folder: sample rate, length of a clip, frames, groups."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from ...base.errors import BadFolder
from ...base.names import quoted
from ...base.units import seconds_to_samples
from ...data.entry import Entry
from ...data.splits import assign_splits
from .batches import ClassifierDataSettings
from .config import SIZES, ClassifierConfig

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
    """Return settings that suit the recordings; those that differ from the defaults of a size stay.

    Parameters
    ----------
    model, data
        Settings of the recipe.
    entries
        The recordings.
    names
        Settings of the model that may change.

    Returns
    -------
    ClassifierConfig, ClassifierDataSettings
        The sample rate is one that nearly all recordings have; recordings longer than a clip are cropped.
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

    Parameters
    ----------
    entries
        Recordings; splits of a manifest stay.
    data
        Fraction for validation, and ``split_by``.

    Returns
    -------
    list of Entry, tuple of str
        The entries in the same order, and one sentence each.
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
