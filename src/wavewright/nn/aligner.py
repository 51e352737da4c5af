"""Alignment of phones and mel frames, learned from pairs of both without any labelled boundaries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F

from ..dsp.alignment import N_SYMBOL_POSITION_FEATURES, best_durations, forward_sum, symbol_position_features
from .frame_layers import sequence_mask

N_CEPSTRA = 20
ACOUSTIC_SCALE = 0.2  # of the Gaussians' log-likelihoods: adjacent frames and cepstra are correlated
LOG_SCALE_RANGE = (-1.5, 1.0)  # of a Gaussian
MIN_VARIANCE = 1e-2  # of a cepstrum over a recording
PADDING_SCORE = -1e4  # log-probability of padded symbols


class Aligner(nn.Module):
    """Emission model of a hidden Markov model: log-likelihood of each symbol in each frame, plus a positional prior.

    Each symbol has a diagonal Gaussian over the cepstra of a frame and their slopes, normalised to mean 0 and variance
    1 in each recording. The sum over all alignments and the prior are those of [2]_. There, a softmax over the symbols
    of a sentence lets one symbol absorb the frames of all others where recordings are few; a Gaussian has to explain
    every frame that is assigned to it, as in [1]_.

    References
    ----------
    .. [1] L. Rabiner, "A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition", 1989.
    .. [2] R. Badlani et al., "One TTS Alignment To Rule Them All", 2022.
    """

    def __init__(self, n_symbols: int, n_speakers: int, n_mels: int, channels: int) -> None:
        super().__init__()
        self.symbol_embedding = nn.Embedding(n_symbols, channels)
        self.speaker_embedding = nn.Embedding(n_speakers, channels)
        self.linear = nn.Linear(channels, 2 * channels)
        self.gaussians = nn.Linear(2 * channels, 4 * N_CEPSTRA)  # means and log scales
        nn.init.zeros_(self.gaussians.bias)
        with torch.no_grad():
            self.gaussians.weight *= 0.1  # all symbols alike at first, so that the prior decides
        order = torch.arange(1, N_CEPSTRA + 1)[:, None] - 1
        band = torch.arange(n_mels)
        cosines = torch.cos(torch.pi * order * (2 * band + 1) / (2 * n_mels))  # DCT-II
        self.cosines = nn.Buffer(cosines.T.contiguous(), persistent=False)

    def cepstra(self, mel: Tensor, mask: Tensor) -> Tensor:
        """Compute normalised cepstra and their slopes, ``(batch, frames, 2 * N_CEPSTRA)``; 0 for padding.

        ``mel`` are log-mel frames ``(batch, frames, n_mels)``; ``mask (batch, frames, 1)`` is 0 for padding, else 1.
        """
        count = mask.sum(1, keepdim=True)
        cepstra = mel.float() @ self.cosines
        cepstra = (cepstra - (cepstra * mask).sum(1, keepdim=True) / count) * mask
        cepstra = cepstra / (cepstra.square().sum(1, keepdim=True) / count + MIN_VARIANCE).sqrt()
        padded = F.pad(cepstra, (0, 0, 1, 1))
        return torch.cat([cepstra, (padded[:, 2:] - padded[:, :-2]) * mask], -1)

    def forward(
        self, symbols: Tensor, speaker: Tensor, mel: Tensor, prior: Tensor, n_frames: Tensor, n_symbols: Tensor
    ) -> Tensor:
        """Score every pair of a frame and a symbol.

        - ``mel``: log-mel frames ``(batch, frames, n_mels)``.
        - ``prior``: log-probability of each symbol by its position, ``(batch, frames, symbols)``.
        - returns: log-likelihoods ``(batch, frames, symbols)`` float32, PADDING_SCORE for padded symbols.
        """
        with torch.autocast(mel.device.type, enabled=False):
            embedded = self.symbol_embedding(symbols) + self.speaker_embedding(speaker)[:, None]
            means, log_scales = self.gaussians(F.gelu(self.linear(embedded))).chunk(2, -1)
            precision = torch.exp(-2 * log_scales.clamp(*LOG_SCALE_RANGE))  # (batch, symbols, 2 * N_CEPSTRA)
            frames = self.cepstra(mel, sequence_mask(n_frames, mel.shape[1]))
            square = frames.square() @ precision.transpose(1, 2) - 2 * frames @ (precision * means).transpose(1, 2)
            constant = (precision * means.square() - precision.log()).sum(-1)[:, None]
            scores: Tensor = -0.5 * ACOUSTIC_SCALE * (square + constant) + prior
            is_padding = sequence_mask(n_symbols, symbols.shape[1])[:, None, :, 0] < 0.5  # (batch, 1, symbols)
            return scores.masked_fill(is_padding, PADDING_SCORE)


class _ForwardSumContext(FunctionCtx):
    """Type of the context of :class:`_ForwardSum`."""

    saved_tensors: tuple[Tensor, ...]


class _ForwardSum(torch.autograd.Function):
    """Negative log-probability of all alignments, whose gradient is the posterior of the forward-backward algorithm."""

    @staticmethod
    def forward(
        ctx: _ForwardSumContext, scores: Tensor, is_skippable: Tensor, n_frames: Tensor, n_symbols: Tensor
    ) -> Tensor:
        totals, posterior = forward_sum(
            scores.detach().cpu().numpy(), is_skippable.cpu().numpy(), n_frames.cpu().numpy(), n_symbols.cpu().numpy()
        )
        weight = 1 / (n_frames.to(scores) * len(scores))
        ctx.save_for_backward(torch.from_numpy(posterior).to(scores) * weight[:, None, None])
        return -(torch.from_numpy(totals).to(scores) * weight).sum()

    @staticmethod
    def backward(ctx: _ForwardSumContext, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (posterior,) = ctx.saved_tensors
        return -gradient * posterior, None, None, None


_apply_forward_sum: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] = _ForwardSum.apply


def forward_sum_loss(scores: Tensor, is_skippable: Tensor, n_frames: Tensor, n_symbols: Tensor) -> Tensor:
    """Compute ``-log p(frames | symbols)`` over all monotonic alignments.

    - ``scores``: log-likelihoods ``(batch, frames, symbols)``.
    - ``is_skippable``: symbols that may have no frame, ``(batch, symbols)`` bool.
    - returns: nats per frame, the mean over the batch, ``()``. See :func:`wavewright.dsp.alignment.forward_sum`.
    """
    return _apply_forward_sum(scores, is_skippable, n_frames, n_symbols)


def hard_durations(scores: Tensor, is_skippable: Tensor, n_frames: Tensor, n_symbols: Tensor) -> Tensor:
    """Return frames ``(batch, symbols)`` int64 of each symbol on the likeliest alignment (Viterbi)."""
    durations, _ = best_durations(
        scores.detach().float().cpu().numpy(),
        is_skippable.cpu().numpy(),
        n_frames.cpu().numpy(),
        n_symbols.cpu().numpy(),
    )
    return torch.from_numpy(durations).to(scores.device)


def durations_to_positions(durations: Tensor, n_frames: int) -> Tensor:
    """Return the position of each frame's symbol ``(batch, n_frames)`` int64, from frames ``(batch, symbols)``.

    Frames after the last symbol count to it.
    """
    ends = durations.cumsum(1)
    frames = torch.arange(n_frames, device=durations.device).expand(len(durations), -1).contiguous()
    return torch.searchsorted(ends, frames, right=True).clamp(max=durations.shape[1] - 1)


def alignment_score(scores: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
    """Return the mean log-likelihood ``(batch,)`` along an alignment, of scores ``(batch, frames, symbols)``.

    ``positions (batch, frames)`` are those of each frame's symbol, ``mask`` is 0 for padding.
    """
    aligned = scores.gather(2, positions[..., None])[..., 0]
    return (aligned * mask).sum(1) / mask.sum(1)


def frame_positions(durations: Tensor, n_frames: int) -> tuple[Tensor, Tensor]:
    """Return the position of each frame's symbol and features of the frame's position within it.

    - returns ``positions``: see :func:`durations_to_positions`, ``(batch, n_frames)`` int64.
    - returns ``features``: see :func:`wavewright.dsp.alignment.symbol_position_features`, ``(batch, n_frames,
      N_SYMBOL_POSITION_FEATURES)``, 0 for padding.
    """
    positions = durations_to_positions(durations, n_frames)
    features = np.zeros((*positions.shape, N_SYMBOL_POSITION_FEATURES), np.float32)
    for row, clip_durations in enumerate(durations.cpu().numpy()):
        of_clip = symbol_position_features(clip_durations)[1]
        features[row, : len(of_clip)] = of_clip
    return positions, torch.from_numpy(features).to(durations.device)
