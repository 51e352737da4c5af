"""Report on a classifier by labelled recordings: confusion, scores of each label, calibration, confident mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...base.result import Failed, Result
from ...contracts.runtime import ModelResult
from ...data.entry import Entry, Scan
from ...data.folder import scan
from ...metrics.calibration import Reliability, reliability
from ...metrics.confusion import LabelScores, confusion_matrix, label_scores, wilson_interval
from ...metrics.sampling import Interval
from ...outputs.manifest_file import MANIFEST_FILE
from .recogniser import PRESENT
from .results import RecognisedFile

MAX_MISTAKES = 20
MAX_LABELS_SHOWN = 12  # columns of the confusion matrix as text


@dataclass(frozen=True)
class Mistake:
    """A file that was recognised as another label than its own."""

    file: Path
    label: str
    recognised: str
    confidence: float

    def __str__(self) -> str:
        return f"{self.file}: {self.label}, recognised as {self.recognised} {self.confidence:.2f}"


@dataclass(frozen=True, kw_only=True)
class ClassificationReport(Result, ModelResult):
    """Results of a classifier on labelled recordings.

    - ``n_files``: recordings whose label the model knows.
    - ``accuracy``: fraction of them whose most probable label is their own, with a 95 % interval (Wilson).
    - ``balanced_accuracy``: mean recall of the labels that occur.
    - ``labels``, ``confusion``: names of the rows and columns; rows are true labels, columns recognised ones.
    - ``scores``: precision, recall and F1 of each label that occurs, with intervals.
    - ``calibration``: confidence against accuracy.
    - ``rejected``: fraction of these recordings that the model rejects; it is meant to be small.
    - ``n_unknown``, ``unknown_rejected``: recordings of labels that the model does not know, and the fraction of them
      that it rejects.
    - ``mistakes``: the most confident mistakes.
    """

    n_files: int
    accuracy: Interval
    balanced_accuracy: float
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    scores: tuple[LabelScores, ...]
    calibration: Reliability
    rejected: float
    n_unknown: int
    unknown_rejected: float | None
    mistakes: tuple[Mistake, ...]
    plot: Path | None = None

    def __str__(self) -> str:
        accuracy = self.accuracy
        lines = [
            f"{self.by} on {self.n_files} recordings",
            f"accuracy {accuracy.value:.3f} ({accuracy.low:.3f} to {accuracy.high:.3f}), "
            f"balanced {self.balanced_accuracy:.3f}, calibration error {self.calibration.error:.3f}, "
            f"rejected {self.rejected:.1%}",
        ]
        if self.unknown_rejected is not None:
            lines.append(f"{self.n_unknown} recordings of other labels, rejected {self.unknown_rejected:.1%}")
        width = max(len(score.label) for score in self.scores)
        lines.append(f"{'label':{width}}  clips  precision            recall               F1")
        lines += [
            f"{score.label:{width}}  {score.n_clips:5}  "
            + "  ".join(map(_text, (score.precision, score.recall, score.f1)))
            for score in self.scores
        ]
        if len(self.labels) <= MAX_LABELS_SHOWN:
            lines += ["rows: labels, columns: recognised as", *self._matrix_lines()]
        if self.mistakes:
            lines += ["most confident mistakes:", *(f"  {mistake}" for mistake in self.mistakes)]
        return "\n".join([*lines, *self.endings(), *([f"plot: {self.plot}"] if self.plot else [])])

    def _matrix_lines(self) -> list[str]:
        width = max(4, *(len(label) for label in self.labels))
        head = " " * (width + 1) + " ".join(f"{label:>{width}}" for label in self.labels)
        rows = zip(self.labels, self.confusion, strict=True)
        return [head, *(f"{label:{width}} " + " ".join(f"{n:{width}}" for n in row) for label, row in rows)]


def labelled(path: Path, has_unlabelled: bool = False) -> Scan:
    """Return the labelled recordings of a folder or manifest, those of split ``test`` if there are any.

    With ``has_unlabelled``, recordings without a label are included.

    Raises BadFolder if none has a label.
    """
    manifest = path if path.is_file() else path / MANIFEST_FILE
    scanned = scan(path, None, manifest=manifest if manifest.is_file() else None)
    with_label = tuple(entry for entry in scanned.entries if entry.label is not None)
    if not with_label:
        raise BadFolder(
            f"The recordings of {path} have no labels to compare with; put them into one sub-folder for each label, or "
            "give a manifest with a column label."
        )
    entries = scanned.entries if has_unlabelled else with_label
    return replace(scanned, entries=tuple(entry for entry in entries if entry.split == "test") or entries)


def report_on(
    names: tuple[str, ...],
    entries: Sequence[Entry],
    files: Sequence[RecognisedFile],
    failed: tuple[Failed, ...],
    model: str,
    model_hash: str,
) -> ClassificationReport:
    """Compare what was recognised with the labels.

    Raises BadFolder if the model knows no label of the recordings.
    """
    truths = {(entry.path, entry.offset_seconds): entry.label for entry in entries}
    by_file = {path: label for (path, _), label in truths.items()}
    known = [file for file in files if by_file[file.file] in names]
    others = [file for file in files if by_file[file.file] not in names]
    if not known:
        raise no_known_label(model, names, by_file.values())
    truth = np.array([names.index(str(by_file[file.file])) for file in known])
    predicted = np.array([names.index(file.labels[0].label) for file in known])
    confidence = np.array([file.confidence for file in known])
    is_correct = truth == predicted
    wrong = sorted(np.flatnonzero(~is_correct), key=lambda row: -confidence[row])[:MAX_MISTAKES]
    one_hot = np.eye(len(names), dtype=bool)
    return compare(
        names,
        one_hot[truth],
        one_hot[predicted],
        known,
        others,
        calibration=reliability(confidence, is_correct),
        mistakes=tuple(
            Mistake(known[row].file, names[truth[row]], names[predicted[row]], float(confidence[row])) for row in wrong
        ),
        failed=failed,
        model=model,
        model_hash=model_hash,
    )


def no_known_label(model: str, names: Sequence[str], labels: Iterable[str | None]) -> BadFolder:
    """Return the error for recordings with none of the labels ``names`` of a model."""
    listed = ", ".join(sorted(map(str, set(labels)))[:8])
    return BadFolder(f"{model} knows the labels {', '.join(names[:8])}, and the recordings have others: {listed}.")


def compare(
    names: tuple[str, ...],
    truth: np.ndarray,
    predicted: np.ndarray,
    known: Sequence[RecognisedFile],
    others: Sequence[RecognisedFile],
    *,
    calibration: Reliability,
    mistakes: tuple[Mistake, ...],
    failed: tuple[Failed, ...],
    model: str,
    model_hash: str,
) -> ClassificationReport:
    """Return the report on recordings with any number of labels.

    - ``truth``, ``predicted``: presence of each label in each recording, and its recognition, bool ``(known, labels)``.
    """
    scores = tuple(score for score in label_scores(truth, predicted, names) if score.n_clips)
    return ClassificationReport(
        model=model,
        model_hash=model_hash,
        n_files=len(known),
        accuracy=wilson_interval(int((truth == predicted).all(axis=1).sum()), len(known)),
        balanced_accuracy=float(np.mean([score.recall.value for score in scores])),
        labels=names,
        confusion=tuple(tuple(row) for row in confusion_matrix(truth, predicted).tolist()),
        scores=scores,
        calibration=calibration,
        rejected=float(np.mean([file.label is None for file, own in zip(known, truth, strict=True) if own.any()])),
        n_unknown=len(others),
        unknown_rejected=float(np.mean([file.label is None for file in others])) if others else None,
        mistakes=mistakes,
        failed=failed,
    )


def _text(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f}-{interval.high:.3f})"


NO_LABEL = "none"


def report_on_sets(
    names: tuple[str, ...],
    entries: Sequence[Entry],
    files: Sequence[RecognisedFile],
    failed: tuple[Failed, ...],
    model: str,
    model_hash: str,
) -> ClassificationReport:
    """Compare sets of labels with those of the recordings; a recording without labels is an example of none.

    The accuracy is the fraction of recordings with no wrong and no missing label. The confusion matrix has the number
    of recordings with the label of the row in which that of the column was recognised. The calibration is that of the
    probabilities of all labels. Rejected are recordings with labels in which none was recognised.

    Raises BadFolder if the model knows no label of the recordings.
    """
    sets = {entry.path: set(entry.all_labels) for entry in entries}
    known = [file for file in files if not sets[file.file] or sets[file.file] & set(names)]
    others = [file for file in files if file not in known]
    if not any(sets[file.file] for file in known):
        raise no_known_label(model, names, set().union(*sets.values()))
    truth = np.array([[name in sets[file.file] for name in names] for file in known])
    listed = [{each.label: each.confidence for each in file.labels} for file in known]
    probability = np.array([[confidences.get(name, 0.0) for name in names] for confidences in listed])
    predicted = probability >= PRESENT
    return compare(
        names,
        truth,
        predicted,
        known,
        others,
        calibration=reliability(probability.ravel(), truth.ravel()),
        mistakes=_mistakes(names, known, truth, probability),
        failed=failed,
        model=model,
        model_hash=model_hash,
    )


def _mistakes(
    names: tuple[str, ...], files: Sequence[RecognisedFile], truth: np.ndarray, probability: np.ndarray
) -> tuple[Mistake, ...]:
    """Return the most confident wrong labels, and the most confidently missed ones as ``no kick``."""
    confidence = np.where(probability >= PRESENT, probability, 1 - probability)
    rows, columns = np.nonzero((probability >= PRESENT) != truth)
    mistakes = []
    for row, column in sorted(zip(rows, columns, strict=True), key=lambda cell: -confidence[cell])[:MAX_MISTAKES]:
        own = "|".join(np.array(names)[truth[row]]) or NO_LABEL
        recognised = f"no {names[column]}" if truth[row, column] else names[column]
        mistakes.append(Mistake(files[int(row)].file, own, recognised, float(confidence[row, column])))
    return tuple(mistakes)
