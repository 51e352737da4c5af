"""The last layer of a classifier that starts from an encoder: a logistic regression on augmented recordings.

With random weights in the last layer, the first steps would change the encoder at random too.

Papers:
    Kumar, Raghunathan, Jones, Ma and Liang, "Fine-Tuning can Distort Pretrained Features and Underperform
    Out-of-Distribution", 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .modules import BCResNet
from .network import log_mel_layer, masked

MAX_ITERATIONS = 150  # of L-BFGS
PENALTY = 0.005  # of the squared weights, for inputs of variance 1
SMALLEST_DEVIATION = 1e-3  # of an input


def fit_last_layer(module: BCResNet, batches: Callable[[int], Mapping[str, np.ndarray]], n_batches: int) -> None:
    """Replace the last layer of a network by the logistic regression from what the layers before it make of batches.

    Parameters
    ----------
    module : BCResNet
        On the CPU. The layers before the last stay as they are.
    batches : callable
        From the number of a batch to the batch, as for training.
    n_batches : int
        The first batches are learned from.
    """
    inputs, targets = inputs_and_targets(module, batches, n_batches)
    mean, deviation = inputs.mean(0), inputs.std(0) + SMALLEST_DEVIATION
    weight, bias = logistic_regression((inputs - mean) / deviation, targets, module.config.output == "softmax")
    with torch.no_grad():
        if module.config.pooling == "statistics":
            module.scale.running_mean.copy_(mean)
            module.scale.running_var.copy_(deviation.square())
        else:
            weight = weight / deviation
            bias = bias - weight @ mean
        module.fc.weight.copy_(weight)
        module.fc.bias.copy_(bias)


@torch.no_grad()
def inputs_and_targets(
    module: BCResNet, batches: Callable[[int], Mapping[str, np.ndarray]], n_batches: int
) -> tuple[Tensor, Tensor]:
    """Return the inputs of the last layer ``(clips, pooled_size)`` and the targets ``(clips, labels)``, in float64."""
    was_training, log_mel = module.training, log_mel_layer(module.config)
    module.eval()
    inputs, targets = [], []
    for index in range(n_batches):
        batch = {name: torch.as_tensor(array) for name, array in batches(index).items()}
        inputs.append(module.pooled(masked(module.normalise(log_mel(batch["wave"])), batch)))
        targets.append(batch["target"])
    module.train(was_training)
    return torch.cat(inputs).double(), torch.cat(targets).double()


def logistic_regression(inputs: Tensor, targets: Tensor, is_single: bool) -> tuple[Tensor, Tensor]:
    """Return weights ``(labels, size)`` and biases ``(labels,)`` of least mean cross-entropy and penalty.

    Parameters
    ----------
    inputs : Tensor of shape ``(clips, size)``
    targets : Tensor of shape ``(clips, labels)``
        Probabilities.
    is_single : bool
        A clip has one label.
    """
    weight = inputs.new_zeros((targets.shape[1], inputs.shape[1])).requires_grad_()
    bias = inputs.new_zeros(targets.shape[1]).requires_grad_()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=MAX_ITERATIONS, line_search_fn="strong_wolfe")
    cross_entropy = F.cross_entropy if is_single else F.binary_cross_entropy_with_logits

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = cross_entropy(F.linear(inputs, weight, bias), targets) + PENALTY * weight.square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    return weight.detach(), bias.detach()
