"""The state of a training: network, averaged weights and optimizers, and the step that updates them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..contracts.settings import TrainingSettings
from ..nn.muon import Muon
from ..nn.network import LossFunction, Network
from ..nn.precision import supports_bfloat16
from . import processes

Snapshot = tuple[dict[str, Tensor], dict[str, Tensor]]
"""Weights of the network, and averaged weights."""


class TrainState:
    """Network, averaged weights and optimizers of a training.

    - ``network``: in training mode, on ``device``.
    - ``average``: copy of `Network.inference_module` with the moving average of its weights, in evaluation mode.
    - ``optimizers``: one for each player, by name.
    - ``parameters``: trainable parameters of each player, by name.
    - ``precision``: ``"float32"`` or ``"bfloat16"``.
    """

    def __init__(self, network: Network, settings: TrainingSettings) -> None:
        self.settings = settings
        self.device = torch.device(settings.device)
        self.network = network.to(self.device).train()
        self.average = copy.deepcopy(network.inference_module()).eval().requires_grad_(False)
        self.parameters = {
            name: [parameter for parameter in player.parameters() if parameter.requires_grad]
            for name, player in network.players().items()
        }
        self.optimizers = self._new_optimizers()
        self.precision = _precision(settings, self.device)

    def update(self, step: int, batches: Sequence[Mapping[str, np.ndarray]], learning_rate: float) -> dict[str, float]:
        """Run the turns of all players on the batches of a step and update the averaged weights; return mean losses.

        Raises KeyError if a turn returns a loss that `Network.loss_weights` does not name.
        """
        tensors = [
            {name: torch.as_tensor(array, device=self.device) for name, array in batch.items()} for batch in batches
        ]
        if step and step in self.network.freeze_steps():
            self._load_average()
        weights = self.network.loss_weights(step)
        means: dict[str, float] = {}
        for player, loss_function in self.network.turns(step):
            means |= self._accumulate_gradients(player, loss_function, tensors, weights)
            self._step_optimizer(player, learning_rate)
        self._update_average(step)
        return means

    def snapshot(self) -> Snapshot:
        """Return a copy of all weights."""
        return copy.deepcopy((self.network.state_dict(), self.average.state_dict()))

    def restore(self, snapshot: Snapshot) -> None:
        """Load the weights of a snapshot, and start with fresh optimizers."""
        weights, averaged_weights = snapshot
        self.network.load_state_dict(weights)
        self.average.load_state_dict(averaged_weights)
        self.optimizers = self._new_optimizers()

    def is_finite(self) -> bool:
        """Return whether all trainable weights are finite."""
        return all(bool(weight.isfinite().all()) for player in self.parameters.values() for weight in player)

    def _new_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        kind = Muon if self.settings.optimizer == "muon" else torch.optim.AdamW
        return {
            name: kind(
                parameters,
                lr=self.settings.learning_rate,
                betas=self.settings.betas,
                weight_decay=self.settings.weight_decay,
            )
            for name, parameters in self.parameters.items()
        }

    def _accumulate_gradients(
        self,
        player: str,
        loss_function: LossFunction,
        batches: Sequence[dict[str, Tensor]],
        weights: Mapping[str, float],
    ) -> dict[str, float]:
        """Compute the gradients of one player, averaged over the batches; return its mean losses."""
        means: dict[str, Tensor] = {}
        for batch in batches:
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16"):
                losses = loss_function(batch)
            unknown = losses.keys() - weights.keys()
            if unknown:
                raise KeyError(f"losses {sorted(unknown)} have no weight; loss_weights() names {sorted(weights)}")
            total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum() / len(batches)
            torch.autograd.backward(total, inputs=self.parameters[player])
            for name, loss in losses.items():
                means[name] = means.get(name, torch.zeros(())) + loss.detach() / len(batches)
        return {name: float(mean) for name, mean in means.items()}

    def _step_optimizer(self, player: str, learning_rate: float) -> None:
        """Update one player by its gradients, averaged over processes and clipped."""
        parameters, optimizer = self.parameters[player], self.optimizers[player]
        processes.average_gradients(parameters)
        if self.settings.clip_norm:
            nn.utils.clip_grad_norm_(parameters, self.settings.clip_norm)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    @torch.no_grad()
    def _update_average(self, step: int) -> None:
        """Move the averaged weights towards the current ones; the decay is smaller in the first steps."""
        current = self.network.inference_module()
        decay = min(self.settings.ema_decay, (1 + step) / (10 + step))
        for average, weight in zip(self.average.parameters(), current.parameters(), strict=True):
            average.lerp_(weight, 1 - decay)
        for average_buffer, buffer in zip(self.average.buffers(), current.buffers(), strict=True):
            average_buffer.copy_(buffer)

    @torch.no_grad()
    def _load_average(self) -> None:
        """Replace the current weights by the averaged ones."""
        current = self.network.inference_module()
        for average, weight in zip(self.average.parameters(), current.parameters(), strict=True):
            weight.copy_(average)


def _precision(settings: TrainingSettings, device: torch.device) -> str:
    """Return bfloat16 if the machine multiplies it natively, else float32: emulation is slower."""
    if settings.precision != "auto":
        return settings.precision
    return "bfloat16" if supports_bfloat16(device) else "float32"
