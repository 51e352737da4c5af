"""The dialect in which numbers and dates are read: American, or British within :func:`british`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

BRITISH_REGIONS = ("gb", "uk", "au", "ie", "in", "nz", "za")
"""Regions of the BCP 47 tag whose numbers and dates are read as in Britain."""

BRITISH_LETTERS = {"Z": "zed", "Zs": "zeds", "Z's": "zed's"}
"""British names of letters, and their plurals and possessives."""

_is_british: ContextVar[bool] = ContextVar("is_british", default=False)


def is_british() -> bool:
    """Return True if numbers, dates and letters are read as in Britain."""
    return _is_british.get()


@contextmanager
def british(enabled: bool) -> Iterator[None]:
    """Set the dialect within the block: British if ``enabled``, else American."""
    before = _is_british.set(enabled)
    try:
        yield
    finally:
        _is_british.reset(before)
