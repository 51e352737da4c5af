"""The classifier in training: warped and masked spectrograms, and cross-entropy."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.network import Batch, Network, Turn
from ...nn.spectrum import LogMel
from .config import BCResNetConfig, ClassifierConfig
from .features import log_mel_settings
from .modules import BCResNet


class ClassifierNetwork(Network):
    """Wave to logits and embedding, and the loss that it minimises.

    A batch holds ``wave (batch, n_samples)``, ``target (batch, labels)`` (probabilities), ``frequency_mask (batch,
    n_mels)`` and ``time_mask (batch, n_frames)`` (0 where masked, else 1), and it may hold ``bands (batch, n_mels)``:
    the band, with a fraction, that each band is read from.
    """

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.log_mel = log_mel_layer(config)
        self.bc_resnet = BCResNet(config)

    def forward(self, wave: Tensor) -> tuple[Tensor, ...]:
        """Return logits ``(batch, labels)`` and embeddings ``(batch, embedding_size)`` of ``(batch, n_samples)``."""
        output: tuple[Tensor, ...] = self.bc_resnet(self.log_mel(wave))
        return output

    def players(self) -> dict[str, nn.Module]:
        """Return the only module with an optimizer."""
        return {"classifier": self}

    def inference_module(self) -> nn.Module:
        """Return the network from spectrograms on: its weights are averaged over the steps, evaluated and exported."""
        return self.bc_resnet

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of the cross-entropy."""
        return {"class/cross_entropy": 1.0}

    def turns(self, step: int) -> list[Turn]:
        """Return the only turn of a step."""
        return [("classifier", self._losses)]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropy, of all labels or the mean of each; masked bands and frames are silent."""
        wave = batch["wave"]
        with torch.no_grad(), torch.autocast(wave.device.type, enabled=False):  # exactly as in inference
            spectrogram = self.bc_resnet.normalise(self.log_mel(wave))
        logits = self.bc_resnet.classify(perturbed(spectrogram, batch))[0].float()
        if self.config.output == "softmax":
            return {"class/cross_entropy": -(batch["target"] * logits.log_softmax(1)).sum(1).mean()}
        return {"class/cross_entropy": F.binary_cross_entropy_with_logits(logits, batch["target"])}


def perturbed(spectrogram: Tensor, batch: Batch) -> Tensor:
    """Return spectrograms ``(batch, n_mels, frames)`` with the bands and the masks of their batch."""
    if "bands" in batch:
        spectrogram = interpolated(spectrogram, batch["bands"])
    mask: Tensor = batch["frequency_mask"].unsqueeze(2) * batch["time_mask"].unsqueeze(1)  # (batch, n_mels, frames)
    return spectrogram * mask


def interpolated(spectrogram: Tensor, bands: Tensor) -> Tensor:
    """Return spectrograms ``(batch, n_mels, frames)`` read at ``bands (batch, n_mels)``, between two linearly."""
    lower = bands.floor().long().clamp(max=spectrogram.shape[1] - 2)
    weight = (bands - lower).unsqueeze(2)
    shape = -1, -1, spectrogram.shape[2]
    low, high = (spectrogram.gather(1, rows.unsqueeze(2).expand(shape)) for rows in (lower, lower + 1))
    return low + weight * (high - low)


def log_mel_layer(config: BCResNetConfig) -> LogMel:
    """Return the layer that computes the log-mel spectrogram, equal to :func:`.features.log_mel_spectrogram`."""
    return LogMel(*log_mel_settings(config))
