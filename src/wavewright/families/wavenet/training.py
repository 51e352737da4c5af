"""The networks of the family ``wavenet`` and their training: losses, evaluation and export."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.mel import features_to_mel
from ...nn.gated import GatedLayer, convolve_layers, matmul_dtype, skip_sum
from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, SinglePlayerNetwork
from .config import CONDITION_FILE, CONTOURS_FILE, DURATIONS_FILE, MAX_STEP, MIN_LOG_SCALE, WaveNetConfig
from .contours import crop_contour, stretch_contour
from .engine import Engine
from .prediction import mel_to_prediction
from .recipe import WaveNetPrepared
from .signal import position_features, samples_to_frames, signal_to_wave

SLOPE = 0.1  # of the leaky ReLUs of the conditioning network


class ConditioningNetwork(nn.Module):
    """Network from frames, label and speaker to the condition of each layer.

    Each frame becomes several rows by a learned upsampling, and a convolution over rows joins them. A row is held for
    ``condition_hop`` samples, so that conditioning costs little for each sample.
    """

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.condition_channels
        self.upsampling = config.hop_length // config.condition_hop
        self.label_embedding = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        self.speaker_embedding = nn.Embedding(len(config.speakers), config.label_size) if config.speakers else None
        n_inputs = config.features + config.label_size * (bool(config.labels) + bool(config.speakers))
        self.in_proj = nn.Linear(n_inputs, channels)
        self.frame_convs = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, padding=1) for _ in range(config.condition_layers)
        )
        self.upsample = nn.Linear(channels, self.upsampling * channels)
        self.row_conv = nn.Conv1d(channels, channels, 3, padding=1)
        self.out_proj = nn.Linear(channels, config.n_layers * 2 * config.channels)

    def forward(self, frames: Tensor, label: Tensor | None = None, speaker: Tensor | None = None) -> Tensor:
        """Return the conditions ``(batch, n_frames * upsampling, n_layers * 2 * channels)`` of all layers.

        There is one row for ``condition_hop`` samples; label and speaker are required if the model has any.
        """
        inputs = [frames] if self.config.features else []
        for embedding, index in ((self.label_embedding, label), (self.speaker_embedding, speaker)):
            if embedding is not None:
                inputs.append(embedding(index)[:, None].expand(-1, frames.shape[1], -1))
        hidden = F.leaky_relu(self.in_proj(torch.cat(inputs, dim=-1)), SLOPE).transpose(
            1, 2
        )  # (batch, channels, frames)
        for layer in self.frame_convs:
            hidden = hidden + F.leaky_relu(layer(hidden), SLOPE)
        upsampled = self.upsample(hidden.transpose(1, 2))
        batch, n_frames, _ = upsampled.shape
        rows = upsampled.reshape(batch, n_frames * self.upsampling, -1)  # (batch, rows, channels)
        rows = F.leaky_relu(rows + self.row_conv(rows.transpose(1, 2)).transpose(1, 2), SLOPE)
        condition: Tensor = self.out_proj(rows)
        return condition


class WaveNet(nn.Module):
    """Network from a signal and its conditioning to the distribution of each sample given those before it."""

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__()
        self.config = config
        is_conditioned = bool(config.features or config.labels or config.speakers)
        self.conditioner = ConditioningNetwork(config) if is_conditioned else None
        self.input = nn.Linear(config.input_taps, config.channels)
        self.layers = nn.ModuleList(
            GatedLayer(config.channels, config.skip_channels, dilation, is_last=index == config.n_layers - 1)
            for index, dilation in enumerate(config.dilations)
        )
        self.skip_bias = nn.Parameter(torch.zeros(config.skip_channels))
        self.head = nn.Linear(config.skip_channels, config.head_channels)
        self.output = nn.Linear(config.head_channels, config.outputs)
        if config.head == "logistics":
            with torch.no_grad():  # logistics side by side, as wide as the level of soft speech
                _, means, log_scales = self.output.bias.chunk(3)
                means.copy_(torch.linspace(-0.3, 0.3, config.n_mixtures))
                log_scales.fill_(-3.0)

    def forward(
        self, signal: Tensor, frames: Tensor | None = None, label: Tensor | None = None, speaker: Tensor | None = None
    ) -> Tensor:
        """Return the outputs of each sample, which depend on the samples before it alone.

        - ``signal``: ``(batch, time)``.
        - ``frames``: ``(batch, n_frames, features)``, which cover the signal; without features only their number
          counts.
        - ``label``, ``speaker``: indices ``(batch,)``.
        - returns: ``(batch, time, outputs)`` float32.
        """
        conditions: tuple[Tensor | None, ...] = (None,) * len(self.layers)
        if self.conditioner is not None and frames is not None:
            conditions = self.conditioner(frames, label, speaker).chunk(len(self.layers), dim=-1)
        taps = self.config.input_taps
        past = F.pad(signal, (taps, 0))[:, :-1].unfold(1, taps, 1)  # (batch, time, taps)
        with torch.autocast(signal.device.type, enabled=False):
            hidden = F.linear(past, self.input.weight, self.input.bias)
        dtype = matmul_dtype(signal.device.type)
        total = self._skip_total(hidden, conditions, dtype)
        hidden = F.linear(F.relu(total).to(dtype), self.head.weight.to(dtype), self.head.bias.to(dtype))
        return F.linear(F.relu(hidden), self.output.weight.to(dtype), self.output.bias.to(dtype)).float()

    def _skip_total(self, hidden: Tensor, conditions: tuple[Tensor | None, ...], dtype: torch.dtype) -> Tensor:
        """Return the skip sum of all layers, computed in the way that is fastest for the device and type."""
        layers, hop_length = self.gated_layers(), self.config.condition_hop
        if dtype is torch.float32 and hidden.device.type == "cpu":
            return convolve_layers(layers, hidden, conditions, hop_length, self.skip_bias)
        units = []
        for layer, condition in zip(layers, conditions, strict=True):
            hidden, layer_units = layer(hidden, condition, hop_length)
            units.append(layer_units)
        return skip_sum(layers, units, self.skip_bias)

    def gated_layers(self) -> list[GatedLayer]:
        """Return the layers in order."""
        return [layer for layer in self.layers if isinstance(layer, GatedLayer)]


MIN_PROBABILITY = 1e-5  # of a step, below which the density approximates it


def sample_nats(module: WaveNet, batch: Batch) -> Tensor:
    """Return the negative log-likelihood of each sample of a batch, ``(batch, time)``, in nats.

    ``inputs`` of the batch, if there are any, are the past samples with noise; the likelihood is that of ``signal``.
    """
    inputs = batch.get("inputs", batch["signal"])
    outputs = module(inputs, batch.get("frames"), batch.get("label"), batch.get("speaker"))
    if module.config.head == "mu-law":
        nats = F.cross_entropy(outputs.flatten(0, 1), batch["target"].flatten(), reduction="none")
        return nats.view(outputs.shape[:2])
    return logistics_nats(outputs, batch["signal"])


def logistics_nats(outputs: Tensor, signal: Tensor) -> Tensor:
    """Return the negative log-probability of samples on the 16-bit grid under mixtures of logistics, in nats.

    A step of the grid has the probability ``sigmoid((x + step / 2 - mean) / scale) - sigmoid((x - step / 2 - mean) /
    scale)``; the outermost steps reach to infinity. Where this difference is too small for float32, the density times
    the step replaces it.

    - ``outputs``: ``(..., 3 * mixtures)``: logits, means and log scales.
    - ``signal``: ``(...)``, the samples; the result has this shape.

    References
    ----------
    T. Salimans et al., "PixelCNN++", 2017, section 2.1.
    """
    logits, means, log_scales = outputs.chunk(3, dim=-1)
    log_scales = log_scales.clamp(min=MIN_LOG_SCALE)
    half_step = 0.5 / MAX_STEP
    deviation = signal.unsqueeze(-1) - means
    inverse_scales = torch.exp(-log_scales)
    above = (deviation + half_step) * inverse_scales
    below = (deviation - half_step) * inverse_scales
    probability = torch.sigmoid(above) - torch.sigmoid(below)
    z = deviation * inverse_scales
    log_density = z - log_scales - 2 * F.softplus(z) + math.log(2 * half_step)
    log_inside = torch.where(probability > MIN_PROBABILITY, probability.clamp(min=1e-12).log(), log_density)
    outermost = 1 - half_step
    is_lowest, is_highest = (signal <= -outermost).unsqueeze(-1), (signal >= outermost).unsqueeze(-1)
    log_probability = torch.where(is_highest, F.logsigmoid(-below), log_inside)
    log_probability = torch.where(is_lowest, F.logsigmoid(above), log_probability)
    return -torch.logsumexp(logits.log_softmax(-1) + log_probability, dim=-1)


class WaveNetNetwork(SinglePlayerNetwork[WaveNet]):
    """The WaveNet and the loss that it minimises."""

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__("wavenet", WaveNet(config), sample_losses, {"likelihood/nats": 1.0})


def sample_losses(module: WaveNet, batch: Batch) -> dict[str, Tensor]:
    """Return the mean nats of a sample that is no padding; see :func:`sample_nats`."""
    mask = batch["mask"]
    return {"likelihood/nats": (sample_nats(module, batch) * mask).sum() / mask.sum().clamp(min=1)}


SAMPLE_LABELS = 10  # at every evaluation
SAMPLE_COPIES = 2  # of validation speech, for a vocoder
MAX_SAMPLE_SECONDS = 2.0


class WaveNetTraining(FamilyTraining[WaveNetConfig, WaveNet, WaveNetPrepared]):
    """The part of the family that needs PyTorch."""

    network = WaveNetNetwork

    @torch.no_grad()
    def evaluate(self, module: WaveNet, prepared: WaveNetPrepared) -> dict[str, float]:
        """Return ``valid/bits`` of a sample of the validation clips, given the true samples before it."""
        device = next(module.parameters()).device
        nats = n_samples = 0.0
        for arrays in prepared.valid:
            batch = {name: torch.as_tensor(array, device=device) for name, array in arrays.items()}
            nats += float((sample_nats(module, batch) * batch["mask"]).sum())
            n_samples += float(batch["mask"].sum())
        return {"valid/bits": nats / n_samples / math.log(2)} if n_samples else {}

    @torch.no_grad()
    def samples(self, module: WaveNet, prepared: WaveNetPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a clip ``(1, time)`` of each of the first labels, or copies of validation speech, with titles."""
        config = module.config
        device = next(module.parameters()).device
        engine = Engine(config, engine_tensors(module), "float32")
        requests = _copy_requests(prepared) if config.condition == "mel" else _label_requests(prepared)
        waves = []
        for request in requests:
            condition = None
            if module.conditioner is not None:
                inputs = {name: torch.as_tensor(value[None], device=device) for name, value in request.inputs.items()}
                rows = module.conditioner(**inputs)[0].float().cpu().numpy()  # (rows, layers * 2 * channels)
                condition = rows.reshape(1, len(rows), config.n_layers, 2 * config.channels)
            frames = request.inputs["frames"]
            n_samples = len(frames) * config.hop_length
            signal = engine.draw(engine.start([0]), n_samples, condition, config.temperature)
            prediction = mel_to_prediction(features_to_mel(frames), config) if config.prediction_order else None
            waves.append(signal_to_wave(signal, config, prediction=prediction)[0])
        return waves, [request.title for request in requests]

    def export(self, module: WaveNet, prepared: WaveNetPrepared) -> ExportSpec:
        """Return the conditioning graph, the weights of the layers, durations, contours and a sample."""
        config = module.config
        graphs = {}
        if module.conditioner is not None:
            inputs = {"frames": torch.zeros(2, 8, config.features)}
            if config.labels:
                inputs["label"] = torch.zeros(2, dtype=torch.int64)
            if config.speakers:
                inputs["speaker"] = torch.zeros(2, dtype=torch.int64)
            dynamic_axes = {"frames": (1,), "condition": (1,)}
            graph = ConditionGraph(module.conditioner)
            graphs[CONDITION_FILE] = GraphSpec(graph, inputs, ("condition",), dynamic_axes)
        waves, _ = self.samples(module, prepared)
        files = {DURATIONS_FILE: {"durations": prepared.durations.ravel()}}
        if config.contour:
            files[CONTOURS_FILE] = prepared.batches.contours().tensors()
        return ExportSpec(
            graphs=graphs,
            sample=np.concatenate(waves, axis=1),
            weights=engine_tensors(module),
            files=files,
        )


