"""Statistics of the training clips that a model needs: the whitening of frames, durations, and first frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...base.errors import BadModel
from .config import STATISTICS_FILE, LstmConfig

if TYPE_CHECKING:
    from ...models.folder import ModelFolder

MIN_FRAMES = 4  # of a clip
N_STARTS, START_FRAMES = 16, 8  # excerpts of each label that endless clips start from, and their length
MIN_VARIANCE = 1e-4  # of a direction, over the mean variance; smaller ones are not scaled up to 1


@dataclass(frozen=True)
class Whitening:
    """Affine map of frames to features with mean 0 and variance 1 that do not correlate.

    Mel bands are decorrelated by principal component analysis. Pitch and periodicity are only scaled, since errors
    that mix them are audible.
    """

    mean: np.ndarray  # ``(n_features,)``
    directions: np.ndarray  # principal directions, orthonormal columns ``(n_features, n_features)``
    scales: np.ndarray  # standard deviation along each direction, ``(n_features,)``

    @classmethod
    def fit(cls, clips: Sequence[np.ndarray], n_mels: int) -> Whitening:
        """Return the whitening of clips of frames, ``(frames, n_features)`` each."""
        frames = np.concatenate(clips).astype(np.float64)
        directions = np.eye(frames.shape[1])
        variances = frames.var(axis=0)
        principal = np.linalg.eigh(np.cov(frames[:, :n_mels].T).reshape(n_mels, n_mels))
        variances[:n_mels] = principal.eigenvalues[::-1]
        directions[:n_mels, :n_mels] = principal.eigenvectors[:, ::-1]
        scales = np.sqrt(np.maximum(variances, MIN_VARIANCE * max(variances.mean(), MIN_VARIANCE)))
        mean = frames.mean(axis=0)
        return cls(mean.astype(np.float32), directions.astype(np.float32), scales.astype(np.float32))

    def whiten(self, frames: np.ndarray) -> np.ndarray:
        """Return ``frames (..., n_features)`` whitened, float32."""
        whitened: np.ndarray = (((frames - self.mean) @ self.directions) / self.scales).astype(np.float32)
        return whitened

    def unwhiten(self, whitened: np.ndarray) -> np.ndarray:
        """Return the frames that :meth:`whiten` would whiten to ``whitened (..., n_features)``, float32."""
        frames: np.ndarray = ((whitened * self.scales) @ self.directions.T + self.mean).astype(np.float32)
        return frames


@dataclass(frozen=True)
class ClipStatistics:
    """Statistics of the training clips.

    - ``whitening``: of the frames.
    - ``durations``: quantiles of the durations in frames, ``(labels, speakers, quantiles)``, ascending along the last
      axis; at least one label and one speaker.
    - ``starts``: whitened frames that endless clips of each label start from, ``(labels, excerpts, START_FRAMES,
      n_features)``; no excerpts in other models.
    """

    whitening: Whitening
    durations: np.ndarray
    starts: np.ndarray

    def rewhitened(self, whitening: Whitening) -> ClipStatistics:
        """Return the same statistics with frames whitened as ``whitening`` does."""
        return ClipStatistics(whitening, self.durations, whitening.whiten(self.whitening.unwhiten(self.starts)))

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the contents of STATISTICS_FILE."""
        return {
            "mean": self.whitening.mean,
            "directions": self.whitening.directions,
            "scales": self.whitening.scales,
            "durations": self.durations.astype(np.float32),
            **({"starts": self.starts} if self.starts.size else {}),
        }

    @classmethod
    def read(cls, folder: ModelFolder, config: LstmConfig) -> ClipStatistics:
        """Return the statistics in a model folder; raise BadModel if they are damaged or do not fit its config."""
        tensors, path = folder.tensors(STATISTICS_FILE), folder.path / STATISTICS_FILE
        n_features = config.n_features
        n_labels = max(len(config.labels), 1)
        shapes: dict[str, tuple[int | None, ...]] = {
            "mean": (n_features,),
            "directions": (n_features, n_features),
            "scales": (n_features,),
            "durations": (n_labels, max(len(config.speakers), 1), None),
        }
        if "starts" in tensors:  # not in models of words, nor in older ones
            shapes["starts"] = (n_labels, None, START_FRAMES, n_features)
        for name, shape in shapes.items():
            if name not in tensors or not _has_shape(tensors[name], shape):
                lengths = ", ".join("any" if length is None else str(length) for length in shape)
                raise BadModel(f"{path} has no {name} of shape ({lengths}), as its card asks; copy the model again.")
            if not tensors[name].size or not np.isfinite(tensors[name]).all():
                raise BadModel(f"{path} has values of {name} that are missing or not finite; copy the model again.")
        arrays = {name: tensors[name].astype(np.float32) for name in shapes}
        starts = arrays.get("starts", np.zeros((n_labels, 0, START_FRAMES, n_features), np.float32))
        return cls(Whitening(arrays["mean"], arrays["directions"], arrays["scales"]), arrays["durations"], starts)

    def draw_start(self, label: int, rng: np.random.Generator) -> np.ndarray | None:
        """Draw one of the label's first frames, ``(START_FRAMES, n_features)``; None where the model has none."""
        starts = self.starts[label]
        return None if not len(starts) else np.asarray(starts[rng.integers(len(starts))])

    def draw_duration(self, label: int, speaker: int, rng: np.random.Generator) -> int:
        """Draw a duration in frames, distributed as those of the training clips."""
        quantiles = self.durations[label, speaker]
        duration = np.interp(rng.random(), np.linspace(0, 1, len(quantiles)), quantiles)
        return max(MIN_FRAMES, round(float(duration)))


def _has_shape(array: np.ndarray, shape: tuple[int | None, ...]) -> bool:
    """Return whether an array has a shape, in which None stands for any length."""
    return array.ndim == len(shape) and all(
        length in (None, actual) for length, actual in zip(shape, array.shape, strict=True)
    )
