"""Prefetch batches in a worker thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

BatchT = TypeVar("BatchT")


@contextmanager
def prefetched_batches(make: Callable[[int], BatchT], stride: int) -> Iterator[Callable[[int], BatchT]]:
    """Prefetch the batch ``stride`` ahead in a worker thread.

    - ``make``: returns the batch with a number.
    - ``stride``: difference between the numbers of successive calls.
    - returns: returns the batch with a number; one that was not prefetched is computed at once.
    """
    with ThreadPoolExecutor(1) as pool:
        pending: dict[int, Future[BatchT]] = {}

        def prefetched(number: int) -> BatchT:
            future = pending.pop(number, None)
            pending.clear()
            batch = make(number) if future is None else future.result()
            pending[number + stride] = pool.submit(make, number + stride)
            return batch

        yield prefetched
