"""The GRU that trains faster, against that of PyTorch."""

import pytest
import torch
from torch import nn

from wavewright.nn.gru import GRU


@pytest.mark.parametrize(("batch", "n_steps", "input_size", "hidden_size"), [(1, 1, 1, 1), (5, 7, 3, 4), (3, 40, 8, 2)])
@pytest.mark.parametrize("has_state", [False, True])
def test_outputs_and_gradients_are_those_of_torch(batch, n_steps, input_size, hidden_size, has_state):
    torch.manual_seed(0)
    ours, theirs = GRU(input_size, hidden_size), nn.GRU(input_size, hidden_size)
    theirs.load_state_dict(ours.state_dict())
    inputs = torch.randn(n_steps, batch, input_size)
    state = torch.randn(1, batch, hidden_size) if has_state else None
    weight, last_weight = torch.randn(n_steps, batch, hidden_size), torch.randn(1, batch, hidden_size)
    results = []
    for layer in (ours, theirs):
        given = inputs.clone().requires_grad_()
        first = None if state is None else state.clone().requires_grad_()
        outputs, last = layer(given, first)
        ((outputs * weight).sum() + (last * last_weight).sum()).backward()
        gradients = [given.grad, *(parameter.grad for parameter in layer.parameters())]
        results.append([outputs, last, *gradients, *([] if first is None else [first.grad])])
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference, atol=1e-5, rtol=1e-4)


def test_without_gradients_the_results_are_the_same():
    torch.manual_seed(1)
    layer, inputs = GRU(4, 6), torch.randn(9, 2, 4)
    with torch.no_grad():
        quick = layer(inputs)
    for mine, reference in zip(layer(inputs), quick, strict=True):
        torch.testing.assert_close(mine, reference)
