"""The composer's networks: features of a step to a context over time, and from there voice by voice to events."""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.cells import step_cells
from .config import NO_TONIC, ComposerConfig
from .vocabulary import FIRST_NOTE, MAX_INTERVAL, Vocabulary

N_OUTPUT_INTERVALS = 2 * MAX_INTERVAL + 1


class FeatureEmbedding(nn.Module):
    """Embed the integer features of a step, each by its own table, and mix them linearly.

    ``dropout`` leaves out whole features in training.
    """

    offsets: Tensor

    def __init__(self, sizes: tuple[int, ...], embedding_size: int, hidden_size: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.table = nn.Embedding(sum(sizes), embedding_size)
        self.mix = nn.Linear(len(sizes) * embedding_size, hidden_size)
        starts = torch.cumsum(torch.tensor((0, *sizes[:-1])), 0)
        self.register_buffer("offsets", starts, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map features ``(..., features)`` int64 to ``(..., hidden_size)``."""
        vectors = self.table(features + self.offsets)
        retained = F.dropout(torch.ones_like(vectors[..., :1]), self.dropout, self.training)
        hidden: Tensor = self.mix((vectors * retained).flatten(-2))
        return hidden


class RecurrentTime(nn.Module):
    """Stacked LSTM layers over the steps."""

    def __init__(self, config: ComposerConfig) -> None:
        super().__init__()
        size, dropout = config.hidden_size, config.dropout if config.n_layers > 1 else 0.0
        self.layers = nn.LSTM(size, size, config.n_layers, batch_first=True, dropout=dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map ``(batch, steps, hidden_size)`` to the same shape, causally."""
        outputs: Tensor = self.layers(hidden)[0]
        return outputs

    def step(self, hidden: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Advance ``(batch, hidden_size)`` by one step; see :func:`.nn.cells.step_cells`."""
        return step_cells(self.layers, hidden, state)


class TransformerBlock(nn.Module):
    """Causal self-attention with rotary positions over the last steps, and a feed-forward network, both residual."""

    def __init__(self, config: ComposerConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.n_heads, self.context_steps = config.n_heads, config.context_steps
        self.attention_norm, self.feed_norm = nn.LayerNorm(size), nn.LayerNorm(size)
        self.in_proj, self.out_proj = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.expand, self.contract = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.dropout = nn.Dropout(config.dropout)

    def _heads(self, hidden: Tensor) -> list[Tensor]:
        """Return queries, keys and values ``(batch, n_heads, steps, head_size)``."""
        projected = self.in_proj(self.attention_norm(hidden))
        return [each.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for each in projected.chunk(3, -1)]

    def _feed(self, hidden: Tensor, attended: Tensor) -> Tensor:
        hidden = hidden + self.dropout(self.out_proj(attended.transpose(1, 2).flatten(2)))
        fed: Tensor = hidden + self.dropout(self.contract(F.gelu(self.expand(self.feed_norm(hidden)))))
        return fed

    def forward(self, hidden: Tensor, angles: Tensor, mask: Tensor) -> Tensor:
        """Map ``(batch, steps, hidden_size)`` to the same shape; ``mask (steps, steps)`` is added to the scores."""
        query, key, value = self._heads(hidden)
        attended = F.scaled_dot_product_attention(rotated(query, angles), rotated(key, angles), value, attn_mask=mask)
        return self._feed(hidden, attended)

    def step(self, hidden: Tensor, angles: Tensor, cache: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Advance ``(batch, hidden_size)`` by one step.

        ``cache (batch, 2, n_heads, context_steps - 1, head_size)`` has keys and values of the steps before; returned
        are those of this step, ``(batch, 2, n_heads, 1, head_size)``.
        """
        query, key, value = self._heads(hidden[:, None])
        key = rotated(key, angles)
        keys, values = torch.cat([cache[:, 0], key], 2), torch.cat([cache[:, 1], value], 2)
        scores = rotated(query, angles) @ keys.transpose(-1, -2) / math.sqrt(key.shape[-1]) + mask
        return self._feed(hidden[:, None], scores.softmax(-1) @ values)[:, 0], torch.stack([key, value], 1)


def rotary_angles(positions: Tensor, head_size: int) -> Tensor:
    """Return the angles ``(..., head_size / 2)`` by which the pairs of a head are rotated at positions.

    References
    ----------
    J. Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021, equation 15.
    """
    exponents = torch.arange(0, head_size, 2, device=positions.device) / head_size
    return positions[..., None] * torch.exp(-math.log(10_000.0) * exponents)


def rotated(heads: Tensor, angles: Tensor) -> Tensor:
    """Rotate the pairs of ``(..., head_size)`` by angles that broadcast to ``(..., head_size / 2)``."""
    cosine, sine = angles.cos().to(heads.dtype), angles.sin().to(heads.dtype)
    first, second = heads.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], -1)


class AttentionTime(nn.Module):
    """Transformer blocks over the steps, each of which attends to the last ``context_steps``."""

    def __init__(self, config: ComposerConfig) -> None:
        super().__init__()
        self.config = config
        self.blocks = nn.ModuleList([TransformerBlock(config) for _ in range(config.n_layers)])
        self.norm = nn.LayerNorm(config.hidden_size)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map ``(batch, steps, hidden_size)`` to the same shape, causally."""
        positions = torch.arange(hidden.shape[1], device=hidden.device)
        distance = positions[:, None] - positions
        is_hidden = (distance < 0) | (distance >= self.config.context_steps)
        mask = torch.zeros_like(distance, dtype=hidden.dtype).masked_fill(is_hidden, -torch.inf)
        angles = rotary_angles(positions.float(), self.config.head_size)
        for block in self.blocks:
            hidden = block(hidden, angles, mask)
        normalised: Tensor = self.norm(hidden)
        return normalised

    def step(self, hidden: Tensor, angles: Tensor, state: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Advance ``(batch, hidden_size)`` by one step.

        - ``hidden``: ``(batch, hidden_size)``.
        - ``angles``: ``(batch, 1, 1, head_size / 2)``, of the position of the step.
        - ``state``: ``(batch, n_layers, 2, n_heads, context_steps - 1, head_size)``, keys and values of the steps
          before, in any order.
        - ``mask``: ``(batch, 1, 1, context_steps)``, added to the scores: of those steps, then of this one.
        - returns ``context``: ``(batch, hidden_size)``.
        - returns ``cached``: ``(batch, n_layers, 2, n_heads, 1, head_size)``, keys and values of this step.
        """
        cached = []
        for index, block in enumerate(cast("list[TransformerBlock]", list(self.blocks))):
            hidden, keys_and_values = block.step(hidden, angles, state[:, index], mask)
            cached.append(keys_and_values)
        return self.norm(hidden), torch.stack(cached, 1)


class StepOutput(NamedTuple):
    """Logits of the events of a voice."""

    hold: Tensor  # that the sounding symbol goes on, ``(...)``
    symbols: Tensor  # of the symbol that starts otherwise, ``(..., n_events)``


class VoicePredictor(nn.Module):
    """From the context of a step and the voices that are known of it to the event of another voice.

    The logit of a note is the sum of one for its pitch and one for its interval to each voice and to its own last note.
    """

    def __init__(self, config: ComposerConfig) -> None:
        super().__init__()
        self.config = config
        size, n_lanes, vocabulary = config.hidden_size, config.n_lanes, config.vocabulary
        self.known = nn.Embedding(n_lanes * (2 * vocabulary.size), size)
        self.lane = nn.Embedding(n_lanes, size)
        self.norms = nn.ModuleList([nn.LayerNorm(size) for _ in range(config.n_voice_layers)])
        self.expand = nn.ModuleList([nn.Linear(size, 2 * size) for _ in range(config.n_voice_layers)])
        self.contract = nn.ModuleList([nn.Linear(2 * size, size) for _ in range(config.n_voice_layers)])
        self.dropout = nn.Dropout(config.dropout)
        self.out_norm = nn.LayerNorm(size)
        self.hold = nn.Linear(size, 1)
        self.symbols = nn.Linear(size, vocabulary.n_events)
        n_references = n_lanes + 1 + config.knows_target
        self.intervals = nn.Linear(size, n_references * N_OUTPUT_INTERVALS) if config.has_notes else None
        n_degrees = 12 + vocabulary.n_events - vocabulary.first_chord
        self.degrees = nn.Linear(size, n_degrees) if config.knows_key else None

    def known_vectors(self, symbols: Tensor, is_held: Tensor) -> Tensor:
        """Return the vector ``(..., lanes, hidden_size)`` that each known cell adds to the contexts of others."""
        size = self.config.vocabulary.size
        lanes = torch.arange(self.config.n_lanes, device=symbols.device)
        vectors: Tensor = self.known((2 * lanes + is_held.long()) * size + symbols)
        return vectors

    def forward(
        self, context: Tensor, known: Tensor, lanes: Tensor, references: Tensor, tonic: Tensor | None = None
    ) -> StepOutput:
        """Predict the events of voices.

        - ``context``: ``(..., hidden_size)``, of the step.
        - ``known``: ``(..., hidden_size)``, sum of the vectors of the known cells of the step.
        - ``lanes``: ``(...)``, the voice of each.
        - ``references``: ``(..., n_lanes + 1)``, symbols of all voices and of the own voice before, and with
          ``has_target`` the next known note of the own voice; only those of notes count.
        - ``tonic``: ``(...)``, pitch class, NO_TONIC for none; of a model with ``has_key``.
        """
        hidden = context + known + self.lane(lanes)
        for norm, expand, contract in zip(self.norms, self.expand, self.contract, strict=True):
            hidden = hidden + self.dropout(contract(F.gelu(expand(norm(hidden)))))
        hidden = self.out_norm(hidden)
        symbols, vocabulary = self.symbols(hidden), self.config.vocabulary
        if self.intervals is not None:
            by_interval = self.intervals(hidden).unflatten(-1, (-1, N_OUTPUT_INTERVALS))
            symbols = torch.cat(
                [
                    symbols[..., :FIRST_NOTE],
                    symbols[..., FIRST_NOTE : vocabulary.first_chord]
                    + logits_by_pitch(by_interval, references, vocabulary),
                    symbols[..., vocabulary.first_chord :],
                ],
                -1,
            )
        if self.degrees is not None and tonic is not None:
            symbols = symbols + logits_by_degree(self.degrees(hidden), tonic, vocabulary)
        return StepOutput(self.hold(hidden)[..., 0], symbols)


def logits_by_pitch(by_interval: Tensor, references: Tensor, vocabulary: Vocabulary) -> Tensor:
    """Sum the logits of intervals to several notes as logits of pitches.

    - ``by_interval``: ``(..., references, N_OUTPUT_INTERVALS)``, from -MAX_INTERVAL to MAX_INTERVAL; larger intervals
      count as these.
    - ``references``: ``(..., references)``, symbols; only those of notes count.
    - returns ``logits``: ``(..., n_notes)``.
    """
    is_note = (references >= FIRST_NOTE) & (references < vocabulary.first_chord)
    pitches = torch.arange(vocabulary.n_notes, device=references.device)
    index = (pitches - (references[..., None] - FIRST_NOTE)).clamp(-MAX_INTERVAL, MAX_INTERVAL) + MAX_INTERVAL
    return (by_interval.gather(-1, index) * is_note[..., None]).sum(-2)


def logits_by_degree(by_degree: Tensor, tonic: Tensor, vocabulary: Vocabulary) -> Tensor:
    """Return logits of pitch classes and chord roots above a tonic as logits of symbols, zeros without a tonic.

    - ``by_degree``: ``(..., 12 + chords)``, pitch classes above the tonic, then chords by quality and root above it.
    - returns ``logits``: ``(..., n_events)``.
    """
    pitches = torch.arange(vocabulary.n_notes, device=tonic.device) + vocabulary.lowest
    chords = torch.arange(vocabulary.n_events - vocabulary.first_chord, device=tonic.device)
    notes = (pitches - tonic[..., None]) % 12
    roots = 12 + 12 * (chords // 12) + (chords % 12 - tonic[..., None]) % 12
    logits = by_degree.gather(-1, torch.cat([notes, roots], -1)) * (tonic < NO_TONIC)[..., None]
    return F.pad(logits, (FIRST_NOTE, 0))


class Composer(nn.Module):
    """The whole network: features of steps to contexts, and contexts to events."""

    def __init__(self, config: ComposerConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = FeatureEmbedding(
            config.feature_sizes, config.embedding_size, config.hidden_size, config.feature_dropout
        )
        self.dropout = nn.Dropout(config.dropout)
        self.time: RecurrentTime | AttentionTime
        self.time = RecurrentTime(config) if config.cell == "lstm" else AttentionTime(config)
        self.voices = VoicePredictor(config)

    def contexts(self, features: Tensor) -> Tensor:
        """Map features ``(batch, steps, features)`` to contexts ``(batch, steps, hidden_size)``."""
        contexts: Tensor = self.dropout(self.time(self.dropout(self.embedding(features))))
        return contexts

    def forward(
        self,
        features: Tensor,
        symbols: Tensor,
        is_held: Tensor,
        before: Tensor,
        ranks: Tensor,
        is_target: Tensor,
        tonic: Tensor | None = None,
        target: Tensor | None = None,
    ) -> StepOutput:
        """Predict cells from the steps before and the cells of their step with a lower rank.

        - ``features``: ``(batch, steps, features)``.
        - ``symbols``, ``is_held``: ``(batch, steps, lanes)``, the cells.
        - ``before``: ``(batch, steps, lanes)``, symbols of the step before.
        - ``ranks``: ``(batch, steps or 1, lanes)``, order in which the voices are drawn.
        - ``is_target``: ``(batch, steps, lanes)``, the n cells to predict.
        - ``tonic``: ``(batch, steps)``, of a model with ``has_key``.
        - ``target``: ``(batch, steps, lanes)``, next known notes, of a model with ``has_target``.
        - returns: logits ``(n,)`` and ``(n, n_events)``.
        """
        contexts = self.contexts(features)
        batch, step, lanes = is_target.nonzero(as_tuple=True)
        is_known = (ranks[..., None, :] < ranks[..., :, None]).expand(*symbols.shape, -1)
        known = is_known.to(contexts.dtype) @ self.voices.known_vectors(symbols, is_held).to(contexts.dtype)
        current = torch.where(is_known, symbols[..., None, :], before[..., None, :])
        references = [current, before[..., None]]
        if target is not None:
            references.append(target[..., None])
        tonics = None if tonic is None else tonic[batch, step]
        output: StepOutput = self.voices(
            contexts[batch, step], known[is_target], lanes, torch.cat(references, -1)[is_target], tonics
        )
        return output


def event_nats(
    output: StepOutput, symbols: Tensor, is_held: Tensor, can_hold: Tensor, allowed: Tensor | None = None
) -> Tensor:
    """Return the negative log-likelihood of cells, in nats.

    - ``can_hold``: false where the symbol before cannot go on, so that a symbol starts with certainty.
    - ``allowed``: ``(..., n_events)``, symbols that can start; the others have no probability.
    """
    hold, logits = output.hold.float(), output.symbols.float()
    if allowed is not None:
        logits = logits.masked_fill(~allowed, -torch.inf)
    is_held = is_held.bool()
    started = torch.where(is_held, torch.zeros_like(symbols), symbols)
    normaliser = torch.logsumexp(logits, -1)
    symbol_nats = normaliser - logits.gather(-1, started[..., None])[..., 0]
    symbol_nats = torch.where(is_held, torch.zeros_like(symbol_nats), symbol_nats)
    hold_nats = F.softplus(torch.where(is_held, -hold, hold))
    return torch.where(can_hold, hold_nats, torch.zeros_like(hold_nats)) + symbol_nats
