"""Words and sentences: the output of a front end and the input of an acoustic model."""

from __future__ import annotations

from dataclasses import dataclass

SILENCE = "_"
BOUNDARY = "|"
PAUSES = (",", ";", ".", "?", "!")
"""Punctuation symbols, which replace the boundary between words; ``;`` also stands for a colon and a dash."""

NO_WORD = -1
"""Word index of silence, boundaries and punctuation."""


@dataclass(frozen=True)
class Word:
    """One spoken word.

    - ``text``: the word as written. Text that is spoken as several words (``1984``) is several words with the same
      position.
    - ``spoken``: the word as spoken.
    - ``start``, ``end``: position of its first character, and of the character after its last one, in the text.
    - ``mark_after``: the punctuation symbol after it, or empty.
    - ``shown``: the word with the signs and the space around it in the text, for subtitles; empty where another word
      has it.
    """

    text: str
    spoken: str
    phones: tuple[str, ...]
    start: int
    end: int
    mark_after: str = ""
    shown: str = ""


@dataclass(frozen=True)
class Sentence:
    """The words of a sentence in order."""

    words: tuple[Word, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Silence, the phones of all words with a boundary or punctuation after each word, silence."""
        return tuple(symbol for symbol, _ in self._indexed_symbols())

    @property
    def word_indices(self) -> tuple[int, ...]:
        """Index of each symbol's word; `NO_WORD` for silence, boundaries and punctuation."""
        return tuple(index for _, index in self._indexed_symbols())

    @property
    def start(self) -> int:
        """Position of the sentence's first character in the text."""
        return min(word.start for word in self.words)

    @property
    def end(self) -> int:
        """Position after the last character of its last word."""
        return max(word.end for word in self.words)

    def __str__(self) -> str:
        return " ".join(word.spoken + word.mark_after for word in self.words)

    def _indexed_symbols(self) -> list[tuple[str, int]]:
        """Return each symbol with the index of its word."""
        symbols = [(SILENCE, NO_WORD)]
        for index, word in enumerate(self.words):
            symbols += [(phone, index) for phone in word.phones]
            is_last = index == len(self.words) - 1
            mark = word.mark_after or ("" if is_last else BOUNDARY)
            symbols += [(mark, NO_WORD)] if mark else []
        return [*symbols, (SILENCE, NO_WORD)]
