"""The dialect in which numbers and dates are read: American, or British within :func:`british`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

BRITISH_REGIONS = ("gb", "uk", "au", "ie", "in", "nz", "za")
"""Regions whose numbers and dates are read as in Britain."""

BRITISH_LETTERS = {"Z": "zed", "Zs": "zeds", "Z's": "zed's"}

_is_british: ContextVar[bool] = ContextVar("is_british", default=False)


def is_british() -> bool:
    """Return whether numbers, dates and letters are read as in Britain."""
    return _is_british.get()


@contextmanager
def british(is_asked: bool) -> Iterator[None]:
    """Set the dialect within the block: British if ``is_asked``, else American."""
    before = _is_british.set(is_asked)
    try:
        yield
    finally:
        _is_british.reset(before)
