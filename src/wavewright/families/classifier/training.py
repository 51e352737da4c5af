"""The training of the family ``classifier``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np

from ...nn.export_spec import ExportSpec
from ...nn.network import FamilyTraining
from . import network
from .config import ClassifierConfig
from .network import Classifier
from .recipe import ClassifierPrepared


class ClassifierTraining(FamilyTraining[ClassifierConfig, Classifier, ClassifierPrepared]):
    """The part of the family that needs PyTorch."""

    def build(self, config: ClassifierConfig) -> Classifier:
        """Return the network of a configuration, with fresh weights."""
        return Classifier(config)

    def evaluate(self, module: Classifier, prepared: ClassifierPrepared) -> dict[str, float]:
        """Return the validation metrics of the averaged module; see :func:`.network.evaluate`."""
        return network.evaluate(module, prepared)

    def samples(self, module: Classifier, prepared: ClassifierPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips of the averaged module, with titles; see :func:`.network.samples`."""
        return network.samples(module, prepared)

    def export(self, module: Classifier, prepared: ClassifierPrepared) -> ExportSpec:
        """Return everything that makes a model folder; see :func:`.network.export`."""
        return network.export(module, prepared)
