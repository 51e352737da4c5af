"""The region whose numbers are read: ``soixante dix`` of France, ``septante`` of Belgium and Switzerland."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

OWN_TENS = {
    "be": {70: "septante", 90: "nonante"},
    "ch": {70: "septante", 80: "huitante", 90: "nonante"},
}
"""Names of tens that are not those of France by region."""

_tens: ContextVar[dict[int, str] | None] = ContextVar("own_tens", default=None)


def own_tens() -> dict[int, str]:
    """Return the names of tens that are not those of France."""
    return _tens.get() or {}


@contextmanager
def region(name: str) -> Iterator[None]:
    """Set the region within the block: ``be``, ``ch``, or any other for the numbers of France."""
    before = _tens.set(OWN_TENS.get(name))
    try:
        yield
    finally:
        _tens.reset(before)
