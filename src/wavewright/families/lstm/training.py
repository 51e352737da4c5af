"""The training of the family ``lstm``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np

from ...nn.export_spec import ExportSpec
from ...nn.network import FamilyTraining
from . import network
from .config import LstmConfig
from .network import Lstm, Recurrent
from .recipe import LstmPrepared


class LstmTraining(FamilyTraining[LstmConfig, Recurrent, LstmPrepared]):
    """The part of the family that needs PyTorch."""

    def build(self, config: LstmConfig) -> Lstm:
        """Return the network of a configuration, with fresh weights."""
        return Lstm(config)

    def evaluate(self, module: Recurrent, prepared: LstmPrepared) -> dict[str, float]:
        """Return the validation metrics of the averaged module; see :func:`.network.evaluate`."""
        return network.evaluate(module, prepared)

    def samples(self, module: Recurrent, prepared: LstmPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips of the averaged module, with titles; see :func:`.network.samples`."""
        return network.samples(module, prepared)

    def export(self, module: Recurrent, prepared: LstmPrepared) -> ExportSpec:
        """Return everything that makes a model folder; see :func:`.network.export`."""
        return network.export(module, prepared)
