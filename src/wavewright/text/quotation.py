"""Find direct speech in a text: what stands in English or German quotation marks, also over several paragraphs."""

from __future__ import annotations

from dataclasses import dataclass

from .pattern import pattern

ENDS = {"\u201c": "\u201d", "\u201e": "\u201c\u201d", "\u00bb": "\u00ab", "\u00ab": "\u00bb", '"': '"'}
"""Marks that open a quotation, and those that end it."""

TWO_SIDED = ("\u00bb", "\u00ab", '"')
"""Marks that open one quotation and end another; they open one after a space, a bracket, a dash or another mark.

Inside a quotation, they open another one only before a word.
"""

_MARK = pattern(r"[\u201c\u201d\u201e\u00ab\u00bb\"]|\n[^\S\n]*\n\s*")
_BEFORE_OPENING = pattern(r"[\s(\[{\u2013\u2014\u201c\u201e\u2018\u201a\u00ab\u00bb\u203a\u2039\"'-]$")
_BEFORE_WORD = pattern(r"[^\s.,!?;:)\]}\u2013\u2014-]")
_ENDED = pattern(r"[.,!?\u2026;:\u2013\u2014-][\s'\")\]\u2018\u2019\u201c\u201d\u00ab\u00bb\u203a\u2039]*$")
_ENDS_NEXT = pattern(r"\s*(?:[.,!?\u2026;:\u2013\u2014-]|$)")


@dataclass(frozen=True)
class _Quotation:
    """A quotation that is open: its mark, and its position in the segment, None if it began in an earlier one."""

    mark: str
    start: int | None


class QuotationReader:
    """Finds direct speech in the segments of one text, in order.

    A quotation is direct speech if its last character is punctuation (``"Come," he said``), or if punctuation precedes
    and follows it, or nothing does (``"Komm", sagte er.``), so that titles and single words in quotation marks are not.
    One that is open at the end of a paragraph goes on if the next paragraph starts with its mark, as books print it,
    and ends otherwise. Quotations inside another belong to it.
    """

    def __init__(self) -> None:
        self._open: list[_Quotation] = []
        self._is_paragraph_start = True

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return start and end of each stretch of direct speech in the next segment."""
        spans: list[tuple[int, int]] = []
        paragraph = 0  # start of the paragraph
        if self._open and not self._is_paragraph_start:
            self._open = [_Quotation(self._open[0].mark, None)]
        for match in _MARK.finditer(text):
            mark, position = match[0], match.start()
            if mark.startswith("\n"):
                spans += self._unfinished(paragraph, position)
                paragraph, self._is_paragraph_start = match.end(), True
                continue
            if self._is_paragraph_start and self._open:
                goes_on = not text[paragraph:position].strip() and mark == self._open[0].mark
                self._open = [_Quotation(mark, None)] if goes_on else []
                self._is_paragraph_start = False
                if goes_on:
                    continue
            self._is_paragraph_start = False
            spans += self._mark(text, paragraph, position)
        spans += self._unfinished(paragraph, len(text))
        if text[paragraph:].strip():
            if self._is_paragraph_start:
                self._open = []  # a paragraph without marks
            self._is_paragraph_start = False
        return spans

    def _mark(self, text: str, paragraph: int, position: int) -> list[tuple[int, int]]:
        """Open or end a quotation at a mark; return the direct speech that ends there."""
        mark = text[position]
        may_open = position == paragraph or _BEFORE_OPENING.search(text[max(0, position - 1) : position]) is not None
        is_nested = mark in TWO_SIDED and may_open and _BEFORE_WORD.match(text, position + 1) is not None
        if self._open and mark in ENDS[self._open[-1].mark] and not is_nested:
            opened = self._open.pop()
            if not self._open and _is_speech(text, paragraph, opened.start, position):
                return [(paragraph if opened.start is None else opened.start, position + 1)]
        elif mark in ENDS and (may_open or mark not in TWO_SIDED):
            self._open.append(_Quotation(mark, position))
        return []

    def _unfinished(self, paragraph: int, end: int) -> list[tuple[int, int]]:
        """Return the direct speech that is open where a paragraph or segment ends."""
        if not self._open or self._is_paragraph_start:
            return []
        start = self._open[0].start
        self._open = [_Quotation(self._open[0].mark, None)]
        return [(paragraph if start is None else start, end)]


def _is_speech(text: str, paragraph: int, start: int | None, end: int) -> bool:
    """Return whether a quotation, between its marks, is direct speech."""
    if start is None or _ENDED.search(text[start + 1 : end]):
        return True
    before = text[paragraph:start].rstrip()
    return (not before or _ENDED.search(before) is not None) and _ENDS_NEXT.match(text, end + 1) is not None
