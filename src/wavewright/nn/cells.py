"""Stacked LSTM or GRU cells, one step at a time: what torch's own loop computes, as a graph of one step needs it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def step_cells(cells: nn.LSTM | nn.GRU, given: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """What the cells are ``given (batch, inputs)`` to ``(batch, hidden_size)`` and the next state.

    ``state (batch, n_states, hidden_size)`` has of each layer the hidden vector, and of an LSTM's its memory after that; zeros are
    before anything was heard. The cells are written out (Hochreiter and Schmidhuber, 1997; Cho et al., 2014).
    """
    hidden, states = given, []
    for layer in range(cells.num_layers):
        weights = [cells.get_parameter(f"{name}_l{layer}") for name in ("weight_ih", "bias_ih", "weight_hh", "bias_hh")]
        if isinstance(cells, nn.LSTM):
            before, memory = state[:, 2 * layer], state[:, 2 * layer + 1]
            gates = F.linear(hidden, weights[0], weights[1]) + F.linear(before, weights[2], weights[3])
            let_in, forget, new, out = gates.chunk(4, 1)
            memory = torch.sigmoid(forget) * memory + torch.sigmoid(let_in) * torch.tanh(new)
            hidden = torch.sigmoid(out) * torch.tanh(memory)
            states += [hidden, memory]
        else:
            before = state[:, layer]
            of_given = F.linear(hidden, weights[0], weights[1]).chunk(3, 1)
            of_before = F.linear(before, weights[2], weights[3]).chunk(3, 1)
            reset, update = torch.sigmoid(of_given[0] + of_before[0]), torch.sigmoid(of_given[1] + of_before[1])
            hidden = (1 - update) * torch.tanh(of_given[2] + reset * of_before[2]) + update * before
            states.append(hidden)
    return hidden, torch.stack(states, 1)