@dataclass(frozen=True)
class SampleClip:
    """A clip to generate at an evaluation: its title and the inputs of the conditioning network, without batch."""

    title: str
    inputs: dict[str, np.ndarray]


def _copy_requests(prepared: WaveNetPrepared) -> list[SampleClip]:
    """Return the requests of copies of the first validation crops, or training crops without any."""
    batch = (prepared.valid or (prepared.batches(0),))[0]
    count = min(SAMPLE_COPIES, len(batch["signal"]))
    return [SampleClip(f"copy {index}", {"frames": batch["frames"][index]}) for index in range(count)]


def _label_requests(prepared: WaveNetPrepared) -> list[SampleClip]:
    """Return the requests of a clip of each of the first labels, of median length."""
    config = prepared.recipe.model
    contours = prepared.batches.contours() if config.contour else None
    requests = []
    for label in range(min(max(len(config.labels), 1), SAMPLE_LABELS)):
        seconds = min(float(np.median(prepared.durations[label])), MAX_SAMPLE_SECONDS)
        n_samples = round(seconds * config.sample_rate)
        n_clip_frames = samples_to_frames(n_samples, config)
        n_frames = n_clip_frames + config.context_frames
        frames = np.zeros((n_frames, 0), np.float32)
        if config.condition == "position":
            frames = position_features(n_frames, n_samples, config)
        if contours is not None:
            contour = contours.contour(contours.choose(0.5, label, 0), config.hop_length)
            contour = crop_contour(stretch_contour(contour, n_clip_frames), n_frames)
            frames = np.concatenate([frames, contour], axis=1)
        inputs: dict[str, np.ndarray] = {"frames": frames}
        if config.labels:
            inputs["label"] = np.array(label)
        if config.speakers:
            inputs["speaker"] = np.array(0)
        requests.append(SampleClip(config.labels[label] if config.labels else "", inputs))
    return requests


