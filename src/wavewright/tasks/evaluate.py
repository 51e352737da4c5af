"""Evaluate generated clips against recordings: distance, diversity, and copies of the recordings.

What is measured: :mod:`wavewright.metrics.set_metrics`, and of pairs :mod:`wavewright.metrics.paired`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..base.parameters import NAMES_MODEL
from ..base.result import Failed
from ..base.rules import Needs, Without
from ..base.task_parameters import checked
from ..base.units import seconds_to_samples
from ..base.whole_file import scratch_folder
from ..data.entry import Entry
from ..data.folder import GroupFrom, LabelFrom, scan
from ..data.parameters import GroupSource, LabelSource
from ..data.preparation import Preparation
from ..data.store import ClipStore
from ..families import loading
from ..metrics.clips import Clips
from ..metrics.comparison import compare
from ..metrics.embeddings import ClassifierEmbedding, Embedding, LogMelEmbedding, ModelEmbedding
from ..metrics.paired import PairedReport, compare_pairs
from ..metrics.recogniser import Recogniser
from ..metrics.report import EvaluationReport
from ..metrics.set_metrics import TakesFrom
from ..outputs.manifest_file import MANIFEST_FILE

MIN_SECONDS, MAX_SECONDS = 0.1, 10.0
"""Range of the length that is compared, unless ``seconds`` sets it."""


@checked
def evaluate(
    reference: Annotated[Path, Field(description="Folder or manifest of the recordings that the model learned from.")],
    generated: Annotated[Path, Field(description="Folder or manifest of generated clips.")],
    classifier: Annotated[
        str | None, Field(description="Classifier of the labels; default: one that knows them."), NAMES_MODEL
    ] = None,
    label_from: LabelSource = None,
    group_from: GroupSource = None,
    held_out: Annotated[
        Path | None,
        Field(description="Recordings that the model did not learn from; default: split test of the manifest."),
    ] = None,
    seconds: Annotated[
        float | None,
        Field(description="Compare so much of each clip; default: the longest generated one.", ge=0.1, le=60),
    ] = None,
    takes_from: Annotated[
        TakesFrom,
        Field(
            description="Recordings are takes of one sound if they are very close, or also if they are of one group."
        ),
    ] = "distance",
    skip_cheats: Annotated[
        bool, Field(description="Leave out the check that two ways of cheating fail the criteria.")
    ] = False,
    paired: Annotated[
        bool,
        Field(description="Compare processed speech with clean recordings of the same names: SI-SDR, PESQ, STOI, ..."),
        Without("classifier", "held_out", "seconds", "takes_from", "skip_cheats", "embedding", "seed"),
    ] = False,
    noisy: Annotated[
        Path | None, Field(description="Folder of the recordings before they were processed."), Needs("paired")
    ] = None,
    far: Annotated[
        Path | None, Field(description="Folder of the far end of calls, for AECMOS."), Needs("noisy")
    ] = None,
    recogniser: Annotated[
        Path | None, Field(description="Folder of the graphs of Moonshine, for the word error."), Needs("paired")
    ] = None,
    embedding: Annotated[
        str | None, Field(description="Compare by this encoder, too (name or folder), beside log-mel.")
    ] = None,
    seed: Annotated[int, Field(description="Same seed, same draws.", ge=0, le=2**32 - 1)] = 0,
) -> EvaluationReport | PairedReport:
    """Evaluate generated clips against the recordings that their model learned from.

    With ``paired``, ``generated`` is a folder of processed speech, as ``enhance`` writes it, and ``reference`` one of
    the clean recordings; each file is compared with the one of its name. Words are compared with the texts of the
    manifest of ``reference``, or else with what is recognised in the clean recordings.

    A folder with a ``manifest.jsonl`` is read by it; if that names splits, the recordings are those of split train.
    Every clip is mixed to one channel, resampled to the rate of the generated clips, aligned to its onset, cut and
    normalised to its peak.

    Raises BadFolder if a side has nothing usable, BadSetting if the sides have no label in common or too few clips,
    BadModel if the classifier cannot be used, MissingExtra if the packages of the recogniser are not installed.
    """
    if paired:
        if recogniser is None:
            return compare_pairs(reference, generated, noisy, far)
        return compare_pairs(reference, generated, noisy, far, Recogniser(recogniser), _texts(reference))
    failed: list[Failed] = []
    generated_entries = _entries(generated, label_from, group_from, failed)
    sample_rate = Counter(entry.sample_rate for entry in generated_entries).most_common(1)[0][0]
    if seconds is None:
        seconds = min(max(MIN_SECONDS, *(entry.seconds for entry in generated_entries)), MAX_SECONDS)
    train_entries, test_entries = _train_and_test(_entries(reference, label_from, group_from, failed))
    if held_out is not None:
        test_entries = _entries(held_out, label_from, group_from, failed)
    clips = _prepare(generated_entries, sample_rate, seconds, failed)
    recordings = _prepare(train_entries, sample_rate, seconds, failed)
    held_out_clips = _prepare(test_entries, sample_rate, seconds, failed) if test_entries else None
    name = classifier or loading.classifier_of((set(clips.labels) & set(recordings.labels)) - {""})
    embeddings: list[Embedding] = [LogMelEmbedding(sample_rate, seconds)]
    if name:
        embeddings.append(ClassifierEmbedding(loading.load_classifier(name)))
    if embedding is not None:
        embeddings.append(ModelEmbedding(loading.load_encoder(embedding)))
    report = compare(
        recordings,
        clips,
        embeddings,
        held_out_clips,
        takes_from=takes_from,
        merge_groups=not all(entry.group == entry.speaker for entry in train_entries),
        cheats=not skip_cheats,
        seed=seed,
    )
    return replace(report, reference=str(reference), generated=str(generated), failed=tuple(failed))


def _entries(
    path: Path, label_from: LabelFrom | None, group_from: GroupFrom | None, failed: list[Failed]
) -> list[Entry]:
    """Return the clips of a folder or manifest; append unusable files to ``failed``."""
    manifest = path if path.is_file() else path / MANIFEST_FILE
    scanned = scan(path, label_from, group_from, manifest if manifest.is_file() else None)
    failed.extend(scanned.failed)
    return [replace(entry, label=None) if label_from == "none" else entry for entry in scanned.entries]


def _texts(folder: Path) -> dict[str, str]:
    """Return the transcripts of the files of a folder by their path in it without the ending."""
    return {
        entry.path.relative_to(folder).with_suffix("").as_posix(): entry.text
        for entry in _entries(folder, "none", None, [])
        if entry.text and not entry.offset_seconds and entry.path.is_relative_to(folder)
    }


def _train_and_test(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """Return the training and the test clips; without splits, all are training clips."""
    if all(entry.split is None for entry in entries):
        return entries, []
    return [entry for entry in entries if entry.split == "train"], [entry for entry in entries if entry.split == "test"]


def _prepare(entries: Sequence[Entry], sample_rate: int, seconds: float, failed: list[Failed]) -> Clips:
    """Decode and prepare clips; append unusable files to ``failed``."""
    n_samples = seconds_to_samples(seconds, sample_rate)
    with scratch_folder() as cache_folder:
        store = ClipStore.build(entries, sample_rate, n_samples, Preparation(), cache_folder)
        waves = np.stack([store[index][0] for index in range(len(store))])
        failed.extend(store.failed)
        labels = [label or "" for label in store.labels]
        # without a group a clip is its own
        groups = [group or f"clip {index}" for index, group in enumerate(store.groups)]
        del store  # its file is mapped, and Windows removes no mapped file
    return Clips.of(waves, sample_rate, labels, groups)
