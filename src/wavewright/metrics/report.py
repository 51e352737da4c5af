"""What an evaluation found, as numbers to keep and as text to read: every metric beside its bar, cheats included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .figures import DistanceFigures, NeighbourFigures, ScoreFigures
from .sampling import Interval
from .verdict import Verdict

CLOSENESS = "closeness, "  # begins the name of a bar, the embedding's name ends it


@dataclass(frozen=True)
class Bars:
    """What clips must reach to count as good; the defaults are those of the bundled drums."""

    agreement: float = 0.95  # share of clips that the classifier takes for what they should be, at least
    closeness: float = 1.5  # Frechet distance to the recordings over that of one half of them to the other, at most
    diversity: float = 0.9  # mean distance within a label over that of the recordings, at least
    coverage: float = 0.6  # share of recorded sounds with a clip among their nearest neighbours, at least
    nearest_accuracy: float = 0.75  # of telling clips from recordings by the nearest neighbour, at most
    share_no_closer: float = 0.99  # share of clips no closer to a recording than recordings are to each other, at least


@dataclass(frozen=True)
class Bar:
    """One value against its bar."""

    name: str
    value: float
    limit: float
    at_least: bool
    is_kept: bool

    @classmethod
    def of(cls, name: str, value: float, limit: float, at_least: bool) -> Bar:
        """A bar that is kept where the value is ``at_least`` the limit, or else at most the limit."""
        return cls(name, value, limit, at_least, value >= limit if at_least else value <= limit)


@dataclass(frozen=True)
class Row:
    """All figures of one set of clips; ``distances`` and ``from_held_out`` (Frechet) by the name of the embedding."""

    name: str
    n_clips: int
    is_cheat: bool
    bars: tuple[Bar, ...]
    distances: dict[str, DistanceFigures]
    neighbours: NeighbourFigures
    scores: ScoreFigures | None
    from_held_out: dict[str, Interval] = field(default_factory=dict)

    @property
    def failed(self) -> list[str]:
        """The names of the bars that are missed."""
        return [bar.name for bar in self.bars if not bar.is_kept]


def bars_of(
    distances: dict[str, DistanceFigures], neighbours: NeighbourFigures, scores: ScoreFigures | None, limits: Bars
) -> tuple[Bar, ...]:
    """Every bar, with the values of these figures."""
    agreement = [] if scores is None else [Bar.of("label agreement", scores.agreement, limits.agreement, True)]
    closeness = [
        Bar.of(f"{CLOSENESS}{name}", figures.closeness.ratio.value, limits.closeness, False)
        for name, figures in distances.items()
    ]
    return (
        *agreement,
        *closeness,
        Bar.of("diversity", neighbours.diversity, limits.diversity, True),
        Bar.of("coverage", neighbours.manifold.coverage, limits.coverage, True),
        Bar.of("1-nearest-neighbour accuracy", neighbours.nearest_accuracy, limits.nearest_accuracy, False),
        Bar.of("no closer than recordings", neighbours.share_no_closer, limits.share_no_closer, True),
    )


@dataclass(frozen=True)
class Judge:
    """The classifier behind the scores; its accuracy on recordings that it never heard is None where its card does not say."""

    name: str
    test_accuracy: float | None


@dataclass(frozen=True)
class EvaluationReport:
    """The result of an evaluation; its text has a table of all rows, the first row label by label, and the verdict."""

    reference: str
    generated: str
    sample_rate: int
    seconds: float
    n_reference: int
    judge: Judge | None
    rows: tuple[Row, ...]
    verdict: Verdict
    held_out_to_reference: dict[str, Interval] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> list[str]:
        """The names of the bars that the generated clips miss."""
        return self.rows[0].failed

    @property
    def undetected_cheats(self) -> list[str]:
        """The cheats that keep every bar: where there are any, the metric is wrong for these recordings."""
        return [row.name for row in self.rows if row.is_cheat and not row.failed]

    def table(self) -> list[list[str]]:
        """Rows of text cells: a heading, then each figure with its bar and its value for every set of clips."""
        lines = [["", "bar", *(row.name for row in self.rows)], ["clips", "", *(str(row.n_clips) for row in self.rows)]]
        for index, bar in enumerate(self.rows[0].bars):
            cells = [_cell(row.bars[index], row) for row in self.rows]
            lines.append([bar.name, f"{'>=' if bar.at_least else '<='} {bar.limit:g}", *cells])
        for name, of in self._figures():
            lines.append([name, "", *(of(row) for row in self.rows)])
        return lines

    def __str__(self) -> str:
        heading = [
            f"{self.generated} judged by {self.n_reference} recordings of {self.reference}, "
            f"the first {self.seconds:.2f} s at {self.sample_rate} Hz"
        ]
        if self.judge is not None:
            known = "was not measured" if self.judge.test_accuracy is None else f"is {self.judge.test_accuracy:.1%}"
            heading.append(f"classifier {self.judge.name}, whose accuracy on recordings it never heard {known}")
        return "\n".join(
            [
                *heading,
                "",
                *_aligned(self.table()),
                "",
                *self._label_lines(),
                "",
                *self._bar_lines(),
                *self.notes,
                "",
                str(self.verdict),
            ]
        )

    def _figures(self) -> list[tuple[str, Callable[[Row], str]]]:
        """The figures without a bar: their names, and the text of each for a row."""
        figures: list[tuple[str, Callable[[Row], str]]] = []
        for name in self.rows[0].distances:
            figures += _distance_figures(name, bool(self.rows[0].from_held_out))
        figures += [
            (
                "precision / recall",
                lambda row: f"{row.neighbours.manifold.precision:.2f} / {row.neighbours.manifold.recall:.2f}",
            ),
            ("density", lambda row: f"{row.neighbours.manifold.density:.2f}"),
        ]
        if self.rows[0].scores is not None:
            figures += [
                ("inception score (recordings)", lambda row: _scores(row, "inception")),
                ("modified, all pairs (recordings)", lambda row: _scores(row, "modified_inception")),
                ("modified, within labels (recordings)", lambda row: _scores(row, "modified_inception_within")),
                ("AM score (recordings)", lambda row: _scores(row, "am")),
            ]
        return figures

    def _label_lines(self) -> list[str]:
        first = self.rows[0]
        lines = [["label", "recordings", "sounds", "clips", "diversity", "1-NN", "limit", "closest", "no closer"]]
        for label, figures in first.neighbours.labels.items():
            copying = figures.copying
            distances = ("-", "-", "-")
            if copying is not None:
                distances = (f"{copying.limit:.2f}", f"{copying.estimate.min():.2f}", f"{copying.share_no_closer:.3f}")
            counts = (figures.n_reference, figures.n_sounds, figures.n_estimate)
            lines.append(
                [
                    label or "all",
                    *map(str, counts),
                    _or_dash(figures.diversity),
                    _or_dash(figures.nearest_accuracy),
                    *distances,
                ]
            )
        return [f"{first.name}, label by label", *_aligned(lines)]

    def _bar_lines(self) -> list[str]:
        """Return lines on the bars that are met or missed, and on whether the metrics detect the cheats."""
        lines = [
            f"Every bar is kept by {self.rows[0].name}." if not self.failed else f"Missed: {', '.join(self.failed)}."
        ]
        cheats = [row for row in self.rows if row.is_cheat]
        for row in cheats:
            name = row.name.partition(": ")[2] or row.name
            passed = f"passed, they are noticed by {', '.join(row.failed)}"
            lines.append(f"Check with a cheat, {name}: {passed if row.failed else 'failed, nothing notices them'}.")
        for name, interval in self.held_out_to_reference.items():
            lines.append(
                f"Frechet distance, {name}, from the held-out recordings to those learned from: {_text(interval)}."
            )
        return lines


def _distance_figures(name: str, has_held_out: bool) -> list[tuple[str, Callable[[Row], str]]]:
    """The figures of one embedding that have no bar."""

    def infinity(row: Row) -> str:
        line = row.distances[name].infinity
        return "-" if line is None else f"{line.value:.3g}, {line.r_squared:.2f}"

    def bins(row: Row) -> str:
        result = row.distances[name].ndb
        return f"{result.different}/{result.n_bins}, {result.js_divergence:.3f}"

    figures: list[tuple[str, Callable[[Row], str]]] = [
        (f"Frechet distance, {name}", lambda row: _text(row.distances[name].closeness.generated)),
        ("  half to half", lambda row: _text(row.distances[name].closeness.half_to_half)),
        ("  clips a side", lambda row: str(row.distances[name].closeness.n_clips)),
    ]
    if has_held_out:
        figures.append(
            ("  from the held-out", lambda row: _text(row.from_held_out[name]) if row.from_held_out else "-")
        )
    return [
        *figures,
        ("  at infinity, R squared", infinity),
        (f"kernel distance x 100, {name}", lambda row: f"{100 * row.distances[name].kernel_rbf:.2f}"),
        (f"NDB/k, JS divergence, {name}", bins),
    ]


def _cell(bar: Bar, row: Row) -> str:
    """The value of a bar, with its interval where there is one, and whether it fails."""
    text = f"{bar.value:.3f}" if bar.at_least else f"{bar.value:.2f}"
    if bar.name.startswith(CLOSENESS):
        text = _text(row.distances[bar.name.removeprefix(CLOSENESS)].closeness.ratio)
    return text if bar.is_kept else f"{text} noticed" if row.is_cheat else f"{text} fails"


def _scores(row: Row, name: str) -> str:
    if row.scores is None:
        return "-"
    return f"{getattr(row.scores, name):.2f} ({getattr(row.scores, f'reference_{name}'):.2f})"


def _text(interval: Interval) -> str:
    return f"{interval.value:.3g} ({interval.low:.3g} to {interval.high:.3g})"


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _aligned(lines: list[list[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