def engine_tensors(module: WaveNet) -> dict[str, np.ndarray]:
    """Return the weights of the layers over samples by the names of :func:`.weights.tensor_shapes`, float32."""
    layers = module.gated_layers()
    tensors: dict[str, Tensor] = {
        "input.weight": module.input.weight,
        "input.bias": module.input.bias,
        "skip.weight": torch.cat([layer.skip.weight for layer in layers], dim=1),
        "skip.bias": module.skip_bias,
        "head.weight": module.head.weight,
        "head.bias": module.head.bias,
        "output.weight": module.output.weight,
        "output.bias": module.output.bias,
    }
    for index, layer in enumerate(layers):
        tensors[f"dilated.{index}.weight"] = layer.dilated.weight
        tensors[f"dilated.{index}.bias"] = layer.dilated.bias
        if layer.residual is not None:
            tensors[f"residual.{index}.weight"] = layer.residual.weight
            tensors[f"residual.{index}.bias"] = layer.residual.bias
    return {name: tensor.detach().float().cpu().numpy() for name, tensor in tensors.items()}


class ConditionGraph(nn.Module):
    """The conditioning network as a graph: ``frames``, then ``label`` and ``speaker`` if the model has them."""

    def __init__(self, conditioner: ConditioningNetwork) -> None:
        super().__init__()
        self.conditioner = conditioner

    def forward(self, frames: Tensor, *indices: Tensor) -> Tensor:
        """Return the conditions of all layers."""
        config = self.conditioner.config
        label = indices[0] if config.labels else None
        speaker = indices[-1] if config.speakers else None
        condition: Tensor = self.conditioner(frames, label, speaker)
        return condition
