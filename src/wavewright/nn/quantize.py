"""Residual quantisers of latents: vector quantisation with learned codebooks, or finite scalar quantisation."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EMA_DECAY = 0.98  # of the usage and mean of each code
DEAD_USAGE = 0.1  # of uniform usage; codes that are used less are moved to vectors of the batch
KMEANS_ITERATIONS = 10
MIN_SQUARE = 1e-8  # mean square of a latent's elements
MIN_LENGTH = 1e-6  # of a vector that has a direction


class VectorQuantizer(nn.Module):
    """One codebook behind a projection to a few dimensions; the nearest code is that of the nearest direction.

    Few dimensions and cosine distance keep all codes in use [1]_ [2]_. The codes start from k-means of the first batch,
    follow the exponential moving averages of the vectors that are assigned to them [3]_, and are moved to vectors of
    the batch where they are no longer used. Gradients pass a code as if it were its vector, turned and scaled [4]_.

    References
    ----------
    .. [1] J. Yu et al., "Vector-quantized Image Modeling with Improved VQGAN", 2022.
    .. [2] R. Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023.
    .. [3] A. van den Oord et al., "Neural Discrete Representation Learning", 2017, appendix A.1.
    .. [4] C. Fifty et al., "Restructuring Vector Quantization with the Rotation Trick", 2024.
    """

    codebook: Tensor
    usage: Tensor
    is_initialised: Tensor

    def __init__(self, latent_size: int, codebook_size: int, code_size: int) -> None:
        super().__init__()
        self.in_proj = nn.Linear(latent_size, code_size)
        self.out_proj = nn.Linear(code_size, latent_size, bias=False)
        self.codebook = nn.Buffer(torch.randn(codebook_size, code_size))
        self.usage = nn.Buffer(torch.full((codebook_size,), 1 / codebook_size))
        self.is_initialised = nn.Buffer(torch.zeros((), dtype=torch.bool))

    def nearest(self, vectors: Tensor) -> Tensor:
        """Return the indices ``(...)`` of the codes nearest to ``vectors (..., code_size)`` by cosine distance."""
        return (vectors @ F.normalize(self.codebook, dim=-1).t()).argmax(-1)

    def encode(self, residual: Tensor) -> Tensor:
        """Return the codes ``(...)`` int64 of latents ``(..., latent_size)``."""
        return self.nearest(self.in_proj(residual))

    def decode(self, codes: Tensor) -> Tensor:
        """Return the latents ``(..., latent_size)`` of codes ``(...)`` int64."""
        latents: Tensor = self.out_proj(F.embedding(codes, self.codebook))
        return latents

    def forward(self, residual: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantise latents; in training, update the codebook.

        - ``residual``: ``(batch, frames, latent_size)``.
        - returns ``quantized``: ``(batch, frames, latent_size)``.
        - returns ``codes``: ``(batch, frames)`` int64.
        - returns ``commitment``: commitment loss of each frame ([3]_, equation 3) over the mean square of the projected
          vectors, so that the size of latents does not matter, ``(batch, frames)``.
        """
        vectors = self.in_proj(residual)
        if self.training and not self.is_initialised:
            self._initialise(vectors.detach().flatten(0, 1))
        codes = self.nearest(vectors.detach())
        quantized = F.embedding(codes, self.codebook)
        if self.training:
            self._update(vectors.detach().flatten(0, 1), codes.flatten())
        scale = vectors.detach().square().mean().clamp(min=MIN_SQUARE)
        commitment = (vectors - quantized).square().mean(-1) / scale
        return self.out_proj(_turned(vectors, quantized)), codes, commitment

    def _initialise(self, vectors: Tensor) -> None:
        """Set the codes to the centres of ``vectors (n, code_size)``."""
        self.codebook = _broadcast(_kmeans(vectors, len(self.codebook)))
        self.is_initialised = torch.ones_like(self.is_initialised)

    def _update(self, vectors: Tensor, codes: Tensor) -> None:
        """Move codes towards the means of the vectors ``(n, code_size)`` assigned to them, and replace dead ones."""
        n_codes = len(self.codebook)
        counts = torch.bincount(codes, minlength=n_codes).to(vectors.dtype)
        sums = torch.zeros_like(self.codebook).index_add_(0, codes, vectors)
        counts = _all_reduce_mean(counts / len(vectors))
        sums = _all_reduce_mean(sums / len(vectors))
        usage = EMA_DECAY * self.usage + (1 - EMA_DECAY) * counts
        means = (EMA_DECAY * self.usage.unsqueeze(1) * self.codebook + (1 - EMA_DECAY) * sums) / usage.unsqueeze(1)
        is_dead = usage < DEAD_USAGE / n_codes
        replacements = _broadcast(vectors[torch.randint(len(vectors), (n_codes,), device=vectors.device)])
        self.codebook = torch.where(is_dead.unsqueeze(1), replacements, means)
        self.usage = torch.where(is_dead, 1 / n_codes, usage)


