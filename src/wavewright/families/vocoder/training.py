"""The training of the family ``vocoder``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np

from ...nn.export_spec import ExportSpec
from ...nn.network import FamilyTraining
from . import network
from .config import VocoderConfig
from .network import Filters, Vocoder
from .recipe import VocoderPrepared


class VocoderTraining(FamilyTraining[VocoderConfig, Filters, VocoderPrepared]):
    """The part of the family that needs PyTorch."""

    def build(self, config: VocoderConfig) -> Vocoder:
        """Return the network of a configuration, with fresh weights."""
        return Vocoder(config)

    def evaluate(self, module: Filters, prepared: VocoderPrepared) -> dict[str, float]:
        """Return the validation metrics of the averaged module; see :func:`.network.evaluate`."""
        return network.evaluate(module, prepared)

    def samples(self, module: Filters, prepared: VocoderPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips of the averaged module, with titles; see :func:`.network.samples`."""
        return network.samples(module, prepared)

    def export(self, module: Filters, prepared: VocoderPrepared) -> ExportSpec:
        """Return everything that makes a model folder; see :func:`.network.export`."""
        return network.export(module, prepared)
