"""Vector quantisers that networks learn through: residual levels of codebooks or of rounded numbers."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

USE_DECAY = 0.98  # of the running share and mean of each code
DEAD_SHARE = 0.1  # of an even share; a code that is used less is put where there are vectors
KMEANS_ROUNDS = 10
SMALLEST_SQUARE = 1e-8  # of a vector's number


class Codebook(nn.Module):
    """One level: a projection to a few dimensions, and the code whose direction is nearest (Yu et al., "Vector-quantized Image Modeling
    with Improved VQGAN", 2022; Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023).

    Few dimensions and directions alone keep all codes in use. Codes begin as the centres of the first batch (k-means), are the running
    means of the vectors that fall on them (van den Oord et al., "Neural Discrete Representation Learning", 2017, appendix A.1), and
    where nothing does any more, move to vectors of the batch.
    """

    codes: Tensor
    share: Tensor
    is_ready: Tensor

    def __init__(self, latent_size: int, codebook_size: int, code_size: int):
        super().__init__()
        self.into = nn.Linear(latent_size, code_size)
        self.out = nn.Linear(code_size, latent_size, bias=False)
        self.register_buffer("codes", torch.randn(codebook_size, code_size))
        self.register_buffer("share", torch.full((codebook_size,), 1 / codebook_size))
        self.register_buffer("is_ready", torch.zeros((), dtype=torch.bool))

    def nearest(self, vectors: Tensor) -> Tensor:
        """``(..., code_size)`` -> code numbers ``(...)``."""
        return (vectors @ F.normalize(self.codes, dim=-1).t()).argmax(-1)

    def numbers(self, residual: Tensor) -> Tensor:
        """``(..., latent_size)`` -> code numbers ``(...)``."""
        return self.nearest(self.into(residual))

    def look_up(self, numbers: Tensor) -> Tensor:
        """Code numbers ``(...)`` -> ``(..., latent_size)``."""
        return self.out(F.embedding(numbers, self.codes))

    def forward(self, residual: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(batch, frames, latent_size)`` to what is kept of it, the code numbers ``(batch, frames)``, and for each frame the squared
        distance of the vector to its code (commitment loss; van den Oord et al., equation 3), over the vectors' mean square: latents may
        be as large as they like.
        """
        vectors = self.into(residual)
        if self.training and not self.is_ready:
            self._begin(vectors.detach().flatten(0, 1))
        numbers = self.nearest(vectors.detach())
        codes = F.embedding(numbers, self.codes)
        if self.training:
            self._follow(vectors.detach().flatten(0, 1), numbers.flatten())
        scale = vectors.detach().square().mean().clamp(min=SMALLEST_SQUARE)
        commitment = (vectors - codes).square().mean(-1) / scale
        return self.out(vectors + (codes - vectors).detach()), numbers, commitment

    def _begin(self, vectors: Tensor) -> None:
        """Place the codes where the vectors ``(n, code_size)`` of the first batch lie."""
        self.codes = _from_process_0(_centres(vectors, len(self.codes)))
        self.is_ready = torch.ones_like(self.is_ready)

    def _follow(self, vectors: Tensor, numbers: Tensor) -> None:
        """Move the codes towards the means of the ``vectors (n, code_size)`` that fell on them, and the dead ones to vectors."""
        n_codes = len(self.codes)
        counts = torch.bincount(numbers, minlength=n_codes).to(vectors.dtype)
        sums = torch.zeros_like(self.codes).index_add_(0, numbers, vectors)
        counts, sums = _mean_of_processes(counts / len(vectors)), _mean_of_processes(sums / len(vectors))
        share = USE_DECAY * self.share + (1 - USE_DECAY) * counts
        codes = (USE_DECAY * self.share.unsqueeze(1) * self.codes + (1 - USE_DECAY) * sums) / share.unsqueeze(1)
        dead = share < DEAD_SHARE / n_codes
        chosen = _from_process_0(vectors[torch.randint(len(vectors), (n_codes,), device=vectors.device)])
        self.codes = torch.where(dead.unsqueeze(1), chosen, codes)
        self.share = torch.where(dead, 1 / n_codes, share)


class RoundedNumbers(nn.Module):
    """One level of finite scalar quantisation: each number of a short vector is rounded to one of a few steps (Mentzer et al., "Finite
    Scalar Quantization: VQ-VAE Made Simple", 2024); there is no codebook to learn or to lose.
    """

    steps: Tensor
    place_values: Tensor

    def __init__(self, latent_size: int, n_steps: tuple[int, ...]):
        super().__init__()
        self.into = nn.Linear(latent_size, len(n_steps))
        self.out = nn.Linear(len(n_steps), latent_size, bias=False)
        steps = torch.tensor(n_steps)
        self.register_buffer("steps", steps.float(), persistent=False)
        self.register_buffer(
            "place_values", torch.cumprod(torch.cat([steps.new_ones(1), steps[:-1]]), 0), persistent=False
        )

    def _digits(self, vectors: Tensor) -> Tensor:
        """``(..., dimensions)`` to where each number lies between the first step, 0, and the last; not rounded."""
        return (torch.tanh(vectors) + 1) * 0.5 * (self.steps - 1)

    def _values(self, digits: Tensor) -> Tensor:
        """The numbers in [-1, 1] that digits stand for."""
        return 2 * digits / (self.steps - 1) - 1

    def numbers(self, residual: Tensor) -> Tensor:
        return (self._digits(self.into(residual)).round().long() * self.place_values).sum(-1)

    def look_up(self, numbers: Tensor) -> Tensor:
        digits = torch.div(numbers.unsqueeze(-1), self.place_values, rounding_mode="floor") % self.steps.long()
        return self.out(self._values(digits.float()))

    def forward(self, residual: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As :meth:`Codebook.forward`; there are no codes to keep close to, so the distance is 0."""
        digits = self._digits(self.into(residual))
        rounded = digits + (digits.round() - digits).detach()
        numbers = (rounded.detach().round().long() * self.place_values).sum(-1)
        return self.out(self._values(rounded)), numbers, residual.new_zeros(residual.shape[:-1])


class ResidualQuantizer(nn.Module):
    """Levels that each quantise what those before left over (Zeghidour et al., "SoundStream", 2021), any number of the first ones of use.

    ``kind`` is ``codebook`` or ``finite``; of the latter the codebook size must be a power of 4.
    """

    def __init__(
        self, n_levels: int, latent_size: int, codebook_size: int, code_size: int, kind: Literal["codebook", "finite"]
    ):
        super().__init__()
        self.codebook_size = codebook_size
        n_steps = (4,) * ((codebook_size.bit_length() - 1) // 2)
        self.levels = nn.ModuleList(
            Codebook(latent_size, codebook_size, code_size)
            if kind == "codebook"
            else RoundedNumbers(latent_size, n_steps)
            for _ in range(n_levels)
        )

    @property
    def is_ready(self) -> bool:
        """Whether codes have been placed by a batch."""
        return all(bool(level.is_ready) for level in self._each() if isinstance(level, Codebook))

    def _each(self) -> list[Codebook | RoundedNumbers]:
        return list(self.levels)  # type: ignore[arg-type]

    def projections(self) -> list[nn.Module]:
        """What makes short vectors of residuals at each level: the encoder's side of the quantiser."""
        return [level.into for level in self._each()]

    def vectors(self) -> Tensor:
        """What each code stands for, ``(n_levels, codebook_size, latent_size)``."""
        return torch.stack([level.look_up(torch.arange(self.codebook_size)) for level in self._each()])

    def forward(self, latent: Tensor, n_used: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``latent (batch, frames, latent_size)``, of which each clip uses ``n_used (batch,)`` levels, to its quantised self, the code
        numbers ``(batch, frames, n_levels)`` and the commitment loss. Gradients pass through as if nothing had been rounded.
        """
        residual, total = latent, torch.zeros_like(latent)
        found, commitment = [], latent.new_zeros(())
        for number, level in enumerate(self._each()):
            kept, numbers, distances = level(residual)
            is_used = (number < n_used).to(latent.dtype).view(-1, 1, 1)
            total = total + is_used * kept
            residual = residual - kept.detach()
            weight = is_used.squeeze(-1) / (n_used.sum() * latent.shape[1])
            commitment = commitment + (weight * distances).sum()
            found.append(numbers)
        return total, torch.stack(found, -1), commitment

    def encode(self, latent: Tensor) -> Tensor:
        """``(batch, frames, latent_size)`` -> code numbers ``(batch, frames, n_levels)``."""
        residual, found = latent, []
        for level in self._each():
            found.append(level.numbers(residual))
            residual = residual - level.look_up(found[-1])
        return torch.stack(found, -1)

    def decode(self, numbers: Tensor) -> Tensor:
        """Code numbers ``(batch, frames, n_levels)``, -1 where a level is not used -> ``(batch, frames, latent_size)``."""
        total = torch.zeros((), device=numbers.device)
        for index, level in enumerate(self._each()):
            of_level = numbers[..., index]
            total = total + level.look_up(of_level.clamp(min=0)) * (of_level >= 0).unsqueeze(-1)
        return total


class Quantised(nn.Module):
    """Features and memory through an encoder to code numbers and the memory after, as a graph."""

    def __init__(self, encoder: nn.Module, quantizer: ResidualQuantizer):
        super().__init__()
        self.encoder, self.quantizer = encoder, quantizer

    def forward(self, features: Tensor, memory: Tensor) -> tuple[Tensor, Tensor | None]:
        latent, memory_after = self.encoder(features, memory)
        return self.quantizer.encode(latent), memory_after


class Unquantised(nn.Module):
    """Code numbers, -1 for none, and memory to what a decoder says and the memory after, as a graph."""

    def __init__(self, decoder: nn.Module, quantizer: ResidualQuantizer):
        super().__init__()
        self.decoder, self.quantizer = decoder, quantizer

    def forward(self, numbers: Tensor, memory: Tensor) -> tuple[Tensor, Tensor | None]:
        return self.decoder(self.quantizer.decode(numbers), memory)


def _centres(vectors: Tensor, count: int) -> Tensor:
    """``count`` centres of the directions of ``vectors (n, dimensions)`` by k-means; where there are fewer vectors, near copies of them."""
    chosen = vectors[torch.randint(len(vectors), (count,), device=vectors.device)]
    if len(vectors) < 2 * count:
        return chosen * (1 + 0.05 * torch.randn_like(chosen))
    centres = vectors[torch.randperm(len(vectors), device=vectors.device)[:count]]
    for _ in range(KMEANS_ROUNDS):
        nearest = (vectors @ F.normalize(centres, dim=-1).t()).argmax(-1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, vectors)
        counts = torch.bincount(nearest, minlength=count).unsqueeze(1)
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), chosen)
    return centres


def _from_process_0(tensor: Tensor) -> Tensor:
    """The tensor as process 0 has it, where several train together: their codebooks must not part."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        tensor = tensor.contiguous()
        torch.distributed.broadcast(tensor, 0)
    return tensor


def _mean_of_processes(tensor: Tensor) -> Tensor:
    """The mean over all processes that train together."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(tensor)
        tensor = tensor / torch.distributed.get_world_size()
    return tensor


def perplexity(numbers: Tensor, codebook_size: int) -> Tensor:
    """How many codes are used, ``exp(-sum p log p)`` of the shares ``p`` of code numbers ``(n, n_levels)`` -> ``(n_levels,)``."""
    counts = torch.stack([torch.bincount(level, minlength=codebook_size) for level in numbers.unbind(-1)]).double()
    shares = counts / counts.sum(-1, keepdim=True)
    return torch.exp(-torch.special.xlogy(shares, shares).sum(-1))
