"""Classifier: tells which label a sound has, and gives the embedding in which generated sounds are judged.

The idea: features that keep frequency apart (two-dimensional) are averaged over frequency, processed along time alone (cheap), and
broadcast back over all frequencies as a residual; so a small network sees where in the spectrum something happens, and when.

Papers:
    Kim, Chang, Lee and Sung, "Broadcasted Residual Learning for Efficient Keyword Spotting" (BC-ResNet), 2021.
    Chang, Park, Cho, Park and Yun, "SubSpectral Normalization for Neural Audio Data Processing", 2021.
    Tokozume, Ushiku and Harada, "Learning from Between-class Examples for Deep Sound Recognition", 2018 (mixed waves).
    Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", 2018.
    Park et al., "SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition", 2019.

Changed from them: the log-mel picture is relative to its own loudest cell, so that level tells nothing; it has twice the mel bands, for
low drums differ by a few tens of hertz; frames count by their loudness in the mean over time, so that the silence after a short sound
does not hide it; and recordings are also varied as drums, rooms and microphones vary them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...contracts.family import Capability, Family
from ...contracts.health import HealthRules
from .config import METRICS, SIZES, ClassifierConfig

if TYPE_CHECKING:
    from pathlib import Path

    from ...data.entry import Entry
    from ...models.folder import ModelFolder
    from .recipe import ClassifierPrepared, ClassifierRecipe
    from .runtime import ClassifierRuntime
    from .training import ClassifierTraining


class ClassifierFamily(Family[ClassifierConfig, "ClassifierRecipe", "ClassifierPrepared"]):
    """The family ``classifier``."""

    name = "classifier"
    summary = "recognises the label of a clip, and judges generated clips"
    config = ClassifierConfig
    sizes = SIZES
    metrics = METRICS
    health = HealthRules(loss="valid/loss")
    capabilities = frozenset({Capability.CLASSIFY})
    command = "evaluate FOLDER FOLDER --classifier {model}"
    weight_prefixes = ("classifier.",)

    def open(self, folder: ModelFolder) -> ClassifierRuntime:
        """Open a model folder for inference; raise BadModel if it is damaged."""
        from .runtime import ClassifierRuntime

        return ClassifierRuntime(folder)

    def recipe(self, size: str) -> ClassifierRecipe:
        """Return the recipe of a size."""
        from .recipe import recipe

        return recipe(size)

    def prepare(
        self, recipe: ClassifierRecipe, entries: Sequence[Entry], cache_folder: Path | None = None
    ) -> ClassifierPrepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""
        from .recipe import prepare

        return prepare(recipe, entries, cache_folder)

    def training(self) -> ClassifierTraining:
        """Return the part of the family that needs PyTorch."""
        from .training import ClassifierTraining

        return ClassifierTraining()


CLASSIFIER = ClassifierFamily()
