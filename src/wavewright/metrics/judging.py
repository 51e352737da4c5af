"""Judge prepared clips by recordings: every figure for the clips, for held-out recordings and for two cheats, in one report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import BadSetting
from .cheats import cheat_one_clip_per_class, cheat_resampled_copies
from .clips import EmbeddedClips
from .closeness import equal_distance
from .embeddings import ClassifierEmbedding, Embedding, checked_waves
from .figures import ScoreFigures, TakesFrom, distance_figures, neighbour_figures, score_figures, sounds_of
from .report import Bars, EvaluationReport, Judge, Row, bars_of
from .sampling import Interval
from .verdict import verdict_of

GENERATED, HELD_OUT = "generated", "held-out recordings"
FEWEST = 6
"""Clips of a side: one, and the five neighbours that coverage looks for."""

ONE_CLIP, ALTERED_COPIES = "cheat: one clip a label", "cheat: altered copies"


@dataclass(frozen=True)
class Clips:
    """Prepared clips: ``waves`` ``(n, time)`` float32 at ``sample_rate`` hertz; ``labels`` and ``groups`` ``(n,)`` text."""

    waves: np.ndarray
    sample_rate: int
    labels: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(
        cls, waves: np.ndarray, sample_rate: int, labels: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Clips:
        """Checked clips; without labels all are alike, without groups each clip is its own.

        Raises BadAudio where the waves are not finite numbers ``(n, time)``, BadSetting where names are not one for each clip.
        """
        waves = checked_waves(waves)
        n = len(waves)
        names = [np.full(n, "") if labels is None else np.asarray(labels).astype(str)]
        names.append(np.arange(n).astype(str) if groups is None else np.asarray(groups).astype(str))
        for what, given in zip(("labels", "groups"), names, strict=True):
            if given.shape != (n,):
                raise BadSetting(f"There are {n} clips and {what} of shape {given.shape}; give one for each clip.")
        return cls(waves, sample_rate, names[0], names[1])

    def __len__(self) -> int:
        return len(self.waves)

    def of_labels(self, labels: Sequence[str]) -> Clips:
        """The clips that have one of these labels."""
        rows = np.isin(self.labels, labels)
        return Clips(self.waves[rows], self.sample_rate, self.labels[rows], self.groups[rows])


def compare(
    reference: Clips,
    generated: Clips,
    embeddings: Sequence[Embedding],
    held_out: Clips | None = None,
    limits: Bars | None = None,
    takes_from: TakesFrom = "distance",
    merge_groups: bool = True,
    cheats: bool = True,
    seed: int = 0,
) -> EvaluationReport:
    """Judge generated clips by the recordings that their model learned from.

    The first embedding says who is whose neighbour, each gives distances, and a ClassifierEmbedding among them gives scores.
    Labels that a side lacks are left out, with a note. ``held_out`` recordings stand beside the generated clips as a row of
    their own. ``merge_groups`` counts the recordings of a group as one drum when it decides what a copy is; do not use
    it for groups that are speakers. Each cheat has as many clips a label as the generated clips have on average. Raises
    BadSetting where no label is
    in common, the sample rates differ or a metric has too few clips.
    """
    common, left_out = _common_labels(reference, generated, held_out)
    recordings, made = reference.of_labels(common), generated.of_labels(common)
    for what, side in (("generated clips", made), ("recordings", recordings)):
        if len(side) < FEWEST:
            raise BadSetting(
                f"There are {len(side)} {what} of common labels; give at least {FEWEST}, and fifty a label for figures that mean much."
            )
    unheard = None if held_out is None else held_out.of_labels(common)
    notes = [f"Left out, since one side lacks them: {', '.join(left_out)}."] if left_out else []
    if unheard is not None and len(unheard) < FEWEST:
        notes.append(
            f"No row for the held-out recordings: there are {len(unheard)} of these labels, and {FEWEST} are needed."
        )
        unheard = None
    judging = _Judging(recordings, unheard, embeddings, limits or Bars(), takes_from, merge_groups, seed)
    rows = [judging.row(GENERATED, made)]
    if unheard is not None:
        rows.append(judging.row(HELD_OUT, unheard))
    if cheats:
        rows += judging.cheat_rows(max(2, round(len(made) / len(common))))
    return EvaluationReport(
        reference="recordings",
        generated="Generated clips",
        sample_rate=recordings.sample_rate,
        seconds=recordings.waves.shape[1] / recordings.sample_rate,
        n_reference=len(recordings),
        judge=None if judging.judge is None else Judge(judging.judge.name, judging.judge.test_accuracy),
        rows=tuple(rows),
        verdict=verdict_of(rows),
        held_out_to_reference=judging.from_held_out(judging.embedded_recordings),
        notes=tuple(notes),
    )


def _common_labels(reference: Clips, generated: Clips, held_out: Clips | None) -> tuple[list[str], list[str]]:
    """The labels that both sides have, and those that only one has; raises BadSetting where sides cannot be compared."""
    rates = [side.sample_rate for side in (reference, generated, held_out) if side is not None]
    if len(set(rates)) != 1:
        raise BadSetting(
            f"The sides have the sample rates {', '.join(f'{rate} Hz' for rate in rates)}; bring them to one rate first."
        )
    names, made_names = set(reference.labels.tolist()), set(generated.labels.tolist())
    if not names & made_names:
        raise BadSetting(
            f"The generated clips are labelled {_listed(made_names)} and the recordings {_listed(names)}; "
            "give sides with common labels, or take no labels from either with --label-from none."
        )
    return sorted(names & made_names), [name or "no label" for name in sorted(names ^ made_names)]


class _Judging:
    """The recordings, embedded once, and what is measured of any set of clips beside them."""

    def __init__(
        self,
        recordings: Clips,
        held_out: Clips | None,
        embeddings: Sequence[Embedding],
        limits: Bars,
        takes_from: TakesFrom,
        merge_groups: bool,
        seed: int,
    ) -> None:
        self.recordings = recordings
        self.embeddings = embeddings
        self.first = embeddings[0].name
        self.limits = limits
        self.seed = seed
        self.judge = next((embedding for embedding in embeddings if isinstance(embedding, ClassifierEmbedding)), None)
        self.embedded_recordings = self.embed(recordings)
        self.embedded_held_out = {} if held_out is None or not len(held_out) else self.embed(held_out)
        self.merge_groups = merge_groups
        self.sounds = sounds_of(self.embedded_recordings[self.first], takes_from, embeddings[0].near_duplicate_distance)

    def row(self, name: str, clips: Clips, is_cheat: bool = False) -> Row:
        """Every figure of these clips."""
        embedded = self.embed(clips)
        distances = {
            key: distance_figures(recordings, embedded[key], self.seed)
            for key, recordings in self.embedded_recordings.items()
        }
        recordings, made = self.embedded_recordings[self.first], embedded[self.first]
        neighbours = neighbour_figures(recordings, made, self.sounds, seed=self.seed, merge_groups=self.merge_groups)
        scores = self.scores(clips)
        return Row(
            name=name,
            n_clips=len(clips),
            is_cheat=is_cheat,
            bars=bars_of(distances, neighbours, scores, self.limits),
            distances=distances,
            neighbours=neighbours,
            scores=scores,
            from_held_out={} if name == HELD_OUT else self.from_held_out(embedded),
        )

    def cheat_rows(self, count: int) -> list[Row]:
        """What the metrics say of ``count`` clips a label that nobody should call good."""
        waves, labels, sample_rate = self.recordings.waves, self.recordings.labels, self.recordings.sample_rate
        one_clip = cheat_one_clip_per_class(waves, labels, count, self.seed)
        copies = cheat_resampled_copies(waves, labels, sample_rate, count, self.seed)
        return [
            self.row(name, Clips.of(made, sample_rate, made_labels), is_cheat=True)
            for name, (made, made_labels) in ((ONE_CLIP, one_clip), (ALTERED_COPIES, copies))
        ]

    def embed(self, clips: Clips) -> dict[str, EmbeddedClips]:
        """The clips as each embedding hears them, by its name."""
        return {
            embedding.name: EmbeddedClips.of(embedding(clips.waves, clips.sample_rate), clips.labels, clips.groups)
            for embedding in self.embeddings
        }

    def scores(self, clips: Clips) -> ScoreFigures | None:
        """Scores by the classifier, None without one."""
        if self.judge is None:
            return None
        probabilities = [self.judge.probabilities(side.waves, side.sample_rate) for side in (self.recordings, clips)]
        return score_figures(
            probabilities[0], self.recordings.labels, probabilities[1], clips.labels, self.judge.labels
        )

    def from_held_out(self, embedded: dict[str, EmbeddedClips]) -> dict[str, Interval]:
        """Frechet distances from the held-out recordings, by embedding; empty without them."""
        return {
            key: equal_distance(clips, embedded[key], seed=self.seed) for key, clips in self.embedded_held_out.items()
        }


def _listed(labels: set[str]) -> str:
    return ", ".join(name or "with nothing" for name in sorted(labels))
