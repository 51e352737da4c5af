"""The network of the classifier: log-mel picture to logits and embedding, and the loss that it learns by."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.network import Batch, Network, Turn
from ...nn.spectrum import LogMel
from .config import POWER_FLOOR, TAIL_BANDS, ClassifierConfig
from .recipe import ClassifierPrepared, scores

CLIPS_AT_ONCE = 32  # in an evaluation
# Of BC-ResNet-1: channels, blocks, stride over frequency and dilation over time of each stage (Kim et al., 2021, table 1).
# With the head's stride of 2 the strides make FREQUENCY_STRIDE.
STAGES = ((8, 2, 1, 1), (12, 2, 2, 2), (16, 4, 2, 4), (20, 4, 1, 8))
SILENT_WEIGHT = 1e-4  # of a silent frame in the mean over time; the loudest has 1


class SubSpectralNorm(nn.Module):
    """Batch normalisation with statistics of its own for each of ``sub_bands`` equal parts of the frequency axis."""

    def __init__(self, channels: int, sub_bands: int):
        super().__init__()
        self.sub_bands = sub_bands
        self.norm = nn.BatchNorm2d(channels * sub_bands)

    def forward(self, hidden: Tensor) -> Tensor:
        """``(batch, channels, bands, frames)`` to the same shape."""
        _, channels, n_bands, n_frames = hidden.shape
        split = hidden.reshape(-1, channels * self.sub_bands, n_bands // self.sub_bands, n_frames)
        return self.norm(split).reshape(-1, channels, n_bands, n_frames)


class BroadcastBlock(nn.Module):
    """``y = relu([x +] f2(x) + broadcast(f1(mean over frequency of f2(x))))`` (Kim et al., 2021, equations 2 and 3).

    ``f2`` is a depthwise convolution over frequency, ``f1`` one over time; ``x`` is added only where the shape stays.
    """

    def __init__(self, channels_in: int, channels: int, stride: int, dilation: int, config: ClassifierConfig):
        super().__init__()
        self.keeps_shape = channels_in == channels and stride == 1
        widen = [nn.Conv2d(channels_in, channels, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
        self.over_frequency = nn.Sequential(
            *([] if self.keeps_shape else widen),
            nn.Conv2d(channels, channels, (3, 1), (stride, 1), (1, 0), groups=channels, bias=False),
            SubSpectralNorm(channels, config.sub_bands),
        )
        self.over_time = nn.Sequential(
            nn.Conv2d(
                channels, channels, (1, 3), padding=(0, dilation), dilation=(1, dilation), groups=channels, bias=False
            ),
            nn.BatchNorm2d(channels),
            nn.SiLU(),
            nn.Conv2d(channels, channels, 1),
            nn.Dropout2d(config.dropout),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """``(batch, channels_in, bands, frames)`` to ``(batch, channels, bands / stride, frames)``."""
        spectral = self.over_frequency(hidden)
        temporal = self.over_time(spectral.mean(2, keepdim=True))  # (batch, channels, 1, frames)
        summed = spectral + temporal
        return F.relu(hidden + summed if self.keeps_shape else summed)


class Trunk(nn.Module):
    """Log-mel picture to logits and embedding: what the ONNX graph computes."""

    def __init__(self, config: ClassifierConfig):
        super().__init__()
        self.range = config.range_db * math.log(10) / 10  # dB to the natural logarithm of a power
        self.quietest_peak = math.log(POWER_FLOOR) + self.range
        channels = 16 * config.width
        self.head = nn.Sequential(nn.Conv2d(1, channels, 5, (2, 1), 2, bias=False), nn.BatchNorm2d(channels), nn.ReLU())
        self.blocks = nn.Sequential()
        for stage_channels, n_blocks, stride, dilation in STAGES:
            for index in range(n_blocks):
                widened = stage_channels * config.width
                self.blocks.append(BroadcastBlock(channels, widened, 1 if index else stride, dilation, config))
                channels = widened
        self.tail = nn.Sequential(
            nn.Conv2d(channels, channels, (TAIL_BANDS, 5), padding=(0, 2), groups=channels, bias=False),
            nn.Conv2d(channels, config.embedding_size, 1, bias=False),
            nn.BatchNorm2d(config.embedding_size),
            nn.ReLU(),
        )
        self.dropout = nn.Dropout(config.dropout)
        self.to_logits = nn.Linear(config.embedding_size, len(config.labels))

    def forward(self, log_mel: Tensor) -> tuple[Tensor, Tensor]:
        """``(batch, n_mels, frames)`` to logits ``(batch, classes)`` and embedding ``(batch, embedding_size)``."""
        return self.read(self.levelled(log_mel))

    def levelled(self, log_mel: Tensor) -> Tensor:
        """The picture relative to its loudest cell: 1 there, 0 where it lies ``range_db`` or more below; silence stays 0."""
        loudest = log_mel.amax((1, 2), keepdim=True).clamp(min=self.quietest_peak)
        return ((log_mel - loudest) / self.range + 1).clamp(min=0)

    def read(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and embedding of a levelled picture ``(batch, n_mels, frames)``."""
        hidden = self.tail(self.blocks(self.head(picture.unsqueeze(1)))).mean(2)  # (batch, embedding_size, frames)
        loudness = picture.amax(1).square() + SILENT_WEIGHT  # (batch, frames)
        weight = loudness / loudness.sum(1, keepdim=True)
        embedding = (hidden * weight.unsqueeze(1)).sum(2)  # (batch, embedding_size)
        return self.to_logits(self.dropout(embedding)), embedding


