"""Rejection sampling of clips: leave out those that a classifier doubts, or that are too close to a training clip."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..base.errors import BadModel, BadSetting, unsupported
from ..contracts.family import EMBEDDINGS_FILE
from ..contracts.runtime import Generator
from ..families import loading
from ..metrics.distances import pairwise_distances
from ..metrics.embeddings import ClassifierEmbedding, LogMelEmbedding

MAX_REJECTED = 50  # for each requested clip, before the call fails
MAX_NEAR_COPIES = 10  # in place of one clip, before the one farthest from the training clips is taken

ClipFunction = Callable[[str | None, int, int], np.ndarray]
"""Label, seed and index to a clip ``(channels, time)``."""


@dataclass(frozen=True)
class ScoredClip:
    """A generated clip ``(channels, time)``, its label, its number among the clips of the seed, and its scores."""

    wave: np.ndarray
    label: str | None
    index: int
    confidence: float | None = None  # probability that the classifier assigns to the label; None without a classifier
    novelty_db: float | None = None  # log-mel distance to the nearest training clip; None where no limit is checked


@dataclass
class RejectionSampler:
    """Draws clips until enough of them meet the limits.

    - ``generate_clip``: label, seed and index to a clip ``(channels, time)``.
    - ``min_confidence``: smallest probability that a classifier assigns to the label; None for no classifier.
    - ``min_novelty_db``: smallest distance to a training clip, 0 for none. None compares with the limit that the model
      stores for each label, if it does: the smallest distance between training clips of different groups.
    - ``n_rejected``: clips that were left out.
    - ``n_near_copies``: clips below the stored limit that were taken for want of better ones.
    """

    model: Generator
    generate_clip: ClipFunction
    min_confidence: float | None = None
    min_novelty_db: float | None = None
    classifier: str | None = None
    n_rejected: int = field(default=0, init=False)
    n_near_copies: int = field(default=0, init=False)

    def sample(self, label: str | None, count: int, seed: int) -> Iterator[ScoredClip]:
        """Yield the first ``count`` clips that meet the limits.

        Without a label, clip ``i`` has label ``i`` modulo their number, and the next clip of the same label replaces a
        rejected one, so that every label has as many clips. After MAX_NEAR_COPIES clips below the stored limit, the
        farthest of them is taken.

        - ``label``: one of the model's labels; by default all in turn.
        - ``count``: number of clips.
        - ``seed``: seed of the clips.

        Raises BadSetting if too few clips meet the limits of the call.
        """
        labels = self.model.labels if label is None and self.model.labels else (label,)
        indices = [itertools.count(first, len(labels)) for first in range(len(labels))]  # of each label's clips
        for position in range(count):
            number = position % len(labels)
            near_copies: list[ScoredClip] = []
            clip = self._draw(labels[number], next(indices[number]), seed)
            while not (meets_limits := self._meets_limits(clip)) or self._is_near_copy(clip):
                if meets_limits:
                    near_copies.append(clip)
                if len(near_copies) > MAX_NEAR_COPIES:
                    clip = max(near_copies, key=lambda each: each.novelty_db or 0.0)
                    self.n_near_copies += 1
                    break
                self.n_rejected += 1
                if self.n_rejected >= MAX_REJECTED * count:
                    raise BadSetting(
                        f"Only {position} of {position + self.n_rejected} clips met the limits, {count} are requested; "
                        "lower min_confidence or min_novelty, or request fewer."
                    )
                clip = self._draw(labels[number], next(indices[number]), seed)
            yield clip

    def _draw(self, label: str | None, index: int, seed: int) -> ScoredClip:
        """Generate a clip and compute the scores that are compared with limits."""
        wave = self.generate_clip(label, seed, index)
        mono = wave.mean(axis=0, keepdims=True)
        confidence = None if self.min_confidence is None else self._confidence(mono, label)
        has_novelty_limit = self._limits_db is not None if self.min_novelty_db is None else self.min_novelty_db > 0
        novelty_db = self._novelty_db(mono) if has_novelty_limit else None
        return ScoredClip(wave, label, index, confidence, novelty_db)

    def _confidence(self, wave: np.ndarray, label: str | None) -> float:
        """Return the probability of a label for a clip ``(1, time)``."""
        probabilities = self._classifier.probabilities(wave, self.model.sample_rate)[0]  # (classes,)
        by_label = dict(zip(self._classifier.labels, probabilities, strict=True))
        return float(by_label[str(label)])

    def _meets_limits(self, clip: ScoredClip) -> bool:
        """Return True unless a clip is below a limit of the call."""
        is_recognised = clip.confidence is None or clip.confidence >= (self.min_confidence or 0)
        return is_recognised and (clip.novelty_db is None or clip.novelty_db >= (self.min_novelty_db or 0))

    def _is_near_copy(self, clip: ScoredClip) -> bool:
        """Return True for a clip below the stored limit of its label, which counts unless the call sets one."""
        if self.min_novelty_db is not None or clip.novelty_db is None or self._limits_db is None:
            return False
        number = self.model.labels.index(clip.label) if clip.label is not None and self.model.labels else 0
        return clip.novelty_db < float(self._limits_db[number])

    def _novelty_db(self, wave: np.ndarray) -> float:
        """Return the log-mel distance from a clip ``(1, time)`` to the nearest training clip."""
        sample_rate = self.model.sample_rate
        embedding = LogMelEmbedding(sample_rate, wave.shape[-1] / sample_rate)(wave, sample_rate)  # (1, d)
        training = self._training_embeddings
        if training.shape[1] != embedding.shape[1]:
            raise BadModel(
                f"{self.model.name} stores training embeddings of size {training.shape[1]}, where this Wavewright "
                f"computes {embedding.shape[1]}; leave min_novelty out, or export the model again."
            )
        return float(pairwise_distances(training, embedding).min())

    @cached_property
    def _classifier(self) -> ClassifierEmbedding:
        """The classifier, which must know all labels of the model."""
        labels = set(self.model.labels)
        if not labels:
            raise unsupported(self.model.name, "has no labels for a classifier to recognise", "min_confidence")
        name = self.classifier or loading.classifier_of(labels)
        if name is None:
            raise BadModel(
                f"No classifier knows the labels {', '.join(sorted(labels))}; give the path of one with --classifier."
            )
        classifier = ClassifierEmbedding(loading.load_classifier(name))
        missing = sorted(labels - set(classifier.labels))
        if missing:
            raise BadSetting(
                f"The classifier {classifier.name} does not know {', '.join(missing)}; give another with --classifier."
            )
        return classifier

    @cached_property
    def _limits_db(self) -> np.ndarray | None:
        """The stored limit of each label, ``(labels,)``; None for a model that stores none."""
        folder = self.model.folder
        limits = folder.tensors(EMBEDDINGS_FILE).get("limits") if EMBEDDINGS_FILE in folder.card.files else None
        return limits if limits is not None and limits.shape == (max(len(self.model.labels), 1),) else None

    @cached_property
    def _training_embeddings(self) -> np.ndarray:
        """The stored embeddings of the training clips, ``(n, d)`` float64."""
        folder = self.model.folder
        if EMBEDDINGS_FILE not in folder.card.files:
            reason = f"does not store embeddings of its training clips ({EMBEDDINGS_FILE})"
            raise unsupported(self.model.name, reason, "min_novelty")
        embeddings = folder.tensors(EMBEDDINGS_FILE).get("embeddings")
        if embeddings is None or embeddings.ndim != 2 or not len(embeddings):
            raise BadModel(
                f"{folder.path / EMBEDDINGS_FILE} holds no embeddings of shape (clips, numbers); copy the model again."
            )
        return embeddings.astype(np.float64)