class FiniteScalarQuantizer(nn.Module):
    """Finite scalar quantisation: each element of a short vector is rounded to one of a few levels.

    There is no codebook to learn or to collapse.

    - ``levels``: number of levels of each element of the projected vector.

    References
    ----------
    F. Mentzer et al., "Finite Scalar Quantization: VQ-VAE Made Simple", 2024.
    """

    def __init__(self, latent_size: int, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.in_proj = nn.Linear(latent_size, len(levels))
        self.out_proj = nn.Linear(len(levels), latent_size, bias=False)
        sizes = torch.tensor(levels)
        basis = torch.cumprod(torch.cat([sizes.new_ones(1), sizes[:-1]]), 0)
        self.levels = nn.Buffer(sizes.float(), persistent=False)
        self.basis = nn.Buffer(basis, persistent=False)

    def _bound(self, vectors: Tensor) -> Tensor:
        """Map ``(..., dimensions)`` to [0, levels - 1], not rounded."""
        return (torch.tanh(vectors) + 1) * 0.5 * (self.levels - 1)

    def _values(self, digits: Tensor) -> Tensor:
        """Map digits in [0, levels - 1] to [-1, 1]."""
        return 2 * digits / (self.levels - 1) - 1

    def encode(self, residual: Tensor) -> Tensor:
        """Return the codes ``(...)`` int64 of latents ``(..., latent_size)``."""
        return (self._bound(self.in_proj(residual)).round().long() * self.basis).sum(-1)

    def decode(self, codes: Tensor) -> Tensor:
        """Return the latents ``(..., latent_size)`` of codes ``(...)`` int64."""
        digits = torch.div(codes.unsqueeze(-1), self.basis, rounding_mode="floor") % self.levels.long()
        latents: Tensor = self.out_proj(self._values(digits.float()))
        return latents

    def forward(self, residual: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantise latents; see :meth:`VectorQuantizer.forward`. The commitment loss is 0."""
        digits = self._bound(self.in_proj(residual))
        rounded = digits + (digits.round() - digits).detach()
        codes = (rounded.detach().round().long() * self.basis).sum(-1)
        return self.out_proj(self._values(rounded)), codes, residual.new_zeros(residual.shape[:-1])


Quantizer: TypeAlias = VectorQuantizer | FiniteScalarQuantizer


class ResidualQuantizer(nn.Module):
    """Quantisers that each quantise the residual of those before; the first ones alone are a coarser quantiser.

    - ``codebook_size``: codes of each; a power of 4 for kind ``finite``.
    - ``code_size``: size of a code for kind ``codebook``.

    References
    ----------
    N. Zeghidour et al., "SoundStream: An End-to-End Neural Audio Codec", 2021.
    """

    def __init__(
        self,
        n_codebooks: int,
        latent_size: int,
        codebook_size: int,
        code_size: int,
        kind: Literal["codebook", "finite"],
    ) -> None:
        super().__init__()
        self.codebook_size = codebook_size
        scalar_levels = (4,) * ((codebook_size.bit_length() - 1) // 2)
        self.quantizers = nn.ModuleList(
            VectorQuantizer(latent_size, codebook_size, code_size)
            if kind == "codebook"
            else FiniteScalarQuantizer(latent_size, scalar_levels)
            for _ in range(n_codebooks)
        )

    @property
    def is_initialised(self) -> bool:
        """True once the codebooks are initialised from a batch."""
        return all(bool(each.is_initialised) for each in self._each() if isinstance(each, VectorQuantizer))

    def _each(self) -> list[Quantizer]:
        return cast("list[Quantizer]", list(self.quantizers))

    def input_projections(self) -> list[nn.Module]:
        """Return the projections of latents to short vectors: the encoder's side of the quantisers."""
        return [quantizer.in_proj for quantizer in self._each()]

    def codebook_vectors(self) -> Tensor:
        """Return the latent of each code, ``(n_codebooks, codebook_size, latent_size)``."""
        return torch.stack([quantizer.decode(torch.arange(self.codebook_size)) for quantizer in self._each()])

    def forward(self, latent: Tensor, n_used: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantise latents; gradients pass.

        - ``latent``: ``(batch, frames, latent_size)``.
        - ``n_used``: codebooks that each clip uses, ``(batch,)``.
        - returns ``quantized``: ``(batch, frames, latent_size)``.
        - returns ``codes``: ``(batch, frames, n_codebooks)`` int64.
        - returns ``commitment``: mean commitment loss of the codebooks in use, ``()``.
        """
        residual, total = latent, torch.zeros_like(latent)
        codes, commitment = [], latent.new_zeros(())
        for index, quantizer in enumerate(self._each()):
            quantized, codes_of_level, distances = quantizer(residual)
            is_used = (index < n_used).to(latent.dtype).view(-1, 1, 1)
            total = total + is_used * quantized
            residual = residual - quantized.detach()
            weight = is_used.squeeze(-1) / (n_used.sum() * latent.shape[1])
            commitment = commitment + (weight * distances).sum()
            codes.append(codes_of_level)
        return total, torch.stack(codes, -1), commitment

    def encode(self, latent: Tensor) -> Tensor:
        """Return the codes ``(batch, frames, n_codebooks)`` int64 of latents ``(batch, frames, latent_size)``."""
        residual = latent
        codes = []
        for quantizer in self._each():
            codes.append(quantizer.encode(residual))
            residual = residual - quantizer.decode(codes[-1])
        return torch.stack(codes, -1)

    def decode(self, codes: Tensor) -> Tensor:
        """Add up the latents of codes ``(batch, frames, n_codebooks)``, which are -1 for codebooks not in use."""
        total = torch.zeros((), device=codes.device)
        for index, quantizer in enumerate(self._each()):
            of_level = codes[..., index]
            total = total + quantizer.decode(of_level.clamp(min=0)) * (of_level >= 0).unsqueeze(-1)
        return total


class QuantizedEncoder(nn.Module):
    """Encoder, from features and memory to latents and the next memory, and quantiser as one graph."""

    def __init__(self, encoder: nn.Module, quantizer: ResidualQuantizer) -> None:
        super().__init__()
        self.encoder, self.quantizer = encoder, quantizer

    def forward(self, features: Tensor, memory: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the codes ``(batch, frames, n_codebooks)`` and the next memory."""
        latent, next_memory = self.encoder(features, memory)
        return self.quantizer.encode(latent), next_memory


class QuantizedDecoder(nn.Module):
    """Quantiser and decoder, from latents and memory to its output and the next memory, as one graph."""

    def __init__(self, decoder: nn.Module, quantizer: ResidualQuantizer) -> None:
        super().__init__()
        self.decoder, self.quantizer = decoder, quantizer

    def forward(self, codes: Tensor, memory: Tensor) -> tuple[Tensor, Tensor | None]:
        """Decode ``codes (batch, frames, n_codebooks)``, -1 for codebooks that are not in use."""
        output, next_memory = self.decoder(self.quantizer.decode(codes), memory)
        return output, next_memory


def _turned(vectors: Tensor, codes: Tensor) -> Tensor:
    """Return ``codes (..., size)`` with the gradients of ``vectors`` that are turned and scaled onto them."""
    lengths, code_lengths = (
        each.detach().norm(dim=-1, keepdim=True).clamp(min=MIN_LENGTH) for each in (vectors, codes)
    )
    start, end = vectors.detach() / lengths, codes / code_lengths
    middle = F.normalize(start + end, dim=-1)

    def along(direction: Tensor) -> Tensor:
        return (vectors * direction).sum(-1, keepdim=True)

    turned: Tensor = (vectors - 2 * along(middle) * middle + 2 * along(start) * end) * (code_lengths / lengths)
    return turned + (codes - turned).detach()


def _kmeans(vectors: Tensor, count: int) -> Tensor:
    """Return ``count`` centres of the directions of ``vectors (n, dimensions)``; near copies where n is small."""
    chosen = vectors[torch.randint(len(vectors), (count,), device=vectors.device)]
    if len(vectors) < 2 * count:
        return chosen * (1 + 0.05 * torch.randn_like(chosen))
    centres = vectors[torch.randperm(len(vectors), device=vectors.device)[:count]]
    for _ in range(KMEANS_ITERATIONS):
        nearest = (vectors @ F.normalize(centres, dim=-1).t()).argmax(-1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, vectors)
        counts = torch.bincount(nearest, minlength=count).unsqueeze(1)
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), chosen)
    return centres


def _broadcast(tensor: Tensor) -> Tensor:
    """Return the tensor of process 0 in distributed training, where codebooks must stay equal."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        tensor = tensor.contiguous()
        torch.distributed.broadcast(tensor, 0)
    return tensor


def _all_reduce_mean(tensor: Tensor) -> Tensor:
    """Return the mean over all processes in distributed training."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(tensor)
        tensor = tensor / torch.distributed.get_world_size()
    return tensor


def perplexity(codes: Tensor, codebook_size: int) -> Tensor:
    """Return the perplexity ``exp(-sum p log p)`` ``(n_codebooks,)`` of the codes ``(n, n_codebooks)`` in use."""
    counts = torch.stack([torch.bincount(column, minlength=codebook_size) for column in codes.unbind(-1)]).double()
    probabilities = counts / counts.sum(-1, keepdim=True)
    return torch.exp(-torch.special.xlogy(probabilities, probabilities).sum(-1))
