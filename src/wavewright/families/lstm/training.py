"""Training of the family ``lstm``: build the network, evaluate, sample and export it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ...base.progress_bar import report_progress
from ...contracts.conditioning import conditioning_names
from ...contracts.generation import ClipRequest
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.network import FamilyTraining
from ...nn.step_inputs import TorchStep, example_conditioning, split_conditioning
from .config import STATISTICS_FILE, STEP_FILE, LstmConfig
from .losses import frame_losses
from .modules import MixtureDensityRNN
from .network import LstmNetwork
from .recipe import LstmPrepared
from .sampling import FrameSampler, StepInputs, StepOutputs, clip_drawing, drawn_together

MEASURED_CLIPS = 16  # of each label, at every evaluation
SAMPLE_CLIPS = 3  # of each label, at every evaluation


class LstmTraining(FamilyTraining[LstmConfig, MixtureDensityRNN, LstmPrepared]):
    """The part of the family that needs PyTorch."""

    network = LstmNetwork

    @torch.no_grad()
    def evaluate(self, module: MixtureDensityRNN, prepared: LstmPrepared) -> dict[str, float]:
        """Return ``distance``, ``diversity`` and ``level_db`` of generated clips, and the loss of validation frames.

        See :meth:`.reference.RecordingReference.measure`.
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
