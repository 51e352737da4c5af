"""Read operators of programs, such as ``!=``, ``->`` and ``&&``, and comparisons without a left side: ``<5 left``."""

from __future__ import annotations

import re

from ..pattern import pattern
from .rules import Around, Reading, Rule, reads, reads_as
from .tables import alternatives, of_kind, rows

_ROWS = rows("signs", 3)

OPERATORS = of_kind(_ROWS, "operator")
"""Words for the operators of programs."""

COMPARISONS = of_kind(_ROWS, "comparison")
"""Words for signs before a number without a left side."""

_AMOUNT = r"(?=[$€£¥₹]?[\d.])"


@reads(alternatives(OPERATORS))
def _operator(match: re.Match[str], _around: Around) -> Reading:
    """Read ``!=`` as ``is not equal to``."""
    return OPERATORS[match[0]].split()


@reads(rf"(<=|>=|[<>≤≥]){_AMOUNT}")
def _bare(match: re.Match[str], around: Around) -> Reading:
    """Read ``<5 left`` and ``>90%``, but not ``x <5`` and ``3 <5``, which have a left side."""
    before = around.text[max(0, around.start - 12) : around.start]
    is_operand = re.search(r"(?:^|[^\w.])(?:[A-Za-z]|[\d.]+)\s$", before)
    is_apart = not before or before[-1] in " \n\t([{\"'~"
    return COMPARISONS[match[1]].split() if is_apart and not is_operand else None


@reads(r"<3(?![\d.,%])")
def _love(_match: re.Match[str], around: Around) -> Reading:
    """Read ``I <3 you``."""
    return ["love"] if around.word_before in ("I", "i", "We", "we", "You", "you", "They", "they") else None


@reads(r"!(?=[A-Za-z_(])")
def _not(_match: re.Match[str], around: Around) -> Reading:
    """Read ``!ready`` in a condition."""
    before = around.text[around.start - 1 : around.start] if around.start else ""
    return ["not"] if before in ("", " ", "(", "&", "|", "=") else None


RULES: list[Rule] = [
    *_love,
    *_bare,
    *_operator,
    *_not,
    (pattern(r"(?<=[\w)])\*\*(?=\d)|(?<=[\w)] )\*\*(?= \d)"), reads_as("to", "the", "power", "of")),
]
