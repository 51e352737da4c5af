"""The training of the family ``encoder``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np
import torch

from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.network import FamilyTraining
from ..classifier.config import ENCODER_PREFIX
from ..classifier.network import log_mel_layer
from .config import GRAPH_FILE, EncoderConfig
from .modules import EncoderModule
from .network import EncoderNetwork, contrastive_loss, similarities
from .recipe import EncoderPrepared


class EncoderTraining(FamilyTraining[EncoderConfig, EncoderModule, EncoderPrepared]):
    """The part of the family that needs PyTorch."""

    network = EncoderNetwork

    @torch.no_grad()
    def evaluate(self, module: EncoderModule, prepared: EncoderPrepared) -> dict[str, float]:
        """Return the validation metrics; empty without validation recordings.

        ``valid/loss`` is the contrastive loss among the validation recordings in nats, of statistics of the activations
        less their mean instead of projections; ``valid/agreement`` is the fraction of views that are closest to the
        other view of their recording.
        """
        if not prepared.valid:
            return {}
        device = next(module.parameters()).device
        views = torch.as_tensor(np.concatenate([prepared.valid["first"], prepared.valid["second"]]), device=device)
        statistics = module.statistics(module.normalise(views)).float()
        centred = statistics - statistics.mean(0)
        n_clips = len(centred) // 2
        other = torch.arange(2 * n_clips, device=device).roll(n_clips)
        closest = similarities(centred).argmax(1)
        return {
            "valid/loss": float(contrastive_loss(centred, module.config.temperature)),
            "valid/agreement": float((closest == other).float().mean()),
        }

    def samples(self, module: EncoderModule, prepared: EncoderPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return no clips: an encoder generates none."""
        return [], []

    def export(self, module: EncoderModule, prepared: EncoderPrepared) -> ExportSpec:
        """Return the graph from log-mel spectrograms to embeddings, its weights, and a decaying tone as the sample."""
        config = module.config
        seconds = np.arange(config.n_samples) / config.sample_rate
        tone = (0.5 * np.exp(-6 * seconds) * np.sin(2 * np.pi * 220 * seconds)).astype(np.float32)
        noise = 0.1 * torch.randn(2, config.n_samples, generator=torch.Generator().manual_seed(0))
        weights = {name: value for name, value in module.state_dict().items() if value.is_floating_point()}
        return ExportSpec(
            graphs={GRAPH_FILE: GraphSpec(module, {"log_mel": log_mel_layer(config)(noise)}, ("embedding",))},
            sample=tone[None],
            weights={f"{ENCODER_PREFIX}{name}": value.numpy(force=True) for name, value in weights.items()},
        )
