"""Judge generated sounds by real recordings: how close, how varied, and whether they were copied."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from .. import loading
from ..data.entry import Entry, Problem
from ..data.folder import GroupFrom, LabelFrom, scan
from ..data.parameters import GroupSource, LabelSource
from ..data.preparation import Preparation
from ..data.store import ClipStore
from ..metrics.clips import Clips
from ..metrics.comparison import compare
from ..metrics.embeddings import ClassifierEmbedding, Embedding, LogMelEmbedding
from ..metrics.report import EvaluationReport
from ..metrics.summary import TakesFrom
from ..units import seconds_to_samples
from . import checked

MANIFEST_FILE = "manifest.jsonl"
LONGEST_SECONDS = 10.0
"""Of longer generated sounds this much is compared, unless ``seconds`` says otherwise."""


@checked
def evaluate(
    reference: Annotated[Path, Field(description="Folder or manifest of the recordings that the model learned from.")],
    generated: Annotated[Path, Field(description="Folder or manifest of generated sounds.")],
    classifier: Annotated[
        str | None, Field(description="Classifier that judges labels; default: one that knows them.")
    ] = None,
    label_from: LabelSource = None,
    group_from: GroupSource = None,
    held_out: Annotated[
        Path | None,
        Field(description="Recordings that the model did not learn from; default: split test of the manifest."),
    ] = None,
    seconds: Annotated[
        float | None,
        Field(description="Compare so much of each sound; default: the longest generated one.", ge=0.1, le=60),
    ] = None,
    takes_from: Annotated[
        TakesFrom,
        Field(
            description="Recordings are takes of one sound where they are very close, or also where they are of one group."
        ),
    ] = "distance",
    skip_cheats: Annotated[
        bool, Field(description="Do not judge two ways of cheating as well, which must fail.")
    ] = False,
    seed: Annotated[int, Field(description="Same seed, same draws.", ge=0, le=2**32 - 1)] = 0,
) -> EvaluationReport:
    """Judge generated sounds by the recordings that their model learned from.

    A folder with a ``manifest.jsonl`` is read by it; where it names splits, the recordings are those of split train. Every
    sound is mixed to one channel, brought to the generated sounds' rate, aligned to its onset, cut and levelled. Raises
    BadFolder where a side has nothing usable, BadSetting where the sides have no label in common or too few clips, BadModel
    where the classifier cannot be used.
    """
    problems: list[Problem] = []
    made_entries = _entries(generated, label_from, group_from, problems)
    sample_rate = Counter(entry.sample_rate for entry in made_entries).most_common(1)[0][0]
    if seconds is None:
        seconds = min(max(0.1, *(entry.seconds for entry in made_entries)), LONGEST_SECONDS)
    entries, test_entries = _without_test(_entries(reference, label_from, group_from, problems))
    if held_out is not None:
        test_entries = _entries(held_out, label_from, group_from, problems)
    made, recordings = (_read(side, sample_rate, seconds, problems) for side in (made_entries, entries))
    unheard = _read(test_entries, sample_rate, seconds, problems) if test_entries else None
    judge = classifier or loading.classifier_of((set(made.labels) & set(recordings.labels)) - {""})
    embeddings: list[Embedding] = [LogMelEmbedding(sample_rate, seconds)]
    embeddings += [ClassifierEmbedding(loading.load_classifier(judge))] if judge else []
    report = compare(
        recordings,
        made,
        embeddings,
        unheard,
        takes_from=takes_from,
        merge_groups=not all(entry.group == entry.speaker for entry in entries),
        cheats=not skip_cheats,
        seed=seed,
    )
    notes = [*report.notes, *(f"Not used: {problem}" for problem in problems)]
    return replace(report, reference=str(reference), generated=str(generated), notes=tuple(notes))


def _entries(
    path: Path, label_from: LabelFrom | None, group_from: GroupFrom | None, problems: list[Problem]
) -> list[Entry]:
    """The sounds of a folder or manifest, without labels where none are wanted; adds to ``problems`` what cannot be used."""
    manifest = path if path.is_file() else path / MANIFEST_FILE
    found = scan(path, label_from, group_from, manifest if manifest.is_file() else None)
    problems.extend(found.problems)
    return [replace(entry, label=None) if label_from == "none" else entry for entry in found.entries]


def _without_test(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """What was learned from, and what was held out; where no split is named, everything was learned from."""
    if all(entry.split is None for entry in entries):
        return entries, []
    return [entry for entry in entries if entry.split == "train"], [entry for entry in entries if entry.split == "test"]


def _read(entries: Sequence[Entry], sample_rate: int, seconds: float, problems: list[Problem]) -> Clips:
    """Decode and prepare; adds to ``problems`` what cannot be used."""
    n_samples = seconds_to_samples(seconds, sample_rate)
    with tempfile.TemporaryDirectory(prefix="wavewright-", ignore_cleanup_errors=True) as cache_folder:
        store = ClipStore.build(entries, sample_rate, n_samples, Preparation(), cache_folder)
        waves = np.stack([store[index][0] for index in range(len(store))])
        problems.extend(store.problems)
        labels = [label or "" for label in store.labels]
        # without a group a clip is its own
        groups = [group or f"clip {index}" for index, group in enumerate(store.groups)]
        del store  # its file is mapped, and Windows removes no mapped file
    return Clips.of(waves, sample_rate, labels, groups)
