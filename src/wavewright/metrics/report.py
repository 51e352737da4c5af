"""Report of an evaluation: every metric beside its threshold, cheats included, as numbers and as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..base.result import Result
from .criteria import RELATIVE_FRECHET, ReportRow
from .sampling import Interval
from .set_metrics import ClassifierScores
from .verdict import Verdict

Cell = Callable[[ReportRow], str]
"""The text of one metric for a row of the report."""


@dataclass(frozen=True)
class ClassifierAccuracy:
    """The classifier behind the scores, and its accuracy on held-out recordings (None where it was not measured)."""

    name: str
    test_accuracy: float | None


@dataclass(frozen=True)
class EvaluationReport(Result):
    """The result of an evaluation; its text has a table of all rows, the first row label by label, and the verdict.

    Attributes
    ----------
    reference, generated : str
        Names of the recordings and of the generated clips.
    sample_rate : int
        Sample rate of the comparison in hertz.
    seconds : float
        Length of the compared clips.
    n_reference : int
        Number of recordings.
    classifier : ClassifierAccuracy or None
        The classifier, None without one.
    rows : tuple of ReportRow
        The generated clips, then held-out recordings and cheats.
    verdict : Verdict
        The findings on the generated clips.
    held_out_to_reference : dict of str to Interval
        Frechet distance from held-out recordings to the recordings by the name of the embedding.
    """

    reference: str
    generated: str
    sample_rate: int
    seconds: float
    n_reference: int
    classifier: ClassifierAccuracy | None
    rows: tuple[ReportRow, ...]
    verdict: Verdict
    held_out_to_reference: dict[str, Interval] = field(default_factory=dict)

    @property
    def not_met(self) -> list[str]:
        """Names of the criteria that the generated clips do not meet."""
        return self.rows[0].failed

    @property
    def undetected_cheats(self) -> list[str]:
        """Names of the cheats that meet every criterion; with any, the metrics are wrong for these recordings."""
        return [row.name for row in self.rows if row.is_cheat and not row.failed]

    def table(self) -> list[list[str]]:
        """Return the cells of the table: a heading, then each metric with its threshold and its value for every row."""
        lines = [
            ["", "threshold", *(row.name for row in self.rows)],
            ["clips", "", *(str(row.n_clips) for row in self.rows)],
        ]
        for criterion in {each.name: each for row in reversed(self.rows) for each in row.criteria}.values():
            sign = ">=" if criterion.at_least else "<="
            cells = [_criterion_cell(criterion.name, row) for row in self.rows]
            lines.append([criterion.name, f"{sign} {criterion.threshold:g}", *cells])
        for name, cell in self._other_metrics():
            lines.append([name, "", *(cell(row) for row in self.rows)])
        return lines

    def __str__(self) -> str:
        """Return the whole report as text."""
        sections = [
            self._heading_lines(),
            _aligned(self.table()),
            self._label_lines(),
            [*self._criterion_lines(), *self.endings()],
            [str(self.verdict)],
        ]
        return "\n\n".join("\n".join(lines) for lines in sections)

    def _heading_lines(self) -> Iterator[str]:
        yield (
            f"{self.generated} compared with {self.n_reference} recordings of {self.reference}, "
            f"the first {self.seconds:.2f} s at {self.sample_rate} Hz"
        )
        if self.classifier is not None:
            accuracy = self.classifier.test_accuracy
            value = "not measured" if accuracy is None else f"{accuracy:.1%}"
            yield f"classifier {self.classifier.name}, accuracy on held-out recordings: {value}"

    def _other_metrics(self) -> Iterator[tuple[str, Cell]]:
        """Yield the name and the cells of each metric without a threshold."""
        for name in self.rows[0].distances:
            yield from _distance_cells(name, bool(self.rows[0].from_held_out))
        yield "precision / recall", _precision_recall_cell
        yield "density", lambda row: _or_dash(getattr(row.sample_metrics.precision_recall, "density", None))
        if self.rows[0].scores is not None:
            yield from _score_cells()

    def _label_lines(self) -> list[str]:
        """Return the table of the first row label by label."""
        first = self.rows[0]
        lines = [["label", "recordings", "sounds", "clips", "diversity", "1-NN", "limit", "closest", "no closer"]]
        for label, metrics in first.sample_metrics.labels.items():
            copying = metrics.copying
            distances = ["-", "-", "-"]
            if copying is not None:
                closest = f"{copying.estimate.min():.2f}"
                distances = [f"{copying.limit:.2f}", closest, f"{copying.fraction_no_closer:.3f}"]
            lines.append(
                [
                    label or "all",
                    str(metrics.n_reference),
                    str(metrics.n_clusters),
                    str(metrics.n_estimate),
                    _or_dash(metrics.diversity),
                    _or_dash(metrics.one_nn_accuracy),
                    *distances,
                ]
            )
        return [f"{first.name}, label by label", *_aligned(lines)]

    def _criterion_lines(self) -> Iterator[str]:
        """Yield lines on the failed criteria, on the cheats, and on the held-out recordings."""
        if self.not_met:
            yield f"Not met: {', '.join(self.not_met)}."
        else:
            yield f"Every criterion is met by {self.rows[0].name}."
        for row in self.rows:
            if row.is_cheat:
                result = f"passed, detected by {', '.join(row.failed)}" if row.failed else "failed, nothing detects it"
                yield f"Check with a cheat, {row.short_name}: {result}."
        for name, interval in self.held_out_to_reference.items():
            yield f"Frechet distance, {name}, from the held-out recordings to the recordings: {_text(interval)}."


def _distance_cells(name: str, has_held_out: bool) -> Iterator[tuple[str, Cell]]:
    """Yield the distances in one embedding that have no threshold."""

    def infinity(row: ReportRow) -> str:
        line = row.distances[name].frechet_infinity
        return "-" if line is None else f"{line.value:.3g}, {line.r_squared:.2f}"

    def bins(row: ReportRow) -> str:
        result = row.distances[name].ndb
        return f"{result.different}/{result.n_bins}, {result.js_divergence:.3f}"

    yield f"Frechet distance, {name}", lambda row: _text(row.distances[name].relative_frechet.generated)
    yield "  half to half", lambda row: _text(row.distances[name].relative_frechet.half_to_half)
    yield "  clips in a set", lambda row: str(row.distances[name].relative_frechet.n_clips)
    if has_held_out:
        yield "  from the held-out", lambda row: _text(row.from_held_out[name]) if row.from_held_out else "-"
    yield "  at infinity, R squared", infinity
    yield f"kernel distance x 100, {name}", lambda row: f"{100 * row.distances[name].kernel_rbf:.2f}"
    yield "  polynomial kernel", lambda row: f"{100 * row.distances[name].kernel_polynomial:.2f}"
    yield f"NDB/k, JS divergence, {name}", bins


def _score_cells() -> Iterator[tuple[str, Cell]]:
    """Yield the scores of the classifier, each with that of the recordings."""

    def cell(pair: Callable[[ClassifierScores], tuple[float, float]]) -> Cell:
        def text(row: ReportRow) -> str:
            if row.scores is None:
                return "-"
            value, recorded = pair(row.scores)
            return f"{value:.2f} ({recorded:.2f})"

        return text

    yield "inception score (recordings)", cell(lambda scores: (scores.inception, scores.reference_inception))
    yield (
        "modified, all pairs (recordings)",
        cell(lambda scores: (scores.modified_inception, scores.reference_modified_inception)),
    )
    yield (
        "modified, within labels (recordings)",
        cell(lambda scores: (scores.modified_inception_within, scores.reference_modified_inception_within)),
    )
    yield "AM score (recordings)", cell(lambda scores: (scores.am, scores.reference_am))


def _precision_recall_cell(row: ReportRow) -> str:
    values = row.sample_metrics.precision_recall
    return "-" if values is None else f"{values.precision:.2f} / {values.recall:.2f}"


def _criterion_cell(criterion_name: str, row: ReportRow) -> str:
    """Return the value of a criterion, with its interval where there is one, and whether it fails; - if unmeasured."""
    criterion = next((each for each in row.criteria if each.name == criterion_name), None)
    if criterion is None:
        return "-"
    text = f"{criterion.value:.3f}" if criterion.at_least else f"{criterion.value:.2f}"
    name, _, embedding = criterion.name.partition(", ")
    if name == RELATIVE_FRECHET:
        text = _text(row.distances[embedding].relative_frechet.ratio)
    if criterion.is_met:
        return text
    return f"{text} detected" if row.is_cheat else f"{text} fails"


def _text(interval: Interval) -> str:
    return f"{interval.value:.3g} ({interval.low:.3g} to {interval.high:.3g})"


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _aligned(lines: list[list[str]]) -> list[str]:
    """Return the cells of a table as lines of columns of equal width."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
