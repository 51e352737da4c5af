"""Split sentences into pieces: a short first clause, so that audio starts soon, and no piece longer than a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..text.sentence import Word

FIRST_SYMBOLS = 36
"""Longest first sentence (about 3 s) that is spoken whole; a longer one is split at its first pause."""

MAX_SYMBOLS = 200
"""Longest piece, about 16 s."""

MIN_WORDS = 2
"""Fewest words on each side of the first split."""

SPLIT_MARKS = ((".", "?", "!", ";"), (",",))
"""Punctuation to split a long sentence at, in order of preference; otherwise it is split between words."""


def split_words(words: Sequence[Word], is_first: bool) -> Iterator[Sequence[Word]]:
    """Split the words of a sentence into pieces.

    Parameters
    ----------
    words : sequence of Word
        Words of at most `MAX_SYMBOLS` symbols each; see `split_long_words`.
    is_first : bool
        Whether the sentence is the first one of the text; its first piece is then short.

    Yields
    ------
    sequence of Word
        Words of one piece, at most `MAX_SYMBOLS` symbols.
    """
    if is_first and _n_symbols(words) > FIRST_SYMBOLS:
        end = _first_clause_end(words)
        if end:
            yield words[:end]
            words = words[end:]
    while _n_symbols(words) > MAX_SYMBOLS and len(words) > 1:
        end = _piece_end(words)
        yield words[:end]
        words = words[end:]
    if words:
        yield words


def split_long_words(words: Sequence[Word]) -> Iterator[Word]:
    """Yield the words; split one with more phones than a piece may have into several."""
    most = MAX_SYMBOLS - 1
    for word in words:
        starts = range(0, max(len(word.phones), 1), most)
        if len(starts) == 1:
            yield word
            continue
        for start in starts:
            mark = word.mark_after if start == starts[-1] else ""
            yield replace(word, phones=word.phones[start : start + most], mark_after=mark)


def _n_symbols(words: Sequence[Word]) -> int:
    return sum(len(word.phones) + 1 for word in words)


def _first_clause_end(words: Sequence[Word]) -> int:
    """Return the number of words before the first pause with `MIN_WORDS` on both sides, 0 if there is none."""
    ends = range(MIN_WORDS, len(words) - MIN_WORDS + 1)
    return next((end for end in ends if words[end - 1].mark_after), 0)


def _piece_end(words: Sequence[Word]) -> int:
    """Return the number of words up to the last preferred pause in the second half of the longest piece."""
    sizes: list[int] = []
    size = 0
    for word in words:
        size += len(word.phones) + 1
        sizes.append(size)
    most = max(1, sum(size <= MAX_SYMBOLS for size in sizes))
    for marks in SPLIT_MARKS:
        for end in range(most, most // 2, -1):
            if words[end - 1].mark_after in marks:
                return end
    return most
