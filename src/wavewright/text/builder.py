"""Build a text from pieces of another text, with the position of each character in that."""

from __future__ import annotations

from collections.abc import Iterable

from .characters import Characters

PARAGRAPH = "\n\n"


class TextBuilder:
    """Collects pieces of a text in the order of their positions.

    - ``length``: number of characters of the original text.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._pieces: list[str] = []
        self._positions: list[int] = []

    def add(self, text: str, positions: Iterable[int]) -> None:
        """Append characters of the original text and their positions."""
        self._pieces.append(text)
        self._positions += positions

    def insert(self, text: str, position: int) -> None:
        """Append characters that the original text does not have, all at one position."""
        self._pieces.append(text)
        self._positions += [min(position, max(self._length - 1, 0))] * len(text)

    def characters(self) -> Characters:
        """Return the text and the position of each character."""
        return Characters("".join(self._pieces), (*self._positions, self._length))
