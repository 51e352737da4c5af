"""Verdict of an evaluation: good, copies, too alike, unlike the recordings, wrong labels, or too few clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .criteria import AGREEMENT, COVERAGE, DIVERSITY, NO_CLOSER, ONE_NN_ACCURACY, RELATIVE_FRECHET, Criterion, ReportRow
from .prdc import NEAREST_K

GOOD = "good"
UNRELIABLE = "unreliable"
FEW_RECORDINGS = "too few recordings"
FEW_CLIPS = "too few clips"
COPIES = "copies"
FEW_SOUNDS = "too few recorded sounds"
FEW_CLUSTERS = "too few recorded sounds to detect copies"
ALIKE = "too alike"
UNLIKE = "unlike the recordings"
WRONG_LABELS = "wrong labels"

MAX_BY_CHANCE = 2.0  # clips below the limit over the number expected of new clips; up to this there is no evidence
MIN_PER_LABEL = 30  # recordings or clips; with fewer, every metric depends on chance


@dataclass(frozen=True)
class Finding:
    """A short name of one result, and a sentence with its metric."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """All findings, the most serious first; a single one named ``good`` where nothing is wrong."""

    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        """True where nothing is wrong."""
        return [finding.name for finding in self.findings] == [GOOD]

    def __str__(self) -> str:
        """Return the names of the findings and a line for each."""
        names = ", ".join(finding.name for finding in self.findings)
        return "\n".join([f"Verdict: {names}.", *(f"  {finding.sentence}" for finding in self.findings)])


def verdict_of(rows: Sequence[ReportRow]) -> Verdict:
    """Judge the first row of a report.

    Parameters
    ----------
    rows : sequence of ReportRow
        The generated clips first, then the other rows, cheats among them.

    Returns
    -------
    Verdict
        The findings.
    """
    first = rows[0]
    findings = [*_reliability(rows), *_counts(first), *_failures(first)]
    if not findings:
        meaning = "the clips sound like the recordings, are as varied and are no copies of them"
        findings = [Finding(GOOD, f"Every criterion is met: {meaning}.")]
    return Verdict(tuple(findings))


def _reliability(rows: Sequence[ReportRow]) -> Iterator[Finding]:
    """Yield a finding for each cheat that meets every criterion."""
    for row in rows:
        if row.is_cheat and not row.failed:
            yield Finding(
                UNRELIABLE,
                f"A cheat ({row.short_name}) meets every criterion, "
                "so these metrics cannot be trusted for these recordings.",
            )


def _counts(row: ReportRow) -> Iterator[Finding]:
    """Yield findings on labels with too few recordings or clips."""
    labels = row.sample_metrics.labels
    recordings = {label or "all": metrics.n_reference for label, metrics in labels.items()}
    clips = {label or "all": metrics.n_estimate for label, metrics in labels.items()}
    for name, unit, counts, remedy in (
        (FEW_RECORDINGS, "recordings", recordings, "record more"),
        (FEW_CLIPS, "clips", clips, "generate more, 50 a label"),
    ):
        few = {label: count for label, count in counts.items() if count < MIN_PER_LABEL}
        if few:
            listed = ", ".join(f"{label} has {count}" for label, count in few.items())
            yield Finding(
                name,
                f"With fewer than {MIN_PER_LABEL} {unit} per label, chance decides the metric ({listed}); {remedy}.",
            )
    if row.sample_metrics.precision_recall is None:
        sounds = ", ".join(
            f"{label or 'all'} has {each.n_clusters} different sounds in {each.n_reference} recordings"
            for label, each in labels.items()
        )
        yield Finding(
            FEW_SOUNDS,
            f"Precision, recall, density and coverage need {NEAREST_K + 1} different sounds and as many clips "
            f"({sounds}; nearly equal ones count as one); record sounds that differ more.",
        )


def _failures(row: ReportRow) -> Iterator[Finding]:
    """Yield a finding for each kind of problem, with the failed criteria that belong to it."""
    problems = [_problem(criterion, _expected_closer(row)) for criterion in row.criteria if not criterion.is_met]
    for name in (COPIES, FEW_CLUSTERS, ALIKE, UNLIKE, WRONG_LABELS):
        clauses = [clause for problem, clause in problems if problem == name]
        if clauses:
            yield Finding(name, f"{'; '.join(clauses)}.")


def _expected_closer(row: ReportRow) -> float:
    """Return the fraction of new clips expected below the limit: 2 / (n + 1) for the smallest of n distances."""
    labels = row.sample_metrics.labels.values()
    fractions = [2 / (label.n_clusters + 1) for label in labels if label.copying is not None]
    return min(1.0, sum(fractions) / max(len(fractions), 1))


def _problem(criterion: Criterion, expected_closer: float) -> tuple[str, str]:
    """Return the kind of problem that a failed criterion shows, and a clause with its value."""
    value, threshold = criterion.value, criterion.threshold
    percent, limit = f"{100 * value:.0f} %", f"{100 * threshold:.0f} %"
    if criterion.name == NO_CLOSER:
        is_chance = 1 - value <= MAX_BY_CHANCE * expected_closer
        return (FEW_CLUSTERS if is_chance else COPIES), (
            f"{100 * (1 - value):.1f} % of the clips are closer to a recording than different recorded sounds are "
            f"to each other (at most {100 * (1 - threshold):.2g} %; "
            f"about {100 * expected_closer:.1f} % of new sounds are by chance)"
        )
    if criterion.name == DIVERSITY:
        return ALIKE, f"clips of a label differ {value:.2f} times as much as its recordings do (at least {threshold:g})"
    if criterion.name == COVERAGE:
        return ALIKE, f"{percent} of the recorded sounds have a clip near them (at least {limit})"
    if criterion.name == AGREEMENT:
        return WRONG_LABELS, f"the classifier assigns {percent} of the clips to their label (at least {limit})"
    if criterion.name == ONE_NN_ACCURACY:
        return UNLIKE, f"the nearest clip separates {percent} of clips and recordings (at most {limit})"
    embedding = criterion.name.removeprefix(f"{RELATIVE_FRECHET}, ")
    return UNLIKE, (
        f"the clips are {value:.1f} times as far from the recordings as one half of these is from the other, "
        f"by {embedding} (at most {threshold:g})"
    )
