"""An aligner: learns which symbol each mel frame belongs to from nothing but pairs of symbols and frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..dsp.alignment import PLACE_FEATURES, best_durations, forward_sum, place_features
from .frame_layers import ProductConv

SHARPNESS = 0.5  # of a squared distance; vectors begin about a unit apart
UNHEARD = -1e4  # log-probability of padding


class Aligner(nn.Module):
    """How likely each symbol is in each frame: by the distance of two vectors, and by where both lie (the prior).

    Badlani et al., "One TTS Alignment To Rule Them All", 2022: convolutions over symbols and over mel frames, squared distances, softmax
    over the symbols.
    """

    def __init__(self, n_symbols: int, n_speakers: int, n_mels: int, channels: int):
        super().__init__()
        self.embed = nn.Embedding(n_symbols, channels)
        self.speaker = nn.Embedding(n_speakers, channels)
        self.of_symbols = nn.ModuleList([ProductConv(channels, 2 * channels), ProductConv(2 * channels, channels, 1)])
        self.of_frames = nn.ModuleList(
            [ProductConv(n_mels, 2 * channels), ProductConv(2 * channels, channels), ProductConv(channels, channels, 1)]
        )
        self.scale = channels**-0.5

    def forward(self, symbols: Tensor, speaker: Tensor, mel: Tensor, prior: Tensor, n_symbols: Tensor) -> Tensor:
        """Log-probabilities ``(batch, frames, symbols)`` float32, of which the first ``n_symbols (batch,)`` of each frame sum to 1.

        ``symbols (batch, symbols)``, ``speaker (batch,)``, ``mel (batch, frames, n_mels)``, log-``prior (batch, frames, symbols)``.
        """
        keys = self.embed(symbols)
        for layer in self.of_symbols[:-1]:
            keys = F.relu(layer(keys))
        keys = self.of_symbols[-1](keys)
        queries = mel
        for layer in self.of_frames[:-1]:
            queries = F.relu(layer(queries))
        queries = self.of_frames[-1](queries) + self.speaker(speaker)[:, None]
        is_padding = torch.arange(symbols.shape[1], device=symbols.device) >= n_symbols[:, None]  # (batch, symbols)
        with torch.autocast(mel.device.type, enabled=False):
            keys, queries = keys.float(), queries.float()
            distance = keys.square().sum(-1)[:, None] - 2 * queries @ keys.transpose(1, 2) + queries.square().sum(-1)[..., None]
            scores = (-SHARPNESS * self.scale * distance).masked_fill(is_padding[:, None], UNHEARD)
            scores = torch.log_softmax(scores, -1) + prior
            return torch.log_softmax(scores.masked_fill(is_padding[:, None], UNHEARD), -1)


class _ForwardSum(torch.autograd.Function):
    """The negative log-probability of all alignments together, a frame; its gradient is what the backward pass finds."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, is_skippable: Tensor, n_frames: Tensor, n_symbols: Tensor) -> Tensor:  # type: ignore[override]
        totals, posterior = forward_sum(
            scores.detach().cpu().numpy(), is_skippable.cpu().numpy(), n_frames.cpu().numpy(), n_symbols.cpu().numpy()
        )
        share = 1 / (n_frames.to(scores) * len(scores))
        ctx.save_for_backward(torch.from_numpy(posterior).to(scores) * share[:, None, None])
        return -(torch.from_numpy(totals).to(scores) * share).sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        (posterior,) = ctx.saved_tensors
        return -gradient * posterior, None, None, None


def forward_sum_loss(scores: Tensor, is_skippable: Tensor, n_frames: Tensor, n_symbols: Tensor) -> Tensor:
    """``-log p(frames | symbols)`` over all alignments, nats a frame, the mean over the batch; see :func:`..dsp.alignment.forward_sum`."""
    return _ForwardSum.apply(scores, is_skippable, n_frames, n_symbols)


def hard_durations(scores: Tensor, is_skippable: Tensor, n_frames: Tensor, n_symbols: Tensor) -> Tensor:
    """Frames of each symbol on the best alignment, ``(batch, symbols)`` int64; see :func:`..dsp.alignment.best_durations`."""
    durations, _ = best_durations(
        scores.detach().float().cpu().numpy(), is_skippable.cpu().numpy(), n_frames.cpu().numpy(), n_symbols.cpu().numpy()
    )
    return torch.from_numpy(durations).to(scores.device)


def places_of(durations: Tensor, n_frames: int) -> Tensor:
    """The symbol of each frame ``(batch, n_frames)`` int64 of ``durations (batch, symbols)``; beyond their sum the last symbol's."""
    ends = durations.cumsum(1)
    frames = torch.arange(n_frames, device=durations.device).expand(len(durations), -1).contiguous()
    return torch.searchsorted(ends, frames, right=True).clamp(max=durations.shape[1] - 1)


def agreement(scores: Tensor, places: Tensor, heard: Tensor) -> Tensor:
    """The log-probability of each frame's symbol on an alignment, averaged over the frames that are heard, ``(batch,)``.

    ``scores (batch, frames, symbols)``, ``places (batch, frames)``, ``heard (batch, frames)``.
    """
    chosen = scores.gather(2, places[..., None])[..., 0]
    return (chosen * heard).sum(1) / heard.sum(1)


def place_batch(durations: Tensor, n_frames: int) -> tuple[Tensor, Tensor]:
    """The symbol of each frame ``(batch, n_frames)`` and its features, 0 for padding; see :func:`..dsp.alignment.place_features`."""
    places = places_of(durations, n_frames)
    features = np.zeros((*places.shape, PLACE_FEATURES), np.float32)
    for row, count in enumerate(durations.cpu().numpy()):
        found = place_features(count)[1]
        features[row, : len(found)] = found
    return places, torch.from_numpy(features).to(durations.device)
