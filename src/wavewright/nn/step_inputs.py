"""Inputs of the exported step of a frame-by-frame network: examples to trace it with, and what each input is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..contracts.conditioning import FrameConditioned, conditioning_names
from ..dsp.position import position_features


def example_conditioning(config: FrameConditioned) -> dict[str, Tensor]:
    """Return examples of position, label and speaker for a batch of two, as far as the network has them."""
    examples = {
        "position": torch.from_numpy(position_features(20)[[0, 7]]),
        "label": torch.zeros(2, dtype=torch.int64),
        "speaker": torch.zeros(2, dtype=torch.int64),
    }
    return {name: examples[name] for name in conditioning_names(config)}


def split_conditioning(
    config: FrameConditioned, inputs: Sequence[Tensor]
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor]:
    """Return position, label, speaker (None for those that the network does not have) and state of a graph's inputs."""
    by_name = dict(zip(conditioning_names(config), inputs, strict=False))
    return by_name.get("position"), by_name.get("label"), by_name.get("speaker"), inputs[-1]
