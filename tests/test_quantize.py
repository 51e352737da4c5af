"""Vector quantisers: nearest codes, gradients that pass through, codes that come alive, levels that correct each other."""

import pytest
import torch
from torch.nn import functional as F

from wavewright.nn.quantize import DEAD_USAGE, FiniteScalarQuantizer, ResidualQuantizer, VectorQuantizer, perplexity


def test_the_nearest_code_is_the_one_of_the_nearest_direction():
    torch.manual_seed(0)
    level = VectorQuantizer(12, 16, 4)
    vectors = torch.randn(50, 4)
    distances = torch.cdist(F.normalize(vectors, dim=-1), F.normalize(level.codes, dim=-1))
    torch.testing.assert_close(level.nearest(vectors), distances.argmin(-1))


def test_the_loss_is_the_squared_distance_to_the_code_and_gradients_pass_the_rounding():
    torch.manual_seed(0)
    level = VectorQuantizer(6, 8, 3).eval()
    residual = torch.randn(2, 5, 6, requires_grad=True)
    kept, numbers, commitment = level(residual)
    vectors = level.into(residual)
    torch.testing.assert_close(commitment, (level.codes[numbers] - vectors).square().mean(-1) / vectors.square().mean())
    torch.testing.assert_close(kept, level.decode(numbers))
    torch.testing.assert_close(numbers, level.encode(residual))
    (gradient,) = torch.autograd.grad(kept.sum(), residual)  # as if into and out alone were there
    torch.testing.assert_close(gradient, (level.out.weight @ level.into.weight).sum(0).expand_as(residual))


def test_codes_are_running_means_of_the_vectors_that_fall_on_them():
    torch.manual_seed(0)
    level = VectorQuantizer(2, 2, 2).train()
    with torch.no_grad():
        level.into.weight.copy_(torch.eye(2))
        level.into.bias.zero_()
    level.codes, level.is_ready = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor(True)
    residual = torch.tensor([[[3.0, 1.0], [5.0, 0.0], [0.0, 2.0], [0.0, 4.0]]])
    for _ in range(400):
        level(residual)
    torch.testing.assert_close(level.codes, torch.tensor([[4.0, 0.5], [0.0, 3.0]]), atol=5e-3, rtol=0)
    torch.testing.assert_close(level.share, torch.tensor([0.5, 0.5]))


def test_codes_begin_where_vectors_lie_and_the_dead_come_back():
    torch.manual_seed(0)
    level = VectorQuantizer(4, 16, 2).train()
    residual = torch.randn(8, 32, 4)
    level(residual)
    assert perplexity(level.encode(residual).reshape(-1, 1), 16) > 10
    level.codes[3] = -100 * level.codes[5]
    level.codes[5:] = level.codes[4]  # argmax takes the first of equals, so that nothing falls on those behind
    level.share.fill_(1 / 16)
    for _ in range(300):
        level(residual)
    assert (level.share > DEAD_USAGE / 16).all()
    assert perplexity(level.encode(residual).reshape(-1, 1), 16) > 8


@pytest.mark.parametrize("kind", ["codebook", "finite"])
def test_each_level_brings_the_vectors_closer_and_decoding_gives_what_was_kept(kind):
    torch.manual_seed(0)
    quantizer = ResidualQuantizer(4, 3, 64, 3, kind)
    optimizer = torch.optim.Adam(quantizer.parameters(), 0.01)
    vectors = torch.randn(4, 200, 3)
    every = torch.full((4,), 4)
    for _ in range(150):
        kept, _, commitment = quantizer(vectors, torch.randint(1, 5, (4,)))
        ((kept - vectors).square().mean() + commitment).backward()
        optimizer.step()
        optimizer.zero_grad()
    quantizer.eval()
    errors = [
        float((quantizer(vectors, torch.full((4,), n))[0] - vectors).detach().square().mean()) for n in (1, 2, 3, 4)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.2 * errors[0]
    kept, numbers, _ = quantizer(vectors, every)
    torch.testing.assert_close(quantizer.decode(numbers), kept)
    torch.testing.assert_close(quantizer.encode(vectors), numbers)
    some = numbers.clone()
    some[..., 2:] = -1
    torch.testing.assert_close(quantizer.decode(some), quantizer(vectors, torch.full((4,), 2))[0])


def test_rounded_numbers_are_digits_of_the_code():
    level = FiniteScalarQuantizer(5, (4, 4, 4))
    numbers = torch.arange(64)
    digits = torch.stack([numbers % 4, numbers // 4 % 4, numbers // 16], -1)
    torch.testing.assert_close(level.decode(numbers), level.out(2 * digits / 3 - 1))


def test_clips_that_use_fewer_levels_neither_hear_nor_teach_the_others():
    torch.manual_seed(0)
    quantizer = ResidualQuantizer(3, 4, 8, 2, "codebook").eval()
    vectors = torch.randn(2, 5, 4)
    kept, _, commitment = quantizer(vectors, torch.tensor([1, 3]))
    alone, _, _ = quantizer(vectors[:1], torch.tensor([1]))
    torch.testing.assert_close(kept[:1], alone)
    of_first, of_second = (float(quantizer(vectors, torch.tensor(used))[2].detach()) for used in ([1, 0], [0, 3]))
    assert float(commitment.detach()) == pytest.approx((of_first + 3 * of_second) / 4)


def test_perplexity_of_even_use_is_the_number_of_codes():
    numbers = torch.stack([torch.arange(8), torch.zeros(8, dtype=torch.int64)], -1)
    torch.testing.assert_close(perplexity(numbers, 16), torch.tensor([8.0, 1.0], dtype=torch.float64))
