"""Batches of symbols: crops of endless clips, whole clips otherwise, each in a variant that is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...contracts.recipe import Batch
from ...data.sequences import CropSampler
from ...dsp.position import position_features
from .codes import CodedClips
from .config import PriorConfig
from .symbols import codes_to_symbols

MAX_VALID_FRAMES = 20_000


@dataclass(frozen=True)
class CodeBatches:
    """Batches of symbols; the batch of a step is a pure function of the step."""

    clips: CodedClips
    config: PriorConfig
    batch_size: int
    seed: int
    crop_frames: int | None  # of endless clips; None for whole clips
    start_fraction: float  # of the crops that start where their clip starts

    @property
    def lengths(self) -> np.ndarray:
        """Frames of each clip, ``(n,)``."""
        return np.array([codes.shape[1] for codes in self.clips.unvaried])

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step; see :meth:`batch_of`."""
        rng = np.random.default_rng([self.seed, step])
        rows, starts = CropSampler(self.lengths, self.batch_size, self.crop_frames).draw(rng)
        if self.crop_frames is not None:
            starts[rng.random(self.batch_size) < self.start_fraction] = 0
        return self.batch_of(rows, starts, rng.integers(0, len(self.clips.variants), self.batch_size))

    def all(self) -> tuple[Batch, ...]:
        """Return batches of unvaried clips in consecutive crops, about MAX_VALID_FRAMES frames, sorted by length."""
        lengths = self.lengths
        order = np.random.default_rng(0).permutation(len(lengths))
        order = order[: int(np.searchsorted(np.cumsum(lengths[order]), MAX_VALID_FRAMES)) + 1]
        crop_frames = self.crop_frames or int(lengths.max())
        crops = [(row, start) for row in order for start in range(0, int(lengths[row]), crop_frames)]
        crops.sort(key=lambda crop: min(lengths[crop[0]] - crop[1], crop_frames))
        pairs = np.array(crops, np.int64)
        chunks = [pairs[first : first + self.batch_size].T for first in range(0, len(pairs), self.batch_size)]
        return tuple(self.batch_of(rows, starts, np.zeros_like(rows)) for rows, starts in chunks)

    def batch_of(self, rows: np.ndarray, starts: np.ndarray, variants: np.ndarray) -> Batch:
        """Return a batch of clips.

        Parameters
        ----------
        rows, starts, variants
            Row, first frame and variant of each clip or crop, ``(batch,)``.

        Returns
        -------
        Batch
            ``symbols (batch, 1 + frames, n_codebooks)`` int64, starting with the frame before the first, ``mask (batch,
            frames)`` float32 (1 for a frame, 0 for padding), ``label`` and ``speaker (batch,)``, and ``position
            (batch, frames, POSITION_FEATURES)`` if the network is conditioned on it.
        """
        crops = [self.crop(*chosen) for chosen in zip(rows, starts, variants, strict=True)]
        n_frames = np.array([len(crop) - 1 for crop in crops])
        longest = n_frames.max()
        symbols = np.zeros((len(crops), longest + 1, self.config.n_codebooks), np.int64)
        for index, crop in enumerate(crops):
            symbols[index, : len(crop)] = crop
        batch = {
            "symbols": symbols,
            "mask": (np.arange(longest) < n_frames[:, None]).astype(np.float32),
            "label": self.clips.labels[rows],
            "speaker": self.clips.speakers[rows],
        }
        if self.config.has_position:
            padding = [(0, longest - n) for n in n_frames]
            batch["position"] = np.stack(
                [np.pad(position_features(n), (pad, (0, 0))) for n, pad in zip(n_frames, padding, strict=True)]
            )
        return batch

    def crop(self, row: int, start: int, variant: int) -> np.ndarray:
        """Return the symbols ``(1 + frames, n_codebooks)`` of a crop, starting with the frame before it."""
        codes = self.clips.variants[variant][row]
        crop_frames = self.crop_frames or codes.shape[1]
        symbols = codes_to_symbols(codes[:, max(start - 1, 0) : start + crop_frames], self.config)
        before = np.full((1, self.config.n_codebooks), self.config.start_symbol, np.int64)
        return symbols if start else np.concatenate([before, symbols])
