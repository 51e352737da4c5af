"""An aligner: learns which symbol each mel frame belongs to from nothing but pairs of symbols and frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..dsp.alignment import N_SYMBOL_POSITION_FEATURES, best_durations, forward_sum, symbol_position_features
from .frame_layers import heard_of

N_CEPSTRA = 20  # of a frame
TRUST = 0.2  # in what frames say: neighbours and cepstra repeat each other
LOG_SCALES = (-1.5, 1.0)  # of a Gaussian: the narrowest and the widest
SMALLEST_VARIANCE = 1e-2  # of a cepstrum over a recording
UNHEARD = -1e4  # log-probability of padding


class Aligner(nn.Module):
    """How likely each symbol is in each frame: by a Gaussian over what is heard in it, and by where both lie (the prior).

    A symbol has to explain every frame that it is given, as in a hidden Markov model of speech (L. Rabiner, "A tutorial on hidden Markov
    models", 1989); the sum over all alignments and the prior are those of Badlani et al., "One TTS Alignment To Rule Them All", 2022. Its
    softmax over the symbols of a sentence instead lets one symbol take the frames of all others where recordings are few. What is heard are
    cepstra and their slopes, with mean 0 and variance 1 in each recording.
    """

    cosines: Tensor

    def __init__(self, n_symbols: int, n_speakers: int, n_mels: int, channels: int):
        super().__init__()
        self.embed = nn.Embedding(n_symbols, channels)
        self.speaker = nn.Embedding(n_speakers, channels)
        self.widen = nn.Linear(channels, 2 * channels)
        self.gaussians = nn.Linear(2 * channels, 4 * N_CEPSTRA)  # means and log scales
        nn.init.zeros_(self.gaussians.bias)
        with torch.no_grad():
            self.gaussians.weight *= 0.1  # all symbols alike at first, so that the prior decides
        order, band = torch.arange(1, N_CEPSTRA + 1)[:, None] - 1, torch.arange(n_mels)
        cosines = torch.cos(torch.pi * order * (2 * band + 1) / (2 * n_mels))  # DCT-II
        self.register_buffer("cosines", cosines.T.contiguous(), persistent=False)

    def hear(self, mel: Tensor, heard: Tensor) -> Tensor:
        """Cepstra and their slopes ``(batch, frames, 2 * N_CEPSTRA)`` of ``mel (batch, frames, n_mels)``, 0 for padding."""
        count = heard.sum(1, keepdim=True)
        cepstra = mel.float() @ self.cosines
        cepstra = (cepstra - (cepstra * heard).sum(1, keepdim=True) / count) * heard
        cepstra = cepstra / (cepstra.square().sum(1, keepdim=True) / count + SMALLEST_VARIANCE).sqrt()
        padded = F.pad(cepstra, (0, 0, 1, 1))
        return torch.cat([cepstra, (padded[:, 2:] - padded[:, :-2]) * heard], -1)

    def forward(
        self, symbols: Tensor, speaker: Tensor, mel: Tensor, prior: Tensor, n_frames: Tensor, n_symbols: Tensor
    ) -> Tensor:
        """Log-likelihoods of frames and symbols ``(batch, frames, symbols)`` float32, with the prior, UNHEARD for padded symbols.

        ``symbols (batch, symbols)``, ``speaker (batch,)``, ``mel (batch, frames, n_mels)`` of which ``n_frames (batch,)`` count, and
        log-``prior (batch, frames, symbols)``.
        """
        with torch.autocast(mel.device.type, enabled=False):
            given = self.embed(symbols) + self.speaker(speaker)[:, None]
            means, log_scales = self.gaussians(F.gelu(self.widen(given))).chunk(2, -1)
            precision = torch.exp(-2 * log_scales.clamp(*LOG_SCALES))  # (batch, symbols, 2 * N_CEPSTRA)
            frames = self.hear(mel, heard_of(n_frames, mel.shape[1]))
            square = frames.square() @ precision.transpose(1, 2) - 2 * frames @ (precision * means).transpose(1, 2)
            constant = (precision * means.square() - precision.log()).sum(-1)[:, None]
            scores = -0.5 * TRUST * (square + constant) + prior
            is_padding = heard_of(n_symbols, symbols.shape[1])[:, None, :, 0] < 0.5  # (batch, 1, symbols)
            return scores.masked_fill(is_padding, UNHEARD)


class _ForwardSum(torch.autograd.Function):
    """The negative log-probability of all alignments together, a frame; its gradient is what the backward pass finds."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, is_skippable: Tensor, n_frames: Tensor, n_symbols: Tensor) -> Tensor:
        totals, posterior = forward_sum(
            scores.detach().cpu().numpy(), is_skippable.cpu().numpy(), n_frames.cpu().numpy(), n_symbols.cpu().numpy()
        )
        share = 1 / (n_frames.to(scores) * len(scores))
        ctx.save_for_backward(torch.from_numpy(posterior).to(scores) * share[:, None, None])
        return -(torch.from_numpy(totals).to(scores) * share).sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (posterior,) = ctx.saved_tensors
        return -gradient * posterior, None, None, None


def forward_sum_loss(scores: Tensor, is_skippable: Tensor, n_frames: Tensor, n_symbols: Tensor) -> Tensor:
    """``-log p(frames | symbols)`` over all alignments, nats a frame, the mean over the batch; see :func:`..dsp.alignment.forward_sum`."""
    return _ForwardSum.apply(scores, is_skippable, n_frames, n_symbols)


def hard_durations(scores: Tensor, is_skippable: Tensor, n_frames: Tensor, n_symbols: Tensor) -> Tensor:
    """Frames of each symbol on the best alignment, ``(batch, symbols)`` int64; see :func:`..dsp.alignment.best_durations`."""
    durations, _ = best_durations(
        scores.detach().float().cpu().numpy(),
        is_skippable.cpu().numpy(),
        n_frames.cpu().numpy(),
        n_symbols.cpu().numpy(),
    )
    return torch.from_numpy(durations).to(scores.device)


def places_of(durations: Tensor, n_frames: int) -> Tensor:
    """The symbol of each frame ``(batch, n_frames)`` int64 of ``durations (batch, symbols)``; beyond their sum the last symbol's."""
    ends = durations.cumsum(1)
    frames = torch.arange(n_frames, device=durations.device).expand(len(durations), -1).contiguous()
    return torch.searchsorted(ends, frames, right=True).clamp(max=durations.shape[1] - 1)


def agreement(scores: Tensor, places: Tensor, heard: Tensor) -> Tensor:
    """The log-likelihood of each frame's symbol on an alignment, averaged over the frames that are heard, ``(batch,)``.

    ``scores (batch, frames, symbols)``, ``places (batch, frames)``, ``heard (batch, frames)``.
    """
    chosen = scores.gather(2, places[..., None])[..., 0]
    return (chosen * heard).sum(1) / heard.sum(1)


def place_batch(durations: Tensor, n_frames: int) -> tuple[Tensor, Tensor]:
    """The symbol of each frame ``(batch, n_frames)`` and its features, 0 for padding; see :func:`..dsp.alignment.symbol_position_features`."""
    places = places_of(durations, n_frames)
    features = np.zeros((*places.shape, N_SYMBOL_POSITION_FEATURES), np.float32)
    for row, count in enumerate(durations.cpu().numpy()):
        found = symbol_position_features(count)[1]
        features[row, : len(found)] = found
    return places, torch.from_numpy(features).to(durations.device)
