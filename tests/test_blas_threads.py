"""Threads of the matrix products of NumPy while a training runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from threadpoolctl import ThreadpoolController

from wavewright.training.processes import OPENBLAS, TORCH, single_blas_thread


def libraries():
    np.ones((2, 2)) @ np.ones((2, 2))
    found = [library for library in ThreadpoolController().lib_controllers if library.internal_api == OPENBLAS]
    return [library for library in found if TORCH not in library.filepath]


@pytest.fixture
def two_threads():
    before = [(library, library.num_threads) for library in libraries()]
    if not before:
        pytest.skip("this NumPy has no OpenBLAS")
    for library, _ in before:
        library.set_num_threads(2)
    yield
    for library, count in before:
        library.set_num_threads(count)


def test_numpy_has_one_thread_within_and_its_own_after(two_threads):
    before = [library.get_num_threads() for library in libraries()]
    torch_threads = torch.get_num_threads()
    with single_blas_thread():
        assert {library.get_num_threads() for library in libraries()} == {1}
        assert torch.get_num_threads() == torch_threads
    assert [library.get_num_threads() for library in libraries()] == before


def test_threads_come_back_after_an_error(two_threads):
    before = [library.get_num_threads() for library in libraries()]

    @single_blas_thread()
    def failing():
        assert {library.get_num_threads() for library in libraries()} == {1}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failing()
    assert [library.get_num_threads() for library in libraries()] == before
