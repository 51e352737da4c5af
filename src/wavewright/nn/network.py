"""Base classes of a family's network, of its training, and of what a trained network exports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast

import numpy as np
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..base.result import Failed


@dataclass(frozen=True)
class GraphSpec:
    """One module to trace and store as an ONNX graph."""

    module: nn.Module  # takes the inputs by position and returns the outputs, one tensor or a tuple of tensors
    inputs: Mapping[str, Tensor]  # names of the inputs in the order of the arguments, with an example of each
    outputs: tuple[str, ...]  # names of the outputs
    dynamic_axes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Axes of any length beside the batch, by the name of the input or output, as in ``torch.onnx.export``."""
    is_batched: bool = True  # the first axis of every tensor is the batch

    def free_axes(self, name: str) -> tuple[int, ...]:
        """Return the axes of an input or output that may have any length."""
        return ((0,) if self.is_batched else ()) + tuple(self.dynamic_axes.get(name, ()))


@dataclass(frozen=True)
class ExportSpec:
    """Content of a model folder besides the card; see :func:`wavewright.training.export.export_model`.

    - ``graphs``: graphs by file name, such as ``generator.onnx``.
    - ``sample``: example audio ``(channels, time)`` float32.
    - ``files``: further safetensors files: tensors by name, by file name.
    - ``weights``: tensors for the file of weights that no graph refers to, for inference without ONNX Runtime or for
      fine-tuning.
    """

    graphs: Mapping[str, GraphSpec]
    sample: np.ndarray
    files: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)


Batch = dict[str, Any]
"""Tensors by name; a turn may add entries of any type for the turns that follow."""

LossFunction = Callable[[Batch], dict[str, Tensor]]
Turn = tuple[str, LossFunction]
"""The name of a player, and the function from a batch to its scalar losses by name."""

PlayerT = TypeVar("PlayerT", bound=nn.Module)
CriticsT = TypeVar("CriticsT", bound=nn.Module)


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

    def check_plan(self, n_steps: int) -> None:
        """Raise BadSetting if a training of so many steps would not change what is exported."""

    def train(self, mode: bool = True) -> Self:
        """Set the mode; batch normalisation with frozen weights keeps its statistics."""
        super().train(mode)
        for module in self.modules():
            weight = getattr(module, "weight", None)
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and weight is not None and not weight.requires_grad:
                module.eval()
        return self

    def freeze_steps(self) -> tuple[int, ...]:
        """Return the steps at which layers are frozen; training continues from the averaged weights there."""
        return ()


class SinglePlayerNetwork(Network, Generic[PlayerT]):
    """A network with one player, which is the exported module too; it takes one turn a step.

    - ``name``: name of the player, and of the attribute that holds it.
    - ``player``: the module that is trained.
    - ``losses``: from the player and a batch to its scalar losses by name.
    - ``weights``: weight of each loss, the same at every step.
    """

    def __init__(
        self,
        name: str,
        player: PlayerT,
        losses: Callable[[PlayerT, Batch], dict[str, Tensor]],
        weights: Mapping[str, float],
    ) -> None:
        super().__init__()
        self.add_module(name, player)
        self._name = name
        self._losses = losses
        self._weights = weights

    def players(self) -> dict[str, nn.Module]:
        """Return the only player."""
        return {self._name: self.inference_module()}

    def inference_module(self) -> PlayerT:
        """Return the only player."""
        return cast(PlayerT, self.get_submodule(self._name))

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of each loss, the same at every step."""
        return dict(self._weights)

    def turns(self, step: int) -> list[Turn]:
        """Return the only turn of a step."""
        return [(self._name, lambda batch: self._losses(self.inference_module(), batch))]


class AdversarialNetwork(Network, Generic[CriticsT]):
    """A network whose critics, if it has any, take the first turn of a step once they are active.

    Subclasses set ``critics``.

    - ``adversarial_from``: step at which the critics become active.
    """

    critics: CriticsT | None

    def __init__(self, adversarial_from: int) -> None:
        super().__init__()
        self.adversarial_from = adversarial_from

    def stage_starts(self) -> tuple[int, ...]:
        """Return step 0, and the step at which the critics become active."""
        return (0, self.adversarial_from) if self.critics is not None else (0,)

    def active_critics(self, step: int) -> CriticsT | None:
        """Return the critics if they are active, else None."""
        return self.critics if step >= self.adversarial_from else None

    def adversarial_turns(
        self,
        step: int,
        player: str,
        alone: LossFunction,
        critic_losses: Callable[[Batch, CriticsT], dict[str, Tensor]],
        against_critics: Callable[[Batch, CriticsT], dict[str, Tensor]],
    ) -> list[Turn]:
        """Return the turn of a player alone, or those of the active critics and of the player against them."""
        critics = self.active_critics(step)
        if critics is None:
            return [(player, alone)]
        return [
            ("critics", lambda batch: critic_losses(batch, critics)),
            (player, lambda batch: against_critics(batch, critics)),
        ]


ConfigT = TypeVar("ConfigT", contravariant=True)
ModuleT = TypeVar("ModuleT", contravariant=True)
PreparedT = TypeVar("PreparedT", contravariant=True)


class FamilyTraining(ABC, Generic[ConfigT, ModuleT, PreparedT]):
    """The part of a family that needs PyTorch: build the network, evaluate and export it."""

    @property
    @abstractmethod
    def network(self) -> Callable[[ConfigT], Network]:
        """Class of the network; a class attribute of the family's training."""

    def build(self, config: ConfigT) -> Network:
        """Return the network of a configuration, with fresh weights."""
        return self.network(config)

    def fit_fresh_weights(self, module: ModuleT, prepared: PreparedT) -> tuple[str, ...]:
        """Fit weights that the base of a training lacks, before the first step.

        - returns: beginnings of the names of the weights that were fitted; none by default.
        """
        return ()

    @abstractmethod
    def evaluate(self, module: ModuleT, prepared: PreparedT) -> dict[str, float]:
        """Return the validation metrics of the averaged module, by name; empty without validation data."""

    @abstractmethod
    def samples(self, module: ModuleT, prepared: PreparedT) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips ``(channels, time)`` of the averaged module, and a title for each."""

    @abstractmethod
    def export(self, module: ModuleT, prepared: PreparedT) -> ExportSpec:
        """Return the graphs, tensors and sample that make a model folder of the averaged module."""

    def suspect_clips(self, module: ModuleT, prepared: PreparedT, step: int) -> Sequence[Failed] | None:
        """Return training clips that may be wrong, and why; None while it is too early to judge."""
        return None

    final_fraction: ClassVar[float] = 0.0
    """Fraction of the minutes of a call that :meth:`final_files` may take."""

    def final_files(
        self, module: ModuleT, prepared: PreparedT, seconds: float | None = None
    ) -> Mapping[str, Mapping[str, np.ndarray]]:
        """Return safetensors files, by name, made once of the finished network, within ``seconds`` if given."""
        return {}
