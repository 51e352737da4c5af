"""The training of the family ``wavenet``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np

from ...nn.export_spec import ExportSpec
from ...nn.network import FamilyTraining
from . import network
from .config import WaveNetConfig
from .network import WaveNet
from .recipe import WaveNetPrepared


class WaveNetTraining(FamilyTraining[WaveNetConfig, WaveNet, WaveNetPrepared]):
    """The part of the family that needs PyTorch."""

    def build(self, config: WaveNetConfig) -> WaveNet:
        """Return the network of a configuration, with fresh weights."""
        return WaveNet(config)

    def evaluate(self, module: WaveNet, prepared: WaveNetPrepared) -> dict[str, float]:
        """Return the validation metrics of the averaged module; see :func:`.network.evaluate`."""
        return network.evaluate(module, prepared)

    def samples(self, module: WaveNet, prepared: WaveNetPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips of the averaged module, with titles; see :func:`.network.samples`."""
        return network.samples(module, prepared)

    def export(self, module: WaveNet, prepared: WaveNetPrepared) -> ExportSpec:
        """Return everything that makes a model folder; see :func:`.network.export`."""
        return network.export(module, prepared)
