"""Build a text from pieces of another one, with the position of each character in that."""

from __future__ import annotations

from collections.abc import Iterable

from .characters import Characters

PARAGRAPH = "\n\n"


class TextBuilder:
    """Collects pieces in the order of their positions."""

    def __init__(self, length: int) -> None:
        """Start with no pieces of a given text of ``length`` characters."""
        self._length = length
        self._parts: list[str] = []
        self._places: list[int] = []

    def add(self, text: str, places: Iterable[int]) -> None:
        """Add characters of the given text and their positions."""
        self._parts.append(text)
        self._places += places

    def put(self, text: str, place: int) -> None:
        """Add other characters, all at one position."""
        self._parts.append(text)
        self._places += [min(place, max(self._length - 1, 0))] * len(text)

    def characters(self) -> Characters:
        """Return the text and the position of each character."""
        return Characters("".join(self._parts), (*self._places, self._length))
