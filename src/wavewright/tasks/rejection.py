"""Leave out generated clips that a classifier does not recognise, or that lie too close to a training clip."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .. import loading
from ..contracts.family import EMBEDDINGS_FILE
from ..errors import BadModel, BadSetting
from ..metrics.distances import pairwise_distances
from ..metrics.embeddings import ClassifierEmbedding, LogMelEmbedding
from ..models.folder import ModelFolder

MOST_REJECTED = 50  # clips for each clip asked for, before giving up
MOST_REDRAWN = 10  # clips for one place that lie too close by the training clips' own limit


@dataclass(frozen=True)
class Judged:
    """A clip ``(channels, time)`` with its label and index, and what the judges said where they were asked."""

    wave: np.ndarray
    label: str | None
    index: int
    confidence: float | None = None
    novelty_db: float | None = None


class Rejection:
    """The limits that clips of a player must keep; counts the clips that did not.

    ``make(label, seed, index)`` gives a clip ``(channels, time)``. ``min_confidence`` None asks no classifier. ``min_novelty`` None leaves out what lies closer to a training clip than the training
    clips of its label lie to each other, for models that remember these; a number is a limit that must be kept, 0 none at all.
    """

    def __init__(
        self,
        player: Any,
        make: Callable[[str | None, int, int], np.ndarray],
        min_confidence: float | None = None,
        min_novelty: float | None = None,
        judge_name: str | None = None,
    ):
        self.player, self.make, self.judge_name = player, make, judge_name
        self.min_confidence, self.min_novelty = min_confidence, min_novelty
        self.n_rejected = self.n_close = 0

    @property
    def is_asked_for(self) -> bool:
        return self.min_confidence is not None or bool(self.min_novelty)

    def choose(self, label: str | None, count: int, seed: int) -> Iterator[Judged]:
        """The first ``count`` clips that keep the limits, one after the other.

        Without a label, clip ``i`` has label number ``i`` modulo their number, and a refused clip gives way to the next of its label:
        so each label gets its share. A clip that is too close by the training clips' own limit gives way MOST_REDRAWN times; then the
        least close of them is taken and counted in ``n_close``. Raises BadSetting where too few clips keep the limits asked for.
        """
        labels = self.player.labels if label is None and self.player.labels else (label,)
        candidates = [
            itertools.count(number, len(labels)) for number in range(len(labels))
        ]  # indices of each label's clips
        for place in range(count):
            number = place % len(labels)
            close: list[Judged] = []
            judged = self._judged(labels[number], next(candidates[number]), seed)
            while not (is_kept := self._keeps_what_is_asked(judged)) or self._is_close(judged):
                close += [judged] * is_kept
                if len(close) > MOST_REDRAWN:
                    judged = max(close, key=lambda other: other.novelty_db or 0.0)
                    self.n_close += 1
                    break
                self.n_rejected += 1
                if self.n_rejected >= MOST_REJECTED * count:
                    raise BadSetting(
                        f"Only {place} of {place + self.n_rejected} clips kept the limits, {count} are asked for; "
                        "lower min_confidence or min_novelty, or ask for fewer."
                    )
                judged = self._judged(labels[number], next(candidates[number]), seed)
            yield judged

    def _judged(self, label: str | None, index: int, seed: int) -> Judged:
        wave = self.make(label, seed, index)
        confidence = novelty_db = None
        mono = wave.mean(axis=0, keepdims=True)
        if self.min_confidence is not None:
            probabilities = self._judge.probabilities(mono, self.player.sample_rate)[0]  # (classes,)
            confidence = next(
                float(p) for name, p in zip(self._judge.labels, probabilities, strict=True) if name == label
            )
        if self.min_novelty or (self.min_novelty is None and self._limits_db is not None):
            novelty_db = self._novelty_db(mono)
        return Judged(wave, label, index, confidence, novelty_db)

    def _keeps_what_is_asked(self, judged: Judged) -> bool:
        is_recognised = judged.confidence is None or judged.confidence >= (self.min_confidence or 0)
        return is_recognised and (judged.novelty_db is None or judged.novelty_db >= (self.min_novelty or 0))

    def _is_close(self, judged: Judged) -> bool:
        """Whether a clip lies closer to a training clip than those of its label lie to each other; asked unless a limit is given."""
        if self.min_novelty is not None or judged.novelty_db is None or self._limits_db is None:
            return False
        number = self.player.labels.index(judged.label) if judged.label is not None and self.player.labels else 0
        return judged.novelty_db < float(self._limits_db[number])

    def _novelty_db(self, wave: np.ndarray) -> float:
        """Log-mel distance from a clip ``(1, time)`` to the nearest training clip."""
        rate = self.player.sample_rate
        embedding = LogMelEmbedding(rate, wave.shape[-1] / rate)(wave, rate)  # (1, d)
        training = self._training_embeddings
        if training.shape[1] != embedding.shape[1]:
            raise BadModel(
                f"The training sounds of {self.player.card.name} are embedded in {training.shape[1]} numbers, where this Wavewright "
                f"takes {embedding.shape[1]}; leave min_novelty out, or export the model again."
            )
        return float(pairwise_distances(training, embedding).min())

    @cached_property
    def _judge(self) -> ClassifierEmbedding:
        labels = set(self.player.labels)
        if not labels:
            raise BadSetting(
                f"{self.player.card.name} has no labels that a classifier could recognise; leave min_confidence out."
            )
        name = self.judge_name or loading.classifier_of(labels)
        if name is None:
            raise BadModel(
                f"No classifier knows the labels {', '.join(sorted(labels))}; give the path of one with --judge."
            )
        judge = ClassifierEmbedding(loading.load_classifier(name))
        missing = sorted(labels - set(judge.labels))
        if missing:
            raise BadSetting(
                f"The classifier {judge.name} does not know {', '.join(missing)}; give another with --judge."
            )
        return judge

    @cached_property
    def _limits_db(self) -> np.ndarray | None:
        """For each label how far apart its training clips lie at least, ``(labels,)``; None where the model does not say."""
        folder: ModelFolder = self.player.folder
        limits = folder.tensors(EMBEDDINGS_FILE).get("limits") if EMBEDDINGS_FILE in folder.card.files else None
        return limits if limits is not None and limits.shape == (max(len(self.player.labels), 1),) else None

    @cached_property
    def _training_embeddings(self) -> np.ndarray:
        folder: ModelFolder = self.player.folder
        if EMBEDDINGS_FILE not in folder.card.files:
            raise BadModel(
                f"{folder.card.name} does not remember its training sounds ({EMBEDDINGS_FILE}); leave min_novelty out."
            )
        embeddings = folder.tensors(EMBEDDINGS_FILE).get("embeddings")
        if embeddings is None or embeddings.ndim != 2 or not len(embeddings):
            raise BadModel(
                f"{folder.path / EMBEDDINGS_FILE} holds no embeddings of shape (clips, numbers); copy the model again."
            )
        return embeddings.astype(np.float64)
