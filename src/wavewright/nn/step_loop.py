"""A WaveNet drawn by a plain PyTorch loop, written as a good PyTorch programmer would: what the engine is compared with.

Cached layers in ring buffers, ``inference_mode``, every result in memory that is there already, each layer's residual and skip
connection in one product. See families/wavenet/__init__.py for the network and its papers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor


class StepLoop:
    """One stream that hears its own samples, on one thread.

    ``tensors`` as the engine takes them; ``is_mixture`` for head ``logistics``, else the outputs are the logits of mu-law classes.
    """

    def __init__(self, tensors: Mapping[str, np.ndarray], dilations: Sequence[int], is_mixture: bool, seed: int = 0):
        self.weights = {name: torch.from_numpy(np.asarray(tensor, np.float32)) for name, tensor in tensors.items()}
        self.dilations, self.is_mixture = dilations, is_mixture
        self.generator = torch.Generator().manual_seed(seed)
        self.position = 0  # samples heard
        channels, taps = self.weights["input.weight"].shape
        n_skip = len(self.weights["skip.bias"])
        self.past = torch.zeros(taps)
        self.rings = [torch.zeros(dilation, channels) for dilation in dilations]
        self.both_taps = torch.zeros(2 * channels)
        self.units = torch.zeros(2 * channels)
        self.to_tanh, self.to_sigmoid = self.units[:channels], self.units[channels:]
        self.gated = torch.zeros(channels)
        self.residual_and_skip = torch.zeros(channels + n_skip)
        self.hidden, self.skipped = self.residual_and_skip[:channels], self.residual_and_skip[channels:]
        self.after_gate = self._joined(channels, n_skip)

    def _joined(self, channels: int, n_skip: int) -> list[tuple[Tensor, Tensor]]:
        """Of each layer the weights ``(channels + skip_channels, channels)`` and bias of its residual and skip connection."""
        skip, joined = self.weights["skip.weight"].split(channels, dim=1), []
        for layer in range(len(self.dilations)):
            weight = self.weights.get(f"residual.{layer}.weight", torch.zeros(channels, channels))
            bias = self.weights.get(f"residual.{layer}.bias", torch.zeros(channels))
            joined.append((torch.cat([weight, skip[layer]]), torch.cat([bias, torch.zeros(n_skip)])))
        return joined

    @property
    def memory_bytes(self) -> int:
        """Of the weights and of what the layers keep."""
        joined = [tensor for pair in self.after_gate for tensor in pair]
        held = [*self.weights.values(), *joined, *self.rings]
        return sum(tensor.numel() * tensor.element_size() for tensor in held)

    def draw(self, n_samples: int) -> np.ndarray:
        """The next ``n_samples`` as the network hears them, float32."""
        wave, n_threads = torch.zeros(n_samples), torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.inference_mode():
                for sample in range(n_samples):
                    wave[sample] = drawn = self._drawn(self.outputs())
                    self.hear(drawn)
        finally:
            torch.set_num_threads(n_threads)
        return wave.numpy()

    def hear(self, sample: Tensor) -> None:
        """Remember a sample ``()``."""
        self.past = torch.cat([self.past[1:], sample.view(1)])
        self.position += 1

    def outputs(self) -> Tensor:
        """What describes the next sample, ``(outputs,)``; to be asked for once between samples."""
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
            torch.mul(self.to_tanh.tanh_(), self.to_sigmoid.sigmoid_(), out=self.gated)
            weight, bias = self.after_gate[layer]
            self.residual_and_skip.add_(bias).addmv_(weight, self.gated)
        head = torch.addmv(weights["head.bias"], weights["head.weight"], self.skipped.relu_()).relu_()
        return torch.addmv(weights["output.bias"], weights["output.weight"], head)

    def _drawn(self, outputs: Tensor) -> Tensor:
        if not self.is_mixture:
            drawn = torch.multinomial(outputs.softmax(-1), 1, generator=self.generator)[0]
            return drawn / (len(outputs) // 2) - 1
        logits, means, log_scales = outputs.chunk(3)
        mixture = torch.multinomial(logits.softmax(-1), 1, generator=self.generator)[0]
        noise = torch.rand((), generator=self.generator).logit(eps=1e-6)
        return (means[mixture] + log_scales[mixture].exp() * noise).clamp(-1.0, 1.0)
