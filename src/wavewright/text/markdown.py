"""Convert the blocks of Markdown to plain text: CommonMark with GitHub's tables, task lists, footnotes, strikethrough.

Headings, list items and table rows become paragraphs. Code blocks, comments, link definitions, rules and the header of
a file between ``---`` are removed.

Superscripts (``x^2^``) and subscripts (``H~2~O``) are those of Pandoc. Paired marks of emphasis are removed; the text
of links and images and the words between backticks are kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .characters import PARAGRAPH, Characters, TextBuilder
from .html import SPOKEN, TAG, hides, script_text, spoken_token, stand_in

INLINE = re.compile(
    r"(?P<escape>\\[!-/:-@\[-`{-~])|(?P<code>`+)|(?P<footnote>\[\^[^\]\s]{1,100}\])|"
    r"(?P<pandoc>(?<=[\w)\]*])(?:\^[-+\u2212]?(?:\d{1,3}|[A-Za-z]{1,10})\^(?![\w^(])|"
    r"(?<!~)~(?:[^\s~\\]|\\ ){1,40}~(?!~)))|"
    r"(?P<link>!?\[)|(?P<marks>\*+|_+|~~?|==)|"
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
        if match["pandoc"]:
            before = re.sub(r"[*_]", "", self._text[max(0, start - 80) : start])
            inner = match["pandoc"][1:-1].replace("\\ ", " ")
            return [_Piece(start, after, script_text(inner, before, match["pandoc"][0] == "~"))], after
        if match["link"]:
            return self._link(match, end, depth)
        if match["marks"]:
            return self._marks(match), after
        return [_Piece(start, after, spoken_token(match))], after

    def _link(self, match: re.Match[str], end: int, depth: int) -> tuple[list[_Piece], int]:
        """Return the pieces of the text of a link or image; keep the bracket where there is none."""
        closing = self._closing.get(match.end() - 1, end)
        target = TARGET.match(self._text, closing + 1, end) if closing < end and depth < DEEPEST else None
        is_citation = self._text[match.end() : closing].isdigit() and self._text[closing + 1 : closing + 2] == "["
        target = None if is_citation else target
        if target is None:
            return [_Piece(match.start(), match.end())], match.end()
        return self.pieces(match.end(), closing, depth + 1), target.end()

    def _marks(self, match: re.Match[str]) -> list[_Piece]:
        """Return marks of emphasis one by one, so that each can be paired."""
        before = self._text[match.start() - 1] if match.start() else " "
        after = self._text[match.end() : match.end() + 1] or " "
        is_inside = match[0][0] in "_=" and before.isalnum() and after.isalnum()
        opens = not after.isspace() and not is_inside
        closes = not before.isspace() and not is_inside
        step = 2 if match[0] in ("~~", "==") else 1
        sign = match[0][:step]
        return [
            _Marks(position, position + step, None, sign, opens, closes)
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


FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+|$)")
HEADING_END = re.compile(r"(?:[ \t]+|^)#+[ \t]*$")
UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
QUOTE = re.compile(r"(?:[ \t]*>){1,20}[ \t]?")
ITEM = re.compile(r"[ \t]*(?:[-*+]|(\d{1,9})[.)])(?:[ \t]+|$)(?:\[[ xX]\][ \t]+)?")
_TITLE = r"(?:\"[^\"]*\"|'[^']*'|\([^()]*\))"
_ADDRESS = rf"[ \t]*(?:<[^<>]*>|\S+)(?P<title>[ \t]+{_TITLE})?[ \t]*$"
LABEL = re.compile(r" {0,3}\[(?!\^)[^\]]{1,200}\]:")
DEFINITION = re.compile(LABEL.pattern + _ADDRESS)
"""The definition of a link; its address, and its title, may stand on lines of their own."""
ADDRESS, LINK_TITLE = re.compile(_ADDRESS), re.compile(rf"[ \t]*{_TITLE}[ \t]*$")
FOOTNOTE = re.compile(r" {0,3}\[\^[^\]\s]{1,100}\]:[ \t]*")
TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*){0,100}\|?[ \t]*$")
CELL = re.compile(r"(?:[^|\\]|\\.|\\$)+")
HIDING = re.compile(rf"(?<!`)(?P<ticks>`+)(?!`)[^\x00]{{0,2000}}?(?<!`)(?P=ticks)(?!`)|<!--|{TAG}")
"""Code, a comment or a tag."""
HEADER = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*\r?\n(?:[^\n]*\n){0,200}?\1[ \t]*\r?(?:\n|$)")

Line = tuple[str, int]
"""A line without its line break, and the position of its first character in the segment."""


class Markdown:
    """Converts the segments of a text (whole lines) in order; an open code block continues in the next segment."""

    def __init__(self) -> None:
        self._fence = ""  # opening fence of the code block that is open
        self._hidden: re.Pattern[str] | None = None  # end of the comment that is open
        self._is_table = False
        self._definition: re.Pattern[str] | None = None  # what may follow of the definition of a link
        self._has_content = False

    def convert(self, segment: str) -> Characters:
        """Return the plain text of the next segment, with the position of each character in it."""
        header = None if self._has_content else HEADER.match(segment)
        self._has_content = self._has_content or bool(segment.strip())
        lines: list[Line] = []
        start = 0
        for line in self._blanked(segment, header.end() if header else 0).removesuffix("\n").split("\n"):
            lines.append((line.removesuffix("\r"), start))
            start += len(line) + 1
        builder = TextBuilder(len(segment))
        paragraph: list[Line] = []
        for (text, start), (following, _) in zip(lines, [*lines[1:], ("", 0)], strict=True):
            self._line(builder, paragraph, text, start, following)
        add_inline(builder, paragraph)
        return builder.characters()

    def _blanked(self, segment: str, start: int) -> str:
        """Replace comments, scripts, styles and everything before ``start`` by spaces, formulas by what is spoken."""
        pieces = [re.sub("[^\n]", " ", segment[:start])]
        position, endless = start, set[str]()
        while position < len(segment):
            if self._hidden is None:
                opening = _opening(segment, position, endless)
                begin = opening.start() if opening else len(segment)
                pieces.append(segment[position:begin])
                position = opening.end() if opening else begin
                if opening:
                    closing = _end_of(opening).search(segment, position)
                    spoken = stand_in(opening, closing.end()) if closing else ""
                    self._hidden, position = (
                        (None, closing.end()) if closing and spoken else (_end_of(opening), position)
                    )
                    pieces.append(spoken.ljust(position - begin))
            else:
                closing = self._hidden.search(segment, position)
                end = closing.end() if closing else len(segment)
                self._hidden = None if closing else self._hidden
                pieces.append(" " * (end - position))
                position = end
        return "".join(pieces)

    def _line(self, builder: TextBuilder, paragraph: list[Line], text: str, start: int, following: str) -> None:
        """Convert a line: add one that ends the paragraph after it, any other to it."""
        fence = FENCE.match(text)
        if self._fence:
            if fence and fence[1].startswith(self._fence) and not text[fence.end() :].strip():
                self._fence = ""
            return
        text, start = _without(QUOTE, text, start)
        is_row = self._is_row(text, following)
        self._is_table = is_row
        if fence or is_row or not text.strip() or RULE.match(text) or (paragraph and UNDERLINE.match(text)):
            _end(builder, paragraph, start)
            self._fence = fence[1] if fence else ""
            if is_row and not TABLE_RULE.match(text):
                _add_row(builder, text, start)
        elif HEADING.match(text):
            _end(builder, paragraph, start)
            text, start = _without(HEADING, text, start)
            add_inline(builder, [(HEADING_END.sub("", text), start)])
            builder.insert(PARAGRAPH, start + len(text))
        elif not self._is_definition(text, following):
            self._add(builder, paragraph, text, start)

    def _is_definition(self, text: str, following: str) -> bool:
        """Return True for a line of the definition of a link."""
        expected, self._definition = self._definition, None
        line = expected.match(text) if expected else None
        if line is None:
            line = DEFINITION.match(text)
            if line is None and LABEL.fullmatch(text.rstrip()) and ADDRESS.match(following):
                self._definition = ADDRESS
                return True
        if line is not None and line.re is not LINK_TITLE and not line["title"]:
            self._definition = LINK_TITLE
        return line is not None

    def _is_row(self, text: str, following: str) -> bool:
        is_rule = "|" in following and TABLE_RULE.match(following) is not None
        return text.lstrip().startswith("|") or ("|" in text and (self._is_table or is_rule))

    def _add(self, builder: TextBuilder, paragraph: list[Line], text: str, start: int) -> None:
        """Add a line to the paragraph; a list item or footnote begins a new one, and may contain quotes or headings."""
        while prefix := ITEM.match(text) or FOOTNOTE.match(text):
            _end(builder, paragraph, start)
            if prefix.re is ITEM and prefix[1]:
                builder.add(prefix[1], range(start + prefix.start(1), start + prefix.end(1)))
                builder.insert(". ", start + prefix.end(1))
            text, start = _without(QUOTE, text[prefix.end() :], start + prefix.end())
            text, start = _without(HEADING, text, start)
        paragraph.append((text, start))


def _opening(segment: str, position: int, endless: set[str]) -> re.Match[str] | None:
    """Return the next comment or tag that hides what follows, outside of code; most tags need their end.

    ``endless`` are the names of elements that have none from here on.
    """
    for tag in HIDING.finditer(segment, position):
        if tag["ticks"] is not None or not hides(tag):
            continue
        name = (tag["name"] or "script").lower()
        if name in ("script", "style") or (name not in endless and _end_of(tag).search(segment, tag.end())):
            return tag
        endless.add(name)
    return None


def _end_of(opening: re.Match[str]) -> re.Pattern[str]:
    """Return the end of a comment or of an element."""
    return re.compile(rf"</{opening['name']}\s*>" if opening["name"] else "-->", re.IGNORECASE)


def _without(pattern: re.Pattern[str], text: str, start: int) -> Line:
    """Return a line without the prefix that matches ``pattern``."""
    match = pattern.match(text)
    return (text[match.end() :], start + match.end()) if match else (text, start)


def _end(builder: TextBuilder, paragraph: list[Line], position: int) -> None:
    """Convert the lines of the paragraph and end it."""
    add_inline(builder, paragraph)
    builder.insert(PARAGRAPH, position)
    paragraph.clear()


def _add_row(builder: TextBuilder, text: str, start: int) -> None:
    """Convert the cells of a table row, separated by pauses."""
    is_first = True
    for cell in CELL.finditer(text):
        if cell[0].strip():
            if not is_first:
                builder.insert(", ", start + cell.start())
            n_spaces = len(cell[0]) - len(cell[0].lstrip())
            add_inline(builder, [(cell[0].strip(), start + cell.start() + n_spaces)], end=" ")
            is_first = False
    builder.insert(PARAGRAPH, start + len(text))
