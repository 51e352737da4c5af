"""Batches with the embeddings of the recordings, which the loss against copies compares with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.one_shots import OneShotBatches
from ...metrics.reference import Reference


@dataclass(frozen=True)
class CopyLossBatches:
    """Batches of one-shots with the embeddings that generated clips have to stay away from.

    Attributes
    ----------
    batches : OneShotBatches
        The batches without embeddings.
    reference : Reference
        Embeddings of the training clips and the limit of each label.
    """

    batches: OneShotBatches
    reference: Reference

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the batch of :class:`OneShotBatches` with the embeddings, which are the same in every batch.

        Returns
        -------
        dict
            Also ``recordings (n, d)``, ``recording_labels (n,)`` and ``limits (labels,)``.
        """
        recordings = {
            "recordings": self.reference.all_embeddings,
            "recording_labels": np.array(self.batches.clips.labels, np.int64),
            "limits": self.reference.limits,
        }
        return self.batches(step) | recordings
