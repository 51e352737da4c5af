"""Sampling from a WaveNet in a plain PyTorch loop: the baseline of the engine's benchmark.

It is written as an experienced PyTorch programmer would: cached layers in ring buffers, ``inference_mode``,
preallocated results, each layer's residual and skip connection in one product. See families/wavenet/__init__.py for the
network and its papers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from .step_inputs import one_torch_thread


class StepLoop:
    """One autoregressive stream on one thread.

    - ``tensors``: weights by name, as for the engine.
    - ``dilations``: dilation of each layer.
    - ``is_mixture``: true for the head ``logistics``; else the outputs are logits of mu-law classes.
    """

    def __init__(self, tensors: Mapping[str, np.ndarray], dilations: Sequence[int], is_mixture: bool) -> None:
        self.weights = {name: torch.from_numpy(np.asarray(tensor, np.float32)) for name, tensor in tensors.items()}
        self.dilations, self.is_mixture = dilations, is_mixture
        self.generator = torch.Generator().manual_seed(0)
        self.position = 0  # samples so far
        channels, taps = self.weights["input.weight"].shape
        n_skip = len(self.weights["skip.bias"])
        self.past = torch.zeros(taps)
        self.rings = [torch.zeros(dilation, channels) for dilation in dilations]
        self.both_taps = torch.zeros(2 * channels)
        self.units = torch.zeros(2 * channels)
        self.tanh_units, self.gate_units = self.units[:channels], self.units[channels:]
        self.gated = torch.zeros(channels)
        self.residual_and_skip = torch.zeros(channels + n_skip)
        self.hidden, self.skipped = self.residual_and_skip[:channels], self.residual_and_skip[channels:]
        self.residual_and_skip_weights = self._joined(channels, n_skip)

    def _joined(self, channels: int, n_skip: int) -> list[tuple[Tensor, Tensor]]:
        """Join weights ``(channels + skip_channels, channels)`` and biases of each layer's two output connections."""
        skip = torch.split(self.weights["skip.weight"], channels, dim=1)
        joined = []
        for layer in range(len(self.dilations)):
            weight = self.weights.get(f"residual.{layer}.weight", torch.zeros(channels, channels))
            bias = self.weights.get(f"residual.{layer}.bias", torch.zeros(channels))
            joined.append((torch.cat([weight, skip[layer]]), torch.cat([bias, torch.zeros(n_skip)])))
        return joined

    @property
    def memory_bytes(self) -> int:
        """Bytes of the weights and of the ring buffers."""
        joined = [tensor for pair in self.residual_and_skip_weights for tensor in pair]
        tensors = [*self.weights.values(), *joined, *self.rings]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def draw(self, n_samples: int) -> np.ndarray:
        """Draw ``(n_samples,)`` float32 of the stream in the network's domain (pre-emphasised or companded)."""
        wave = torch.zeros(n_samples)
        with one_torch_thread(), torch.inference_mode():
            for index in range(n_samples):
                wave[index] = sample = self._sample(self.outputs())
                self.append(sample)
        return wave.numpy()

    def append(self, sample: Tensor) -> None:
        """Append a sample ``()`` to the stream."""
        self.past = torch.cat([self.past[1:], sample.view(1)])
        self.position += 1

    def outputs(self) -> Tensor:
        """Return the parameters of the next sample's distribution, ``(outputs,)``; call it once per sample."""
        weights = self.weights
        torch.addmv(weights["input.bias"], weights["input.weight"], self.past, out=self.hidden)
        self.skipped.copy_(weights["skip.bias"])
        for layer, (dilation, ring) in enumerate(zip(self.dilations, self.rings, strict=True)):
            slot = ring[self.position % dilation]
            torch.cat([slot, self.hidden], out=self.both_taps)
            slot.copy_(self.hidden)
            torch.addmv(
                weights[f"dilated.{layer}.bias"], weights[f"dilated.{layer}.weight"], self.both_taps, out=self.units
            )
            torch.mul(self.tanh_units.tanh_(), self.gate_units.sigmoid_(), out=self.gated)
            weight, bias = self.residual_and_skip_weights[layer]
            self.residual_and_skip.add_(bias).addmv_(weight, self.gated)
        head = torch.addmv(weights["head.bias"], weights["head.weight"], self.skipped.relu_()).relu_()
        return torch.addmv(weights["output.bias"], weights["output.weight"], head)

    def _sample(self, outputs: Tensor) -> Tensor:
        """Draw a sample from its distribution."""
        if not self.is_mixture:
            index = torch.multinomial(outputs.softmax(-1), 1, generator=self.generator)[0]
            return index / (len(outputs) // 2) - 1
        logits, means, log_scales = outputs.chunk(3)
        component = torch.multinomial(logits.softmax(-1), 1, generator=self.generator)[0]
        noise = torch.rand((), generator=self.generator).logit(eps=1e-6)
        return (means[component] + log_scales[component].exp() * noise).clamp(-1.0, 1.0)
