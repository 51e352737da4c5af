"""Embedded clips: rows of numbers with their labels and groups, checked once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import BadSetting
from .distances import checked_rows


@dataclass(frozen=True)
class EmbeddedClips:
    """Clips of one side: ``embeddings`` ``(n, d)``, ``labels`` ``(n,)`` and ``groups`` ``(n,)`` as strings.

    A group is what must stay together when recordings are split or drawn: a kit, a drum, a speaker.
    """

    embeddings: np.ndarray
    labels: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(
        cls, embeddings: np.ndarray, labels: np.ndarray | None = None, groups: np.ndarray | None = None
    ) -> EmbeddedClips:
        """Checked clips; without labels all are alike, without groups each clip is its own.

        Raises BadSetting where the embeddings are not finite numbers ``(n, d)``, or names are not one for each row.
        """
        embeddings = checked_rows("embeddings", embeddings)
        n = len(embeddings)
        return cls(
            embeddings,
            np.full(n, "") if labels is None else _names("labels", labels, n),
            np.arange(n).astype(str) if groups is None else _names("groups", groups, n),
        )

    def __len__(self) -> int:
        return len(self.embeddings)

    def of_label(self, label: str) -> np.ndarray:
        """Indices of the clips with this label."""
        return np.flatnonzero(self.labels == label)

    def take(self, rows: np.ndarray) -> EmbeddedClips:
        """The clips at these indices, which may repeat."""
        return EmbeddedClips(self.embeddings[rows], self.labels[rows], self.groups[rows])


def _names(what: str, names: np.ndarray, n: int) -> np.ndarray:
    names = np.asarray(names).astype(str)
    if names.shape != (n,):
        raise BadSetting(f"There are {n} clips and {what} of shape {names.shape}; give one for each clip.")
    return names
