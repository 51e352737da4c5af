"""The networks of the family ``lstm`` and their training: losses, evaluation and export."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...base.progress_bar import report_progress
from ...contracts.generation import ClipRequest
from ...contracts.step_session import conditioning_names
from ...dsp.position import POSITION_FEATURES
from ...nn.cells import step_cells
from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, SinglePlayerNetwork
from ...nn.step_inputs import TorchStep, example_conditioning, one_torch_thread, split_conditioning
from .config import LOG_DEVIATIONS, STATISTICS_FILE, STEP_FILE, LstmConfig
from .recipe import LstmPrepared
from .sampling import FrameSampler, StepInputs, StepOutputs, clip_drawing, drawn_together

INITIAL_PREVIOUS_WEIGHT = 0.5  # of the frame before in each mean


class PreNet(nn.Sequential):
    """Two layers with ReLU and dropout, a bottleneck in front of the recurrence (Tacotron, section 3.2)."""

    def __init__(self, n_features: int, size: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(n_features, size),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(size, size),
            nn.ReLU(),
            nn.Dropout(dropout),
        )


class MixtureDensityRNN(nn.Module):
    """Recurrent network from the frames so far to the distribution of the next frame (Graves, 2013).

    The outputs of a frame are the logits, means and log standard deviations of a mixture of diagonal Gaussians (or the
    mean alone), then the logit of the end where ends are learned.
    """

    def __init__(self, config: LstmConfig) -> None:
        super().__init__()
        self.config = config
        self.prenet = PreNet(config.n_features, config.prenet_size, config.dropout)
        self.label_embedding = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        self.speaker_embedding = nn.Embedding(len(config.speakers), config.label_size) if config.speakers else None
        input_size = config.prenet_size + (POSITION_FEATURES if config.has_position else 0)
        input_size += config.label_size * (bool(config.labels) + bool(config.speakers))
        recurrent_type = nn.LSTM if config.cell == "lstm" else nn.GRU
        layer_dropout = config.dropout if config.n_layers > 1 else 0.0
        self.rnn = recurrent_type(
            input_size, config.hidden_size, config.n_layers, batch_first=True, dropout=layer_dropout
        )
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden_size, config.n_outputs)
        self.n_logits = config.n_mixtures if config.output == "mixture" else 0
        self.previous_weight = nn.Parameter(
            torch.full((max(self.n_logits, 1), config.n_features), INITIAL_PREVIOUS_WEIGHT)
        )

    def forward(
        self,
        frames: Tensor,
        position: Tensor | None,
        label: Tensor | None,
        speaker: Tensor | None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Return the outputs of whole clips.

        - ``frames``: ``(batch, frames, n_features)``, each the frame before the one that is predicted.
        - ``position``, ``label``, ``speaker``: features of the positions ``(batch, frames, POSITION_FEATURES)``, and
          indices ``(batch,)``.
        - ``noise``: added to the frames that the recurrence gets, but not to those that the means continue.
        - returns: ``(batch, frames, n_outputs)``.
        """
        noisy = frames if noise is None else frames + noise
        hidden, _ = self.rnn(self._inputs(noisy, position, label, speaker))
        return self._outputs(self.dropout(hidden), frames)

    def step(
        self, frame: Tensor, position: Tensor | None, label: Tensor | None, speaker: Tensor | None, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the outputs ``(batch, n_outputs)`` after one frame, and the next state.

        ``frame`` is ``(batch, n_features)`` and ``state (batch, n_states, hidden_size)``.
        """
        hidden, next_state = step_cells(self.rnn, self._inputs(frame, position, label, speaker), state)
        return self._outputs(hidden, frame), next_state

    def _inputs(self, frames: Tensor, position: Tensor | None, label: Tensor | None, speaker: Tensor | None) -> Tensor:
        """Return the inputs of the recurrence ``(..., input_size)`` for ``frames (..., n_features)``."""
        features: list[Tensor] = [self.prenet(frames)]
        dtype = features[0].dtype
        if self.config.has_position and position is not None:
            features.append(position.to(dtype))
        for embedding, index in ((self.label_embedding, label), (self.speaker_embedding, speaker)):
            if embedding is not None and index is not None:
                vector = embedding(index).to(dtype)  # (batch, label_size)
                features.append(vector if frames.ndim == 2 else vector.unsqueeze(1).expand(-1, frames.shape[1], -1))
        return torch.cat(features, -1)

    def _outputs(self, hidden: Tensor, frames: Tensor) -> Tensor:
        """Return the outputs of the head, each mean plus the frame before times a learned weight."""
        outputs = self.head(hidden).float()
        n_means = self.previous_weight.numel()
        logits, means, rest = outputs.split([self.n_logits, n_means, outputs.shape[-1] - self.n_logits - n_means], -1)
        carried = (self.previous_weight * frames.unsqueeze(-2)).flatten(-2)  # (..., n_mixtures * n_features)
        return torch.cat([logits, means + carried, rest], -1)


def mixture_nll(outputs: Tensor, frames: Tensor, n_mixtures: int) -> Tensor:
    """Return the negative log-likelihood of frames under mixtures of diagonal Gaussians, ``(...)`` in nats.

    ``-log sum_k p_k prod_d N(x_d; m_kd, s_kd)``.

    - ``outputs``: ``(..., n_mixtures * (1 + 2 * n_features))``: logits, means and log standard deviations.

    References
    ----------
    C. Bishop, "Mixture Density Networks", 1994, equation 29, with a standard deviation for each dimension.
    """
    n_features = frames.shape[-1]
    log_weights = outputs[..., :n_mixtures].log_softmax(-1)
    components = outputs[..., n_mixtures:].reshape(*outputs.shape[:-1], 2, n_mixtures, n_features)
    means, log_deviations = components.unbind(-3)
    log_deviations = log_deviations.clamp(*LOG_DEVIATIONS)
    z = (frames.unsqueeze(-2) - means) * (-log_deviations).exp()
    log_densities = -0.5 * z.square().sum(-1) - log_deviations.sum(-1) - 0.5 * n_features * math.log(2 * math.pi)
    return -(log_weights + log_densities).logsumexp(-1)


def frame_losses(module: MixtureDensityRNN, batch: Batch, noise: Tensor | None = None) -> dict[str, Tensor]:
    """Return the losses of a batch with teacher forcing, means over the frames that are no padding.

    They are ``frame/nll``, in nats for each feature, or ``frame/mse`` of whitened frames, and with a learned end
    ``end/cross_entropy`` of whether a frame is the last. ``noise (batch, frames, n_features)`` is added to the input
    frames of the batch, which :class:`.recipe.FrameBatches` makes.
    """
    config = module.config
    frames, mask = batch["frames"], batch["mask"]
    previous = F.pad(frames[:, :-1], (0, 0, 1, 0))  # a frame of zeros precedes every clip
    outputs = module(previous, batch["position"], batch["label"], batch["speaker"], noise)
    n_frames = mask.sum().clamp(min=1)
    end_losses = {}
    with torch.autocast(frames.device.type, enabled=False):
        if config.duration == "learned":
            is_last = mask - F.pad(mask[:, 1:], (0, 1))
            error = F.binary_cross_entropy_with_logits(outputs[..., -1], is_last, reduction="none")
            end_losses["end/cross_entropy"] = (error * mask).sum() / n_frames
            outputs = outputs[..., :-1]
        if config.output == "mixture":
            error = mixture_nll(outputs, frames, config.n_mixtures) / config.n_features
            return {"frame/nll": (error * mask).sum() / n_frames} | end_losses
        error = (outputs - frames).square().mean(-1)
        return {"frame/mse": (error * mask).sum() / n_frames} | end_losses


VOICE_NOISE_FRACTION = 0.15  # of the input noise, for pitch and periodicity, which the next frame follows closely


class LstmNetwork(SinglePlayerNetwork[MixtureDensityRNN]):
    """The recurrent network and the losses that it minimises."""

    def __init__(self, config: LstmConfig) -> None:
        weights = {"frame/nll": 1.0} if config.output == "mixture" else {"frame/mse": 1.0}
        if config.duration == "learned":
            weights["end/cross_entropy"] = 1.0
        super().__init__("recurrent", MixtureDensityRNN(config), noisy_frame_losses, weights)


def noisy_frame_losses(module: MixtureDensityRNN, batch: Batch) -> dict[str, Tensor]:
    """Return the losses of a batch with noise on the input frames; see :func:`frame_losses`."""
    config = module.config
    noise = config.input_noise * torch.randn_like(batch["frames"])
    noise[..., config.n_mels :] *= VOICE_NOISE_FRACTION
    noise[:, 0] = 0.0  # the frame before a clip is zeros in training and at inference
    return frame_losses(module, batch, noise)


MEASURED_CLIPS = 16  # of each label, at every evaluation
SAMPLE_CLIPS = 3  # of each label, at every evaluation


class LstmTraining(FamilyTraining[LstmConfig, MixtureDensityRNN, LstmPrepared]):
    """The part of the family that needs PyTorch."""

    network = LstmNetwork

    @torch.no_grad()
    def evaluate(self, module: MixtureDensityRNN, prepared: LstmPrepared) -> dict[str, float]:
        """Return ``distance``, ``diversity`` and ``level_db`` of generated clips, and the loss of validation frames.

        See :meth:`.recipe.RecordingReference.measure`.
        """
        reference = prepared.reference
        waves = {label: generate(module, prepared, label, MEASURED_CLIPS) for label in reference.embeddings}
        metrics = reference.measure(waves, module.config.sample_rate)
        if prepared.valid is None:
            return metrics
        device = next(module.parameters()).device
        loss = "nll" if module.config.output == "mixture" else "mse"
        total, n_frames = 0.0, 0.0
        for arrays in prepared.valid.all():
            batch = {name: torch.as_tensor(array, device=device) for name, array in arrays.items()}
            batch_frames = float(arrays["mask"].sum())
            total += batch_frames * float(frame_losses(module, batch)[f"frame/{loss}"])
            n_frames += batch_frames
        return {f"valid/{loss}": total / n_frames, **metrics}

    def samples(self, module: MixtureDensityRNN, prepared: LstmPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips ``(1, time)`` of each label, with titles, from the same random numbers at every call."""
        waves, titles = [], []
        for label in prepared.reference.embeddings:
            waves += [wave[None] for wave in generate(module, prepared, label, SAMPLE_CLIPS)]
            titles += [module.config.labels[label] if module.config.labels else ""] * SAMPLE_CLIPS
        return waves, titles

    def export(self, module: MixtureDensityRNN, prepared: LstmPrepared) -> ExportSpec:
        """Return the graph of one step, the statistics of the training clips, and a clip of each label."""
        config = module.config
        rng = torch.Generator().manual_seed(0)
        inputs = {
            "frame": torch.randn(2, config.n_features, generator=rng),
            **example_conditioning(conditioning_names(config)),
        }
        inputs["state"] = torch.randn(2, config.n_states, config.hidden_size, generator=rng) / 2
        waves, _ = self.samples(module, prepared)
        return ExportSpec(
            graphs={STEP_FILE: GraphSpec(StepGraph(module), inputs, ("outputs", "next_state"))},
            sample=np.concatenate(waves[::SAMPLE_CLIPS], axis=1),
            files={STATISTICS_FILE: prepared.statistics.tensors()},
        )


@one_torch_thread()
def generate(module: MixtureDensityRNN, prepared: LstmPrepared, label: int, count: int) -> list[np.ndarray]:
    """Return clips ``(time,)`` of a network in training; the random numbers are the same at every call."""
    config, seed = module.config, prepared.recipe.training.seed
    n_samples = None
    if config.duration == "endless":
        n_samples = round(prepared.recipe.data.sample_seconds * config.sample_rate)
    step, drawings = TorchFrameStep(module), []
    for index in range(count):
        rng = np.random.default_rng([seed, label, index])
        speaker = int(rng.integers(max(len(config.speakers), 1)))
        request = ClipRequest(n_samples, label, speaker, config.temperature, rng)
        drawings.append(clip_drawing(FrameSampler(step, config, prepared.statistics, request)))
    return drawn_together(drawings, step.together)


class TorchFrameStep(TorchStep[MixtureDensityRNN]):
    """The step of a network in training on NumPy arrays; see :class:`.sampling.FrameStep`."""

    @torch.no_grad()
    def __call__(
        self, frame: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the outputs ``(n_outputs,)`` for the next frame, and the next state."""
        return self.together([(frame, position, label, speaker, state)])[0]

    @torch.no_grad()
    def together(self, inputs: Sequence[StepInputs]) -> list[StepOutputs]:
        """Return the outputs and the next state of each of several steps, which are made as one batch."""
        report_progress(f"drawing {len(inputs)} clips", None)
        columns = (torch.as_tensor(np.stack(column), device=self._device) for column in zip(*inputs, strict=True))
        outputs, next_states = (tensor.cpu().numpy() for tensor in self.module.step(*columns))
        return list(zip(outputs, next_states, strict=True))


class StepGraph(nn.Module):
    """One step as a graph of tensors: ``frame``, then position, label and speaker if the model has them, ``state``."""

    def __init__(self, recurrent: MixtureDensityRNN) -> None:
        super().__init__()
        self.recurrent = recurrent

    def forward(self, frame: Tensor, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs and the next state."""
        return self.recurrent.step(frame, *split_conditioning(conditioning_names(self.recurrent.config), inputs))
