"""Read operators of programs, such as ``!=``, ``->`` and ``&&``, and comparisons without a left side: ``<5 left``."""

from __future__ import annotations

import re

from ..pattern import pattern
from .rules import Around, Reading, Rule

OPERATORS = {
    **dict.fromkeys(("!=", "!==", "<>", "=/="), "is not equal to"),
    **dict.fromkeys(("==", "===", ":="), "equals"),
    **dict.fromkeys(("<=", "=<"), "is at most"),
    **{">=": "is at least", "~=": "is about", "=~": "is about"},
    **dict.fromkeys(("->", "-->", "--->", "=>", "==>"), "to"),
    **dict.fromkeys(("<-", "<--", "<=="), "from"),
    **dict.fromkeys(("<->", "<-->", "<=>", "<==>"), "and"),
    **{
        "&&": "and",
        "||": "or",
        "+=": "plus equals",
        "-=": "minus equals",
        "*=": "times equals",
        "/=": "divided by equals",
    },
}
BARE = {"<": "less than", ">": "more than", "<=": "at most", "≤": "at most", ">=": "at least", "≥": "at least"}
"""Signs before a number without a left side."""

_AMOUNT = r"(?=[$€£¥₹]?[\d.])"


def _operator(match: re.Match[str], around: Around) -> Reading:
    return OPERATORS[match[0]].split()


def _bare(match: re.Match[str], around: Around) -> Reading:
    """Read ``<5 left`` and ``>90%``, but not ``x <5`` and ``3 <5``, which have a left side."""
    before = around.text[max(0, around.start - 12) : around.start]
    is_operand = re.search(r"(?:^|[^\w.])(?:[A-Za-z]|[\d.]+)\s$", before)
    is_apart = not before or before[-1] in " \n\t([{\"'~"
    return BARE[match[1]].split() if is_apart and not is_operand else None


def _love(match: re.Match[str], around: Around) -> Reading:
    """Read ``I <3 you``."""
    return ["love"] if around.word_before in ("I", "i", "We", "we", "You", "you", "They", "they") else None


def _not(match: re.Match[str], around: Around) -> Reading:
    """Read ``!ready`` in a condition."""
    before = around.text[around.start - 1 : around.start] if around.start else ""
    return ["not"] if before in ("", " ", "(", "&", "|", "=") else None


def _power(match: re.Match[str], around: Around) -> Reading:
    return ["to", "the", "power", "of"]


RULES: list[Rule] = [
    (pattern(r"<3(?![\d.,%])"), _love),
    (pattern(rf"(<=|>=|[<>≤≥]){_AMOUNT}"), _bare),
    (pattern("|".join(re.escape(sign) for sign in sorted(OPERATORS, key=len, reverse=True))), _operator),
    (pattern(r"!(?=[A-Za-z_(])"), _not),
    (pattern(r"(?<=[\w)])\*\*(?=\d)|(?<=[\w)] )\*\*(?= \d)"), _power),
]
