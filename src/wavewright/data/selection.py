"""Select the labels and speakers that a model learns, and the clips that have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..base.errors import BadFolder
from ..base.result import Failed
from .entry import Entry

MIN_TRAINING_CLIPS = 4  # below which there is nothing to learn

Field = Literal["label", "speaker"]


@dataclass(frozen=True)
class Selection:
    """The labels and speakers that a model learns, and the clips to learn them from.

    - ``labels``, ``speakers``: names in the order of the model's indices; empty for a model without labels or speakers.
    - ``entries``: training and validation clips.
    - ``failed``: the clips that are left out, and why.
    """

    labels: tuple[str, ...]
    speakers: tuple[str, ...]
    entries: tuple[Entry, ...]
    failed: tuple[Failed, ...] = ()


def select_labels_and_speakers(
    entries: Sequence[Entry], labels: Sequence[str] = (), speakers: Sequence[str] = (), smallest_class: int = 1
) -> Selection:
    """Select labels and speakers, and the clips that have one of each.

    - ``entries``: clips with splits.
    - ``labels``: as for :func:`select_labels`.
    - ``speakers``: the speakers to learn. Empty: all of them, if there are several and every training clip has one;
      else none.
    - ``smallest_class``: fewest training clips of a label, where ``labels`` is empty.
    - returns: the names and the clips.

    Raises BadFolder if no training clip has one of ``labels`` or ``speakers``.
    """
    selection = select_labels(entries, labels, smallest_class)
    counts = _count_training_clips(selection.entries, "speaker")
    _check_available(speakers, counts, "speaker")
    is_known = len(counts) > 1 and all(
        entry.speaker is not None for entry in selection.entries if entry.split == "train"
    )
    chosen = tuple(speakers) or (tuple(sorted(counts)) if is_known else ())
    if not chosen:
        return selection
    missing = [entry for entry in selection.entries if entry.speaker is None]
    failed = [Failed(entry.path, "it has no speaker, where others have one") for entry in missing]
    retained = tuple(entry for entry in selection.entries if entry.speaker in chosen)
    return Selection(selection.labels, chosen, retained, (*selection.failed, *failed))


def select_labels(entries: Sequence[Entry], labels: Sequence[str] = (), smallest_class: int = 1) -> Selection:
    """Select labels, and the training and validation clips that have one of them.

    - ``entries``: clips with splits; those of ``test`` are left out.
    - ``labels``: the labels to learn; other clips are left out without a problem. Empty: every label of at least
      ``smallest_class`` training clips.
    - ``smallest_class``: fewest training clips of a label, where ``labels`` is empty.
    - returns: the labels and the clips. Where no clip has a label: no labels and all clips.

    Raises BadFolder if no training clip has one of ``labels``.
    """
    counts = _count_training_clips(entries, "label")
    used = tuple(entry for entry in entries if entry.split != "test")
    if not labels and not counts:
        return Selection((), (), used)
    _check_available(labels, counts, "label")
    chosen = tuple(labels) or tuple(sorted(name for name, count in counts.items() if count >= smallest_class))
    retained: list[Entry] = []
    failed: list[Failed] = []
    for entry in used:
        if entry.label is None:
            failed.append(Failed(entry.path, "it has no label, where others have one"))
        elif entry.label in chosen:
            retained.append(entry)
        elif not labels:
            reason = (
                f"its label {entry.label!r} has only {counts[entry.label]} training clips; {smallest_class} are needed"
            )
            failed.append(Failed(entry.path, reason))
    return Selection(chosen, (), tuple(retained), tuple(failed))


def select_label_sets(entries: Sequence[Entry], labels: Sequence[str] = (), smallest_class: int = 1) -> Selection:
    """Select labels, of which a clip can have any number, and the training and validation clips.

    - ``entries``: clips with splits; those of ``test`` are left out. Clips without a label are examples of none.
    - ``labels``, ``smallest_class``: as for :func:`select_labels`.
    - returns: clips all of whose labels are too rare are left out.

    Raises BadFolder if no training clip has one of ``labels``.
    """
    used = [entry for entry in entries if entry.split != "test"]
    counts = Counter(name for entry in used if entry.split == "train" for name in entry.all_labels)
    _check_available(labels, counts, "label")
    chosen = tuple(labels) or tuple(sorted(name for name, count in counts.items() if count >= smallest_class))
    retained = tuple(entry for entry in used if not entry.all_labels or {*entry.all_labels} & {*chosen})
    dropped = [entry for entry in used if entry.all_labels and not {*entry.all_labels} & {*chosen}]
    failed = [Failed(entry.path, f"its label {entry.label!r} has too few training clips") for entry in dropped]
    return Selection(chosen, (), retained, () if labels else tuple(failed))


def select_entries(
    entries: Sequence[Entry], labels: Sequence[str], smallest_class: int
) -> tuple[list[Entry], list[Failed]]:
    """Select the clips of classes that are large enough to train on.

    - ``entries``: training clips, with or without labels.
    - ``labels``: the labels to learn; empty for all.
    - ``smallest_class``: fewest clips of a label.
    - returns ``retained``: the clips to train on.
    - returns ``failed``: the clips of classes that are too small.

    Raises BadFolder if no clip has one of ``labels``, or fewer than MIN_TRAINING_CLIPS are left.
    """
    counts = Counter(entry.label for entry in entries)
    unknown = [label for label in labels if label not in counts]
    if unknown:
        available = ", ".join(unique_labels(entries)) or "no labels"
        raise BadFolder(f"There is no clip with the label {unknown[0]!r} to train on; the folder has {available}.")
    retained: list[Entry] = []
    failed: list[Failed] = []
    for entry in entries:
        if labels and entry.label not in labels:
            continue
        if entry.label is not None and counts[entry.label] < smallest_class:
            reason = f"its label {entry.label!r} has only {counts[entry.label]} clips; {smallest_class} are needed"
            failed.append(Failed(entry.path, reason))
        else:
            retained.append(entry)
    if len(retained) < MIN_TRAINING_CLIPS:
        raise BadFolder(
            f"{len(retained)} clips are left to train on; at least {MIN_TRAINING_CLIPS} are needed, and a hundred make "
            "sense."
        )
    return retained, failed


def unique_labels(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the labels that occur, sorted."""
    return tuple(sorted({entry.label for entry in entries if entry.label is not None}))


def label_index(entry: Entry, labels: Sequence[str]) -> int:
    """Return the index of an entry's label in ``labels``, 0 for a model without labels."""
    return labels.index(str(entry.label)) if labels else 0


def label_indices(names: Iterable[str | None], known: Sequence[str]) -> np.ndarray:
    """Return the index of each name in ``known``, ``(n,)`` int64; 0 for each where ``known`` is empty."""
    indices = {name: index for index, name in enumerate(known)}
    return np.array([indices[str(name)] if known else 0 for name in names], np.int64)


def _count_training_clips(entries: Sequence[Entry], field: Field) -> Counter[str]:
    """Return the number of training clips of each label or speaker."""
    names = [entry.label if field == "label" else entry.speaker for entry in entries if entry.split == "train"]
    return Counter(name for name in names if name is not None)


def _check_available(requested: Sequence[str], counts: Counter[str], field: Field) -> None:
    """Raise BadFolder for a name that no training clip has."""
    for name in requested:
        if not counts[name]:
            available = ", ".join(sorted(counts)) or f"no {field}s"
            which = f"with the label {name!r}" if field == "label" else f"of the speaker {name!r}"
            raise BadFolder(f"There is no clip {which} to train on; the folder has {available}.")
