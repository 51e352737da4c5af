"""The training of the family ``encoder``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, Network, Turn
from ..classifier.config import ENCODER_PREFIX, N_BAND_STATISTICS
from ..classifier.modules import BCResNetEncoder
from ..classifier.training import log_mel_layer
from .config import GRAPH_FILE, EncoderConfig
from .recipe import EncoderPrepared

# --- The network of a classifier up to its embedding, and the heads that only training needs

HIDDEN_SIZE = 256  # of the projection


class EncoderModule(BCResNetEncoder):
    """Log-mel spectrogram to embedding: the network that is exported."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.config = config

    def forward(self, log_mel: Tensor) -> Tensor:
        """Return embeddings ``(batch, vector_size)`` of log-mel spectrograms ``(batch, n_mels, frames)``."""
        normalised = self.normalise(log_mel)
        return self.pool(self.embed(normalised)[0], normalised)


def projection(config: EncoderConfig) -> nn.Sequential:
    """Return the layers from :meth:`EncoderModule.statistics` to what the contrastive loss compares."""
    return nn.Sequential(
        nn.Linear(config.statistics_size, HIDDEN_SIZE, bias=False),
        nn.BatchNorm1d(HIDDEN_SIZE),
        nn.ReLU(),
        nn.Linear(HIDDEN_SIZE, config.projection_size, bias=False),
    )


SMALLEST_DEVIATION = 1e-3  # of a statistic in a batch


class EncoderNetwork(Network):
    """Spectrogram to embedding, its projection, and the loss that it minimises.

    A batch holds ``first`` and ``second``, log-mel spectrograms ``(batch, n_mels, n_frames)`` of the same clips, and
    ``statistics`` of the clean clips of the first and then of the second views.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.bc_resnet = EncoderModule(config)
        self.projection = projection(config)
        self.prediction = nn.Linear(config.statistics_size, N_BAND_STATISTICS * config.n_mels)

    def players(self) -> dict[str, nn.Module]:
        """Return the only module with an optimizer."""
        return {"encoder": self}

    def inference_module(self) -> EncoderModule:
        """Return the network without the heads: its weights are averaged over the steps, evaluated and exported."""
        return self.bc_resnet

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weights of the losses."""
        return {"view/contrastive": 1.0, "clean/statistics": self.config.statistics_weight}

    def turns(self, step: int) -> list[Turn]:
        """Return the only turn of a step."""
        return [("encoder", self._losses)]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the contrastive loss, and the squared error of the predicted statistics in batch variances."""
        views = torch.cat([batch["first"], batch["second"]])
        statistics = self.bc_resnet.statistics(self.bc_resnet.normalise(views))
        predicted = self.prediction(statistics).float()
        target = batch["statistics"]
        target = (target - target.mean(0)) / (target.std(0) + SMALLEST_DEVIATION)
        return {
            "view/contrastive": contrastive_loss(self.projection(statistics).float(), self.config.temperature),
            "clean/statistics": F.mse_loss(predicted, target),
        }


def contrastive_loss(projected: Tensor, temperature: float) -> Tensor:
    """Return the normalised temperature-scaled cross-entropy, in nats.

    - ``projected``: ``(2 * batch, size)``: one view of each clip, and then the other.
    - ``temperature``: of the cosine similarities.

    References
    ----------
    T. Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020, equation 1.
    """
    similarity = similarities(projected) / temperature
    n_clips = len(projected) // 2
    other = torch.arange(2 * n_clips, device=projected.device).roll(n_clips)
    return F.cross_entropy(similarity, other)


def similarities(projected: Tensor) -> Tensor:
    """Return the cosine similarities of all pairs of rows, minus infinity of a row with itself."""
    unit = F.normalize(projected, dim=1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    return (unit @ unit.T).masked_fill(itself, -torch.inf)


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
