"""The training of the family ``vae``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np

from ...nn.export_spec import ExportSpec
from ...nn.network import FamilyTraining
from . import network
from .config import VaeConfig
from .network import Autoencoder, Vae
from .recipe import VaePrepared


class VaeTraining(FamilyTraining[VaeConfig, Autoencoder, VaePrepared]):
    """The part of the family that needs PyTorch."""

    def build(self, config: VaeConfig) -> Vae:
        """Return the network of a configuration, with fresh weights."""
        return Vae(config)

    def evaluate(self, module: Autoencoder, prepared: VaePrepared) -> dict[str, float]:
        """Return the validation metrics of the averaged module; see :func:`.network.evaluate`."""
        return network.evaluate(module, prepared)

    def samples(self, module: Autoencoder, prepared: VaePrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips of the averaged module, with titles; see :func:`.network.samples`."""
        return network.samples(module, prepared)

    def export(self, module: Autoencoder, prepared: VaePrepared) -> ExportSpec:
        """Return everything that makes a model folder; see :func:`.network.export`."""
        return network.export(module, prepared)
