"""The rules of English in the order in which they are tried, and the start of a number."""

from __future__ import annotations

from collections.abc import Sequence

from ..pattern import pattern
from . import (
    abbreviations,
    addresses,
    calendar,
    chemistry,
    citations,
    codes,
    durations,
    identifiers,
    latex,
    money,
    names,
    pairs,
    quantities,
    signs,
)
from .rules import Rule, alternatives
from .units import CURRENCIES

NUMERIC = pattern(rf"[-−+±]?(?:\d|\.\d|(?:{alternatives(CURRENCIES)})\s?[-−]?[\d.])|\(\d{{3}}\)|[{quantities.HALVES}]")

CHUNK_RULES: Sequence[Rule] = addresses.CHUNK_RULES
LETTER_RULES: Sequence[Rule] = (
    *identifiers.RULES,
    *calendar.LETTER_RULES,
    *money.CODE_RULES,
    *quantities.LETTER_RULES,
    *signs.LETTER_RULES,
    *names.MOVE_RULES,
    *chemistry.LETTER_RULES,
    *citations.LETTER_RULES,
    *codes.LETTER_RULES,
    *abbreviations.LETTER_RULES,
    *names.LETTER_RULES,
)
DIGIT_RULES: Sequence[Rule] = (
    *names.DIGIT_RULES,
    *latex.AMOUNT_RULES,
    *identifiers.DIGIT_RULES,
    *codes.PROPORTION_RULES,
    *citations.VERSE_RULES,
    *pairs.CUED_SCORE_RULES,
    *codes.PHONE_RULES,
    *citations.NUMBER_RULES,
    *durations.DIGIT_RULES,
    *calendar.DIGIT_RULES,
    *citations.DIGIT_RULES,
    *codes.DIGIT_RULES,
    *chemistry.DIGIT_RULES,
    *quantities.SCIENTIFIC_RULES,
    *money.RULES,
    *pairs.SIZE_RULES,
    *pairs.SCORE_RULES,
    *quantities.MEASURE_RULES,
    *calendar.YEAR_RULES,
    *codes.MIXTURE_RULES,
    *quantities.PLAIN_RULES,
)
SIGN_RULES: Sequence[Rule] = (
    *latex.RULES,
    *calendar.QUOTE_RULES,
    *durations.SIGN_RULES,
    *identifiers.SIGN_RULES,
    *addresses.SIGN_RULES,
    *signs.SIGN_RULES,
)
