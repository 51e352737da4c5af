"""The training of the family ``gan``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np

from ...nn.export_spec import ExportSpec
from ...nn.network import FamilyTraining
from . import network
from .config import GanConfig
from .network import Gan, Generator
from .recipe import GanPrepared


class GanTraining(FamilyTraining[GanConfig, Generator, GanPrepared]):
    """The part of the family that needs PyTorch."""

    def build(self, config: GanConfig) -> Gan:
        """Return the network of a configuration, with fresh weights."""
        return Gan(config)

    def evaluate(self, module: Generator, prepared: GanPrepared) -> dict[str, float]:
        """Return the validation metrics of the averaged module; see :func:`.network.evaluate`."""
        return network.evaluate(module, prepared)

    def samples(self, module: Generator, prepared: GanPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips of the averaged module, with titles; see :func:`.network.samples`."""
        return network.samples(module, prepared)

    def export(self, module: Generator, prepared: GanPrepared) -> ExportSpec:
        """Return everything that makes a model folder; see :func:`.network.export`."""
        return network.export(module, prepared)
