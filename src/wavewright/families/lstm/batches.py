"""Batches of whitened frames: crops of endless clips, whole clips otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...contracts.recipe import Batch
from ...data.sequences import CropSampler
from ...dsp.position import POSITION_FEATURES, position_features
from .config import LstmConfig
from .statistics import Whitening


@dataclass(frozen=True)
class FrameClips:
    """Whitened frames of clips, ``(frames, n_features)`` each, with their label and speaker indices ``(n,)``."""

    whitened: tuple[np.ndarray, ...]
    labels: np.ndarray
    speakers: np.ndarray

    def subset(self, rows: Sequence[int]) -> FrameClips:
        """Return the clips in these rows."""
        return FrameClips(tuple(self.whitened[row] for row in rows), self.labels[rows], self.speakers[rows])

    def rewhitened(self, old: Whitening, new: Whitening) -> FrameClips:
        """Return the same clips, whitened by ``new`` instead of ``old``."""
        whitened = tuple(new.whiten(old.unwhiten(clip)) for clip in self.whitened)
        return FrameClips(whitened, self.labels, self.speakers)

    def draw_excerpts(self, n_labels: int, count: int, n_frames: int) -> np.ndarray:
        """Return excerpts of each label at random positions, ``(n_labels, count, n_frames, n_features)``.

        The last frame of a clip that is shorter is repeated.
        """
        rng = np.random.default_rng(0)
        lengths = np.array([len(clip) for clip in self.whitened])
        excerpts = np.zeros((n_labels, count, n_frames, self.whitened[0].shape[1]), np.float32)
        for label in range(n_labels):
            own = np.flatnonzero(self.labels == label)
            rows, starts = CropSampler(lengths[own], count, n_frames).draw(rng)
            for index, (row, start) in enumerate(zip(own[rows], starts, strict=True)):
                excerpt = self.whitened[row][start : start + n_frames]
                excerpts[label, index] = np.pad(excerpt, ((0, n_frames - len(excerpt)), (0, 0)), mode="edge")
        return excerpts


@dataclass(frozen=True)
class FrameBatches:
    """Batches of frames; the batch of a step is a pure function of the step."""

    clips: FrameClips
    config: LstmConfig
    batch_size: int
    seed: int
    crop_frames: int | None  # of endless clips; None for whole clips

    @property
    def lengths(self) -> np.ndarray:
        """Frames of each clip, ``(n,)``."""
        return np.array([len(clip) for clip in self.clips.whitened])

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step; see :meth:`batch_of`."""
        rng = np.random.default_rng([self.seed, step])
        rows, starts = CropSampler(self.lengths, self.batch_size, self.crop_frames).draw(rng)
        return self.batch_of(rows, starts)

    def all(self) -> list[Batch]:
        """Return batches with every clip once (the first crop of an endless one), sorted by length."""
        order = np.argsort(self.lengths, kind="stable")
        chunks = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        return [self.batch_of(rows, np.zeros(len(rows), np.int64)) for rows in chunks]

    def batch_of(self, rows: np.ndarray, starts: np.ndarray) -> Batch:
        """Return a batch of clips.

        Parameters
        ----------
        rows, starts
            Row and first frame of each clip or crop, ``(batch,)``.

        Returns
        -------
        Batch
            ``frames (batch, frames, n_features)`` float32, padded with zeros, ``position (batch, frames,
            POSITION_FEATURES)``, ``mask (batch, frames)`` (1 for a frame, 0 for padding), ``label`` and ``speaker
            (batch,)``.
        """
        crops = [self.clips.whitened[row][start:][: self.crop_frames] for row, start in zip(rows, starts, strict=True)]
        size = (len(crops), max(len(crop) for crop in crops))
        frames = np.zeros((*size, self.config.n_features), np.float32)
        position = np.zeros((*size, POSITION_FEATURES), np.float32)
        mask = np.zeros(size, np.float32)
        for index, crop in enumerate(crops):
            frames[index, : len(crop)] = crop
            position[index, : len(crop)] = position_features(len(crop))
            mask[index, : len(crop)] = 1.0
        return {
            "frames": frames,
            "position": position,
            "mask": mask,
            "label": self.clips.labels[rows].astype(np.int64),
            "speaker": self.clips.speakers[rows].astype(np.int64),
        }
