"""The network: pre-net, recurrent layers and mixture-density output, over whole clips or frame by frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...dsp.position import POSITION_FEATURES
from ...nn.cells import step_cells
from .config import LstmConfig

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
