"""Base classes of a family's network and of its training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..data.entry import Problem
    from .export_spec import ExportSpec

Batch = dict[str, Any]
"""Tensors by name; a turn may add entries of any type for the turns that follow."""

LossFunction = Callable[[Batch], dict[str, Tensor]]
Turn = tuple[str, LossFunction]
"""The name of a player, and the function from a batch to its scalar losses by name."""


class Network(nn.Module):
    """A network for the training loop: its players, and the losses that each of them minimises."""

    def players(self) -> dict[str, nn.Module]:
        """Return the modules that have an optimizer each, by name."""
        raise NotImplementedError

    def inference_module(self) -> nn.Module:
        """Return the module that is exported: its weights are averaged over the steps and evaluated."""
        raise NotImplementedError

    def turns(self, step: int) -> list[Turn]:
        """Return the turns of a step, in order: one for most networks, one for each player of a GAN."""
        raise NotImplementedError

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of every loss that a turn of this step may return, by name."""
        raise NotImplementedError

    def stage_starts(self) -> tuple[int, ...]:
        """Return the steps at which the training stages start, beginning with 0; steps of a stage take equal time."""
        return (0,)

    def freeze_steps(self) -> tuple[int, ...]:
        """Return the steps at which layers are frozen; training continues from the averaged weights there."""
        return ()


ConfigT = TypeVar("ConfigT", contravariant=True)
ModuleT = TypeVar("ModuleT", contravariant=True)
PreparedT = TypeVar("PreparedT", contravariant=True)


class FamilyTraining(ABC, Generic[ConfigT, ModuleT, PreparedT]):
    """The part of a family that needs PyTorch: build the network, evaluate and export it."""

    @abstractmethod
    def build(self, config: ConfigT) -> Network:
        """Return the network of a configuration, with fresh weights."""

    @abstractmethod
    def evaluate(self, module: ModuleT, prepared: PreparedT) -> dict[str, float]:
        """Return the validation metrics of the averaged module, by name; empty without validation data."""

    @abstractmethod
    def samples(self, module: ModuleT, prepared: PreparedT) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips ``(channels, time)`` of the averaged module, and a title for each."""

    @abstractmethod
    def export(self, module: ModuleT, prepared: PreparedT) -> ExportSpec:
        """Return the graphs, tensors and sample that make a model folder of the averaged module."""

    def suspect_clips(self, module: ModuleT, prepared: PreparedT, step: int) -> Sequence[Problem] | None:
        """Return training clips that may be wrong, and why; None while it is too early to judge."""
        return None

    def final_files(self, module: ModuleT, prepared: PreparedT) -> Mapping[str, Mapping[str, np.ndarray]]:
        """Return safetensors files, by name, that are made once of the finished network."""
        return {}
