"""Convert the blocks of Markdown to plain text: CommonMark with GitHub's tables, task lists, footnotes, strikethrough.

Headings, list items and table rows become paragraphs. Code blocks, comments, link definitions, rules and the header of
a file between ``---`` are removed. :mod:`.markdown_inline` converts the contents of a block.
"""

from __future__ import annotations

import re

from .builder import PARAGRAPH, TextBuilder
from .characters import Characters
from .markdown_inline import add_inline

FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+|$)")
HEADING_END = re.compile(r"(?:[ \t]+|^)#+[ \t]*$")
UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
QUOTE = re.compile(r"(?:[ \t]*>){1,20}[ \t]?")
ITEM = re.compile(r"[ \t]*(?:[-*+]|(\d{1,9})[.)])(?:[ \t]+|$)(?:\[[ xX]\][ \t]+)?")
DEFINITION = re.compile(r" {0,3}\[(?!\^)[^\]]{1,200}\]:[ \t]*\S+(?:[ \t]+[\"'(].*)?$")
FOOTNOTE = re.compile(r" {0,3}\[\^[^\]\s]{1,100}\]:[ \t]*")
TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*){0,100}\|?[ \t]*$")
CELL = re.compile(r"(?:[^|\\]|\\.|\\$)+")
HEADER = re.compile(r"\ufeff?---[ \t]*\r?\n(?:[^\n]*\n){0,200}?---[ \t]*\r?(?:\n|$)")
HIDDEN = re.compile(r"<!--|<(script|style)\b[^<>]{0,2000}>", re.IGNORECASE)

Line = tuple[str, int]
"""A line without its line break, and the position of its first character in the given text."""


class Markdown:
    """Converts the parts of a text, whole lines, in order; a code block or comment may continue in the next part."""

    def __init__(self) -> None:
        self._fence = ""  # opening fence of the code block that is open
        self._hidden: re.Pattern[str] | None = None  # end of the comment that is open
        self._is_table = self._has_begun = False

    def plain(self, given: str) -> Characters:
        """Return the plain text of the next part."""
        header = None if self._has_begun else HEADER.match(given)
        self._has_begun = self._has_begun or bool(given.strip())
        lines, start = [], 0
        for line in self._blanked(given, header.end() if header else 0).removesuffix("\n").split("\n"):
            lines.append((line.removesuffix("\r"), start))
            start += len(line) + 1
        builder, paragraph = TextBuilder(len(given)), list[Line]()
        for (text, start), (following, _) in zip(lines, [*lines[1:], ("", 0)], strict=True):
            self._line(builder, paragraph, text, start, following)
        add_inline(builder, paragraph)
        return builder.characters()

    def _blanked(self, given: str, start: int) -> str:
        """Replace comments, scripts, styles and everything before ``start`` by spaces."""
        parts, place = [re.sub("[^\n]", " ", given[:start])], start
        while place < len(given):
            if self._hidden is None:
                found = HIDDEN.search(given, place)
                begin = found.start() if found else len(given)
                parts.append(given[place:begin])
                place = found.end() if found else begin
                if found:
                    self._hidden = re.compile(f"</{found[1]}>" if found[1] else "-->", re.IGNORECASE)
                    parts.append(" " * (place - begin))
            else:
                ended = self._hidden.search(given, place)
                end = ended.end() if ended else len(given)
                self._hidden = None if ended else self._hidden
                parts.append(" " * (end - place))
                place = end
        return "".join(parts)

    def _line(self, builder: TextBuilder, paragraph: list[Line], text: str, start: int, following: str) -> None:
        """Convert a line: one that ends the paragraph is added after it, any other becomes part of it."""
        fence = FENCE.match(text)
        if self._fence:
            self._fence = (
                "" if fence and fence[1].startswith(self._fence) and not text[fence.end() :].strip() else self._fence
            )
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
            builder.put(PARAGRAPH, start + len(text))
        elif not DEFINITION.match(text):
            self._add(builder, paragraph, text, start)

    def _is_row(self, text: str, following: str) -> bool:
        is_rule = "|" in following and TABLE_RULE.match(following) is not None
        return text.lstrip().startswith("|") or ("|" in text and (self._is_table or is_rule))

    def _add(self, builder: TextBuilder, paragraph: list[Line], text: str, start: int) -> None:
        """Add a line to the paragraph; a list item or footnote begins a new one, and may contain quotes or headings."""
        while begun := ITEM.match(text) or FOOTNOTE.match(text):
            _end(builder, paragraph, start)
            if begun.re is ITEM and begun[1]:
                builder.add(begun[1], range(start + begun.start(1), start + begun.end(1)))
                builder.put(". ", start + begun.end(1))
            text, start = _without(QUOTE, text[begun.end() :], start + begun.end())
            text, start = _without(HEADING, text, start)
        paragraph.append((text, start))


def _without(pattern: re.Pattern[str], text: str, start: int) -> Line:
    """Return a line without the prefix that matches ``pattern``."""
    found = pattern.match(text)
    return (text[found.end() :], start + found.end()) if found else (text, start)


def _end(builder: TextBuilder, paragraph: list[Line], place: int) -> None:
    """Convert the lines of the paragraph and end it."""
    add_inline(builder, paragraph)
    builder.put(PARAGRAPH, place)
    paragraph.clear()


def _add_row(builder: TextBuilder, text: str, start: int) -> None:
    """Convert the cells of a table row, separated by pauses."""
    is_first = True
    for cell in CELL.finditer(text):
        if cell[0].strip():
            if not is_first:
                builder.put(", ", start + cell.start())
            add_inline(
                builder, [(cell[0].strip(), start + cell.start() + len(cell[0]) - len(cell[0].lstrip()))], end=" "
            )
            is_first = False
    builder.put(PARAGRAPH, start + len(text))
