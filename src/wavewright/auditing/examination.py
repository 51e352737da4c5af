"""The parts of an audit of a model that generates sound, over its training and held-out recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ..contracts.generation import ClipRequest, SequenceGenerator
from ..contracts.runtime import Encoder, Generator, Model
from ..metrics.confusion import wilson_interval
from .fingerprint import levels_of
from .membership import Membership, loss_name, losses_of, membership_of
from .memorisation import Scored
from .output import AuditedClip, continuations, generated_clips
from .recitation import (
    REPEATED_LIMITS,
    Nearest,
    Share,
    continued_recordings,
    leave_one_out,
    nearest_recordings,
    p_value,
    repeated_sounds,
)
from .recordings import AuditedRecording
from .report import Comparison, EmbeddingComparison, Recitation

N_PAIRS = 10
"""Nearest pairs that are listed."""

HELD_OUT, OTHERS = "held-out recordings", "recordings among each other"
EMBEDDING_PERCENTILE = 1.0
MIN_SCORED = 10
"""Fewest training and held-out recordings for membership inference."""

Show = Callable[[str, int], Callable[[float], None]]
"""Name and size of a step to a function that shows its progress."""

T = TypeVar("T")
Losses = Callable[[Sequence[T], Callable[[float], None]], list[Scored]]
"""Recordings or pieces, and a function that shows progress, to their losses."""


@dataclass(frozen=True)
class Material:
    """Recordings of an audit."""

    training: tuple[AuditedRecording, ...]  # different recordings that the model may have learned from
    held_out: tuple[AuditedRecording, ...]  # different recordings that it did not learn from; empty without any

    @property
    def baseline(self) -> str:
        """Name of the recordings that generated clips are compared with."""
        return HELD_OUT if self.held_out else OTHERS


@dataclass(frozen=True)
class Examined:
    """Results of :func:`examine_recitation`, with the clips, for the pairs that are written."""

    recitation: Recitation
    clips: dict[str, np.ndarray]


def examine_recitation(
    model: Generator, material: Material, count: int, seed: int, encoder: Encoder | None, show: Show
) -> Examined:
    """Compare what a model generates, and continues recordings with, with its training recordings.

    Recordings are at its sample rate; ``count`` clips are generated, and as many recordings continued.
    """
    step = show("generating", count)
    clips = []
    for number, clip in enumerate(generated_clips(model, count, seed)):
        clips.append(clip)
        step(number + 1)
    rate = model.sample_rate
    show("comparing", 0)
    levels = {clip.name: levels_of(clip.wave, rate) for clip in clips}
    found = nearest_recordings(list(levels.items()), material.training)
    usual = _usual(material, count)
    comparisons, pairs = [_comparison("generated", found, usual)], [found]
    if repeated := repeated_sounds(clips, levels, found):
        usual_repeated = [pair.judged(REPEATED_LIMITS) for pair in usual]
        comparisons.append(_comparison("repeated", repeated, usual_repeated))
        pairs.append(repeated)
    waves = {clip.name: clip.wave for clip in clips}
    if isinstance(model, SequenceGenerator):
        halves, usual_halves = _continued(model, material, count, seed, show, waves)
        if halves:
            comparisons.append(_comparison("continued", halves, usual_halves))
            pairs.append(halves)
    ordered = sorted((pair for of_kind in pairs for pair in of_kind), key=_closeness)
    recited = [pair for pair in _first_of_each(ordered, lambda pair: pair.recording) if pair.is_near]
    nearest = _first_of_each(ordered, lambda pair: pair.clip)[:N_PAIRS]
    embedded = None if encoder is None or not clips else _embedded(encoder, clips, material, rate)
    return Examined(Recitation(tuple(comparisons), material.baseline, tuple(recited), tuple(nearest), embedded), waves)


def examine_membership(model: Model, material: Material, count: int, show: Show) -> Membership | str:
    """Return how well the loss of a model tells training recordings from held-out ones, or why this is not known."""
    name = loss_name(model)
    if not name:
        family = model.card.family
        return f"Membership inference needs a likelihood or a reconstruction, which models of the family {family} lack."

    def losses(recordings: Sequence[AuditedRecording], shown: Callable[[float], None]) -> list[Scored]:
        return losses_of(model, recordings, shown)

    training, held_out = (_most_copied(each) for each in (material.training, material.held_out))
    return membership_or_reason(name, training, held_out, count, losses, show)


def membership_or_reason(
    name: str, training: Sequence[T], held_out: Sequence[T], count: int, losses: Losses[T], show: Show
) -> Membership | str:
    """Return how well a loss tells training material from held-out material, by the first ones, or why not."""
    if not held_out:
        return "Membership inference needs held-out material of the same kind; give --held-out."
    train, others = (losses(each[:count], show("scoring", len(each[:count]))) for each in (training, held_out))
    if min(len(train), len(others)) < MIN_SCORED:
        return (
            f"Membership inference needs {MIN_SCORED} of the training and {MIN_SCORED} held-out ones that the model "
            f"knows, with labels and speakers if it has any; there are {len(train)} and {len(others)}."
        )
    return membership_of(name, train, others)


def _usual(material: Material, count: int) -> list[Nearest]:
    """Return the nearest training recordings of held-out ones, or of the training recordings themselves."""
    if material.held_out:
        clips = [(str(each.entry.path), each.levels) for each in _most_copied(material.held_out)[:count]]
        return nearest_recordings(clips, material.training)
    return leave_one_out(_most_copied(material.training)[:count], material.training)


def _continued(
    model: SequenceGenerator[ClipRequest],
    material: Material,
    count: int,
    seed: int,
    show: Show,
    waves: dict[str, np.ndarray],
) -> tuple[list[Nearest], list[Nearest]]:
    """Return how near continuations of training, and of held-out recordings, are to their second halves."""
    found = []
    for recordings in (_most_copied(each)[:count] for each in (material.training, material.held_out)):
        continued = list(continuations(model, recordings, seed, show("continuing", len(recordings))))
        found.append(continued_recordings(continued, material.training, model.sample_rate))
        waves |= {f"continuation of {each.recording.entry.path}": each.rest for each in continued}
    return found[0], found[1]


def _most_copied(recordings: Sequence[AuditedRecording]) -> list[AuditedRecording]:
    """Return the recordings: those with most copies first, others in an order drawn by a fixed seed."""
    order = np.random.default_rng(0).permutation(len(recordings))
    return [recordings[row] for row in sorted(order, key=lambda row: -recordings[row].n_copies)]


def _comparison(kind: str, found: Sequence[Nearest], usual: Sequence[Nearest]) -> Comparison:
    share, held_out = Share.of(found), Share.of(usual)
    medians = [float(np.median([each.distance_db for each in group])) if group else 0.0 for group in (found, usual)]
    return Comparison(kind, share, held_out, p_value(share, held_out), round(medians[0], 2), round(medians[1], 2))


def _first_of_each(pairs: Sequence[Nearest], key: Callable[[Nearest], object]) -> list[Nearest]:
    """Return the first pair of each key."""
    first: dict[object, Nearest] = {}
    for pair in pairs:
        first.setdefault(key(pair), pair)
    return list(first.values())


def _closeness(pair: Nearest) -> tuple[bool, float]:
    return not pair.is_near, pair.distance_db * pair.ratio


def _embedded(
    encoder: Encoder, clips: Sequence[AuditedClip], material: Material, sample_rate: int
) -> EmbeddingComparison:
    """Return the fraction of clips that are nearer to a training recording than 1 % of the usual ones."""
    training = _vectors(encoder, [each.wave for each in material.training], sample_rate)
    centre = training.mean(axis=0)
    training = _unit(training - centre)
    if material.held_out:
        usual = 1 - (_unit(_vectors(encoder, [e.wave for e in material.held_out], sample_rate) - centre) @ training.T)
    else:
        usual = 1 - training @ training.T
        np.fill_diagonal(usual, np.inf)
    limit = float(np.percentile(usual.min(axis=1), EMBEDDING_PERCENTILE))
    vectors = _unit(_vectors(encoder, [clip.wave for clip in clips], sample_rate) - centre)
    nearest = (1 - vectors @ training.T).min(axis=1)
    share = wilson_interval(int((nearest < limit).sum()), len(nearest))
    return EmbeddingComparison(encoder.name, round(limit, 4), share)


def _vectors(encoder: Encoder, waves: Sequence[np.ndarray], sample_rate: int) -> np.ndarray:
    return np.concatenate([encoder.embed(wave[None], sample_rate) for wave in waves])


def _unit(rows: np.ndarray) -> np.ndarray:
    """Return rows of length 1."""
    result: np.ndarray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return result
