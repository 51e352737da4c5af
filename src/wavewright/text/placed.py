"""A text that is put together from pieces of another one, with the place of each character in that."""

from __future__ import annotations

from collections.abc import Iterable

from .characters import Characters

PARAGRAPH = "\n\n"


class Placed:
    """Collects pieces in the order of their places."""

    def __init__(self, length: int) -> None:
        """``length`` is that of the text given."""
        self._length = length
        self._parts: list[str] = []
        self._places: list[int] = []

    def add(self, text: str, places: Iterable[int]) -> None:
        """Add characters of the text given and their places."""
        self._parts.append(text)
        self._places += places

    def put(self, text: str, place: int) -> None:
        """Add other characters, all of which have one place."""
        self._parts.append(text)
        self._places += [min(place, max(self._length - 1, 0))] * len(text)

    def characters(self) -> Characters:
        """Return what was collected."""
        return Characters("".join(self._parts), (*self._places, self._length))
