"""Compare generated clips with recordings: every metric of the clips, of held-out recordings and of two cheats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..base.errors import BadSetting
from ..base.units import db_to_gain
from .clips import Clips, EmbeddedClips
from .criteria import ReportRow, Thresholds, criteria_of
from .embeddings import ClassifierEmbedding, Embedding
from .relative_frechet import frechet_at_equal_counts
from .report import ClassifierAccuracy, EvaluationReport
from .sampling import Interval
from .set_metrics import (
    ClassifierScores,
    TakesFrom,
    classifier_scores,
    distribution_distances,
    near_duplicate_clusters,
    sample_metrics,
)
from .verdict import verdict_of


def cheat_one_clip_per_class(
    waves: np.ndarray, labels: np.ndarray, count: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Repeat one random recording of each label: a collapsed generator, which satisfies a classifier.

    Raises BadSetting if ``count`` is below 1.

    Parameters
    ----------
    waves : np.ndarray
        Recordings, ``(n, time)``.
    labels : np.ndarray
        Their labels, ``(n,)``.
    count : int
        Clips of each label, at least 1.
    seed : int
        Seed of the draw.

    Returns
    -------
    tuple of np.ndarray
        Waves ``(labels * count, time)`` and their labels.
    """
    _check_count(count)
    rng = np.random.default_rng(seed)
    rows = np.concatenate(
        [np.repeat(rng.choice(np.flatnonzero(labels == label)), count) for label in np.unique(labels)]
    )
    return waves[rows], labels[rows]


