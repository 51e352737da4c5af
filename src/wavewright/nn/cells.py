"""One time step of stacked LSTM or GRU layers, as an exported graph of one step needs it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def step_cells(layers: nn.LSTM | nn.GRU, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """Advance stacked recurrent layers by one step; equal to torch's own loop over time.

    - ``layers``: layers of one direction, with biases.
    - ``inputs``: ``(batch, input_size)``.
    - ``state``: ``(batch, n_states, hidden_size)``: the hidden vector of each layer, followed by the cell vector for an
      LSTM; zeros before the first step.
    - returns ``outputs``: hidden vector of the last layer, ``(batch, hidden_size)``.
    - returns ``next_state``: the shape of ``state``.

    References
    ----------
    S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", 1997.
    K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014.
    """
    hidden = inputs
    next_state: list[Tensor] = []
    for index in range(layers.num_layers):
        weight_ih, bias_ih, weight_hh, bias_hh = (
            layers.get_parameter(f"{name}_l{index}") for name in ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
        )
        if isinstance(layers, nn.LSTM):
            previous, cell = state[:, 2 * index], state[:, 2 * index + 1]
            gates = F.linear(hidden, weight_ih, bias_ih) + F.linear(previous, weight_hh, bias_hh)
            input_gate, forget_gate, candidate, output_gate = gates.chunk(4, 1)
            cell = torch.sigmoid(forget_gate) * cell + torch.sigmoid(input_gate) * torch.tanh(candidate)
            hidden = torch.sigmoid(output_gate) * torch.tanh(cell)
            next_state += [hidden, cell]
        else:
            previous = state[:, index]
            reset_i, update_i, candidate_i = F.linear(hidden, weight_ih, bias_ih).chunk(3, 1)
            reset_h, update_h, candidate_h = F.linear(previous, weight_hh, bias_hh).chunk(3, 1)
            reset = torch.sigmoid(reset_i + reset_h)
            update = torch.sigmoid(update_i + update_h)
            hidden = (1 - update) * torch.tanh(candidate_i + reset * candidate_h) + update * previous
            next_state.append(hidden)
    return hidden, torch.stack(next_state, 1)
