"""The recurrent network: pre-net, cells and mixture density, the losses that it learns by, and its step as it is played."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.position import POSITION_FEATURES, position_features
from ...nn.cells import step_cells
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.network import Batch, Network, Turn
from .config import LOG_DEVIATIONS, STATISTICS_FILE, LstmConfig
from .recipe import LstmPrepared
from .sampling import draw_sound

CARRY = 0.5  # of the frame before in the next one's mean, where training begins
CLIPS_TO_MEASURE = 16  # of each label, at every evaluation
CLIPS_TO_HEAR = 3  # of each label, at every evaluation
VOICE_NOISE_SHARE = 0.15  # of the input noise, for pitch and periodicity: what follows them must know them well


class Recurrent(nn.Module):
    """Frames so far to what the next may be, over a whole clip or step by step."""

    def __init__(self, config: LstmConfig):
        super().__init__()
        self.config = config
        self.prenet = nn.Sequential(
            nn.Linear(config.n_features, config.prenet_size),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.prenet_size, config.prenet_size),
            nn.ReLU(),
            nn.Dropout(config.dropout),
        )
        self.labels = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        self.speakers = nn.Embedding(len(config.speakers), config.label_size) if config.speakers else None
        n_inputs = config.prenet_size + (POSITION_FEATURES if config.has_position else 0)
        n_inputs += config.label_size * (bool(config.labels) + bool(config.speakers))
        cells = nn.LSTM if config.cell == "lstm" else nn.GRU
        between = config.dropout if config.n_layers > 1 else 0.0
        self.cells = cells(n_inputs, config.hidden_size, config.n_layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden_size, config.n_outputs)
        self.n_logits = config.n_mixtures if config.output == "mixture" else 0
        self.carry = nn.Parameter(torch.full((max(self.n_logits, 1), config.n_features), CARRY))

    def forward(
        self,
        frames: Tensor,
        position: Tensor | None = None,
        label: Tensor | None = None,
        speaker: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """``frames (batch, frames, n_features)``, each the one before the frame that is described -> ``(batch, frames, n_outputs)``.

        ``noise``, of the frames' shape, is added to what the cells hear, not to what the means are carried on from.
        """
        hidden, _ = self.cells(self._inputs(frames if noise is None else frames + noise, position, label, speaker))
        return self._described(self.dropout(hidden), frames)

    def step(
        self, frame: Tensor, position: Tensor | None, label: Tensor | None, speaker: Tensor | None, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """``frame (batch, n_features)`` and ``state (batch, n_states, hidden_size)`` to ``(batch, n_outputs)`` and the next state."""
        hidden, state = step_cells(self.cells, self._inputs(frame, position, label, speaker), state)
        return self._described(hidden, frame), state

    def _described(self, hidden: Tensor, frames: Tensor) -> Tensor:
        """``(..., n_outputs)``: what the head says, each mean moved by a learned share of the frame before, so that sounds flow."""
        outputs = self.head(hidden).float()
        logits, means, rest = outputs.split(
            [self.n_logits, self.carry.numel(), outputs.shape[-1] - self.n_logits - self.carry.numel()], -1
        )
        carried = (self.carry * frames.unsqueeze(-2)).flatten(-2)  # (..., n_mixtures n_features)
        return torch.cat([logits, means + carried, rest], -1)

    def _inputs(self, frames: Tensor, position: Tensor | None, label: Tensor | None, speaker: Tensor | None) -> Tensor:
        """What the cells get, ``(..., inputs)``, for ``frames (..., n_features)``."""
        parts = [self.prenet(frames)]
        if self.config.has_position and position is not None:
            parts.append(position.to(parts[0].dtype))
        for embedding, number in ((self.labels, label), (self.speakers, speaker)):
            if embedding is not None and number is not None:
                vector = embedding(number).to(parts[0].dtype)  # (batch, label_size)
                parts.append(vector if frames.ndim == 2 else vector.unsqueeze(1).expand(-1, frames.shape[1], -1))
        return torch.cat(parts, -1)


def mixture_nll(outputs: Tensor, frames: Tensor, n_mixtures: int) -> Tensor:
    """Negative log-likelihood ``(...)`` of ``frames (..., n_features)`` in nats under the mixture that ``outputs`` describe.

    ``-log sum_k p_k prod_d N(x_d; m_kd, s_kd)`` (Bishop, 1994, equation 29, with a deviation for each dimension); ``outputs (...,
    n_mixtures (1 + 2 n_features))`` are logits, means and log deviations.
    """
    n_features = frames.shape[-1]
    logits = outputs[..., :n_mixtures].log_softmax(-1)
    means, log_deviations = outputs[..., n_mixtures:].unflatten(-1, (2, n_mixtures, n_features)).unbind(-3)
    log_deviations = log_deviations.clamp(*LOG_DEVIATIONS)
    z = (frames.unsqueeze(-2) - means) * torch.exp(-log_deviations)
    of_each = -0.5 * z.square().sum(-1) - log_deviations.sum(-1) - 0.5 * n_features * math.log(2 * math.pi)
    return -(logits + of_each).logsumexp(-1)


class Lstm(Network):
    """The recurrent network and what it minimises."""

    def __init__(self, config: LstmConfig):
        super().__init__()
        self.config = config
        self.recurrent = Recurrent(config)

    def players(self) -> dict[str, nn.Module]:
        return {"recurrent": self.recurrent}

    def inference_module(self) -> nn.Module:
        """The part that plays: its weights are averaged over the steps, evaluated and exported."""
        return self.recurrent

    def loss_weights(self, step: int) -> dict[str, float]:
        weights = {"frame/nll": 1.0} if self.config.output == "mixture" else {"frame/mse": 1.0}
        return weights | ({"end/cross_entropy": 1.0} if self.config.duration == "learned" else {})

    def turns(self, step: int) -> list[Turn]:
        return [("recurrent", self._losses)]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        noise = self.config.input_noise * torch.randn_like(batch["frames"])
        noise[..., self.config.n_mels :] *= VOICE_NOISE_SHARE
        noise[:, 0] = 0.0  # what was before the sound is the same in training and in playing
        return losses(self.recurrent, batch, noise)


def losses(recurrent: Recurrent, batch: Batch, noise: Tensor | None = None) -> dict[str, Tensor]:
    """Teacher-forced losses, means over the frames that are no padding; ``noise`` is added to what the cells hear.

    ``frame/nll`` is in nats for each number of a frame, ``frame/mse`` the mean squared error of white frames, ``end/cross_entropy`` that
    of whether a frame is the last.
    """
    config, frames, heard = recurrent.config, batch["frames"], batch["heard"]
    before = F.pad(frames[:, :-1], (0, 0, 1, 0))  # zeros stand for what was before the sound
    outputs = recurrent(before, batch["position"], batch["label"], batch["speaker"], noise)
    n_heard = heard.sum().clamp(min=1)
    found = {}
    with torch.autocast(frames.device.type, enabled=False):
        if config.duration == "learned":
            is_last = heard - F.pad(heard[:, 1:], (0, 1))
            error = F.binary_cross_entropy_with_logits(outputs[..., -1], is_last, reduction="none")
            found["end/cross_entropy"] = (error * heard).sum() / n_heard
            outputs = outputs[..., :-1]
        if config.output == "mixture":
            error = mixture_nll(outputs, frames, config.n_mixtures) / config.n_features
            return {"frame/nll": (error * heard).sum() / n_heard} | found
        error = (outputs - frames).square().mean(-1)
        return {"frame/mse": (error * heard).sum() / n_heard} | found


def build(config: LstmConfig) -> Lstm:
    """The network of a configuration, with fresh weights."""
    return Lstm(config)


class TorchStep:
    """A network's step on NumPy arrays, as sampling wants it."""

    def __init__(self, recurrent: Recurrent):
        self.recurrent = recurrent
        self.device = next(recurrent.parameters()).device

    @torch.no_grad()
    def __call__(
        self, frame: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        given = [torch.as_tensor(array[None], device=self.device) for array in (frame, position, state)]
        numbers = [torch.tensor([number], device=self.device) for number in (label, speaker)]
        outputs, next_state = self.recurrent.step(given[0], given[1], numbers[0], numbers[1], given[2])
        return outputs[0].cpu().numpy(), next_state[0].cpu().numpy()


def generate(recurrent: Recurrent, prepared: LstmPrepared, label: int, count: int) -> list[np.ndarray]:
    """Clips ``(time,)`` of a network in training, the same random numbers at every call."""
    config, statistics = recurrent.config, prepared.statistics
    n_samples = round(prepared.recipe.data.heard_seconds * config.sample_rate) if config.duration == "endless" else None
    waves = []
    for index in range(count):
        rng = np.random.default_rng([prepared.recipe.training.seed, label, index])
        speaker = int(rng.integers(max(len(config.speakers), 1)))
        step = TorchStep(recurrent)
        waves.append(draw_sound(step, config, statistics, rng, label, speaker, n_samples, config.temperature))
    return waves


@torch.no_grad()
def evaluate(recurrent: Recurrent, prepared: LstmPrepared) -> dict[str, float]:
    """``distance`` and ``diversity`` (see :meth:`.recipe.Reference.measure`), and with validation clips the loss of their frames."""
    config = recurrent.config
    waves = {label: generate(recurrent, prepared, label, CLIPS_TO_MEASURE) for label in prepared.reference.embeddings}
    metrics = prepared.reference.measure(waves, config.sample_rate)
    if prepared.valid is None:
        return metrics
    device = next(recurrent.parameters()).device
    total, n_frames = 0.0, 0.0
    name = "nll" if config.output == "mixture" else "mse"
    for arrays in prepared.valid.all():
        batch = {key: torch.as_tensor(array, device=device) for key, array in arrays.items()}
        n_heard = float(arrays["heard"].sum())
        total += n_heard * float(losses(recurrent, batch)[f"frame/{name}"])
        n_frames += n_heard
    return {f"valid/{name}": total / n_frames, **metrics}


def samples(recurrent: Recurrent, prepared: LstmPrepared) -> tuple[list[np.ndarray], list[str]]:
    """A few clips of each label, ``(1, time)`` each, and their titles: the same random numbers at every call."""
    waves, titles = [], []
    for label in prepared.reference.embeddings:
        waves += [wave[None] for wave in generate(recurrent, prepared, label, CLIPS_TO_HEAR)]
        titles += [recurrent.config.labels[label] if recurrent.config.labels else ""] * CLIPS_TO_HEAR
    return waves, titles


class Playing(nn.Module):
    """A step as a graph of tensors alone: ``frame``, then position, label and speaker where the model has them, then ``state``."""

    def __init__(self, recurrent: Recurrent):
        super().__init__()
        self.recurrent = recurrent

    def forward(self, frame: Tensor, *given: Tensor) -> tuple[Tensor, Tensor]:
        config, rest = self.recurrent.config, list(given)
        position = rest.pop(0) if config.has_position else None
        label = rest.pop(0) if config.labels else None
        speaker = rest.pop(0) if config.speakers else None
        return self.recurrent.step(frame, position, label, speaker, rest[0])


def export(recurrent: Recurrent, prepared: LstmPrepared) -> ExportSpec:
    """The graph of one step, what is known of the training sounds, and a clip of each label."""
    config = recurrent.config
    draw = torch.Generator().manual_seed(0)
    inputs = {"frame": torch.randn(2, config.n_features, generator=draw)}
    if config.has_position:
        inputs["position"] = torch.from_numpy(position_features(20)[[0, 7]])
    if config.labels:
        inputs["label"] = torch.zeros(2, dtype=torch.int64)
    if config.speakers:
        inputs["speaker"] = torch.zeros(2, dtype=torch.int64)
    inputs["state"] = torch.randn(2, config.n_states, config.hidden_size, generator=draw) / 2
    waves, _ = samples(recurrent, prepared)
    return ExportSpec(
        graphs={"step.onnx": GraphSpec(Playing(recurrent), inputs, ("outputs", "next_state"))},
        sample=np.concatenate(waves[::CLIPS_TO_HEAR], axis=1),
        files={STATISTICS_FILE: prepared.statistics.tensors()},
    )
