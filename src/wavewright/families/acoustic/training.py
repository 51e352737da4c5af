"""The training of the family ``acoustic``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np

from ...data.entry import Problem
from ...nn.export_spec import ExportSpec
from ...nn.network import FamilyTraining
from . import network
from .config import AcousticConfig
from .network import Acoustic, Voice
from .recipe import AcousticPrepared, doubtful


class AcousticTraining(FamilyTraining[AcousticConfig, Voice, AcousticPrepared]):
    """The part of the family that needs PyTorch."""

    def build(self, config: AcousticConfig) -> Acoustic:
        """Return the network of a configuration, with fresh weights."""
        return Acoustic(config)

    def evaluate(self, module: Voice, prepared: AcousticPrepared) -> dict[str, float]:
        """Return the validation metrics of the averaged module; see :func:`.network.evaluate`."""
        return network.evaluate(module, prepared)

    def samples(self, module: Voice, prepared: AcousticPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips of the averaged module, with titles; see :func:`.network.samples`."""
        return network.samples(module, prepared)

    def export(self, module: Voice, prepared: AcousticPrepared) -> ExportSpec:
        """Return everything that makes a model folder; see :func:`.network.export`."""
        return network.export(module, prepared)

    def suspect_clips(self, module: Voice, prepared: AcousticPrepared, step: int) -> list[Problem] | None:
        """Return the training clips that may not say their texts, worst first; None while the aligner is learning."""
        scores = network.fits(module, prepared, step)
        return None if scores is None else doubtful(prepared, scores)
