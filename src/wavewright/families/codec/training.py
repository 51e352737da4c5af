"""The training of the family ``codec``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np

from ...nn.export_spec import ExportSpec
from ...nn.network import FamilyTraining
from . import network
from .config import CodecConfig
from .network import Codec, Coder
from .recipe import CodecPrepared


class CodecTraining(FamilyTraining[CodecConfig, Coder, CodecPrepared]):
    """The part of the family that needs PyTorch."""

    def build(self, config: CodecConfig) -> Codec:
        """Return the network of a configuration, with fresh weights."""
        return Codec(config)

    def evaluate(self, module: Coder, prepared: CodecPrepared) -> dict[str, float]:
        """Return the validation metrics of the averaged module; see :func:`.network.evaluate`."""
        return network.evaluate(module, prepared)

    def samples(self, module: Coder, prepared: CodecPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips of the averaged module, with titles; see :func:`.network.samples`."""
        return network.samples(module, prepared)

    def export(self, module: Coder, prepared: CodecPrepared) -> ExportSpec:
        """Return everything that makes a model folder; see :func:`.network.export`."""
        return network.export(module, prepared)

    def final_files(self, module: Coder, prepared: CodecPrepared) -> dict[str, dict[str, np.ndarray]]:
        """Return the files that are made once of the finished network."""
        return network.files_at_the_end(module, prepared)
