"""Training of the family ``prior``: build the network, evaluate, sample and export it."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...contracts.family import EMBEDDINGS_FILE
from ...contracts.generation import ClipRequest
from ...contracts.step_session import conditioning_names
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.network import Batch, FamilyTraining, SinglePlayerNetwork
from ...nn.step_inputs import TorchStep, example_conditioning, one_torch_thread, split_conditioning
from .config import DEPTH_FILE, STATISTICS_FILE, TIME_FILE, PriorConfig
from .modules import CodePredictor
from .recipe import PriorPrepared
from .sampling import CodeSampler


class PriorNetwork(SinglePlayerNetwork[CodePredictor]):
    """The predictor of codes and the loss that it minimises."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__("predictor", CodePredictor(config), code_losses, {"codes/nats": 1.0})


def code_losses(predictor: CodePredictor, batch: Batch) -> dict[str, Tensor]:
    """Return the mean over the codebooks of the mean nats of a code; see :func:`code_nats`."""
    nats, is_counted = code_nats(predictor, batch)
    return {"codes/nats": (nats.sum(1) / is_counted.sum(1).clamp(min=1)).mean()}


def code_nats(predictor: CodePredictor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the negative log-likelihood of every code, given all codes before it.

    In a silent frame, the coarsest code has the silence symbol and the others are not counted.

    - ``predictor``: the network.
    - ``batch``: as :class:`.recipe.CodeBatches` makes it.
    - returns ``nats``: ``(n_codebooks, n)`` for the ``n`` frames that are no padding; 0 where not counted.
    - returns ``is_counted``: the same shape, 1 or 0.
    """
    config, mask = predictor.config, batch["mask"].bool()
    logits = predictor(batch["symbols"], mask, batch.get("position"), batch["label"], batch["speaker"])
    targets = batch["symbols"][:, 1:][mask].t()  # (n_codebooks, n)
    is_counted = torch.ones(targets.shape, device=targets.device)
    is_counted[1:] = (targets[0] != config.silence_symbol).float()
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        nats = [F.cross_entropy(logits[0], targets[0], reduction="none")]
        for codebook in range(1, config.n_codebooks):  # which have no silence symbol
            target = targets[codebook].clamp(max=config.codebook_size - 1)
            nats.append(F.cross_entropy(logits[codebook, :, :-1], target, reduction="none"))
        return torch.stack(nats) * is_counted, is_counted


SAMPLE_CLIPS = 2  # of each label, at every evaluation


class PriorTraining(FamilyTraining[PriorConfig, CodePredictor, PriorPrepared]):
    """The part of the family that needs PyTorch."""

    network = PriorNetwork

    @torch.no_grad()
    def evaluate(self, module: CodePredictor, prepared: PriorPrepared) -> dict[str, float]:
        """Return ``valid/bits`` of a frame of validation codes, and ``bits/1``, ``bits/2`` ... of a code."""
        if not prepared.valid:
            return {}
        device = next(module.parameters()).device
        n_codebooks = module.config.n_codebooks
        total_nats, n_counted = np.zeros(n_codebooks), np.zeros(n_codebooks)
        for arrays in prepared.valid:
            batch = {name: torch.as_tensor(array, device=device) for name, array in arrays.items()}
            nats, is_counted = code_nats(module, batch)
            total_nats += nats.double().sum(1).cpu().numpy()
            n_counted += is_counted.double().sum(1).cpu().numpy()
        bits = total_nats / math.log(2)
        code_bits = bits / np.maximum(n_counted, 1)
        metrics = {f"bits/{codebook + 1}": float(code_bits[codebook]) for codebook in range(n_codebooks)}
        return {"valid/bits": float(bits.sum() / n_counted[0]), **metrics}

    @one_torch_thread()
    def samples(self, module: CodePredictor, prepared: PriorPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips ``(1, time)`` of each label, with titles, from the same random numbers at every call."""
        config, seed = module.config, prepared.recipe.training.seed
        steps, waves, titles = TorchCodeSteps(module), [], []
        for label, name in enumerate(config.labels or ("",)):
            for index in range(SAMPLE_CLIPS):
                rng = np.random.default_rng([seed, label, index])
                speaker = int(rng.integers(max(len(config.speakers), 1)))
                n_frames = prepared.draw_sample_frames(label, speaker, rng)
                sampler = CodeSampler(steps, config, ClipRequest(None, label, speaker, config.temperature, rng))
                codes = np.stack(list(sampler.frames(n_frames)), axis=1)
                waves.append(np.clip(prepared.codec.decode(codes), -1.0, 1.0))
                titles.append(name)
        return waves, titles

    def export(self, module: CodePredictor, prepared: PriorPrepared) -> ExportSpec:
        """Return the graphs of both steps, durations and embeddings of the training clips, and a clip of each label."""
        config = module.config
        rng = torch.Generator().manual_seed(0)
        symbols = torch.randint(config.codebook_size, (2, config.n_codebooks), generator=rng)
        time_inputs = {"previous": symbols, **example_conditioning(conditioning_names(config))}
        time_inputs["state"] = torch.randn(2, *config.state_shape, generator=rng) / 2
        depth_inputs = {
            "context": torch.randn(2, config.embedding_size, generator=rng),
            "symbols": symbols,
            "codebook": torch.tensor([config.n_codebooks - 1, 0]),
        }
        files = {}
        if config.duration == "drawn":
            files = {STATISTICS_FILE: {"durations": prepared.durations}, EMBEDDINGS_FILE: prepared.training_embeddings}
        waves, _ = self.samples(module, prepared)
        return ExportSpec(
            graphs={
                TIME_FILE: GraphSpec(TimeGraph(module), time_inputs, ("context", "next_state")),
                DEPTH_FILE: GraphSpec(DepthGraph(module), depth_inputs, ("logits",)),
            },
            sample=np.concatenate(waves[::SAMPLE_CLIPS], axis=1),
            files=files,
        )


class TorchCodeSteps(TorchStep[CodePredictor]):
    """The steps of a network in training on NumPy arrays; see :class:`.sampling.CodeSteps`."""

    @torch.no_grad()
    def time_step(
        self, previous: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the context of a frame, and the next state."""
        positions = self.batch(position) if self.module.config.has_position else None
        context, next_state = self.module.time_step(
            self.batch(previous), positions, self.batch(label), self.batch(speaker), self.batch(state)
        )
        return context[0].cpu().numpy(), next_state[0].cpu().numpy()

    @torch.no_grad()
    def depth_step(self, context: np.ndarray, symbols: np.ndarray, codebook: int) -> np.ndarray:
        """Return the logits of the symbol of a codebook."""
        logits = self.module.depth_step(self.batch(context), self.batch(symbols), self.batch(codebook))
        return np.asarray(logits[0].cpu().numpy())


class TimeGraph(nn.Module):
    """A step over time as a graph: ``previous``, then position, label and speaker if the model has them, ``state``."""

    def __init__(self, predictor: CodePredictor) -> None:
        super().__init__()
        self.predictor = predictor

    def forward(self, previous: Tensor, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the context and the next state."""
        return self.predictor.time_step(
            previous, *split_conditioning(conditioning_names(self.predictor.config), inputs)
        )


class DepthGraph(nn.Module):
    """A step over the codebooks of a frame as a graph: ``context``, ``symbols`` and ``codebook`` to logits."""

    def __init__(self, predictor: CodePredictor) -> None:
        super().__init__()
        self.predictor = predictor

    def forward(self, context: Tensor, symbols: Tensor, codebook: Tensor) -> Tensor:
        """Return the logits."""
        return self.predictor.depth_step(context, symbols, codebook)
