"""The networks of a WaveNet: the layers over a wave, what the condition says to each of them, and the likelihood that they learn by."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.speech_mel import features_to_mel
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.gated import GatedLayer, convolve_layers, matmul_dtype, skip_sum
from ...nn.network import Batch, Network, Turn
from .config import CONDITION_FILE, CONTOURS_FILE, DURATIONS_FILE, LARGEST_STEP, SMALLEST_LOG_SCALE, WaveNetConfig
from .contours import covering, stretched
from .frames import frames_of, position_features, to_wave
from .prediction import prediction_of
from .recipe import WaveNetPrepared

SOUNDS_TO_HEAR = 10
LONGEST_TO_HEAR_SECONDS = 2.0


class Conditioner(nn.Module):
    """Frames, label and speaker -> what each layer adds to its units.

    ``forward(frames (batch, n_frames, features), label (batch,), speaker (batch,)) -> (batch, n_frames * upsampling, n_layers * 2 *
    channels)``, one row for each ``condition_hop`` samples; what the model does not have is None. The upsampling is learned: each frame
    becomes several rows, and a convolution over these joins them.
    """

    def __init__(self, config: WaveNetConfig):
        super().__init__()
        self.config = config
        width, self.upsampling = config.condition_channels, config.hop_length // config.condition_hop
        self.label = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        self.speaker = nn.Embedding(len(config.speakers), config.label_size) if config.speakers else None
        n_inputs = config.features + config.label_size * (bool(config.labels) + bool(config.speakers))
        self.start = nn.Linear(n_inputs, width)
        self.over_frames = nn.ModuleList(nn.Conv1d(width, width, 3, padding=1) for _ in range(config.condition_layers))
        self.upsample = nn.Linear(width, self.upsampling * width)
        self.over_rows = nn.Conv1d(width, width, 3, padding=1)
        self.to_layers = nn.Linear(width, config.n_layers * 2 * config.channels)

    def forward(self, frames: Tensor, label: Tensor | None = None, speaker: Tensor | None = None) -> Tensor:
        parts = [frames] if self.config.features else []
        for embedding, index in ((self.label, label), (self.speaker, speaker)):
            if embedding is not None:
                parts.append(embedding(index)[:, None].expand(-1, frames.shape[1], -1))
        hidden = F.leaky_relu(self.start(torch.cat(parts, dim=-1)), 0.1).transpose(1, 2)  # (batch, width, frames)
        for layer in self.over_frames:
            hidden = hidden + F.leaky_relu(layer(hidden), 0.1)
        rows = (
            self.upsample(hidden.transpose(1, 2)).unflatten(2, (self.upsampling, -1)).flatten(1, 2)
        )  # (batch, rows, width)
        rows = F.leaky_relu(rows + self.over_rows(rows.transpose(1, 2)).transpose(1, 2), 0.1)
        return self.to_layers(rows)


class WaveNet(Network):
    """The whole: wave and condition -> the distribution of each sample given those before it."""

    def __init__(self, config: WaveNetConfig):
        super().__init__()
        self.config = config
        has_condition = bool(config.features or config.labels or config.speakers)
        self.conditioner = Conditioner(config) if has_condition else None
        self.input = nn.Linear(config.input_taps, config.channels)
        self.layers = nn.ModuleList(
            GatedLayer(config.channels, config.skip_channels, dilation, is_last=index == config.n_layers - 1)
            for index, dilation in enumerate(config.dilations)
        )
        self.skip_bias = nn.Parameter(torch.zeros(config.skip_channels))
        self.head = nn.Linear(config.skip_channels, config.head_channels)
        self.output = nn.Linear(config.head_channels, config.outputs)
        if config.head == "logistics":
            with torch.no_grad():  # bells beside each other, as wide as soft sounds are loud
                _, means, log_scales = self.output.bias.chunk(3)
                means.copy_(torch.linspace(-0.3, 0.3, config.n_mixtures))
                log_scales.fill_(-3.0)

    def forward(
        self, wave: Tensor, frames: Tensor | None = None, label: Tensor | None = None, speaker: Tensor | None = None
    ) -> Tensor:
        """``wave (batch, time)`` as the network hears it -> outputs ``(batch, time, outputs)``; the output at ``t`` has heard up to ``t - 1``.

        ``frames (batch, n_frames, features)`` cover the wave; without features only their number counts.
        """
        condition: tuple[Tensor | None, ...] = (None,) * len(self.layers)
        if self.conditioner is not None and frames is not None:
            condition = self.conditioner(frames, label, speaker).chunk(len(self.layers), dim=-1)
        taps = self.config.input_taps
        past = F.pad(wave, (taps, 0))[:, :-1].unfold(1, taps, 1)  # (batch, time, taps)
        with torch.autocast(wave.device.type, enabled=False):
            hidden = F.linear(past, self.input.weight, self.input.bias)
        dtype, layers, hold = matmul_dtype(wave.device.type), self.gated_layers(), self.config.condition_hop
        if dtype is torch.float32 and wave.device.type == "cpu":
            total = convolve_layers(layers, hidden, condition, hold, self.skip_bias)
        else:
            units = []
            for layer, of_layer in zip(layers, condition, strict=True):
                hidden, of_units = layer(hidden, of_layer, hold)
                units.append(of_units)
            total = skip_sum(layers, units, self.skip_bias)
        hidden = F.linear(F.relu(total).to(dtype), self.head.weight.to(dtype), self.head.bias.to(dtype))
        return F.linear(F.relu(hidden), self.output.weight.to(dtype), self.output.bias.to(dtype)).float()

    def gated_layers(self) -> list[GatedLayer]:
        """The layers in order."""
        return [layer for layer in self.layers if isinstance(layer, GatedLayer)]

    def players(self) -> dict[str, nn.Module]:
        return {"wavenet": self}

    def inference_module(self) -> nn.Module:
        """The part that plays: its weights are averaged over the steps, evaluated and exported."""
        return self

    def loss_weights(self, step: int) -> dict[str, float]:
        return {"likelihood/nats": 1.0}

    def turns(self, step: int) -> list[Turn]:
        return [("wavenet", self._losses)]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        """Nats for each sample, the mean over those that count; see :meth:`nats`."""
        counts = batch["counts"]  # (batch, time), 1 where a sample is to be learned, 0 in padding
        return {"likelihood/nats": (self.nats(batch) * counts).sum() / counts.sum().clamp(min=1)}

    def nats(self, batch: Batch) -> Tensor:
        """The negative log-likelihood of each sample, ``(batch, time)``."""
        outputs = self(batch.get("past", batch["heard"]), batch.get("frames"), batch.get("label"), batch.get("speaker"))
        if self.config.head == "mu-law":
            return F.cross_entropy(outputs.flatten(0, 1), batch["target"].flatten(), reduction="none").view(
                outputs.shape[:2]
            )
        return logistics_nats(outputs, batch["heard"])


def logistics_nats(outputs: Tensor, wave: Tensor) -> Tensor:
    """Negative log-probability of ``wave (...)`` on 16 bits under mixtures of logistics ``outputs (..., 3 * mixtures)``, in nats.

    The logits, means and log scales of the mixtures stand one after the other. A step of the grid has the probability
    ``sigmoid((x + step / 2 - mean) / scale) - sigmoid((x - step / 2 - mean) / scale)``, the outermost ones reach to infinity (Salimans
    et al., 2017, section 2.1). Where this difference is too small for float32, the density times the step stands for it.
    """
    logits, means, log_scales = outputs.chunk(3, dim=-1)
    log_scales = log_scales.clamp(min=SMALLEST_LOG_SCALE)
    half_step = 0.5 / LARGEST_STEP
    from_mean = wave.unsqueeze(-1) - means
    inverse_scales = torch.exp(-log_scales)
    above, below = (from_mean + half_step) * inverse_scales, (from_mean - half_step) * inverse_scales
    inside = torch.sigmoid(above) - torch.sigmoid(below)
    middle = from_mean * inverse_scales
    by_density = middle - log_scales - 2 * F.softplus(middle) + math.log(2 * half_step)
    log_inside = torch.where(inside > 1e-5, inside.clamp(min=1e-12).log(), by_density)
    outermost = 1 - half_step
    is_lowest, is_highest = (wave <= -outermost).unsqueeze(-1), (wave >= outermost).unsqueeze(-1)
    log_probability = torch.where(
        is_lowest, F.logsigmoid(above), torch.where(is_highest, F.logsigmoid(-below), log_inside)
    )
    return -torch.logsumexp(logits.log_softmax(-1) + log_probability, dim=-1)


def build(config: WaveNetConfig) -> WaveNet:
    """The network of a configuration, with fresh weights."""
    return WaveNet(config)


@torch.no_grad()
def evaluate(network: WaveNet, prepared: WaveNetPrepared) -> dict[str, float]:
    """``valid/bits``: of a sample of the held-out stretches, given the true samples before it; nothing without such clips."""
    device = next(network.parameters()).device
    nats = counted = 0.0
    for stretches in prepared.valid:
        batch = {name: torch.as_tensor(value, device=device) for name, value in stretches.items()}
        nats += float((network.nats(batch) * batch["counts"]).sum())
        counted += float(batch["counts"].sum())
    return {"valid/bits": nats / counted / math.log(2)} if counted else {}


def engine_tensors(network: WaveNet) -> dict[str, np.ndarray]:
    """The weights of the layers over the wave as :class:`.engine.Engine` takes them, float32."""
    tensors: dict[str, Tensor] = {
        "input.weight": network.input.weight,
        "input.bias": network.input.bias,
        "skip.weight": torch.cat([layer.skip.weight for layer in network.gated_layers()], dim=1),
        "skip.bias": network.skip_bias,
        "head.weight": network.head.weight,
        "head.bias": network.head.bias,
        "output.weight": network.output.weight,
        "output.bias": network.output.bias,
    }
    for index, layer in enumerate(network.gated_layers()):
        tensors |= {f"dilated.{index}.weight": layer.dilated.weight, f"dilated.{index}.bias": layer.dilated.bias}
        if layer.residual is not None:
            tensors |= {
                f"residual.{index}.weight": layer.residual.weight,
                f"residual.{index}.bias": layer.residual.bias,
            }
    return {name: tensor.detach().float().cpu().numpy() for name, tensor in tensors.items()}


@torch.no_grad()
def samples(network: WaveNet, prepared: WaveNetPrepared) -> tuple[list[np.ndarray], list[str]]:
    """A sound of each of the first labels, or two copies of held-out speech, ``(1, time)`` each, and their titles."""
    from .engine import Engine

    config = network.config
    device = next(network.parameters()).device
    asked = _asked(prepared)
    engine = Engine(config, engine_tensors(network), "float32")
    waves = []
    for _, given in asked:
        condition = None
        if network.conditioner is not None:
            tensors = {name: torch.as_tensor(value[None], device=device) for name, value in given.items()}
            rows = network.conditioner(**tensors)[0].float().cpu().numpy()  # (rows, layers * 2 * channels)
            condition = rows.reshape(1, len(rows), config.n_layers, 2 * config.channels)
        n_samples = len(given["frames"]) * config.hop_length
        heard = engine.draw(engine.start([0]), n_samples, condition, config.temperature)
        prediction = prediction_of(features_to_mel(given["frames"]), config) if config.prediction_order else None
        waves.append(to_wave(heard, config, prediction=prediction)[0])
    return waves, [title for title, _ in asked]


def _asked(prepared: WaveNetPrepared) -> list[tuple[str, dict[str, np.ndarray]]]:
    """Titles and conditions of the sounds to hear along the way."""
    config = prepared.recipe.model
    names: list[str] = [name for name in ("frames", "label", "speaker") if name in prepared.batches(0)]
    if config.condition == "mel":
        first = (prepared.valid or (prepared.batches(0),))[0]
        return [(f"copy {i}", {name: first[name][i] for name in names}) for i in range(min(2, len(first["heard"])))]
    contours = prepared.batches.contours() if config.contour else None
    asked = []
    for index in range(min(max(len(config.labels), 1), SOUNDS_TO_HEAR)):
        seconds = float(np.median(prepared.durations[index]))
        n_samples = round(min(seconds, LONGEST_TO_HEAR_SECONDS) * config.sample_rate)
        n_frames = frames_of(n_samples, config) + config.context_frames
        position = config.condition == "position"
        frames = position_features(n_frames, n_samples, config) if position else np.zeros((n_frames, 0), np.float32)
        if contours is not None:
            contour = contours.one(contours.chosen(0.5, index, 0), config.hop_length)
            contour = covering(stretched(contour, frames_of(n_samples, config)), n_frames)
            frames = np.concatenate([frames, contour], axis=1)
        given: dict[str, np.ndarray] = {"frames": frames, "label": np.array(index), "speaker": np.array(0)}
        asked.append((config.labels[index] if config.labels else "", {name: given[name] for name in names}))
    return asked


class Conditioning(nn.Module):
    """The conditioner as a graph of tensors alone: ``frames``, then ``label`` and ``speaker`` where the model has them."""

    def __init__(self, conditioner: Conditioner):
        super().__init__()
        self.conditioner = conditioner

    def forward(self, frames: Tensor, *given: Tensor) -> Tensor:
        config = self.conditioner.config
        return self.conditioner(frames, given[0] if config.labels else None, given[-1] if config.speakers else None)


def export(network: WaveNet, prepared: WaveNetPrepared) -> ExportSpec:
    """The graph of the condition, the weights of the layers over the wave, the durations and contours to draw from, and a sample."""
    config = network.config
    graphs = {}
    if network.conditioner is not None:
        frames = torch.zeros(2, 8, config.features)
        names = {"label": config.labels, "speaker": config.speakers}
        inputs = {"frames": frames} | {name: torch.zeros(2, dtype=torch.int64) for name, some in names.items() if some}
        free = {"frames": (1,), "condition": (1,)}
        graphs[CONDITION_FILE] = GraphSpec(Conditioning(network.conditioner), inputs, ("condition",), free)
    waves, _ = samples(network, prepared)
    files = {DURATIONS_FILE: {"durations": prepared.durations.ravel()}}
    files |= {CONTOURS_FILE: prepared.batches.contours().tensors()} if config.contour else {}
    return ExportSpec(
        graphs=graphs,
        sample=np.concatenate(waves, axis=1),
        weights=engine_tensors(network),
        files=files,
    )
