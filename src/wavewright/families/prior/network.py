"""The prior's network: over time, then within a frame; what it learns by, and its two steps as they are played."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...contracts.family import EMBEDDINGS_FILE
from ...dsp.position import position_features
from ...nn.cells import step_cells
from ...nn.convnext import ConvNeXtStack
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.network import Batch, Network, Turn
from .config import LEVEL_FILE, STATISTICS_FILE, TIME_FILE, PriorConfig
from .recipe import PriorPrepared
from .sampling import draw_frames

EXPANSION = 3  # hidden numbers over numbers of a ConvNeXt block
CLIPS_TO_HEAR = 2  # of each label, at every evaluation; three times as many of an endless sound without labels


class OverTime(nn.Module):
    """Cells or causal convolutions over frames, whole sounds or step by step."""

    def __init__(self, config: PriorConfig):
        super().__init__()
        self.config, size = config, config.hidden_size
        self.cells: nn.LSTM | nn.GRU | None = None
        if config.cell == "convnext":
            self.into = nn.Linear(config.n_inputs, size)
            self.blocks = ConvNeXtStack(config.n_layers, size, EXPANSION * size, config.kernel)
        else:
            cells = nn.LSTM if config.cell == "lstm" else nn.GRU
            between = config.dropout if config.n_layers > 1 else 0.0
            self.cells = cells(config.n_inputs, size, config.n_layers, batch_first=True, dropout=between)

    def forward(self, given: Tensor) -> Tensor:
        """``(batch, frames, n_inputs)`` -> ``(batch, frames, hidden_size)``."""
        return self.blocks(self.into(given))[0] if self.cells is None else self.cells(given)[0]

    def step(self, given: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """``(batch, n_inputs)`` and ``state (batch, *state_shape)`` to ``(batch, hidden_size)`` and the next state."""
        if self.cells is not None:
            return step_cells(self.cells, given, state)
        hidden, after = self.blocks(self.into(given).unsqueeze(1), state)
        return hidden[:, 0], after


class Layer(nn.Module):
    """A residual layer within a frame: norm, two products with GELU between."""

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.norm, self.widen, self.narrow = (
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.Linear(2 * width, width),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, vectors: Tensor) -> Tensor:
        return vectors + self.dropout(self.narrow(F.gelu(self.widen(self.norm(vectors)))))


class Drawer(nn.Module):
    """Frames so far, and the codes of a frame so far, to what the next code may be: the part that plays."""

    first: Tensor

    def __init__(self, config: PriorConfig):
        super().__init__()
        self.config, width = config, config.width
        n_symbols = config.codebook_size + 2
        self.codes = nn.Embedding(config.n_levels * n_symbols, width)
        nn.init.normal_(self.codes.weight, std=0.3)
        self.register_buffer(
            "first", torch.arange(config.n_levels) * n_symbols, persistent=False
        )  # of each level's symbols
        self.labels = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        self.speakers = nn.Embedding(len(config.speakers), config.label_size) if config.speakers else None
        self.dropout = nn.Dropout(config.dropout)
        self.over_time = OverTime(config)
        self.say = nn.Linear(config.hidden_size, width)
        self.levels = nn.Parameter(0.02 * torch.randn(config.n_levels, width))
        self.layers = nn.Sequential(*[Layer(width, config.dropout) for _ in range(config.level_layers)])
        self.norm = nn.LayerNorm(width)
        # Small at first, so that learning begins with every code as likely as any other.
        self.heads = nn.Parameter(0.1 * width**-0.5 * torch.randn(config.n_levels, width, config.codebook_size + 1))
        self.head_bias = nn.Parameter(torch.zeros(config.n_levels, config.codebook_size + 1))

    def vectors(self, symbols: Tensor) -> Tensor:
        """``(..., n_levels)`` -> ``(..., n_levels, width)``."""
        return self.codes(symbols + self.first)

    def inputs(self, total: Tensor, position: Tensor | None, label: Tensor | None, speaker: Tensor | None) -> Tensor:
        """What the network over time gets, ``(..., n_inputs)``: the sum of a frame's codes ``(..., width)`` and what it is told."""
        parts = [self.dropout(total)]
        if position is not None:
            parts.append(position.to(total.dtype))
        for embedding, number in ((self.labels, label), (self.speakers, speaker)):
            if embedding is not None and number is not None:
                vector = embedding(number)  # (batch, label_size)
                parts.append(vector if total.ndim == 2 else vector.unsqueeze(1).expand(-1, total.shape[1], -1))
        return torch.cat(parts, -1)

    def forward(
        self,
        symbols: Tensor,
        heard: Tensor,
        position: Tensor | None = None,
        label: Tensor | None = None,
        speaker: Tensor | None = None,
    ) -> Tensor:
        """Logits ``(n_levels, n, codebook_size + 1)`` of the ``n`` frames that are heard and no padding, each given all before it.

        ``symbols (batch, 1 + frames, n_levels)`` begin with what was before the first frame; ``heard (batch, frames)`` bool.
        """
        vectors = self.vectors(symbols)
        hidden = self.over_time(self.inputs(vectors[:, :-1].sum(2), position, label, speaker))
        of_frames = vectors[:, 1:][heard]  # (n, n_levels, width)
        coarser = of_frames.cumsum(1) - of_frames
        said = self.say(self.dropout(hidden))[heard].unsqueeze(1)
        vectors = self.norm(self.layers(said + coarser + self.levels))
        return torch.baddbmm(self.head_bias.unsqueeze(1), vectors.transpose(0, 1), self.heads)

    def step(
        self, before: Tensor, position: Tensor | None, label: Tensor | None, speaker: Tensor | None, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Symbols of the frame before ``(batch, n_levels)`` to what is said of the next, ``(batch, width)``, and the next state."""
        hidden, state = self.over_time.step(self.inputs(self.vectors(before).sum(1), position, label, speaker), state)
        return self.say(hidden), state

    def within(self, said: Tensor, symbols: Tensor, level: Tensor) -> Tensor:
        """``said (batch, width)``, a frame's ``symbols (batch, n_levels)`` below ``level (batch,)`` -> ``(batch, codebook_size + 1)``."""
        is_coarser = torch.arange(self.config.n_levels, device=level.device) < level.unsqueeze(1)  # (batch, n_levels)
        coarser = (self.vectors(symbols) * is_coarser.unsqueeze(-1).to(said.dtype)).sum(1)
        vectors = self.norm(self.layers(said + coarser + self.levels[level]))
        return torch.matmul(vectors.unsqueeze(1), self.heads[level]).squeeze(1) + self.head_bias[level]


class Prior(Network):
    """The drawing network and what it minimises."""

    def __init__(self, config: PriorConfig):
        super().__init__()
        self.config = config
        self.drawer = Drawer(config)

    def players(self) -> dict[str, nn.Module]:
        return {"drawer": self.drawer}

    def inference_module(self) -> nn.Module:
        """The part that plays: its weights are averaged over the steps, evaluated and exported."""
        return self.drawer

    def loss_weights(self, step: int) -> dict[str, float]:
        return {"codes/nats": 1.0}

    def turns(self, step: int) -> list[Turn]:
        return [("drawer", self._losses)]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        """The mean over the levels of the mean nats of a code."""
        nats, counts = code_nats(self.drawer, batch)
        return {"codes/nats": (nats.sum(1) / counts.sum(1).clamp(min=1)).mean()}


def code_nats(drawer: Drawer, batch: Batch) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood in nats of every code, ``(n_levels, n)``, of the frames that are heard, and whether it counts (1 or 0).

    In a silent frame the coarsest level says so, and the others say nothing.
    """
    config, heard = drawer.config, batch["heard"].bool()
    logits = drawer(batch["symbols"], heard, batch.get("position"), batch["label"], batch["speaker"])
    targets = batch["symbols"][:, 1:][heard].t()  # (n_levels, n)
    counts = torch.ones(targets.shape, device=targets.device)
    counts[1:] = (targets[0] != config.silent).float()
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        found = [F.cross_entropy(logits[0], targets[0], reduction="none")]
        for level in range(1, config.n_levels):  # whose last logit means nothing
            target = targets[level].clamp(max=config.codebook_size - 1)
            found.append(F.cross_entropy(logits[level, :, :-1], target, reduction="none"))
        return torch.stack(found) * counts, counts


def build(config: PriorConfig) -> Prior:
    """The network of a configuration, with fresh weights."""
    return Prior(config)


class TorchSteps:
    """A network's steps on NumPy arrays, as sampling wants them."""

    def __init__(self, drawer: Drawer):
        self.drawer = drawer
        self.device = next(drawer.parameters()).device

    def _one(self, given: np.ndarray | int) -> Tensor:
        """A batch of one."""
        return torch.as_tensor(np.asarray(given)[None], device=self.device)

    @torch.no_grad()
    def over_time(
        self, before: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        place = self._one(position) if self.drawer.config.has_position else None
        said, after = self.drawer.step(self._one(before), place, self._one(label), self._one(speaker), self._one(state))
        return said[0].cpu().numpy(), after[0].cpu().numpy()

    @torch.no_grad()
    def within(self, said: np.ndarray, symbols: np.ndarray, level: int) -> np.ndarray:
        return self.drawer.within(self._one(said), self._one(symbols), self._one(level))[0].cpu().numpy()


@torch.no_grad()
def evaluate(drawer: Drawer, prepared: PriorPrepared) -> dict[str, float]:
    """``valid/bits`` of a frame of held-out codes, and ``bits/1``, ``bits/2`` ... of a code of each level; nothing without such clips."""
    if not prepared.valid:
        return {}
    device = next(drawer.parameters()).device
    n_levels = drawer.config.n_levels
    totals, counted = np.zeros(n_levels), np.zeros(n_levels)
    for arrays in prepared.valid:
        nats, counts = code_nats(
            drawer, {name: torch.as_tensor(array, device=device) for name, array in arrays.items()}
        )
        totals += nats.double().sum(1).cpu().numpy()
        counted += counts.double().sum(1).cpu().numpy()
    bits = totals / math.log(2)
    of_levels = {f"bits/{level + 1}": float(bits[level] / max(counted[level], 1)) for level in range(n_levels)}
    return {"valid/bits": float(bits.sum() / counted[0]), **of_levels}


def samples(drawer: Drawer, prepared: PriorPrepared) -> tuple[list[np.ndarray], list[str]]:
    """A few clips of each label, ``(1, time)`` each, and their titles: the same random numbers at every call."""
    config = drawer.config
    steps, waves, titles = TorchSteps(drawer), [], []
    for label, name in enumerate(config.labels or ("",)):
        for index in range(CLIPS_TO_HEAR):
            rng = np.random.default_rng([prepared.recipe.training.seed, label, index])
            speaker = int(rng.integers(max(len(config.speakers), 1)))
            n_frames = prepared.draw_frames_to_hear(label, speaker, rng)
            frames = list(draw_frames(steps, config, rng, n_frames, label, speaker, config.temperature))
            waves.append(np.clip(prepared.codec.decode(np.stack(frames, 1)), -1.0, 1.0))
            titles.append(name)
    return waves, titles


class OverTimeStep(nn.Module):
    """A step over time as a graph: ``before``, then position, label and speaker where the model has them, then ``state``."""

    def __init__(self, drawer: Drawer):
        super().__init__()
        self.drawer = drawer

    def forward(self, before: Tensor, *given: Tensor) -> tuple[Tensor, Tensor]:
        config, rest = self.drawer.config, list(given)
        position = rest.pop(0) if config.has_position else None
        label = rest.pop(0) if config.labels else None
        speaker = rest.pop(0) if config.speakers else None
        return self.drawer.step(before, position, label, speaker, rest[0])


class WithinStep(nn.Module):
    """A step within a frame as a graph: ``said``, ``symbols`` and ``level`` to logits."""

    def __init__(self, drawer: Drawer):
        super().__init__()
        self.drawer = drawer

    def forward(self, said: Tensor, symbols: Tensor, level: Tensor) -> Tensor:
        return self.drawer.within(said, symbols, level)


def export(drawer: Drawer, prepared: PriorPrepared) -> ExportSpec:
    """The graphs of both steps, how long sounds last and where they lie, and a clip of each label."""
    config = drawer.config
    draw = torch.Generator().manual_seed(0)
    symbols = torch.randint(config.codebook_size, (2, config.n_levels), generator=draw)
    given = {"before": symbols}
    if config.has_position:
        given["position"] = torch.from_numpy(position_features(20)[[0, 7]])
    if config.labels:
        given["label"] = torch.zeros(2, dtype=torch.int64)
    if config.speakers:
        given["speaker"] = torch.zeros(2, dtype=torch.int64)
    given["state"] = torch.randn(2, *config.state_shape, generator=draw) / 2
    within = {
        "said": torch.randn(2, config.width, generator=draw),
        "symbols": symbols,
        "level": torch.tensor([config.n_levels - 1, 0]),
    }
    files = {}
    if config.duration == "drawn":
        files = {STATISTICS_FILE: {"durations": prepared.durations}, EMBEDDINGS_FILE: prepared.training_sounds}
    waves, _ = samples(drawer, prepared)
    return ExportSpec(
        graphs={
            TIME_FILE: GraphSpec(OverTimeStep(drawer), given, ("said", "next_state")),
            LEVEL_FILE: GraphSpec(WithinStep(drawer), within, ("logits",)),
        },
        sample=np.concatenate(waves[::CLIPS_TO_HEAR], axis=1),
        files=files,
    )