def cheat_resampled_copies(
    waves: np.ndarray,
    labels: np.ndarray,
    sample_rate: int,
    count: int,
    seed: int = 0,
    max_speed_change: float = 0.02,
    max_attenuation_db: float = 9.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Alter the speed and the gain of recordings a little: a generator that memorised its training data.

    Every recording of a label is used before one is used again.

    Raises BadSetting if ``count`` is below 1 or the speed change out of range.

    Parameters
    ----------
    waves, labels, count, seed
        As for :func:`cheat_one_clip_per_class`.
    sample_rate : int, in Hz
    max_speed_change : float
        Largest relative change of the speed in both directions, below 0.5; 0.02 is a third of a semitone.
    max_attenuation_db : float
        Largest attenuation in dB.

    Returns
    -------
    tuple of np.ndarray
        Waves ``(labels * count, time)`` float32 and their labels.
    """
    _check_count(count)
    if not 0 <= max_speed_change < 0.5:
        raise BadSetting(f"The largest speed change is {max_speed_change}; it must be at least 0 and below 0.5.")
    rng = np.random.default_rng(seed)
    rows = np.concatenate(
        [_repeated_permutations(np.flatnonzero(labels == label), count, rng) for label in np.unique(labels)]
    )
    speeds = rng.uniform(1.0 - max_speed_change, 1.0 + max_speed_change, len(rows))
    gains = db_to_gain(-rng.uniform(0.0, max_attenuation_db, len(rows)))
    copies = [
        gain * _at_speed(waves[row], speed, sample_rate) for row, speed, gain in zip(rows, speeds, gains, strict=True)
    ]
    return np.stack(copies).astype(np.float32), labels[rows]


def _repeated_permutations(members: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``count`` of the members, all of them in random order before any repeats."""
    rounds = -(-count // len(members))
    return np.concatenate([rng.permutation(members) for _ in range(rounds)])[:count]


def _at_speed(wave: np.ndarray, speed: float, sample_rate: int) -> np.ndarray:
    """Resample ``wave`` ``(time,)`` to another speed, cut or padded to its own length."""
    import soxr

    changed = soxr.resample(wave, sample_rate * speed, sample_rate)[: len(wave)]
    return np.pad(changed, (0, len(wave) - len(changed)))


def _check_count(count: int) -> None:
    if count < 1:
        raise BadSetting(f"The count is {count}; it must be at least 1.")


GENERATED = "generated"
HELD_OUT = "held-out recordings"
ONE_CLIP = "cheat: one clip per label"
ALTERED_COPIES = "cheat: altered copies"

MIN_CLIPS = 6
"""Clips of a set: one, and the five nearest that coverage looks for."""


def compare(
    reference: Clips,
    generated: Clips,
    embeddings: Sequence[Embedding],
    held_out: Clips | None = None,
    thresholds: Thresholds | None = None,
    takes_from: TakesFrom = "distance",
    merge_groups: bool = True,
    cheats: bool = True,
    seed: int = 0,
) -> EvaluationReport:
    """Compare generated clips with the recordings that their model was trained on.

    Labels that a set lacks are left out, with a note.

    Raises BadSetting if no label is in common, the sample rates differ or a metric has too few clips.

    Parameters
    ----------
    reference, generated : Clips
        Recordings and generated clips at one sample rate.
    embeddings : sequence of Embedding
        The first one defines which clips are nearest; each gives distances; a ClassifierEmbedding among them gives
        scores.
    held_out : Clips, optional
        Recordings that the model was not trained on; they have a row of their own.
    thresholds : Thresholds, optional
        Thresholds of the criteria; the defaults of the class if None.
    takes_from : {"distance", "group"}
        Which recordings count as takes of one sound, see :data:`~wavewright.metrics.set_metrics.TakesFrom`.
    merge_groups : bool
        Whether the recordings of a group count as one sound in the limit against copies. Groups that are speakers must
        not be merged.
    cheats : bool
        Whether the report has a row for each of two cheats, which must fail. Each has as many clips a label as the
        generated clips have on average.
    seed : int
        Seed of all draws.

    Returns
    -------
    EvaluationReport
        All metrics, criteria and the verdict.
    """
    common, left_out = _common_labels(reference, generated, held_out)
    recordings, generated = reference.of_labels(common), generated.of_labels(common)
    for name, clips in (("generated clips", generated), ("recordings", recordings)):
        if len(clips) < MIN_CLIPS:
            raise BadSetting(
                f"There are {len(clips)} {name} of common labels; give at least {MIN_CLIPS}, "
                "and fifty a label for reliable metrics."
            )
    notes = [f"Left out, since one set lacks them: {', '.join(left_out)}."] if left_out else []
    if held_out is not None:
        held_out = held_out.of_labels(common)
        if len(held_out) < MIN_CLIPS:
            notes.append(
                f"No row for the held-out recordings: there are {len(held_out)} of these labels, "
                f"and {MIN_CLIPS} are needed."
            )
            held_out = None
    evaluator = _Evaluator(recordings, held_out, embeddings, thresholds or Thresholds(), takes_from, merge_groups, seed)
    rows = [evaluator.row(GENERATED, generated)]
    if held_out is not None:
        rows.append(evaluator.row(HELD_OUT, held_out))
    if cheats:
        rows += evaluator.cheat_rows(max(2, round(len(generated) / len(common))))
    classifier = evaluator.classifier
    return EvaluationReport(
        reference="recordings",
        generated="Generated clips",
        sample_rate=recordings.sample_rate,
        seconds=recordings.waves.shape[1] / recordings.sample_rate,
        n_reference=len(recordings),
        classifier=None if classifier is None else ClassifierAccuracy(classifier.name, classifier.test_accuracy),
        rows=tuple(rows),
        verdict=verdict_of(rows),
        held_out_to_reference=evaluator.from_held_out(evaluator.embedded_recordings),
        notes=tuple(notes),
    )


def _common_labels(reference: Clips, generated: Clips, held_out: Clips | None) -> tuple[list[str], list[str]]:
    """Return the labels of both sets, and those of only one; raise BadSetting where the sets cannot be compared."""
    rates = [clips.sample_rate for clips in (reference, generated, held_out) if clips is not None]
    if len(set(rates)) != 1:
        listed = ", ".join(f"{rate} Hz" for rate in rates)
        raise BadSetting(f"The sets have the sample rates {listed}; resample them to one rate first.")
    names, generated_names = set(reference.labels.tolist()), set(generated.labels.tolist())
    if not names & generated_names:
        raise BadSetting(
            f"The generated clips are labelled {_listed(generated_names)} and the recordings {_listed(names)}; "
            "give folders with common labels, or ignore the labels of both with --label-from none."
        )
    return sorted(names & generated_names), [name or "no label" for name in sorted(names ^ generated_names)]


@dataclass(frozen=True)
class _Evaluator:
    """The recordings, embedded once, and the metrics of any set of clips compared with them."""

    recordings: Clips
    held_out: Clips | None
    embeddings: Sequence[Embedding]
    thresholds: Thresholds
    takes_from: TakesFrom
    merge_groups: bool
    seed: int

    @property
    def first_embedding(self) -> str:
        """Name of the embedding that defines which clips are nearest."""
        return self.embeddings[0].name

    @property
    def classifier(self) -> ClassifierEmbedding | None:
        """The classifier among the embeddings."""
        return next((each for each in self.embeddings if isinstance(each, ClassifierEmbedding)), None)

    @cached_property
    def embedded_recordings(self) -> dict[str, EmbeddedClips]:
        """The recordings in each embedding, by its name."""
        return self.embed(self.recordings)

    @cached_property
    def embedded_held_out(self) -> dict[str, EmbeddedClips]:
        """The held-out recordings in each embedding; empty without them."""
        return {} if self.held_out is None else self.embed(self.held_out)

    @cached_property
    def clusters(self) -> np.ndarray:
        """Sound that each recording is a take of, ``(n,)``."""
        first = self.embeddings[0]
        recordings = self.embedded_recordings[first.name]
        return near_duplicate_clusters(recordings, self.takes_from, first.near_duplicate_distance)

    def row(self, name: str, clips: Clips, is_cheat: bool = False) -> ReportRow:
        """Compute every metric of these clips."""
        embedded = self.embed(clips)
        distances = {
            embedding: distribution_distances(recordings, embedded[embedding], self.seed)
            for embedding, recordings in self.embedded_recordings.items()
        }
        samples = sample_metrics(
            self.embedded_recordings[self.first_embedding],
            embedded[self.first_embedding],
            self.clusters,
            seed=self.seed,
            merge_groups=self.merge_groups,
        )
        scores = self.scores(clips)
        return ReportRow(
            name=name,
            n_clips=len(clips),
            is_cheat=is_cheat,
            criteria=criteria_of(distances, samples, scores, self.thresholds),
            distances=distances,
            sample_metrics=samples,
            scores=scores,
            from_held_out={} if name == HELD_OUT else self.from_held_out(embedded),
        )

    def cheat_rows(self, clips_per_label: int) -> list[ReportRow]:
        """Compute the metrics of two sets of clips that must fail."""
        waves, labels, sample_rate = self.recordings.waves, self.recordings.labels, self.recordings.sample_rate
        one_clip, one_clip_labels = cheat_one_clip_per_class(waves, labels, clips_per_label, self.seed)
        copies, copy_labels = cheat_resampled_copies(waves, labels, sample_rate, clips_per_label, self.seed)
        return [
            self.row(ONE_CLIP, Clips.of(one_clip, sample_rate, one_clip_labels), is_cheat=True),
            self.row(ALTERED_COPIES, Clips.of(copies, sample_rate, copy_labels), is_cheat=True),
        ]

    def embed(self, clips: Clips) -> dict[str, EmbeddedClips]:
        """Return the clips in each embedding, by its name."""
        return {
            embedding.name: EmbeddedClips.of(embedding(clips.waves, clips.sample_rate), clips.labels, clips.groups)
            for embedding in self.embeddings
        }

    def scores(self, clips: Clips) -> ClassifierScores | None:
        """Return the scores of the classifier, None without one."""
        classifier = self.classifier
        if classifier is None:
            return None
        recorded, generated = (
            classifier.probabilities(side.waves, side.sample_rate) for side in (self.recordings, clips)
        )
        return classifier_scores(recorded, self.recordings.labels, generated, clips.labels, classifier.labels)

    def from_held_out(self, embedded: dict[str, EmbeddedClips]) -> dict[str, Interval]:
        """Return the Frechet distances from the held-out recordings by embedding; empty without them."""
        return {
            embedding: frechet_at_equal_counts(held_out, embedded[embedding], seed=self.seed)
            for embedding, held_out in self.embedded_held_out.items()
        }


def _listed(labels: set[str]) -> str:
    return ", ".join(name or "with nothing" for name in sorted(labels))
