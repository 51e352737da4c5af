"""Classifier of the phone of each mel frame, whose cross-entropy on synthesised frames is a perceptual loss.

It is trained on the recordings of a voice along with the acoustic model. The idea is that of J. Johnson et al.,
"Perceptual Losses for Real-Time Style Transfer and Super-Resolution", 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from .convnext import ConvNeXtBlock
from .frame_layers import ChannelDropout, Im2colConv

N_BLOCKS, KERNEL_SIZE = 3, 5
DROPOUT = 0.1
NOISE = 0.2  # deviation of the noise added to frames in training: phones must not be told apart by finer detail


class PhoneClassifier(nn.Module):
    """Convolutional classifier of the phone of each mel frame."""

    def __init__(self, n_mels: int, channels: int, n_symbols: int) -> None:
        super().__init__()
        self.in_proj = Im2colConv(n_mels, channels)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(channels, 2 * channels, KERNEL_SIZE, KERNEL_SIZE // 2) for _ in range(N_BLOCKS)
        )
        self.dropout = ChannelDropout(DROPOUT)
        self.norm = nn.LayerNorm(channels)
        self.out_proj = nn.Linear(channels, n_symbols)

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        """Return logits ``(batch, frames, n_symbols)`` of ``(batch, frames, n_mels)``; the mask is 0 for padding."""
        if self.training:
            mel = mel + NOISE * torch.randn_like(mel)
        hidden = F.gelu(self.in_proj(mel * mask)) * mask
        for block in self.blocks.children():
            hidden = self.dropout(block(hidden)) * mask
        logits: Tensor = self.out_proj(self.norm(hidden))
        return logits

    def frozen_logits(self, mel: Tensor, mask: Tensor) -> Tensor:
        """Return the logits of :meth:`forward` in evaluation mode, with gradients for frames and none for weights."""
        was_training = self.training
        weights = {name: parameter.detach() for name, parameter in self.named_parameters()}
        logits: Tensor = functional_call(self.eval(), weights, (mel, mask))
        self.train(was_training)
        return logits


def phone_loss(logits: Tensor, symbols: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
    """Compute the cross-entropy of the phones of frames.

    - ``logits``: ``(batch, frames, n_symbols)``.
    - ``symbols``: phones of the sentences, ``(batch, symbols)``.
    - ``positions``: position of each frame's phone in its sentence, ``(batch, frames)`` int64.
    - returns: nats per frame, ``()``.
    """
    targets = symbols.gather(1, positions)
    entropy = F.cross_entropy(logits.float().transpose(1, 2), targets, reduction="none")
    return (entropy * mask[..., 0]).sum() / mask.sum()
