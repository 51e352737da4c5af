"""What the next step needs is made in another thread while this one computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def prefetched_batches(make: Callable[[int], Any], stride: int) -> Iterator[Callable[[int], Any]]:
    """``make``, which makes what is ``stride`` further in another thread while what it gave is used; the order may jump."""
    with ThreadPoolExecutor(1) as pool:
        waiting: dict[int, Future[Any]] = {}

        def prefetched(number: int) -> Any:
            ready = waiting.pop(number, None)
            waiting.clear()
            made = make(number) if ready is None else ready.result()
            waiting[number + stride] = pool.submit(make, number + stride)
            return made

        yield prefetched
