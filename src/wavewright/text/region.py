"""The region whose numbers and dates are read, such as ``GB`` of ``en-GB``: set while a text is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_region: ContextVar[str] = ContextVar("region", default="")


def region() -> str:
    """Return the region, in capitals; empty for the usual one of the language."""
    return _region.get()


def is_british() -> bool:
    """Return True if English numbers, dates and letters are read as in Britain."""
    return _region.get() == "GB"


@contextmanager
def dialect(name: str) -> Iterator[None]:
    """Set the region within the block."""
    before = _region.set(name)
    try:
        yield
    finally:
        _region.reset(before)
