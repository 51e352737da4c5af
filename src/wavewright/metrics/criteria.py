"""Criteria of an evaluation: thresholds, and the metrics of each set of clips compared with them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .sampling import Interval
from .set_metrics import ClassifierScores, DistributionDistances, SampleMetrics

AGREEMENT = "label agreement"
RELATIVE_FRECHET = "relative Frechet distance"
DIVERSITY = "diversity"
COVERAGE = "coverage"
ONE_NN_ACCURACY = "1-nearest-neighbour accuracy"
NO_CLOSER = "no closer than recordings"


@dataclass(frozen=True)
class Thresholds:
    """Thresholds that good clips meet; the defaults are those of the bundled drums.

    ``relative_frechet`` and ``one_nn_accuracy`` are upper limits, the others lower limits.

    Attributes
    ----------
    agreement : float
        Fraction of clips that the classifier assigns to their label.
    relative_frechet : float
        Frechet distance to the recordings, relative to that of one half of them to the other.
    diversity : float
        Mean distance within a label, relative to that of the recordings.
    coverage : float
        Fraction of recordings with a generated clip closer than their 5th nearest recording.
    one_nn_accuracy : float
        Accuracy of separating clips from recordings by the nearest clip.
    fraction_no_closer : float
        Fraction of clips no closer to a recording than different recordings are to each other.
    """

    agreement: float = 0.95
    relative_frechet: float = 1.5
    diversity: float = 0.9
    coverage: float = 0.6
    one_nn_accuracy: float = 0.75
    fraction_no_closer: float = 0.99


@dataclass(frozen=True)
class Criterion:
    """The value of a metric compared with its threshold.

    Attributes
    ----------
    name : str
        Name of the metric; that of the relative Frechet distance ends with the embedding.
    value, threshold : float
        The value, and the limit that it must reach or not exceed.
    at_least, is_met : bool
        Whether the threshold is a lower limit, and whether the value is within the limit.
    """

    name: str
    value: float
    threshold: float
    at_least: bool
    is_met: bool

    @classmethod
    def minimum(cls, name: str, value: float, threshold: float) -> Criterion:
        """Return a criterion that is met where the value is at least the threshold."""
        return cls(name, value, threshold, True, value >= threshold)

    @classmethod
    def maximum(cls, name: str, value: float, threshold: float) -> Criterion:
        """Return a criterion that is met where the value is at most the threshold."""
        return cls(name, value, threshold, False, value <= threshold)


@dataclass(frozen=True)
class ReportRow:
    """All metrics of one set of clips.

    Attributes
    ----------
    name : str
        Name of the set in the report.
    n_clips : int
        Number of clips.
    is_cheat : bool
        Whether the set is one that must fail.
    criteria : tuple of Criterion
        The metrics that have a threshold.
    distances : dict of str to DistributionDistances
        Distances by the name of the embedding.
    sample_metrics : SampleMetrics
        Fidelity, diversity and copying in the first embedding.
    scores : ClassifierScores or None
        Scores of the classifier, None without one.
    from_held_out : dict of str to Interval
        Frechet distance from the held-out recordings by the name of the embedding; empty without them.
    """

    name: str
    n_clips: int
    is_cheat: bool
    criteria: tuple[Criterion, ...]
    distances: dict[str, DistributionDistances]
    sample_metrics: SampleMetrics
    scores: ClassifierScores | None
    from_held_out: dict[str, Interval] = field(default_factory=dict)

    @property
    def failed(self) -> list[str]:
        """Names of the criteria that are not met."""
        return [criterion.name for criterion in self.criteria if not criterion.is_met]

    @property
    def short_name(self) -> str:
        """Name without its prefix, such as ``cheat``."""
        return self.name.partition(": ")[2] or self.name


def criteria_of(
    distances: dict[str, DistributionDistances],
    sample_metrics: SampleMetrics,
    scores: ClassifierScores | None,
    thresholds: Thresholds,
) -> tuple[Criterion, ...]:
    """Compare the metrics of a set of clips with the thresholds.

    Parameters
    ----------
    distances : dict of str to DistributionDistances
        Distances by the name of the embedding.
    sample_metrics : SampleMetrics
        Fidelity, diversity and copying.
    scores : ClassifierScores or None
        Scores of the classifier; without them label agreement has no criterion.
    thresholds : Thresholds
        The limits.

    Returns
    -------
    tuple of Criterion
        Label agreement, relative Frechet distance in each embedding, and the sample metrics that could be measured.
    """
    agreement = [] if scores is None else [Criterion.minimum(AGREEMENT, scores.agreement, thresholds.agreement)]
    relative_frechet = [
        Criterion.maximum(
            f"{RELATIVE_FRECHET}, {embedding}", distance.relative_frechet.ratio.value, thresholds.relative_frechet
        )
        for embedding, distance in distances.items()
    ]
    found = sample_metrics.precision_recall
    coverage = [] if found is None else [Criterion.minimum(COVERAGE, found.coverage, thresholds.coverage)]
    return (
        *agreement,
        *relative_frechet,
        Criterion.minimum(DIVERSITY, sample_metrics.diversity, thresholds.diversity),
        *coverage,
        Criterion.maximum(ONE_NN_ACCURACY, sample_metrics.one_nn_accuracy, thresholds.one_nn_accuracy),
        Criterion.minimum(NO_CLOSER, sample_metrics.fraction_no_closer, thresholds.fraction_no_closer),
    )
