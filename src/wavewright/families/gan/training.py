"""The training of the family ``gan``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np
import torch

from ...contracts.family import EMBEDDINGS_FILE
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.network import FamilyTraining
from .config import GRAPH_FILE, WEIGHT_PREFIX, GanConfig
from .modules import ExportedGenerator, GeneratorNetwork, draw_latents
from .network import GanNetwork
from .recipe import GanPrepared

EVALUATED_CLIPS = 100  # of each class, at every evaluation
SAMPLE_CLIPS = 3  # of each class, written at every evaluation


class GanTraining(FamilyTraining[GanConfig, GeneratorNetwork, GanPrepared]):
    """The part of the family that needs PyTorch."""

    network = GanNetwork

    def evaluate(self, module: GeneratorNetwork, prepared: GanPrepared) -> dict[str, float]:
        """Return the metrics of generated clips; see :meth:`wavewright.metrics.reference.Reference.measure`."""
        waves = {label: generate(module, label, EVALUATED_CLIPS)[:, 0] for label in prepared.reference.embeddings}
        return prepared.reference.measure(waves, module.config.sample_rate)

    def samples(self, module: GeneratorNetwork, prepared: GanPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips ``(1, n_samples)`` of each class from the same latents at every call, and their labels."""
        labels = module.config.labels
        clips: list[np.ndarray] = []
        titles: list[str] = []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            for label in prepared.reference.embeddings:
                clips += list(generate(module, label, SAMPLE_CLIPS))
                titles += [labels[label] if labels else ""] * SAMPLE_CLIPS
        return clips, titles

    def export(self, module: GeneratorNetwork, prepared: GanPrepared) -> ExportSpec:
        """Return the graph of the generator, its weights, a clip of each class and the training embeddings."""
        config = module.config
        latent, code = draw_latents(config, 2, torch.device("cpu"))
        inputs = {"latent": latent}
        if config.labels:
            inputs["label"] = torch.zeros(2, dtype=torch.int64)
        if code is not None:
            inputs["code"] = code
        outputs = ("spectrum", "noise_gain") if config.generator == "spectral" else ("wave",)
        clips, _ = self.samples(module, prepared)
        reference = prepared.reference
        return ExportSpec(
            graphs={GRAPH_FILE: GraphSpec(ExportedGenerator(module), inputs, outputs)},
            sample=np.concatenate(clips[::SAMPLE_CLIPS], axis=1),
            weights={f"{WEIGHT_PREFIX}{name}": value.numpy(force=True) for name, value in module.state_dict().items()},
            files={EMBEDDINGS_FILE: {"embeddings": reference.all_embeddings, "limits": reference.limits}},
        )


@torch.no_grad()
def generate(generator: GeneratorNetwork, label: int, n_clips: int) -> np.ndarray:
    """Generate clips of a label with random numbers of torch's global generator.

    Parameters
    ----------
    generator : SpectralGenerator or WaveGenerator
        The generator in training.
    label : int
        Index of the label; ignored by a model without labels.
    n_clips : int
        Number of clips.

    Returns
    -------
    np.ndarray
        ``(n_clips, 1, n_samples)`` float32.
    """
    config, device = generator.config, next(generator.parameters()).device
    latent, code = draw_latents(config, n_clips, device)
    latent *= config.temperature
    labels = torch.full((n_clips,), label, device=device) if config.labels else None
    clips: np.ndarray = generator.wave(latent, labels, code).cpu().numpy()
    return clips
