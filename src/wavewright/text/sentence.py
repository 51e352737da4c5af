"""Words and sentences as a front end hands them to an acoustic model."""

from __future__ import annotations

from dataclasses import dataclass

SILENCE = "_"
BOUNDARY = "|"
PAUSES = (",", ";", ".", "?", "!")
"""What may stand between words instead of a boundary; ``;`` is also a colon and a dash."""

NO_WORD = -1


@dataclass(frozen=True)
class Word:
    """One spoken word.

    ``text`` is as written and ``start`` and ``end`` are its first character and the one behind its last in the text given. What is written
    as one and spoken as several words (``1984``) gives several of them with the same place. ``mark_after`` is the punctuation behind it,
    or empty.
    """

    text: str
    spoken: str
    phones: tuple[str, ...]
    start: int
    end: int
    mark_after: str = ""


@dataclass(frozen=True)
class Sentence:
    """The words of a sentence in their order."""

    words: tuple[Word, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Silence, the phones of all words with a boundary or punctuation between them, the last punctuation, silence."""
        return tuple(symbol for symbol, _ in self._placed())

    @property
    def word_indices(self) -> tuple[int, ...]:
        """For every symbol the number of its word, -1 for silence, boundaries and punctuation."""
        return tuple(index for _, index in self._placed())

    @property
    def start(self) -> int:
        """The first character of the sentence in the text given."""
        return min(word.start for word in self.words)

    @property
    def end(self) -> int:
        """The character behind its last word."""
        return max(word.end for word in self.words)

    def __str__(self) -> str:
        return " ".join(word.spoken + word.mark_after for word in self.words)

    def _placed(self) -> list[tuple[str, int]]:
        placed = [(SILENCE, NO_WORD)]
        for number, word in enumerate(self.words):
            placed += [(phone, number) for phone in word.phones]
            is_last = number == len(self.words) - 1
            mark = word.mark_after or ("" if is_last else BOUNDARY)
            placed += [(mark, NO_WORD)] if mark else []
        return [*placed, (SILENCE, NO_WORD)]
