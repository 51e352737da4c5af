"""Steps of frame-by-frame networks: inputs of the exported graph, and NumPy arrays for a network in training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ..dsp.position import position_features

ModuleT = TypeVar("ModuleT", bound=nn.Module)


class TorchStep(Generic[ModuleT]):
    """Base of the steps of a network in training on NumPy arrays."""

    def __init__(self, module: ModuleT) -> None:
        self.module = module
        self._device = next(module.parameters()).device

    def batch(self, value: np.ndarray | int) -> Tensor:
        """Return a batch of one, on the module's device."""
        return torch.as_tensor(np.asarray(value)[None], device=self._device)


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Limit PyTorch to one thread within the block, or the function that this decorates.

    A step of a few clips is too small to share: beside other work, threads that wait for each other made it ten times
    as slow.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


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
