"""Marks at the start of a line of plain text, as people and language models write them: lists, headings, quotes."""

from __future__ import annotations

from .numerals import roman_value
from .pattern import pattern

MARK = pattern(
    r"(?P<bullet>[-*\u2022\u2023\u25aa\u25b8\u25cf\u25cb\u25e6\u00b7][ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)|"
    r"[\u2013\u2014][ \t]+(?=[A-Z\d\"'])|"
    r"\+[ \t]+(?=[A-Za-z]))|"
    r"(?P<number>\d{1,3}|[IVX]{1,5}|[ivx]{1,5})[.)][ \t]+(?=\S)|"
    r"(?P<letter>[A-Za-z])\)[ \t]+(?=\S)|"
    r"(?P<quote>>(?![\d=>])[ \t]*(?:>[ \t]*){0,10}(?=\S))|"
    r"(?P<heading>#{1,6}[ \t]+(?=\S))|"
    r"(?P<box>\[[ xX]\][ \t]+(?=\S))"
)
"""A mark of a list item, a quote or a heading, without the space before it."""

RULE = pattern(
    r"(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|={3,}[ \t]*|[`~]{3,}[^`\n]{0,40}|"
    r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*){1,40}\|?[ \t]*)(?=\r?\n|$)"
)
"""A line that is not spoken: a rule, the underline of a heading, the fence of code, the rule of a table."""

ROW = pattern(r"\|[^\n]{1,2000}\|[ \t]*(?=\r?\n|$)")
"""A row of a table."""

TITLE = pattern(r"(\*\*|__)(?=\S)[^*_\n]{1,120}\1:?[ \t]*(?=\r?\n|$)")
"""A line that is all bold."""

HEADING_END = pattern(r"[ \t]*#+[ \t]*(?=\r?\n|$)")


def is_marked(line: str) -> bool:
    """Return True if a line begins with a mark, or is a rule, a row or a title."""
    start = line.lstrip(" \t")
    return any(kind.match(start) for kind in (MARK, RULE, ROW, TITLE))


def number_of(written: str) -> int:
    """Return the number of an item in figures or as a roman numeral, 0 without one."""
    return int(written) if written.isdigit() else roman_value(written.upper())
