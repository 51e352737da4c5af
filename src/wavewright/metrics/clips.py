"""Clips with labels and groups, as waves or as embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import checked_per_clip, checked_rows, checked_waves


@dataclass(frozen=True)
class Clips:
    """Prepared clips of one length.

    A group holds clips that belong together, such as those of one kit, drum or speaker; it is never split or resampled
    in part.

    Attributes
    ----------
    waves : np.ndarray
        Mono waves, ``(n, time)`` float32.
    sample_rate : int
        Sample rate in hertz.
    labels, groups : np.ndarray
        Label and group of each clip, ``(n,)`` str.
    """

    waves: np.ndarray
    sample_rate: int
    labels: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(
        cls, waves: np.ndarray, sample_rate: int, labels: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Clips:
        """Return checked clips.

        Raises BadAudio if the waves have another shape or values that are not finite; BadSetting if there is not one
        label and one group for each clip.

        Parameters
        ----------
        waves : np.ndarray of shape ``(n, time)``
        sample_rate : int, in Hz
        labels, groups : array_like, optional
            Label and group of each clip, ``(n,)``. By default all clips have the same label, and each is a group of
            its own.

        Returns
        -------
        Clips
            The clips.
        """
        waves = checked_waves(waves)
        return cls(waves, sample_rate, *_labels_and_groups(labels, groups, len(waves)))

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.waves)

    def of_labels(self, labels: Sequence[str]) -> Clips:
        """Return the clips that have one of these labels."""
        rows = np.isin(self.labels, labels)
        return Clips(self.waves[rows], self.sample_rate, self.labels[rows], self.groups[rows])


@dataclass(frozen=True)
class EmbeddedClips:
    """Embeddings of clips with their labels and groups.

    Attributes
    ----------
    embeddings : np.ndarray
        One row for each clip, ``(n, d)`` float64.
    labels, groups : np.ndarray
        See :class:`Clips`.
    """

    embeddings: np.ndarray
    labels: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(
        cls, embeddings: np.ndarray, labels: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> EmbeddedClips:
        """Return checked embeddings.

        Raises BadSetting if the embeddings have another shape or values that are not finite, or there is not one label
        and one group for each clip.

        Parameters
        ----------
        embeddings : np.ndarray of shape ``(n, d)``
            One row for each clip.
        labels, groups : array_like, optional
            As for :meth:`Clips.of`.

        Returns
        -------
        EmbeddedClips
            The embeddings; without labels and groups all have one label, and each is a group of its own.
        """
        embeddings = checked_rows("embeddings", embeddings)
        return cls(embeddings, *_labels_and_groups(labels, groups, len(embeddings)))

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.embeddings)

    def rows_of_label(self, label: str) -> np.ndarray:
        """Return the indices of the clips with this label."""
        return np.flatnonzero(self.labels == label)

    def select(self, rows: np.ndarray) -> EmbeddedClips:
        """Return the clips at these indices, which may repeat."""
        return EmbeddedClips(self.embeddings[rows], self.labels[rows], self.groups[rows])


def _labels_and_groups(
    labels: ArrayLike | None, groups: ArrayLike | None, n_clips: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return one label and one group for each clip as str arrays ``(n_clips,)``."""
    label_of = np.full(n_clips, "") if labels is None else checked_per_clip("labels", labels, n_clips).astype(str)
    group_of = np.arange(n_clips) if groups is None else checked_per_clip("groups", groups, n_clips)
    return label_of, group_of.astype(str)
