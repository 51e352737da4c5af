"""Context model of a codec's codes: the probability of each code given those before it, for entropy coding.

It is trained in floating point; its weights are then rounded to whole multiples of a step, so that every machine
computes the same probabilities.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..base.progress_bar import report_progress
from .precision import supports_bfloat16

BATCH_FRAMES = 512
LEARNING_RATE, WEIGHT_DECAY, WARMUP_FRACTION = 5e-3, 1e-2, 0.15
MAX_EPOCHS = 4
FEWER_CODEBOOKS_RATE = 0.25  # of the batches see only the first codebooks of earlier frames, as in a smaller file
NO_PAST_RATE = 0.1  # of the frames see no earlier ones, besides those that start a packet
PACKET_FRAMES = 50
HELD_OUT_STRIDE = 10  # every tenth recording is held out to measure the bits of a code
EVALUATION_BATCH_FRAMES = 1_024
TIMED_STEPS = 4


@dataclass(frozen=True)
class ContextModelConfig:
    """Sizes of a context model and the resolution of its weights.

    A code is predicted as one of ``n_groups`` groups of similar codes, then as a code of the group. The context, a
    vector of ``context_size``, covers the first ``n_past_codebooks`` of ``n_past_frames`` earlier frames. Each weight,
    by its name, becomes a whole multiple of its step, of at most its limit if it has one.
    """

    n_groups: int
    context_size: int
    n_past_frames: int
    n_past_codebooks: int
    steps: Mapping[str, float]
    limits: Mapping[str, float]


@dataclass(frozen=True)
class TrainedContextModel:
    """Result of :func:`train_context_model`."""

    order: np.ndarray  # codes sorted by similarity, ``(n_codebooks, codebook_size)``
    weights: dict[str, np.ndarray]  # weights by name; along an axis of codes they follow ``order``
    mean_bits: np.ndarray  # bits of a code without and with known earlier frames, ``(2, n_codebooks)``


class CodeFrames:
    """Concatenated frames of codes, with the number of earlier frames that a decoder knows at each.

    - ``codes``: recordings ``(n_codebooks, frames)``; silent frames are below 0.
    - ``ranks``: rank of each code in the order by similarity, ``(n_codebooks, codebook_size)``.
    - ``ranks``: ranks of the codes of all frames, ``(frames, n_codebooks)``.
    - ``n_known``: known earlier frames at each frame, ``(frames,)``; 0 at the start of a packet and after silence.
    - ``active``: indices of the frames that are not silent.
    """

    def __init__(self, codes: Sequence[np.ndarray], ranks: np.ndarray) -> None:
        frames = np.concatenate([clip.T for clip in codes]).astype(np.int64)  # (frames, n_codebooks)
        is_silent = frames[:, 0] < 0
        n_known = np.zeros(len(frames), np.int64)
        is_start = np.zeros(len(frames), bool)
        is_start[np.cumsum([0] + [clip.shape[1] for clip in codes[:-1]])] = True
        index_in_packet = 0
        for index in range(len(frames)):
            is_packet_start = is_start[index] or index_in_packet == PACKET_FRAMES - 1
            index_in_packet = 0 if is_packet_start else index_in_packet + 1
            is_first = index_in_packet == 0 or is_silent[index - 1]
            n_known[index] = 0 if is_first else n_known[index - 1] + 1
        self.ranks = torch.as_tensor(ranks[np.arange(frames.shape[1]), np.maximum(frames, 0)])
        self.n_known = torch.as_tensor(n_known)
        self.active = torch.as_tensor(np.flatnonzero(~is_silent))

    def __len__(self) -> int:
        """Return the number of frames that are not silent."""
        return len(self.active)


class ContextModel(nn.Module):
    """Earlier codes to the probability of each group of codes, and of each code within its group.

    - ``probabilities``: probability of each code without context, ``(n_codebooks, codebook_size)``, in the order by
      similarity; the model starts from it.

    Notes
    -----
    The parameters are stored under their names. ``inside`` embeds earlier codes of the same frame, ``back`` those of
    earlier frames and ``unknown`` stands for frames that a decoder does not have; ``mix`` maps their sum.
    """

    def __init__(self, probabilities: Tensor, config: ContextModelConfig) -> None:
        super().__init__()
        self.config = config
        n_codebooks, codebook_size = probabilities.shape
        self.n_groups = config.n_groups
        self.group_size = codebook_size // self.n_groups
        size = config.context_size
        n_past_codebooks = min(config.n_past_codebooks, n_codebooks)
        self.inside = nn.Parameter(0.3 * torch.randn(n_codebooks, codebook_size, size))
        self.back = nn.Parameter(0.2 * torch.randn(config.n_past_frames, n_past_codebooks, codebook_size, size))
        self.unknown = nn.Parameter(torch.zeros(config.n_past_frames, size))
        self.mix = nn.Parameter(torch.randn(size, size) / (3 * size) ** 0.5)
        self.mix_bias = nn.Parameter(torch.zeros(size))
        self.bias = nn.Parameter(torch.zeros(n_codebooks, size))
        self.group_weights = nn.Parameter(0.02 * torch.randn(n_codebooks, self.n_groups, size))
        self.group_bias = nn.Parameter(probabilities.view(n_codebooks, self.n_groups, -1).sum(-1).log())
        self.code_weights = nn.Parameter(0.02 * torch.randn(n_codebooks, codebook_size, size))
        self.code_bias = nn.Parameter(probabilities.log())

    def forward(self, frames: CodeFrames, indices: Tensor, n_known: Tensor, n_used: int) -> Tensor:
        """Compute the cost of codes.

        - ``indices``: frames to code, ``(n,)``.
        - ``n_known``: known frames before each, ``(n,)``.
        - ``n_used``: known codebooks of these.
        - returns: bits of each code, ``(n, n_codebooks)``.
        """
        codes = frames.ranks[indices]
        n_codebooks = codes.shape[1]
        hidden = torch.relu(self._past(frames, indices, n_known, n_used).unsqueeze(1) + self._within(codes) + self.bias)
        group_logits = torch.einsum("nlc,lgc->nlg", hidden, self.group_weights) + self.group_bias
        code_logits = torch.einsum("nlc,lkc->nlk", hidden, self.code_weights) + self.code_bias
        group = codes // self.group_size
        rows = torch.arange(len(codes))[:, None]
        logits_in_group = code_logits.view(*codes.shape, self.n_groups, self.group_size)[
            rows, torch.arange(n_codebooks), group
        ]
        index_in_group = codes % self.group_size
        nats = F.cross_entropy(group_logits.flatten(0, 1).float(), group.flatten(), reduction="none")
        nats = nats + F.cross_entropy(logits_in_group.flatten(0, 1).float(), index_in_group.flatten(), reduction="none")
        return nats.view(codes.shape) / float(np.log(2))

    def _past(self, frames: CodeFrames, indices: Tensor, n_known: Tensor, n_used: int) -> Tensor:
        """Return the context vector of earlier frames, ``(n, context_size)``."""
        embedded = []
        for n_back in range(len(self.back)):
            before = frames.ranks[(indices - 1 - n_back).clamp(min=0)]
            codebooks = range(min(n_used, self.back.shape[1]))
            known = torch.stack([F.embedding(before[:, k], self.back[n_back, k]) for k in codebooks]).sum(0)
            embedded.append(torch.where((n_known > n_back).unsqueeze(1), known, self.unknown[n_back]))
        return F.linear(torch.relu(torch.stack(embedded).sum(0)), self.mix, self.mix_bias)

    def _within(self, codes: Tensor) -> Tensor:
        """Sum the embeddings of the earlier codebooks of a frame, ``(n, n_codebooks, context_size)``."""
        embedded = torch.stack([F.embedding(codes[:, k], self.inside[k]) for k in range(codes.shape[1])], 1)
        return F.pad(embedded.cumsum(1)[:, :-1], (0, 0, 1, 0))

    @torch.no_grad()
    def round(self) -> None:
        """Round all weights to whole multiples of their steps."""
        for name, weight in self.named_parameters():
            step = self.config.steps[name]
            weight.copy_((weight / step).round() * step)

    @torch.no_grad()
    def limit(self) -> None:
        """Clamp weights to their limits."""
        for name, weight in self.named_parameters():
            if name in self.config.limits:
                weight.clamp_(-self.config.limits[name], self.config.limits[name])

    @torch.no_grad()
    def mean_bits(self, frames: CodeFrames) -> np.ndarray:
        """Measure the mean cost of a code.

        - returns: bits of a code without and with known earlier frames, ``(2, n_codebooks)``; those of equally probable
          codes where all frames are silent.
        """
        totals = np.zeros((2, frames.ranks.shape[1]))
        if not len(frames):
            return np.full_like(totals, np.log2(self.n_groups * self.group_size))
        for indices in torch.split(frames.active, EVALUATION_BATCH_FRAMES):
            n_known = frames.n_known[indices]
            for row, known in enumerate((torch.zeros_like(n_known), n_known)):
                bits = self(frames, indices, known, self.config.n_past_codebooks)
                totals[row] += bits.double().sum(0).numpy()
        return totals / len(frames)


def similarity_order(vectors: np.ndarray) -> np.ndarray:
    """Sort vectors ``(n, size)`` such that similar ones are adjacent; return indices.

    They are halved along their principal axis again and again; n is a power of 2.
    """
    if len(vectors) == 1:
        return np.zeros(1, np.int64)
    centred = vectors - vectors.mean(0)
    principal_axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    ranked = np.argsort(centred @ principal_axis, kind="stable")
    return np.concatenate([half[similarity_order(vectors[half])] for half in np.split(ranked, 2)])


def train_context_model(
    codes: Sequence[np.ndarray],
    vectors: np.ndarray,
    probabilities: np.ndarray,
    config: ContextModelConfig,
    n_frames: int,
    seconds: float | None = None,
) -> TrainedContextModel:
    """Train a context model on recordings; the same input gives the same model.

    - ``codes``: recordings ``(n_codebooks, frames)``; silent frames are below 0.
    - ``vectors``: vector of each code, ``(n_codebooks, codebook_size, size)``; similar ones are put into one group.
    - ``probabilities``: probability of each code without context, ``(n_codebooks, codebook_size)``.
    - ``n_frames``: frames to train on; each recording is used at most MAX_EPOCHS times.
    - ``seconds``: train on as many of them as fit into this time, by the first steps; default: on all.
    - returns: rounded weights, and bits measured on held-out recordings where there are more than HELD_OUT_STRIDE.
    """
    codes = [clip for clip in codes if clip.shape[1]]
    order = np.stack([similarity_order(of_codebook.astype(np.float64)) for of_codebook in vectors])
    ranks = np.argsort(order, axis=1)
    has_held_out = len(codes) > HELD_OUT_STRIDE
    held_out = list(codes[::HELD_OUT_STRIDE]) if has_held_out else codes
    training = [clip for index, clip in enumerate(codes) if index % HELD_OUT_STRIDE] if has_held_out else codes
    train, valid = CodeFrames(training, ranks), CodeFrames(held_out, ranks)
    rng = np.random.default_rng(0)
    n_steps = min(n_frames, MAX_EPOCHS * len(train)) // BATCH_FRAMES
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        sorted_probabilities = np.take_along_axis(probabilities, order, 1)
        model = ContextModel(torch.as_tensor(sorted_probabilities, dtype=torch.float32), config)
    if n_steps > 1:
        with torch.enable_grad():
            if seconds is not None:
                n_steps = min(n_steps, _steps_within(model, train, seconds))
            _minimise(model, train, n_steps, rng)
    model.round()
    weights = {name: weight.detach().numpy() for name, weight in model.named_parameters()}
    return TrainedContextModel(order, weights, model.mean_bits(valid))


def _steps_within(model: ContextModel, frames: CodeFrames, seconds: float) -> int:
    """Return how many steps fit into some seconds, at least 2, by those of a copy of the model."""
    started = time.monotonic()
    _minimise(copy.deepcopy(model), frames, TIMED_STEPS, np.random.default_rng(0))
    each = (time.monotonic() - started) / TIMED_STEPS
    return max(int(seconds / max(each, 1e-9)) - TIMED_STEPS, 2)


def _minimise(model: ContextModel, frames: CodeFrames, n_steps: int, rng: np.random.Generator) -> None:
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, n_steps, pct_start=WARMUP_FRACTION)
    n_codebooks = frames.ranks.shape[1]
    for step in range(n_steps):
        report_progress("training the context model of the codes", step / n_steps)
        indices = frames.active[torch.as_tensor(rng.integers(0, len(frames), BATCH_FRAMES))]
        n_known = frames.n_known[indices] * torch.as_tensor(rng.random(BATCH_FRAMES) >= NO_PAST_RATE)
        has_fewer = rng.random() < FEWER_CODEBOOKS_RATE
        n_used = int(rng.integers(1, model.back.shape[1] + 1)) if has_fewer else n_codebooks
        with torch.autocast(device.type, torch.bfloat16, enabled=supports_bfloat16(device)):
            bits = model(frames, indices, n_known, n_used)
        optimizer.zero_grad()
        bits[:, :n_used].mean(0).sum().backward()
        optimizer.step()
        schedule.step()
        model.limit()
