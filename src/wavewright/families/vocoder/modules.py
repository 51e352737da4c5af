"""The network that predicts the filters and the pitch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...nn.convnext import ConvNeXtStack, split_memory
from .config import VocoderConfig
from .pitch_bins import N_PITCH_BINS

# Pulses through the envelope itself, and noise 6 dB below it: 0.7 is the root of the noise gain.
INITIAL_PARAMETERS = (1.0, 0.0, 0.7)
INITIAL_WEIGHT_SCALE = 0.1  # of the last layer, so that filters start close to INITIAL_PARAMETERS


class FilterNetwork(nn.Module):
    """Network from mel frames to the pitch of each interval and the filters of each subframe; the exported module.

    The input layer sees, for each interval, the mel frame at its start, one before that and ``look_ahead`` after it.
    ConvNeXt blocks follow, first with a row for each interval (``frame_*``), then with one for each subframe; their
    convolutions are causal.

    In training this is the player ``vocoder``. Exported, it is the graph ``frames.onnx``, whose weights have the prefix
    ``frames.``.
    """

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        channels, fine = config.channels, config.subframe_channels
        self.context_frames = 2 + config.look_ahead  # mel frames that the input layer sees
        self.in_proj = nn.Linear(self.context_frames * config.n_mels, channels)
        self.frame_blocks = ConvNeXtStack(
            config.blocks, channels, round(config.expansion * channels), config.kernel_size
        )
        self.frame_norm = nn.LayerNorm(channels)
        self.pitch_proj = nn.Linear(channels, N_PITCH_BINS)
        self.subframe_proj = nn.Linear(channels, config.n_subframes * fine)
        self.subframe_blocks = ConvNeXtStack(
            config.subframe_blocks, fine, round(config.expansion * fine), config.kernel_size
        )
        self.subframe_norm = nn.LayerNorm(fine)
        self.out_proj = nn.Linear(fine, 3 * config.n_bins)
        self.memory_sizes = (self.frame_blocks.memory_size, self.subframe_blocks.memory_size)
        with torch.no_grad():
            self.out_proj.weight.mul_(INITIAL_WEIGHT_SCALE)
            self.out_proj.bias.copy_(torch.tensor(INITIAL_PARAMETERS).repeat_interleave(config.n_bins))

    def forward(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Predict filters and pitch.

        - ``features``: normalised mel frames, ``(batch, 1 + intervals + look_ahead, n_mels)``. The first is the one
          before the start of the first interval.
        - ``memory``: inputs of the convolutions before these intervals, ``(batch, sum(memory_sizes))``, zeros at the
          start of a stream; None for a whole clip.
        - returns ``parameters``: of the filters, ``(batch, intervals * n_subframes, 3 * n_bins)``, see
          :func:`.synthesis.decode_filters`.
        - returns ``pitch_logits``: at the end of each interval, ``(batch, intervals, N_PITCH_BINS)``.
        - returns ``next_memory``: memory for the intervals that follow, None without a memory.
        """
        frame_memory, subframe_memory = split_memory(memory, self.memory_sizes)
        n_intervals = features.shape[1] - self.context_frames + 1
        context = torch.cat([features[:, offset : offset + n_intervals] for offset in range(self.context_frames)], -1)
        hidden, frame_memory = self.frame_blocks(self.in_proj(context), frame_memory)
        hidden = self.frame_norm(hidden)  # (batch, intervals, channels)
        subframes = self.subframe_proj(hidden)  # (batch, intervals, n_subframes * subframe_channels)
        subframes = subframes.reshape(subframes.shape[0], -1, self.config.subframe_channels)
        subframes, subframe_memory = self.subframe_blocks(subframes, subframe_memory)
        next_memory = None
        if frame_memory is not None and subframe_memory is not None:
            next_memory = torch.cat([frame_memory, subframe_memory], 1)
        return self.out_proj(self.subframe_norm(subframes)), self.pitch_proj(hidden), next_memory
