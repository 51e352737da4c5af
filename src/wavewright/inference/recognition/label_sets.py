"""Report on a classifier of any number of labels a recording: scores of each label, calibration, mistakes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...base.result import Failed
from ...data.entry import Entry
from ...metrics.calibration import reliability
from .recogniser import PRESENT
from .report import MAX_MISTAKES, ClassificationReport, Mistake, compare, no_known_label
from .results import RecognisedFile

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

    - ``names``: labels of the model.
    - ``entries``: the recordings with their labels.
    - ``files``: results with the probabilities of all labels.
    - ``failed``: files without a result.
    - ``model``, ``model_hash``: identity of the model.

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
