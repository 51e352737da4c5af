"""Read chemical formulae letter by letter (``NaCl``, ``CaCl2``) and amounts of solutions (``0.1 M NaCl``)."""

from __future__ import annotations

import re

from ..pattern import pattern
from .numbers import decimal, whole
from .rules import NEAR, NOT_IN_WORD, NUMBER, Around, Reading, Rule, alternatives, reads, rule, word_list

ELEMENTS = word_list("elements")
FORMULAE = alternatives(word_list("formulae"))
"""Formulae without digits; other capitals and small letters may be names."""

ALSO_WORDS = ("As", "At", "Be", "He", "In", "La", "No", "Os", "Re")
ARROW = pattern("[→⟶⇌]|-+>")
"""An arrow of an equation."""
TERM_BEFORE = pattern(r"(?:[+→⟶⇌>]\s?|(?<![\d.,]))\d?\s?$")
TERM_AFTER = pattern(r"\s?(?:[+→⟶⇌]|-+>)")

SOLUTES = alternatives(word_list("solutes"))
_NAMED = rf"(?:{SOLUTES}){NOT_IN_WORD}"
_OXYACID = r"[A-Z]\d?[A-Z]+\d"
_ELEMENT = f"(?:{alternatives(ELEMENTS)})"
_PART = rf"(?:{_ELEMENT}|\((?:{_ELEMENT}\d{{0,2}}){{1,4}}\))\d{{0,2}}"
_FORMULA = rf"(?:{FORMULAE}|(?=[A-Za-z]*[a-z])(?=[A-Za-z()]*\d)(?:{_PART}){{2,8}}){NOT_IN_WORD}"


def _spelled(formula: str) -> list[str]:
    """Spell a formula: its letters, and its numbers as numbers."""
    pieces = re.findall(r"[A-Za-z]|\d+", formula)
    return [word for piece in pieces for word in (whole(piece) if piece.isdigit() else [piece.upper()])]


@reads(rf"({_ELEMENT}){NOT_IN_WORD}")
def _element(match: re.Match[str], around: Around) -> Reading:
    """Spell the symbol of an element in an equation: ``2Na + Cl2``."""
    near = around.text[max(0, around.start - NEAR) : around.end + NEAR]
    if len(match[0]) > 1 and re.match(r"[+⁺−⁻](?!\w)", around.right(2)):
        return _spelled(match[0])  # Na+
    is_term = TERM_BEFORE.search(around.text, max(0, around.start - 4), around.start)
    is_term = is_term or TERM_AFTER.match(around.text, around.end)
    return _spelled(match[0]) if is_term and ARROW.search(near) else None


@reads(rf"({_ELEMENT})(?=-\d{{2,3}}(?!\d))")
def _isotope(match: re.Match[str], _around: Around) -> Reading:
    """Spell the symbol of ``Pu-239``."""
    return _spelled(match[1]) if len(match[1]) > 1 and match[1] not in ALSO_WORDS else None


LETTER_RULES: list[Rule] = [
    rule(f"({_FORMULA})", _spelled),  # NaOH, Fe2O3
    *_element,
    *_isotope,
]
DIGIT_RULES: list[Rule] = [
    rule(rf"({NUMBER})\s?M(?=\s(?:aqueous\s)?(?:{_FORMULA}|{_NAMED}|{_OXYACID}))", decimal, "molar"),  # 0.1 M NaCl
    rule(rf"(\d{{1,2}})(?={_FORMULA})", whole),  # 2NaOH
]
