"""Inputs of the exported step of a frame-by-frame network: examples to trace it with, and what each input is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..dsp.position import position_features


def example_conditioning(names: Sequence[str]) -> dict[str, Tensor]:
    """Return examples, a batch of two, of those of ``position``, ``label`` and ``speaker`` that ``names`` has."""
    examples = {
        "position": torch.from_numpy(position_features(20)[[0, 7]]),
        "label": torch.zeros(2, dtype=torch.int64),
        "speaker": torch.zeros(2, dtype=torch.int64),
    }
    return {name: examples[name] for name in names}


def split_conditioning(
    names: Sequence[str], inputs: Sequence[Tensor]
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor]:
    """Return position, label and speaker (None for those that ``names`` lacks) and state of the inputs of a step.

    The inputs are those that ``names`` has, in this order, and the state.
    """
    by_name = dict(zip(names, inputs, strict=False))
    return by_name.get("position"), by_name.get("label"), by_name.get("speaker"), inputs[-1]
