"""The networks: one over time, one over the codebooks of a frame (Lee et al., 2022, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.cells import step_cells
from ...nn.convnext import ConvNeXtStack
from .config import PriorConfig

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
