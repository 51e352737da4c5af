"""A network that says how frequent codes are behind others, as it learns: in floating point, rounded to whole multiples at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .precision import multiplies_bfloat16

BATCH_FRAMES = 512
LEARNING_RATE, WEIGHT_DECAY, WARMUP_SHARE = 5e-3, 1e-2, 0.15
MOST_ROUNDS = 4  # through the same frames
FEWER_SHARE = 0.25  # of the batches know only some of the first levels of earlier frames, as in a file of fewer levels
UNKNOWN_SHARE = 0.1  # of the frames know no earlier ones, besides those that begin a packet
PACKET_FRAMES = 50
HELD_OUT = 10  # every so manyth recording is not learned from, and says what codes take
EVALUATED_FRAMES = 1_024


@dataclass(frozen=True)
class Layout:
    """How the network is laid out, and what its weights, by name, may be."""

    n_groups: int  # that the codes of a level are put into
    context_size: int  # numbers that sum up what stands before a code
    frames_back: int  # that are looked back at
    levels_back: int  # of their levels are looked at, the first ones
    units: Mapping[str, float]  # weights are whole multiples of
    limits: Mapping[str, float]  # the largest magnitude, where there is one


@dataclass(frozen=True)
class Learned:
    """What :func:`learn` found: ``order (n_levels, codes)`` of the codes, like ones together; the weights by name, codes by their places in
    that order; and the ``mean_bits (2, n_levels)`` of a code, where earlier frames are unknown and where they are known.
    """

    order: np.ndarray
    weights: dict[str, np.ndarray]
    mean_bits: np.ndarray


class Frames:
    """The places of codes ``(frames, n_levels)`` of recordings one behind the other, and how many frames before each one its packet has."""

    def __init__(self, codes: Sequence[np.ndarray], places: np.ndarray):
        numbers = np.concatenate([clip.T for clip in codes]).astype(np.int64)  # (frames, n_levels)
        silent = numbers[:, 0] < 0
        n_known = np.zeros(len(numbers), np.int64)
        starts = np.zeros(len(numbers), bool)
        starts[np.cumsum([0] + [clip.shape[1] for clip in codes[:-1]])] = True
        in_packet = 0
        for frame in range(len(numbers)):
            in_packet = 0 if starts[frame] or in_packet == PACKET_FRAMES - 1 else in_packet + 1
            is_first = in_packet == 0 or silent[frame - 1]
            n_known[frame] = 0 if is_first else n_known[frame - 1] + 1
        found = places[np.arange(numbers.shape[1]), np.maximum(numbers, 0)]
        self.places, self.n_known = torch.as_tensor(found), torch.as_tensor(n_known)
        self.sounding = torch.as_tensor(np.flatnonzero(~silent))

    def __len__(self) -> int:
        return len(self.sounding)


class ContextNetwork(nn.Module):
    """The codes before a code to how frequent each group of codes is, and each code of a group.

    Begins with ``shares (n_levels, codes)``, how frequent each code is whatever stands before it, by their places.
    """

    def __init__(self, shares: Tensor, layout: Layout):
        super().__init__()
        self.layout = layout
        n_levels, codebook_size = codes = shares.shape
        self.n_groups, size = layout.n_groups, layout.context_size
        self.in_group = codebook_size // self.n_groups
        self.inside = nn.Parameter(0.3 * torch.randn(*codes, size))
        self.back = nn.Parameter(
            0.2 * torch.randn(layout.frames_back, min(layout.levels_back, n_levels), codebook_size, size)
        )
        self.unknown = nn.Parameter(torch.zeros(layout.frames_back, size))
        self.mix = nn.Parameter(torch.randn(size, size) / (3 * size) ** 0.5)
        self.mix_bias = nn.Parameter(torch.zeros(size))
        self.bias = nn.Parameter(torch.zeros(n_levels, size))
        self.group_weights = nn.Parameter(0.02 * torch.randn(n_levels, self.n_groups, size))
        self.group_bias = nn.Parameter(shares.view(n_levels, self.n_groups, -1).sum(-1).log())
        self.code_weights = nn.Parameter(0.02 * torch.randn(*codes, size))
        self.code_bias = nn.Parameter(shares.log())

    def forward(self, frames: Frames, chosen: Tensor, n_known: Tensor, n_heard: int) -> Tensor:
        """The bits ``(n, n_levels)`` of the codes of the ``chosen (n,)`` frames, ``n_known (n,)`` before each being known, of ``n_heard`` levels."""
        codes = frames.places[chosen]
        n_levels = codes.shape[1]
        levels = torch.arange(n_levels)
        added = []
        for n_back in range(len(self.back)):
            before = frames.places[(chosen - 1 - n_back).clamp(min=0)]
            of_levels = range(min(n_heard, self.back.shape[1]))
            told = torch.stack([F.embedding(before[:, level], self.back[n_back, level]) for level in of_levels]).sum(0)
            added.append(torch.where((n_known > n_back).unsqueeze(1), told, self.unknown[n_back]))
        context = F.linear(torch.relu(torch.stack(added).sum(0)), self.mix, self.mix_bias)
        told = torch.stack([F.embedding(codes[:, level], self.inside[level]) for level in range(n_levels)], 1)
        told = F.pad(told.cumsum(1)[:, :-1], (0, 0, 1, 0))
        hidden = torch.relu(context.unsqueeze(1) + told + self.bias)  # (n, n_levels, size)
        groups = torch.einsum("nlc,lgc->nlg", hidden, self.group_weights) + self.group_bias
        all_codes = torch.einsum("nlc,lkc->nlk", hidden, self.code_weights) + self.code_bias
        group = codes // self.in_group
        of_group = all_codes.view(*codes.shape, self.n_groups, self.in_group)[
            torch.arange(len(codes))[:, None], levels, group
        ]
        nats = F.cross_entropy(groups.flatten(0, 1).float(), group.flatten(), reduction="none")
        nats = nats + F.cross_entropy(
            of_group.flatten(0, 1).float(), (codes % self.in_group).flatten(), reduction="none"
        )
        return nats.view(codes.shape) / np.log(2)

    @torch.no_grad()
    def round(self) -> None:
        """Move all weights to whole multiples of their units."""
        for name, weight in self.named_parameters():
            unit = self.layout.units[name]
            weight.copy_((weight / unit).round() * unit)

    @torch.no_grad()
    def limit(self) -> None:
        """Keep weights within their limits."""
        for name, weight in self.named_parameters():
            if name in self.layout.limits:
                weight.clamp_(-self.layout.limits[name], self.layout.limits[name])

    @torch.no_grad()
    def mean_bits(self, frames: Frames) -> np.ndarray:
        """What a code takes in the mean ``(2, n_levels)``, where earlier frames are unknown and where they are known.

        Where all frames are silent, what equally frequent codes take.
        """
        totals = np.zeros((2, frames.places.shape[1]))
        if not len(frames):
            return totals + np.log2(self.n_groups * self.in_group)
        for chosen in frames.sounding.split(EVALUATED_FRAMES):
            n_known = frames.n_known[chosen]
            for row, known in enumerate((torch.zeros_like(n_known), n_known)):
                totals[row] += self(frames, chosen, known, self.layout.levels_back).double().sum(0).numpy()
        return totals / len(frames)


def by_likeness(vectors: np.ndarray) -> np.ndarray:
    """The numbers of ``vectors (n, size)``, n a power of 2, so that like ones stand together: halved across where they spread most, again and again."""
    if len(vectors) == 1:
        return np.zeros(1, np.int64)
    centred = vectors - vectors.mean(0)
    spread = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    ranked = np.argsort(centred @ spread, kind="stable")
    halves = np.split(ranked, 2)
    return np.concatenate([half[by_likeness(vectors[half])] for half in halves])


def learn(
    codes: Sequence[np.ndarray], vectors: np.ndarray, shares: np.ndarray, layout: Layout, n_frames: int
) -> Learned:
    """How ``codes``, recordings as ``(n_levels, frames)`` of which silent frames are below 0, follow each other: by so many frames, at most
    MOST_ROUNDS times each.

    ``vectors (n_levels, codes, size)`` are what the codes stand for: like ones share a group. ``shares (n_levels, codes)`` are what it
    begins from.
    """
    codes = [clip for clip in codes if clip.shape[1]]
    order = np.stack([by_likeness(of_level.astype(np.float64)) for of_level in vectors])
    places = np.argsort(order, axis=1)
    held = list(codes[::HELD_OUT]) if len(codes) > HELD_OUT else list(codes)
    learned = [clip for place, clip in enumerate(codes) if place % HELD_OUT] if len(codes) > HELD_OUT else list(codes)
    train, valid = Frames(learned, places), Frames(held, places)
    draw = np.random.default_rng(0)
    n_steps = min(n_frames, MOST_ROUNDS * len(train)) // BATCH_FRAMES
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = ContextNetwork(torch.as_tensor(np.take_along_axis(shares, order, 1), dtype=torch.float32), layout)
    if n_steps > 1:
        with torch.enable_grad():
            _minimise(network, train, n_steps, draw)
    network.round()
    weights = {name: weight.detach().numpy() for name, weight in network.named_parameters()}
    return Learned(order, weights, network.mean_bits(valid))


def _minimise(network: ContextNetwork, frames: Frames, n_steps: int, draw: np.random.Generator) -> None:
    device = next(network.parameters()).device
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, n_steps, pct_start=WARMUP_SHARE)
    n_levels = frames.places.shape[1]
    for _ in range(n_steps):
        chosen = frames.sounding[torch.as_tensor(draw.integers(0, len(frames), BATCH_FRAMES))]
        n_known = frames.n_known[chosen] * torch.as_tensor(draw.random(BATCH_FRAMES) >= UNKNOWN_SHARE)
        n_used = int(draw.integers(1, network.back.shape[1] + 1)) if draw.random() < FEWER_SHARE else n_levels
        with torch.autocast(device.type, torch.bfloat16, enabled=multiplies_bfloat16(device)):
            bits = network(frames, chosen, n_known, n_used)
        optimiser.zero_grad()
        bits[:, :n_used].mean(0).sum().backward()
        optimiser.step()
        schedule.step()
        network.limit()