class Classifier(Network):
    """Wave to logits and embedding, and what is minimised."""

    def __init__(self, config: ClassifierConfig):
        super().__init__()
        self.config = config
        self.to_log_mel = LogMel(
            config.sample_rate,
            config.n_fft,
            config.hop_length,
            config.n_mels,
            config.f_min_hz,
            preset="htk",
            floor=POWER_FLOOR,
        )
        self.trunk = Trunk(config)

    def forward(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """``(batch, n_samples)`` to logits ``(batch, classes)`` and embedding ``(batch, embedding_size)``."""
        return self.trunk(self.to_log_mel(wave))

    def players(self) -> dict[str, nn.Module]:
        return {"classifier": self}

    def inference_module(self) -> nn.Module:
        """The part that classifies: its weights are averaged over the steps, evaluated and exported."""
        return self

    def loss_weights(self, step: int) -> dict[str, float]:
        return {"class/cross_entropy": 1.0}

    def turns(self, step: int) -> list[Turn]:
        return [("classifier", self._losses)]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        """``-sum_k target_k log p_k``, the mean over the batch; masked bands and frames are silent."""
        wave = batch["wave"]
        with torch.no_grad(), torch.autocast(wave.device.type, enabled=False):  # the very picture that the runtime sees
            picture = self.trunk.levelled(self.to_log_mel(wave))
        heard = batch["heard_bands"].unsqueeze(2) * batch["heard_frames"].unsqueeze(1)  # (batch, n_mels, frames)
        logits, _ = self.trunk.read(picture * heard)
        return {"class/cross_entropy": -(batch["target"] * logits.float().log_softmax(1)).sum(1).mean()}


def build(config: ClassifierConfig) -> Classifier:
    """The network of a configuration, with fresh weights."""
    return Classifier(config)


@torch.no_grad()
def logits_of(network: Classifier, waves: np.ndarray) -> np.ndarray:
    """Logits ``(n, classes)`` of ``waves (n, n_samples)``."""
    device = next(network.parameters()).device
    parts = [
        network(torch.as_tensor(waves[start : start + CLIPS_AT_ONCE], device=device))[0]
        for start in range(0, len(waves), CLIPS_AT_ONCE)
    ]
    return torch.cat(parts).float().cpu().numpy()


def evaluate(network: Classifier, prepared: ClassifierPrepared) -> dict[str, float]:
    """``valid/loss``, ``valid/accuracy`` and ``valid/balanced_accuracy`` (see :func:`.recipe.scores`); nothing without such clips."""
    if not len(prepared.valid_labels):
        return {}
    measured = scores(logits_of(network, prepared.valid_waves), prepared.valid_labels)
    return {f"valid/{name}": value for name, value in measured.items()}


def samples(network: Classifier, prepared: ClassifierPrepared) -> tuple[list[np.ndarray], list[str]]:
    """Nothing: a classifier makes no sound."""
    return [], []


def export(network: Classifier, prepared: ClassifierPrepared) -> ExportSpec:
    """The graph from log-mel pictures to logits and embedding, and a sample.

    The sample is a decaying tone, since a classifier makes no sound and recordings must not leave with its weights unasked.
    """
    config = network.config
    seconds = np.arange(config.n_samples) / config.sample_rate
    tone = (0.5 * np.exp(-6 * seconds) * np.sin(2 * np.pi * 220 * seconds)).astype(np.float32)
    draw = torch.Generator().manual_seed(0)
    noise = 0.1 * torch.randn(2, config.n_samples, generator=draw)
    with torch.no_grad():
        log_mel = network.to_log_mel(noise.to(next(network.parameters()).device)).cpu()
    graph = GraphSpec(network.trunk, {"log_mel": log_mel}, ("logits", "embedding"))
    return ExportSpec({"classifier.onnx": graph}, sample=tone[None])
