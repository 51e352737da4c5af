"""Verdict of an evaluation: good, copies, too alike, unlike the recordings, wrong labels, or too few clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .report import Bar, Row

GOOD, UNRELIABLE, FEW_RECORDINGS, FEW_CLIPS = "good", "unreliable", "too few recordings", "too few clips"
FEW_SOUNDS = "too few recorded sounds to tell copies by"
COPIES, ALIKE, UNLIKE, WRONG_LABELS = "copies", "too alike", "unlike the recordings", "wrong labels"

COMMON_BY_CHANCE = 2.0  # clips below the limit over those expected of new sounds; up to this there is no evidence
FEWEST_A_LABEL = 30  # recordings or clips; with fewer, every metric depends on chance


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
        return [finding.name for finding in self.findings] == [GOOD]

    def __str__(self) -> str:
        named = ", ".join(finding.name for finding in self.findings)
        return "\n".join([f"Verdict: {named}.", *(f"  {finding.sentence}" for finding in self.findings)])


def verdict_of(rows: Sequence[Row]) -> Verdict:
    """Return the verdict on the first row; ``rows`` are those of a report, cheats among them."""
    first = rows[0]
    findings = [*_reliability(rows), *_counts(first), *_misses(first)]
    if not findings:
        what = "they sound like the recordings, are as varied and are no copies of them"
        findings = [Finding(GOOD, f"Every bar is kept: {what}.")]
    return Verdict(tuple(findings))


def _reliability(rows: Sequence[Row]) -> Iterator[Finding]:
    """Yield a finding for each cheat that meets every bar."""
    for row in rows:
        if row.is_cheat and not row.failed:
            cheat = row.name.partition(": ")[2] or row.name
            yield Finding(
                UNRELIABLE,
                f"A cheat ({cheat}) keeps every bar, so these figures cannot be trusted for these recordings.",
            )


def _counts(row: Row) -> Iterator[Finding]:
    """Yield findings on labels with too few recordings or clips."""
    labels = row.neighbours.labels
    recordings = {label or "all": figures.n_reference for label, figures in labels.items()}
    clips = {label or "all": figures.n_estimate for label, figures in labels.items()}
    for name, counts, remedy in (
        (FEW_RECORDINGS, recordings, "record more"),
        (FEW_CLIPS, clips, "generate more, 50 a label"),
    ):
        few = {label: count for label, count in counts.items() if count < FEWEST_A_LABEL}
        if few:
            listed = ", ".join(f"{label} has {count}" for label, count in few.items())
            what = name.removeprefix("too few ")
            yield Finding(
                name, f"With fewer than {FEWEST_A_LABEL} {what} a label chance decides much ({listed}); {remedy}."
            )


def _misses(row: Row) -> Iterator[Finding]:
    """Yield a finding for each kind of problem, with the missed bars that belong to it."""
    missed = [_problem(bar, _expected_closer(row)) for bar in row.bars if not bar.is_kept]
    for name in (COPIES, FEW_SOUNDS, ALIKE, UNLIKE, WRONG_LABELS):
        sentences = [sentence for kind, sentence in missed if kind == name]
        if sentences:
            yield Finding(name, f"{'; '.join(sentences)}.")


def _expected_closer(row: Row) -> float:
    """Return the fraction of new sounds expected below the limit: 2 / (n + 1) for the smallest of n distances."""
    labels = row.neighbours.labels.values()
    shares = [2 / (label.n_sounds + 1) for label in labels if label.copying is not None]
    return min(1.0, sum(shares) / max(len(shares), 1))


def _problem(bar: Bar, expected_closer: float) -> tuple[str, str]:
    """Return the kind of problem that a missed bar shows, and a clause with its value."""
    value, limit = bar.value, bar.limit
    percent, bound = f"{100 * value:.0f} %", f"{100 * limit:.0f} %"
    if bar.name == "no closer than recordings":
        closer = f"{100 * (1 - value):.1f} % of the clips lie closer to a recording than different recorded sounds to each other"
        chance = f"at most {100 * (1 - limit):.2g} %; new sounds come to about {100 * expected_closer:.1f} % by chance"
        return (FEW_SOUNDS if 1 - value <= COMMON_BY_CHANCE * expected_closer else COPIES), f"{closer} ({chance})"
    if bar.name == "diversity":
        return ALIKE, f"clips of a label differ {value:.2f} times as much as its recordings do (at least {limit:g})"
    if bar.name == "coverage":
        return ALIKE, f"{percent} of the recorded sounds have a clip near them (at least {bound})"
    if bar.name == "label agreement":
        return WRONG_LABELS, f"the classifier takes {percent} of the clips for what they should be (at least {bound})"
    if bar.name == "1-nearest-neighbour accuracy":
        return UNLIKE, f"the nearest neighbour tells {percent} of clips and recordings apart (at most {bound})"
    embedding = bar.name.partition(", ")[2]
    far = f"clips lie {value:.1f} times as far from the recordings as these, in halves, from each other"
    return UNLIKE, f"{far}, by {embedding} (at most {limit:g})"
