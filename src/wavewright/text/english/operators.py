"""Read operators of programs, such as ``!=``, ``->`` and ``&&``, and comparisons without a left side: ``<5 left``."""

from __future__ import annotations

import re

from ..pattern import pattern
from .addresses import spelled
from .rules import Around, Reading, Rule, named_in, reads, rule
from .tables import alternatives, of_kind, rows

_ROWS = rows("signs", 3)

OPERATORS = of_kind(_ROWS, "operator")
"""Words for the operators of programs."""

COMPARISONS = of_kind(_ROWS, "comparison")
"""Words for signs before a number without a left side."""

NO_PROGRAM = pattern(r"(?:^|[=<>≤≥+*/×÷^(,\d]|\b(?:for|of|is|to|by|than|and|or|when|if))\s*\(?$")
"""Text before the minus of an unknown."""

SUFFIXES = frozenset(("-ed", "-er", "-es", "-ly", "-en", "-al", "-or", "-ic", "-s", "-y"))
_AMOUNT = r"(?=[$€£¥₹]?[\d.])"


@reads(rf"(<=|>=|[<>≤≥]){_AMOUNT}")
def _bare(match: re.Match[str], around: Around) -> Reading:
    """Read ``<5 left`` and ``>90%``, but not ``x <5`` and ``3 <5``, which have a left side."""
    before = around.left(12)
    is_operand = re.search(r"(?:^|[^\w.])(?:[A-Za-z]|[\d.]+)\s$", before)
    is_apart = not before or before[-1] in " \n\t([{\"'~"
    return COMPARISONS[match[1]].split() if is_apart and not is_operand else None


@reads(r"<3(?![\d.,%])", "[❤♥💕💖💗😍🖤💙💚💛💜🧡]")
def _love(_match: re.Match[str], around: Around) -> Reading:
    """Read ``I <3 you`` and ``I ❤ you``."""
    return ["love"] if around.word_before in ("I", "i", "We", "we", "You", "you", "They", "they") else None


@reads(r"<3(?=[\s.!?)]*(?:$|\n)|[.!?]\s)")
def _heart(_match: re.Match[str], around: Around) -> Reading:
    """Read ``miss you all <3``, the end of a message."""
    is_last = re.search(r"[a-z][a-z!.,)]+ $", around.left(8))
    return ["heart"] if is_last else None


@reads(r"!(?=[A-Za-z_(])")
def _not(_match: re.Match[str], around: Around) -> Reading:
    """Read ``!ready`` in a condition."""
    before = around.left(1) if around.start else ""
    return ["not"] if before in ("", " ", "(", "&", "|", "=") else None


@reads(r"(--?)([A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*)(?=[\s=,.;:)\"'`]|$)")
def _option(match: re.Match[str], around: Around) -> Reading:
    """Read the option of a program ``--verbose`` or ``-xzf``, and the unknown of ``= -x``."""
    text, name = around.text, match[2]
    before = text[around.start - 1 : around.start]
    if before not in ("", " ", "\n", "(", "[", "`", '"', "'"):
        return None
    if len(match[1]) == 1 and len(name) == 1 and NO_PROGRAM.search(text, *around.before):
        return ["minus", name.upper()]
    is_word = len(match[1]) == 1 and (len(name) > 4 or (len(name) > 2 and around.knows(name.lower())))
    return None if is_word or f"-{name}" in SUFFIXES else [*["dash"] * len(match[1]), *spelled(name, around)]


RULES: list[Rule] = [
    *_love,
    *_heart,
    *_bare,
    rule(f"({alternatives(OPERATORS)})", named_in(OPERATORS)),  # !=
    *_not,
    *_option,
    rule(r"(?<=[\w)])\*\*(?=\d)|(?<=[\w)] )\*\*(?= \d)", "to", "the", "power", "of"),
]
