"""One thread for the matrix products of NumPy and SciPy while a training makes its batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from threadpoolctl import ThreadpoolController

OPENBLAS = "openblas"
TORCH = "torch"  # in the paths of its own libraries, whose threads the training chooses


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Limit OpenBLAS to one thread within the block, or the function that this decorates; PyTorch keeps its own.

    The threads of OpenBLAS wait in busy loops. They take the processor from PyTorch, and from batches that are made in
    a thread of their own; beside other work a step of an encoder took six times as long.
    """
    with ExitStack() as stack:
        for library in ThreadpoolController().lib_controllers:
            if library.internal_api == OPENBLAS and TORCH not in str(library.filepath):
                stack.callback(library.set_num_threads, library.num_threads)
                library.set_num_threads(1)
        yield
