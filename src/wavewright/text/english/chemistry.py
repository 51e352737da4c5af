"""Read chemical formulae letter by letter (``NaCl``, ``CaCl2``) and amounts of solutions (``0.1 M NaCl``)."""

from __future__ import annotations

import re

from .numbers import decimal, whole
from .rules import NOT_IN_WORD, NUMBER, Around, Reading, Rule, reads
from .tables import alternatives, word_list

ELEMENTS = word_list("elements")
FORMULAE = alternatives(word_list("formulae"))
"""Formulae without digits; other capitals and small letters may be names."""

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


@reads(_FORMULA)
def _formula(match: re.Match[str], _around: Around) -> Reading:
    """Read ``NaOH`` and ``Fe2O3``."""
    return _spelled(match[0])


@reads(rf"({NUMBER})\s?M(?=\s(?:aqueous\s)?(?:{_FORMULA}|{_NAMED}|{_OXYACID}))")
def _molar(match: re.Match[str], _around: Around) -> Reading:
    """Read ``0.1 M NaCl``: an amount before a substance."""
    return [*decimal(match[1]), "molar"]


LETTER_RULES: list[Rule] = [*_formula]
DIGIT_RULES: list[Rule] = [*_molar]
