"""The optimizer Muon: orthogonal updates of matrices, AdamW for the rest."""

import pytest
import torch

from wavewright.nn.muon import Muon, is_matrix, orthogonalised


@pytest.mark.parametrize("shape", [(7, 7), (40, 12), (12, 40), (5, 9, 30)])
def test_updates_have_singular_values_near_one_and_the_same_singular_vectors(shape):
    torch.manual_seed(0)
    matrices = torch.randn(shape)
    left, singular, right = torch.linalg.svd(matrices, full_matrices=False)
    rotated = left.mT @ orthogonalised(1e-3 * matrices) @ right.mT
    values = torch.diagonal(rotated, dim1=-2, dim2=-1)
    large = singular > 0.05 * singular.amax(-1, keepdim=True)
    assert (values[large] > 0.6).all()
    assert (values < 1.3).all()
    torch.testing.assert_close(rotated, torch.diag_embed(values), atol=1e-3, rtol=0)


def test_matrices_move_as_with_torch_s_own_muon():
    torch.manual_seed(0)
    ours, theirs = (torch.nn.Parameter(torch.ones(16, 24)) for _ in range(2))
    settings = {"lr": 1e-2, "weight_decay": 0.1}
    optimizers = (
        Muon([ours], betas=(0.9, 0.99), **settings),
        # Its updates have a root mean square of 0.2, with this adjustment.
        torch.optim.Muon([theirs], adjust_lr_fn="match_rms_adamw", lr=5e-2, weight_decay=0.02),
    )
    for _ in range(6):
        gradient = torch.randn(16, 24)
        for parameter, optimizer in zip((ours, theirs), optimizers, strict=True):
            parameter.grad = gradient.clone()
            optimizer.step()
    torch.testing.assert_close(ours, theirs, atol=5e-3, rtol=0)  # torch's works in bfloat16


def test_everything_else_moves_as_with_adamw():
    torch.manual_seed(0)
    shapes = [(9,), (1, 5), (4, 1), ()]
    ours, theirs = ([torch.nn.Parameter(torch.ones(shape)) for shape in shapes] for _ in range(2))
    matrix = torch.nn.Parameter(torch.ones(3, 3))
    settings = {"lr": 1e-2, "betas": (0.9, 0.99), "weight_decay": 0.1}
    optimizers = Muon([*ours, matrix], **settings), torch.optim.AdamW(theirs, **settings)
    for _ in range(5):
        matrix.grad = torch.randn(3, 3)
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn(mine.shape)
            other.grad = mine.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for mine, other in zip(ours, theirs, strict=True):
        assert torch.equal(mine, other)
    assert not is_matrix(ours[1])
    assert is_matrix(matrix)


def test_a_matrix_without_a_gradient_stays():
    frozen, moved = (torch.nn.Parameter(torch.ones(2, 2)) for _ in range(2))
    moved.grad = torch.eye(2)
    Muon([frozen, moved], 0.1, (0.9, 0.99), 0.0).step()
    assert torch.equal(frozen, torch.ones(2, 2))
    assert not torch.equal(moved, torch.ones(2, 2))
