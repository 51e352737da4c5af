"""The training of the family ``prior``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np

from ...nn.export_spec import ExportSpec
from ...nn.network import FamilyTraining
from . import network
from .config import PriorConfig
from .network import Drawer, Prior
from .recipe import PriorPrepared


class PriorTraining(FamilyTraining[PriorConfig, Drawer, PriorPrepared]):
    """The part of the family that needs PyTorch."""

    def build(self, config: PriorConfig) -> Prior:
        """Return the network of a configuration, with fresh weights."""
        return Prior(config)

    def evaluate(self, module: Drawer, prepared: PriorPrepared) -> dict[str, float]:
        """Return the validation metrics of the averaged module; see :func:`.network.evaluate`."""
        return network.evaluate(module, prepared)

    def samples(self, module: Drawer, prepared: PriorPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips of the averaged module, with titles; see :func:`.network.samples`."""
        return network.samples(module, prepared)

    def export(self, module: Drawer, prepared: PriorPrepared) -> ExportSpec:
        """Return everything that makes a model folder; see :func:`.network.export`."""
        return network.export(module, prepared)
