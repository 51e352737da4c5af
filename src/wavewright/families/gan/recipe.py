"""How the GAN is trained: which clips stand in a batch, which settings each size has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...errors import BadFolder
from ...training.settings import TrainingSettings
from . import SIZES, Config

CLASSES_IN_A_BATCH = 2


@dataclass(frozen=True)
class DataSettings:
    """What becomes of a recording before the networks hear it."""

    slowest: float = 0.85  # speed variants: each clip is played at a random speed between these, pitch and all
    fastest: float = 1.18
    level: float = 0.95  # peak of every clip


@dataclass(frozen=True)
class Recipe:
    """A complete description of a training run."""

    model: Config = field(default_factory=Config)
    data: DataSettings = field(default_factory=DataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


def recipe(size: str) -> Recipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for a laptop, ``base`` for the bundled models."""
    training = TrainingSettings(betas=(0.0, 0.99), learning_rate=3e-4, batch_size=8, metric="distance")
    return Recipe(model=Config(**SIZES[size]), training=training)


class OneShotBatches:
    """Batches of one-shots: a few classes, four members of each side by side, every drum of a class equally likely at first.

    ``store[i]`` is ``(1, n_stored)`` with room for the fastest speed; ``labels`` index the model's classes, ``groups`` name the drum of
    each clip. Calling it with a step gives ``{"wave": (batch, 1, n_samples) float32, "label": (batch,) int64}``, a pure function of the
    step.
    """

    members = 4  # of a class in a batch; the critics compare them

    def __init__(
        self,
        store: Sequence[np.ndarray],
        labels: Sequence[int],
        groups: Sequence[str],
        n_samples: int,
        sample_rate: int,
        batch_size: int,
        settings: DataSettings,
        seed: int,
    ):
        self.store, self.n_samples, self.sample_rate = store, n_samples, sample_rate
        self.batch_size, self.settings, self.seed = batch_size, settings, seed
        self.by_label: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for label in sorted(set(labels)):
            chosen = [index for index, other in enumerate(labels) if other == label]
            self.by_label[label] = np.array(chosen), _fair_weights([groups[index] for index in chosen])
        if not self.by_label:
            raise BadFolder("there is no clip to train on; give a folder with sound files.")

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        draw = np.random.default_rng([self.seed, step])
        classes = list(self.by_label)
        n_classes = max(self.batch_size // self.members, 1)
        picked = draw.choice(classes, n_classes, replace=n_classes > len(classes))
        labels = np.repeat(picked, self.members)[: self.batch_size].astype(np.int64)
        waves = [self._one(int(label), draw) for label in labels]
        return {"wave": np.stack(waves), "label": labels}

    def _one(self, label: int, draw: np.random.Generator) -> np.ndarray:
        """A clip of the class at a random speed, ``(1, n_samples)``."""
        indices, weights = self.by_label[label]
        clip = np.asarray(self.store[int(draw.choice(indices, p=weights))])
        speed = np.exp(draw.uniform(np.log(self.settings.slowest), np.log(self.settings.fastest)))
        return at_speed(clip, self.sample_rate, float(speed), self.n_samples, self.settings.level)


def at_speed(clip: np.ndarray, sample_rate: int, speed: float, n_samples: int, level: float) -> np.ndarray:
    """``clip (1, time)`` played at ``speed`` (pitch and all), cut or padded to ``n_samples``, its peak at ``level``."""
    import soxr

    played = soxr.resample(clip[0], sample_rate * speed, sample_rate, quality="HQ")[:n_samples]
    wave = np.zeros((1, n_samples), np.float32)
    wave[0, : len(played)] = played
    fade = min(n_samples // 20, 1024)
    wave[0, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return wave * (level / max(float(np.abs(wave).max()), 1e-6))


def _fair_weights(groups: Sequence[str]) -> np.ndarray:
    """Probabilities that give a drum recorded ``n`` times the weight of the root of ``n``, shared by its recordings."""
    counts: dict[str, int] = defaultdict(int)
    for group in groups:
        counts[group] += 1
    weights = np.array([counts[group] ** -0.5 for group in groups])
    return weights / weights.sum()
