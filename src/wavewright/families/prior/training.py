"""The networks of the family ``prior`` and their training: losses, evaluation and export."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...contracts.family import EMBEDDINGS_FILE
from ...contracts.generation import ClipRequest
from ...contracts.step_session import conditioning_names
from ...nn.cells import step_cells
from ...nn.convnext import ConvNeXtStack
from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, SinglePlayerNetwork
from ...nn.step_inputs import TorchStep, example_conditioning, one_torch_thread, split_conditioning
from .config import DEPTH_FILE, STATISTICS_FILE, TIME_FILE, PriorConfig
from .recipe import PriorPrepared
from .sampling import CodeSampler

EXPANSION = 3  # ratio of the hidden channels to the channels of a ConvNeXt block


class TimeNetwork(nn.Module):
    """Recurrent layers or causal convolutions over frames, for whole clips or step by step."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.rnn: nn.LSTM | nn.GRU | None = None
        if config.cell == "convnext":
            self.in_proj = nn.Linear(config.input_size, size)
            self.blocks = ConvNeXtStack(config.n_layers, size, EXPANSION * size, config.kernel_size)
        else:
            recurrent_type = nn.LSTM if config.cell == "lstm" else nn.GRU
            layer_dropout = config.dropout if config.n_layers > 1 else 0.0
            self.rnn = recurrent_type(config.input_size, size, config.n_layers, batch_first=True, dropout=layer_dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the hidden vectors ``(batch, frames, hidden_size)`` of ``inputs (batch, frames, input_size)``."""
        hidden: Tensor = self.blocks(self.in_proj(inputs))[0] if self.rnn is None else self.rnn(inputs)[0]
        return hidden

    def step(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return the hidden vector ``(batch, hidden_size)`` of ``inputs (batch, input_size)``, and the next state.

        ``state`` is ``(batch, *state_shape)``.
        """
        if self.rnn is not None:
            return step_cells(self.rnn, inputs, state)
        hidden, next_state = self.blocks(self.in_proj(inputs).unsqueeze(1), state)
        return hidden[:, 0], next_state


class DepthLayer(nn.Module):
    """A residual layer over the codebooks of a frame: normalisation and a feed-forward network."""

    def __init__(self, size: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.linear1 = nn.Linear(size, 2 * size)
        self.linear2 = nn.Linear(2 * size, size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return a tensor of the shape of ``vectors (..., size)``."""
        branch: Tensor = self.dropout(self.linear2(F.gelu(self.linear1(self.norm(vectors)))))
        return vectors + branch


class CodePredictor(nn.Module):
    """Distribution of the next code, given the frames so far and the coarser codes of its frame.

    The network over time turns the sums of the embedded codes of the frames so far into a context. Within a frame,
    layers for all codebooks get the sum of the context, the embeddings of the coarser codes and an embedding of the
    codebook.
    """

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        self.config = config
        size, n_symbols = config.embedding_size, config.codebook_size + 2
        self.code_embedding = nn.Embedding(config.n_codebooks * n_symbols, size)
        nn.init.normal_(self.code_embedding.weight, std=0.3)
        # Row of the first symbol of each codebook in the embedding.
        self.offsets = nn.Buffer(torch.arange(config.n_codebooks) * n_symbols, persistent=False)
        self.label_embedding = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        self.speaker_embedding = nn.Embedding(len(config.speakers), config.label_size) if config.speakers else None
        self.dropout = nn.Dropout(config.dropout)
        self.time = TimeNetwork(config)
        self.context_proj = nn.Linear(config.hidden_size, size)
        self.codebook_embedding = nn.Parameter(0.02 * torch.randn(config.n_codebooks, size))
        self.depth = nn.Sequential(*[DepthLayer(size, config.dropout) for _ in range(config.depth_layers)])
        self.norm = nn.LayerNorm(size)
        # Small initial weights: all codes start about equally probable.
        self.head = nn.Parameter(0.1 * size**-0.5 * torch.randn(config.n_codebooks, size, config.codebook_size + 1))
        self.head_bias = nn.Parameter(torch.zeros(config.n_codebooks, config.codebook_size + 1))

    def forward(
        self, symbols: Tensor, mask: Tensor, position: Tensor | None, label: Tensor | None, speaker: Tensor | None
    ) -> Tensor:
        """Return the logits of all codes, each given all codes before it.

        - ``symbols``: ``(batch, 1 + frames, n_codebooks)``, starting with the frame before the first.
        - ``mask``: ``(batch, frames)`` bool, False in padding.
        - ``position``, ``label``, ``speaker``: features of the positions ``(batch, frames, POSITION_FEATURES)``, and
          indices ``(batch,)``.
        - returns: ``(n_codebooks, n, codebook_size + 1)`` for the ``n`` frames that are no padding.
        """
        vectors = self._embed(symbols)
        hidden = self.time(self._time_inputs(vectors[:, :-1].sum(2), position, label, speaker))
        frame_vectors = vectors[:, 1:][mask]  # (n, n_codebooks, embedding_size)
        coarser = frame_vectors.cumsum(1) - frame_vectors
        context = self.context_proj(self.dropout(hidden))[mask].unsqueeze(1)
        outputs = self.norm(self.depth(context + coarser + self.codebook_embedding))
        return torch.baddbmm(self.head_bias.unsqueeze(1), outputs.transpose(0, 1), self.head)

    def time_step(
        self, previous: Tensor, position: Tensor | None, label: Tensor | None, speaker: Tensor | None, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the context ``(batch, embedding_size)`` of a frame, and the next state.

        ``previous (batch, n_codebooks)`` are the symbols of the frame before.
        """
        inputs = self._time_inputs(self._embed(previous).sum(1), position, label, speaker)
        hidden, next_state = self.time.step(inputs, state)
        return self.context_proj(hidden), next_state

    def depth_step(self, context: Tensor, symbols: Tensor, codebook: Tensor) -> Tensor:
        """Return the logits ``(batch, codebook_size + 1)`` of the symbols of ``codebook (batch,)``.

        ``context`` is ``(batch, embedding_size)``; of ``symbols (batch, n_codebooks)`` the coarser ones are used.
        """
        indices = torch.arange(self.config.n_codebooks, device=codebook.device)
        is_coarser = (indices < codebook.unsqueeze(1)).unsqueeze(-1)  # (batch, n_codebooks, 1)
        coarser = (self._embed(symbols) * is_coarser.to(context.dtype)).sum(1)
        outputs = self.norm(self.depth(context + coarser + self.codebook_embedding[codebook]))
        return torch.matmul(outputs.unsqueeze(1), self.head[codebook]).squeeze(1) + self.head_bias[codebook]

    def _embed(self, symbols: Tensor) -> Tensor:
        """Return the embeddings ``(..., n_codebooks, embedding_size)`` of ``symbols (..., n_codebooks)``."""
        vectors: Tensor = self.code_embedding(symbols + self.offsets)
        return vectors

    def _time_inputs(
        self, total: Tensor, position: Tensor | None, label: Tensor | None, speaker: Tensor | None
    ) -> Tensor:
        """Return the inputs ``(..., input_size)`` of the network over time; ``total`` sums the codes' embeddings."""
        features: list[Tensor] = [self.dropout(total)]
        if position is not None:
            features.append(position.to(total.dtype))
        for embedding, index in ((self.label_embedding, label), (self.speaker_embedding, speaker)):
            if embedding is not None and index is not None:
                vector = embedding(index)  # (batch, label_size)
                features.append(vector if total.ndim == 2 else vector.unsqueeze(1).expand(-1, total.shape[1], -1))
        return torch.cat(features, -1)


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
