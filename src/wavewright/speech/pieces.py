"""Where the words of a sentence are parted: the first piece of a text is a clause, so that sound comes soon, and no piece is too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..text.sentence import Word

FIRST_SYMBOLS = 36
"""A first sentence up to this length, some three seconds, is spoken whole; a longer one up to its first pause."""

MOST_SYMBOLS = 200
"""Of a piece, some sixteen seconds."""

FEWEST_WORDS = 2
"""Words that a clause needs to stand alone."""

MARKS = ((".", "?", "!", ";"), (",",))
"""Where a long sentence is parted, the best places first; else between words."""


def split_words(words: Sequence[Word], is_first: bool) -> Iterator[Sequence[Word]]:
    """The words in parts; of the first piece of a text the first part is short."""
    if is_first and _size(words) > FIRST_SYMBOLS:
        end = _first_clause(words)
        if end:
            yield words[:end]
            words = words[end:]
    while _size(words) > MOST_SYMBOLS and len(words) > 1:
        end = _best_end(words)
        yield words[:end]
        words = words[end:]
    if words:
        yield words


def split_long_words(words: Sequence[Word]) -> Iterator[Word]:
    """The words, those with more phones than a piece may have in several parts."""
    most = MOST_SYMBOLS - 1
    for word in words:
        starts = range(0, max(len(word.phones), 1), most)
        for start in starts:
            mark = word.mark_after if start == starts[-1] else ""
            yield word if len(starts) == 1 else replace(word, phones=word.phones[start : start + most], mark_after=mark)


def _size(words: Sequence[Word]) -> int:
    return sum(len(word.phones) + 1 for word in words)


def _first_clause(words: Sequence[Word]) -> int:
    """How many words come before the first pause that parts words enough on both sides; 0 where there is none."""
    ends = range(FEWEST_WORDS, len(words) - FEWEST_WORDS + 1)
    return next((end for end in ends if words[end - 1].mark_after), 0)


def _best_end(words: Sequence[Word]) -> int:
    """How many words make a piece: up to the last good pause in the second half of what fits, or as many as fit."""
    sizes, size = [], 0
    for word in words:
        size += len(word.phones) + 1
        sizes.append(size)
    most = max(1, sum(size <= MOST_SYMBOLS for size in sizes))
    for marks in MARKS:
        for end in range(most, most // 2, -1):
            if words[end - 1].mark_after in marks:
                return end
    return most
