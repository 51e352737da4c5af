"""Read byte streams whose bytes arrive over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Protocol, runtime_checkable


@runtime_checkable
class _SupportsRead1(Protocol):
    def read1(self, n_bytes: int = -1, /) -> bytes: ...


def available_reader(source: BinaryIO) -> Callable[[int], bytes]:
    """Return a function that reads up to so many bytes and returns those that have arrived, none only at the end.

    A source without ``read1`` waits for all of the bytes.
    """
    return source.read1 if isinstance(source, _SupportsRead1) else source.read
