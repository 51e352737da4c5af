"""Prefetch batches in a worker thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def prefetched_batches(make: Callable[[int], Any], stride: int) -> Iterator[Callable[[int], Any]]:
    """Prefetch the batch ``stride`` ahead in a worker thread.

    Parameters
    ----------
    make
        Returns the batch of a step.
    stride
        Number of steps from one call to the next.

    Yields
    ------
    Callable
        Returns the batch of a step, of any step: a step out of order is computed at once.
    """
    with ThreadPoolExecutor(1) as pool:
        waiting: dict[int, Future[Any]] = {}

        def prefetched(number: int) -> Any:
            ready = waiting.pop(number, None)
            waiting.clear()
            batch = make(number) if ready is None else ready.result()
            waiting[number + stride] = pool.submit(make, number + stride)
            return batch

        yield prefetched
