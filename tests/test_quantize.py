"""Quantisers: nearest codes, straight-through gradients, codebook updates, residual quantisation."""

import pytest
import torch
from torch.nn import functional as F

from wavewright.nn.quantize import DEAD_USAGE, FiniteScalarQuantizer, ResidualQuantizer, VectorQuantizer, perplexity


def test_nearest_code_is_that_of_the_nearest_direction():
    torch.manual_seed(0)
    quantizer = VectorQuantizer(12, 16, 4)
    vectors = torch.randn(50, 4)
    distances = torch.cdist(F.normalize(vectors, dim=-1), F.normalize(quantizer.codebook, dim=-1))
    torch.testing.assert_close(quantizer.nearest(vectors), distances.argmin(-1))


def test_commitment_is_the_squared_distance():
    torch.manual_seed(0)
    quantizer = VectorQuantizer(6, 8, 3).eval()
    residual = torch.randn(2, 5, 6)
    quantized, codes, commitment = quantizer(residual)
    vectors = quantizer.in_proj(residual)
    torch.testing.assert_close(
        commitment, (quantizer.codebook[codes] - vectors).square().mean(-1) / vectors.square().mean()
    )
    torch.testing.assert_close(quantized, quantizer.decode(codes))
    torch.testing.assert_close(codes, quantizer.encode(residual))


def test_gradients_pass_a_code_as_its_vector_turned_and_scaled():
    torch.manual_seed(0)
    quantizer = VectorQuantizer(3, 8, 3).eval()
    with torch.no_grad():
        for projection in (quantizer.in_proj, quantizer.out_proj):
            projection.weight.copy_(torch.eye(3))
        quantizer.in_proj.bias.zero_()
    vectors, gradient = torch.randn(2, 5, 3, requires_grad=True), torch.randn(2, 5, 3)
    codes, _, _ = quantizer(vectors)
    (passed,) = torch.autograd.grad(codes, vectors, gradient)
    scale = codes.norm(dim=-1) / vectors.norm(dim=-1)
    torch.testing.assert_close(passed.norm(dim=-1), scale * gradient.norm(dim=-1))
    cosine = torch.nn.functional.cosine_similarity
    torch.testing.assert_close(cosine(passed, vectors, dim=-1), cosine(gradient, codes, dim=-1))


def test_codes_are_moving_averages_of_their_vectors():
    torch.manual_seed(0)
    quantizer = VectorQuantizer(2, 2, 2).train()
    with torch.no_grad():
        quantizer.in_proj.weight.copy_(torch.eye(2))
        quantizer.in_proj.bias.zero_()
    quantizer.codebook, quantizer.is_initialised = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor(True)
    residual = torch.tensor([[[3.0, 1.0], [5.0, 0.0], [0.0, 2.0], [0.0, 4.0]]])
    for _ in range(400):
        quantizer(residual)
    torch.testing.assert_close(quantizer.codebook, torch.tensor([[4.0, 0.5], [0.0, 3.0]]), atol=5e-3, rtol=0)
    torch.testing.assert_close(quantizer.usage, torch.tensor([0.5, 0.5]))


def test_codes_start_from_k_means_and_dead_ones_are_replaced():
    torch.manual_seed(0)
    quantizer = VectorQuantizer(4, 16, 2).train()
    residual = torch.randn(8, 32, 4)
    quantizer(residual)
    assert perplexity(quantizer.encode(residual).reshape(-1, 1), 16) > 10
    quantizer.codebook[3] = -100 * quantizer.codebook[5]
    quantizer.codebook[5:] = quantizer.codebook[
        4
    ]  # argmax takes the first of equals, so that nothing falls on those behind
    quantizer.usage.fill_(1 / 16)
    for _ in range(300):
        quantizer(residual)
    assert (quantizer.usage > DEAD_USAGE / 16).all()
    assert perplexity(quantizer.encode(residual).reshape(-1, 1), 16) > 8


@pytest.mark.parametrize("kind", ["codebook", "finite"])
def test_each_codebook_lowers_the_error_and_decoding_equals_quantised_latents(kind):
    torch.manual_seed(0)
    quantizer = ResidualQuantizer(4, 3, 64, 3, kind)
    optimizer = torch.optim.Adam(quantizer.parameters(), 0.01)
    vectors = torch.randn(4, 200, 3)
    every = torch.full((4,), 4)
    for _ in range(150):
        quantized, _, commitment = quantizer(vectors, torch.randint(1, 5, (4,)))
        ((quantized - vectors).square().mean() + commitment).backward()
        optimizer.step()
        optimizer.zero_grad()
    quantizer.eval()
    errors = [
        float((quantizer(vectors, torch.full((4,), n))[0] - vectors).detach().square().mean()) for n in (1, 2, 3, 4)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.2 * errors[0]
    quantized, codes, _ = quantizer(vectors, every)
    torch.testing.assert_close(quantizer.decode(codes), quantized)
    torch.testing.assert_close(quantizer.encode(vectors), codes)
    two_codebooks = codes.clone()
    two_codebooks[..., 2:] = -1
    torch.testing.assert_close(quantizer.decode(two_codebooks), quantizer(vectors, torch.full((4,), 2))[0])


def test_finite_scalar_codes_are_numbers_with_a_digit_per_dimension():
    quantizer = FiniteScalarQuantizer(5, (4, 4, 4))
    codes = torch.arange(64)
    digits = torch.stack([codes % 4, codes // 4 % 4, codes // 16], -1)
    torch.testing.assert_close(quantizer.decode(codes), quantizer.out_proj(2 * digits / 3 - 1))


def test_unused_codebooks_change_neither_latents_nor_loss():
    torch.manual_seed(0)
    quantizer = ResidualQuantizer(3, 4, 8, 2, "codebook").eval()
    vectors = torch.randn(2, 5, 4)
    quantized, _, commitment = quantizer(vectors, torch.tensor([1, 3]))
    alone, _, _ = quantizer(vectors[:1], torch.tensor([1]))
    torch.testing.assert_close(quantized[:1], alone)
    of_first, of_second = (float(quantizer(vectors, torch.tensor(used))[2].detach()) for used in ([1, 0], [0, 3]))
    assert float(commitment.detach()) == pytest.approx((of_first + 3 * of_second) / 4)


def test_perplexity_of_uniform_use_is_the_number_of_codes():
    codes = torch.stack([torch.arange(8), torch.zeros(8, dtype=torch.int64)], -1)
    torch.testing.assert_close(perplexity(codes, 16), torch.tensor([8.0, 1.0], dtype=torch.float64))
