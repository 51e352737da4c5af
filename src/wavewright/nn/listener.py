"""A listener that tells by mel frames which phone is spoken: what it understands is what a voice is taught to say clearly.

The idea is that of perceptual losses (Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", 2016), with a
network that learns its task, the phones of frames, from the same recordings at the same time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from .convnext import ConvNeXtBlock
from .frame_layers import ChannelDropout, ProductConv

N_BLOCKS, KERNEL = 3, 5
DROPOUT = 0.1
NOISE = 0.2  # added to frames in training, in their own units: nothing finer than that is to tell phones apart


class PhoneListener(nn.Module):
    """Mel frames ``(batch, frames, n_mels)`` to a logit for each symbol ``(batch, frames, n_symbols)``; ``heard (batch, frames, 1)`` is 0 for
    padding, which is silence to it."""

    def __init__(self, n_mels: int, channels: int, n_symbols: int):
        super().__init__()
        self.into = ProductConv(n_mels, channels)
        self.blocks = nn.ModuleList(ConvNeXtBlock(channels, 2 * channels, KERNEL, KERNEL // 2) for _ in range(N_BLOCKS))
        self.drop = ChannelDropout(DROPOUT)
        self.norm = nn.LayerNorm(channels)
        self.out = nn.Linear(channels, n_symbols)

    def forward(self, mel: Tensor, heard: Tensor) -> Tensor:
        if self.training:
            mel = mel + NOISE * torch.randn_like(mel)
        found = F.gelu(self.into(mel * heard)) * heard
        for block in self.blocks.children():
            found = self.drop(block(found)) * heard
        return self.out(self.norm(found))

    def judge(self, mel: Tensor, heard: Tensor) -> Tensor:
        """The logits of frames as they are, from which a voice may learn but not the listener."""
        was_training, own = self.training, {name: parameter.detach() for name, parameter in self.named_parameters()}
        logits: Tensor = functional_call(self.eval(), own, (mel, heard))
        self.train(was_training)
        return logits


def phone_loss(logits: Tensor, symbols: Tensor, places: Tensor, heard: Tensor) -> Tensor:
    """Cross-entropy, nats a frame, of what a listener understands: ``symbols (batch, symbols)`` at the ``places (batch, frames)`` of frames
    where ``heard (batch, frames, 1)``."""
    spoken = symbols.gather(1, places)
    entropy = F.cross_entropy(logits.float().transpose(1, 2), spoken, reduction="none")
    return (entropy * heard[..., 0]).sum() / heard.sum()
