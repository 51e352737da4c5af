"""Convert the contents of a Markdown block to plain text: emphasis, links, pictures, code, entities and tags.

Paired marks of emphasis are removed; the text of links and pictures and the words between backticks are kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .builder import TextBuilder
from .html import SPOKEN, spoken_token

INLINE = re.compile(
    r"(?P<escape>\\[!-/:-@\[-`{-~])|(?P<code>`+)|(?P<footnote>\[\^[^\]\s]{1,100}\])|(?P<link>!?\[)|(?P<marks>\*+|_+|~~)|"
    r"<(?P<address>(?:https?|ftp|mailto):[^\s<>]{1,2000}|[\w.+-]{1,64}@[\w.-]{1,200})>|"
    rf"{SPOKEN}|(?P<break>(?: {{2,}}|\\)(?=\n))"
)
TARGET = re.compile(
    r"\([ \t\n]*(?:<[^<>\n]{0,2000}>|[^\s()<]{0,2000}(?:\([^\s()]{0,500}\)[^\s()]{0,500}){0,5})"
    r"(?:\s+(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)))?[ \t\n]*\)|\[[^\[\]\n]{0,200}\]"
)
DEEPEST = 8
"""Largest nesting depth of links."""


@dataclass
class _Piece:
    """A span of the text from ``start`` to ``end``, or the text ``instead`` that replaces it."""

    start: int
    end: int
    instead: str | None = None


@dataclass
class _Marks(_Piece):
    """Marks that may open or close emphasis; paired ones are removed."""

    sign: str = ""
    opens: bool = False
    closes: bool = False


def add_inline(builder: TextBuilder, lines: Sequence[tuple[str, int]], end: str = "\n") -> None:
    """Convert the lines of a block, each with the position of its first character, and add ``end`` after them."""
    text = "\n".join(line for line, _ in lines)
    places = [place for line, start in lines for place in range(start, start + len(line) + 1)]
    for piece in _Inline(text).pieces(0, len(text), 0):
        if piece.instead is None:
            builder.add(text[piece.start : piece.end], places[piece.start : piece.end])
        else:
            builder.put(piece.instead, places[piece.start])
    if lines:
        builder.put(end, places[-1])


class _Inline:
    """The text of a block and its pairs of brackets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._closing: dict[int, int] = {}
        opened: list[int] = []
        for match in re.finditer(r"\\.|[\[\]]", text):
            if match[0] == "[":
                opened.append(match.start())
            elif match[0] == "]" and opened:
                self._closing[opened.pop()] = match.start()

    def pieces(self, start: int, end: int, depth: int) -> list[_Piece]:
        """Split the text between two positions into pieces; ``depth`` links are open."""
        pieces: list[_Piece] = []
        place = start
        while match := INLINE.search(self._text, place, end):
            pieces.append(_Piece(place, match.start()))
            found, place = self._of(match, end, depth)
            pieces += found
        pieces.append(_Piece(place, end))
        _pair([piece for piece in pieces if isinstance(piece, _Marks)])
        return pieces

    def _of(self, match: re.Match[str], end: int, depth: int) -> tuple[list[_Piece], int]:
        """Return the pieces of one token, and the position after it."""
        start, behind, text = match.start(), match.end(), self._text
        if match["escape"]:
            return [_Piece(start + 1, behind)], behind
        if match["code"]:
            closing = re.compile(rf"(?<!`){match['code']}(?!`)").search(text, behind, end)
            return ([_Piece(behind, closing.start())], closing.end()) if closing else ([_Piece(start, behind)], behind)
        if match["footnote"] or match["break"]:
            return [], behind
        if match["address"]:
            return [_Piece(match.start("address"), match.end("address"))], behind
        if match["link"]:
            return self._link(match, end, depth)
        if match["marks"]:
            return self._marks(match), behind
        return [_Piece(start, behind, spoken_token(match))], behind

    def _link(self, match: re.Match[str], end: int, depth: int) -> tuple[list[_Piece], int]:
        """Return the pieces of the text of a link or picture; keep the bracket where there is none."""
        closing = self._closing.get(match.end() - 1, end)
        target = TARGET.match(self._text, closing + 1, end) if closing < end and depth < DEEPEST else None
        if target is None:
            return [_Piece(match.start(), match.end())], match.end()
        return self.pieces(match.end(), closing, depth + 1), target.end()

    def _marks(self, match: re.Match[str]) -> list[_Piece]:
        """Return marks of emphasis one by one, so that each can be paired."""
        before, behind = (
            self._text[match.start() - 1 : match.start()] or " ",
            self._text[match.end() : match.end() + 1] or " ",
        )
        if match.start() == 0:
            before = " "
        is_inside = match[0][0] == "_" and before.isalnum() and behind.isalnum()
        opens, closes = not behind.isspace() and not is_inside, not before.isspace() and not is_inside
        step = 2 if match[0] == "~~" else 1
        return [
            _Marks(place, place + step, None, match[0][0], opens, closes)
            for place in range(match.start(), match.end(), step)
        ]


def _pair(marks: Sequence[_Marks]) -> None:
    """Remove the marks that open and close emphasis."""
    opened: dict[str, list[_Marks]] = {}
    for mark in marks:
        waiting = opened.setdefault(mark.sign, [])
        if mark.closes and waiting and waiting[-1].end < mark.start:
            waiting.pop().instead = mark.instead = ""
        elif mark.opens:
            waiting.append(mark)
