"""Convert the contents of a Markdown block to plain text: emphasis, links, images, code, entities and tags.

Paired marks of emphasis are removed; the text of links and images and the words between backticks are kept.
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
    """A span of the text from `start` to `end`, and the text that replaces it, None to keep it."""

    start: int
    end: int
    replacement: str | None = None


@dataclass
class _Marks(_Piece):
    """Marks that may open or close emphasis; paired ones are removed."""

    sign: str = ""
    opens: bool = False
    closes: bool = False


def add_inline(builder: TextBuilder, lines: Sequence[tuple[str, int]], end: str = "\n") -> None:
    """Convert the lines of a block, each with the position of its first character, and add ``end`` after them."""
    text = "\n".join(line for line, _ in lines)
    positions = [position for line, start in lines for position in range(start, start + len(line) + 1)]
    for piece in _Inline(text).pieces(0, len(text), 0):
        if piece.replacement is None:
            builder.add(text[piece.start : piece.end], positions[piece.start : piece.end])
        else:
            builder.insert(piece.replacement, positions[piece.start])
    if lines:
        builder.insert(end, positions[-1])


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
        position = start
        while match := INLINE.search(self._text, position, end):
            pieces.append(_Piece(position, match.start()))
            token_pieces, position = self._token_pieces(match, end, depth)
            pieces += token_pieces
        pieces.append(_Piece(position, end))
        _pair([piece for piece in pieces if isinstance(piece, _Marks)])
        return pieces

    def _token_pieces(self, match: re.Match[str], end: int, depth: int) -> tuple[list[_Piece], int]:
        """Return the pieces of one token, and the position after it."""
        start, after = match.start(), match.end()
        if match["escape"]:
            return [_Piece(start + 1, after)], after
        if match["code"]:
            closing = re.compile(rf"(?<!`){match['code']}(?!`)").search(self._text, after, end)
            return ([_Piece(after, closing.start())], closing.end()) if closing else ([_Piece(start, after)], after)
        if match["footnote"] or match["break"]:
            return [], after
        if match["address"]:
            return [_Piece(match.start("address"), match.end("address"))], after
        if match["link"]:
            return self._link(match, end, depth)
        if match["marks"]:
            return self._marks(match), after
        return [_Piece(start, after, spoken_token(match))], after

    def _link(self, match: re.Match[str], end: int, depth: int) -> tuple[list[_Piece], int]:
        """Return the pieces of the text of a link or image; keep the bracket where there is none."""
        closing = self._closing.get(match.end() - 1, end)
        target = TARGET.match(self._text, closing + 1, end) if closing < end and depth < DEEPEST else None
        if target is None:
            return [_Piece(match.start(), match.end())], match.end()
        return self.pieces(match.end(), closing, depth + 1), target.end()

    def _marks(self, match: re.Match[str]) -> list[_Piece]:
        """Return marks of emphasis one by one, so that each can be paired."""
        before = self._text[match.start() - 1] if match.start() else " "
        after = self._text[match.end() : match.end() + 1] or " "
        is_inside = match[0][0] == "_" and before.isalnum() and after.isalnum()
        opens = not after.isspace() and not is_inside
        closes = not before.isspace() and not is_inside
        step = 2 if match[0] == "~~" else 1
        return [
            _Marks(position, position + step, None, match[0][0], opens, closes)
            for position in range(match.start(), match.end(), step)
        ]


def _pair(marks: Sequence[_Marks]) -> None:
    """Remove the marks that open and close emphasis."""
    opened: dict[str, list[_Marks]] = {}
    for mark in marks:
        waiting = opened.setdefault(mark.sign, [])
        if mark.closes and waiting and waiting[-1].end < mark.start:
            waiting.pop().replacement = mark.replacement = ""
        elif mark.opens:
            waiting.append(mark)
